"""Fewer questions, each kind in its share, so that a score still stands for the whole set."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence

from evals.gold import GoldCase

SEED = 7


def take_stratified(
    cases: Sequence[GoldCase], *, most: int, seed: int = SEED
) -> tuple[GoldCase, ...]:
    """At most `most` cases drawn by `seed`, in the order of the set, each kind in its share.

    A larger sample has all the cases of a smaller one; a new case moves few others.
    """
    kept = {case.id for case in _in_drawn_order(cases, seed)[:most]}
    return tuple(case for case in cases if case.id in kept)


def _in_drawn_order(cases: Sequence[GoldCase], seed: int) -> list[GoldCase]:
    """The cases so that every beginning of the list has each kind in about its share."""
    by_kind: dict[str, list[GoldCase]] = defaultdict(list)
    for case in cases:
        by_kind[case.kind].append(case)
    placed: list[tuple[float, GoldCase]] = []
    for same in by_kind.values():
        drawn = sorted(same, key=lambda case: hashlib.sha256(f"{seed} {case.id}".encode()).digest())
        # The nth of N stands in the middle of the nth of N equal parts.
        placed += [((place + 0.5) / len(drawn), case) for place, case in enumerate(drawn)]
    return [case for _, case in sorted(placed, key=lambda each: each[0])]
