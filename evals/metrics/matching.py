"""Whether a text says something: an exact match of words, blind to how they are set."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

SINGLE_QUOTES = re.compile("[\u2018\u2019\u201a\u201b\u2032`]")
DOUBLE_QUOTES = re.compile("[\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb]")
DASHES = re.compile("[\u2010-\u2015\u2212]")
# 280,000 and 280 000 (a no-break or thin space) are 280000; "in 2014 100 people" stays as it is.
THOUSANDS = re.compile("(?<=\\d)[,\u00a0\u2009\u202f](?=\\d{3}(?!\\d))")


def normalise(text: str) -> str:
    """The text with case, white space, quotes, dashes and thousands separators made alike."""
    text = THOUSANDS.sub("", text)
    text = SINGLE_QUOTES.sub("'", DOUBLE_QUOTES.sub('"', DASHES.sub("-", text)))
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def states(text: str, words: str) -> bool:
    """Whether `text` has `words`, whole: "5 km" is in neither "25 km" nor "46.5 km"."""
    return bool(_pattern(words).search(normalise(text)))


def states_any(text: str, alternatives: Iterable[str]) -> bool:
    """Whether `text` has one of the alternatives."""
    return any(states(text, alternative) for alternative in alternatives)


@lru_cache(maxsize=4096)
def _pattern(words: str) -> re.Pattern[str]:
    wanted = normalise(words)
    before = r"(?<!\w)" if re.match(r"\w", wanted) else ""
    after = r"(?!\w)" if re.search(r"\w\Z", wanted) else ""
    if re.match(r"\d", wanted):
        before += r"(?<!\d\.)"
    if re.search(r"\d\Z", wanted):
        after += r"(?!\.\d)"
    return re.compile(before + re.escape(wanted) + after)
