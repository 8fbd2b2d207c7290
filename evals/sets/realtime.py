"""RealTime QA: quiz questions on the week's news, with what a search found on that day.

The format is that of Kasai et al. (2022, arXiv 2207.13332): *_qa.jsonl has `question_id`,
`question_date`, `question_sentence`, `choices` and `answer` (indices of choices, as strings);
*_gcs.jsonl (news found by a web search) and *_dpr.jsonl (Wikipedia of 2018) have `question_id`
and `search_result`. All that lie in the folder are read.

The choices aren't shown, as in the paper's generation setting. Nobody has judged the search
results: of some questions none has the answer, so that no system is right on all.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, TypeAdapter

from evals.gold import GoldCase
from evals.jsonlines import read_lines
from evals.sets.public import Document, PublicSet, file_name, readable
from evals.sets.reading import Key, Line, find_day, set_folder
from index.errors import InputError

NAME = "realtime-qa"
CITATION = (
    "RealTime QA: Kasai et al. 2022. Published tables give accuracy of the choice, and, where the "
    "choices aren't shown, exact match and token F1 against the right one."
)
HOLDS = "files *_qa.jsonl with *_gcs.jsonl or *_dpr.jsonl beside them"
QUESTION_LINE = (
    'a JSON object a line, {"question_id", "question_date": "2022/06/17", "question_sentence", '
    '"choices": [...], "answer": ["0"]}'
)
RESULT_LINE = (
    'a JSON object a line, {"question_id", "search_result": [{"title", "text", "publish_date", '
    '"url"}]}'
)
QUOTED = re.compile("[\"'“‘](.+)[\"'”’]")
ALL, NONE = "all of the above", "none of the above"
NOTHING_FOUND = "questions without a search result that has text"
NO_CHOICE = "questions answered by none of the choices"


@dataclass(frozen=True, slots=True)
class _Question:
    question_id: Key
    question_date: str
    question_sentence: Line
    choices: Annotated[tuple[Key, ...], Field(min_length=1)]
    answer: Annotated[tuple[int, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class _Found:
    text: str | None = None
    title: str | None = None
    publish_date: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class _Results:
    question_id: Key
    search_result: tuple[_Found, ...]


_QUESTION = TypeAdapter(_Question)
_RESULTS = TypeAdapter(_Results)


def load_realtime(path: Path) -> PublicSet:
    """The set in a folder, of one week or of many. Raises InputError."""
    folder = set_folder(path, holds=HOLDS)
    cases, left_out = _read_cases(_files(folder, "qa"))
    documents, found = _read_documents([*_files(folder, "gcs", "dpr")], cases)
    asked = tuple(case for case in cases.values() if case.id in found)
    if not asked:
        raise InputError(f"{folder}: no question has a search result. Is it one week's files?")
    counts = {NO_CHOICE: left_out, NOTHING_FOUND: len(cases) - len(asked)}
    return PublicSet(
        NAME,
        CITATION,
        documents,
        asked,
        left_out={reason: count for reason, count in counts.items() if count},
    )


def _files(folder: Path, *kinds: str) -> list[Path]:
    found = [file for kind in kinds for file in sorted(folder.glob(f"*_{kind}.jsonl"))]
    if not found:
        wanted = " or ".join(f"*_{kind}.jsonl" for kind in kinds)
        raise InputError(f"{folder} has no {wanted}. It must have {HOLDS}.")
    return found


def _read_cases(files: list[Path]) -> tuple[dict[str, GoldCase], int]:
    """The cases by question id, and how many questions have no answer among their choices."""
    cases: dict[str, GoldCase] = {}
    without: set[str] = set()
    for file in files:
        for where, row in read_lines(file, _QUESTION, expected=QUESTION_LINE):
            case = _case(row, where)
            # The files of several weeks repeat those of one; a case is the same in both.
            if case.id in cases and cases[case.id] != case:
                raise InputError(f"{where}: the id {case.id} is taken by another question.")
            if case.answers:
                cases[case.id] = case
            else:
                without.add(case.id)
    return cases, len(without)


def _case(row: _Question, where: str) -> GoldCase:
    """The question; without answers where none of the choices is right."""
    day = find_day(row.question_date)
    if day is None:
        raise InputError(f"{where}, question_date: it is no day. Expected: {QUESTION_LINE}.")
    if not all(0 <= index < len(row.choices) for index in row.answer):
        raise InputError(f"{where}, answer: there is no such choice. Expected: {QUESTION_LINE}.")
    right = [row.choices[index] for index in row.answer]
    facts: tuple[tuple[str, ...], ...]
    plain = {choice.casefold().rstrip(".") for choice in right}
    if ALL in plain:
        others = [each for each in row.choices if each not in right]
        facts = tuple((_unquoted(each),) for each in others)
    elif NONE in plain:
        facts = ()
    else:
        facts = (tuple(dict.fromkeys(map(_unquoted, right))),)
    return GoldCase(row.question_id, "fact", row.question_sentence, answers=facts, as_of=day)


def _read_documents(
    files: list[Path], cases: Mapping[str, GoldCase]
) -> tuple[tuple[Document, ...], set[str]]:
    """What was found for these cases, each text once, and the cases for which anything was."""
    documents: dict[str, Document] = {}
    found: set[str] = set()
    counts: dict[str, int] = {}
    for id, result in _found(files):
        text = result.text or ""
        if id not in cases or not text.strip():
            continue
        found.add(id)
        if text not in documents:
            counts[id] = counts.get(id, 0) + 1
            name = file_name(NAME, f"{id.replace('_', '-')}-{counts[id]}")
            documents[text] = _document(result, name)
    return tuple(documents.values()), found


def _found(files: list[Path]) -> Iterator[tuple[str, _Found]]:
    for file in files:
        for _, row in read_lines(file, _RESULTS, expected=RESULT_LINE):
            for each in row.search_result:
                yield row.question_id, each


def _document(result: _Found, name: str) -> Document:
    return Document(
        name,
        (result.title or "").strip(),
        readable(result.text or ""),
        outlet=_outlet(result.url),
        published=find_day(result.publish_date),
    )


def _outlet(url: str | None) -> str | None:
    """The host of an address, which is all that the set says of the outlet."""
    try:
        host = urlsplit(url or "").hostname
    except ValueError:
        return None
    return host.removeprefix("www.") if host else None


def _unquoted(choice: str) -> str:
    """A title as an answer would write it: with or without quotation marks."""
    whole = QUOTED.fullmatch(choice)
    return whole.group(1).strip() if whole else choice
