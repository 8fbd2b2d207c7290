"""Estimates and differences, each computed once: record, report and comparison all ask for them."""

from collections.abc import Sequence
from functools import lru_cache

from evals.measures import RESAMPLES, Estimate, Measure, estimate, evaluate
from evals.results import Row
from evals.significance import Difference, paired_bootstrap

MOST_KEPT = 4096

# What a measure sees of some rows: their ids and its columns.
Seen = tuple[tuple[str, tuple[float | None, ...]], ...]


def estimate_of(measure: Measure, rows: Sequence[Row]) -> Estimate:
    """As `evals.measures.estimate`."""
    return _estimate(measure, _seen(measure, rows), RESAMPLES)


def difference_of(measure: Measure, before: Sequence[Row], now: Sequence[Row]) -> Difference:
    """As `evals.significance.paired_bootstrap`: now minus before, over the ids that both have."""
    both = {row.id for row in before} & {row.id for row in now}
    sides = [
        tuple(sorted((each for each in _seen(measure, rows) if each[0] in both), key=_id))
        for rows in (before, now)
    ]
    return _difference(measure, sides[0], sides[1], RESAMPLES)


@lru_cache(maxsize=MOST_KEPT)
def _estimate(measure: Measure, seen: Seen, resamples: int) -> Estimate:
    return estimate(measure, _rows(measure, seen), resamples=resamples)


@lru_cache(maxsize=MOST_KEPT)
def _difference(measure: Measure, before: Seen, now: Seen, resamples: int) -> Difference:
    if before == now:
        return _no_difference(measure, now)
    sides = _rows(measure, before), _rows(measure, now)
    return paired_bootstrap(measure, *sides, resamples=resamples)


def _no_difference(measure: Measure, seen: Seen) -> Difference:
    """What the resamples of two equal sides come to, without drawing them."""
    n = sum(None not in values for _, values in seen)
    if evaluate(measure, _rows(measure, seen)) is None:
        return Difference(None, None, None, None, n)
    return Difference(0.0, 0.0, 0.0, 1.0, n)


def _id(seen: tuple[str, tuple[float | None, ...]]) -> str:
    return seen[0]


def _seen(measure: Measure, rows: Sequence[Row]) -> Seen:
    return tuple((row.id, tuple(row.values.get(name) for name in measure.columns)) for row in rows)


def _rows(measure: Measure, seen: Seen) -> list[Row]:
    return [
        Row(row_id, "", dict(zip(measure.columns, values, strict=True)), {})
        for row_id, values in seen
    ]
