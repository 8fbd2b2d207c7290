"""One answer against its gold case: the columns of its row, and what a reader is shown of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evals.cache import GivenAnswer
from evals.evidence import describe_evidence
from evals.gold import GoldCase
from evals.metrics import CitedSentence, Quote, unsupported_rate
from evals.response import Numbers, Response, as_numbers, explain_response, score_response
from evals.results import Row, Values
from qa.answer import Answer, Citation


def answer_row(case: GoldCase, given: GivenAnswer, *, folder: Path) -> Row:
    """The row of an answer over the articles in `folder`. Raises InputError where one is gone."""
    values = score_answer(case, given.answer, folder=folder)
    return Row(case.id, case.kind, values, describe_answer(case, given, folder=folder))


def failed_row(case: GoldCase, reason: str) -> Row:
    """The row of a case without an answer: not right, and nothing else."""
    return Row(case.id, case.kind, {"right": 0.0}, describe_case(case), reason)


def score_answer(case: GoldCase, answer: Answer, *, folder: Path) -> Values:
    """The columns of an answer. Raises InputError where an article with evidence is gone."""
    response = respond(answer, folder)
    timings = answer.timings
    values: Numbers = {
        "disagreement_expected": case.disagreement,
        "disagreement_shown": bool(answer.disagreements),
        "extract_seconds": timings.extract_seconds,
        "first_token_seconds": timings.first_token_seconds,
        "retrieve_seconds": timings.retrieve_seconds,
    }
    if not response.refused:
        passed = [each.verdict != "unsupported" for each in answer.sentences]
        supports = [each.support for each in answer.sentences]
        support = sum(supports) / len(supports) if supports else None
        values |= {
            "unsupported": unsupported_rate(passed),
            "support": support,
            "confidence": support,
        }
    return {**score_response(case, response, folder=folder), **as_numbers(values)}


def respond(answer: Answer, folder: Path) -> Response:
    """The answer as every system's is scored; of a refusal, nothing counts as said."""
    extract = (answer.extract.citation,) if answer.extract else ()
    cited = tuple(_quote(each, folder) for each in answer.citations)
    return Response(
        text=said(answer),
        refused=answer.status == "abstained",
        sentences=tuple(
            CitedSentence(each.text, tuple(_quote(source, folder) for source in each.sources))
            for each in answer.sentences
        ),
        cited=cited,
        shown=(*cited, *(_quote(each, folder) for each in extract)),
        seconds=answer.timings.total_seconds,
        prompt_tokens=answer.usage.prompt_tokens,
        completion_tokens=answer.usage.completion_tokens,
        calls=answer.usage.llm_calls,
    )


def describe_case(case: GoldCase) -> dict[str, Any]:
    """What was asked and what a right answer says."""
    return {
        "question": case.question,
        "history": list(case.history),
        "as_of": case.as_of.isoformat() if case.as_of else None,
        "answers": [[str(each) for each in fact] for fact in case.answers],
        "must_not_say": list(case.must_not_say),
        "gold_evidence": describe_evidence(case),
    }


def describe_answer(case: GoldCase, given: GivenAnswer, *, folder: Path) -> dict[str, Any]:
    """What a reader needs to judge the answer; `found` is what there was to read, best first."""
    answer = given.answer
    return {
        **describe_case(case),
        "status": answer.status,
        "text": plain_text(answer),
        "sentences": [
            {"text": each.text, "verdict": each.verdict, "citations": list(each.citations)}
            for each in answer.sentences
        ],
        "citations": [_describe_citation(each, folder) for each in answer.citations],
        "extract": answer.extract.text if answer.extract else None,
        "reason": answer.reason,
        "standalone_question": answer.standalone_question,
        "model_text": answer.model_text,
        "found": [
            {"article": inside(folder, each.article_path), "quote": each.quote}
            for each in given.found
        ],
        "earlier": [plain_text(each) for each in given.earlier],
        "wrong_because": explain(case, answer, folder=folder),
        "closest": [each.title for each in answer.closest],
    }


def explain(case: GoldCase, answer: Answer, *, folder: Path) -> list[str]:
    """What is wrong with an answer, in words; empty where nothing is."""
    return explain_response(case, respond(answer, folder), folder=folder)


def plain_text(answer: Answer) -> str:
    """What the answer shows, without the marks of its citations."""
    return said(answer) or answer.text


def said(answer: Answer) -> str:
    """What the answer says about the question: of a refusal, nothing."""
    return " ".join(sentence.text for sentence in answer.sentences)


def inside(folder: Path, article_path: str) -> str:
    """The path of an article as seen from the articles folder."""
    path = Path(article_path)
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else article_path


def _quote(citation: Citation, folder: Path) -> Quote:
    article = inside(folder, citation.article_path)
    return Quote(article, citation.start, citation.end, citation.quote)


def _describe_citation(citation: Citation, folder: Path) -> Mapping[str, Any]:
    return {
        "number": citation.number,
        "article": inside(folder, citation.article_path),
        "title": citation.title,
        "outlet": citation.outlet,
        "published": citation.published,
        "quote": citation.quote,
    }
