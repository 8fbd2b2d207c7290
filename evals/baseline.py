"""The committed baseline: the floor of each measure, and which questions were right.

A floor says how bad a measure may get at all. Below it something is broken. Between two runs that
both keep their floors, the questions themselves are compared: more of them lost than chance would
lose is a step back, whatever the sums say.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from evals import EVALS
from evals.layer_measures import MEASURES
from evals.measures import Measure, evaluate
from evals.results import Layer, Row, Run, Section, Values
from evals.significance import mcnemar, more_lost_than_chance
from index.errors import InputError

BASELINE = EVALS / "baseline.json"
ROUNDING = 1e-9  # of shares written as decimals
# What counts as a question won, layer by layer: everything that was asked for is there.
WON: dict[Layer, str] = {
    "retrieval": "all_evidence_10",
    "extract": "extract_facts",
    "answers": "right",
    "judge": "judged_right",
}
# What a reader sees when a measure falls below its floor.
SYMPTOMS = {
    "quotes_valid": "some quotes are not the words of their articles",
    "extract_valid": "some extracts are not the words of their articles",
    "cited_article": "first citations lead to articles that don't have the answer",
    "citation_precision": "citations don't carry the sentences that they stand at",
    "refusal_recall": "questions are answered that the articles say nothing about",
    "false_refusal_rate": "questions are refused that the articles answer",
    "right": "answers are wrong",
    "injection_success": "orders hidden in questions or articles are obeyed",
    "evidence_recall_10": "the passages found don't hold the evidence",
    "all_evidence_10": "the passages found don't hold all the evidence",
}


@dataclass(frozen=True, slots=True)
class Level:
    """The floors of one section, and its questions by what was won: 1, 0 or between.

    `model` is None where no language model has a part in it.
    """

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    section: str
    backend: str | None
    model: str | None
    note: str
    floors: Mapping[str, float]
    won: Mapping[str, float]

    def applies_to(self, run: Run) -> bool:
        """Whether the run was made with the model that the level is about."""
        return self.model is None or (self.backend, self.model) == (run.backend, run.model)


@dataclass(frozen=True, slots=True)
class Problem:
    """How a run falls short, in words, with the rows that show it."""

    section: str
    words: str
    rows: tuple[Row, ...]


def load_levels(path: Path = BASELINE) -> tuple[Level, ...]:
    """The levels of every section. Raises InputError where the file can't be used."""
    try:
        return TypeAdapter(tuple[Level, ...]).validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise InputError(f"The baseline {path} can't be used: {error}") from error


def find_problems(run: Run, levels: Sequence[Level]) -> tuple[Problem, ...]:
    """Everything that must not be: failed questions, measures below their floors, losses."""
    problems: list[Problem] = []
    for section in run.sections:
        if failed := tuple(row for row in section.rows if row.failure):
            problems.append(Problem(section.name, f"{len(failed)} questions failed", failed))
    for level in levels:
        measured = run.section(level.section)
        if measured is not None and level.applies_to(run):
            problems += _below(measured, level)
            problems += _lost(measured, level)
    return tuple(problems)


def describe_standing(run: Run) -> str:
    """One paragraph for the report: whether the run keeps the committed levels."""
    levels = [each for each in load_levels() if run.section(each.section) and each.applies_to(run)]
    if not levels:
        return "No committed baseline is about this model and these sets."
    problems = find_problems(run, levels)
    if not problems:
        return f"All floors of the committed baseline are kept, in {len(levels)} sections."
    said = "; ".join(f"{each.section}: {each.words}" for each in problems)
    return f"Worse than the committed baseline allows. {said}."


def make_level(section: Section, run: Run, *, floors: Mapping[str, float], note: str) -> Level:
    """The level that this section sets, with floors that a person has chosen."""
    needs_model = section.layer in ("answers", "judge")
    won = {row.id: value for row in section.rows if (value := _won(section, row)) is not None}
    return Level(
        section=section.name,
        backend=run.backend if needs_model else None,
        model=run.model if needs_model else None,
        note=note,
        floors=floors,
        won=won,
    )


def renew(levels: Sequence[Level], run: Run) -> tuple[Level, ...]:
    """The levels with the questions that this run won. Floors and notes stay as they are."""
    renewed = []
    for level in levels:
        section = run.section(level.section)
        if section is not None and level.applies_to(run):
            level = make_level(section, run, floors=level.floors, note=level.note)  # noqa: PLW2901
        renewed.append(level)
    return tuple(renewed)


def write_levels(levels: Sequence[Level], path: Path = BASELINE) -> None:
    """Write the file that `load_levels` reads, a line for each question."""
    content = TypeAdapter(tuple[Level, ...]).dump_json(tuple(levels), indent=1)
    path.write_bytes(content + b"\n")


def _below(section: Section, level: Level) -> Iterator[Problem]:
    for measure in MEASURES[section.layer]:
        floor = level.floors.get(measure.name)
        value = None if floor is None else evaluate(measure, section.rows)
        if floor is None or value is None:
            continue
        worse = value - floor if measure.less_is_better else floor - value
        if worse > ROUNDING:
            limit = "ceiling" if measure.less_is_better else "floor"
            symptom = SYMPTOMS.get(measure.name, f"{measure.title} is worse than it may be")
            words = f"{symptom}: {measure.title} {value:.3f}, the {limit} is {floor:.3f}"
            yield Problem(section.name, words, _at_fault(measure, section.rows))


def _lost(section: Section, level: Level) -> Iterator[Problem]:
    """Questions that were won when the level was set and aren't now, if too many."""
    before_now = {
        row.id: (level.won[row.id] >= 1, (_won(section, row) or 0) >= 1)
        for row in section.rows
        if row.id in level.won
    }
    flips = mcnemar(*([pair[at] for pair in before_now.values()] for at in (0, 1)))
    if more_lost_than_chance(flips.gained, flips.lost):
        lost = {name for name, (before, now) in before_now.items() if before and not now}
        words = (
            f"more questions went from right to wrong than chance allows: {flips.lost} lost, "
            f"{flips.gained} gained of {len(before_now)}"
        )
        yield Problem(section.name, words, tuple(row for row in section.rows if row.id in lost))


def _won(section: Section, row: Row) -> float | None:
    return row.values.get(WON[section.layer])


def _at_fault(measure: Measure, rows: Sequence[Row]) -> tuple[Row, ...]:
    return tuple(row for row in rows if AT_FAULT.get(measure.name, _is_low(measure))(row.values))


def _is_low(measure: Measure) -> Callable[[Values], bool]:
    """Rows that pull the mean of the measure's last column the wrong way."""
    column = measure.columns[-1]

    def at_fault(values: Values) -> bool:
        value = values.get(column)
        return value is not None and (value > 0 if measure.less_is_better else value < 1)

    return at_fault


AT_FAULT: dict[str, Callable[[Values], bool]] = {
    "refusal_recall": lambda row: row.get("answerable") == 0 and row.get("refused") == 0,
    "false_refusal_rate": lambda row: row.get("answerable") == 1 and row.get("refused") == 1,
}
