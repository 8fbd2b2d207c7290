"""The passages' vectors, in Chroma. The ledger says which of them count.

What is deleted stays in Chroma's graph (HNSW, Malkov & Yashunin 2018) and slows it, so that now
and then all that is left is copied into a fresh collection, which takes the old one's place.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from index.chroma import HNSW, REMOVED, WAITING, Collections, Counts
from index.embedding import Vectors
from index.errors import StoreError

if TYPE_CHECKING:
    from chromadb import Collection

ROWS_A_CALL = 5000  # Chroma takes at most 5,461
GONE_SHARE = 1 / 3
GONE_ROWS = 1000
# Rows that wait in Chroma's log are added to the graph on each opening, a millisecond a row; to
# write them with the graph costs a copy of all.
MOST_WAITING = 10_000
FEW_WAITING = 500

Found = TypeVar("Found")


class VectorIndex:
    """Unit vectors by passage id. Chroma's errors come out as what `failure` makes of them.

    Safe to read from several threads. Written with the writer's lock only. Other processes' rows
    are found by `nearest` after `reopen`.
    """

    def __init__(self, collections: Collections, failure: Callable[[Exception], StoreError]):
        """Nothing is opened yet."""
        self._collections = collections
        self._failure = failure
        self._collection: Collection | None = None

    def upsert(
        self, ids: Sequence[str], vectors: Vectors, metadatas: Sequence[Mapping[str, Any]]
    ) -> None:
        """Write vectors, shape (len(ids), dimensions), in place of those of the same ids."""
        with self._failing():
            for first in range(0, len(ids), ROWS_A_CALL):
                rows = slice(first, first + ROWS_A_CALL)
                _count(self._writable(), waiting=len(ids[rows]))
                _upsert(self._writable(), ids[rows], vectors[rows], metadatas[rows])
                self.settle(MOST_WAITING)

    def delete(self, ids: Sequence[str]) -> None:
        """Remove vectors; ids that aren't there are passed over."""
        with self._failing():
            for rows in _pages(ids):
                collection = self._writable()
                before = collection.count()
                collection.delete(ids=list(rows))
                removed = before - collection.count()
                _count(collection, removed=removed, waiting=removed)

    def clear(self) -> None:
        """Remove all that is there, damaged or not."""
        with self._failing():
            self._collection = None
            self._collections.clear()

    def count(self) -> int:
        """How many vectors there are, 0 where nothing was written yet."""
        return self._counts().rows

    def ids(self) -> list[str]:
        """The ids of all vectors."""
        return self._read(lambda collection: list(collection.get(include=[])["ids"]), missing=[])

    def fetch(self, ids: Sequence[str]) -> dict[str, Vectors]:
        """The vectors of those ids that are there, each of shape (dimensions,)."""
        found: dict[str, Vectors] = {}
        for rows in _pages(ids):
            found.update(self._read(partial(_fetch, ids=rows)))
        return found

    def all(self) -> tuple[list[str], Vectors]:
        """All ids with their vectors, shape (ids, dimensions)."""
        found = self.fetch(self.ids())
        return list(found), np.stack(list(found.values())) if found else np.zeros((0, 0), "f4")

    def nearest(
        self, vector: Vectors, count: int, where: Mapping[str, Any] | None = None
    ) -> list[tuple[str, float]]:
        """At most `count` ids with their cosines, nearest first, by Chroma's approximate search.

        `where` is a filter on the rows' metadata, in Chroma's terms.
        """
        return self._read(lambda collection: _nearest(collection, vector, count, where))

    def reopen(self) -> None:
        """Forget what is in memory: another process has written."""
        self._collection = None
        self._collections.reopen()

    def settle(self, most_waiting: int = FEW_WAITING) -> None:
        """Have what was written added to the graph on disk, where more than so many rows wait."""
        with self._failing():
            if self._counts().waiting > most_waiting:
                self._collection = None
                self._collections.persist()
                collection = self._writable()
                _count(collection, waiting=-_counted(collection, WAITING))

    def needs_rebuild(self) -> bool:
        """Whether much of what was ever written is gone, or the graph is made otherwise by now."""
        counts = self._counts()
        if not counts.rows:
            return False
        share = counts.removed / (counts.removed + counts.rows)
        if counts.removed > GONE_ROWS and share > GONE_SHARE:
            return True
        is_open = self._collections.peek() is None  # it isn't worth opening for this
        return is_open and self._read(_is_outdated)

    def rebuild(self) -> None:
        """Copy what is there into a fresh collection and put it in the old one's place.

        Killed at any moment, it leaves the one or the other, whole.
        """
        with self._failing():
            old, fresh = self._writable(), self._collections.open_fresh()
            for ids in _pages(old.get(include=[])["ids"]):
                page = old.get(ids=list(ids), include=["embeddings", "metadatas"])
                vectors = np.asarray(page["embeddings"], dtype=np.float32)
                _upsert(fresh, page["ids"], vectors, page["metadatas"] or [])
            if fresh.count() != old.count():
                raise RuntimeError("the copy of its vectors isn't whole")
            self._collection = None
            self._collections.switch()

    @contextlib.contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - Chroma raises whatever its engine does
            raise self._failure(error) from error

    def _counts(self) -> Counts:
        with self._failing():
            return self._collections.peek() or self._read(_counts, missing=Counts(0, 0, 0))

    def _writable(self) -> "Collection":
        collection = self._open(create=True)
        assert collection is not None
        return collection

    def _open(self, *, create: bool) -> "Collection | None":
        if self._collection is None:
            opened = self._collections.open(create=create)
            if opened is not None:
                _check_space(opened)
            self._collection = opened
        return self._collection

    def _read(self, read: "Callable[[Collection], Found]", missing: Found | None = None) -> Found:
        """Read from the current collection; once more where another has taken its place."""
        with self._failing():
            try:
                return self._read_once(read, missing)
            except Exception:  # noqa: BLE001 - as above
                self.reopen()
            return self._read_once(read, missing)

    def _read_once(self, read: "Callable[[Collection], Found]", missing: Found | None) -> Found:
        collection = self._open(create=False)
        if collection is not None:
            return read(collection)
        if missing is None:
            raise LookupError("its vectors are gone")
        return missing


