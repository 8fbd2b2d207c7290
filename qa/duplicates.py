"""Near-duplicates among ranked passages: one stands for all, the rest are counted.

Reprints differ in a word or two. A passage that gives another number or name in the same words is
no duplicate but a version of its own, and is kept.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from index.duplicates import Wording, repeats

if TYPE_CHECKING:
    from qa.retrieve import RankedPassage


def group_duplicates(passages: "Sequence[RankedPassage]") -> "tuple[RankedPassage, ...]":
    """The passages without those that repeat a better one, which names their ids."""
    kept: list[tuple[RankedPassage, Wording]] = []
    for ranked in passages:
        wording = Wording.of(ranked.passage.text)
        for index, (better, its_wording) in enumerate(kept):
            if repeats(wording, its_wording):
                ids = (*better.duplicates, ranked.passage.id)
                kept[index] = (replace(better, duplicates=ids), its_wording)
                break
        else:
            kept.append((ranked, wording))
    return tuple(ranked for ranked, _ in kept)
