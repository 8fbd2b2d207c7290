"""Short and long forms of a text, looked up among many."""

import random
import re
from collections.abc import Mapping

import pytest

from index.other_forms import OtherForms

ALIASES = {
    "SOHR": "Syrian Observatory for Human Rights",
    "UN": "United Nations",
    "AT&T": "American Telephone and Telegraph",
    "U.S": "United States",
    "A-B": "Alpha of Beta",
    "HTS": "Hayat Tahrir al-Sham",
    "Solo": "alone",
}


def one_by_one(text: str, aliases: Mapping[str, str]) -> str:
    """The same by holding every form against the text."""
    found = []
    for short, long in aliases.items():
        has_short = re.search(rf"\b{re.escape(short)}\b", text) is not None
        has_long = long.casefold() in text.casefold()
        if has_short != has_long:
            found.append(long if has_short else short)
    return " ".join(found)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("What did the SOHR say?", "Syrian Observatory for Human Rights"),
        ("The UN and AT&T met.", "United Nations American Telephone and Telegraph"),
        ("The United Nations' AT&T", "UN American Telephone and Telegraph"),
        ("the united statesman", "U.S"),
        ("HTS-led men", "Hayat Tahrir al-Sham"),
        ("HTSs and sohr", ""),
        ("the alpha of betas", "A-B"),
        ("the alpha off beta", ""),
        ("It was done alone.", "Solo"),
        ("", ""),
    ],
)
def test_other_forms(text: str, other: str) -> None:
    assert OtherForms(ALIASES).of(text) == other == one_by_one(text, ALIASES)


def test_every_text_gets_what_all_forms_would_give_it() -> None:
    drawn = random.Random(7)
    words = ["Ab", "abe", "of", "o", "Hale", "Harbour", "harbourmaster", "office", "HO", "H.O", "x"]
    aliases = {
        f"{drawn.choice('ABH')}{drawn.choice(('O', '.O', 'bO', '-B', 'ale'))}": " ".join(
            drawn.choices(words, k=drawn.randint(1, 4))
        )
        for _ in range(40)
    }
    forms = OtherForms(aliases)
    texts = [" ".join(drawn.choices([*words, *aliases], k=6)) for _ in range(300)]
    assert [forms.of(text) for text in texts] == [one_by_one(text, aliases) for text in texts]
    assert sum(bool(forms.of(text)) for text in texts) > 100


def test_of_no_aliases() -> None:
    assert OtherForms({}).of("The UN met.") == ""
