"""Near-duplicates: reprints of one report, found by their MinHash signatures.

A wire story in five papers is one source. Texts that may resemble each other are found by bands
of their signatures (Leskovec, Rajaraman & Ullman, "Mining of massive datasets", chapter 3), and
are one cluster where their runs of words resemble indeed (Broder 1997).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from index.lexical import WORD

if TYPE_CHECKING:
    from datasketch import MinHash

SHINGLE_WORDS = 3
# Share of their shingles that two texts must have in common.
SAME = 0.7
# A pair that resembles by 0.7 meets in one of ten bands of three with a probability of 0.985, one
# of 0.2 with 0.08.
BANDS, ROWS = 10, 3
PERMUTATIONS = BANDS * ROWS
SCHEME, SEED = "affine32", 1
# Odd numbers of 64 bits, whose products with the rows of a band are added up to one.
MIXERS = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], dtype=np.uint64)
FACT = re.compile(r"\d|[^\W\d_]*[A-Z]")

Signatures = NDArray[np.uint32]
Shingles = frozenset[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Wording:
    """A text's runs of words, and its numbers and capitalised words."""

    shingles: Shingles
    facts: frozenset[str]

    @classmethod
    def of(cls, text: str) -> "Wording":
        """The wording of a text."""
        written = WORD.findall(text)
        facts = frozenset(word.casefold() for word in written if FACT.match(word))
        return cls(_shingles(written), facts)


class Bands:
    """Looks up which texts may nearly be a given one, however many there are."""

    def __init__(self, signatures: Signatures) -> None:
        """`signatures` of the texts, shape (texts, PERMUTATIONS)."""
        self._keys = _band_keys(signatures)
        self._order = np.argsort(self._keys, axis=1, kind="stable").astype(np.int32)
        self._sorted = np.take_along_axis(self._keys, self._order, axis=1)

    def near(self, position: int) -> NDArray[np.int32]:
        """Positions of the other texts that agree in a band with this one, in order."""
        found = []
        for keys, ordered, order in zip(self._keys, self._sorted, self._order, strict=True):
            first = ordered.searchsorted(keys[position], "left")
            found.append(order[first : ordered.searchsorted(keys[position], "right")])
        others: NDArray[np.int32] = np.unique(np.concatenate(found))
        rest: NDArray[np.int32] = others[others != position]
        return rest


def sign(texts: Sequence[str]) -> Signatures:
    """The MinHash signature of each text, shape (texts, PERMUTATIONS)."""
    signed = np.zeros((len(texts), PERMUTATIONS), dtype=np.uint32)
    for row, text in enumerate(texts):
        minhash = _empty().copy()
        minhash.update_batch([" ".join(each).encode() for each in _shingles(WORD.findall(text))])
        signed[row] = minhash.hashvalues
    return signed


def resembles(one: Wording, other: Wording) -> bool:
    """Whether two texts are nearly the same words."""
    shared, either = one.shingles & other.shingles, one.shingles | other.shingles
    return len(shared) >= SAME * len(either)


def repeats(one: Wording, other: Wording) -> bool:
    """Whether two texts are nearly the same words and give the same names and numbers.

    What gives another number in the same words is no duplicate but a version of its own.
    """
    return one.facts == other.facts and resembles(one, other)


def cluster(
    signatures: Signatures, texts: Sequence[str], same: Callable[[Wording, Wording], bool]
) -> NDArray[np.intp]:
    """For each text the position of the first one of its cluster, shape (texts,).

    `same` decides on the pairs that the signatures bring together.
    """
    first_of = np.arange(len(texts))
    for candidates in _candidates(signatures):
        first = _first(first_of, candidates[0])
        for candidate in candidates[1:]:
            other = _first(first_of, candidate)
            if other > first and same(Wording.of(texts[first]), Wording.of(texts[other])):
                first_of[other] = first
    return np.array([_first(first_of, position) for position in range(len(texts))], dtype=np.intp)


def _shingles(words: Sequence[str]) -> Shingles:
    """The runs of words; of fewer words than a run has, all of them."""
    folded = [word.casefold() for word in words]
    last = max(1, len(folded) - SHINGLE_WORDS + 1)
    return frozenset(tuple(folded[at : at + SHINGLE_WORDS]) for at in range(last))


def _first(first_of: NDArray[np.intp], position: int) -> int:
    while first_of[position] != position:
        position = int(first_of[position])
    return position


def _candidates(signatures: Signatures) -> Iterator[NDArray[np.intp]]:
    """Positions that agree in a band, in order, in groups of two or more."""
    for keys in _band_keys(signatures):
        order = np.argsort(keys, kind="stable")
        changes = np.flatnonzero(keys[order][1:] != keys[order][:-1]) + 1
        for group in np.split(order, changes):
            if len(group) > 1:
                yield group


def _band_keys(signatures: Signatures) -> NDArray[np.uint64]:
    """A number for what each text has in each band, shape (BANDS, texts).

    That two different ones come to the same number is rare, and costs a comparison.
    """
    rows = signatures.astype(np.uint64).reshape(-1, BANDS, ROWS)
    return np.ascontiguousarray((rows * MIXERS).sum(axis=2, dtype=np.uint64).T)


@cache
def _empty() -> "MinHash":
    from datasketch import MinHash  # noqa: PLC0415 - brings scipy, which only indexing needs

    return MinHash(num_perm=PERMUTATIONS, seed=SEED, scheme=SCHEME)
