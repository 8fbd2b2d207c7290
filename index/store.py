"""The store: a ledger that says what counts, and vectors that are found by it.

    <store>/write.lock              held by the one process that writes (lock.py)
    <store>/<fingerprint>/          one index; other settings make another one beside it
        ledger.sqlite3              files, articles and passages (sqlite_ledger.py)
        chroma/                     the passages' vectors (vectors.py, chroma.py)
        cache/                      what may be lost: it is derived from the rest

Writing goes: the ids of new vectors are noted, then the vectors written, then the ledger commits,
then the vectors that no longer count are removed. Whatever a crash interrupts, the ledger has the
old articles or the new ones, and knows which vectors to remove; the next writer does.
"""

import contextlib
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from index.articles import Article
from index.embedding import Vectors
from index.errors import StoreError
from index.ledger import Change, IndexedArticle, Ledger, Manifest, Recipe
from index.vectors import VectorIndex
from index.vectors_cache import leave_vectors

SERVERS = ("http://", "https://")


@dataclass(frozen=True, slots=True)
class OtherIndex:
    """An index that other settings, or another version of Dateline, made in the same place.

    It can answer where it `is_complete`. `bytes` is None where the place can't tell.
    """

    recipe: Recipe
    is_complete: bool
    bytes: int | None
    place: str


class Backend(Protocol):
    """A place where indexes lie, told apart by their recipes. Everything raises StoreError."""

    place: str

    def open_ledger(self, recipe: Recipe) -> Ledger:
        """The ledger of the index of this recipe."""

    def open_vectors(self, recipe: Recipe) -> VectorIndex:
        """Its vectors."""

    def lock(self, *, wait_seconds: float) -> AbstractContextManager[None]:
        """The one writer's lock. Raises StoreBusyError where another holds it for too long."""

    def others(self, recipe: Recipe) -> tuple[OtherIndex, ...]:
        """The indexes of other recipes, newest first; damaged ones are passed over."""

    def remove(self, other: OtherIndex) -> None:
        """Remove an index; killed meanwhile, it no longer counts."""

    def cache_folder(self, recipe: Recipe) -> Path | None:
        """Where derived data may be kept, if anywhere. It needn't exist."""

    def damaged(self, recipe: Recipe, what: str) -> StoreError:
        """The error to raise where what is there can't be used."""


