"""Other spellings of a question's words, as the articles have them."""

import random
import string
from difflib import SequenceMatcher

import pytest

from index.lexical import stem
from qa.spelling import LEAST_LIKE, MOST_LONGER, Speller, _Likeness

COMMON = frozenset({"judge", "judges", "trial", "million", "harbour", "verdict", "police"})
NAMES = frozenset(
    {"gareth", "mullion", "talbisa", "talbiseh", "hezbollah", "hizbullah", "austria", "homs"}
)


@pytest.fixture
def speller() -> Speller:
    words = COMMON | NAMES
    return Speller(words, COMMON, {stem(word) for word in words})


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Who was the jugde of Garreth Mulion?", "Who was the judge of Gareth Mullion?"),
        ("Which vredict came?", "Which verdict came?"),
        ("Which harbor was it?", "Which harbour was it?"),
        # What an article has is left alone, and so are plurals of it.
        ("Did Gareth see the judge in Homs?", "Did Gareth see the judge in Homs?"),
        ("Did harbours matter?", "Did harbours matter?"),
        ("Doesn't Garret's judge judg?", "Doesn't Gareth's judge judg?"),
        ("Iggnore the MULION of Homs.", "Iggnore the MULION of Homs."),
        ("Were the judgments his?", "Were the judgments his?"),
        # Another word isn't a slip of this one, nor is a short one.
        ("Was it a policy, a verdikt or a mill?", "Was it a policy, a verdikt or a mill?"),
        ("Where is Homm?", "Where is Homm?"),
        ("Is Gaddafi there with 12,345?", "Is Gaddafi there with 12,345?"),
        ("", ""),
    ],
)
def test_corrected(speller: Speller, question: str, expected: str) -> None:
    assert speller.corrected(question) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Who holds Talbiseh?", "talbisa"),
        ("Who holds Talbisa?", "talbiseh"),
        ("Is Hezbollah there?", ""),  # too far apart: Gareth, Garrett would be as near
        ("Was it Hezbullah?", "hezbollah hizbullah"),
        ("Is it an Austrian?", ""),
        ("Is Austria far?", ""),
        ("Is it a million?", ""),
        ("Did Judge Mullion speak?", ""),  # "million" is no name
    ],
)
def test_variants(speller: Speller, question: str, expected: str) -> None:
    assert speller.variants(question) == expected


def most_alike(word: str, words: list[str]) -> tuple[str | None, float]:
    """What `_Likeness.best` gives, by comparing with every word."""
    best, likeness = None, 0.0
    for other in sorted(words):
        near = other[0] == word[0] and abs(len(other) - len(word)) <= MOST_LONGER
        ratio = SequenceMatcher(None, other, word, autojunk=False).ratio() if near else 0.0
        if ratio > likeness:
            best, likeness = other, ratio
    return (best, likeness) if likeness >= LEAST_LIKE else (None, 0.0)


@pytest.mark.parametrize("letters", ["ab", "abcde", string.ascii_lowercase, "abéżдж"])
def test_the_most_alike_is_found_as_if_every_word_were_compared(letters: str) -> None:
    drawn = random.Random(7)
    words = ["".join(drawn.choices(letters, k=drawn.randint(5, 11))) for _ in range(400)]
    likeness = _Likeness(set(words))
    found = 0
    for word in words[:60]:
        asked = list(word)
        asked[drawn.randrange(len(asked))] = drawn.choice(letters)
        expected = most_alike("".join(asked), list(set(words)))
        assert likeness.best("".join(asked)) == expected
        found += expected[0] is not None
    assert found > 20


def test_no_words_no_correction() -> None:
    assert Speller(frozenset(), frozenset(), frozenset()).corrected("Who is Garret?") == (
        "Who is Garret?"
    )
