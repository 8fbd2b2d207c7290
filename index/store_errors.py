"""What a store in a folder says when it can't be read or written, and what to do then."""

import sqlite3
from pathlib import Path

from index.errors import StoreBusyError, StoreError

# What SQLite, ours and Chroma's, says where the file is sound but can't be used.
FULL = ("is full", "no space left", "disk quota", "file too large")
REFUSED = ("readonly", "read-only", "unable to open", "permission denied", "disk i/o error")
BUSY = ("is locked",)


def unwritable(root: Path, why: str) -> StoreError:
    """The error where there is no room, or no leave, to write."""
    return StoreError(
        f"The store {root} can't be written: {why}. What was there before is still there. "
        "Make room or check its permissions, or name another folder with --store."
    )


def damaged(folder: Path, what: str) -> StoreError:
    """The error where what is on disk can't be used. `folder` is that of the one index."""
    return StoreError(
        f"The store {folder} is damaged: {what}. "
        "Delete that folder and run: dateline index. The articles are read anew."
    )


def failure(folder: Path, error: Exception) -> StoreError:
    """What to raise for an error of SQLite, Chroma or the system at an index's folder."""
    if isinstance(error, StoreError):
        return error
    said = str(error).strip() or type(error).__name__
    lowered = said.lower()
    if isinstance(error, OSError) and not isinstance(error, sqlite3.Error):
        return unwritable(folder.parent, error.strerror or said)
    if any(cause in lowered for cause in FULL + REFUSED):
        return unwritable(folder.parent, said)
    if any(cause in lowered for cause in BUSY):
        return StoreBusyError(
            f"The store {folder.parent} is in use by another process. Try again in a minute."
        )
    return damaged(folder, said)
