"""Files to articles: what an article is, and how one is read from disk.

A file that can't be read is reported, never fatal. The text is kept exactly as it lies on
disk (`open(path, encoding="utf-8", newline="").read()`), front matter included, so that
every offset computed later points into the reader's own file.
"""

import contextlib
import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import yaml
from dateutil import parser as date_parser

from index.errors import ArticlesError

SUFFIXES = (".txt", ".md")
FRONT_MATTER = re.compile(
    r"\A\ufeff?---[ \t]*\r?\n(.*?)^---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE
)
HEADLINE_WORDS = 20
LEAD_TITLE_WORDS = 12
TEXT_CONTROL_CHARACTERS = frozenset("\t\n\r\f\v\x85")
BYTE_ORDER_MARK = "\ufeff"
EMPTY = "It is empty."
NULL = ("", "~", "null")


@dataclass(frozen=True, slots=True)
class Article:
    """One article. `text[body_start:]` is what it says; before it stand byte order mark and front
    matter, where there are any.

    `path` is relative to the articles folder, with forward slashes. `published` is a date or None.
    """

    id: str
    path: str
    title: str
    outlet: str | None
    author: str | None
    published: date | None
    text: str
    body_start: int
    sha256: str


@dataclass(frozen=True, slots=True)
class BadFile:
    """A file that was passed over, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class ArticleFile:
    """A file that should hold an article; size and mtime tell cheaply whether it changed."""

    path: str
    size: int
    mtime_ns: int


def article_id(path: str) -> str:
    """The opaque, stable id of the article at a relative path."""
    return hashlib.sha256(path.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def list_files(folder: Path) -> Iterator[ArticleFile]:
    """The files of the formats Dateline reads, in a stable order, without hidden ones.

    Links that lead out of the folder are not followed. Raises ArticlesError where the folder
    is missing or can't be read.
    """
    if not folder.exists():
        raise ArticlesError(
            f"There is no folder {folder}. Create it and put .txt or .md articles in it, "
            "or name another one with --articles."
        )
    if not folder.is_dir():
        raise ArticlesError(f"{folder} is a file. --articles takes the folder it lies in.")
    root = folder.resolve()
    for parent, folders, names in os.walk(folder, onerror=_refuse_unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent, name)
            if name.startswith(".") or path.suffix.lower() not in SUFFIXES:
                continue
            if path.is_file() and path.resolve().is_relative_to(root):
                with contextlib.suppress(FileNotFoundError):  # deleted since it was listed
                    status = path.stat()
                    relative = path.relative_to(folder).as_posix()
                    yield ArticleFile(relative, status.st_size, status.st_mtime_ns)


def read_article(folder: Path, path: str) -> Article | BadFile:
    """The article in the file at `path` under `folder`, or why there is none."""
    try:
        raw = (folder / path).read_bytes()
    except OSError as error:
        return BadFile(path, f"It can't be read: {error.strerror or error}.")
    problem = _problem(raw)
    if problem:
        return BadFile(path, problem)
    text = raw.decode("utf-8")
    metadata, body_start = _front_matter(text)
    if isinstance(metadata, str):
        return BadFile(path, metadata)
    if not text[body_start:].strip():
        empty = body_start <= len(BYTE_ORDER_MARK)
        return BadFile(path, EMPTY if empty else "It has front matter but no text below it.")
    return Article(
        id=article_id(path),
        path=path,
        title=_line(metadata.get("title")) or _title_from(text[body_start:]),
        outlet=_line(metadata.get("outlet")),
        author=_line(metadata.get("author")),
        published=_date(metadata.get("published")),
        text=text,
        body_start=body_start,
        sha256=hashlib.sha256(raw).hexdigest(),
    )


def _refuse_unreadable(error: OSError) -> None:
    raise ArticlesError(
        f"The folder {error.filename} can't be read: {error.strerror}. Check its permissions."
    ) from error


def _problem(raw: bytes) -> str | None:
    if not raw.strip():
        return EMPTY
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        if b"\0" in raw[:1024]:
            return "It is not text. Only .txt and .md files are read."
        return (
            f"It is not UTF-8 text (byte {error.start + 1} can't be read). "
            "Save it again with the encoding UTF-8."
        )
    odd = sum(
        1 for character in text if character < " " and character not in TEXT_CONTROL_CHARACTERS
    )
    return "It is not text. Only .txt and .md files are read." if odd else None


def _front_matter(text: str) -> tuple[dict[str, Any] | str, int]:
    """The metadata (or what is wrong with it) and where the body begins."""
    start = len(BYTE_ORDER_MARK) if text.startswith(BYTE_ORDER_MARK) else 0
    found = FRONT_MATTER.match(text)
    if found is None:
        return {}, start
    try:
        # Values stay as they are written: "No" and "3:2" are titles, not a bool and a number.
        metadata = yaml.load(found.group(1), Loader=yaml.BaseLoader) or {}
    except (yaml.YAMLError, RecursionError) as error:
        return f"Its front matter can't be read: {_yaml_problem(error)}.", start
    if not isinstance(metadata, dict):
        return {}, start  # a horizontal rule and plain lines, not metadata
    return {str(key).lower(): value for key, value in metadata.items()}, found.end()


def _yaml_problem(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or "it is not YAML"
    return f"{what} in line {mark.line + 2}" if mark else str(what)


def _line(value: Any) -> str | None:
    if isinstance(value, list):
        value = ", ".join(str(item) for item in value)
    line = " ".join(str(value or "").split())
    return None if line.lower() in NULL else line


def _date(value: Any) -> date | None:
    """The day that is written; None where year, month or day is left open."""
    written = _line(value) if isinstance(value, str) else None
    if written is None:
        return None
    try:
        first, second = (
            date_parser.parse(written, default=default, ignoretz=True).date()
            for default in (datetime(2000, 1, 1), datetime(2004, 2, 2))
        )
    except (ValueError, OverflowError):
        return None
    return first if first == second else None


def _title_from(body: str) -> str:
    """The first line where it reads as a headline, else the first words of the lead."""
    lines = body.strip().splitlines()
    worded = (line for line in lines if any(character.isalnum() for character in line))
    first = next(worded, lines[0]).strip().lstrip("# ").strip()
    words = first.split()
    if len(words) <= HEADLINE_WORDS and not first.endswith((".", ",", ";", ":")):
        return " ".join(words)
    cut = " ".join(words[:LEAD_TITLE_WORDS])
    return cut if len(words) <= LEAD_TITLE_WORDS else f"{cut} …"
