"""The answers of a reference system, scored as Dateline's are."""

from collections.abc import Callable, Sequence
from typing import Any

from evals.gold import GoldCase
from evals.layers.cases import measure_cases
from evals.metrics import CitedSentence, Quote, missing_facts
from evals.references.answer import ReferenceAnswer, ReferenceCitation
from evals.references.catalogue import find_reference, open_reference
from evals.references.stored import StoredAnswers
from evals.response import Response, explain_response, score_response
from evals.results import Row, Section
from evals.score import describe_case, failed_row
from index.articles import Article
from qa.desk import Desk

OnProgress = Callable[[int, int, Row], None]


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
    """The row of an answer. Raises InputError where an article with evidence is gone."""
    folder = desk.settings.articles
    response = respond(case, answer)
    details = {
        **describe_case(case),
        **_describe(case, answer, desk, refused=response.refused),
        "wrong_because": explain_response(case, response, folder=folder),
    }
    return Row(case.id, case.kind, score_response(case, response, folder=folder), details)


def respond(case: GoldCase, answer: ReferenceAnswer) -> Response:
    """The answer as every system's is scored.

    A refusal that states every fact that was asked for is none.
    """
    missing = missing_facts(answer.plain, case.answers)
    quotes = {each.number: Quote(*each[1:]) for each in answer.citations}
    cited = tuple(Quote(*each[1:]) for each in answer.citations)
    return Response(
        text=answer.plain,
        refused=answer.refused and bool(missing or not case.is_answerable),
        sentences=tuple(
            CitedSentence(text, tuple(quotes[each] for each in numbers if each in quotes))
            for text, numbers in answer.sentences
        ),
        cited=cited,
        shown=cited,
        seconds=answer.seconds,
        prompt_tokens=answer.prompt_tokens,
        completion_tokens=answer.completion_tokens,
        calls=answer.calls,
    )


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
