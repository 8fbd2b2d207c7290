"""Chroma's collections: in a folder of ours, or on a Chroma server.

A collection counts once it has a number; one in the making is called partial. The highest number
is the current one, so that a rename switches from one to the next.

In a folder, Chroma's own way of keeping its graph isn't safe: it writes several files in place, in
every process that looks at them, and what is half written crashes the next process that reads it
(seen with 1.5.9 as a segmentation fault; a test holds us to that). Its log of what was written is
in SQLite and safe. So the graph of a collection that counts is never written: what is new stays in
the log, from which each process adds it to the graph in its memory, and `persist` writes the graph
in a copy that takes the collection's place.
"""

import contextlib
import gc
import re
import shutil
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from chromadb import Collection
    from chromadb.api import ClientAPI

# How the graph is built and searched: more neighbours and longer lists find more and cost more.
# A collection that was made otherwise is made anew by the next `rebuild`; nothing is embedded.
HNSW: Mapping[str, Any] = {
    "space": "cosine",
    "max_neighbors": 16,
    "ef_construction": 100,
    "ef_search": 100,
}
COLLECTION = "passages"
FOLDER = re.compile(r"chroma(?:-(\d+))?")  # the first has no number
PARTIAL = "partial"
DATABASE = "chroma.sqlite3"
REMOVED, WAITING = "removed", "waiting"  # counted in the collection's metadata
AT_ONCE, SELDOM, NEVER = 2, 10_000, 10**9  # rows until Chroma writes its graph by itself
_opening = threading.Lock()  # Chroma's table of open clients is shared by all threads


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows that are there, that were deleted since the collection was made, and that wait in the
    log to be written with the graph."""

    rows: int
    removed: int
    waiting: int


class Collections(Protocol):
    """Where collections lie: a current one, and in a `rebuild` a fresh one beside it."""

    def open(self, *, create: bool) -> "Collection | None":
        """The current collection; None where there is none and `create` is False."""

    def open_fresh(self) -> "Collection":
        """An empty collection beside the current one, instead of any that was left unfinished."""

    def switch(self) -> None:
        """Make the fresh collection the current one in one step, then remove the others."""

    def persist(self) -> None:
        """Write the current collection's graph to disk, where that isn't the server's affair."""

    def peek(self) -> Counts | None:
        """What there is, without opening it; None where that can't be told or it is open."""

    def reopen(self) -> None:
        """Forget what this process has in memory of the collections."""

    def clear(self) -> None:
        """Remove every collection."""


class FolderCollections:
    """A folder of Chroma's for each collection: removing it is what gives the room back."""

    def __init__(self, folder: Path) -> None:
        """`folder` is the index's own; it is created on the first write."""
        self._folder = folder
        self._partial = folder / f"chroma.{PARTIAL}"
        self._was_opened = False

    def open(self, *, create: bool) -> "Collection | None":
        """The current collection; None where there is none and `create` is False."""
        while True:
            found = self._numbered()
            if not found and not create:
                return None
            self._was_opened = True
            current = found[-1] if found else self._folder / "chroma"
            opened = _collection(_folder_client(current), sync_threshold=NEVER)
            if self._numbered()[-1:] == [current]:  # else it was switched away and made empty
                return opened
            self.reopen()

    def open_fresh(self) -> "Collection":
        """An empty collection beside the current one, instead of any that was left unfinished."""
        self.reopen()
        shutil.rmtree(self._partial, ignore_errors=True)
        return _collection(_folder_client(self._partial), sync_threshold=SELDOM)

    def switch(self) -> None:
        """Make the fresh collection the current one in one step, then remove the others."""
        self._write_graph()
        old = self._numbered()
        self._partial.rename(self._folder / f"chroma-{_number(old[-1]) + 1}")
        self.reopen()
        for folder in old:
            shutil.rmtree(folder, ignore_errors=True)

    def persist(self) -> None:
        """Write the current collection's graph to disk: in a copy, which takes its place."""
        self.reopen()
        shutil.rmtree(self._partial, ignore_errors=True)
        _copy(self._numbered()[-1], self._partial)
        self.switch()

    def peek(self) -> Counts | None:
        """What there is, as Chroma's database has it; None once this process has opened it.

        Importing Chroma takes a second, and closing a file that its SQLite has open, too, would
        undo its locks.
        """
        if "chromadb" in sys.modules:
            return None
        found = self._numbered()
        if not found:
            return Counts(0, 0, 0)
        with contextlib.suppress(sqlite3.Error, OSError):
            return _peek(found[-1] / DATABASE)
        return None

    def reopen(self) -> None:
        """Forget what this process has in memory of the collections."""
        if "chromadb" not in sys.modules:  # then nothing is, and it takes a second to import
            return
        from chromadb.api.shared_system_client import SharedSystemClient  # noqa: PLC0415

        with _opening:
            SharedSystemClient.clear_system_cache()
        if self._was_opened:
            self._was_opened = False
            gc.collect()  # Chroma's parts hold each other, with their threads and open files

    def clear(self) -> None:
        """Remove every collection."""
        self.reopen()
        for folder in (*self._numbered(), self._partial):
            if folder.exists():
                shutil.rmtree(folder)

    def _write_graph(self) -> None:
        """Have Chroma write the partial collection's graph: it does so on being opened for it."""
        with self._opened_partial() as collection:
            _set_threshold(collection, AT_ONCE)
        with self._opened_partial() as collection:
            collection.count()
            _set_threshold(collection, NEVER)

    @contextlib.contextmanager
    def _opened_partial(self) -> "Iterator[Collection]":
        self.reopen()
        client: Any = _folder_client(self._partial)
        try:
            yield _collection(client)
        finally:
            client.close()  # so that its files are whole and closed

    def _numbered(self) -> list[Path]:
        """Every finished collection's folder; the last is the current one."""
        if not self._folder.is_dir():
            return []
        found = (path for path in self._folder.iterdir() if FOLDER.fullmatch(path.name))
        return sorted(found, key=_number)


