"""SQuAD: paragraphs of Wikipedia and questions on them, some without an answer (version 2).

The format is that of Rajpurkar et al. (2016, arXiv 1606.05250; 2018, arXiv 1806.03822): one JSON
object, `data` → articles with `title` and `paragraphs` → `context` and `qas`. `answer_start`
counts characters of the context.

"Unanswerable" is judged there against the question's own paragraph alone. Here all paragraphs lie
in one folder, and another one may have the answer, if rarely.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from evals.gold import GoldCase, GoldEvidence
from evals.jsonlines import check_new, read_json
from evals.sets.public import Document, PublicSet, file_name, readable
from evals.sets.reading import Key, Line, Written, only_file
from index.errors import InputError
from index.sentences import split_sentences

NAME = "squad"
CITATION = (
    "SQuAD, Stanford: Rajpurkar et al. 2016 (1.1) and 2018 (2.0). Published tables give exact "
    "match and token F1 against the annotators' answers, the paragraph being given; an "
    "unanswerable question is right where no answer is given."
)
EXPECTED = (
    'SQuAD\'s JSON, {"data": [{"title", "paragraphs": [{"context", "qas": [{"id", "question", '
    '"answers": [{"text", "answer_start"}]}]}]}]}'
)


@dataclass(frozen=True, slots=True)
class _Answer:
    text: str
    answer_start: int


@dataclass(frozen=True, slots=True)
class _Question:
    id: Key
    question: Line
    answers: tuple[_Answer, ...] = ()
    is_impossible: bool = False


@dataclass(frozen=True, slots=True)
class _Paragraph:
    context: Written
    qas: tuple[_Question, ...]


@dataclass(frozen=True, slots=True)
class _Article:
    paragraphs: tuple[_Paragraph, ...]
    title: str = ""


@dataclass(frozen=True, slots=True)
class _File:
    data: tuple[_Article, ...]


_FILE = TypeAdapter(_File)


def load_squad(path: Path) -> PublicSet:
    """The set in a SQuAD file, or in the one that a folder has. Raises InputError."""
    file = only_file(path, suffixes=(".json",))
    documents: dict[str, Document] = {}
    cases: list[GoldCase] = []
    seen: dict[str, str] = {}
    relevant: dict[str, frozenset[str]] = {}
    for where, title, paragraph in _paragraphs(file):
        document = documents.setdefault(
            paragraph.context,
            Document(
                file_name(NAME, f"{len(documents) + 1:05d}"),
                title.replace("_", " "),
                readable(paragraph.context),
            ),
        )
        sentences = tuple(split_sentences(document.text, 0, len(document.text)))
        for number, question in enumerate(paragraph.qas):
            here = f"{where}.qas.{number}"
            check_new(question.id, seen, here)
            case = _case(question, document, sentences, here)
            cases.append(case)
            if case.is_answerable:
                relevant[case.id] = frozenset({document.name})
    if not cases:
        raise InputError(f"{file}: there are no questions. Expected: {EXPECTED}.")
    return PublicSet(NAME, CITATION, tuple(documents.values()), tuple(cases), relevant)


def _paragraphs(file: Path) -> Iterator[tuple[str, str, _Paragraph]]:
    """Where each paragraph stands, the title of its article, and the paragraph."""
    for first, article in enumerate(read_json(file, _FILE, expected=EXPECTED).data):
        for second, paragraph in enumerate(article.paragraphs):
            yield f"{file}, data.{first}.paragraphs.{second}", article.title, paragraph


def _case(
    question: _Question, document: Document, sentences: Sequence[tuple[int, int]], where: str
) -> GoldCase:
    if question.is_impossible:
        return GoldCase(question.id, "unanswerable", question.question)
    # Some releases fill the answers of an unanswerable question with an empty one.
    answers = [answer for answer in question.answers if answer.text.strip()]
    if not answers:
        raise InputError(f"{where}.answers: there are none, and is_impossible isn't true.")
    quotes = [_quote(answer, document.text, sentences, where) for answer in answers]
    return GoldCase(
        question.id,
        "fact",
        question.question,
        answers=(tuple(dict.fromkeys(readable(answer.text).strip() for answer in answers)),),
        evidence=tuple(GoldEvidence(document.name, quote) for quote in dict.fromkeys(quotes)),
    )


def _quote(answer: _Answer, text: str, sentences: Sequence[tuple[int, int]], where: str) -> str:
    """The sentence that has the answer, or the sentences that it runs over."""
    start, end = answer.answer_start, answer.answer_start + len(answer.text)
    if start < 0 or text[start:end] != readable(answer.text):
        raise InputError(
            f"{where}.answers: “{answer.text}” doesn't stand at character {start} of the context. "
            "Expected: answer_start counts characters from 0."
        )
    over = [span for span in sentences if span[0] < end and start < span[1]]
    first = min([start, *(span[0] for span in over)])
    return text[first : max([end, *(span[1] for span in over)])]
