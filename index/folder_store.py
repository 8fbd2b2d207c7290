"""Indexes in a folder of this machine, each in a folder of its own."""

import contextlib
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from index.chroma import FolderCollections
from index.errors import StoreError
from index.ledger import Recipe
from index.lock import writer_lock
from index.sqlite_ledger import LEDGER, SqliteLedger, read_head
from index.store import OtherIndex, Store
from index.store_errors import damaged, failure, unwritable
from index.vectors import VectorIndex

OLD_MANIFEST = "manifest.json"  # of indexes of store format 1, which can only be removed
GOING = ".removing-"
DAMAGE = (sqlite3.Error, OSError, ValueError, KeyError, TypeError, AttributeError)


def open_folder_store(root: Path, recipe: Recipe) -> Store:
    """The index of this recipe at `root`. Raises StoreError where that can't be a folder."""
    return Store(FolderBackend(root), recipe)


class FolderBackend:
    """A `Backend` at `root`, which is created on the first write."""

    def __init__(self, root: Path) -> None:
        """Raises StoreError where `root` is a file."""
        if root.exists() and not root.is_dir():
            raise StoreError(f"{root} is a file. --store takes a folder.")
        self.place = str(root)
        self._root = root

    def open_ledger(self, recipe: Recipe) -> SqliteLedger:
        """The ledger of the index of this recipe."""
        return SqliteLedger(self._folder(recipe), recipe)

    def open_vectors(self, recipe: Recipe) -> VectorIndex:
        """Its vectors."""
        folder = self._folder(recipe)
        return VectorIndex(FolderCollections(folder), lambda error: failure(folder, error))

    def lock(self, *, wait_seconds: float) -> AbstractContextManager[None]:
        """The one writer's lock. Raises StoreBusyError where another holds it for too long."""
        return writer_lock(self._root, wait_seconds=wait_seconds)

    def others(self, recipe: Recipe) -> tuple[OtherIndex, ...]:
        """The indexes of other recipes, newest first; damaged ones are passed over."""
        if not self._root.is_dir():
            return ()
        folders = [path for path in self._root.iterdir() if path != self._folder(recipe)]
        found = [(path, other) for path in folders for other in _read_index(path)]
        found.sort(key=lambda pair: _changed(pair[0]), reverse=True)
        return tuple(other for _, other in found)

    def remove(self, other: OtherIndex) -> None:
        """Remove an index; killed meanwhile, it no longer counts, and the next removal goes on."""
        folder = Path(other.place)
        try:
            folder.rename(self._root / f"{GOING}{folder.name}")
            for path in self._root.glob(f"{GOING}*"):
                shutil.rmtree(path)
        except OSError as error:
            raise unwritable(self._root, error.strerror or str(error)) from error

    def cache_folder(self, recipe: Recipe) -> Path:
        """Where derived data may be kept."""
        return self._folder(recipe) / "cache"

    def damaged(self, recipe: Recipe, what: str) -> StoreError:
        """The error to raise where what is there can't be used."""
        return damaged(self._folder(recipe), what)

    def _folder(self, recipe: Recipe) -> Path:
        return self._root / recipe.fingerprint


def _read_index(folder: Path) -> Iterator[OtherIndex]:
    """The index in a folder, if there is one that can be read."""
    with contextlib.suppress(*DAMAGE):
        head = None if folder.name.startswith(".") else read_head(folder) or _read_old(folder)
        if head is not None:
            recipe, is_complete = head
            files = (path for path in folder.rglob("*") if path.is_file())
            size = sum(path.stat().st_size for path in files)
            yield OtherIndex(recipe, is_complete, size, str(folder))


def _read_old(folder: Path) -> tuple[Recipe, bool] | None:
    """The recipe of an index of store format 1, which can't answer any more."""
    manifest = folder / OLD_MANIFEST
    if not manifest.exists():
        return None
    return Recipe(**json.loads(manifest.read_text(encoding="utf-8"))["recipe"]), False


def _changed(folder: Path) -> int:
    """When the index last changed, in nanoseconds; 0 where it is gone by now."""
    with contextlib.suppress(OSError):
        for name in (LEDGER, OLD_MANIFEST):
            if (folder / name).exists():
                return (folder / name).stat().st_mtime_ns
    return 0
