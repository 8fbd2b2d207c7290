"""Puts a file into the articles folder, if there are articles in it."""

import filecmp
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from index.articles import read_articles
from index.errors import ArticlesError
from index.files import BadFile
from index.formats import SUFFIXES


@dataclass(frozen=True, slots=True)
class Added:
    """A file that is in the folder now: its path there, and how many articles it holds.

    `was_there` where the folder had the same file already.
    """

    path: str
    articles: int
    was_there: bool = False


def add_file(folder: Path, source: Path) -> Added:
    """Copy a file into the folder under its name, or under a free one like it.

    What is there already stays as it is, and the copy appears whole or not at all. Raises
    ArticlesError with the reason where the file holds no article or can't be written.
    """
    name = source.name.lstrip(".")  # what begins with a dot is never indexed
    if not name.lower().endswith(SUFFIXES):
        raise ArticlesError(f"Only files with these suffixes are read: {', '.join(SUFFIXES)}.")
    found = list(read_articles(source.parent, source.name))
    number = sum(not isinstance(each, BadFile) for each in found)
    if not number:
        reasons = (each.reason for each in found if isinstance(each, BadFile))
        raise ArticlesError(next(reasons, "There are no articles in it."))
    try:
        return _copy(folder, source, name, number)
    except OSError as error:
        raise ArticlesError(f"It can't be written to {folder}: {error.strerror}.") from error


def _copy(folder: Path, source: Path, name: str, articles: int) -> Added:
    file, hidden = tempfile.mkstemp(dir=folder, prefix=".adding-")
    try:
        with os.fdopen(file, "wb") as copy, source.open("rb") as original:
            shutil.copyfileobj(original, copy)
            copy.flush()
            os.fsync(copy.fileno())
        Path(hidden).chmod(0o644)
        stem, suffix = Path(name).stem, Path(name).suffix
        count = 1
        while True:
            target = folder / (name if count == 1 else f"{stem}-{count}{suffix}")
            try:
                os.link(hidden, target)  # unlike a rename, it never replaces what is there
                return Added(target.name, articles)
            except FileExistsError:
                if target.is_file() and filecmp.cmp(hidden, target, shallow=False):
                    return Added(target.name, articles, was_there=True)
            count += 1
    finally:
        Path(hidden).unlink(missing_ok=True)
