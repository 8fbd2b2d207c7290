"""Tables on a Chroma server: rows of plain values by id, in collections whose vectors say nothing.

A server has no transactions. What holds is: one row is written wholly or not at all, a reader sees
all that was written before it asked, and of several that add a row under one id the first wins.
Texts go into the rows' metadata: as Chroma's documents they would be indexed word by word, which
took six times as long.
"""

import base64
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

from index.errors import StoreError
from index.server import ServerAddress, connect, damaged, server_errors, server_failure

if TYPE_CHECKING:
    from chromadb import Collection
    from chromadb.api import ClientAPI

Row = Mapping[str, str | int]
Rows = Mapping[str, Row]
Found = TypeVar("Found")

ROWS_A_CALL = 1000
BYTES_A_CALL = 8_000_000  # the server takes 40 MB a request
NO_GRAPH: Any = {
    "hnsw": {"max_neighbors": 2, "ef_construction": 2, "ef_search": 2}
}  # nobody searches


class Server:
    """One server, connected on the first call. Safe to use from several threads."""

    def __init__(self, address: ServerAddress) -> None:
        """Nothing is called yet."""
        self.address = address
        self._client: ClientAPI | None = None
        self._lock = threading.Lock()

    def client(self) -> "ClientAPI":
        """Chroma's client of it. Raises StoreError where no such server answers."""
        with self._lock:
            if self._client is None:
                self._client = connect(self.address)
            return self._client

    def table(self, name: str) -> "Table":
        """The table of that name; it is created on the first write."""
        return Table(self, name)

    def collections(self, prefix: str) -> tuple[str, ...]:
        """Names of all collections that begin so, sorted."""
        with server_errors(self.address):
            found = [collection.name for collection in self.client().list_collections()]
        return tuple(sorted(name for name in found if name.startswith(prefix)))

    def remove(self, collections: Sequence[str]) -> None:
        """Remove collections; those that aren't there are passed over."""
        for name in collections:
            with server_errors(self.address):
                _unless_missing(partial(self.client().delete_collection, name))

    def now_ns(self) -> int:
        """The server's clock, nanoseconds since 1970."""
        with server_errors(self.address):
            return int(self.client().heartbeat())

    def failure(self, error: Exception) -> StoreError:
        """What to raise for what Chroma raised."""
        return server_failure(self.address, error)

    def damaged(self, what: str) -> StoreError:
        """The error to raise where what is on the server can't be used."""
        return damaged(self.address, what)

    def close(self) -> None:
        """Close the connections; another call opens new ones."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            session: Any = client
            session._server._session.close()  # Chroma's own close leaves them open


class Table:
    """Rows by id. Every method raises StoreError where the server doesn't do its part."""

    def __init__(self, server: Server, name: str) -> None:
        """Nothing is called yet."""
        self.name = name
        self._server = server
        self._opened: Collection | None = None

    def read(self, ids: Sequence[str] | None = None, *, where: Row | None = None) -> dict[str, Row]:
        """The rows of those ids that are there, or all that match `where`, or simply all."""
        if ids is None:
            return self._call(partial(_rows, where=where)) or {}
        found: dict[str, Row] = {}
        for page in _pages(ids):
            found |= self._call(partial(_rows, ids=page)) or {}
        return found

    def ids(self) -> list[str]:
        """The ids of all rows."""
        return self._call(lambda table: list(table.get(include=[])["ids"])) or []

    def add(self, row_id: str, row: Row) -> None:
        """Write a row if there is none under this id: of several writers the first wins."""
        self._write(partial(_add, row_id=row_id, row=row))

    def write(self, rows: Rows) -> None:
        """Write rows in place of those of the same ids, in order."""
        for batch in _batches(rows):
            self._write(partial(_upsert, rows=batch))

    def change(self, row_id: str, row: Row) -> None:
        """Change values of a row; nothing where it isn't there."""
        self._call(lambda table: table.update([row_id], metadatas=[dict(row)]))

    def remove(self, ids: Sequence[str]) -> None:
        """Remove rows; those that aren't there are passed over."""
        for page in _pages(ids):
            self._call(partial(_delete, ids=page))

    def _call(self, call: "Callable[[Collection], Found]") -> Found | None:
        """None where there is no such table; once more where it was made anew meanwhile."""
        with server_errors(self._server.address):
            for opened in (self._opened, None):
                table = opened or _unless_missing(self._open)
                if table is None:
                    break
                self._opened = table
                found = _unless_missing(partial(_result, call, table))
                if found is not None:
                    return found[0]
        self._opened = None
        return None

    def _write(self, write: "Callable[[Collection], object]") -> None:
        """Create the table where there is none. One that was removed meanwhile is not revived."""
        with server_errors(self._server.address):
            table = self._opened or self._create()
            self._opened = table
            if _unless_missing(partial(_result, write, table)) is None:
                self._opened = None
                raise self._server.damaged(f"its collection {self.name} was removed")

    def _create(self) -> "Collection":
        return self._server.client().get_or_create_collection(
            self.name, configuration=NO_GRAPH, embedding_function=None
        )

    def _open(self) -> "Collection":
        return self._server.client().get_collection(self.name, embedding_function=None)


def pack(text: str) -> str:
    """A text small and in plain characters; `unpack` gives it back."""
    return base64.b64encode(zlib.compress(text.encode("utf-8", "surrogatepass"))).decode("ascii")


def unpack(packed: str) -> str:
    """The text that was packed. Raises ValueError or zlib.error where it is damaged."""
    return zlib.decompress(base64.b64decode(packed)).decode("utf-8", "surrogatepass")


def _rows(
    table: "Collection", ids: list[str] | None = None, where: Row | None = None
) -> dict[str, Row]:
    found = table.get(ids, where=dict(where) if where else None, include=["metadatas"])
    rows = zip(found["ids"], found["metadatas"] or [], strict=True)
    return {row_id: cast(Row, row) for row_id, row in rows if row is not None}


def _upsert(table: "Collection", rows: Rows) -> None:
    nowhere: list[Sequence[float]] = [[0.0]] * len(rows)
    table.upsert(list(rows), nowhere, [dict(row) for row in rows.values()])


def _add(table: "Collection", row_id: str, row: Row) -> None:
    nowhere: list[Sequence[float]] = [[0.0]]
    table.add([row_id], nowhere, [dict(row)])


def _delete(table: "Collection", ids: list[str]) -> None:
    table.delete(ids)


def _pages(ids: Sequence[str]) -> Iterator[list[str]]:
    for first in range(0, len(ids), ROWS_A_CALL):
        yield list(ids[first : first + ROWS_A_CALL])


def _batches(rows: Rows) -> Iterator[dict[str, Row]]:
    batch: dict[str, Row] = {}
    size = 0
    for row_id, row in rows.items():
        length = sum(len(value) for value in row.values() if isinstance(value, str))
        if batch and (len(batch) == ROWS_A_CALL or size + length > BYTES_A_CALL):
            yield batch
            batch, size = {}, 0
        batch[row_id] = row
        size += length
    if batch:
        yield batch


def _result(call: "Callable[[Collection], Found]", table: "Collection") -> tuple[Found]:
    return (call(table),)  # never None, which stands for a missing table


def _unless_missing(call: Callable[[], Found]) -> Found | None:
    from chromadb.errors import NotFoundError  # noqa: PLC0415 - a second of import

    try:
        return call()
    except NotFoundError:
        return None
