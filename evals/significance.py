"""Whether two systems, or two runs, differ by more than chance. The same questions meet both.

Throughout, `a` is what was before, or the reference, and `b` is what is now: a difference is b - a.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.measures import RESAMPLES, SEED, Measure, compute, spread, table_of, value_of
from evals.results import Row

ROUNDING = 1e-12  # two sums of the same numbers in another order are the same


@dataclass(frozen=True, slots=True)
class Difference:
    """`value` is b - a over `n` ids, with its 95 % interval; `p` is two-sided.

    All but `n` are None where either side has no value.
    """

    value: float | None
    low: float | None
    high: float | None
    p: float | None
    n: int


@dataclass(frozen=True, slots=True)
class McNemar:
    """Cases that were wrong and are right, and the other way round; `p` is two-sided."""

    gained: int
    lost: int
    p: float


def paired_bootstrap(
    measure: Measure,
    rows_a: Sequence[Row],
    rows_b: Sequence[Row],
    *,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Difference:
    """The difference of a measure over the ids that both have.

    The interval is the percentile bootstrap's, each resample drawing ids, so that what makes a
    question hard for both cancels out (Koehn 2004). p is that of the randomisation test, which
    swaps the two sides of each id or doesn't (Noreen 1989): with few ids it stays honest where
    resamples all look alike. An id counts in `n` if at least one side has the measure's columns.
    """
    table_a, table_b = _paired_tables(measure, rows_a, rows_b)
    n = len(table_a)
    value = _difference(measure, table_a, table_b)
    if value is None:
        return Difference(None, None, None, None, n)
    chance = np.random.default_rng(seed)
    drawn = chance.integers(n, size=(resamples, n))
    low, high = spread(_difference(measure, table_a[ids], table_b[ids]) for ids in drawn)
    swaps = chance.integers(2, size=(resamples, n)).astype(bool)[:, :, np.newaxis]
    swapped = [
        _difference(measure, np.where(swap, table_b, table_a), np.where(swap, table_a, table_b))
        for swap in swaps
    ]
    known = [each for each in swapped if each is not None]
    as_far = sum(abs(each) >= abs(value) - ROUNDING for each in known)
    # What was observed is itself one way of swapping (Davison and Hinkley 1997).
    return Difference(value, low, high, (as_far + 1) / (len(known) + 1), n)


def mcnemar(a: Sequence[bool], b: Sequence[bool]) -> McNemar:
    """McNemar's test (1947), exact: of the cases that changed, is one direction too common?

    `a` and `b` have the same cases in the same order. Where nothing changed, p is 1.
    """
    pairs = list(zip(a, b, strict=True))
    gained = sum(bool(now) and not before for before, now in pairs)
    lost = sum(bool(before) and not now for before, now in pairs)
    return McNemar(gained, lost, _binomial_p(gained, gained + lost, "two-sided"))


def more_lost_than_chance(gained: int, lost: int, level: float = 0.05) -> bool:
    """Whether more cases were lost than the toss of a coin for each changed case would lose.

    One-sided and exact: with nothing gained, it takes five lost at the level of 5 %.
    """
    return _binomial_p(lost, gained + lost, "greater") <= level


def _paired_tables(
    measure: Measure, rows_a: Sequence[Row], rows_b: Sequence[Row]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The measure's columns on both sides, a line for each id that counts on either."""
    by_id = {row.id: row for row in rows_b}
    shared = [row for row in rows_a if row.id in by_id]
    table_a = table_of(measure, shared)
    table_b = table_of(measure, [by_id[row.id] for row in shared])
    counts = ~(np.isnan(table_a).any(axis=1) & np.isnan(table_b).any(axis=1))
    return table_a[counts], table_b[counts]


def _difference(
    measure: Measure, table_a: NDArray[np.float64], table_b: NDArray[np.float64]
) -> float | None:
    before, now = value_of(compute(measure, table_a)), value_of(compute(measure, table_b))
    return None if before is None or now is None else now - before


def _binomial_p(hits: int, total: int, alternative: str) -> float:
    if not total:
        return 1.0
    from scipy.stats import binomtest  # noqa: PLC0415 - a second to import

    return float(binomtest(hits, total, 0.5, alternative=alternative).pvalue)
