"""What "Friday", "yesterday" or "last week" mean in a text whose date is known.

The rules are those of news: "on Friday" is the last one up to the day of publication, and the next
one only after "will", "is due to" and the like. What could mean either is left out: words within
quotations, "more than two years ago", "was to meet on Friday", days of another year.
"""

import re
from calendar import month_abbr, month_name, monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from index.tense import is_quoted, tense

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = {name[:3]: number for number, name in enumerate(month_abbr) if name}
_NUMBERS = "one two three four five six seven eight nine ten eleven twelve"
NUMBERS = {"a": 1, "an": 1} | {word: n for n, word in enumerate(_NUMBERS.split(), 1)}
UNIT_DAYS = {"day": 1, "week": 7, "month": 30, "year": 365}
AWAY = {
    "the day before yesterday": -2,
    "yesterday": -1,
    "last night": -1,
    "today": 0,
    "tonight": 0,
    "tomorrow": 1,
    "the day after tomorrow": 2,
}

_WEEKDAY = rf"(?P<weekday>{'|'.join(WEEKDAYS)})"
_MONTH = (
    rf"(?P<month>(?:{'|'.join(filter(None, month_name))})\b|(?:{'|'.join(filter(None, month_abbr))}"
    r"|Sept)\b\.?)"
)
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?(?:\s?[-–]\s?(?P<until>\d{1,2})(?:st|nd|rd|th)?)?"
_YEAR = r"(?P<year>(?:1[89]|20)\d\d)\b"
_BEFORE_DAY = rf"(?:(?:{'|'.join(WEEKDAYS)}),?\s+)?"
_PART = r"(?:\s+(?:morning|afternoon|evening|night))?"
_NUMBER = rf"(?P<number>\d{{1,3}}|{'|'.join(NUMBERS)})"
_BEFORE_MONTH = r"(?P<before>[Ll]ast|[Tt]his|[Nn]ext|[Ll]ate|[Ee]arly|[Mm]id)[\s-]+"
_WHICH = r"(?P<which>last|this past|this coming|this|next)"
# What comes to look like a weekday but is a name, a habit or a day of a story.
NO_DAY = re.compile(
    r"(?:\b(?:every|each|any|an?|one|the|that|previous|following|preceding|most|Black|Good|Bloody"
    r"|Super|Ash|Easter|Palm|Holy|Cyber)\s+(?:late\s+|early\s+)?)$"
)
NAMED_AFTER_DAY = re.compile(
    r"s\b(?!')|\s+(?:prayers?|the 13th|Times|Telegraph|Mirror|Mail|Post|Express|Herald|League)\b"
)
EVENT = re.compile(r"\s+(?:terror(?:ist)? )?(?:attacks?|massacre|assault|riots?|insurrection)\b")
UNSURE_BEFORE = re.compile(
    r"\b(?:than|over|nearly|almost|least|about|around|some|roughly|up to|under)\s+$", re.I
)

Days = tuple[date, date]


@dataclass(frozen=True, slots=True)
class DateMention:
    """`text[start:end]` means the days from `first` to `last`, both included."""

    start: int
    end: int
    first: date
    last: date


def find_dates(text: str, published: date | None, start: int = 0) -> tuple[DateMention, ...]:
    """The days that the words of `text[start:]` mean, in order.

    Without a day of publication only full dates are understood. Weeks begin on Monday; "two weeks
    ago" is three days more or less, "two years ago" the whole year.
    """
    found: dict[int, DateMention] = {}
    taken = bytearray(len(text))
    for pattern, read in FULL if published is None else (*FULL, *RELATIVE):
        for match in pattern.finditer(text, start):
            if any(taken[match.start() : match.end()]):
                continue
            days = _checked(read, match, published or date.min)
            taken[match.start() : match.end()] = b"\1" * len(match.group())
            if days is not None:
                found[match.start()] = DateMention(match.start(), match.end(), *days)
    return tuple(found[at] for at in sorted(found))


def _checked(
    read: Callable[[re.Match[str], date], Days | None], match: re.Match[str], published: date
) -> Days | None:
    try:
        return read(match, published)
    except (ValueError, OverflowError):  # 31 June; before the year 1
        return None


