"""A question to ranked passages: BM25 and vectors, fused, reranked; as a LlamaIndex retriever.

    propose   BM25 and cosines of what the filters let through, fused; one of each near-duplicate
    refine    the first fifty reranked, outlets mixed

`rank` does both. An extract is made from what is proposed, before anything is reranked.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import islice
from pathlib import Path

import numpy as np
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle
from numpy.typing import NDArray

from index.corpus import Corpus
from index.embedding import Embedder, TokenVectors, Vectors
from index.passages import Passage, to_node
from index.sections import RetrievalSettings
from qa.filters import Filters, Mask, build_mask, read_wishes
from qa.rerank import CrossEncoderReranker, LateInteraction, Reranker
from qa.spelling import Speller

# At least this many are proposed; the answer is usually among the first fifty.
CANDIDATES = 50
# So many are put in order at first; the others only where these repeat each other.
FIRST = 4 * CANDIDATES
# Up to here a corpus is read for the reranker beforehand: three seconds on two cores.
PREPARED = 300
# Up to here all cosines are computed: the index of vectors is approximate, and after a reload it
# has been seen to miss other neighbours than before. 400 MB, and a scan of them a question.
EXACT = 250_000
# Where the matrix of vectors can't be kept on this machine: a second or two to fetch.
EXACT_AFAR = 20_000
# Beyond, cosines are asked for this many passages. Over five sets, 100 were as good as all.
NEAREST = 100
# As many may be asked for and filtered here. Chroma's own filter reads the facts of every row:
# it takes far longer, but leaves none out that passes.
MOST_ASKED = 1000
# Of so many passages, rows that pass a narrow filter are gathered before their cosines are taken.
MANY, FEW_SHARE = 20_000, 0.25
# What another spelling of a name counts beside the one that the question has.
VARIANT_WEIGHT = 0.3
# A passage counts this much less for each better one of its outlet (evals/bench/retrieval.py).
SAME_OUTLET = 0.98

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RankedPassage:
    """A passage and its score, 0 to 1; `weight` is the part of it that date and outlet left.

    `duplicates`, once all is ranked, are the ids of the passages that say nearly the same words.
    """

    passage: Passage
    score: float
    weight: float = 1.0
    duplicates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ranking:
    """Passages, best first, and the question's vectors, which later stages reuse.

    `searched` is the question in the articles' spelling: for searching, never shown. `allowed`,
    shape (passages of the corpus,), is true for those that the filters let through.
    """

    passages: tuple[RankedPassage, ...]
    query: TokenVectors = field(repr=False)
    searched: str
    allowed: NDArray[np.bool_] = field(repr=False)

    @property
    def query_vector(self) -> Vectors:
        """The question's unit vector, shape (dimensions,)."""
        return self.query.sentence

    def article_ids(self) -> tuple[str, ...]:
        """The articles that the passages are from, best first."""
        return tuple(dict.fromkeys(ranked.passage.article_id for ranked in self.passages))

    def top(self, count: int) -> "Ranking":
        """The first `count` passages only."""
        return replace(self, passages=self.passages[:count])


