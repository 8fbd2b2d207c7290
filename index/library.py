"""A folder of articles with its store: kept in line with each other, loaded for reading."""

import threading
from dataclasses import dataclass
from functools import cached_property

from index.build import build_recipe, sync
from index.catalogue import locate
from index.corpus import Corpus, load_corpus
from index.embedding import Embedder, LocalEmbedder
from index.errors import ModelFileError, StoreBusyError, StoreError
from index.ledger import Manifest, Recipe
from index.plan import plan_sync
from index.progress import Progress
from index.report import SyncReport
from index.settings import Settings
from index.store import Store, open_store

PATIENCE_SECONDS = 1.0  # for a sync of another thread, before what is there answers


@dataclass(frozen=True, slots=True)
class Reading:
    """A state of an index, and the embedder that its vectors were made with."""

    corpus: Corpus
    embedder: Embedder


@dataclass(frozen=True, slots=True)
class _Source:
    """An index that can answer."""

    store: Store
    embedder: Embedder


class Library:
    """One folder, its store and the newest finished state. Safe to use from several threads.

    While the settings' own index isn't complete, the newest complete one of other settings
    answers, where there is one whose embedding model is still here.
    """

    def __init__(self, settings: Settings, embedder: Embedder | None = None) -> None:
        """Nothing is read yet. Without an embedder, the one that the settings name is loaded."""
        self.settings = settings
        self._embedder = embedder
        self._syncing = threading.RLock()
        self._lock = threading.RLock()  # of what answers; never held through a sync
        self._reading: Reading | None = None
        self._older: _Source | None = None
        self._is_behind = False

    @cached_property
    def embedder(self) -> Embedder:
        """The embedding model of the settings. Raises ModelFileError where it is missing."""
        return self._embedder or self._open_embedder(self.settings.index.embedding_model)

    @cached_property
    def store(self) -> Store:
        """The store of this folder under these settings. Raises StoreError."""
        recipe = build_recipe(self.settings.index, self.embedder)
        return open_store(self.settings.store, self.settings.articles, recipe)

    @property
    def is_stale(self) -> bool:
        """Whether the folder has changed since what answers was brought in line with it."""
        manifest = self.store.read_manifest()
        if self._is_behind or manifest is None or not manifest.is_complete:
            return True
        return not self._agrees(manifest)

    @property
    def is_behind(self) -> bool:
        """What `is_stale` knows without looking at the folder, right after a `refresh`."""
        manifest = self.store.read_manifest()
        return self._is_behind or manifest is None or not manifest.is_complete

    def sync(
        self,
        on_progress: Progress | None = None,
        *,
        wait_seconds: float = 0,
        anew: bool = False,
    ) -> SyncReport:
        """Bring the store in line with the folder; `anew` mends whatever may be wrong with it.

        Raises ArticlesError where there is nothing to index, StoreBusyError where another
        process is writing and doesn't finish within `wait_seconds`.
        """
        with self._syncing, self.store.writing(wait_seconds=wait_seconds):
            folder = self.settings.articles
            return sync(folder, self.store, self.embedder, on_progress, anew=anew)

    def refresh(self, on_progress: Progress | None = None) -> SyncReport | None:
        """Sync if anything changed; where somebody else is writing, go on with what is there.

        Returns what was done, or None where nothing was to do or somebody else is at it.
        """
        manifest = self.store.read_manifest()
        self._is_behind = False
        if manifest is not None and manifest.is_complete and self._agrees(manifest):
            return None
        patience = PATIENCE_SECONDS if self._source(manifest) is not None else -1
        if not self._syncing.acquire(timeout=patience):
            self._is_behind = True
            return None
        try:
            return self.sync(on_progress)
        except StoreBusyError:
            if self._source(manifest) is None:
                raise
            self._is_behind = True
            return None
        finally:
            self._syncing.release()

    def corpus(self) -> Corpus:
        """The newest finished state. Raises StoreError where there is none, or it is damaged."""
        return self.reading().corpus

    def reading(self) -> Reading:
        """As `corpus`, with the embedder that a question of it must be embedded with."""
        with self._lock:
            source = self._source(self.store.read_manifest())
            if source is None:
                raise self._nothing_indexed()
            manifest = source.store.read_manifest()
            held = self._reading
            if manifest and held and held.corpus.fingerprint == manifest.fingerprint:
                return held
            corpus = load_corpus(source.store)
            if corpus is None:  # removed this very moment
                raise self._nothing_indexed()
            self._reading = Reading(corpus, source.embedder)
            return self._reading

    def _agrees(self, manifest: Manifest) -> bool:
        return plan_sync(self.settings.articles, manifest).is_empty

    def _source(self, own: Manifest | None) -> _Source | None:
        """What answers, given the last finished state under the settings of now."""
        if own is None or not own.is_complete:
            older = self._find_older()
            if older is not None:
                return older
        self._older = None
        return None if own is None else _Source(self.store, self.embedder)

    def _find_older(self) -> _Source | None:
        """The newest complete index of other settings, if its embedder can be loaded."""
        if self._older is not None and self._older.store.read_manifest() is not None:
            return self._older
        self._older = None
        for other in self.store.others():
            embedder = self._embedder_of(other.recipe) if other.is_complete else None
            if embedder is not None:
                self._older = _Source(self.store.open_other(other.recipe), embedder)
                break
        return self._older

    def _embedder_of(self, recipe: Recipe) -> Embedder | None:
        """The embedder that makes the same vectors as those of an index; None if it is gone."""
        if recipe.embedding_fingerprint == self.embedder.fingerprint:
            return self.embedder
        try:
            found = self._open_embedder(recipe.embedding_model)
            return found if found.fingerprint == recipe.embedding_fingerprint else None
        except (ModelFileError, OSError):
            return None

    def _open_embedder(self, name: str) -> Embedder:
        folder = locate(name, folder=self.settings.models_folder)
        return LocalEmbedder(folder, threads=self.settings.index.embedding_threads)

    def _nothing_indexed(self) -> StoreError:
        others = [other.recipe for other in self.store.others()]
        made = (
            f" The store {self.store.place} was made by other settings "
            f"({others[0].embedding_model}, passages of {others[0].passage_words} words) and is "
            "left as it is."
            if others
            else ""
        )
        return StoreError(
            f"The articles in {self.settings.articles} are not indexed with these settings."
            f"{made} Run: dateline index"
        )