def _iso(found: re.Match[str], _published: date) -> Days:
    day = date.fromisoformat(found.group())
    return day, day


def _full_day(found: re.Match[str], _published: date) -> Days:
    return _days_of(found, int(found["year"]))


def _full_month(found: re.Match[str], _published: date) -> Days:
    return _month(int(found["year"]), MONTHS[found["month"][:3]])


def _day(found: re.Match[str], published: date) -> Days | None:
    """A day without a year: the nearest, or the one that the sentence's tense tells."""
    before = found.string[max(0, found.start() - 4) : found.start()]
    follows = found.string[found.end() : found.end() + 30]
    side = tense(found, published)
    if side is None or EVENT.match(follows) or (before == "the " and follows[1:2].islower()):
        return None
    near = [_days_of(found, published.year + away) for away in (-1, 0, 1)]
    fitting = [days for days in near if (days[0] - published).days * side >= 0]
    return min(fitting, key=lambda days: abs(days[0] - published))


def _month_alone(found: re.Match[str], published: date) -> Days | None:
    side = tense(found, published)
    if side is None:
        return None
    number, which = MONTHS[found["month"][:3]], (found["before"] or "").casefold()
    months = [_month(published.year + away, number) for away in (-1, 0, 1)]
    if which == "last":
        return max(days for days in months if days[1] < published)
    if side > 0 or which in ("next", "this"):
        return min(days for days in months if days[1] >= published)
    return max(days for days in months if days[0] <= published)


def _weekday(found: re.Match[str], published: date) -> Days | None:
    """Friday, last Friday, Friday night."""
    before = found.string[max(0, found.start() - 30) : found.start()]
    if NO_DAY.search(before) or NAMED_AFTER_DAY.match(found.string, found.end()):
        return None
    which, number = found["which"], WEEKDAYS.index(found["weekday"])
    back = timedelta((published.weekday() - number) % 7)
    ahead = timedelta((number - published.weekday()) % 7)
    week = timedelta(7)
    if which in ("last", "this past"):
        day = published - (back or week)
    elif which in ("next", "this coming"):
        day = published + (ahead or week)
    else:
        side = tense(found, published)
        if side is None:
            return None
        is_ahead = side > 0 or (which == "this" and side == 0)
        day = published + ahead if is_ahead else published - back
    return day, day


def _weekday_of_week(found: re.Match[str], published: date) -> Days:
    monday = published - timedelta(published.weekday())
    away = {"last": -7, "this": 0, "next": 7}[found["which"]]
    day = monday + timedelta(away + WEEKDAYS.index(found["weekday"]))
    return day, day


def _ago(found: re.Match[str], published: date) -> Days | None:
    if UNSURE_BEFORE.search(found.string[max(0, found.start() - 20) : found.start()]):
        return None
    written, unit = found["number"].casefold(), found["unit"]
    number = NUMBERS.get(written) or int(written)
    if unit == "year":
        return date(published.year - number, 1, 1), date(published.year - number, 12, 31)
    if unit == "month":
        return _month_away(published, -number)
    day = published - timedelta(number * UNIT_DAYS[unit])
    slack = timedelta(3 if unit == "week" else 0)
    return day - slack, day + slack


def _period(found: re.Match[str], published: date) -> Days | None:
    """Last week, earlier this month, next year, last weekend."""
    away = {"last": -1, "this": 0, "next": 1}[found["which"].casefold()]
    unit, part = found["unit"], (found["part"] or "").casefold()
    if unit == "weekend":
        first, last = _weekend(found, published, away)
    elif unit == "week":
        first = published + timedelta(7 * away - published.weekday())
        last = first + timedelta(6)
    elif unit == "month":
        first, last = _month_away(published, away)
    else:
        first, last = date(published.year + away, 1, 1), date(published.year + away, 12, 31)
    if away == 0 and part:
        return (first, published) if part == "earlier" else (published, last)
    return first, last


