"""What public sets are read with, beside evals/jsonlines.py: types of fields, files, days.

Other fields than those named are passed over: the sets gain some with each release.
"""

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from index.errors import InputError

DAY = re.compile(r"\s*(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?!\d)")


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


def find_day(written: str | None) -> date | None:
    """The day that a date or time begins with: 2023-09-28T12:00:00 or 2022/06/17. None if none."""
    found = DAY.match(written or "")
    if found is None:
        return None
    try:
        return date(*(int(part) for part in found.groups()))
    except ValueError:
        return None
