"""Every question with all that a run knows of it, gathered from the layers and the systems."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from evals.report.numbers import NOT_APPLICABLE
from evals.report.tables import LAYERS, flips, is_right, side_by_side
from evals.results import DATELINE, Layer, Row, Run, Section

Outcome = Literal["wrong", "failed", "right"]
Change = Literal["gained", "lost"]
# What a row may lack: other systems tell less, and a failed row tells nothing.
NOTHING: Mapping[str, Any] = {
    "question": "",
    "history": (),
    "as_of": None,
    "answers": (),
    "must_not_say": (),
    "gold_evidence": (),
    "status": None,
    "text": "",
    "sentences": (),
    "citations": (),
    "extract": None,
    "reason": None,
    "standalone_question": None,
    "model_text": None,
    "found": (),
    "wrong_because": (),
    "closest": (),
    "passages": (),
}
SECONDS = {
    "extract_seconds": "extract",
    "first_token_seconds": "first words",
    "total_seconds": "whole answer",
    "seconds": "in all",
}


@dataclass(frozen=True, slots=True)
class Other:
    """What another system made of the same question."""

    system: str
    outcome: Outcome
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question as Dateline met it. `details` has every key of `NOTHING`.

    `layer` is the one that decides whether it is right. `extract_wrong` and `found_wrong` say what
    the layers before the answer got wrong.
    """

    id: str
    kind: str
    layer: Layer
    outcome: Outcome
    change: Change | None
    refused: bool
    failure: str | None
    details: Mapping[str, Any]
    extract_wrong: tuple[str, ...]
    found_wrong: tuple[str, ...]
    measured: str
    others: tuple[Other, ...]


@dataclass(frozen=True, slots=True)
class Chapter:
    """The questions of one gold set among so many articles, wrong ones first.

    `layer` is the one that says most: the answers, or what comes nearest to them. Questions that
    only others have come after its own.
    """

    layer: Layer
    gold: str
    articles: int
    questions: tuple[Question, ...]

    @property
    def wrong(self) -> int:
        """How many are not right."""
        return sum(each.outcome != "right" for each in self.questions)


def build_chapters(run: Run, last: Run | None = None) -> tuple[Chapter, ...]:
    """The questions of each gold set and number of articles."""
    found: dict[tuple[str, int], dict[Layer, tuple[Section, ...]]] = {}
    for layer in LAYERS:
        for sections in side_by_side(run, layer):
            first = sections[0]
            if layer != "judge" and first.system == DATELINE:
                found.setdefault((first.gold, first.articles), {})[layer] = sections
    return tuple(_chapter(layers, last) for layers in found.values())


def details_of(row: Row) -> dict[str, Any]:
    """The details of a row; what it doesn't tell is empty."""
    return {**NOTHING, **row.details}


def outcome_of(row: Row) -> Outcome:
    """Right, wrong, or failed where there is nothing to judge."""
    if row.failure is not None:
        return "failed"
    return "right" if is_right(row) else "wrong"


def seconds_of(row: Row) -> str:
    """How long it took, as far as it was measured: “extract 0.21 s, whole answer 7.90 s”."""
    known = [(words, row.values.get(name)) for name, words in SECONDS.items()]
    return ", ".join(f"{words} {value:.2f} s" for words, value in known if value is not None)


def _chapter(layers: Mapping[Layer, Sequence[Section]], last: Run | None) -> Chapter:
    """Each question once, by the layer that says most of it."""
    rows: dict[Layer, dict[str, Row]] = {
        layer: {row.id: row for row in sections[0].rows} for layer, sections in layers.items()
    }
    questions: dict[str, Question] = {}
    for layer, (own, *others) in layers.items():
        changes = _changes(own, last)
        by_system = {each.system: {row.id: row for row in each.rows} for each in others}
        for row in own.rows:
            if row.id not in questions:
                below = {name: of.get(row.id) for name, of in rows.items() if name != layer}
                beside = {name: of[row.id] for name, of in by_system.items() if row.id in of}
                found = _question(row, below, beside)
                questions[row.id] = replace(found, layer=layer, change=changes.get(row.id))
    order: tuple[Outcome, ...] = ("failed", "wrong", "right")
    layer, (own, *_) = next(iter(layers.items()))
    ordered = sorted(
        questions.values(),
        key=lambda each: (LAYERS.index(each.layer), order.index(each.outcome)),
    )
    return Chapter(layer, own.gold, own.articles, tuple(ordered))


def _changes(section: Section, last: Run | None) -> dict[str, Change]:
    before = last.section(section.name) if last else None
    gained, lost = flips(before.rows, section.rows) if before else ((), ())
    return {**dict.fromkeys(gained, "gained"), **dict.fromkeys(lost, "lost")}


def _question(row: Row, below: Mapping[Layer, Row | None], beside: Mapping[str, Row]) -> Question:
    """A question by its row, the rows of the other layers and those of the other systems."""
    found, extract = below.get("retrieval"), below.get("extract")
    details = details_of(row)
    if found is not None:
        details["passages"] = details["passages"] or details_of(found)["passages"]
    if extract is not None:
        details["extract"] = details["extract"] or details_of(extract)["extract"]
    return Question(
        id=row.id,
        kind=row.kind,
        layer="answers",
        outcome=outcome_of(row),
        change=None,
        refused=bool(row.values.get("refused")),
        failure=row.failure,
        details=details,
        extract_wrong=_wrong(extract),
        found_wrong=_wrong(found),
        measured=seconds_of(row),
        others=tuple(_other(system, each) for system, each in beside.items()),
    )


def _wrong(row: Row | None) -> tuple[str, ...]:
    return () if row is None else tuple(details_of(row)["wrong_because"])


def _other(system: str, row: Row) -> Other:
    details = details_of(row)
    said = details["text"] or details["extract"] or row.failure or details["reason"]
    return Other(system, outcome_of(row), said or NOT_APPLICABLE)
