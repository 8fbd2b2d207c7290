"""The days that a question speaks of: "before December 6", "since last Friday", "in March 2025"."""

import calendar
import re
from collections.abc import Iterator
from datetime import date, timedelta

MONTHS = {name.casefold(): number for number, name in enumerate(calendar.month_name) if name}
MONTHS |= {name.casefold(): number for number, name in enumerate(calendar.month_abbr) if name}
WEEKDAYS = {name.casefold(): number for number, name in enumerate(calendar.day_name)}

_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_WORD = r"\b(?P<how>before|until|by|since|after|from|on|in|of|during)\s+(?:the\s+)?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>(?:19|20)\d\d)"
PATTERNS = tuple(
    re.compile(_WORD + pattern, re.IGNORECASE)
    for pattern in (
        rf"(?P<iso>{_YEAR}-(?P<month>\d\d)-(?P<day>\d\d))\b",
        rf"{_DAY}\s+(?:of\s+)?(?P<month>{_MONTH})\b\.?(?:,?\s+{_YEAR})?",
        rf"(?P<month>{_MONTH})\.?\s+{_DAY}\b(?:,?\s+{_YEAR})?",
        rf"(?P<month>{_MONTH})\s+{_YEAR}\b",
        rf"(?:last\s+)?(?P<weekday>{'|'.join(WEEKDAYS)})\b",
    )
)
BEFORE, FROM = {"before", "until", "by"}, {"since", "after", "from"}

Span = tuple[date | None, date | None]


def spoken_dates(question: str, *, as_of: date | None, newest: date) -> Iterator[Span]:
    """First and last day of each time that the question names; None where it is open.

    A day without a year is its last one up to `newest`, the newest article's; a weekday is the
    last one before `as_of`, and isn't understood without it.
    """
    for pattern in PATTERNS:
        for found in pattern.finditer(question):
            span = _weekday(found, as_of) if "weekday" in pattern.groupindex else None
            if span is None and "month" in pattern.groupindex:
                span = _days(found, newest)
            if span is not None:
                yield _opened(span, found["how"].casefold())


def _weekday(found: re.Match[str], as_of: date | None) -> tuple[date, date] | None:
    if as_of is None:
        return None
    back = (as_of.weekday() - WEEKDAYS[found["weekday"].casefold()]) % 7 or 7
    day = as_of - timedelta(days=back)
    return day, day


def _days(found: re.Match[str], newest: date) -> tuple[date, date] | None:
    named = found.groupdict()
    month = MONTHS.get(named["month"].casefold()) or int(named["month"])
    try:
        if not named.get("day"):
            year = int(named["year"])
            return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])
        day = date(int(named["year"] or newest.year), month, int(named["day"]))
        if not named["year"] and day > newest:
            day = day.replace(year=day.year - 1)
    except (ValueError, calendar.IllegalMonthError):  # 31 June; 29 February of another year
        return None
    return day, day


def _opened(span: tuple[date, date], how: str) -> Span:
    if how in BEFORE:
        return None, span[1]
    return (span[0], None) if how in FROM else span
