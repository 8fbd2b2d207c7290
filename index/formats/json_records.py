"""JSON: a list of records or one record in a file (`.json`), or a record a line (`.jsonl`)."""

import json
from collections.abc import Iterator
from typing import Any, BinaryIO, TextIO

from index.errors import FormatError
from index.formats.base import MEGABYTE, BadRecord, Extracted
from index.formats.encodings import encoding_of
from index.formats.fields import by_name, first_usable, said
from index.formats.records import (
    MOST_RECORD_CHARACTERS,
    NOT_UTF8,
    TOO_LONG,
    is_utf8,
    open_lines,
    read_lines,
    read_record,
    read_records,
    single,
)

# Where services and programs keep the list, by its plain name; it may lie deeper.
CONTAINERS = ("articles", "items", "data", "results", "records", "response", "docs")
LINES = object()
TOO_DEEP = "its values lie too deep in one another"


class Json:
    """A list of records, `{"articles": [a list]}` or the like, or a single record."""

    suffixes = (".json",)
    keeps_text = False
    most_bytes = 100 * MEGABYTE  # it is read as a whole; Python takes several times as much

    def extract(self, file: BinaryIO) -> Iterator[Extracted | BadRecord]:
        """The articles of the file. Raises FormatError where it isn't JSON or has no records."""
        value = _loaded(file)
        if value is LINES:
            yield from JsonLines().extract(file)
        elif isinstance(records := _records_in(value), list):
            places = (f"record {number}" for number in range(1, len(records) + 1))
            yield from read_records(zip(places, records, strict=True))
        else:
            yield single(read_record(records, ""))


class JsonLines:
    """A record a line, of which the bad ones are passed over."""

    suffixes = (".jsonl", ".ndjson")
    keeps_text = False
    most_bytes = 10_000 * MEGABYTE  # it is read line by line

    def extract(self, file: BinaryIO) -> Iterator[Extracted | BadRecord]:
        """The articles of the file. Raises FormatError where none of its lines can be read."""
        with open_lines(file) as lines:
            yield from read_records(_lines(lines))


def _loaded(file: BinaryIO) -> Any:
    """What the file says; LINES where it holds a record a line, whatever its name."""
    encoding = encoding_of(file)
    raw = file.read()
    file.seek(0)
    if not raw.strip():
        raise FormatError("It is empty.")
    try:
        return json.loads(raw.decode(encoding))
    except UnicodeDecodeError as error:
        raise FormatError(NOT_UTF8) from error
    except (ValueError, RecursionError) as error:
        if getattr(error, "msg", "") == "Extra data" and getattr(error, "doc", "[")[0] == "{":
            return LINES
        raise FormatError(_problem(error)) from error


def _records_in(value: Any) -> Any:
    """The list of records that a file holds, or its only record."""
    while isinstance(value, dict):
        values = by_name(value)
        inner = (values.get(name) for name in CONTAINERS)
        found = next((each for each in inner if isinstance(each, list | dict)), None)
        if found is None or first_usable(values, "text", said) is not None:
            break
        value = found
    return value


def _lines(lines: TextIO) -> Iterator[tuple[str, Any]]:
    """What each line says, or why it can't be read, with the number of the line."""
    for number, line in enumerate(read_lines(lines), start=1):
        place = f"line {number}"
        if number == 1 and line.startswith("["):
            raise FormatError("It is one list, not a record a line. Give it the suffix .json.")
        if line.strip():
            yield place, _loaded_line(line, place)


def _loaded_line(line: str, place: str) -> Any:
    if len(line) > MOST_RECORD_CHARACTERS:
        return BadRecord(place, TOO_LONG)
    if not is_utf8(line):
        return BadRecord(place, NOT_UTF8)
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        return BadRecord(place, _problem(error))


def _problem(error: Exception) -> str:
    if isinstance(error, RecursionError):
        what = TOO_DEEP
    elif isinstance(error, json.JSONDecodeError):
        line = f"line {error.lineno}, " if error.lineno > 1 else ""
        what = f"{error.msg.removesuffix(' at')} ({line}column {error.colno})"
    else:
        what = str(error)
    return f"It is not valid JSON: {what}."
