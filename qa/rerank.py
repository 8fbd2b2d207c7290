"""Ranked passages to a better order: each word of the question against each of a passage.

Late interaction after Khattab & Zaharia (2020), "ColBERT: efficient and effective passage search
via contextualized late interaction over BERT", with the token vectors of the embedding model as
it comes, and each token of the question weighted by the inverse document frequency of its word.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import MetadataMode, NodeWithScore, QueryBundle
from numpy.typing import NDArray
from pydantic import PrivateAttr

from index.embedding import CrossEncoder, Embedder, TokenVectors
from index.lexical import STOP_WORDS, WORD, stem

# Vectors of passage tokens that are kept: 384 dimensions in half precision make 115 MB.
MOST_TOKENS = 150_000

Scores = NDArray[np.float64]


class Reranker(Protocol):
    """Scores how well texts answer a question. Safe to call from several threads."""

    def scores(
        self, question: str, texts: Sequence[str], query: TokenVectors | None = None
    ) -> Scores:
        """0 to 1, shape (texts,). `query` are the question's own vectors, where they are known."""

    def prepare(self, texts: Sequence[str]) -> None:
        """Do beforehand what can be done without a question."""


class LateInteraction:
    """Each token of a question takes its best match among a text's. Keeps the texts' vectors."""

    def __init__(
        self, embedder: Embedder, weigh: Callable[[str], float], *, most_tokens: int = MOST_TOKENS
    ) -> None:
        """`weigh` gives a stem's inverse document frequency; `most_tokens` bounds what is kept."""
        self._embedder = embedder
        self._weigh = weigh
        self._most_tokens = most_tokens
        self._kept: OrderedDict[str, NDArray[np.float16]] = OrderedDict()
        self._tokens = 0
        self._lock = threading.Lock()

    def scores(
        self, question: str, texts: Sequence[str], query: TokenVectors | None = None
    ) -> Scores:
        """The weighted mean of the best cosines, 0 to 1, shape (texts,)."""
        query = query or self._embedder.embed_tokens([question])[0]
        if not texts or not len(query.tokens):
            return np.zeros(len(texts))
        tokens = self._vectors(texts)
        firsts = np.cumsum([0, *(len(each) for each in tokens[:-1])])
        cosines = query.tokens @ np.concatenate(tokens).astype(np.float32).T
        best = np.maximum.reduceat(cosines, firsts, axis=1)
        weights = self._weights(question, query.spans)
        return np.clip(weights @ best.astype(np.float64), 0, 1)

    def prepare(self, texts: Sequence[str]) -> None:
        """Read texts beforehand; as many are kept as `most_tokens` lets."""
        self._vectors(texts)

    def _vectors(self, texts: Sequence[str]) -> list[NDArray[np.float16]]:
        with self._lock:
            found = {text: self._kept[text] for text in texts if text in self._kept}
        missing = [text for text in dict.fromkeys(texts) if text not in found]
        for text, made in zip(missing, self._embedder.embed_tokens(missing), strict=True):
            # A text without words matches nothing; a row of zeros says so.
            own = made.tokens if len(made.tokens) else np.zeros((1, len(made.sentence)))
            found[text] = own.astype(np.float16)
        with self._lock:
            self._keep(found)
        return [found[text] for text in texts]

    def _keep(self, found: dict[str, NDArray[np.float16]]) -> None:
        for text, tokens in found.items():
            if text not in self._kept:
                self._tokens += len(tokens)
            self._kept[text] = tokens
            self._kept.move_to_end(text)
        while self._tokens > self._most_tokens:
            self._tokens -= len(self._kept.popitem(last=False)[1])

    def _weights(self, question: str, spans: Sequence[tuple[int, int]]) -> Scores:
        """One weight a token, 1 in sum; words that say nothing have none if any other has one."""
        words = [(word.start(), word.end(), word.group()) for word in WORD.finditer(question)]
        weights = np.array([self._weight(words, start) for start, _ in spans])
        total = weights.sum()
        return weights / total if total > 0 else np.full(len(weights), 1 / len(weights))

    def _weight(self, words: Sequence[tuple[int, int, str]], start: int) -> float:
        word = next((text for first, end, text in words if first <= start < end), None)
        if word is None or word.casefold() in STOP_WORDS:
            return 0.0
        return self._weigh(stem(word))


class CrossEncoderReranker:
    """A local cross-encoder: reads question and passage together. Slower, and often better."""

    def __init__(self, folder: Path) -> None:
        """`folder` holds what sentence-transformers saved; it is loaded on first use."""
        self._model = CrossEncoder(folder)

    def scores(
        self, question: str, texts: Sequence[str], query: TokenVectors | None = None
    ) -> Scores:
        """The model's scores, spread over 0 to 1. Raises ModelFileError."""
        found = self._model.scores(question, texts)
        low, high = found.min(initial=np.inf), found.max(initial=-np.inf)
        return (found - low) / (high - low) if high > low else np.ones(len(texts))

    def prepare(self, texts: Sequence[str]) -> None:
        """Load the model. Raises ModelFileError."""
        self._model.scores("warm up", texts[:1])


class RerankPostprocessor(BaseNodePostprocessor):
    """Any retriever's nodes in the order of a reranker, as a LlamaIndex postprocessor."""

    first: int = 50
    _reranker: Any = PrivateAttr()

    def __init__(self, reranker: Reranker, **fields: Any) -> None:
        """`first` nodes are put in order; the rest stay behind them."""
        super().__init__(**fields)
        self._reranker = reranker

    @classmethod
    def class_name(cls) -> str:
        """The name that LlamaIndex knows it by."""
        return "RerankPostprocessor"

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        if query_bundle is None or not nodes:
            return nodes
        head, rest = nodes[: self.first], nodes[self.first :]
        texts = [each.node.get_content(metadata_mode=MetadataMode.NONE) for each in head]
        scores = self._reranker.scores(query_bundle.query_str, texts)
        ordered = [
            NodeWithScore(node=head[index].node, score=float(scores[index]))
            for index in np.argsort(-scores, kind="stable")
        ]
        return ordered + rest
