"""RAMDocs: ambiguous questions, each with documents that are right, wrong, or beside the point.

The format is that of Wang et al. (2025, arXiv 2504.13079): a JSON object a line, with `question`,
`documents` (`text`, and `type`: correct, misinfo or noise), `gold_answers` and `wrong_answers`.
Every gold answer is to be given: each is of another bearer of the same name.

There each question comes with its own documents. Here those of all questions lie in one folder.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from evals.gold import GoldCase, Kind
from evals.jsonlines import read_lines
from evals.metrics.matching import states
from evals.sets.public import Document, PublicSet, build_own, readable
from evals.sets.reading import Line, Written, only_file

NAME = "ramdocs"
CITATION = (
    "RAMDocs, University of North Carolina at Chapel Hill: Wang et al. 2025. Published tables give "
    "exact match: an answer is right where it has every gold answer and no wrong one."
)
EXPECTED = (
    'a JSON object a line, {"question", "documents": [{"text", "type"}], "gold_answers", '
    '"wrong_answers"}'
)


@dataclass(frozen=True, slots=True)
class _Document:
    text: Written
    type: Literal["correct", "misinfo", "noise"]


@dataclass(frozen=True, slots=True)
class _Row:
    question: Line
    documents: Annotated[tuple[_Document, ...], Field(min_length=1)]
    gold_answers: Annotated[tuple[Line, ...], Field(min_length=1)]
    wrong_answers: tuple[Line, ...]


_ROW = TypeAdapter(_Row)


def load_ramdocs(path: Path) -> PublicSet:
    """The set in its file, or in the only one of a folder. Raises InputError."""
    file = only_file(path, suffixes=(".jsonl",))
    documents: list[Document] = []
    cases: list[GoldCase] = []
    relevant: dict[str, frozenset[str]] = {}
    for number, (_, row) in enumerate(read_lines(file, _ROW, expected=EXPECTED), start=1):
        key = f"{number:03d}"
        own = build_own(NAME, key, (each.text for each in row.documents))
        documents.extend(own.values())
        case = _case(row, id=f"{NAME}-{key}")
        cases.append(case)
        correct = {readable(each.text) for each in row.documents if each.type == "correct"}
        if correct:
            relevant[case.id] = frozenset(own[text].name for text in correct)
    return PublicSet(NAME, CITATION, tuple(documents), tuple(cases), relevant)


def _case(row: _Row, *, id: str) -> GoldCase:
    gold = tuple(dict.fromkeys(row.gold_answers))
    return GoldCase(
        id,
        _kind(row),
        row.question,
        answers=tuple((answer,) for answer in gold),
        # What is part of a right answer can't be forbidden.
        must_not_say=tuple(
            wrong
            for wrong in dict.fromkeys(row.wrong_answers)
            if not any(states(answer, wrong) for answer in gold)
        ),
        disagreement=bool(row.wrong_answers),
    )


def _kind(row: _Row) -> Kind:
    if row.wrong_answers:
        return "conflict"
    return "list" if len(row.gold_answers) > 1 else "fact"
