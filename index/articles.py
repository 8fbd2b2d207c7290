"""Files to articles: what an article is, and how those of a file are read from disk.

What can't be read is reported, never fatal. The text is kept exactly as the format gives it, so
that every offset computed later points into the same text.
"""

import hashlib
import json
import logging
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO

from index.clean import mark_boilerplate
from index.dates import DateMention, find_dates
from index.errors import FormatError
from index.files import BadFile, hash_file, os_reason
from index.formats import SUFFIXES, BadRecord, Extracted, format_of
from index.formats.base import MEGABYTE
from index.formats.fields import storable
from index.language import identify_language

HEADLINE_WORDS = 20
LEAD_TITLE_WORDS = 12
MOST_TITLE_CHARACTERS = 300  # a line without spaces can be of any length
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Article:
    """One article. `text[body_start:]` is what it says; before it stand byte order mark and front
    matter, where there are any.

    `path` is relative to the articles folder, with forward slashes. `published` is a date or None.
    `sha256` is that of the file. `record` tells it from the others of its file; None where a file
    holds one article. `dates` are what "Friday" or "last week" mean in it (index/dates.py).
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
    url: str | None = None
    language: str | None = None
    record: str | None = None
    dates: tuple[DateMention, ...] = ()

    @property
    def version(self) -> str:
        """Changes with everything that shapes the article's passages and what is shown of it."""
        shape = (self.path, self.record, self.title, self.outlet, self.author, self.url)
        rest = (self.language, str(self.published), self.body_start, self.text)
        content = json.dumps([*shape, *rest])
        return hashlib.sha256(content.encode()).hexdigest()[:16]


def article_id(path: str, record: str | None = None) -> str:
    """The opaque, stable id of the article at a relative path, or of one record of that file."""
    name = path if record is None else f"{path}\0{record}"
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def read_article(folder: Path, path: str) -> Article | BadFile:
    """The first article in the file at `path` under `folder`, or why there is none."""
    found = list(read_articles(folder, path))
    return next((each for each in found if isinstance(each, Article)), found[0])


def read_articles(
    folder: Path, path: str, sha256: str | None = None
) -> Iterator[Article | BadFile]:
    """The articles in the file at `path` under `folder`, and the records that are none.

    A file of which nothing can be taken gives one BadFile without a record. `sha256` is the
    file's where that is known; else it is computed.
    """
    found: Extracted | BadRecord | None = None
    try:
        with (folder / path).open("rb") as file:
            for found in _records(file, path):
                sha256 = sha256 or hash_file(folder, path)
                yield _article(found, path, sha256)
        if found is None:
            yield BadFile(path, "There are no articles in it.")
    # Whatever a library makes of a damaged file, the other files are to be read.
    except Exception as error:  # noqa: BLE001
        log.debug("Reading %r failed", path, exc_info=True)
        yield BadFile(path, _reason(error), f"after {found.record}" if found else None)


def _records(file: BinaryIO, path: str) -> Iterator[Extracted | BadRecord]:
    reader = format_of(path)
    if reader is None:
        raise FormatError(f"Only files with these suffixes are read: {', '.join(SUFFIXES)}.")
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    if size > reader.most_bytes:
        raise FormatError(
            f"It has {_megabytes(size)}; a file of its kind may have at most "
            f"{_megabytes(reader.most_bytes)}. Split it into smaller files."
        )
    yield from reader.extract(file)


def _megabytes(size: int) -> str:
    return f"{math.ceil(size / MEGABYTE * 10) / 10:,g} MB"


def _reason(error: Exception) -> str:
    if isinstance(error, FormatError):
        return str(error)
    if isinstance(error, OSError):
        return os_reason(error)
    if isinstance(error, MemoryError):
        return "Reading it takes more memory than there is."
    return f"It can't be read; it is probably damaged ({type(error).__name__})."


def _article(found: Extracted | BadRecord, path: str, sha256: str) -> Article | BadFile:
    if isinstance(found, BadRecord):
        return BadFile(path, found.reason, found.record)
    text = storable(found.text)
    body = text[found.body_start :]
    if not body.strip():
        return BadFile(path, "It has no text.", found.record)
    return Article(
        id=article_id(path, found.record),
        path=path,
        title=_shortened(found.title or _title_from(_reporting(body) or body)),
        outlet=found.outlet,
        author=found.author,
        published=found.published,
        text=text,
        body_start=found.body_start,
        sha256=sha256,
        url=found.url,
        language=found.language or identify_language(body),
        record=found.record,
        dates=find_dates(text, found.published, found.body_start),
    )


def _shortened(title: str) -> str:
    if len(title) <= MOST_TITLE_CHARACTERS:
        return title
    return f"{title[:MOST_TITLE_CHARACTERS].rstrip()} …"


def _reporting(body: str) -> str:
    """The text without what isn't reporting: a caption is no title."""
    kept, end = [], 0
    for span in mark_boilerplate(body):
        kept.append(body[end : span.start])
        end = span.end
    return "".join((*kept, body[end:])).strip()


def _title_from(body: str) -> str:
    """The first line where it reads as a headline, else the first words of the lead."""
    lines = body.strip().splitlines()
    worded = (line for line in lines if any(character.isalnum() for character in line))
    first = next(worded, lines[0]).strip().lstrip("# ").strip() or lines[0].strip()
    words = first.split()
    if len(words) <= HEADLINE_WORDS and not first.endswith((".", ",", ";", ":")):
        return " ".join(words)
    cut = " ".join(words[:LEAD_TITLE_WORDS])
    return cut if len(words) <= LEAD_TITLE_WORDS else f"{cut} …"
