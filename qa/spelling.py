"""Other spellings of a question's words, taken from the articles. For searching, never shown."""

import re
from bisect import bisect_left
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from difflib import SequenceMatcher
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from index.lexical import STOP_WORDS, stem

# Likeness (difflib's ratio) from which a name is taken for another spelling of one.
SAME_NAME = 0.8
# Shorter words have too many neighbours that are other words.
SHORTEST, SHORTEST_VARIANT, SHORTEST_SLIP = 5, 7, 6
MOST_VARIANTS = 3
MOST_LONGER = 2  # letters
# A slip of one letter in five leaves more in common than this.
LEAST_LIKE = 0.7
LETTERS = 32
# Not the beginning of "doesn't", nor the end of "organ's".
WRITTEN = re.compile(r"(?<![\w'’])[^\W\d_]+(?!\w|['’]t\b)")
SENTENCE_START = re.compile(r"(?:^|[.!?:]\s)\W*$")


class Speller:
    """Knows the words of the articles."""

    def __init__(
        self, words: AbstractSet[str], common_words: AbstractSet[str], stems: AbstractSet[str]
    ) -> None:
        """`words` are lower-cased; `common_words` are those that aren't only names.

        `stems` are those of the words.
        """
        self._stems = stems
        self._common = common_words
        self._words = words

    def corrected(self, question: str) -> str:
        """The question with each word that no article has put as the articles spell it, if they do.

        Words that some article has, in whatever inflection, are left as they are.
        """
        return WRITTEN.sub(lambda found: self._nearest(found) or found.group(), question)

    def variants(self, question: str) -> str:
        """Other spellings of the question's names that the articles use as well: Talbiseh, Talbisa.

        Names of the same consonants that are alike besides.
        """
        found: list[str] = []
        for written in WRITTEN.findall(question):
            word = written.casefold()
            if written[0].isupper() and word not in self._common:
                same = self._by_sound.get(_consonants(word), ())
                found += [each for each in same if _is_spelling(word, each)][:MOST_VARIANTS]
        return " ".join(dict.fromkeys(found))

    def _nearest(self, found: re.Match[str]) -> str | None:
        written = found.group()
        word = written.casefold()
        known = word in STOP_WORDS or stem(word) in self._stems
        if known or len(word) < SHORTEST or written.isupper():
            return None
        best, likeness = self._likeness.best(word)
        if best is None:
            return None
        is_name = written[0].isupper() and not SENTENCE_START.search(found.string[: found.start()])
        if is_name:
            alike = likeness >= SAME_NAME and best not in self._common
            return best.capitalize() if alike and not _is_ending(word, best) else None
        return best if _is_slip(word, best) else None

    @cached_property
    def _likeness(self) -> "_Likeness":
        return _Likeness(word for word in self._words if len(word) >= SHORTEST and word.isalpha())

    @cached_property
    def _by_sound(self) -> dict[str, list[str]]:
        names = self._words - self._common
        found: dict[str, list[str]] = {}
        for word in sorted(each for each in names if len(each) >= SHORTEST_VARIANT):
            if word.isalpha():
                found.setdefault(_consonants(word), []).append(word)
        return found


class _Likeness:
    """Finds the word that is most like another, among hundreds of thousands in milliseconds.

    Letters in common bound difflib's ratio from above; they are counted for all words at once, and
    words are compared from the highest bound on until no other can be better.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._words = sorted(words)
        self._lengths = np.array([len(word) for word in self._words], dtype=np.int64)
        # Letters of other alphabets share a place with others: the bound is only higher.
        letters = np.frombuffer("".join(self._words).encode("utf-32-le"), dtype=np.uint32) % LETTERS
        rows = np.repeat(np.arange(len(self._words)), self._lengths)
        counts = np.bincount(rows * LETTERS + letters, minlength=len(self._words) * LETTERS)
        self._letters = np.minimum(counts, 255).astype(np.uint8).reshape(-1, LETTERS)

    def best(self, word: str) -> tuple[str | None, float]:
        """The most like of those with the same first letter and about as long, and its ratio.

        The first in order of those that are equally like; None below LEAST_LIKE.
        """
        first, last = (bisect_left(self._words, each) for each in (word[0], chr(ord(word[0]) + 1)))
        bounds = self._bounds(word, slice(first, last))
        matcher = SequenceMatcher(b=word, autojunk=False)
        best, likeness = None, 0.0
        for place in np.argsort(-bounds, kind="stable"):
            if bounds[place] < max(likeness, LEAST_LIKE):
                break
            other = self._words[first + int(place)]
            matcher.set_seq1(other)
            ratio = matcher.ratio()
            if ratio >= LEAST_LIKE and (best is None or (-ratio, other) < (-likeness, best)):
                best, likeness = other, ratio
        return best, likeness

    def _bounds(self, word: str, rows: slice) -> NDArray[np.float64]:
        """The most that difflib's ratio can be; 0 for words that are much shorter or longer."""
        own = np.bincount([ord(letter) % LETTERS for letter in word], minlength=LETTERS)
        shared = np.minimum(self._letters[rows], own).sum(axis=1)
        lengths = self._lengths[rows]
        bounds = 2.0 * shared / (lengths + len(word))
        return np.where(np.abs(lengths - len(word)) <= MOST_LONGER, bounds, 0.0)


def _is_slip(word: str, other: str) -> bool:
    """A letter more or less, or two that changed places: most slips of Damerau (1964).

    Another letter makes another word too often (policy, police), another ending another form.
    """
    start = 0
    while start < min(len(word), len(other)) and word[start] == other[start]:
        start += 1
    first, second = word[start:], other[start:]
    if first[:2] == second[:2][::-1] and first[2:] == second[2:]:
        return True
    one_more = first[1:] == second or first == second[1:]
    return one_more and word[-1] == other[-1] and len(other) >= SHORTEST_SLIP


def _is_spelling(word: str, other: str) -> bool:
    """Whether two names of the same consonants are one."""
    if len(word) < SHORTEST_VARIANT or _is_ending(word, other):
        return False
    return SequenceMatcher(None, word, other, autojunk=False).ratio() >= SAME_NAME


def _is_ending(word: str, other: str) -> bool:
    """Whether one is the other with an ending: Israel, Israeli."""
    return word.startswith(other) or other.startswith(word)


def _consonants(word: str) -> str:
    """The word without vowels, h and doubled letters, but for its first letter."""
    rest = re.sub(r"[aeiouyh]", "", word[1:])
    return word[0] + re.sub(r"(.)\1+", r"\1", rest)
