"""A run in numbers: the shares over all cases, and a row for each kind."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evals.gold import KINDS
from evals.metrics import (
    Decision,
    Share,
    false_refusal_rate,
    percentile,
    quote_validity,
    refusal_precision,
    refusal_recall,
)
from evals.runner import CaseResult


@dataclass(frozen=True, slots=True)
class Row:
    """Cases of one kind, or all. Failed cases count in `n` and as not right, nowhere else."""

    name: str
    n: int
    right: Share
    refused: int
    failed: int
    fact_recall: float | None
    median_seconds: float | None
    p95_seconds: float | None
    median_prompt_tokens: float | None


@dataclass(frozen=True, slots=True)
class Summary:
    """The measures of a run, by the names that the baseline uses, and the rows of its table."""

    measures: dict[str, Share]
    rows: tuple[Row, ...]
    whole: Row


def summarise(results: Sequence[CaseResult]) -> Summary:
    """The summary of these results."""
    rows = tuple(
        _row(kind, [each for each in results if each.case.kind == kind])
        for kind in KINDS
        if any(each.case.kind == kind for each in results)
    )
    return Summary(_measures(results), rows, _row("all", results))


def _measures(results: Sequence[CaseResult]) -> dict[str, Share]:
    decisions = [
        Decision(each.case.is_answerable, each.score.refused)
        for each in results
        if each.score.refused is not None
    ]
    return {
        "right": _share(each.score.right for each in results),
        "cited_article_right": _share(each.score.cited_article_right for each in results),
        "unanswerable_refused": refusal_recall(decisions),
        "refusal_precision": refusal_precision(decisions),
        "false_refusals": false_refusal_rate(decisions),
        "quotes_valid": quote_validity(
            [valid for each in results for valid in each.score.quotes_valid]
        ),
    }


def _share(outcomes: Iterable[bool | None]) -> Share:
    apply = [outcome for outcome in outcomes if outcome is not None]
    return Share(sum(apply), len(apply))


def _row(name: str, results: Sequence[CaseResult]) -> Row:
    answers = [each.answer for each in results if each.answer is not None]
    seconds = [
        answer.timings.total_seconds
        for answer in answers
        if answer.timings.total_seconds is not None
    ]
    # A question that was refused before the model was asked has no prompt.
    prompts = [answer.usage.prompt_tokens for answer in answers if answer.usage.llm_calls]
    recalls = [each.score.fact_recall for each in results if each.score.fact_recall is not None]
    return Row(
        name=name,
        n=len(results),
        right=_share(each.score.right for each in results),
        refused=sum(each.score.refused is True for each in results),
        failed=sum(each.failure is not None for each in results),
        fact_recall=sum(recalls) / len(recalls) if recalls else None,
        median_seconds=percentile(seconds, 0.5),
        p95_seconds=percentile(seconds, 0.95),
        median_prompt_tokens=percentile(prompts, 0.5),
    )