def _weekend(found: re.Match[str], published: date, away: int) -> Days:
    saturday = published + timedelta(5 - published.weekday())
    is_over = published < saturday and away == 0 and (tense(found, published) or 0) < 0
    saturday += timedelta(7 * (away - is_over))
    return saturday, saturday + timedelta(1)


def _the_weekend(found: re.Match[str], published: date) -> Days | None:
    """Over the weekend: the last one, that of publication included, or the next."""
    side = tense(found, published)
    if side is None:
        return None
    saturday = published + timedelta(5 - published.weekday())
    if side <= 0 and saturday > published:
        saturday -= timedelta(7)
    return saturday, saturday + timedelta(1)


def _rolling(found: re.Match[str], published: date) -> Days:
    """The past week, the last ten days: up to the day of publication."""
    written = (found["number"] or "1").casefold()
    number = NUMBERS.get(written) or int(written)
    return published - timedelta(number * UNIT_DAYS[found["unit"]]), published


def _near(found: re.Match[str], published: date) -> Days | None:
    before = found.string[max(0, found.start() - 4) : found.start()]
    if before == "USA " or is_quoted(found):
        return None
    day = published + timedelta(AWAY.get(found["word"].casefold(), 0))
    return day, day


FULL = (
    (re.compile(r"\b(?:1[89]|20)\d\d-\d\d-\d\d\b"), _iso),
    (re.compile(rf"\b{_BEFORE_DAY}{_DAY}\s+(?:of\s+)?{_MONTH},?\s+{_YEAR}"), _full_day),
    (re.compile(rf"\b{_BEFORE_DAY}{_MONTH}\s+{_DAY},?\s+{_YEAR}"), _full_day),
    (re.compile(rf"\b{_MONTH},?\s+(?:of\s+)?{_YEAR}"), _full_month),
)
RELATIVE = (
    (re.compile(rf"\b{_BEFORE_DAY}{_DAY}\s+(?:of\s+)?{_MONTH}"), _day),
    (re.compile(rf"\b{_BEFORE_DAY}{_MONTH}\s+{_DAY}\b(?![\d.,]*\d|\s*(?:%|percent))"), _day),
    (re.compile(rf"\b(?:{_BEFORE_MONTH}|(?<=[Ii]n )|(?<=[Ss]ince )|(?<=[Dd]uring )){_MONTH}"
                r"(?!\s+\d)"), _month_alone),
    (re.compile(rf"\b{_WEEKDAY}{_PART}\s+(?:of\s+)?(?P<which>last|this|next)\s+week\b"),
     _weekday_of_week),
    (re.compile(rf"\b(?:{_WHICH}\s+)?{_WEEKDAY}{_PART}\b"), _weekday),
    (re.compile(rf"\b{_NUMBER}\s+(?P<unit>day|week|month|year)s?\s+ago\b", re.I), _ago),
    (re.compile(rf"\bthe (?:past|last)\s+(?:{_NUMBER}\s+)?(?P<unit>day|week|month|year)s?\b"
                r"(?!\s+(?:of|in|before)\b)"), _rolling),
    (re.compile(r"\b(?:(?P<part>earlier|later)\s+)?(?<!the )(?P<which>last|this|next)\s+"
                r"(?P<unit>weekend|week|month|year)\b(?!\s+(?:of|before)\b)", re.I), _period),
    (re.compile(r"\b(?:over|during|at|on) the weekend\b", re.I), _the_weekend),
    (re.compile(rf"\b(?P<word>{'|'.join(AWAY)}"
                r"|this (?:morning|afternoon|evening))\b", re.I), _near),
)  # fmt: skip


def _days_of(found: re.Match[str], year: int) -> Days:
    month = MONTHS[found["month"][:3]]
    first = date(year, month, int(found["day"]))
    last = date(year, month, int(found["until"])) if found["until"] else first
    return first, max(first, last)


def _month(year: int, month: int) -> Days:
    return date(year, month, 1), date(year, month, monthrange(year, month)[1])


def _month_away(published: date, away: int) -> Days:
    months = published.year * 12 + published.month - 1 + away
    return _month(months // 12, months % 12 + 1)
