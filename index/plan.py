"""What a sync has to do: the folder's files against those of the ledger, by size and mtime.

Of all files only those are opened whose mtime says nothing: a file may change again within the
tick of the clock in which it was read, and its mtime then stays as it was ("racily clean", see
Git's Documentation/technical/racy-git.txt). Those are compared by hash.
"""

import time
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from index.files import ArticleFile, BadFile, hash_file, list_files
from index.formats import format_of
from index.ledger import FileEntry, Manifest

RACY_NS = 2_000_000_000  # FAT counts in steps of 2 s; no file system in use is coarser


@dataclass(frozen=True, slots=True)
class Plan:
    """Files to read, paths to drop, and what is left as it is.

    `settled` are entries that were found unchanged by hash and needn't be hashed again.
    `unreadable` are folders that can't be looked into; what was in them stays. `anew` takes
    nothing as known of the files to read.
    """

    read: tuple[ArticleFile, ...]
    drop: tuple[str, ...]
    settled: tuple[FileEntry, ...]
    unreadable: tuple[BadFile, ...]
    manifest: Manifest
    anew: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether folder and store agree."""
        return not self.read and not self.drop


def plan_sync(folder: Path, manifest: Manifest, *, anew: bool = False) -> Plan:
    """Compare the folder with the manifest; `anew` has every file read.

    Raises ArticlesError where the folder is missing or can't be read.
    """
    listing = list_files(folder)
    read: list[ArticleFile] = []
    settled: list[FileEntry] = []
    for file in listing.files:
        found = file if anew else _compare(folder, file, manifest.files.get(file.path))
        if isinstance(found, ArticleFile):
            read.append(found)
        elif found is not None:
            settled.append(found)
    known = manifest.files.keys() | {entry.path for entry in manifest.articles.values()}
    kept = {file.path for file in listing.files}
    hidden = {bad.path for bad in listing.bad}
    drop = tuple(sorted(path for path in known - kept if not _is_within(path, hidden)))
    return Plan(tuple(read), drop, tuple(settled), listing.bad, manifest, anew)


def is_too_big(file: ArticleFile) -> bool:
    """Whether the file is more than its format reads; it is then refused unread."""
    form = format_of(file.path)
    return form is not None and file.size > form.most_bytes


def _compare(
    folder: Path, file: ArticleFile, entry: FileEntry | None
) -> ArticleFile | FileEntry | None:
    """The file where it is to be read, its entry where that is to be renewed."""
    if entry is None or (entry.size, entry.mtime_ns) != (file.size, file.mtime_ns):
        return file
    if entry.sha256 is None:  # permissions change without the mtime
        return file if not is_too_big(file) and _opens(folder / file.path) else None
    if not _is_racy(entry):
        return None
    now = time.time_ns()
    try:
        if hash_file(folder, file.path) != entry.sha256:
            return file
    except OSError:
        return file
    later = replace(entry, read_at_ns=now)
    return None if _is_racy(later) else later


def _is_racy(entry: FileEntry) -> bool:
    return entry.mtime_ns > entry.read_at_ns - RACY_NS


def _opens(path: Path) -> bool:
    try:
        path.open("rb").close()
    except OSError:
        return False
    return True


def _is_within(path: str, folders: set[str]) -> bool:
    return bool(folders) and any(str(each) in folders for each in PurePosixPath(path).parents)
