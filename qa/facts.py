"""The parts of a text that can be checked: its numbers, names and quoted words.

Two texts state the same number when the values are equal, however they are written, and the
units, where both have one, are of one kind.
"""

import math
import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from index.characters import fold_invisible
from index.lexical import STOP_WORDS

SCALES = {
    "dozen": 12,
    "hundred": 1e2,
    "thousand": 1e3,
    "million": 1e6,
    "billion": 1e9,
    "trillion": 1e12,
}
SHORT_SCALES = {"k": 1e3, "mn": 1e6, "bn": 1e9, "tn": 1e12}  # "m" may be metres
ARTICLES = {"a": 1.0, "half a": 0.5}  # count only before a scale: "half a million"
SMALL_NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen twenty"
)
NUMBER_WORDS: dict[str, float] = {word: i for i, word in enumerate(SMALL_NUMBERS.split())} | {
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
    "dozens": 12.5,
    "hundreds": 100.5,
    "thousands": 1000.5,
    "tens of thousands": 10000.5,
    "hundreds of thousands": 100000.5,
    "millions": 1000000.5,
}
UNITS = {
    "km": "km",
    "kms": "km",
    "kilometre": "km",
    "kilometres": "km",
    "kilometer": "km",
    "kilometers": "km",
    "mile": "mile",
    "miles": "mile",
    "metre": "m",
    "metres": "m",
    "meter": "m",
    "meters": "m",
    "%": "percent",
    "percent": "percent",
    "per cent": "percent",
    "year": "year",
    "years": "year",
    "month": "month",
    "months": "month",
    "week": "week",
    "weeks": "week",
    "day": "day",
    "days": "day",
    "hour": "hour",
    "hours": "hour",
    "minute": "minute",
    "minutes": "minute",
}
_WORDS = "|".join(sorted(NUMBER_WORDS, key=len, reverse=True))
_SCALED = rf"(?:{'|'.join(SCALES)})\b"
_ONES = "|".join(SMALL_NUMBERS.split()[1:10])
NUMBER = re.compile(
    rf"(?<![\w.,])(?P<digits>\d{{1,2}}:\d\d(?!\d)|\d+(?:,\d+)*(?:\.\d+)?)(?:st|nd|rd|th)?"
    rf"|\b(?P<word>{_WORDS}|(?:half )?a(?=[\s-]+{_SCALED}))\b"
    rf"(?:(?<=ty)-(?P<ones>{_ONES})\b)?",
    re.I,
)
TAIL = re.compile(
    rf"(?P<short>(?:{'|'.join(SHORT_SCALES)})\b)?(?P<scales>(?:[\s-]*{_SCALED})*)"
    r"[\s-]*(?P<unit>%|per\s+cent\b|[a-z]+)?",
    re.I,
)
CURRENCY = re.compile(r"(US\$|[$£€])\s*$")
# A quotation that isn't closed goes on to the end; a straight mark after a word closes one.
QUOTED = re.compile(r"(?:“|(?<![\w.!?…])\")([^\"“”]{3,}?)(?:[\"”]|\Z)")
# A file or a host, as in "policy.pdf" or "gov.uk": quoted as it is, or not at all.
ADDRESS = re.compile(r"\b(?:[\w-]{2,}\.)+[a-z]{2,}\b")
NAME = re.compile(r"\b[A-Z][\w’'.-]*[\w]|\b[A-Z]\b")
SENTENCE_START = re.compile(r"(?:^|[.!?:]\s+|[\"“(]\s*|\n\s*)$")
POSSESSIVE = re.compile(r"[’']s?$")
# A possessive's ending, and those of "I'm", "he'd", "don't": neither is part of a name.
CONTRACTION = re.compile(r"(?:n[’']t|[’'](?:s|m|d|re|ve|ll)?)$")
# What requests begin with; no article need have these words for them to be no names.
OPENERS = frozenset(
    """compare define describe explain find give list name outline please show state summarise
    summarize tell""".split()  # noqa: SIM905 - reads worse as a list
)
NO_NAMES = STOP_WORDS | NUMBER_WORDS.keys() | {"ca", "wo"}
INITIALS = re.compile(r"\b(?:[a-z]\.)+[a-z]\b\.?")
# Endings that make a people's name of a country's: Iran-ian, Iraq-i, Turk-ish, Leban-ese.
OF_COUNTRY = re.compile(r"(?:n|an|ian|ean|i|ish|ese|ic)s?\Z")
CHANGED_LETTERS = 2
# Likeness (difflib's ratio) from which two spellings may be one name: Talbiseh, Talbisa.
SAME_NAME = 0.75
SHORTEST_RESEMBLING = 5


@dataclass(frozen=True, slots=True)
class Number:
    """A value and, where one is written, its unit. `text` is as it stands."""

    value: float
    unit: str | None
    text: str

    def agrees_with(self, other: "Number") -> bool:
        """Whether both can be the same number."""
        units_differ = self.unit is not None and other.unit is not None and self.unit != other.unit
        return math.isclose(self.value, other.value, rel_tol=1e-9) and not units_differ


@dataclass(frozen=True, slots=True)
class Facts:
    """The checkable parts of a sentence."""

    numbers: tuple[Number, ...]
    names: tuple[str, ...]
    quoted: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.numbers) + len(self.names) + len(self.quoted)