class Store:
    """One index in its place. Everything raises StoreError where it can't be read or written.

    Safe to read from several threads; written by the one that is within `writing()`.
    """

    def __init__(self, backend: Backend, recipe: Recipe) -> None:
        """Nothing is opened or created yet."""
        self.recipe = recipe
        self.place = backend.place
        self.ledger = backend.open_ledger(recipe)
        self.vectors = backend.open_vectors(recipe)
        self.cache_folder = backend.cache_folder(recipe)
        self._backend = backend
        self._manifest: Manifest | None = None

    @contextlib.contextmanager
    def writing(self, *, wait_seconds: float = 0) -> Iterator[None]:
        """Hold the writer's lock, after removing what a killed writer left.

        Raises StoreBusyError where another process holds it for longer than `wait_seconds`.
        """
        with self._backend.lock(wait_seconds=wait_seconds):
            self.reopen()
            if self.ledger.generation() is None:
                self.vectors.clear()  # whatever is there, nothing says what it is
            self._remove_left_over()
            yield

    def read_manifest(self) -> Manifest | None:
        """The last finished state; None where nothing was committed yet."""
        generation = self.ledger.generation()
        held = self._manifest
        if held is None or held.generation != generation:
            held = self._manifest = self.ledger.read_manifest()
        return held

    def load(self) -> tuple[Manifest, tuple[IndexedArticle, ...]] | None:
        """The last finished state with its articles, by path."""
        loaded = self.ledger.load()
        if loaded is None:
            return None
        self._manifest = loaded[0]
        return loaded[0], tuple(loaded[1])

    def known_vectors(self, keys: Sequence[str]) -> dict[str, Vectors]:
        """The vectors that are there of passages with these `Passage.key`s, to be used again."""
        passages = self.ledger.keys(keys)
        vectors = self.vectors.fetch(sorted(set(passages.values()))) if passages else {}
        return {key: vectors[each] for key, each in passages.items() if each in vectors}

    def put(self, articles: Sequence[IndexedArticle], vectors: Sequence[Vectors]) -> None:
        """Write the vectors of the articles' passages, an array for each article.

        They count once the next commit puts the articles; else it removes them.
        """
        ids = [passage.id for each in articles for passage in each.passages]
        if not ids:
            return
        rows = [row(each.article) for each in articles for _ in each.passages]
        self.ledger.intend(ids)
        filled = np.concatenate([each for each in vectors if len(each)], dtype=np.float32)
        self.vectors.upsert(ids, filled, rows)
        leave_vectors(ids, filled, self.cache_folder)

    def commit(self, change: Change) -> Manifest:
        """Make the change what readers see, then remove the vectors that no longer count."""
        self._manifest = self.ledger.commit(change)
        self._remove_left_over()
        return self._manifest

    def is_whole(self) -> bool:
        """Whether there are as many vectors as the ledger says, told by counting."""
        for _ in range(3):  # another process may commit in between
            manifest, before = self.read_manifest(), self.ledger.left_over()
            there, after = self.vectors.count(), self.ledger.left_over()
            wanted = 0 if manifest is None else manifest.passages
            if wanted <= there <= wanted + len({*before, *after}):
                return True
            if self.ledger.generation() == (manifest and manifest.generation):
                return False
        return False

    def compact(self) -> bool:
        """Put the vectors in order after a sync; whether they were made anew without what is gone.

        Killed at any moment, it leaves them as they were or in order.
        """
        if self.vectors.needs_rebuild():
            self.vectors.rebuild()
            return True
        self.vectors.settle()
        return False

    def others(self) -> tuple[OtherIndex, ...]:
        """The indexes that other settings made here, newest first."""
        return self._backend.others(self.recipe)

    def open_other(self, recipe: Recipe) -> "Store":
        """The index of another recipe here."""
        return Store(self._backend, recipe)

    def remove_other(self, recipe: Recipe) -> None:
        """Remove the index of another recipe here. Hold the writer's lock.

        Raises StoreError while this one isn't complete: the other may be what answers.
        """
        manifest = self.read_manifest()
        if manifest is None or not manifest.is_complete:
            raise StoreError(
                f"The index in {self.place} isn't complete yet, so that those of other settings "
                "are kept. Finish it first: dateline index"
            )
        for other in self.others():
            if other.recipe == recipe:
                self._backend.remove(other)

    def reopen(self) -> None:
        """Forget what is in memory of the vectors: another process has written."""
        self.vectors.reopen()

    def damaged(self, what: str) -> StoreError:
        """The error to raise where what is there can't be used."""
        return self._backend.damaged(self.recipe, what)

    def _remove_left_over(self) -> None:
        left_over = self.ledger.left_over()
        if left_over:
            self.vectors.delete(left_over)
            self.ledger.forget(left_over)


def open_store(named: str | None, articles: Path, recipe: Recipe) -> Store:
    """The store that the settings name: a folder, a server's address, or the folder's own one."""
    if named and named.startswith(SERVERS):
        from index.server_store import open_server_store  # noqa: PLC0415 - it imports this module

        return open_server_store(named, articles, recipe)
    from index.folder_store import open_folder_store  # noqa: PLC0415 - it imports this module

    return open_folder_store(Path(named) if named else default_store_folder(articles), recipe)


def default_store_folder(articles: Path) -> Path:
    """One store for each articles folder, told apart by its resolved path."""
    resolved = str(articles.resolve())
    digest = hashlib.sha256(resolved.encode("utf-8", "surrogateescape")).hexdigest()[:10]
    return Path(".dateline") / f"{articles.resolve().name or 'root'}-{digest}"


def row(article: Article) -> Mapping[str, Any]:
    """What Chroma can filter by: a passage's article, outlet, and date as yyyymmdd or 0."""
    published = article.published
    return {
        "article_id": article.id,
        "outlet": (article.outlet or "").encode("utf-8", "replace").decode(),  # or Chroma refuses
        "published": int(f"{published:%Y%m%d}") if published else 0,
    }
