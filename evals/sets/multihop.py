"""MultiHop-RAG: questions over 609 news articles, each needing two to four of them, or none.

The format is that of Tang and Yang (2024, arXiv 2401.15391): corpus.json is a list of articles,
MultiHopRAG.json a list of questions with the facts that answer them. A fact stands in its article
nearly always, but for white space; where it doesn't, the article is still relevant.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from evals.gold import GoldCase, GoldEvidence, Kind
from evals.jsonlines import read_json
from evals.sets.public import Document, PublicSet, file_name, find_quote, readable
from evals.sets.reading import Line, Written, file_of, find_day, set_folder
from index.errors import InputError

NAME = "multihop-rag"
CITATION = (
    "MultiHop-RAG, Hong Kong University of Science and Technology: Tang and Yang 2024. Published "
    "tables give, for retrieval, Hits@4, Hits@10, MAP@10 and MRR@10 of the facts, null queries "
    "left out; for answers, the share that has a word in common with the expected one."
)
CORPUS, QUESTIONS = "corpus.json", "MultiHopRAG.json"
HOLDS = f"{CORPUS} and {QUESTIONS}"
ARTICLES = 'a list of {"title", "source", "published_at", "url", "body"}'
QUERIES = 'a list of {"query", "answer", "question_type", "evidence_list": [{"url", "fact"}]}'
KIND_OF: dict[str, Kind] = {
    "inference_query": "several-articles",
    "comparison_query": "comparison",
    "temporal_query": "time",
    "null_query": "unanswerable",
}


@dataclass(frozen=True, slots=True)
class _Article:
    title: Line
    body: Written
    url: str = ""
    source: str | None = None
    published_at: str | None = None


@dataclass(frozen=True, slots=True)
class _Fact:
    fact: Line
    title: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class _Question:
    query: Line
    answer: Line
    question_type: Literal["inference_query", "comparison_query", "temporal_query", "null_query"]
    evidence_list: tuple[_Fact, ...] = ()


_ARTICLES = TypeAdapter(Annotated[tuple[_Article, ...], Field(min_length=1)])
_QUESTIONS = TypeAdapter(Annotated[tuple[_Question, ...], Field(min_length=1)])


def load_multihop(path: Path) -> PublicSet:
    """The set in a folder with both files. Raises InputError."""
    folder = set_folder(path, holds=HOLDS)
    corpus, questions = (file_of(folder, name, holds=HOLDS) for name in (CORPUS, QUESTIONS))
    articles = read_json(corpus, _ARTICLES, expected=ARTICLES)
    asked = read_json(questions, _QUESTIONS, expected=QUERIES)
    documents = tuple(_document(row, number) for number, row in enumerate(articles, start=1))
    by_key: dict[str, Document] = {}
    for row, document in zip(articles, documents, strict=True):
        for key in (row.url.strip(), document.title):
            by_key.setdefault(key, document)
    by_key.pop("", None)  # not every release has the url
    cases: list[GoldCase] = []
    relevant: dict[str, frozenset[str]] = {}
    for number, question in enumerate(asked):
        found = _sources(question, by_key, where=f"{questions}, {number}")
        case = _case(question, found, id=f"{NAME}-{number + 1:04d}")
        cases.append(case)
        if found:
            relevant[case.id] = frozenset(document.name for document, _ in found)
    return PublicSet(NAME, CITATION, documents, tuple(cases), relevant)


def _document(row: _Article, number: int) -> Document:
    return Document(
        file_name(NAME, f"{number:04d}"),
        " ".join(row.title.split()),
        readable(row.body),
        outlet=row.source,
        published=find_day(row.published_at),
    )


def _sources(
    question: _Question, by_key: Mapping[str, Document], *, where: str
) -> list[tuple[Document, str]]:
    """The article of each fact, and the fact."""
    if question.question_type == "null_query":
        return []
    if not question.evidence_list:
        raise InputError(f"{where}.evidence_list: it is empty. Expected: {QUERIES}.")
    found = []
    for place, each in enumerate(question.evidence_list):
        document = by_key.get(each.url.strip()) or by_key.get(" ".join(each.title.split()))
        if document is None:
            raise InputError(
                f"{where}.evidence_list.{place}: {CORPUS} has no article with the url "
                f"“{each.url}” or the title “{each.title}”. Are both files of one release?"
            )
        found.append((document, readable(each.fact)))
    return found


def _case(question: _Question, sources: Sequence[tuple[Document, str]], *, id: str) -> GoldCase:
    kind = KIND_OF[question.question_type]
    if kind == "unanswerable":  # its answer is "Insufficient information."
        return GoldCase(id, kind, question.query)
    quotes = [(document.name, find_quote(document.text, fact)) for document, fact in sources]
    return GoldCase(
        id,
        kind,
        question.query,
        answers=((question.answer,),),
        evidence=tuple(
            dict.fromkeys(GoldEvidence(name, quote) for name, quote in quotes if quote is not None)
        ),
    )
