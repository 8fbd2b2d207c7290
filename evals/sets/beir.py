"""BEIR: retrieval sets of one shape. Nothing is answered; what is asked for is what to find.

The format is that of Thakur et al. (2021, arXiv 2104.08663): corpus.jsonl has `_id`, `title` and
`text`, queries.jsonl has `_id` and `text`, qrels/*.tsv has query-id, corpus-id and score below a
line of headings. Its tables are on the test split, on dev where a set has no test (MS MARCO).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter

from evals.gold import GoldCase
from evals.jsonlines import check_new, read_lines
from evals.sets.public import Document, PublicSet, file_name, readable
from evals.sets.reading import Key, Line, file_of, set_folder
from index.errors import InputError

NAME = "beir"
CITATION = (
    "BEIR: Thakur et al. 2021, each of its sets with authors of its own. Published tables give "
    "nDCG@10 (recall@100 beside it) over the queries that have judgements; a query has no answer."
)
HOLDS = "corpus.jsonl, queries.jsonl and a folder qrels with .tsv files"
CORPUS_LINE = 'a JSON object a line, {"_id", "title", "text"}'
QUERY_LINE = 'a JSON object a line, {"_id", "text"}'
QRELS_LINE = "query-id, corpus-id and a number, with tabs between them"
SPLITS = ("test", "dev")
EMPTY = "documents without title and text"
UNKNOWN = "relevant documents that the corpus lacks"


@dataclass(frozen=True, slots=True)
class _Document:
    id: Annotated[Key, Field(alias="_id")]
    text: str = ""
    title: str | None = None


@dataclass(frozen=True, slots=True)
class _Query:
    id: Annotated[Key, Field(alias="_id")]
    text: Line


_DOCUMENT = TypeAdapter(_Document)
_QUERY = TypeAdapter(_Query)


def load_beir(path: Path) -> PublicSet:
    """The set in a folder. `relevant` has every document judged above 0. Raises InputError."""
    folder = set_folder(path, holds=HOLDS)
    corpus, queries = (
        file_of(folder, name, holds=HOLDS) for name in ("corpus.jsonl", "queries.jsonl")
    )
    qrels = _qrels_file(folder)
    judged = _read_qrels(qrels)
    cases = _read_cases(queries, judged)
    missing = next((query for query in judged if query not in cases), None)
    if missing is not None:
        raise InputError(f"{qrels}: the query {missing} isn't in {queries}.")
    documents, names = _read_documents(corpus)
    relevant = {key: frozenset(file_name(NAME, each) for each in judged[key]) for key in cases}
    wanted = frozenset[str]().union(*relevant.values())
    if not wanted & names:
        raise InputError(f"{qrels}: {corpus} has none of these documents. Are both of one set?")
    left_out = {EMPTY: len(names) - len(documents), UNKNOWN: len(wanted - names)}
    return PublicSet(
        NAME,
        CITATION,
        documents,
        tuple(cases.values()),
        relevant,
        {reason: count for reason, count in left_out.items() if count},
    )


def _read_documents(corpus: Path) -> tuple[tuple[Document, ...], set[str]]:
    """The documents that have something to read, and the names of all."""
    seen: dict[str, str] = {}
    documents: list[Document] = []
    for where, row in read_lines(corpus, _DOCUMENT, expected=CORPUS_LINE):
        check_new(row.id, seen, where)
        title = row.title or ""
        text = row.text if row.text.strip() else title
        if text.strip():
            documents.append(Document(file_name(NAME, row.id), title, readable(text)))
    return tuple(documents), {file_name(NAME, key) for key in seen}


def _read_cases(queries: Path, judged: dict[str, set[str]]) -> dict[str, GoldCase]:
    """The queries that have a relevant document, by id, in the order of the file."""
    seen: dict[str, str] = {}
    cases: dict[str, GoldCase] = {}
    for where, row in read_lines(queries, _QUERY, expected=QUERY_LINE):
        check_new(row.id, seen, where)
        if row.id in judged:
            cases[row.id] = GoldCase(row.id, "fact", row.text)
    return cases


def _qrels_file(folder: Path) -> Path:
    found = {file.stem: file for file in sorted((folder / "qrels").glob("*.tsv"))}
    for split in SPLITS:
        if split in found:
            return found[split]
    if len(found) != 1:
        has = ", ".join(file.name for file in found.values()) or "no .tsv file"
        raise InputError(f"{folder / 'qrels'} has {has}. It must have test.tsv, or one file.")
    return next(iter(found.values()))


def _read_qrels(file: Path) -> dict[str, set[str]]:
    """The documents judged above 0, by query."""
    relevant: dict[str, set[str]] = {}
    for query, document, score in _judgements(file):
        if score > 0:
            relevant.setdefault(query, set()).add(document)
    if not relevant:
        raise InputError(f"{file}, line 1: nothing is judged relevant. Expected: {QRELS_LINE}.")
    return relevant


def _judgements(file: Path) -> Iterator[tuple[str, str, float]]:
    try:
        lines = file.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} can't be read: {error}.") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            query, document, score = (part.strip() for part in line.split("\t"))
            yield query, document, float(score)
        except ValueError as error:
            if number > 1:  # the first line has the headings
                raise InputError(f"{file}, line {number}: Expected: {QRELS_LINE}.") from error
