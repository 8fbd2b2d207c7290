"""Late interaction against hand arithmetic, what it keeps, and the LlamaIndex postprocessor."""

from collections.abc import Sequence

import numpy as np
import pytest
from conftest import WordEmbedder
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from index.embedding import TokenVectors, Vectors
from qa.rerank import LateInteraction, RerankPostprocessor

# Three directions, and one that is between the first two.
AXES = {"ferry": (1, 0, 0), "boat": (0.6, 0.8, 0), "harbour": (0, 0, 1), "of": (0, 1, 0)}


class AxisEmbedder:
    """An honest fake: a word is the vector that AXES gives it, others aren't there."""

    fingerprint = "axes"

    def __init__(self) -> None:
        self.read: list[str] = []

    def embed(self, texts: Sequence[str]) -> Vectors:
        return np.zeros((len(texts), 3), dtype=np.float32)

    def embed_tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        self.read.extend(texts)
        return [self._read(text) for text in texts]

    def _read(self, text: str) -> TokenVectors:
        words = [word for word in text.split() if word in AXES]
        starts = [text.index(word) for word in words]
        return TokenVectors(
            np.zeros(3, dtype=np.float32),
            np.array([AXES[word] for word in words], dtype=np.float32).reshape(-1, 3),
            tuple((start, start + len(word)) for start, word in zip(starts, words, strict=True)),
        )


def late(embedder: AxisEmbedder, **weights: float) -> LateInteraction:
    return LateInteraction(embedder, lambda term: weights.get(term, 1.0), most_tokens=5)


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        ("ferry", "ferry", 1),
        ("ferry", "boat", 0.6),
        ("ferry", "harbour boat ferry", 1),  # the best match counts
        ("ferry harbour", "boat", (3 * 0.6 + 1 * 0) / 4),
        ("ferry harbour", "harbour", (3 * 0 + 1 * 1) / 4),
        ("ferry of harbour", "boat", (3 * 0.6 + 1 * 0) / 4),  # a stop word has no say
        ("of", "boat", 0.8),  # unless there is nothing else
        ("ferry", "nothing known", 0),
        ("nothing known", "ferry", 0),
    ],
)
def test_scores(question: str, text: str, expected: float) -> None:
    found = late(AxisEmbedder(), ferri=3.0).scores(question, ["harbour", text])
    assert found[1] == pytest.approx(expected, abs=1e-3)


def test_no_texts() -> None:
    assert late(AxisEmbedder()).scores("ferry", []).shape == (0,)


def test_a_text_is_read_once_as_long_as_it_is_kept() -> None:
    embedder = AxisEmbedder()
    reranker = late(embedder)
    first = reranker.scores("ferry", ["boat", "harbour", "boat"])
    assert embedder.read == ["ferry", "boat", "harbour"]
    assert reranker.scores("ferry", ["boat", "harbour", "boat"]).tolist() == first.tolist()
    assert embedder.read[3:] == ["ferry"]
    # Five tokens are kept: these four and the harbour, which was asked for last.
    reranker.scores("ferry", ["ferry ferry ferry ferry"])
    reranker.scores("ferry", ["harbour"])
    assert embedder.read[4:] == ["ferry", "ferry ferry ferry ferry", "ferry"]
    reranker.scores("ferry", ["boat"])
    assert embedder.read[-1] == "boat"


def test_as_a_llama_index_postprocessor() -> None:
    embedder = WordEmbedder()
    texts = ["The council met.", "A ferry came.", "The ferry Aurelia sank.", "Zebras."]
    nodes = [
        NodeWithScore(node=TextNode(text=text), score=1 - index / 10)
        for index, text in enumerate(texts)
    ]
    query = QueryBundle("Did the ferry Aurelia sink?")
    reranker = LateInteraction(embedder, lambda term: 1.0)
    found = RerankPostprocessor(reranker, first=3).postprocess_nodes(nodes, query)
    assert [each.node.text for each in found] == [texts[2], texts[1], texts[0], texts[3]]
    assert [each.score for each in nodes] == [1, 0.9, 0.8, 0.7]  # what was given is as it was
    assert RerankPostprocessor(reranker).postprocess_nodes([], query) == []
    assert RerankPostprocessor(reranker).postprocess_nodes(nodes) == nodes
