"""Refusals: is "not in the articles" said where it should be, and only there?"""

from collections.abc import Sequence
from dataclasses import dataclass

from evals.metrics.share import Share


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a question could be answered from the articles, and whether it was refused."""

    answerable: bool
    refused: bool


def refusal_precision(decisions: Sequence[Decision]) -> Share:
    """Of the questions refused, those that could not be answered."""
    refused = [each for each in decisions if each.refused]
    return Share(sum(not each.answerable for each in refused), len(refused))


def refusal_recall(decisions: Sequence[Decision]) -> Share:
    """Of the questions that could not be answered, those refused."""
    unanswerable = [each for each in decisions if not each.answerable]
    return Share(sum(each.refused for each in unanswerable), len(unanswerable))


def false_refusal_rate(decisions: Sequence[Decision]) -> Share:
    """Of the questions that could be answered, those refused."""
    answerable = [each for each in decisions if each.answerable]
    return Share(sum(each.refused for each in answerable), len(answerable))
