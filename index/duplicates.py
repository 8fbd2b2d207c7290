"""Near-duplicates: reprints of one report, found by their MinHash signatures.

A wire story in five papers is one source. Texts that may resemble each other are found by bands
of their signatures (Leskovec, Rajaraman & Ullman, "Mining of massive datasets", chapter 3), and
are one cluster where their runs of words resemble indeed (Broder 1997).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache, cached_property
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
# Of so many permutations a pair that resembles by 0.7 agrees in 21 on average, in fewer than this
# with a probability of 0.001.
LEAST_AGREEING = 13
SCHEME, SEED = "affine32", 1
# Odd numbers of 64 bits, whose products with the rows of a band are added up to one.
MIXERS = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], dtype=np.uint64)
# It begins with one set of letters, for which a text is scanned fast.
FACT = re.compile(r"[A-ZÀ-ÖØ-ÞΑ-ΩА-Я\d]\w*(?:[.,]\d+)*")

Signatures = NDArray[np.uint32]
Shingles = frozenset[tuple[str, ...]]


class Wording:
    """A text's runs of words, and its numbers and capitals; each is read when it is asked for."""

    def __init__(self, text: str) -> None:
        """Nothing is read yet."""
        self._text = text

    @cached_property
    def shingles(self) -> Shingles:
        """The runs of words; of fewer words than a run has, all of them."""
        words = [word.casefold() for word in WORD.findall(self._text)]
        last = max(1, len(words) - SHINGLE_WORDS + 1)
        return frozenset(tuple(words[at : at + SHINGLE_WORDS]) for at in range(last))

    @cached_property
    def facts(self) -> frozenset[str]:
        """The numbers, and words from a capital on, in lower case."""
        return frozenset("\n".join(FACT.findall(self._text)).casefold().split("\n"))


class Bands:
    """Looks up which texts may nearly be a given one, however many there are."""

    def __init__(self, signatures: Signatures) -> None:
        """`signatures` of the texts, shape (texts, PERMUTATIONS)."""
        self._signatures = signatures
        keys = _band_keys(signatures)
        self._order = np.argsort(keys, axis=1, kind="stable").astype(np.int32)
        # Where the texts that agree with each text in a band stand in that band's order.
        self._first, self._count = np.zeros((2, *keys.shape), dtype=np.int32)
        for band, order in enumerate(self._order):
            _, first, group, count = np.unique(
                keys[band][order], return_index=True, return_inverse=True, return_counts=True
            )
            self._first[band, order], self._count[band, order] = first[group], count[group]

    def near(self, position: int) -> NDArray[np.int32]:
        """Positions of the other texts that probably resemble this one, in order."""
        bands = np.flatnonzero(self._count[:, position] > 1)
        if not len(bands):
            return np.zeros(0, dtype=np.int32)
        firsts, counts = self._first[bands, position], self._count[bands, position]
        places = zip(bands, firsts, firsts + counts, strict=True)
        found = np.unique(np.concatenate([self._order[band, a:b] for band, a, b in places]))
        others = found[found != position]
        agreeing = (self._signatures[others] == self._signatures[position]).sum(axis=1)
        likely: NDArray[np.int32] = others[agreeing >= LEAST_AGREEING]
        return likely


def sign(texts: Sequence[str]) -> Signatures:
    """The MinHash signature of each text, shape (texts, PERMUTATIONS)."""
    signed = np.zeros((len(texts), PERMUTATIONS), dtype=np.uint32)
    for row, text in enumerate(texts):
        minhash = _empty().copy()
        minhash.update_batch([" ".join(each).encode() for each in Wording(text).shingles])
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
            if other > first and same(Wording(texts[first]), Wording(texts[other])):
                first_of[other] = first
    return np.array([_first(first_of, position) for position in range(len(texts))], dtype=np.intp)


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
