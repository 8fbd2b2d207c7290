"""Indexes on a Chroma server, each in collections of its own whose names tell the recipe.

<store>.lease                         the writer's lease (lease.py)
<store>.<fingerprint>.…               an index's ledger (server_ledger.py)
<store>.<fingerprint>.passages-<n>    the passages' vectors (vectors.py, chroma.py)
"""

import contextlib
from collections import defaultdict
from contextlib import AbstractContextManager
from pathlib import Path

from index.chroma import ServerCollections
from index.errors import StoreError
from index.lease import Lease, system_clock
from index.ledger import Recipe
from index.server import ServerAddress, parse_address
from index.server_ledger import ServerLedger, read_head
from index.server_rows import Head
from index.store import OtherIndex, Store
from index.tables import Server
from index.vectors import VectorIndex

LEASE = "lease"
HEAD_TABLE = "head"


def open_server_store(url: str, articles: Path, recipe: Recipe) -> Store:
    """The index of this recipe at the address; without a name in it, the articles folder gives one.

    Raises StoreError where that is no address. Nothing is called yet.
    """
    return Store(ServerBackend(parse_address(url, articles)), recipe)


class ServerBackend:
    """A `Backend` at a server."""

    def __init__(self, address: ServerAddress) -> None:
        """Nothing is called yet."""
        self.place = str(address)
        self._name = address.name
        self._server = Server(address)
        clock = system_clock(self._server.now_ns)
        self._lease = Lease(self._server.table(f"{self._name}.{LEASE}"), self.place, clock)

    def open_ledger(self, recipe: Recipe) -> ServerLedger:
        """The ledger of the index of this recipe."""
        return ServerLedger(self._server, self._name, recipe, self._lease)

    def open_vectors(self, recipe: Recipe) -> VectorIndex:
        """Its vectors."""
        name = f"{self._name}.{recipe.fingerprint}.passages"
        return VectorIndex(ServerCollections(self._server.client, name), self._server.failure)

    def lock(self, *, wait_seconds: float) -> AbstractContextManager[None]:
        """The writer's lease. Raises StoreBusyError where another holds it for too long."""
        return self._lease.held(wait_seconds=wait_seconds)

    def others(self, recipe: Recipe) -> tuple[OtherIndex, ...]:
        """The indexes of other recipes, newest first; damaged ones are passed over."""
        heads: list[Head] = []
        for fingerprint, collections in self._indexes().items():
            if fingerprint != recipe.fingerprint and self._head_table(fingerprint) in collections:
                with contextlib.suppress(StoreError):
                    head = read_head(self._server, self._name, fingerprint)
                    heads += [head] if head else []
        heads.sort(key=lambda head: head.changed_ns, reverse=True)
        return tuple(OtherIndex(each.recipe, each.is_complete, None, self.place) for each in heads)

    def remove(self, other: OtherIndex) -> None:
        """Remove an index; killed meanwhile, it no longer counts, and the next removal goes on."""
        self._server.remove([self._head_table(other.recipe.fingerprint)])
        for fingerprint, collections in self._indexes().items():
            if self._head_table(fingerprint) not in collections:
                self._server.remove(collections)

    def cache_folder(self, recipe: Recipe) -> Path | None:
        """Nowhere: what is derived is made anew by each process."""
        return None

    def damaged(self, recipe: Recipe, what: str) -> StoreError:
        """The error to raise where what is there can't be used."""
        return self._server.damaged(what)

    def _indexes(self) -> dict[str, list[str]]:
        """The collections of each index of this store, by fingerprint."""
        found: dict[str, list[str]] = defaultdict(list)
        for name in self._server.collections(f"{self._name}."):
            _, fingerprint, *rest = name.split(".")
            if rest:  # the lease has no fingerprint
                found[fingerprint].append(name)
        return found

    def _head_table(self, fingerprint: str) -> str:
        return f"{self._name}.{fingerprint}.{HEAD_TABLE}"
