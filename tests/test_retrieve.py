"""The ranking of passages, and the retriever as LlamaIndex sees it."""

import json
from collections.abc import Callable

import numpy as np
import pytest
from conftest import WordEmbedder

from index.corpus import Corpus
from index.settings import RetrievalSettings
from qa.desk import Desk
from qa.retrieve import HybridRetriever

QUESTION = "Who towed the ferry Aurelia back?"


@pytest.fixture
def corpus(make_desk: Callable[..., Desk]) -> Corpus:
    return make_desk().corpus


def retriever(corpus: Corpus, **settings: float) -> HybridRetriever:
    return HybridRetriever(corpus, WordEmbedder(), RetrievalSettings(**settings))


def test_best_first_and_scores_between_0_and_1(corpus: Corpus) -> None:
    scores = [ranked.score for ranked in retriever(corpus).rank(QUESTION).passages]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) == len(corpus.passages)
    assert all(0 < score <= 1 + 1e-9 for score in scores)


@pytest.mark.parametrize(
    ("question", "path"),
    [
        ("Who towed the ferry back?", "ferry.md"),
        ("When was the cutter bought?", "cutter.txt"),
        ("How much is the harbour fee raised?", "council.txt"),
    ],
)
@pytest.mark.parametrize("weight", [0.0, 0.6, 1.0])
def test_the_passage_that_answers_comes_first(
    corpus: Corpus, question: str, path: str, weight: float
) -> None:
    best = retriever(corpus, lexical_weight=weight).rank(question).passages[0].passage
    assert corpus.articles[best.article_id].path == path


def test_weight_1_is_bm25_alone(corpus: Corpus) -> None:
    scores = corpus.lexical.scores(QUESTION)
    expected = [corpus.passages[i].id for i in np.argsort(-scores, kind="stable") if scores[i] > 0]
    ranked = retriever(corpus, lexical_weight=1.0).rank(QUESTION).passages
    assert [each.passage.id for each in ranked] == expected
    assert len(expected) < len(corpus.passages)  # the council has nothing to do with it


def test_weight_0_is_the_vectors_alone(corpus: Corpus) -> None:
    vector = WordEmbedder().embed([QUESTION])[0]
    cosines = corpus.nearest(vector, len(corpus.passages))
    expected = [corpus.passages[i].id for i in np.argsort(-cosines, kind="stable")]
    ranking = retriever(corpus, lexical_weight=0.0).rank(QUESTION)
    assert [each.passage.id for each in ranking.passages] == expected
    assert np.array_equal(ranking.query_vector, vector)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_count_takes_the_front_of_the_same_ranking(corpus: Corpus, count: int) -> None:
    whole = retriever(corpus).rank(QUESTION).passages
    assert retriever(corpus).rank(QUESTION, count).passages == whole[:count]
    assert retriever(corpus, passages=count).rank(QUESTION).passages == whole[:count]


def test_equal_scores_keep_the_order_of_the_text(
    make_desk: Callable[..., Desk], articles: object
) -> None:
    for name in ("c", "a", "b"):
        path = articles / f"{name}.txt"  # type: ignore[operator]
        path.write_text("Quince Market opened on Friday, said the town.\n", encoding="utf-8")
    corpus = make_desk().corpus
    ranked = retriever(corpus).rank("When did Quince Market open?", 3).passages
    paths = [corpus.articles[each.passage.article_id].path for each in ranked]
    assert paths == ["a.txt", "b.txt", "c.txt"]
    assert len({each.score for each in ranked}) == 1


def test_an_acronym_finds_what_is_spelled_out(corpus: Corpus) -> None:
    best = retriever(corpus, lexical_weight=1.0).rank("HHO").passages[0].passage
    assert "Hale Harbour Office" in best.text


def test_nothing_in_common_ranks_nothing_lexically(corpus: Corpus) -> None:
    assert retriever(corpus, lexical_weight=1.0).rank("zebra").passages == ()


def test_as_a_llama_index_retriever(corpus: Corpus) -> None:
    nodes = retriever(corpus).retrieve(QUESTION)
    assert nodes
    for found in nodes:
        node = found.node
        article = corpus.articles[node.metadata["article_id"]]
        assert article.text[node.start_char_idx : node.end_char_idx] == node.text
        assert node.metadata["title"] == article.title
        assert node.metadata["article_path"] == article.path
        for start, end in json.loads(node.metadata["sentences"]):
            assert article.text[start:end] in node.text
    assert nodes[0].node.metadata["published"] == "2025-03-03"
    assert nodes[0].node.metadata["outlet"] == "The Hale Gazette"