class HybridRetriever(BaseRetriever):
    """Ranks the passages of a corpus; also usable as a LlamaIndex retriever."""

    def __init__(
        self,
        corpus: Corpus,
        embedder: Embedder,
        settings: RetrievalSettings,
        *,
        reranker: Reranker | None = None,
    ) -> None:
        """Take the corpus to search and how to weigh the two indexes.

        Without `reranker`, it is the one that the settings name.
        """
        super().__init__()
        self.corpus = corpus
        self._embedder = embedder
        self._settings = settings
        self._speller: Speller | None = None
        self._reranker = reranker or _open_reranker(corpus, embedder, settings)

    def rank(
        self,
        question: str,
        count: int | None = None,
        filters: Filters | None = None,
        as_of: date | None = None,
    ) -> Ranking:
        """The `count` best passages (default: as set). Raises InputError for an unknown outlet.

        `as_of` is what "this week" means; without it, such words mean nothing.
        """
        proposed = self.propose(question, count, filters=filters, as_of=as_of)
        return self.refine(proposed, count)

    def propose(
        self,
        question: str,
        count: int | None = None,
        *,
        filters: Filters | None = None,
        as_of: date | None = None,
    ) -> Ranking:
        """The best by BM25 and vectors alone: `count`, and no fewer than will be reranked.

        Of passages that repeat each other, only the best. Equal scores keep the text's order.
        Raises InputError for an unknown outlet.
        """
        wishes = read_wishes(question, self.corpus, as_of)
        mask = build_mask(self.corpus, filters or Filters(), Filters(outlets=wishes.outlets))
        searched = self._spelled().corrected(question)
        query = self._embedder.embed_tokens([searched])[0]
        scores = self._fused(searched, query.sentence, mask) * wishes.weights
        wanted = max(count or self._settings.passages, CANDIDATES, self._settings.rerank_passages)
        ranked = tuple(
            RankedPassage(
                self.corpus.passages[position],
                float(scores[position]),
                float(wishes.weights[position]),
            )
            for position in islice(self._without_repeats(scores), wanted)
        )
        return Ranking(ranked, query, searched, mask.allowed)

    def refine(self, proposed: Ranking, count: int | None = None) -> Ranking:
        """The `count` best (default: as set): the first reranked, outlets mixed; then the rest."""
        passages, first = proposed.passages, self._settings.rerank_passages
        if first:
            head = self._mixed(self._reranked(passages[:first], proposed))
            lowest = head[-1].score if head else 0.0
            rest = (replace(each, score=min(each.score, lowest)) for each in passages[first:])
            passages = (*head, *rest)
        kept = passages[: count or self._settings.passages]
        return replace(proposed, passages=tuple(self._counted(each, proposed) for each in kept))

    def _counted(self, ranked: RankedPassage, proposed: Ranking) -> RankedPassage:
        """The passage with the ids of all that repeat it and that the filters let through."""
        repeats = self.corpus.repeats_of(self.corpus.position(ranked.passage), proposed.allowed)
        return replace(ranked, duplicates=tuple(self.corpus.passages[each].id for each in repeats))

    def _without_repeats(self, scores: Scores) -> Iterator[int]:
        """Positions, best first, without those that repeat a better one."""
        better = np.zeros(len(scores), dtype=bool)
        for position in _descending(scores):
            if not self.corpus.repeats_of(position, better):
                better[position] = True
                yield position

    def _reranked(
        self, passages: tuple[RankedPassage, ...], proposed: Ranking
    ) -> tuple[RankedPassage, ...]:
        texts = [each.passage.indexed_text for each in passages]
        found = self._reranker.scores(proposed.searched, texts, proposed.query)
        weights = np.array([each.weight for each in passages])
        fused = np.array([each.score for each in passages])
        share = self._settings.rerank_weight
        scores = share * _scaled(found) * weights + (1 - share) * fused
        moved = (
            replace(each, score=float(score)) for each, score in zip(passages, scores, strict=True)
        )
        return tuple(sorted(moved, key=lambda each: -each.score))

    def prepare(self) -> None:
        """Load what ranking needs, and read a small corpus for the reranker beforehand."""
        self.rank("warm up")
        if self._settings.rerank_passages and len(self.corpus.passages) <= PREPARED:
            self._reranker.prepare([each.indexed_text for each in self.corpus.passages])

    def _mixed(self, passages: tuple[RankedPassage, ...]) -> tuple[RankedPassage, ...]:
        """Several outlets rather than many passages of one; an article without one is its own."""
        seen: Counter[str] = Counter()
        mixed = []
        for each in passages:
            article = self.corpus.articles[each.passage.article_id]
            outlet = article.outlet or article.id
            mixed.append(replace(each, score=each.score * SAME_OUTLET ** seen[outlet]))
            seen[outlet] += 1
        return tuple(sorted(mixed, key=lambda each: -each.score))

    def _fused(self, searched: str, vector: Vectors, mask: Mask) -> Scores:
        """Weighted sum of both scores, each scaled by its best (convex combination).

        Bruch, Gai & Ingber (2023), "An analysis of fusion functions for hybrid retrieval", find
        it better than reciprocal ranks where scores are comparable across one corpus.
        """
        weight = self._settings.lexical_weight
        size = len(mask.allowed)
        lexical = self._lexical(searched, mask.allowed) if weight else np.zeros(size)
        cosines = self.cosines(vector, mask)
        floor = np.nanmin(cosines) if not np.isnan(cosines).all() else 0.0
        # No more is known of a passage that shares words with the question but isn't near.
        unknown = np.where(lexical > 0, floor, 0.0)
        cosines = np.clip(np.where(np.isnan(cosines), unknown, cosines), 0, None)
        return weight * _scaled(lexical) + (1 - weight) * _scaled(cosines)

    def _lexical(self, searched: str, allowed: NDArray[np.bool_]) -> Scores:
        index = self.corpus.lexical
        scores = index.scores(f"{searched} {self.corpus.other_forms(searched)}", allowed)
        variants = self._spelled().variants(searched)
        return scores + VARIANT_WEIGHT * index.scores(variants, allowed) if variants else scores

    def cosines(self, vector: Vectors, mask: Mask) -> Scores:
        """Cosines of the nearest that are allowed, shape (passages,); NaN for all others."""
        allowed = mask.allowed
        size, passing = len(allowed), int(allowed.sum())
        if size <= (EXACT if self.corpus.store.cache_folder else EXACT_AFAR):
            return self._exact(vector, allowed)
        wanted = min(NEAREST, passing)
        asked = wanted if passing == size else 2 * wanted * size // max(1, passing)
        if asked <= MOST_ASKED:
            cosines = np.where(allowed, self.corpus.nearest(vector, asked), np.nan)
            if (~np.isnan(cosines)).sum() >= wanted:
                return cosines
        return np.where(allowed, self.corpus.nearest(vector, wanted, mask.where), np.nan)

    def _exact(self, vector: Vectors, allowed: NDArray[np.bool_]) -> Scores:
        cosines = np.full(len(allowed), np.nan)
        few = np.flatnonzero(allowed)
        if len(allowed) > MANY and FEW_SHARE * len(allowed) > len(few):
            cosines[few] = self.corpus.vectors[few] @ vector
        elif len(few):
            cosines[few] = (self.corpus.vectors @ vector)[few]
        return cosines

    def _spelled(self) -> Speller:
        if self._speller is None:
            corpus = self.corpus
            self._speller = Speller(corpus.words, corpus.common_words, corpus.word_stems)
        return self._speller

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [
            NodeWithScore(
                node=to_node(ranked.passage, self.corpus.articles[ranked.passage.article_id]),
                score=ranked.score,
            )
            for ranked in self.rank(query_bundle.query_str).passages
        ]


def _open_reranker(corpus: Corpus, embedder: Embedder, settings: RetrievalSettings) -> Reranker:
    if settings.cross_encoder:
        return CrossEncoderReranker(Path(settings.cross_encoder))
    return LateInteraction(embedder, corpus.lexical.inverse_document_frequency)


def _descending(scores: Scores) -> Iterator[int]:
    """Positions of the scores above 0, best first; the first few are there at once."""
    yield from (first := _best(scores, FIRST).tolist())
    if len(first) == FIRST:
        yield from _best(scores, len(scores))[FIRST:].tolist()


def _best(scores: Scores, count: int) -> NDArray[np.int64]:
    """Positions of the `count` highest scores above 0, best first; equal ones in their order."""
    found = np.flatnonzero(scores > 0)
    if len(found) > count:
        lowest = np.partition(scores[found], -count)[-count]
        found = found[scores[found] >= lowest]
    return found[np.argsort(-scores[found], kind="stable")][:count]


def _scaled(scores: Scores) -> Scores:
    best = scores.max(initial=0.0)
    return scores / best if best > 0 else scores