def _check_space(collection: "Collection") -> None:
    space = _graph(collection).get("space")
    if space != HNSW["space"]:  # get_or_create ignores another space without a word
        raise ValueError(f"its vectors use the distance {space}, not {HNSW['space']}")


def _graph(collection: "Collection") -> Mapping[str, Any]:
    return collection.configuration.get("hnsw") or {}


def _is_outdated(collection: "Collection") -> bool:
    made = _graph(collection)
    return any(made.get(name) != value for name, value in HNSW.items())


def _counts(collection: "Collection") -> Counts:
    return Counts(collection.count(), _counted(collection, REMOVED), _counted(collection, WAITING))


def _counted(collection: "Collection", name: str) -> int:
    return int((collection.metadata or {}).get(name, 0))


def _count(collection: "Collection", *, removed: int = 0, waiting: int = 0) -> None:
    if removed or waiting:
        counted = {REMOVED: removed, WAITING: waiting}
        both = {name: _counted(collection, name) + more for name, more in counted.items()}
        collection.modify(metadata=both)


def _upsert(
    collection: "Collection",
    ids: Sequence[str],
    vectors: Vectors,
    metadatas: Sequence[Mapping[str, Any]],
) -> None:
    collection.upsert(
        ids=list(ids),
        embeddings=np.ascontiguousarray(vectors),
        metadatas=[dict(each) for each in metadatas],
    )


def _fetch(collection: "Collection", ids: Sequence[str]) -> dict[str, Vectors]:
    found = collection.get(ids=list(ids), include=["embeddings"])
    return dict(zip(found["ids"], np.asarray(found["embeddings"], dtype=np.float32), strict=True))


def _nearest(
    collection: "Collection", vector: Vectors, count: int, where: Mapping[str, Any] | None
) -> list[tuple[str, float]]:
    found = collection.query(
        query_embeddings=vector[np.newaxis],
        n_results=count,
        where=dict(where) if where else None,
        include=["distances"],
    )
    distances = found["distances"] or [[]]
    return [(row, 1.0 - each) for row, each in zip(found["ids"][0], distances[0], strict=True)]


def _pages(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[first : first + ROWS_A_CALL] for first in range(0, len(ids), ROWS_A_CALL))
