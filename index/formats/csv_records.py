"""CSV: a header with the names of the columns, then an article a row."""

import csv
from collections import deque
from collections.abc import Iterator
from typing import Any, BinaryIO, TextIO

from index.errors import FormatError
from index.formats.base import MEGABYTE, BadRecord, Extracted
from index.formats.fields import NAMES, plain_name
from index.formats.records import (
    MOST_RECORD_CHARACTERS,
    NOT_UTF8,
    TEXT_NAMES,
    TOO_LONG,
    is_utf8,
    open_lines,
    read_lines,
    read_records,
)

DELIMITERS = (",", ";", "\t", "|")
KNOWN = frozenset(name for names in NAMES.values() for name in names)


class Csv:
    """Columns between commas, semicolons, tabs or bars, whichever the header has."""

    suffixes = (".csv", ".tsv")
    keeps_text = False
    most_bytes = 10_000 * MEGABYTE  # it is read row by row

    def extract(self, file: BinaryIO) -> Iterator[Extracted | BadRecord]:
        """The articles of the file. Raises FormatError where no column is the text."""
        csv.field_size_limit(MOST_RECORD_CHARACTERS)  # the csv module has one limit for all
        with open_lines(file) as lines:
            rows = _Rows(lines)
            yield from read_records(rows.read())


class _Rows:
    """Rows with their places. After a row that can't be read, the line below begins a new one.

    Else an open quotation mark would take all that follows with it.
    """

    def __init__(self, lines: TextIO) -> None:
        self.lines = read_lines(lines)
        self.waiting: deque[str] = deque()
        self.taken: list[str] = []
        self.number = 1  # of the line that the row begins with

    def read(self) -> Iterator[tuple[str, Any]]:
        header, delimiter = _header(next(self.lines, ""))
        self.number += 1
        # Strict, for else a wrong quotation mark would change the text and go unseen.
        reader = csv.reader(self, delimiter=delimiter, strict=True)
        while True:
            place = f"line {self.number}"
            try:
                row = next(reader, None)
                if row is None:
                    return
                if self._is_cut():
                    yield place, BadRecord(place, TOO_LONG)
                elif any(row):
                    yield place, _record(row, header, place)
            except csv.Error as error:
                yield place, BadRecord(place, f"It can't be read as CSV: {error}.")
                self.waiting.extendleft(reversed(self.taken[1:]))
                del self.taken[1:]
            self.number += len(self.taken)
            self.taken.clear()

    def _is_cut(self) -> bool:
        return any(len(line) > MOST_RECORD_CHARACTERS for line in self.taken)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self.waiting.popleft() if self.waiting else next(self.lines)
        self.taken.append(line)
        return line


def _header(line: str) -> tuple[list[str], str]:
    """The plain names of the columns, and the delimiter that makes the most known ones."""
    found = {delimiter: _names(line, delimiter) for delimiter in DELIMITERS}
    delimiter = max(DELIMITERS, key=lambda each: len(KNOWN.intersection(found[each])))
    if not set(NAMES["text"]).intersection(found[delimiter]):
        raise FormatError(
            "Its first line doesn't name a column for the text. It must give each column a name, "
            f"the text one of these: {TEXT_NAMES}."
        )
    return found[delimiter], delimiter


def _names(line: str, delimiter: str) -> list[str]:
    try:
        return [plain_name(name) for name in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return []


def _record(row: list[str], header: list[str], place: str) -> Any:
    while len(row) > len(header) and not row[-1]:
        row.pop()
    if len(row) != len(header):
        return BadRecord(place, f"It has {len(row)} fields, and the header has {len(header)}.")
    if not all(map(is_utf8, row)):
        return BadRecord(place, NOT_UTF8)
    return dict(zip(reversed(header), reversed(row), strict=True))  # of equal names the first
