"""Other spellings of a question's words, as the articles have them."""

import pytest

from qa.spelling import Speller

COMMON = frozenset({"judge", "judges", "trial", "million", "harbour", "verdict", "police"})
NAMES = frozenset(
    {"gareth", "mullion", "talbisa", "talbiseh", "hezbollah", "hizbullah", "austria", "homs"}
)


@pytest.fixture
def speller() -> Speller:
    return Speller(COMMON | NAMES, COMMON)


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
