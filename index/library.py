"""A folder of articles with its store: kept in line with each other, loaded for reading."""

import threading
from functools import cached_property
from pathlib import Path

from index.build import Progress, SyncReport, build_recipe, plan_sync, sync
from index.catalogue import locate
from index.corpus import Corpus, load_corpus
from index.embedding import Embedder, LocalEmbedder
from index.errors import StoreBusyError, StoreError
from index.settings import Settings
from index.store import Store, default_store_folder


class Library:
    """One folder, its store and the newest finished state. Safe to use from several threads."""

    def __init__(self, settings: Settings, embedder: Embedder | None = None) -> None:
        """Nothing is read yet. Without an embedder, the one that the settings name is loaded."""
        self.settings = settings
        self._embedder = embedder
        self._lock = threading.RLock()
        self._corpus: Corpus | None = None
        self._busy = False

    @cached_property
    def embedder(self) -> Embedder:
        """The embedding model. Raises ModelFileError where it is missing."""
        if self._embedder is not None:
            return self._embedder
        folder = locate(self.settings.index.embedding_model, folder=self.settings.models_folder)
        return LocalEmbedder(folder, batch=self.settings.index.embedding_batch)

    @cached_property
    def store(self) -> Store:
        """The store of this folder under these settings. Raises StoreError."""
        named = self.settings.store
        if named and named.startswith(("http://", "https://")):
            raise StoreError(
                "A Chroma server as the store isn't part of this version. Name a folder instead."
            )
        root = Path(named) if named else default_store_folder(self.settings.articles)
        return Store(root, build_recipe(self.settings.index, self.embedder))

    @property
    def is_stale(self) -> bool:
        """Whether the folder has changed since the index was last brought in line with it."""
        return self._busy or not plan_sync(self.settings.articles, self.corpus().manifest).is_empty

    def sync(self, on_progress: Progress | None = None, *, wait_seconds: float = 0) -> SyncReport:
        """Bring the store in line with the folder.

        Raises ArticlesError where there is nothing to index, StoreBusyError where another
        process is writing and doesn't finish within `wait_seconds`.
        """
        with self._lock, self.store.writing(wait_seconds=wait_seconds):
            return sync(
                self.settings.articles, self.store, self.embedder, self.settings.index, on_progress
            )

    def refresh(self, on_progress: Progress | None = None) -> SyncReport | None:
        """Sync if anything changed; where another process is writing, go on with what is there.

        Returns what was done, or None where nothing was to do or another process is at it.
        """
        manifest = self.store.read_manifest()
        self._busy = False
        if manifest is not None and plan_sync(self.settings.articles, manifest).is_empty:
            return None
        try:
            return self.sync(on_progress)
        except StoreBusyError:
            if manifest is None:
                raise
            self._busy = True
            return None

    def corpus(self) -> Corpus:
        """The newest finished state. Raises StoreError where there is none, or it is damaged."""
        with self._lock:
            manifest = self.store.read_manifest()
            if manifest is None:
                raise self._nothing_indexed()
            if self._corpus is not None and self._corpus.manifest == manifest:
                return self._corpus
            if self._corpus is not None:
                self.store.reopen()
            try:
                self._corpus = load_corpus(self.store, manifest)
            except StoreError:
                # Another process may have committed, and removed what this manifest names.
                newer = self.store.read_manifest()
                if newer is None or newer == manifest:
                    raise
                self._corpus = load_corpus(self.store, newer)
            return self._corpus

    def _nothing_indexed(self) -> StoreError:
        others = self.store.other_recipes()
        made = (
            f" The store {self.store.root} was made by other settings "
            f"({others[0].embedding_model}, passages of {others[0].passage_words} words) and is "
            "left as it is."
            if others
            else ""
        )
        return StoreError(
            f"The articles in {self.settings.articles} are not indexed with these settings."
            f"{made} Run: dateline index"
        )
