"""Reading the files of public sets: what is wrong is said by file and line, and what is expected.

Other fields than those named are passed over: the sets gain some with each release.
"""

import codecs
import re
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from index.errors import InputError

MOST_PROBLEMS = 3
DAY = re.compile(r"\s*(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?!\d)")
# Where a problem stands in a row that is one line; the line of the file is told anyway.
LINE_OF_ROW = re.compile(r" at line 1 column (\d+)")

Row = TypeVar("Row")


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("It must not be empty")
    return text


Written = Annotated[str, AfterValidator(_not_blank)]
"""Text with something in it, kept as it is."""
Line = Annotated[Written, AfterValidator(str.strip)]
"""The same without the white space around it."""
Key = Annotated[
    str, Field(coerce_numbers_to_str=True), AfterValidator(_not_blank), AfterValidator(str.strip)
]
"""A line that some releases write as a number: an id."""


def read_lines(path: Path, row: TypeAdapter[Row], *, expected: str) -> Iterator[tuple[str, Row]]:
    """The rows of a file of JSON lines, each with where it stands. Raises InputError."""
    empty = True
    try:
        with path.open("rb") as file:
            # Not splitlines(): a text may hold other line ends, U+2028 for one.
            for number, line in enumerate(file, start=1):
                bare = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
                if bare.strip():
                    empty = False
                    where = f"{path}, line {number}"
                    yield where, _parse(bare, row, where=where, expected=expected)
    except OSError as error:
        raise _unreadable(path, error) from error
    if empty:
        raise InputError(f"{path}, line 1: it is empty. Expected: {expected}.")


def read_json(path: Path, whole: TypeAdapter[Row], *, expected: str) -> Row:
    """The content of a file that is one JSON value. Raises InputError."""
    try:
        content = path.read_bytes().removeprefix(codecs.BOM_UTF8)
    except OSError as error:
        raise _unreadable(path, error) from error
    return _parse(content, whole, where=str(path), expected=expected)


def only_file(path: Path, *, suffixes: Sequence[str]) -> Path:
    """The file of a set that is one file: `path` itself, or the only one in that folder."""
    wanted = " or ".join(suffixes)
    if path.is_file():
        return path
    if not path.is_dir():
        raise InputError(f"There is no {path}. Name the set's {wanted} file, or its folder.")
    found = sorted(each for each in path.iterdir() if each.suffix.lower() in suffixes)
    if len(found) == 1:
        return found[0]
    if not found:
        raise InputError(f"{path} has no {wanted} file. Put the set's file in it, or name another.")
    names = ", ".join(each.name for each in found)
    raise InputError(f"{path} has several {wanted} files: {names}. Name one of them.")


def set_folder(path: Path, *, holds: str) -> Path:
    """`path`, where it is a folder. Raises InputError that says what the folder must hold."""
    if not path.is_dir():
        missing = "is a file" if path.exists() else "isn't there"
        raise InputError(f"{path} {missing}. Name the folder that has {holds}.")
    return path


def file_of(folder: Path, name: str, *, holds: str) -> Path:
    """The file `name` of a set's folder, which must have it."""
    if not (folder / name).is_file():
        raise InputError(f"{folder} has no {name}. It must have {holds}.")
    return folder / name


def check_new(key: str, seen: dict[str, str], where: str) -> None:
    """Note where an id stands. Raises InputError where it is taken."""
    if key in seen:
        raise InputError(f"{where}: the id {key} is taken: {seen[key]}. Each id must stand once.")
    seen[key] = where


def find_day(written: str | None) -> date | None:
    """The day that a date or time begins with: 2023-09-28T12:00:00 or 2022/06/17. None if none."""
    found = DAY.match(written or "")
    if found is None:
        return None
    try:
        return date(*(int(part) for part in found.groups()))
    except ValueError:
        return None


def _parse(content: bytes, shape: TypeAdapter[Row], *, where: str, expected: str) -> Row:
    try:
        return shape.validate_json(content)
    except ValidationError as error:
        raise InputError(f"{where}: {_problems(error)}. Expected: {expected}.") from error


def _problems(error: ValidationError) -> str:
    every = error.errors(include_url=False, include_input=False)
    said = [_problem(".".join(map(str, each["loc"])), each["msg"]) for each in every]
    more = len(said) - MOST_PROBLEMS
    return "; ".join(said[:MOST_PROBLEMS]) + (f"; and {more} more" if more > 0 else "")


def _problem(field: str, message: str) -> str:
    message = LINE_OF_ROW.sub(r" at character \1", message.removeprefix("Value error, "))
    return f"{field}: {message}" if field else message


def _unreadable(path: Path, error: OSError) -> InputError:
    return InputError(f"{path} can't be read: {error.strerror or error}.")
