"""The summary: a table for each layer and gold set, a line a measure, a column a system."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import get_args

from evals.estimates import difference_of, estimate_of
from evals.layer_measures import MEASURES
from evals.measures import Estimate, Measure
from evals.report.numbers import is_better
from evals.results import DATELINE, Layer, Row, Run, Section
from evals.significance import Difference

LAYERS: tuple[Layer, ...] = ("answers", "extract", "retrieval", "judge")
assert set(LAYERS) == set(get_args(Layer))
LAYER_TITLES: dict[Layer, str] = {
    "answers": "Answers",
    "extract": "The extract shown first",
    "retrieval": "Retrieval",
    "judge": "The judge",
}


@dataclass(frozen=True, slots=True)
class Change:
    """How Dateline differs from the last run over the questions that both asked."""

    difference: Difference
    is_clear: bool  # the interval of the difference leaves zero out
    is_better: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A measure: an estimate for each system, None where it has none."""

    measure: Measure
    estimates: tuple[Estimate | None, ...]
    change: Change | None


@dataclass(frozen=True, slots=True)
class Table:
    """Systems side by side over one gold set among so many articles."""

    layer: Layer
    gold: str
    articles: int
    questions: int
    failed: int
    systems: tuple[str, ...]
    lines: tuple[Line, ...]

    @property
    def key(self) -> str:
        """Tells the tables of a run apart; fit for a file's name."""
        return f"{self.layer}-{self.gold}-{self.articles}"

    @property
    def has_changes(self) -> bool:
        """Whether the last run has the same table."""
        return any(line.change for line in self.lines)


def build_tables(run: Run, last: Run | None = None) -> tuple[Table, ...]:
    """The tables of a run, the answers first; with how each measure changed since `last`."""
    return tuple(
        _table(sections, last) for layer in LAYERS for sections in side_by_side(run, layer)
    )


def side_by_side(run: Run, layer: Layer) -> tuple[tuple[Section, ...], ...]:
    """The sections of a layer by gold set and number of articles, Dateline's own first."""
    groups: dict[tuple[str, int], list[Section]] = {}
    for section in run.sections:
        if section.layer == layer and section.rows:
            groups.setdefault((section.gold, section.articles), []).append(section)
    return tuple(
        tuple(sorted(group, key=lambda each: each.system != DATELINE)) for group in groups.values()
    )


def is_right(row: Row) -> bool:
    """Whether a row is as it should be: `right` where it has that, else nothing is amiss."""
    if row.failure is not None:
        return False
    right = row.values.get("right")
    return bool(right) if right is not None else not row.details.get("wrong_because")


def _table(sections: Sequence[Section], last: Run | None) -> Table:
    first = sections[0]
    before = last.section(first.name) if last and first.system == DATELINE else None
    lines = (_line(each, sections, before) for each in MEASURES[first.layer])
    return Table(
        layer=first.layer,
        gold=first.gold,
        articles=first.articles,
        questions=len(first.rows),
        failed=sum(row.failure is not None for row in first.rows),
        systems=tuple(each.system for each in sections),
        lines=tuple(line for line in lines if any(line.estimates)),
    )


def _line(measure: Measure, sections: Sequence[Section], before: Section | None) -> Line:
    measured = [estimate_of(measure, section.rows) for section in sections]
    return Line(
        measure=measure,
        estimates=tuple(each if each.value is not None else None for each in measured),
        change=change_of(measure, before.rows, sections[0].rows) if before else None,
    )


def change_of(measure: Measure, before: Sequence[Row], now: Sequence[Row]) -> Change | None:
    """The difference over the questions that both have; None where there is none to tell."""
    difference = difference_of(measure, before, now)
    if difference.value is None:
        return None
    low, high = difference.low, difference.high
    clear = low is not None and high is not None and (low > 0 or high < 0)
    return Change(difference, clear, is_better(measure, difference.value))


def shared(a: Sequence[Row], b: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """The rows of the ids that both have, in the order of `b`."""
    of_a = {row.id: row for row in a}
    both = [row for row in b if row.id in of_a]
    return [of_a[row.id] for row in both], both


def flips(
    a: Sequence[Row], b: Sequence[Row], won: Callable[[Row], bool] = is_right
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The ids that were gained and lost from `a` to `b`."""
    before, now = shared(a, b)
    pairs = [(row.id, won(old), won(row)) for old, row in zip(before, now, strict=True)]
    gained = tuple(name for name, old, new in pairs if new and not old)
    return gained, tuple(name for name, old, new in pairs if old and not new)
