"""Articles of a store for tests, and their vectors: for the tests and for processes of theirs."""

import numpy as np
from ledger_contract import made

from index.embedding import Vectors
from index.ledger import IndexedArticle
from index.store import Store

A, B = made("a.txt"), made("b.txt", "Of something else. And more.")
A2 = made("a.txt", "A later version of it. Longer.", passages=3)
DIMENSIONS = 8


def embedded(article: IndexedArticle) -> Vectors:
    """Unit vectors that differ with each passage's key."""
    found = []
    for passage in article.passages:
        drawn = np.random.default_rng(int(passage.key, 16)).normal(size=DIMENSIONS)
        found.append(drawn / np.linalg.norm(drawn))
    return np.array(found, dtype=np.float32).reshape(-1, DIMENSIONS)


def put(store: Store, *articles: IndexedArticle) -> None:
    """Write the articles' vectors."""
    store.put(articles, [embedded(each) for each in articles])
