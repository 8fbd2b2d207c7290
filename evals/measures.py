"""The measures of each layer: what is computed over all rows, with its definition and interval.

A measure names the columns it needs; a row in which one of them is missing has no part in it.
Intervals are 95 %. A share of cases that are each yes or no has Wilson's, which stays honest at
none and all of them, where every resample is alike. All others are percentile bootstraps over
cases (Efron 1979), from a fixed seed.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.metrics import Share, percentile
from evals.results import Row

RESAMPLES = 1000
SEED = 7
CONFIDENCE = 0.95

Column = NDArray[np.float64]
Compute = Callable[..., float | Share | None]


@dataclass(frozen=True, slots=True)
class Measure:
    """A number over many rows. `compute` takes the columns, in order, as arrays of one length.

    It gives a Share where it counts cases that are each yes or no. The column that is judged comes
    last; those before it say which cases it is judged over.
    """

    name: str
    title: str
    definition: str
    columns: tuple[str, ...]
    compute: Compute
    source: str = ""
    less_is_better: bool = False
    is_share: bool = True  # shown in per cent; otherwise in `unit`
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its 95 % interval over `n` cases; all None where nothing could be measured.

    Of a share, `n` are the cases that it is a share of.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int


def columns_of(measure: Measure, rows: Sequence[Row]) -> tuple[Column, ...]:
    """The measure's columns over the rows that have them all."""
    table = table_of(measure, rows)
    return tuple(complete(table).T)


def table_of(measure: Measure, rows: Sequence[Row]) -> NDArray[np.float64]:
    """A line for each row, a column for each of the measure's; NaN where a value is missing."""
    values = [[each.values.get(name) for name in measure.columns] for each in rows]
    return np.array(values, dtype=np.float64).reshape(len(values), len(measure.columns))


def complete(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """The lines in which nothing is missing."""
    return table[~np.isnan(table).any(axis=1)]


def compute(measure: Measure, table: NDArray[np.float64]) -> float | Share | None:
    """The measure over the complete lines of a table; None where there are none."""
    lines = complete(table)
    return measure.compute(*lines.T) if len(lines) else None


def value_of(computed: float | Share | None) -> float | None:
    """What was computed as a number."""
    return computed.value if isinstance(computed, Share) else computed


def evaluate(measure: Measure, rows: Sequence[Row]) -> float | None:
    """The value over these rows; None where there is none."""
    return value_of(compute(measure, table_of(measure, rows)))


def estimate(
    measure: Measure, rows: Sequence[Row], *, resamples: int = RESAMPLES, seed: int = SEED
) -> Estimate:
    """The value over these rows and how sure it is."""
    table = complete(table_of(measure, rows))
    computed = compute(measure, table)
    n = computed.total if isinstance(computed, Share) else len(table)
    value = value_of(computed)
    if value is None:
        return Estimate(None, None, None, n)
    if isinstance(computed, Share):
        low, high = computed.interval or (None, None)
        return Estimate(value, low, high, n)
    drawn = np.random.default_rng(seed).integers(len(table), size=(resamples, len(table)))
    low, high = spread(value_of(measure.compute(*table[each].T)) for each in drawn)
    return Estimate(value, low, high, n)


def spread(values: Iterable[float | None]) -> tuple[float | None, float | None]:
    """The middle 95 % of the values of resamples, those left out that have none."""
    known = [each for each in values if each is not None]
    if not known:
        return None, None
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(known, [tail, 1 - tail])
    return float(low), float(high)


def mean(column: Column) -> float | None:
    """The mean over the cases."""
    return float(column.mean()) if column.size else None


def share(column: Column) -> Share:
    """The share of the cases whose answer is yes. Raises ValueError for what is neither 1 nor 0."""
    if not ((column == 0) | (column == 1)).all():
        raise ValueError("a share is of cases that are each 1 or 0")
    return Share(int(column.sum()), column.size)


def quantile(at: float) -> Callable[[Column], float | None]:
    """The percentile `at` of a column, by nearest rank."""

    def nearest_rank(column: Column) -> float | None:
        return percentile(column.tolist(), at)

    return nearest_rank


def share_of_answerable(answerable: Column, judged: Column) -> Share:
    """The share of yes among the questions that the articles answer."""
    return share(judged[answerable == 1])


def percentiles(name: str, title: str, column: str, what: str) -> tuple[Measure, Measure]:
    """The median and the 95th percentile of a column in seconds."""
    median, tail = (
        Measure(
            f"{name}_p{per_cent}",
            f"{title}, p{per_cent}",
            f"{what}: {per_cent} of 100 questions took no longer. By nearest rank.",
            (column,),
            quantile(per_cent / 100),
            less_is_better=True,
            is_share=False,
            unit="s",
        )
        for per_cent in (50, 95)
    )
    return median, tail
