"""Whether a text says something: an exact match of words, blind to how they are set.

Numbers are read as values, so that 46 km, 46 kilometres and forty-six kilometres are one.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from pydantic import ConfigDict

from qa.facts import UNITS, find_numbers

SINGLE_QUOTES = re.compile("[\u2018\u2019\u201a\u201b\u2032`]")
DOUBLE_QUOTES = re.compile("[\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb]")
DASHES = re.compile("[\u2010-\u2015\u2212]")
# 280,000 and 280 000 (a no-break or thin space) are 280000; "in 2014 100 people" stays as it is.
THOUSANDS = re.compile("(?<=\\d)[,\u00a0\u2009\u202f](?=\\d{3}(?!\\d))")


ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number that a text may state in any spelling, off by at most `tolerance`.

    Where `unit` is one that is measured in (km, percent, years), it must be said; what is counted
    (passengers) need not be, since the question names it.
    """

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    value: float
    unit: str = ""
    tolerance: float = 0.0

    def __str__(self) -> str:
        """As a reader would write it."""
        about = f" (± {self.tolerance:,g})" if self.tolerance else ""
        return f"{self.value:,.15g} {self.unit}".strip() + about


Alternative = str | Quantity
Fact = Sequence[Alternative]


def normalise(text: str) -> str:
    """The text with case, white space, quotes, dashes and thousands separators made alike."""
    text = THOUSANDS.sub("", text)
    text = SINGLE_QUOTES.sub("'", DOUBLE_QUOTES.sub('"', DASHES.sub("-", text)))
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def states(text: str, said: Alternative) -> bool:
    """Whether `text` has these words, whole: "5 km" is in neither "25 km" nor "46.5 km"."""
    if isinstance(said, Quantity):
        return _states_quantity(text, said)
    return bool(_pattern(said).search(normalise(text)))


def states_any(text: str, alternatives: Iterable[Alternative]) -> bool:
    """Whether `text` has one of the alternatives."""
    return any(states(text, alternative) for alternative in alternatives)


def _states_quantity(text: str, wanted: Quantity) -> bool:
    unit = UNITS.get(wanted.unit.casefold())
    return any(
        abs(number.value - wanted.value) <= wanted.tolerance + ROUNDING
        and (number.unit == unit or not wanted.unit)
        for number in find_numbers(text)
    )


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
