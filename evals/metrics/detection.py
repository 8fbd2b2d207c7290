"""Precision, recall and F1 of saying that something is so (van Rijsbergen 1979).

`expected` has whether it is, `flagged` whether it was said, case by case.
"""

from collections.abc import Sequence

from evals.metrics.share import Share


def precision(expected: Sequence[bool], flagged: Sequence[bool]) -> Share:
    """Of the cases flagged, those where it was expected."""
    return Share(_both(expected, flagged), sum(map(bool, flagged)))


def recall(expected: Sequence[bool], flagged: Sequence[bool]) -> Share:
    """Of the cases where it was expected, those flagged."""
    return Share(_both(expected, flagged), sum(map(bool, expected)))


def f1(expected: Sequence[bool], flagged: Sequence[bool]) -> float | None:
    """The harmonic mean of precision and recall. None where nothing is expected or flagged."""
    total = sum(map(bool, expected)) + sum(map(bool, flagged))
    return 2 * _both(expected, flagged) / total if total else None


def _both(expected: Sequence[bool], flagged: Sequence[bool]) -> int:
    return sum(bool(a) and bool(b) for a, b in zip(expected, flagged, strict=True))
