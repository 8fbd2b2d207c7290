"""The folder of articles: which files there are, and which can't be looked at."""

import hashlib
import os
import stat
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from index.errors import ArticlesError
from index.formats import SUFFIXES

HIDDEN = (".", "~$")  # Word marks with the second that a file is open
PAGE = (".html", ".htm")
PARTS_OF_A_PAGE = "_files"  # a browser keeps a page's pictures and frames in a folder beside it


@dataclass(frozen=True, slots=True)
class BadFile:
    """A file, or one record of it, that was passed over, and why."""

    path: str
    reason: str
    record: str | None = None


@dataclass(frozen=True, slots=True)
class ArticleFile:
    """A file that should hold an article; size and mtime tell cheaply whether it changed.

    `path` is relative to the articles folder, with forward slashes.
    """

    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a folder and the folders within it that can't be read, each by path."""

    files: tuple[ArticleFile, ...]
    bad: tuple[BadFile, ...]


def list_files(folder: Path) -> Listing:
    """The files of the formats Dateline reads, of all folders within, hidden ones left out.

    The folder `x_files` beside a file `x.html` has parts of that page, and is left out as well.
    A link counts where it leads to a place within the folder; a linked folder is listed unless it
    is already there under another name, so that no loop is walked. Raises ArticlesError where the
    folder is missing or can't be read.
    """
    _refuse_no_folder(folder)
    walk = _Walk(folder)
    walk.run()
    files = sorted(walk.files, key=lambda file: file.path)
    return Listing(tuple(files), tuple(sorted(walk.bad, key=lambda bad: bad.path)))


def status_of(folder: Path, path: str) -> ArticleFile:
    """The file at `path` as it is now. Raises OSError where it can't be looked at."""
    status = (folder / path).stat()
    return ArticleFile(path, status.st_size, status.st_mtime_ns)


def hash_file(folder: Path, path: str) -> str:
    """SHA-256 of the file at `path`, which may be larger than memory. Raises OSError."""
    with (folder / path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def os_reason(error: OSError) -> str:
    """What the system says against reading a file, as a sentence."""
    return f"It can't be read: {error.strerror or error}."


class _Walk:
    """One listing under way. Linked folders wait until all that aren't links are walked."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.root = folder, folder.resolve()
        self.files: list[ArticleFile] = []
        self.bad: list[BadFile] = []
        self.links: deque[str] = deque()
        self.walked: set[tuple[int, int]] = set()  # by device and inode

    def run(self) -> None:
        self._walk("")
        while self.links:
            path = self.links.popleft()
            if self._is_within(path):
                self._walk(path)

    def _walk(self, path: str) -> None:
        """List the folder at `path` and those within it; what is linked from them waits."""
        waiting = [path]
        while waiting:
            path = waiting.pop()
            try:
                status = (self.folder / path).stat()
                if (status.st_dev, status.st_ino) not in self.walked:
                    self.walked.add((status.st_dev, status.st_ino))
                    waiting.extend(self._look(path))
            except OSError as error:
                self._refuse(path, error)

    def _look(self, path: str) -> Iterator[str]:
        """Note the files of one folder; gives the folders in it, the last by name first."""
        prefix = f"{path}/" if path else ""
        folders, linked, parts = [], [], set()
        with os.scandir(self.folder / path) as entries:
            for entry in entries:
                if entry.name.startswith(HIDDEN):
                    continue
                if entry.is_symlink() and _leads_to_folder(entry):
                    linked.append(prefix + entry.name)
                elif entry.is_dir(follow_symlinks=False):
                    folders.append(prefix + entry.name)
                elif entry.name.lower().endswith(SUFFIXES):
                    self._note(entry, prefix + entry.name)
                    if entry.name.endswith(PAGE):
                        parts.add(prefix + entry.name.rpartition(".")[0] + PARTS_OF_A_PAGE)
        self.links.extend(sorted(linked))
        yield from sorted(set(folders) - parts, reverse=True)

    def _note(self, entry: os.DirEntry[str], path: str) -> None:
        try:
            if not entry.is_file() or (entry.is_symlink() and not self._is_within(path)):
                return
            status = entry.stat()
        except OSError as error:
            if isinstance(error, FileNotFoundError) or entry.is_symlink():
                return  # deleted since it was listed, or a link that leads nowhere
            raise
        self.files.append(ArticleFile(path, status.st_size, status.st_mtime_ns))

    def _is_within(self, path: str) -> bool:
        try:
            return (self.folder / path).resolve(strict=True).is_relative_to(self.root)
        except OSError:  # deleted since it was listed
            return False

    def _refuse(self, path: str, error: OSError) -> None:
        if not path:
            raise _unreadable(self.folder, error) from error
        if not isinstance(error, FileNotFoundError):  # else deleted since it was listed
            self.bad.append(BadFile(path, os_reason(error)))


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _refuse_no_folder(folder: Path) -> None:
    try:
        is_folder = stat.S_ISDIR(folder.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ArticlesError(
            f"There is no folder {folder}. Create it and put articles in it, or name another one "
            "with --articles."
        ) from error
    except OSError as error:
        raise _unreadable(folder, error) from error
    if not is_folder:
        raise ArticlesError(f"{folder} is a file. --articles takes the folder it lies in.")


def _unreadable(folder: Path, error: OSError) -> ArticlesError:
    return ArticlesError(
        f"The folder {folder} can't be read: {error.strerror}. Check its permissions."
    )
