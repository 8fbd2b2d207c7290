"""A finished state of a store, loaded for reading: articles, passages, both indexes.

Frozen once loaded. Another sync makes another corpus; this one goes on answering as it was.
What is asked of articles question by question is kept as arrays, so that a question costs much
the same for five articles and for five thousand.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.articles import Article
from index.duplicates import (
    PERMUTATIONS,
    Bands,
    Signatures,
    Wording,
    cluster,
    repeats,
    resembles,
)
from index.embedding import Vectors
from index.ledger import Manifest
from index.lexical import LexicalIndex
from index.other_forms import OtherForms
from index.passages import Passage
from index.store import Store
from index.vectors_cache import load_vectors
from index.words import ReadArticle, WordTable
from index.words_cache import load_words

# Vectors that no article has, as those of a sync under way, may stand among the nearest.
ASKED_MORE = 4


@dataclass(frozen=True)
class Corpus:
    """What a question is asked of.

    `passages[i]` has position i in every array over passages; articles stand in arrays over
    articles in the order of `articles`. The signatures are those of duplicates.py.
    """

    articles: dict[str, Article]
    passages: tuple[Passage, ...]
    article_signatures: Signatures
    passage_signatures: Signatures
    manifest: Manifest
    store: Store

    @property
    def fingerprint(self) -> str:
        """Changes with any article and with how they were indexed."""
        return self.manifest.fingerprint

    @cached_property
    def lexical(self) -> LexicalIndex:
        """BM25 over the passages and their headers."""
        return LexicalIndex(self._word_table.term_counts)

    @cached_property
    def of_article(self) -> dict[str, tuple[Passage, ...]]:
        """The passages of each article, in the order of its text."""
        grouped: dict[str, list[Passage]] = {key: [] for key in self.articles}
        for passage in self.passages:
            grouped[passage.article_id].append(passage)
        return {key: tuple(found) for key, found in grouped.items()}

    @cached_property
    def article_clusters(self) -> dict[str, str]:
        """For each article the id of the first one with nearly the same text, or its own."""
        keys = list(self.articles)
        texts = [article.text[article.body_start :] for article in self.articles.values()]
        first_of = cluster(self.article_signatures, texts, resembles)
        return {key: keys[first] for key, first in zip(keys, first_of, strict=True)}

    def repeats_of(self, position: int, among: NDArray[np.bool_]) -> tuple[int, ...]:
        """The passages that say the same as this one in nearly the same words, in order.

        Only those that `among`, shape (passages,), has as true are looked at, and never itself.
        """
        near = self._bands.near(position)
        near = near[among[near]]
        if not len(near):
            return ()
        wording = Wording(self.passages[position].text)
        found = (each for each in near.tolist() if self._facts(each) == self._facts(position))
        return tuple(each for each in found if repeats(wording, Wording(self.passages[each].text)))

    def position(self, passage: Passage) -> int:
        """Where a passage stands in `passages`."""
        return self._positions[passage.id]

    @property
    def common_words(self) -> frozenset[str]:
        """Words that the articles write in lower case: not names, even at a sentence's start."""
        return self._word_table.common_words

    @property
    def words(self) -> frozenset[str]:
        """Every word of the articles, front matter included, in lower case."""
        return self._word_table.words

    @property
    def word_stems(self) -> frozenset[str]:
        """The stems of all these words."""
        return self._word_table.word_stems

    @property
    def aliases(self) -> Mapping[str, str]:
        """Short forms and what they stand for, as any of the articles spells them out."""
        return self._word_table.all_aliases

    def other_forms(self, text: str) -> str:
        """The long form of each short one in `text`, and the other way round. Never shown."""
        return self._other_forms.of(text)

    @cached_property
    def article_of(self) -> NDArray[np.int32]:
        """The position of each passage's article, shape (passages,)."""
        numbers = {key: number for number, key in enumerate(self.articles)}
        found = (numbers[passage.article_id] for passage in self.passages)
        return np.fromiter(found, dtype=np.int32, count=len(self.passages))

    @cached_property
    def days(self) -> NDArray[np.int32]:
        """The day each article came out, as `date.toordinal` counts; 0 where it isn't known."""
        published = (article.published for article in self.articles.values())
        return np.array([day.toordinal() if day else 0 for day in published], dtype=np.int32)

    @cached_property
    def outlets(self) -> tuple[str, ...]:
        """The outlets of the articles, sorted."""
        return tuple(sorted({each.outlet for each in self.articles.values() if each.outlet}))

    @cached_property
    def outlet_of(self) -> NDArray[np.int32]:
        """The position of each article's outlet in `outlets`; -1 where it has none."""
        numbers = {name: number for number, name in enumerate(self.outlets)}
        found = [numbers.get(each.outlet or "", -1) for each in self.articles.values()]
        return np.array(found, dtype=np.int32)

    def is_cited(self, outlet: str, name: str) -> bool:
        """Whether an article of another outlet has this name of it, as a whole, in its text."""
        if (outlet, name) not in self._cited:
            whole = re.compile(rf"\b{re.escape(name)}\b")
            self._cited[outlet, name] = any(
                name in article.text and whole.search(article.text, article.body_start)
                for article in self.articles.values()
                if article.outlet != outlet
            )
        return self._cited[outlet, name]

    def nearest(
        self, vector: Vectors, count: int, where: Mapping[str, Any] | None = None
    ) -> NDArray[np.float64]:
        """Cosines of the `count` nearest passages, shape (passages,); NaN for all others.

        `where` is a filter in Chroma's terms. Raises StoreError where vectors are missing.
        """
        cosines = np.full(len(self.passages), np.nan)
        asked = wanted = min(count, len(self.passages))
        known: list[tuple[int, float]] = []
        while wanted:
            found = self.store.vectors.nearest(vector, asked, where)
            known = [(self._positions.get(key, -1), cosine) for key, cosine in found]
            known = [each for each in known if each[0] >= 0][:wanted]
            if len(known) == wanted or len(found) < asked:
                break
            asked *= ASKED_MORE
        if wanted and not known and not where:
            raise self.store.damaged("vectors are missing from it")
        for position, cosine in known:
            cosines[position] = cosine
        return cosines

    @cached_property
    def vectors(self) -> Vectors:
        """The passages' vectors, shape (passages, dimensions). Raises StoreError."""
        ids = [passage.id for passage in self.passages]
        return load_vectors(ids, self._fetch, self.store.cache_folder)

    def prepare(self) -> None:
        """Make what is derived and keep it beside the index, so that later openings are quick.

        Raises StoreError where vectors are missing.
        """
        _ = self.lexical, self.vectors

    def _facts(self, position: int) -> int:
        """A number for the facts of a passage: 2,000 passages may have to be held to one."""
        if position not in self._known_facts:
            self._known_facts[position] = hash(Wording(self.passages[position].text).facts)
        return self._known_facts[position]

    @cached_property
    def _known_facts(self) -> dict[int, int]:
        return {}

    @cached_property
    def _bands(self) -> Bands:
        return Bands(self.passage_signatures)

    def _fetch(self, ids: Sequence[str]) -> Vectors:
        found = self.store.vectors.fetch(ids)
        if len(found) < len(ids):
            raise self.store.damaged("vectors are missing from it")
        return np.stack([found[key] for key in ids]).astype(np.float32)

    @cached_property
    def _cited(self) -> dict[tuple[str, str], bool]:
        return {}

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {passage.id: position for position, passage in enumerate(self.passages)}

    @cached_property
    def _word_table(self) -> WordTable:
        versions = self.manifest.articles
        read = [
            ReadArticle(versions[key].version, article, self.of_article[key])
            for key, article in self.articles.items()
        ]
        return load_words(read, self.store.cache_folder)

    @cached_property
    def _other_forms(self) -> OtherForms:
        return OtherForms(self.aliases)


def load_corpus(store: Store) -> Corpus | None:
    """The last finished state of a store; None before its first commit.

    Raises StoreError where it is damaged.
    """
    store.reopen()  # another process may have written since the vectors were opened
    loaded = store.load()
    if loaded is None:
        return None
    manifest, indexed = loaded
    if not store.is_whole():
        raise store.damaged("vectors are missing from it")
    signatures = [each.signatures for each in indexed]
    return Corpus(
        articles={each.article.id: each.article for each in indexed},
        passages=tuple(passage for each in indexed for passage in each.passages),
        article_signatures=_stacked([each[:1] for each in signatures]),
        passage_signatures=_stacked([each[1:] for each in signatures]),
        manifest=manifest,
        store=store,
    )


def _stacked(signatures: Sequence[Signatures]) -> Signatures:
    return np.concatenate(signatures or [np.zeros((0, PERMUTATIONS), dtype=np.uint32)])
