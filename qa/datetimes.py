"""Dates and times of day in a text, as intervals of days or minutes that can be compared."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from qa.facts import NUMBER_WORDS

MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905 - reads worse as a list
)
WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday".split()  # noqa: SIM905 - reads worse as a list
_SHORT = "Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec"
_MONTH = rf"(?P<month>{'|'.join(MONTHS)}|(?:{_SHORT})\b\.?)"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?:,?\s+(?P<year>(?:1[89]|20)\d\d))?(?!\d)"
_WEEKDAY = rf"(?:(?P<weekday>{'|'.join(WEEKDAYS)}),?\s+(?:the\s+)?)?"
DAYS = (
    re.compile(rf"\b{_WEEKDAY}{_DAY}\s+(?:of\s+)?{_MONTH}\b{_YEAR}", re.I),
    re.compile(rf"\b{_WEEKDAY}{_MONTH}\s+{_DAY}\b(?!\s*%){_YEAR}", re.I),
    re.compile(r"\b(?P<year>(?:19|20)\d\d)-(?P<month>\d\d)-(?P<day>\d\d)\b"),
)
_BEFORE_MONTH = "in|since|until|by|from|of|during|last|next|late|early|mid|to"
IN_MONTH = re.compile(
    rf"\b(?:(?:{_BEFORE_MONTH})[\s-]+)(?P<span>{_MONTH}\b{_YEAR})"
    rf"|\b(?P<whole>(?:{'|'.join(MONTHS)})\s+(?P<its_year>(?:19|20)\d\d))\b"
)
YEAR = re.compile(
    r"(?<![\w.,$£€-])(?P<year>(?:1[6-9]|20)\d\d)(?![\w%°]|[.,]\d|\s+[a-z]+s\b|\s+[A-Z]+\d)"
)
WEEKDAY = re.compile(rf"\b(?P<weekday>{'|'.join(WEEKDAYS)})\b", re.I)
RELATIVE = re.compile(r"\b(?P<word>yesterday|today|tonight|tomorrow)\b", re.I)
AWAY = {"yesterday": -1, "today": 0, "tonight": 0, "tomorrow": 1}
_HALF = r"(?P<half>[ap])\.?\s?m\b\.?"
CLOCK = re.compile(
    rf"(?<![\w.:])(?P<hour>\d{{1,2}})(?:(?P<mark>[:.])(?P<minute>[0-5]\d))(?![\d:])"
    rf"(?:\s*{_HALF}|(?P<part>\s+(?:at night|in the (?:morning|afternoon|evening))))?"
    rf"|(?<![\w.:,])(?P<full>\d{{1,2}})\s*(?P<full_half>[ap])\.?\s?m\b\.?",
    re.I,
)
_HOURS = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
SPOKEN = re.compile(
    rf"\b(?:(?:a )?(?P<part>quarter|half|five|ten|twenty|twenty-five)(?: minutes)? "
    rf"(?P<side>past|to) (?P<hour>{_HOURS}|\d{{1,2}})\b"
    rf"|(?P<sharp>{_HOURS}|\d{{1,2}}) o[’']clock)"
    r"(?P<when> at night| in the (?:morning|afternoon|evening))?",
    re.I,
)
FIXED = re.compile(r"\b(?P<word>noon|midday|midnight)\b", re.I)
PARTS = {"quarter": 15, "half": 30, "five": 5, "ten": 10, "twenty": 20, "twenty-five": 25}
HALF_DAY = 720
ANY_YEAR = 2000  # for texts without a date: their days are then compared without a year


@dataclass(frozen=True, slots=True)
class Dated:
    """A date (days, as `date.toordinal` counts them) or a time of day (minutes)."""

    dimension: Literal["date", "time"]
    intervals: tuple[tuple[float, float], ...]
    start: int
    end: int


def find_dates(text: str, published: date | None) -> tuple[Dated, ...]:
    """Dates and times of a text; days without a year or date are those nearest `published`."""
    found: list[Dated] = []
    for scan in (_clock, _spoken, _days, _months, _weekdays, _years):
        for each in scan(text, published):
            if all(each.end <= other.start or each.start >= other.end for other in found):
                found.append(each)
    return tuple(sorted(found, key=lambda each: each.start))


def _clock(text: str, _published: date | None) -> Iterator[Dated]:
    for match in CLOCK.finditer(text):
        half = match.group("half") or match.group("full_half")
        part = (match.group("part") or "").casefold()
        hour = int(match.group("hour") or match.group("full"))
        if hour > 24 or (match.group("mark") == "." and not half and not part):
            continue
        late = (half or "").casefold() == "p" or (part != "" and "morning" not in part)
        if half or part:
            hour = hour % 12 + (12 if late else 0)
        yield _at(hour * 60 + int(match.group("minute") or 0), match)


def _spoken(text: str, _published: date | None) -> Iterator[Dated]:
    for match in SPOKEN.finditer(text):
        word = (match.group("hour") or match.group("sharp")).casefold()
        hour = int(word) if word.isdigit() else int(NUMBER_WORDS[word])
        part = PARTS.get((match.group("part") or "").casefold(), 0)
        minutes = (hour * 60 + (-part if match.group("side") == "to" else part)) % HALF_DAY
        if match.group("when") is None:  # before noon or after it
            yield _at(minutes, match, minutes + HALF_DAY)
        else:
            late = "morning" not in match.group("when").casefold()
            yield _at(minutes + (HALF_DAY if late else 0), match)
    for match in FIXED.finditer(text):
        yield _at(0 if match.group("word").casefold() == "midnight" else HALF_DAY, match)


def _at(minutes: int, match: re.Match[str], *others: int) -> Dated:
    points = tuple((float(each % 1440), float(each % 1440)) for each in (minutes, *others))
    return Dated("time", points, match.start(), match.end())


def _days(text: str, published: date | None) -> Iterator[Dated]:
    for pattern in DAYS:
        for match in pattern.finditer(text):
            month = _month_number(match.group("month"))
            year = _year(match.group("year"), month, published)
            day = _ordinal(year, month, int(match.group("day")))
            if day:
                yield Dated("date", ((day, day),), match.start(), match.end())


def _months(text: str, published: date | None) -> Iterator[Dated]:
    for match in IN_MONTH.finditer(text):
        month = _month_number(match.group("month") or match.group("whole"))
        year = _year(match.group("year") or match.group("its_year"), month, published)
        group = "span" if match.group("span") else "whole"
        yield Dated("date", (_month_days(year, month),), match.start(group), match.end(group))


def _weekdays(text: str, published: date | None) -> Iterator[Dated]:
    if published is None:
        return
    for match in WEEKDAY.finditer(text):
        back = (published.weekday() - WEEKDAYS.index(match.group("weekday").casefold())) % 7
        last = (published - timedelta(days=back)).toordinal()
        points = tuple((float(day), float(day)) for day in (last, last + 7))
        yield Dated("date", points, match.start(), match.end())
    for match in RELATIVE.finditer(text):
        day = float(published.toordinal() + AWAY[match.group("word").casefold()])
        yield Dated("date", ((day, day),), match.start(), match.end())


def _years(text: str, _published: date | None) -> Iterator[Dated]:
    for match in YEAR.finditer(text):
        year = int(match.group("year"))
        span = (float(date(year, 1, 1).toordinal()), float(date(year, 12, 31).toordinal()))
        yield Dated("date", (span,), match.start(), match.end())


def _year(written: str | None, month: int, published: date | None) -> int:
    """The year as written, or the one in which the month lies nearest to `published`."""
    if written:
        return int(written)
    if published is None:
        return ANY_YEAR
    years = (published.year - 1, published.year, published.year + 1)
    return min(years, key=lambda year: abs((date(year, month, 15) - published).days))


def _month_number(name: str) -> int:
    if name.isdigit():
        return min(max(int(name), 1), 12)
    start = name.capitalize()[:3]
    return next(number for number, month in enumerate(MONTHS, 1) if month.startswith(start))


def _month_days(year: int, month: int) -> tuple[float, float]:
    following = date(year + month // 12, month % 12 + 1, 1)
    return float(date(year, month, 1).toordinal()), float(following.toordinal() - 1)


def _ordinal(year: int, month: int, day: int) -> float | None:
    try:
        return float(date(year, month, day).toordinal())
    except ValueError:
        return None
