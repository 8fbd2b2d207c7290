"""Calibration: of the answers that say "80 % support", are eight in ten right?

After Guo et al., On Calibration of Modern Neural Networks (2017).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 10


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """The `n` answers whose support lies in `(low, high]`, in the first bin also at 0.

    `support` is their mean support, `correct` the share of them that are right.
    """

    low: float
    high: float
    n: int
    support: float
    correct: float


def reliability(
    support: Sequence[float], correct: Sequence[float], bins: int = BINS
) -> tuple[ReliabilityBin, ...]:
    """The points of the reliability curve, over bins of equal width; bins of no answers left out.

    Raises ValueError where a support isn't from 0 to 1.
    """
    edges = np.linspace(0, 1, bins + 1)
    counts, supports, corrects = _binned(support, correct, edges)
    return tuple(
        ReliabilityBin(
            low=float(edges[at]),
            high=float(edges[at + 1]),
            n=int(counts[at]),
            support=float(supports[at] / counts[at]),
            correct=float(corrects[at] / counts[at]),
        )
        for at in np.flatnonzero(counts)
    )


def calibration_error(
    support: Sequence[float], correct: Sequence[float], bins: int = BINS
) -> float | None:
    """ECE: the mean distance of support and share right over the bins, weighted by their answers.

    0 to 1, less is better. None where nothing was answered.
    """
    counts, supports, corrects = _binned(support, correct, np.linspace(0, 1, bins + 1))
    return float(np.abs(supports - corrects).sum() / counts.sum()) if counts.sum() else None


def _binned(
    support: Sequence[float], correct: Sequence[float], edges: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """How many answers each bin has, and the sums of their support and of the right ones."""
    shown, right = np.asarray(support, dtype=float), np.asarray(correct, dtype=float)
    if shown.shape != right.shape:
        raise ValueError(f"{shown.size} supports for {right.size} answers")
    if not np.all((shown >= 0) & (shown <= 1)):
        raise ValueError("a support must be from 0 to 1")
    bin_of = np.searchsorted(edges[1:-1], shown)
    size = len(edges) - 1
    counts = np.bincount(bin_of, minlength=size).astype(np.float64)
    supports = np.bincount(bin_of, weights=shown, minlength=size).astype(np.float64)
    corrects = np.bincount(bin_of, weights=right, minlength=size).astype(np.float64)
    return counts, supports, corrects
