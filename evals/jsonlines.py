"""Reading JSON that others wrote: what is wrong is said by file and line, and what is expected."""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from index.errors import InputError

MOST_PROBLEMS = 3
# Where a problem stands in a row that is one line; the line of the file is told anyway.
LINE_OF_ROW = re.compile(r" at line 1 column (\d+)")

Row = TypeVar("Row")


def read_lines(
    path: Path,
    row: TypeAdapter[Row],
    *,
    expected: str,
    error: type[InputError] = InputError,
    may_be_empty: bool = False,
) -> Iterator[tuple[str, Row]]:
    """The rows of a file of JSON lines, each with where it stands. Raises `error`."""
    empty = True
    try:
        with path.open("rb") as file:
            # Not splitlines(): a text may hold other line ends, U+2028 for one.
            for number, line in enumerate(file, start=1):
                bare = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
                if bare.strip():
                    empty = False
                    where = f"{path}, line {number}"
                    try:
                        yield where, row.validate_json(bare)
                    except ValidationError as invalid:
                        raise error(_told(invalid, where, expected)) from invalid
    except OSError as unread:
        raise error(_unreadable(path, unread)) from unread
    if empty and not may_be_empty:
        raise error(f"{path}, line 1: it is empty. Expected: {expected}.")


def read_json(path: Path, whole: TypeAdapter[Row], *, expected: str) -> Row:
    """The content of a file that is one JSON value. Raises InputError."""
    try:
        return whole.validate_json(path.read_bytes().removeprefix(codecs.BOM_UTF8))
    except ValidationError as invalid:
        raise InputError(_told(invalid, str(path), expected)) from invalid
    except OSError as unread:
        raise InputError(_unreadable(path, unread)) from unread


def check_new(
    key: str, seen: dict[str, str], where: str, *, error: type[InputError] = InputError
) -> None:
    """Note where an id stands. Raises `error` where it is taken."""
    if key in seen:
        raise error(f"{where}: the id {key} is taken: {seen[key]}. Each id must stand once.")
    seen[key] = where


def _told(invalid: ValidationError, where: str, expected: str) -> str:
    every = invalid.errors(include_url=False, include_input=False)
    said = [_problem(".".join(map(str, each["loc"])), each["msg"]) for each in every]
    more = len(said) - MOST_PROBLEMS
    problems = "; ".join(said[:MOST_PROBLEMS]) + (f"; and {more} more" if more > 0 else "")
    return f"{where}: {problems}. Expected: {expected}."


def _problem(field: str, message: str) -> str:
    message = LINE_OF_ROW.sub(r" at character \1", message.removeprefix("Value error, "))
    return f"{field}: {message}" if field else message


def _unreadable(path: Path, unread: OSError) -> str:
    return f"{path} can't be read: {unread.strerror or unread}."
