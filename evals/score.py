"""One answer against its gold case: the metrics, case by case."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from evals.gold import GoldCase
from evals.metrics import (
    cited_article_right,
    fact_recall,
    is_right,
    missing_facts,
    quote_is_valid,
    states,
)
from qa.answer import Answer, Citation


@dataclass(frozen=True, slots=True)
class Score:
    """What the metrics say of one answer. None where a metric doesn't apply.

    `quotes_valid` has one entry for each quote shown; `invalid_quotes` are those that fail.
    """

    right: bool
    refused: bool | None
    fact_recall: float | None
    missing: tuple[str, ...]
    forbidden: tuple[str, ...]
    cited_article_right: bool | None
    quotes_valid: tuple[bool, ...]
    invalid_quotes: tuple[str, ...]


NO_ANSWER = Score(
    right=False,
    refused=None,
    fact_recall=None,
    missing=(),
    forbidden=(),
    cited_article_right=None,
    quotes_valid=(),
    invalid_quotes=(),
)


def score_answer(
    case: GoldCase, answer: Answer, *, articles: Path, read: Callable[[Path], str]
) -> Score:
    """The score of an answer over the folder `articles`. `read` gives an article's own text."""
    text = plain_text(answer)
    refused = answer.status == "abstained"
    shown = shown_quotes(answer)
    valid = tuple(_is_verbatim(each, read) for each in shown)
    return Score(
        right=is_right(text, refused=refused, facts=case.answers, must_not_say=case.must_not_say),
        refused=refused,
        fact_recall=fact_recall(text, case.answers),
        missing=tuple(" or ".join(fact) for fact in missing_facts(text, case.answers)),
        forbidden=tuple(words for words in case.must_not_say if states(text, words)),
        cited_article_right=cited_article_right(
            [_inside(articles, citation) for citation in answer.citations], case.evidence_articles
        ),
        quotes_valid=valid,
        invalid_quotes=tuple(
            each.quote for each, good in zip(shown, valid, strict=True) if not good
        ),
    )


def plain_text(answer: Answer) -> str:
    """What the answer says, without the marks of its citations."""
    return " ".join(sentence.text for sentence in answer.sentences) or answer.text


def shown_quotes(answer: Answer) -> tuple[Citation, ...]:
    """Every quotation that a reader sees: the citations' and the extract's."""
    extract = (answer.extract.citation,) if answer.extract else ()
    return (*answer.citations, *extract)


def _inside(articles: Path, citation: Citation) -> str:
    path = Path(citation.article_path)
    return path.relative_to(articles).as_posix() if path.is_relative_to(articles) else str(path)


def _is_verbatim(citation: Citation, read: Callable[[Path], str]) -> bool:
    try:
        text = read(Path(citation.article_path))
    except (OSError, UnicodeDecodeError):
        return False
    return quote_is_valid(text, start=citation.start, end=citation.end, quote=citation.quote)
