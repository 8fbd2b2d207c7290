"""Text files, with or without front matter. The text stays as it lies in the file.

It equals `open(path, encoding="utf-8", newline="").read()`, front matter included, so that every
offset computed later points into the reader's own file.
"""

import re
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, BinaryIO

import yaml

from index.errors import FormatError
from index.formats.base import MEGABYTE, Extracted
from index.formats.encodings import SAVE_AGAIN, encoding_of, not_utf8
from index.formats.fields import by_name, read_facts

FRONT_MATTER = re.compile(
    r"\A\ufeff?---[ \t]*\r?\n(.*?)^---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE
)
TEXT_CONTROL_CHARACTERS = frozenset("\t\n\r\f\v\x85")
CONTROL_CHARACTER = re.compile(
    "[" + "".join(chr(n) for n in range(32) if chr(n) not in TEXT_CONTROL_CHARACTERS) + "]"
)
MOST_FRONT_MATTER_CHARACTERS = 50_000  # more is text between two rules, and YAML is slow
BYTE_ORDER_MARK = "\ufeff"
EMPTY = "It is empty."
NOT_TEXT = "It is not text, though its name says so."


class Text:
    """`.txt` and `.md`, in UTF-8."""

    suffixes = (".txt", ".md", ".markdown")
    keeps_text = True
    most_bytes = 20 * MEGABYTE

    def extract(self, file: BinaryIO) -> Iterator[Extracted]:
        """The one article of the file. Raises FormatError."""
        text = _decoded(file)
        metadata, body_start = _front_matter(text)
        if not text[body_start:].strip():
            marked = body_start > len(BYTE_ORDER_MARK)
            raise FormatError("It has front matter but no text below it." if marked else EMPTY)
        facts = read_facts(by_name(metadata))
        yield Extracted(text=text, body_start=body_start, **asdict(facts))


def _decoded(file: BinaryIO) -> str:
    encoding = encoding_of(file)
    raw = file.read()
    if not raw.strip():
        raise FormatError(EMPTY)
    if encoding.startswith(("utf-16", "utf-32")) and _is_text(raw, encoding):
        raise FormatError(f"It is {encoding[:6].upper()} text, not UTF-8. {SAVE_AGAIN}")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError(NOT_TEXT if b"\0" in raw else not_utf8(raw, error)) from error
    if CONTROL_CHARACTER.search(text):
        raise FormatError(NOT_TEXT)
    return text


def _is_text(raw: bytes, encoding: str) -> bool:
    try:
        return CONTROL_CHARACTER.search(raw.decode(encoding)) is None
    except UnicodeDecodeError:
        return False


def _front_matter(text: str) -> tuple[dict[str, Any], int]:
    """The metadata and where the body begins."""
    start = len(BYTE_ORDER_MARK) if text.startswith(BYTE_ORDER_MARK) else 0
    found = FRONT_MATTER.match(text)
    if found is None or found.end() > MOST_FRONT_MATTER_CHARACTERS:
        return {}, start
    try:
        # Values stay as they are written: "No" and "3:2" are titles, not a bool and a number.
        metadata = yaml.load(found.group(1), Loader=yaml.BaseLoader) or {}
    except (yaml.YAMLError, RecursionError) as error:
        raise FormatError(f"Its front matter can't be read: {_yaml_problem(error)}.") from error
    if not isinstance(metadata, dict):
        return {}, start  # a horizontal rule and plain lines, not metadata
    return metadata, found.end()


def _yaml_problem(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or "it is not YAML"
    return f"{what} in line {mark.line + 2}" if mark else str(what)
