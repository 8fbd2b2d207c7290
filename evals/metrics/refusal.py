"""Refusals: is "not in the articles" said where it should be, and only there?"""

from collections.abc import Sequence
from dataclasses import dataclass

from evals.metrics.detection import f1, precision, recall
from evals.metrics.share import Share


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a question could be answered from the articles, and whether it was refused."""

    answerable: bool
    refused: bool


def refusal_precision(decisions: Sequence[Decision]) -> Share:
    """Of the questions refused, those that could not be answered."""
    return precision(*_columns(decisions))


def refusal_recall(decisions: Sequence[Decision]) -> Share:
    """Of the questions that could not be answered, those refused."""
    return recall(*_columns(decisions))


def refusal_f1(decisions: Sequence[Decision]) -> float | None:
    """The harmonic mean of the two; None where all could be answered and none was refused."""
    return f1(*_columns(decisions))


def false_refusal_rate(decisions: Sequence[Decision]) -> Share:
    """Of the questions that could be answered, those refused."""
    answerable = [each for each in decisions if each.answerable]
    return Share(sum(each.refused for each in answerable), len(answerable))


def _columns(decisions: Sequence[Decision]) -> tuple[list[bool], list[bool]]:
    return [not each.answerable for each in decisions], [each.refused for each in decisions]
