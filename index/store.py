"""The store: vectors in Chroma, texts in records, and a manifest that says which of them count.

    <store>/write.lock              held by the one process that writes
    <store>/<fingerprint>/          one index; other settings make another one beside it
        manifest.json               replaced atomically; what isn't in it doesn't exist
        records/<article>.json      an article's text and passages, never changed once written
        chroma/                     the passages' vectors

Writing goes: new records and vectors, then the manifest, then the removal of what it no longer
names. A crash before the manifest leaves the old articles, one after it the new ones; what is
left over is removed by the next commit.
"""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from filelock import FileLock, Timeout

from index.articles import Article
from index.embedding import Vectors
from index.errors import StoreBusyError, StoreError
from index.manifest import BadEntry, FileEntry, Manifest, Recipe, manifest_from
from index.passages import Passage

if TYPE_CHECKING:
    import chromadb
    from chromadb.api import ClientAPI

__all__ = [
    "BadEntry",
    "FileEntry",
    "Manifest",
    "Recipe",
    "Store",
    "default_store_folder",
    "passages_missing",
]

COLLECTION = "passages"
ROWS_A_CALL = 5000  # Chroma takes at most 5,461
MANIFEST = "manifest.json"
DAMAGE = (OSError, ValueError, KeyError, TypeError, AttributeError)


def default_store_folder(articles: Path) -> Path:
    """One store for each articles folder, told apart by its resolved path."""
    resolved = str(articles.resolve())
    digest = hashlib.sha256(resolved.encode("utf-8", "surrogateescape")).hexdigest()[:10]
    return Path(".dateline") / f"{articles.resolve().name or 'root'}-{digest}"


