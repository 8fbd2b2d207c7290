"""One answer against its gold case: the columns of its row, and what a reader is shown of it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evals.cache import GivenAnswer
from evals.evidence import describe_evidence, gold_spans, joined
from evals.gold import GoldCase, read_verbatim
from evals.metrics import (
    CitedSentence,
    Quote,
    Span,
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
    unsupported_rate,
    unsupported_said,
)
from evals.results import Row, Values
from qa.answer import Answer, Citation

Numbers = dict[str, float | None]


def answer_row(case: GoldCase, given: GivenAnswer, *, folder: Path) -> Row:
    """The row of an answer over the articles in `folder`. Raises InputError where one is gone."""
    values = score_answer(case, given.answer, folder=folder)
    return Row(case.id, case.kind, values, describe_answer(case, given, folder=folder))


def failed_row(case: GoldCase, reason: str) -> Row:
    """The row of a case without an answer: not right, and nothing else."""
    return Row(case.id, case.kind, {"right": 0.0}, describe_case(case), reason)


def score_answer(case: GoldCase, answer: Answer, *, folder: Path) -> Values:
    """The columns of an answer. Raises InputError where an article with evidence is gone."""
    text, refused = said(answer), is_refused(answer)
    gold = joined(gold_spans(case, folder=folder))
    cited = [inside(folder, each.article_path) for each in answer.citations]
    right = is_right(text, refused=refused, facts=case.answers, must_not_say=case.must_not_say)
    forbidden = said_forbidden(text, case.must_not_say)
    values: dict[str, float | None] = {
        "right": right,
        "answerable": case.is_answerable,
        "refused": refused,
        "fact_recall": fact_recall(text, case.answers),
        "token_f1": token_f1(text, case.answers),
        "number_exact": number_exact(text, case.answers),
        "quotes_valid": quote_validity([is_verbatim(each) for each in shown_quotes(answer)]).value,
        "cited_article": cited_article_right(cited, case.evidence_articles),
        "disagreement_expected": case.disagreement,
        "disagreement_shown": bool(answer.disagreements),
        "said_forbidden": forbidden,
        "obeyed": forbidden if case.kind == "injection" else None,
        **_measured(answer),
        **({} if refused else _of_what_was_said(case, answer, gold, folder=folder)),
    }
    if not refused:
        values["correct"] = right
    return {name: None if value is None else float(value) for name, value in values.items()}


def _of_what_was_said(
    case: GoldCase, answer: Answer, gold: Sequence[Span], *, folder: Path
) -> Numbers:
    sentences = [
        CitedSentence(each.text, tuple(_quote(source, folder) for source in each.sources))
        for each in answer.sentences
    ]
    scores = citation_scores(sentences, gold, case.answers)
    supports = [each.support for each in answer.sentences]
    support = sum(supports) / len(supports) if supports else None
    return {
        "citation_precision": scores.precision,
        "citation_recall": scores.recall,
        "unsupported_said": unsupported_said(sentences, gold, case.answers),
        "unsupported": unsupported_rate(
            [each.verdict != "unsupported" for each in answer.sentences]
        ),
        "support": support,
        "confidence": support,
    }


def _measured(answer: Answer) -> Numbers:
    """Times and tokens. A question that was refused before the model was asked has no tokens."""
    timings, usage = answer.timings, answer.usage
    asked = usage.llm_calls > 0
    return {
        "total_seconds": timings.total_seconds,
        "extract_seconds": timings.extract_seconds,
        "first_token_seconds": timings.first_token_seconds,
        "retrieve_seconds": timings.retrieve_seconds,
        "prompt_tokens": usage.prompt_tokens if asked else None,
        "completion_tokens": usage.completion_tokens if asked else None,
        "calls": usage.llm_calls,
    }


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
    text = said(answer)
    found = [f"must not say {words}" for words in case.must_not_say if states(text, words)]
    found += [
        f"not in the article word for word: “{each.quote}”"
        for each in shown_quotes(answer)
        if not is_verbatim(each)
    ]
    cited = [inside(folder, each.article_path) for each in answer.citations]
    if cited_article_right(cited, case.evidence_articles) is False:
        found.append("the first citation leads to an article that doesn't have the answer")
    if is_refused(answer):
        return found + ["refused, though the articles have the answer"] * case.is_answerable
    if not case.is_answerable:
        return [*found, "answered, though the articles don't have the answer"]
    missing = missing_facts(text, case.answers)
    return found + [f"doesn't say {' or '.join(map(str, fact))}" for fact in missing]


def plain_text(answer: Answer) -> str:
    """What the answer shows, without the marks of its citations."""
    return said(answer) or answer.text


def said(answer: Answer) -> str:
    """What the answer says about the question: of a refusal, nothing."""
    return " ".join(sentence.text for sentence in answer.sentences)


def is_refused(answer: Answer) -> bool:
    """Whether the answer is that the articles don't say."""
    return answer.status == "abstained"


def shown_quotes(answer: Answer) -> tuple[Citation, ...]:
    """Every quotation that a reader sees: the citations' and the extract's."""
    extract = (answer.extract.citation,) if answer.extract else ()
    return (*answer.citations, *extract)


def is_verbatim(citation: Citation) -> bool:
    """Whether the words stand in the file as it is now, where the citation says."""
    try:
        text = read_verbatim(Path(citation.article_path))
    except (OSError, UnicodeDecodeError):
        return False
    return quote_is_valid(text, start=citation.start, end=citation.end, quote=citation.quote)


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
