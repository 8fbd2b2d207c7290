"""Risk and coverage: if only the surest answers were given, how many of them would be wrong?

After Geifman and El-Yaniv, Selective Classification for Deep Neural Networks (2017).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class RiskPoint:
    """Of all answers the share `coverage` has a confidence of `threshold` or more.

    `risk` is the share of those that are wrong.
    """

    threshold: float
    coverage: float
    risk: float


def risk_coverage(confidence: Sequence[float], correct: Sequence[float]) -> tuple[RiskPoint, ...]:
    """The curve, surest first. Answers of the same confidence can't be told apart: one point."""
    points = zip(*_curve(confidence, correct), strict=True)
    return tuple(RiskPoint(*map(float, each)) for each in points)


def risk_coverage_area(confidence: Sequence[float], correct: Sequence[float]) -> float | None:
    """The area under the curve (AURC), 0 to 1, less is better; None where nothing was answered.

    Each point's risk holds for the coverage from the point before it to its own; without ties this
    is the mean of the risks. A confidence that says nothing has the share of wrong answers as its
    area, on average.
    """
    _, coverage, risk = _curve(confidence, correct)
    return float(np.sum(np.diff(coverage, prepend=0.0) * risk)) if coverage.size else None


def _curve(
    confidence: Sequence[float], correct: Sequence[float]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    sure, right = np.asarray(confidence, dtype=float), np.asarray(correct, dtype=float)
    if sure.shape != right.shape:
        raise ValueError(f"{sure.size} confidences for {right.size} answers")
    thresholds, group, sizes = np.unique(-sure, return_inverse=True, return_counts=True)
    covered = np.cumsum(sizes)
    wrong = np.cumsum(np.bincount(group, weights=1 - right, minlength=thresholds.size))
    return -thresholds, covered / max(sure.size, 1), wrong / covered
