"""The usual names of an article's facts, and how their values are read."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from dateutil import parser as date_parser

Value = TypeVar("Value")

# In order of trust. Compared without case and without what isn't a letter or digit, so that
# `publish_date`, `publishDate` and `Publish Date` are one name.
NAMES = {
    "id": ("id", "guid", "uuid", "articleid"),
    "url": ("url", "link", "weburl", "canonicalurl"),
    "title": ("title", "headline", "name", "webtitle"),
    "text": (
        *("text", "body", "content", "article", "fulltext"),
        *("articlebody", "articletext", "bodytext", "contenttext"),
    ),
    "published": (
        *("published", "publishdate", "publisheddate", "date", "pubdate", "createdat"),
        *("datepublished", "publishedat", "publicationdate", "webpublicationdate", "timestamp"),
    ),
    "outlet": ("outlet", "source", "publisher", "site", "newspaper", "sitename", "publication"),
    "author": ("author", "authors", "byline", "creator"),
    "language": ("language", "lang", "inlanguage"),
}
NULL = ("", "~", "null", "none", "nan")
MOST_LINE_CHARACTERS = 1000
MOST_ITEMS = 100
MOST_DATE_CHARACTERS = 80
FIRST_YEAR = 1600  # there was no newspaper; programs write the year 1 for "unknown"
NUMBERS_ONLY_DATE = re.compile(r"\s*(\d{1,2})\s*([./-])\s*(\d{1,2})\s*\2\s*\d{2,4}(?!\d)")
# Seconds since 1970 have nine or ten digits from 1973 to 2286; milliseconds thirteen from 2001.
SINCE_1970 = re.compile(r"(\d{9,10})(?:\.\d*)?|(\d{10})\d{3}")
LANGUAGE_CODE = re.compile(r"([A-Za-z]{2})(?:[-_].*)?")
ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)
NOT_STORABLE = re.compile("[\0\ud800-\udfff]")
BY = re.compile(r"by\s+", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What metadata says of an article; None where it says nothing that can be used."""

    title: str | None
    outlet: str | None
    author: str | None
    published: date | None
    url: str | None
    language: str | None


def read_facts(values: Mapping[str, Any]) -> Facts:
    """The facts in `values`, which `by_name` made."""
    return Facts(
        title=first_usable(values, "title", line),
        outlet=first_usable(values, "outlet", line),
        author=first_usable(values, "author", author),
        published=first_usable(values, "published", day),
        url=first_usable(values, "url", address),
        language=first_usable(values, "language", language_code),
    )


def by_name(metadata: Mapping[Any, Any]) -> dict[str, Any]:
    """The values under their names as NAMES has them; of equal names the first counts."""
    values: dict[str, Any] = {}
    for name, value in metadata.items():
        values.setdefault(plain_name(str(name)), value)
    return values


def plain_name(name: str) -> str:
    """A field's name without case, spaces and punctuation."""
    return "".join(character for character in name.lower() if character.isalnum())


def first_usable(
    values: Mapping[str, Any], fact: str, read: Callable[[Any], Value | None]
) -> Value | None:
    """The first value of a fact (a key of NAMES) of which `read` makes something."""
    made = (read(values[name]) for name in NAMES[fact] if name in values)
    return next((value for value in made if value is not None), None)


def line(value: Any) -> str | None:
    """A value as one line; of a list its items, of a mapping its name. None where empty."""
    if not isinstance(value, list):
        return _item(value)
    # No lists in lists: YAML's aliases make one of a few lines that no memory could hold.
    items = ", ".join(filter(None, map(_item, value[:MOST_ITEMS])))
    return items if items and len(items) <= MOST_LINE_CHARACTERS else None


def author(value: Any) -> str | None:
    """Who wrote it, without the "By" of a byline."""
    return BY.sub("", line(value) or "", count=1) or None


def address(value: Any) -> str | None:
    """A web address; None for anything else, so that no link leads elsewhere."""
    written = line(value) or ""
    return written if ADDRESS.fullmatch(written) else None


def language_code(value: Any) -> str | None:
    """The language of a code like `en` or `en-GB`, as ISO 639-1 has it."""
    found = LANGUAGE_CODE.fullmatch(line(value) or "")
    return found.group(1).lower() if found else None


def day(value: Any) -> date | None:
    """The day that is written; None where year, month or day is left open.

    `6.12.2024` has the day first, as wherever dots are written. `6/12/2024` is two days, one in
    America and one in Europe, and therefore none. Numbers may be seconds since 1970, in UTC.
    """
    written = _item(value)
    if written is None or len(written) > MOST_DATE_CHARACTERS:
        return None
    seconds = SINCE_1970.fullmatch(written)
    if seconds:
        return datetime.fromtimestamp(int(seconds[1] or seconds[2]), UTC).date()
    numbers = NUMBERS_ONLY_DATE.match(written)
    if numbers and numbers.group(2) != "." and _is_ambiguous(numbers.group(1), numbers.group(3)):
        return None
    found = _parsed(written, day_first=numbers is not None and numbers.group(2) == ".")
    return found if found and found.year >= FIRST_YEAR else None


def said(value: Any) -> str | None:
    """A text as it is written; paragraphs in a list stand apart. None where there is none."""
    if isinstance(value, list):
        paragraphs = [paragraph for paragraph in value if isinstance(paragraph, str)]
        value = "\n\n".join(paragraphs) if len(paragraphs) == len(value) else None
    return value if isinstance(value, str) and value.strip() else None


def storable(text: str) -> str:
    """The text, as long as it is, with U+FFFD for NULs and halves of characters.

    No file can hold half a character, and hardly a database or a tokenizer a NUL.
    """
    return NOT_STORABLE.sub("\ufffd", text)


def _item(value: Any) -> str | None:
    value = _unwrapped(value)
    if isinstance(value, dict):
        value = by_name(value).get("name")
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # "17.0" where a program made numbers of ids
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return None
    written = " ".join(storable(str(value)).split())
    return None if written.lower() in NULL or len(written) > MOST_LINE_CHARACTERS else written


def _unwrapped(value: Any) -> Any:
    """What a database writes as `{"$oid": "…"}` or `{"$date": "…"}`."""
    while isinstance(value, dict) and len(value) == 1 and str(next(iter(value))).startswith("$"):
        value = next(iter(value.values()))
    return value


def _is_ambiguous(first: str, second: str) -> bool:
    return int(first) <= 12 and int(second) <= 12 and int(first) != int(second)


def _parsed(written: str, *, day_first: bool) -> date | None:
    try:
        first, second = (
            date_parser.parse(written, default=default, ignoretz=True, dayfirst=day_first).date()
            for default in (datetime(2000, 1, 1), datetime(2004, 2, 2))
        )
    except (ValueError, OverflowError):
        return None
    return first if first == second else None
