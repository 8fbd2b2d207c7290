"""Records to articles: one of a list, a line or a row each, told apart by id, address or place."""

import io
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from typing import Any, BinaryIO, TextIO

from index.errors import FormatError
from index.formats.base import MEGABYTE, BadRecord, Extracted
from index.formats.encodings import encoding_of
from index.formats.fields import NAMES, by_name, first_usable, line, read_facts, said

MOST_RECORD_CHARACTERS = 10 * MEGABYTE
# A file that begins with so many bad records holds something else than articles.
MOST_BAD_AT_FIRST = 100
TEXT_NAMES = ", ".join(NAMES["text"][:4])
NO_TEXT = f"It has no text under any of the usual names ({TEXT_NAMES})."
NOT_UTF8 = "It has bytes that are not UTF-8. Save the file again with the encoding UTF-8."
TOO_LONG = f"It has more than {MOST_RECORD_CHARACTERS:,} characters."
LINE_ENDS = ("\n", "\r")
# What Python makes of bytes that are no UTF-8 (PEP 383).
ESCAPED_BYTE = re.compile("[\udc80-\udcff]")


def read_record(value: Any, place: str) -> Extracted | BadRecord:
    """The article of a record; `place` says where it stands, as in "line 17"."""
    if not isinstance(value, Mapping):
        return BadRecord(place, "It is no record with named fields.")
    values = by_name(value)
    text = first_usable(values, "text", said)
    if text is None:
        return BadRecord(place, NO_TEXT)
    if len(text) > MOST_RECORD_CHARACTERS:
        return BadRecord(place, TOO_LONG)
    if "\0" in text:
        return BadRecord(place, "Its text has NUL characters; it is no text.")
    key = first_usable(values, "id", line) or first_usable(values, "url", line) or place
    return Extracted(text=text, record=key, **asdict(read_facts(values)))


def read_records(placed: Iterable[tuple[str, Any]]) -> Iterator[Extracted | BadRecord]:
    """The articles of records with their places; one may be a BadRecord already.

    Raises FormatError where there is none, or where the first MOST_BAD_AT_FIRST are all bad.
    """
    bad_at_first: list[BadRecord] | None = []
    for found in _told_apart(placed):
        if bad_at_first is None:
            yield found
        elif isinstance(found, Extracted):
            yield from bad_at_first
            yield found
            bad_at_first = None
        else:
            bad_at_first.append(found)
            _refuse_other_things(bad_at_first)
    if bad_at_first == []:
        raise FormatError("It holds no records.")
    yield from bad_at_first or ()


def _told_apart(placed: Iterable[tuple[str, Any]]) -> Iterator[Extracted | BadRecord]:
    places: dict[str, str] = {}  # by key
    for place, value in placed:
        found = value if isinstance(value, BadRecord) else read_record(value, place)
        if isinstance(found, Extracted) and found.record is not None:
            first = places.setdefault(found.record, place)
            if first != place:
                reason = f'Its id or address, "{found.record}", is that of {first}.'
                found = BadRecord(place, reason)
        yield found


def _refuse_other_things(bad: list[BadRecord]) -> None:
    if len(bad) == MOST_BAD_AT_FIRST:
        first = bad[0]
        raise FormatError(
            f"None of its first {MOST_BAD_AT_FIRST} records is an article. "
            f"Of the first ({first.record}): {first.reason}"
        )


@contextmanager
def open_lines(file: BinaryIO) -> Iterator[io.TextIOWrapper]:
    """The file as text with its line ends; bytes that are no UTF-8 are escaped (ESCAPED_BYTE)."""
    encoding = encoding_of(file)
    errors = "surrogateescape" if encoding.startswith("utf-8") else "replace"
    lines = io.TextIOWrapper(file, encoding=encoding, errors=errors, newline="")
    try:
        yield lines
    finally:
        with suppress(ValueError):  # who opened the file closes it, and may have done so
            lines.detach()


def read_lines(lines: TextIO) -> Iterator[str]:
    """The lines with their ends. Of one over MOST_RECORD_CHARACTERS only the beginning comes."""
    while line := lines.readline(MOST_RECORD_CHARACTERS + 1):
        yield line
        while len(line) > MOST_RECORD_CHARACTERS and not line.endswith(LINE_ENDS):
            line = lines.readline(MOST_RECORD_CHARACTERS + 1)


def single(found: Extracted | BadRecord) -> Extracted:
    """The article of a file of one record. Raises FormatError where the record is bad."""
    if isinstance(found, BadRecord):
        raise FormatError(found.reason)
    return replace(found, record=None)


def is_utf8(text: str) -> bool:
    """Whether no byte of it had to be escaped (see `open_lines`)."""
    return text.isascii() or ESCAPED_BYTE.search(text) is None
