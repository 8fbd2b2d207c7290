"""A finished state of a store, loaded for reading: articles, passages, both indexes.

Frozen once loaded. Another sync makes another corpus; this one goes on answering as it was.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from index.articles import Article
from index.characters import fold_invisible
from index.embedding import Vectors
from index.lexical import WORD, LexicalIndex
from index.manifest import Manifest
from index.passages import Passage, find_aliases
from index.store import Store, passages_missing

if TYPE_CHECKING:
    import chromadb


@dataclass(frozen=True)
class Corpus:
    """What a question is asked of. `passages[i]` has position i in every array of scores."""

    articles: dict[str, Article]
    passages: tuple[Passage, ...]
    manifest: Manifest
    collection: "chromadb.Collection"
    store: Store

    @property
    def fingerprint(self) -> str:
        """Changes with any article and with how they were indexed."""
        return self.manifest.fingerprint

    @cached_property
    def lexical(self) -> LexicalIndex:
        """BM25 over the passages and their headers."""
        return LexicalIndex([passage.indexed_text for passage in self.passages])

    @cached_property
    def of_article(self) -> dict[str, tuple[Passage, ...]]:
        """The passages of each article, in the order of its text."""
        grouped: dict[str, list[Passage]] = {key: [] for key in self.articles}
        for passage in self.passages:
            grouped[passage.article_id].append(passage)
        return {key: tuple(found) for key, found in grouped.items()}

    @cached_property
    def common_words(self) -> frozenset[str]:
        """Words that the articles write in lower case: not names, even at a sentence's start."""
        return frozenset(
            word
            for article in self.articles.values()
            for word in WORD.findall(fold_invisible(article.text))
            if word.islower()
        )

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word of the articles, front matter included, in lower case."""
        return frozenset(
            word.casefold()
            for article in self.articles.values()
            for word in WORD.findall(fold_invisible(article.text))
        )

    @cached_property
    def aliases(self) -> dict[str, str]:
        """Short forms and what they stand for, as any of the articles spells them out."""
        found: dict[str, str] = {}
        for article in self.articles.values():
            for short, long_form in find_aliases(article.text[article.body_start :]).items():
                found.setdefault(short, long_form)
        return found

    def other_forms(self, text: str) -> str:
        """The long form of each short one in `text`, and the other way round. Never shown."""
        lowered = text.casefold()
        found = []
        for short, long_form in self.aliases.items():
            has_short = re.search(rf"\b{re.escape(short)}\b", text) is not None
            if has_short and long_form.casefold() not in lowered:
                found.append(long_form)
            elif not has_short and long_form.casefold() in lowered:
                found.append(short)
        return " ".join(found)

    def nearest(self, vector: Vectors, count: int) -> NDArray[np.float64]:
        """Cosines of the `count` nearest passages, shape (passages,); NaN for all others.

        Raises StoreError where the vectors can't be read.
        """
        cosines = np.full(len(self.passages), np.nan)
        # What an interrupted sync left behind isn't in this corpus; ask for that many more.
        with self.store.chroma_errors():
            stored = self.collection.count()
            wanted = min(count + max(0, stored - len(self.passages)), stored)
            found = self.collection.query(
                query_embeddings=vector[np.newaxis], n_results=wanted, include=["distances"]
            )
        distances = found["distances"] or [[]]
        for passage, distance in zip(found["ids"][0], distances[0], strict=True):
            position = self._positions.get(passage)
            if position is not None:
                cosines[position] = 1.0 - distance
        return cosines

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {passage.id: position for position, passage in enumerate(self.passages)}


def load_corpus(store: Store, manifest: Manifest) -> Corpus:
    """The state that `manifest` describes. Raises StoreError where the store is damaged."""
    store.reopen()  # another process may have written since the vectors were opened
    if passages_missing(store, manifest):
        raise store.damaged("vectors are missing from it")
    articles: dict[str, Article] = {}
    passages: list[Passage] = []
    for article, own in store.load_records(manifest):
        articles[article.id] = article
        passages.extend(own)
    return Corpus(articles, tuple(passages), manifest, store.collection(), store)