class Store:
    """One index on disk. Open it with the recipe that the settings ask for."""

    def __init__(self, root: Path, recipe: Recipe) -> None:
        """`root` is created on the first write. Raises StoreError where it can't be a folder."""
        if root.exists() and not root.is_dir():
            raise StoreError(f"{root} is a file. --store takes a folder.")
        self.root = root
        self.recipe = recipe
        self.folder = root / recipe.fingerprint
        self._client: ClientAPI | None = None

    def read_manifest(self) -> Manifest | None:
        """The last finished state, or None where there is none. Raises StoreError if damaged."""
        try:
            return manifest_from(_read_json(self.folder / MANIFEST))
        except FileNotFoundError:
            return None
        except DAMAGE as error:
            raise self.damaged(f"{MANIFEST} can't be read") from error

    def other_recipes(self) -> tuple[Recipe, ...]:
        """Recipes of finished indexes that other settings made here."""
        found = []
        for path in sorted(self.root.glob(f"*/{MANIFEST}")):
            if path.parent != self.folder:
                with contextlib.suppress(*DAMAGE):
                    found.append(manifest_from(_read_json(path)).recipe)
        return tuple(found)

    @contextlib.contextmanager
    def writing(self, *, wait_seconds: float = 0) -> Iterator[None]:
        """Hold the writer's lock. Raises StoreBusyError where another process holds it."""
        holder = self.root / "writer"
        lock = FileLock(self.root / "write.lock")
        try:
            (self.folder / "records").mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=wait_seconds)
        except Timeout as error:
            who = "Another process"
            with contextlib.suppress(OSError):  # it may be done by now
                who = holder.read_text()
            raise StoreBusyError(
                f"{who} is writing to the store {self.root}. Try again when it is done."
            ) from error
        except OSError as error:
            raise self._unwritable(error.strerror or str(error)) from error
        try:
            self.reopen()
            with contextlib.suppress(OSError):  # only a courtesy to who has to wait
                holder.write_text(f"Process {os.getpid()}")
            yield
        finally:
            with contextlib.suppress(OSError):
                holder.unlink()
            lock.release()

    def put(self, article: Article, passages: Sequence[Passage], vectors: Vectors) -> str:
        """Store an article's text, passages and vectors; they count once a commit names them.

        Returns the name of the record. Only with the writer's lock.
        """
        name = f"{article.id}-{article.sha256[:16]}.json"
        record = {"article": _plain_article(article), "passages": [asdict(p) for p in passages]}
        self._replace_file(self.folder / "records" / name, json.dumps(record, ensure_ascii=False))
        collection = self.collection()
        for first in range(0, len(passages), ROWS_A_CALL):
            rows = slice(first, first + ROWS_A_CALL)
            with self.chroma_errors():
                collection.upsert(
                    ids=[passage.id for passage in passages[rows]],
                    embeddings=np.ascontiguousarray(vectors[rows]),
                    metadatas=[{"article_id": article.id} for _ in passages[rows]],
                )
        return name

    def commit(self, manifest: Manifest) -> Manifest:
        """Make `manifest` the state that readers see. Only with the writer's lock."""
        finished = replace(manifest, recipe=self.recipe, generation=manifest.generation + 1)
        self._replace_file(
            self.folder / MANIFEST, json.dumps(asdict(finished), ensure_ascii=False, indent=1)
        )
        return finished

    def remove_leftovers(self, manifest: Manifest) -> None:
        """Remove vectors and records that `manifest` doesn't name. Only with the writer's lock."""
        kept = {passage for entry in manifest.files.values() for passage in entry.passages}
        collection = self.collection()
        with self.chroma_errors():
            left_over = [row for row in collection.get(include=[])["ids"] if row not in kept]
            for first in range(0, len(left_over), ROWS_A_CALL):
                collection.delete(ids=left_over[first : first + ROWS_A_CALL])
        records = {entry.record for entry in manifest.files.values()}
        for path in (self.folder / "records").iterdir():
            if path.name not in records:
                path.unlink(missing_ok=True)

    def load_records(self, manifest: Manifest) -> Iterator[tuple[Article, tuple[Passage, ...]]]:
        """The articles that `manifest` names, with their passages. Raises StoreError if damaged."""
        for path, entry in sorted(manifest.files.items()):
            try:
                raw = _read_json(self.folder / "records" / entry.record)
                article = _article_from(raw["article"])
                passages = tuple(_passage_from(each) for each in raw["passages"])
            except DAMAGE as error:
                raise self.damaged(f"the record of {path} can't be read") from error
            yield article, passages

    def collection(self) -> "chromadb.Collection":
        """The collection of vectors, created with cosine distance. Raises StoreError if damaged."""
        with self.chroma_errors():
            collection = self._open_client().get_or_create_collection(
                COLLECTION, configuration={"hnsw": {"space": "cosine"}}, embedding_function=None
            )
        space = (collection.configuration.get("hnsw") or {}).get("space")
        if space != "cosine":  # get_or_create ignores another space without a word
            raise self.damaged(f"its vectors use the distance {space}, not cosine")
        return collection

    @contextlib.contextmanager
    def chroma_errors(self) -> Iterator[None]:
        """Turn what Chroma raises into a StoreError."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - Chroma raises whatever its engine does
            if any(cause in str(error) for cause in ("is full", "readonly", "is locked")):
                raise self._unwritable(str(error)) from error
            raise self.damaged(str(error)) from error

    def reopen(self) -> None:
        """Forget what is cached of the vectors: another process has written."""
        from chromadb.api.shared_system_client import SharedSystemClient  # noqa: PLC0415

        self._client = None
        SharedSystemClient.clear_system_cache()

    def _open_client(self) -> "ClientAPI":
        if self._client is None:
            import chromadb  # noqa: PLC0415 - a second of import, for those who open a store
            from chromadb.config import Settings  # noqa: PLC0415

            self._client = chromadb.PersistentClient(
                path=str(self.folder / "chroma"), settings=Settings(anonymized_telemetry=False)
            )
        return self._client

    def _replace_file(self, path: Path, text: str) -> None:
        try:
            with tempfile.NamedTemporaryFile(
                "w", encoding="utf-8", errors="surrogateescape", dir=path.parent, delete=False
            ) as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(file.name).replace(path)
        except OSError as error:
            with contextlib.suppress(OSError, UnboundLocalError):
                Path(file.name).unlink()
            raise self._unwritable(error.strerror or str(error)) from error

    def _unwritable(self, why: str) -> StoreError:
        return StoreError(
            f"The store {self.root} can't be written: {why}. What was there "
            "before is still there. Make room, or name another folder with --store."
        )

    def damaged(self, what: str) -> StoreError:
        """The error to raise where what is on disk can't be used."""
        return StoreError(
            f"The store {self.folder} is damaged: {what}. "
            "Delete that folder and run: dateline index. The articles are read anew."
        )


def passages_missing(store: Store, manifest: Manifest) -> bool:
    """Whether vectors that the manifest names are gone, as when someone deleted them."""
    named = [passage for entry in manifest.files.values() for passage in entry.passages]
    return not _all_present(store, named)


def _all_present(store: Store, ids: Iterable[str]) -> bool:
    collection = store.collection()
    with store.chroma_errors():
        return set(ids) <= set(collection.get(include=[])["ids"])


def _read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8", errors="surrogateescape"))


def _plain_article(article: Article) -> dict[str, Any]:
    published = article.published.isoformat() if article.published else None
    return {**asdict(article), "published": published}


def _article_from(raw: dict[str, Any]) -> Article:
    published = date.fromisoformat(raw["published"]) if raw["published"] else None
    return Article(**{**raw, "published": published})


def _passage_from(raw: dict[str, Any]) -> Passage:
    return Passage(**{**raw, "sentences": tuple((start, end) for start, end in raw["sentences"])})
