"""RGB: questions with snippets of web search results that answer them, and others that don't.

The format is that of Chen et al. (2023, arXiv 2309.01431): a JSON object a line, with `id`,
`query`, `answer`, `positive` and `negative`. An answer is a fact or a list of facts, a fact a
string or a list of its spellings. In the _int files `positive` has a list for each fact; in the
_fact files `positive_wrong` has the snippets with `fakeanswer` put in the answer's place.

RGB chooses a few snippets for each prompt. Here those of all questions lie in one folder, the
right beside the wrong ones; a question without a positive snippet is one to refuse.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from evals.gold import GoldCase, Kind
from evals.jsonlines import check_new, read_lines
from evals.metrics.matching import states
from evals.sets.public import Document, PublicSet, build_own
from evals.sets.reading import Key, Line, only_file
from index.errors import InputError

NAME = "rgb"
CITATION = (
    "RGB, Chinese Academy of Sciences: Chen et al. 2023. Published tables give accuracy, right "
    "being an answer with one spelling of every fact in it as a part of its text; the share of "
    "refusals where only noise is shown; and, of the _fact files, of factual errors noticed."
)
EXPECTED = 'a JSON object a line, {"id", "query", "answer", "positive": [...], "negative": [...]}'

Snippets = tuple[str | tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class _Row:
    id: Key
    query: Line
    answer: str | Snippets
    positive: Snippets
    negative: Snippets
    positive_wrong: Snippets = ()
    fakeanswer: str | tuple[str, ...] = ()


_ROW = TypeAdapter(_Row)


def load_rgb(path: Path) -> PublicSet:
    """The set in one of RGB's files, or in the only one of a folder. Raises InputError."""
    file = only_file(path, suffixes=(".json", ".jsonl"))
    part = file.stem.replace("_", "-").casefold()
    documents: list[Document] = []
    cases: list[GoldCase] = []
    seen: dict[str, str] = {}
    relevant: dict[str, frozenset[str]] = {}
    for where, row in read_lines(file, _ROW, expected=EXPECTED):
        key = f"{part}-{row.id}"
        check_new(key, seen, where)
        # What answers comes first: a snippet that is in two lists counts as the better one.
        positive = build_own(NAME, key, _flat(row.positive))
        own = build_own(NAME, key, [*positive, *_flat(row.positive_wrong), *_flat(row.negative)])
        documents.extend(own.values())
        cases.append(_case(row, key, where))
        if positive:
            relevant[key] = frozenset(document.name for document in positive.values())
    return PublicSet(NAME, CITATION, tuple(documents), tuple(cases), relevant)


def _case(row: _Row, key: str, where: str) -> GoldCase:
    kind = _kind(row)
    if kind == "unanswerable":
        return GoldCase(key, kind, row.query)
    answers = tuple(_facts(row.answer, where))
    if not answers:
        raise InputError(f"{where}, answer: it has no fact. Expected: {EXPECTED}.")
    fakes = (row.fakeanswer,) if isinstance(row.fakeanswer, str) else row.fakeanswer
    return GoldCase(
        key,
        kind,
        row.query,
        answers=answers,
        # What is part of a right answer can't be forbidden.
        must_not_say=tuple(
            fake.strip()
            for fake in fakes
            if fake.strip() and not any(states(each, fake) for fact in answers for each in fact)
        ),
        disagreement=kind == "conflict",
    )


def _kind(row: _Row) -> Kind:
    if not any(text.strip() for text in _flat(row.positive)):
        return "unanswerable"
    if any(text.strip() for text in _flat(row.positive_wrong)):
        return "conflict"
    has_lists = any(isinstance(each, tuple) for each in row.positive)
    return "several-articles" if has_lists else "fact"


def _facts(answer: str | Snippets, where: str) -> Iterator[tuple[str, ...]]:
    """Each fact with its spellings."""
    for fact in (answer,) if isinstance(answer, str) else answer:
        written = (fact,) if isinstance(fact, str) else fact
        spellings = tuple(dict.fromkeys(each.strip() for each in written if each.strip()))
        if not spellings:
            raise InputError(f"{where}, answer: a fact is empty. Expected: {EXPECTED}.")
        yield spellings


def _flat(snippets: Snippets) -> list[str]:
    return [text for each in snippets for text in ((each,) if isinstance(each, str) else each)]
