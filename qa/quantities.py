"""The values of a text: measures, money, shares, counts, times of day and dates.

A value is a set of intervals in one unit a dimension, as wide as its spelling leaves open:
"about 40 km", "hundreds", "Friday". Two values are the same where they overlap.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from index.lexical import terms
from qa.datetimes import find_dates
from qa.facts import CURRENCY, scan_numbers
from qa.units import MEASURES, MONEY, MONEY_SIGNS

Interval = tuple[float, float]
FAHRENHEIT = re.compile(r"\s*(?:°\s*F\b|degrees Fahrenheit\b)")
SPEED = re.compile(
    r"\s*(?:(km|kilomet(?:re|er)s?|miles?|met(?:re|er)s?)\s*(?:an?|per)\s(hour|second)\b)", re.I
)
UNIT = re.compile(r"[\s-]*(km/h|m/s|°\s?[CF]|%|per\s+cent\b|[a-z]+\b)", re.I)
MILLIONS = re.compile(r"m\b")
RATE = re.compile(
    r"(?:\s+\w+)?\W*(?:an?|per|each|every)\s+(?P<period>day|week|month|year|hour|night)\b"
    r"(?!\s+(?:earlier|before|ago|later))",
    re.I,
)
_SIGN = r"(?:US)?[$£€]?\s*$"
ABOUT = re.compile(
    r"(?:\b(?:about|around|some|roughly|approximately|approx|circa|nearly|almost|close to|"
    r"just under|just over|estimated(?: at)?|up to|as many as|as much as|perhaps|barely|only just)"
    rf"\s*|~){_SIGN}",
    re.I,
)
AT_LEAST = re.compile(
    rf"\b(?:more than|over|at least|upwards of|above|exceed(?:s|ed|ing)?)\s*(?:a )?{_SIGN}", re.I
)
AT_MOST = re.compile(rf"\b(?:fewer than|less than|under|below|at most)\s*{_SIGN}", re.I)
PART_OF_NAME = re.compile(r"[A-Za-z][-‑/]$")  # RV-9, KX-114
# What a number of this kind leaves open; `facts` gives them odd values so that none is exact.
VAGUE: dict[str, Interval] = {
    "dozens": (20, 100),
    "hundreds": (100, 1000),
    "thousands": (1000, 100000),
    "tens of thousands": (10000, 100000),
    "hundreds of thousands": (100000, 1e6),
    "millions": (1e6, 1e8),
}
FEW = re.compile(r"\b(?:a )?(?P<word>few|couple of|several|handful of)\s+(?=[a-z])", re.I)
FEW_VALUES: dict[str, Interval] = {
    "few": (2, 9), "couple of": (2, 3), "several": (3, 12), "handful of": (3, 9),
}  # fmt: skip
# Round figures this close are taken for one figure rounded: 4,000 and 3,980.
ROUND_SHARE = 0.02
# What is many times as large isn't another figure for the same thing.
LARGEST_RATIO = 8
DAYS_OF_MONTH = 32
# After these stands what was before, or what something is held against.
EARLIER = re.compile(
    r"\b(?:from|than|not|against|(?:compared )?(?:with|to) the previous)\s+"
    rf"(?:the\s+|about\s+|an?\s+(?:earlier|original|initial)\s+)?{_SIGN}",
    re.I,
)
EARLIER_AFTER = re.compile(
    r"\s*[^,;.]{0,25}?\b(?:(?:a|the) (?:year|month|week) (?:earlier|before|ago)"
    r"|in the (?:same|previous) )",
    re.I,
)


THING_END = re.compile(r"\b(?:who|that|which|were|was|are|is|in|on|had|have|has|by|and)\b")


@dataclass(frozen=True, slots=True)
class Value:
    """A value as `text[start:end]` states it.

    `intervals` are what it may be, in the dimension's unit; `rounded` what it may be if it is a
    round figure. `things` are the stems of what is counted. `is_earlier` marks a figure that the
    text names only to say what changed ("up from 12", "not 12").
    """

    dimension: str
    intervals: tuple[Interval, ...]
    rounded: Interval
    unit: str
    start: int
    end: int
    text: str
    things: frozenset[str] = frozenset()
    is_hedged: bool = False
    is_earlier: bool = False

    def same_as(self, other: "Value") -> bool:
        """Whether both can be the same value, in whatever unit and rounding."""
        if self.dimension != other.dimension:
            return False
        if any(_overlap(one, two) for one in self.intervals for two in other.intervals):
            return True
        if self.dimension in ("date", "time"):
            return False
        loose = self.is_hedged or other.is_hedged or self.unit != other.unit
        if not loose:
            one, two = self.intervals[0][0], other.intervals[0][0]
            loose = abs(one - two) <= ROUND_SHARE * max(abs(one), abs(two))
        return (
            loose
            and _overlap(self.rounded, other.rounded)
            and (
                _overlap(self.rounded, other.intervals[0])
                or _overlap(self.intervals[0], other.rounded)
            )
        )

    def comparable_to(self, other: "Value") -> bool:
        """Whether two different values can be for one thing: of a kind, and of a size."""
        if self.dimension != other.dimension:
            return False
        if self.dimension == "date":
            return self._grain() == other._grain()
        if self.dimension in ("time", "temperature", "percent"):
            return True
        (low, high), (its_low, its_high) = self.intervals[0], other.intervals[0]
        return high * LARGEST_RATIO >= its_low and its_high * LARGEST_RATIO >= low

    def _grain(self) -> str:
        """A weekday, a day of a month, a month or a year."""
        if len(self.intervals) > 1:
            return "weekday"
        low, high = self.intervals[0]
        return "day" if high == low else "month" if high - low < DAYS_OF_MONTH else "year"


@lru_cache(maxsize=8192)
def find_values(text: str, published: date | None = None) -> tuple[Value, ...]:
    """The values of a text, in their order; a weekday is counted from `published`."""
    dated = [
        Value(each.dimension, each.intervals, each.intervals[0], "", each.start, each.end,
              text[each.start : each.end], is_earlier=_is_earlier(text, each.start, each.end))
        for each in find_dates(text, published)
    ]  # fmt: skip
    masked = text
    for each in dated:
        masked = masked[: each.start] + "·" * (each.end - each.start) + masked[each.end :]
    found = [*dated, *_numbers(masked, text), *_few(masked)]
    return tuple(_without_conversions(sorted(found, key=lambda each: each.start), text))


def _numbers(masked: str, text: str) -> Iterator[Value]:
    for start, end, number in scan_numbers(masked):
        if PART_OF_NAME.search(text, 0, start):
            continue
        sign = CURRENCY.search(text, 0, start)
        millions = MILLIONS.match(text, end) if sign else None
        factor = 1e6 if millions else 1.0
        tail = millions.end() if millions else end
        dimension, unit, size, stop = _unit(text, tail, sign.group(1) if sign else None)
        first = sign.start() if sign else start
        vague = VAGUE.get(number.text.casefold())
        exact = vague or _as_written(text[start:], number.value * factor)
        rounded = vague or _as_rounded(number.value * factor)
        exact, rounded, is_hedged = _hedged(text[:first], exact, rounded)
        rate = RATE.match(text, stop)
        if rate and dimension not in ("duration", "speed"):
            dimension += f"/{rate.group('period').casefold()}"
        yield Value(
            dimension=dimension,
            intervals=(_converted(exact, unit, size),),
            rounded=_converted(rounded, unit, size),
            unit=unit,
            start=first,
            end=stop,
            text=text[first:stop],
            things=_things(text, stop, dimension),
            is_hedged=is_hedged or vague is not None,
            is_earlier=_is_earlier(text, first, stop),
        )


def _hedged(before: str, exact: Interval, rounded: Interval) -> tuple[Interval, Interval, bool]:
    """What "about", "more than" or "under" before a number leave open."""
    if AT_LEAST.search(before):
        return (exact[0], 2 * exact[1]), (rounded[0], 2 * exact[1]), True
    if AT_MOST.search(before):
        return (exact[0] / 2, exact[1]), (exact[0] / 2, rounded[1]), True
    return exact, rounded, ABOUT.search(before) is not None


def _few(text: str) -> Iterator[Value]:
    for match in FEW.finditer(text):
        dimension, unit, size, end = _unit(text, match.end(), None)
        if end == match.end():
            end = match.end("word")
        span = _converted(FEW_VALUES[match.group("word").casefold()], unit, size)
        yield Value(
            dimension=dimension,
            intervals=(span,),
            rounded=span,
            unit=unit,
            start=match.start(),
            end=end,
            text=text[match.start() : end].strip(),
            things=_things(text, end, dimension),
            is_hedged=True,
        )


def _unit(text: str, position: int, sign: str | None) -> tuple[str, str, float, int]:
    """Dimension, unit, its size, and where the value with its unit ends."""
    if sign:
        return f"money {MONEY_SIGNS[sign]}", MONEY_SIGNS[sign], 1.0, position
    speed = SPEED.match(text, position)
    if speed:
        size = MEASURES[speed.group(1).casefold()][1] / MEASURES[speed.group(2).casefold()][1]
        return "speed", speed.group().casefold(), size, speed.end()
    if fahrenheit := FAHRENHEIT.match(text, position):
        return "temperature", "°f", 1.0, fahrenheit.end()
    match = UNIT.match(text, position)
    word = "".join(match.group(1).split()).casefold() if match else ""
    word = "percent" if word in ("%", "percent", "percentage") else word
    if match and word in MEASURES:
        dimension, size = MEASURES[word]
        return dimension, word, size, match.end()
    if match and word in MONEY:
        return f"money {MONEY[word]}", MONEY[word], 1.0, match.end()
    return "count", "", 1.0, position


def _as_written(text: str, value: float) -> Interval:
    """What the number may be, judged by its decimals: 4.6 is 4.55 to 4.65."""
    decimals = re.match(r"[\d,]+\.(\d+)", text)
    if decimals is None:
        return value, value
    shown = float(decimals.group().replace(",", ""))
    half = 0.5 * 10.0 ** -len(decimals.group(1)) * (value / shown if shown else 1)
    return value - half, value + half


def _as_rounded(value: float) -> Interval:
    """What the number may be if the noughts at its end come from rounding."""
    step = 1.0
    while value and value % (step * 10) == 0:
        step *= 10
    return value - step / 2, value + step / 2


def _converted(interval: Interval, unit: str, size: float) -> Interval:
    """In the dimension's own unit."""
    if unit == "°f":
        return (interval[0] - 32) / 1.8, (interval[1] - 32) / 1.8
    return interval[0] * size, interval[1] * size


