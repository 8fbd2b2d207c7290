"""The store of the scale bench, which grows from size to size; what was embedded is kept.

Interrupted at any moment, it goes on from there: vectors are appended to a file, articles are
committed some at a time.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from evals.bench.scale_articles import Pool, make_articles
from index.duplicates import sign
from index.embedding import Embedder, Vectors
from index.ledger import Change, IndexedArticle
from index.passages import build_passages
from index.settings import Settings
from index.store import Store

PASSAGES_AT_ONCE = 2000


@dataclass(frozen=True)
class VectorFile:
    """Vectors of the first passages, embedded when they are first asked for."""

    path: Path
    embedder: Embedder

    def rows(self, first: int, texts: list[str]) -> Vectors:
        """The vectors of these texts, the passages from number `first` on."""
        dimensions = self.embedder.embed(["one"]).shape[1]
        there = self.path.stat().st_size // (4 * dimensions) if self.path.exists() else 0
        if there < first + len(texts):
            new = self.embedder.embed(texts[max(0, there - first) :])
            with self.path.open("ab") as file:
                os.truncate(file.fileno(), 4 * dimensions * there)  # a row cut short
                file.write(new.astype("<f4").tobytes())
        shape = (len(texts), dimensions)
        return np.memmap(self.path, "<f4", "r", 4 * dimensions * first, shape)


def grow(store: Store, pool: Pool, vectors: VectorFile, settings: Settings, size: int) -> int:
    """Add articles until the store has `size` passages or a few more; returns how many it has."""
    with store.writing():
        manifest = store.read_manifest()
        articles = len(manifest.articles) if manifest else 0
        there = manifest.passages if manifest else 0
        for batch in _batches(pool, articles, size - there, settings.index.passage_words):
            texts = [passage.indexed_text for each in batch for passage in each.passages]
            rows = vectors.rows(there, texts)
            ends = np.cumsum([len(each.passages) for each in batch])
            store.put(batch, np.split(np.asarray(rows), ends[:-1]))
            there = store.commit(Change(put=batch)).passages
        store.commit(Change(is_complete=True))
    return there


def _batches(pool: Pool, first: int, passages: int, words: int) -> Iterator[list[IndexedArticle]]:
    """Articles from number `first` on, until they have so many passages."""
    batch: list[IndexedArticle] = []
    waiting = 0
    for article in islice(make_articles(pool), first, None):
        if passages <= 0:
            break
        own = build_passages(article, words=words)
        signatures = sign([article.text, *(passage.text for passage in own)])
        batch.append(IndexedArticle(article, own, signatures))
        waiting, passages = waiting + len(own), passages - len(own)
        if waiting >= PASSAGES_AT_ONCE:
            yield batch
            batch, waiting = [], 0
    if batch:
        yield batch
