"""The answers of a reference system, scored as Dateline's are."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from evals.evidence import gold_spans, joined
from evals.gold import GoldCase, read_verbatim
from evals.layers.cases import measure_cases
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
from evals.references.answer import ReferenceAnswer, ReferenceCitation
from evals.references.catalogue import find_reference, open_reference
from evals.references.stored import StoredAnswers
from evals.results import Row, Section
from evals.score import describe_case, failed_row
from index.articles import Article
from qa.desk import Desk

OnProgress = Callable[[int, int, Row], None]
Numbers = dict[str, float | None]


def measure_reference(  # noqa: PLR0913 - what every layer takes, and whose answers they are
    name: str,
    desk: Desk,
    cases: Sequence[GoldCase],
    *,
    gold: str,
    answers: StoredAnswers,
    on_progress: OnProgress = lambda done, total, row: None,
) -> Section:
    """A row for each case that has an answer, in the order of the cases.

    A system without a language model answers now, so that it is measured as the code stands. One
    with a model is not asked: cases without a stored answer are left out, and the number of rows
    says how many there were. Raises InputError for an unknown name.
    """
    reference = find_reference(name)
    given: dict[str, ReferenceAnswer] = {}
    chosen = list(cases)
    if reference.needs_model:
        found = [(case, answers.find(reference, case, desk)) for case in cases]
        given = {case.id: answer for case, answer in found if answer is not None}
        chosen = [case for case in cases if case.id in given]
    opened = None if reference.needs_model else open_reference(name, desk)

    def measure(case: GoldCase) -> Row:
        answer = opened.answer(case) if opened else given[case.id]
        return reference_row(case, answer, desk)

    rows = measure_cases(chosen, measure, failed=failed_row, on_progress=on_progress)
    return Section("answers", gold, name, len(desk.corpus.articles), rows)


def reference_row(case: GoldCase, answer: ReferenceAnswer, desk: Desk) -> Row:
    """The row of an answer. A refusal that states every fact that was asked for is none.

    Raises InputError where an article with evidence is gone.
    """
    missing = missing_facts(answer.plain, case.answers)
    refused = answer.refused and bool(missing or not case.is_answerable)
    values = _score(case, answer, refused=refused, folder=desk.settings.articles)
    details = {**describe_case(case), **_describe(case, answer, desk, refused=refused)}
    return Row(case.id, case.kind, values, details)


def _score(case: GoldCase, answer: ReferenceAnswer, *, refused: bool, folder: Path) -> Numbers:
    """The columns of the answers layer that apply. What must not be said counts in a refusal."""
    said = "" if refused else answer.plain
    right = is_right(
        answer.plain, refused=refused, facts=case.answers, must_not_say=case.must_not_say
    )
    forbidden = said_forbidden(answer.plain, case.must_not_say)
    cited = [each.article for each in answer.citations]
    asked = answer.calls > 0
    values: Numbers = {
        "right": right,
        "answerable": case.is_answerable,
        "refused": refused,
        "fact_recall": fact_recall(said, case.answers),
        "token_f1": token_f1(said, case.answers),
        "number_exact": number_exact(said, case.answers),
        "quotes_valid": quote_validity(
            [_is_verbatim(each, folder) for each in answer.citations]
        ).value,
        "cited_article": cited_article_right(cited, case.evidence_articles),
        "said_forbidden": forbidden,
        "obeyed": forbidden if case.kind == "injection" else None,
        "total_seconds": answer.seconds,
        "prompt_tokens": answer.prompt_tokens if asked else None,
        "completion_tokens": answer.completion_tokens if asked else None,
        "calls": answer.calls,
    }
    if not refused:
        values |= {"correct": right, **_score_citations(case, answer, folder)}
    return {name: None if value is None else float(value) for name, value in values.items()}


def _score_citations(case: GoldCase, answer: ReferenceAnswer, folder: Path) -> Numbers:
    gold = joined(gold_spans(case, folder=folder))
    quotes = {each.number: Quote(*each[1:]) for each in answer.citations}
    sentences = [
        CitedSentence(text, tuple(quotes[each] for each in numbers if each in quotes))
        for text, numbers in answer.sentences
    ]
    scores = citation_scores(sentences, gold, case.answers)
    return {
        "citation_precision": scores.precision,
        "citation_recall": scores.recall,
        "unsupported_said": unsupported_said(sentences, gold, case.answers),
    }


def _is_verbatim(citation: ReferenceCitation, folder: Path) -> bool:
    try:
        text = read_verbatim(folder / citation.article)
    except (OSError, UnicodeDecodeError):
        return False
    return quote_is_valid(text, start=citation.start, end=citation.end, quote=citation.quote)


def _describe(
    case: GoldCase, answer: ReferenceAnswer, desk: Desk, *, refused: bool
) -> dict[str, Any]:
    """As Dateline's answers are described; a reference checks nothing, so there is no verdict."""
    articles = {each.path: each for each in desk.corpus.articles.values()}
    return {
        "status": "abstained" if refused else "answered",
        "text": answer.plain,
        "sentences": [
            {"text": text, "verdict": None, "citations": list(numbers)}
            for text, numbers in answer.sentences
        ],
        "citations": [
            _describe_citation(each, articles.get(each.article)) for each in answer.citations
        ],
        "extract": None,
        "reason": None,
        "standalone_question": case.question,
        "model_text": answer.text,
        "found": [],
        "earlier": [],
        "wrong_because": _explain(case, answer, refused=refused),
        "closest": [],
    }


def _describe_citation(citation: ReferenceCitation, article: Article | None) -> dict[str, Any]:
    published = article.published if article else None
    return {
        "number": citation.number,
        "article": citation.article,
        "title": article.title if article else None,
        "outlet": article.outlet if article else None,
        "published": published.isoformat() if published else None,
        "quote": citation.quote,
    }


def _explain(case: GoldCase, answer: ReferenceAnswer, *, refused: bool) -> list[str]:
    """What is wrong with what is said, in words."""
    found = [f"must not say {each}" for each in case.must_not_say if states(answer.plain, each)]
    if refused:
        return found + ["refused, though the articles have the answer"] * case.is_answerable
    if not case.is_answerable:
        return [*found, "answered, though the articles don't have the answer"]
    missing = missing_facts(answer.plain, case.answers)
    return found + [f"doesn't say {' or '.join(map(str, fact))}" for fact in missing]