@lru_cache(maxsize=8192)
def find_numbers(text: str) -> tuple[Number, ...]:
    """The numbers of a text, in figures or words; "one" is left out, being mostly a pronoun."""
    return tuple(number for _, _, number in scan_numbers(fold_invisible(text)))


def scan_numbers(text: str) -> Iterator[tuple[int, int, Number]]:
    """The numbers that `find_numbers` gives, with their start and end in the text."""
    for match in NUMBER.finditer(text):
        scale, unit, end = _tail(text, match.end())
        if (match.group("word") or "").casefold() == "one" and scale == 1:
            continue
        if CURRENCY.search(text, 0, match.start()):
            unit = "money"
        yield match.start(), end, Number(_value(match) * scale, unit, text[match.start() : end])


def _value(match: re.Match[str]) -> float:
    if match.group("digits"):  # 13:15 as 13.15, which is how some write it
        return float(match.group("digits").replace(",", "").replace(":", "."))
    ones = NUMBER_WORDS[match.group("ones").casefold()] if match.group("ones") else 0
    return (NUMBER_WORDS | ARTICLES)[match.group("word").casefold()] + ones


def _tail(text: str, position: int) -> tuple[float, str | None, int]:
    """What the number that ends at `position` is multiplied by, its unit, and where it ends."""
    tail = TAIL.match(text, position)
    if tail is None:
        return 1, None, position
    factor = SHORT_SCALES.get((tail.group("short") or "").casefold(), 1.0)
    for scale in re.findall(r"[a-z]+", tail.group("scales").casefold()):
        factor *= SCALES[scale]
    unit = UNITS.get(" ".join((tail.group("unit") or "").casefold().split()))
    return factor, unit, tail.end("scales")


def find_names(text: str, common_words: AbstractSet[str] = frozenset()) -> tuple[str, ...]:
    """Capitalised words that are names, without their possessive ending.

    At the start of a sentence a capital says nothing: there a word counts as a name unless it
    is among `common_words` (those seen in lower case elsewhere) or a word like "the".
    """
    text = fold_invisible(text)
    names = []
    for match in NAME.finditer(text):
        name = CONTRACTION.sub("", match.group()).rstrip(".")
        lowered = name.casefold()
        starts = SENTENCE_START.search(text, 0, match.start()) is not None
        if lowered in NO_NAMES or (starts and (lowered in OPENERS or lowered in common_words)):
            continue
        names.append(name)
    return tuple(dict.fromkeys(names))


def find_facts(text: str, common_words: AbstractSet[str] = frozenset()) -> Facts:
    """All checkable parts of a sentence."""
    text = fold_invisible(text)
    quoted = [" ".join(match.split()) for match in QUOTED.findall(text)]
    return Facts(
        numbers=find_numbers(text),
        names=find_names(text, common_words),
        quoted=(*quoted, *ADDRESS.findall(text)),
    )


def states_number(number: Number, text: str) -> bool:
    """Whether `text` has this number."""
    return any(number.agrees_with(other) for other in find_numbers(text))


def states_name(name: str, text: str) -> bool:
    """Whether `text` has this name, as a whole word; accents and apostrophes may differ."""
    # No plural of a name in -a or -o: Hamas isn't several Hamas.
    pattern = rf"\b{re.escape(plain(name))}(?:(?<![ao])e?s)?\b"
    return re.search(pattern, plain(text)) is not None


def concerns_name(name: str, text: str) -> bool:
    """Whether `text` has this name or a word made from it: Russia, Russian."""
    if states_name(name, text):
        return True
    wanted = plain(name)
    return any(_same_root(wanted, plain(word)) for word in NAME.findall(fold_invisible(text)))


def resembles_name(name: str, text: str) -> bool:
    """Whether `text` has a name that may be this one, spelled otherwise: Karsund, Carsund."""
    wanted = plain(name)
    return any(
        len(wanted) >= SHORTEST_RESEMBLING
        and abs(len(wanted) - len(found)) <= 2
        and not (found.startswith(wanted) or wanted.startswith(found))  # Golan isn't Golani
        and SequenceMatcher(None, wanted, found).ratio() >= SAME_NAME
        for found in map(plain, NAME.findall(fold_invisible(text)))
    )


def _same_root(one: str, other: str) -> bool:
    shorter, longer = sorted((one, other), key=len)
    return any(
        len(root) >= 3 and longer.startswith(root) and OF_COUNTRY.match(longer[len(root) :])
        for cut in range(CHANGED_LETTERS + 1)
        if (root := shorter[: len(shorter) - cut])
    )


def states_quoted(words: str, text: str) -> bool:
    """Whether `text` has these words in this order."""
    return plain(words).rstrip(".,!?") in " ".join(plain(text).split())


@lru_cache(maxsize=8192)
def plain(text: str) -> str:
    """Lower case, straight apostrophes, hyphens as spaces, all visible: how texts are compared."""
    lowered = fold_invisible(text).casefold().replace("’", "'").replace("‘", "'").replace("‑", "-")
    lowered = INITIALS.sub(lambda match: match.group().replace(".", ""), lowered)
    return POSSESSIVE.sub("", lowered.replace("-", " ").replace("“", '"').replace("”", '"'))
