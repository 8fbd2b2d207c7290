"""Other spellings of a question's words, taken from the articles. For searching, never shown."""

import re
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from difflib import SequenceMatcher

from index.lexical import STOP_WORDS, stem

# Likeness (difflib's ratio) from which a name is taken for another spelling of one.
SAME_NAME = 0.8
# Shorter words have too many neighbours that are other words.
SHORTEST, SHORTEST_VARIANT, SHORTEST_SLIP = 5, 7, 6
MOST_VARIANTS = 3
# Not the beginning of "doesn't", nor the end of "organ's".
WRITTEN = re.compile(r"(?<![\w'’])[^\W\d_]+(?!\w|['’]t\b)")
SENTENCE_START = re.compile(r"(?:^|[.!?:]\s)\W*$")


class Speller:
    """Knows the words of the articles."""

    def __init__(self, words: AbstractSet[str], common_words: AbstractSet[str]) -> None:
        """`words` are lower-cased; `common_words` are those that aren't only names."""
        self._stems = {stem(word) for word in words}
        self._common = common_words
        self._by_start: dict[str, list[str]] = {}
        self._by_sound: dict[str, list[str]] = {}
        for word in sorted(words):
            if len(word) >= SHORTEST and word.isalpha():
                self._by_start.setdefault(word[0], []).append(word)
                if len(word) >= SHORTEST_VARIANT and word not in common_words:
                    self._by_sound.setdefault(_consonants(word), []).append(word)

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
        near = [each for each in self._by_start.get(word[0], ()) if abs(len(each) - len(word)) <= 2]
        best, likeness = _best(word, near)
        if best is None:
            return None
        is_name = written[0].isupper() and not SENTENCE_START.search(found.string[: found.start()])
        if is_name:
            alike = likeness >= SAME_NAME and best not in self._common
            return best.capitalize() if alike and not _is_ending(word, best) else None
        return best if _is_slip(word, best) else None


def _best(word: str, others: Iterable[str]) -> tuple[str | None, float]:
    matcher = SequenceMatcher(b=word, autojunk=False)
    best, likeness = None, 0.0
    for other in others:
        matcher.set_seq1(other)
        if matcher.real_quick_ratio() > likeness and matcher.quick_ratio() > likeness:
            ratio = matcher.ratio()
            if ratio > likeness:
                best, likeness = other, ratio
    return best, likeness


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
