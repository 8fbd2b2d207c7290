"""A question to ranked passages: BM25 and vectors, fused; as a LlamaIndex retriever."""

from dataclasses import dataclass

import numpy as np
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle
from numpy.typing import NDArray

from index.corpus import Corpus
from index.embedding import Embedder, Vectors
from index.passages import Passage, to_node
from index.settings import RetrievalSettings

# Each index proposes this many; the answer is usually among the first fifty of either.
CANDIDATES = 50


@dataclass(frozen=True, slots=True)
class RankedPassage:
    """A passage and its fused score, 0 to 1."""

    passage: Passage
    score: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """Passages, best first, and the question's vector, which later stages reuse."""

    passages: tuple[RankedPassage, ...]
    query_vector: Vectors


class HybridRetriever(BaseRetriever):
    """Ranks the passages of a corpus; also usable as a LlamaIndex retriever."""

    def __init__(self, corpus: Corpus, embedder: Embedder, settings: RetrievalSettings) -> None:
        """Take the corpus to search and how to weigh the two indexes."""
        super().__init__()
        self.corpus = corpus
        self._embedder = embedder
        self._settings = settings

    def rank(self, question: str, count: int | None = None) -> Ranking:
        """The `count` best passages (default: as set), equal scores in the order of the text."""
        vector = self._embedder.embed([question])[0]
        scores = self._fused(question, vector)
        order = np.argsort(-scores, kind="stable")[: count or self._settings.passages]
        ranked = tuple(
            RankedPassage(self.corpus.passages[position], float(scores[position]))
            for position in order
            if scores[position] > 0
        )
        return Ranking(ranked, vector)

    def _fused(self, question: str, vector: Vectors) -> NDArray[np.float64]:
        """Weighted sum of both scores, each scaled by its best (convex combination).

        Bruch, Gai & Ingber (2023), "An analysis of fusion functions for hybrid retrieval", find
        it better than reciprocal ranks where scores are comparable across one corpus.
        """
        lexical = self.corpus.lexical.scores(f"{question} {self.corpus.other_forms(question)}")
        cosines = np.nan_to_num(self.corpus.nearest(vector, CANDIDATES), nan=0.0)
        weight = self._settings.lexical_weight
        fused = weight * _scaled(lexical) + (1 - weight) * _scaled(np.clip(cosines, 0, None))
        return np.asarray(fused, dtype=np.float64)

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [
            NodeWithScore(
                node=to_node(ranked.passage, self.corpus.articles[ranked.passage.article_id]),
                score=ranked.score,
            )
            for ranked in self.rank(query_bundle.query_str).passages
        ]


def _scaled(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    best = scores.max(initial=0.0)
    return scores / best if best > 0 else scores
