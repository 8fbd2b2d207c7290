"""A folder with its store for the tests of syncing, and what must hold of the two."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from conftest import WordEmbedder

from index.build import build_recipe, sync
from index.corpus import Corpus, load_corpus
from index.ledger import Manifest
from index.passages import build_passages
from index.report import SyncReport
from index.sections import IndexSettings
from index.store import Store, open_store

SETTINGS = IndexSettings(passage_words=20)


@dataclass
class SyncBench:
    """A folder, a store, and an embedder that remembers what it embedded."""

    folder: Path
    root: Path
    settings: IndexSettings = SETTINGS
    embedder: WordEmbedder = field(default_factory=WordEmbedder)

    @property
    def store(self) -> Store:
        """Opened anew each time, as another process would."""
        return open_store(str(self.root), self.folder, build_recipe(self.settings, self.embedder))

    def sync(self, **options: Any) -> SyncReport:
        self.embedder.embedded.clear()
        store = self.store
        with store.writing():
            return sync(self.folder, store, self.embedder, **options)

    def manifest(self) -> Manifest:
        found = self.store.read_manifest()
        assert found is not None
        return found

    def corpus(self) -> Corpus:
        found = load_corpus(self.store)
        assert found is not None
        return found

    def texts(self) -> dict[str, str]:
        return {article.path: article.text for article in self.corpus().articles.values()}

    def on_disk(self) -> dict[str, str]:
        return {path.name: path.read_bytes().decode() for path in self.folder.glob("*.*")}

    def expect_exactly(self, texts: Mapping[str, str]) -> None:
        """The store answers with these texts and holds nothing else at all."""
        assert self.texts() == texts
        self.expect_sound()
        store = self.store
        assert store.ledger.left_over() == ()
        assert set(store.vectors.ids()) == {each.id for each in self.corpus().passages}

    def expect_sound(self) -> None:
        """What answers is whole: passages as they are made, each found by its own vector."""
        corpus, vectors = self.corpus(), self.store.vectors
        for article in corpus.articles.values():
            cut = build_passages(article, words=self.settings.passage_words)
            assert corpus.of_article[article.id] == cut
        passages = corpus.passages
        stored = vectors.fetch([each.id for each in passages])
        made = WordEmbedder().embed([each.indexed_text for each in passages])
        for passage, vector in zip(passages, made, strict=True):
            np.testing.assert_allclose(stored[passage.id], vector, atol=1e-5)
            assert vectors.nearest(vector, 1)[0][1] > 1 - 1e-5


def settle_the_past(bench: SyncBench) -> None:
    """Let the files be so old that their times tell whether they changed."""
    long_ago = time.time_ns() - 10**12
    for path in bench.folder.rglob("*.*"):
        os.utime(path, ns=(long_ago, long_ago))
