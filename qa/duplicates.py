"""Near-duplicates among ranked passages: one stands for all, the rest are counted.

Reprints differ in a word or two. A passage that gives another number or name in the same words is
no duplicate but a version of its own, and is kept.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from index.lexical import WORD

if TYPE_CHECKING:
    from qa.retrieve import RankedPassage

SHINGLE_WORDS = 3
# Share of their shingles that two passages must have in common (Broder 1997, resemblance).
SAME = 0.7
FACT = re.compile(r"\d|[^\W\d_]*[A-Z]")


def group_duplicates(passages: "Sequence[RankedPassage]") -> "tuple[RankedPassage, ...]":
    """The passages without those that repeat a better one, which names their ids."""
    kept: list[tuple[RankedPassage, frozenset[tuple[str, ...]], frozenset[str]]] = []
    for ranked in passages:
        shingles, facts = _read(ranked.passage.text)
        for index, (better, others, its_facts) in enumerate(kept):
            if facts == its_facts and _resemblance(shingles, others) >= SAME:
                ids = (*better.duplicates, ranked.passage.id)
                kept[index] = (replace(better, duplicates=ids), others, its_facts)
                break
        else:
            kept.append((ranked, shingles, facts))
    return tuple(ranked for ranked, _, _ in kept)


def _read(text: str) -> tuple[frozenset[tuple[str, ...]], frozenset[str]]:
    """The runs of words of a text, and its numbers and capitalised words."""
    written = WORD.findall(text)
    words = [word.casefold() for word in written]
    last = max(1, len(words) - SHINGLE_WORDS + 1)
    shingles = frozenset(tuple(words[at : at + SHINGLE_WORDS]) for at in range(last))
    return shingles, frozenset(word.casefold() for word in written if FACT.match(word))


def _resemblance(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> float:
    return len(one & other) / len(one | other)