def _things(text: str, position: int, dimension: str) -> frozenset[str]:
    """The stems of the words after a number: what it counts."""
    if not dimension.startswith("count"):
        return frozenset()
    after = re.match(r"(?:\s+of)?((?:[\s-]+[\w’'-]+){0,4})", text[position:])
    words = THING_END.split(after.group(1) if after else "")
    return frozenset(terms(words[0]))


def _is_earlier(text: str, start: int, end: int) -> bool:
    return EARLIER.search(text, 0, start) is not None or EARLIER_AFTER.match(text, end) is not None


def _without_conversions(values: list[Value], text: str) -> Iterator[Value]:
    """The values; one in brackets behind its like is the same in another unit: 5 km (3 miles)."""
    kept: Value | None = None
    for value in values:
        if kept and value.start < kept.end:
            continue
        between = text[kept.end : value.start] if kept else ""
        if (
            kept
            and kept.dimension == value.dimension
            and kept.unit != value.unit
            and between.strip() in ("(", "or", ", or")
        ):
            close = value.end + (text[value.end : value.end + 1] == ")")
            kept = replace(kept, end=close, text=text[kept.start : close])
            continue
        if kept:
            yield kept
        kept = value
    if kept:
        yield kept


def _overlap(one: Interval, other: Interval) -> bool:
    margin = 1e-9 * max(1.0, abs(one[0]), abs(other[0]))
    return one[0] <= other[1] + margin and other[0] <= one[1] + margin
