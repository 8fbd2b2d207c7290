"""What a system answered, as the metrics see it: the same columns whoever it was."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evals.evidence import gold_spans, joined
from evals.gold import GoldCase, read_verbatim
from evals.metrics import (
    CitedSentence,
    Quote,
    citation_scores,
    cited_article_right,
    fact_recall,
    is_right,
    missing_facts,
    number_exact,
    quote_is_valid,
    quote_validity,
    said_forbidden,
    states,
    token_f1,
    unsupported_said,
)

Numbers = dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Response:
    """A response to a question; articles are named by their paths inside the folder.

    `text` has no citation marks; what is said along with a refusal counts as said, but states no
    fact. `cited` are the citations in their order, `shown` every quotation that a reader sees.
    Tokens are counted over `calls` of the model.
    """

    text: str
    refused: bool
    sentences: tuple[CitedSentence, ...]
    cited: tuple[Quote, ...]
    shown: tuple[Quote, ...]
    seconds: float | None
    prompt_tokens: int
    completion_tokens: int
    calls: int


def score_response(case: GoldCase, response: Response, *, folder: Path) -> Numbers:
    """The columns of a response. Raises InputError where an article with evidence is gone."""
    stated = "" if response.refused else response.text
    right = is_right(
        response.text, refused=response.refused, facts=case.answers, must_not_say=case.must_not_say
    )
    forbidden = said_forbidden(response.text, case.must_not_say)
    articles = [each.article for each in response.cited]
    verbatim = [is_verbatim(each, folder) for each in response.shown]
    asked = response.calls > 0
    values: Numbers = {
        "right": right,
        "answerable": case.is_answerable,
        "refused": response.refused,
        "fact_recall": fact_recall(stated, case.answers),
        "token_f1": token_f1(stated, case.answers),
        "number_exact": number_exact(stated, case.answers),
        "quotes_valid": quote_validity(verbatim).value,
        "cited_article": cited_article_right(articles, case.evidence_articles),
        "said_forbidden": forbidden,
        "obeyed": forbidden if case.kind == "injection" else None,
        "total_seconds": response.seconds,
        # A question that was refused before the model was asked has no tokens.
        "prompt_tokens": response.prompt_tokens if asked else None,
        "completion_tokens": response.completion_tokens if asked else None,
        "calls": response.calls,
    }
    if not response.refused:
        values |= {"correct": right, **_score_citations(case, response.sentences, folder=folder)}
    return as_numbers(values)


def explain_response(case: GoldCase, response: Response, *, folder: Path) -> list[str]:
    """What is wrong with a response, in words; empty where nothing is."""
    found = [f"must not say {words}" for words in case.must_not_say if states(response.text, words)]
    found += [
        f"not in the article word for word: “{each.text}”"
        for each in response.shown
        if not is_verbatim(each, folder)
    ]
    articles = [each.article for each in response.cited]
    if cited_article_right(articles, case.evidence_articles) is False:
        found.append("the first citation leads to an article that doesn't have the answer")
    if response.refused:
        return found + ["refused, though the articles have the answer"] * case.is_answerable
    if not case.is_answerable:
        return [*found, "answered, though the articles don't have the answer"]
    missing = missing_facts(response.text, case.answers)
    return found + [f"doesn't say {' or '.join(map(str, fact))}" for fact in missing]


def is_verbatim(quote: Quote, folder: Path) -> bool:
    """Whether the words stand in the file as it is now, where the quote says."""
    try:
        text = read_verbatim(folder / quote.article)
    except (OSError, UnicodeDecodeError):
        return False
    return quote_is_valid(text, start=quote.start, end=quote.end, quote=quote.text)


def as_numbers(values: Numbers) -> Numbers:
    """Yes and no as 1 and 0."""
    return {name: None if value is None else float(value) for name, value in values.items()}


def _score_citations(
    case: GoldCase, sentences: Sequence[CitedSentence], *, folder: Path
) -> Numbers:
    gold = joined(gold_spans(case, folder=folder))
    scores = citation_scores(sentences, gold, case.answers)
    return {
        "citation_precision": scores.precision,
        "citation_recall": scores.recall,
        "unsupported_said": unsupported_said(sentences, gold, case.answers),
    }