class ServerCollections:
    """Collections of one server; `connect` makes a client of it."""

    def __init__(self, connect: "Callable[[], ClientAPI]", name: str) -> None:
        """`name` tells this index from others there: letters, digits and hyphens."""
        self._connect = connect
        self._name = name
        self._client: ClientAPI | None = None

    def open(self, *, create: bool) -> "Collection | None":
        """The current collection; None where there is none and `create` is False."""
        found = self._numbered()
        if not found and not create:
            return None
        return _collection(self._server(), found[-1] if found else f"{self._name}-1")

    def open_fresh(self) -> "Collection":
        """An empty collection beside the current one, instead of any that was left unfinished."""
        if self._partial in self._named():
            self._server().delete_collection(self._partial)
        return _collection(self._server(), self._partial)

    def switch(self) -> None:
        """Make the fresh collection the current one in one step, then remove the others."""
        old = self._numbered()
        number = int(old[-1].rsplit("-", 1)[1]) + 1
        _collection(self._server(), self._partial).modify(name=f"{self._name}-{number}")
        for name in old:
            self._server().delete_collection(name)

    def persist(self) -> None:
        """The server sees to that."""

    def peek(self) -> Counts | None:
        """What there is has to be asked for."""
        return None

    def reopen(self) -> None:
        """Connect anew on the next call."""
        self._client = None

    def clear(self) -> None:
        """Remove every collection."""
        for name in self._named():
            self._server().delete_collection(name)

    @property
    def _partial(self) -> str:
        return f"{self._name}-{PARTIAL}"

    def _server(self) -> "ClientAPI":
        if self._client is None:
            self._client = self._connect()
        return self._client

    def _named(self) -> list[str]:
        ours = re.compile(re.escape(self._name) + rf"-(\d+|{PARTIAL})")
        names = (collection.name for collection in self._server().list_collections())
        return [name for name in names if ours.fullmatch(name)]

    def _numbered(self) -> list[str]:
        names = (name for name in self._named() if name != self._partial)
        return sorted(names, key=lambda name: int(name.rsplit("-", 1)[1]))


def _folder_client(folder: Path) -> "ClientAPI":
    import chromadb  # noqa: PLC0415 - a second of import, for those who open a store
    from chromadb.config import Settings  # noqa: PLC0415

    with _opening:
        return chromadb.PersistentClient(
            path=str(folder), settings=Settings(anonymized_telemetry=False)
        )


def _collection(client: "ClientAPI", name: str = COLLECTION, **graph: int) -> "Collection":
    configuration: Any = {"hnsw": {**HNSW, **graph}}
    return client.get_or_create_collection(
        name, configuration=configuration, embedding_function=None
    )


def _set_threshold(collection: "Collection", rows: int) -> None:
    """From its next opening on, Chroma writes the graph after so many rows."""
    configuration: Any = {"hnsw": {"sync_threshold": rows}}
    collection.modify(configuration=configuration)


def _copy(source: Path, target: Path) -> None:
    """Copy a folder of Chroma's; its database as SQLite does, for readers write to it, too."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(f"{DATABASE}*"))
    with (
        contextlib.closing(sqlite3.connect(source / DATABASE)) as old,
        contextlib.closing(sqlite3.connect(target / DATABASE)) as new,
    ):
        old.backup(new)


def _peek(database: Path) -> Counts:
    address = f"{database.absolute().as_uri()}?mode=ro"
    with contextlib.closing(sqlite3.connect(address, uri=True)) as connection:
        rows = connection.execute("SELECT count(*) FROM embeddings").fetchone()[0]
        counted = dict(connection.execute("SELECT key, int_value FROM collection_metadata"))
    return Counts(rows, counted.get(REMOVED) or 0, counted.get(WAITING) or 0)


def _number(folder: Path) -> int:
    found = FOLDER.fullmatch(folder.name)
    return int(found.group(1) or 1) if found else 0
