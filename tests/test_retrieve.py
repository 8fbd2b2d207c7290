"""The ranking of passages, and the retriever as LlamaIndex sees it."""

import json
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from conftest import WordEmbedder

from index.corpus import Corpus
from index.sections import RetrievalSettings
from qa.desk import Desk
from qa.filters import Filters
from qa.retrieve import HybridRetriever, _best

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
    ranked = retriever(corpus, lexical_weight=1.0, rerank_passages=0).rank(QUESTION).passages
    assert [each.passage.id for each in ranked] == expected
    assert len(expected) < len(corpus.passages)  # the council has nothing to do with it


def test_weight_0_is_the_vectors_alone(corpus: Corpus) -> None:
    vector = WordEmbedder().embed([QUESTION])[0]
    cosines = corpus.nearest(vector, len(corpus.passages))
    expected = [corpus.passages[i].id for i in np.argsort(-cosines, kind="stable")]
    ranking = retriever(corpus, lexical_weight=0.0, rerank_passages=0).rank(QUESTION)
    assert [each.passage.id for each in ranking.passages] == expected
    assert np.array_equal(ranking.query_vector, vector)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_count_takes_the_front_of_the_same_ranking(corpus: Corpus, count: int) -> None:
    whole = retriever(corpus).rank(QUESTION).passages
    assert retriever(corpus).rank(QUESTION, count).passages == whole[:count]
    assert retriever(corpus, passages=count).rank(QUESTION).passages == whole[:count]


def test_equal_scores_keep_the_order_of_the_text(
    make_desk: Callable[..., Desk], articles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Corpus, "repeats_of", lambda *_: ())
    for name in ("c", "a", "b"):
        text = "Quince Market opened on Friday, said the town.\n"
        (articles / f"{name}.txt").write_text(text, encoding="utf-8")
    corpus = make_desk().corpus
    ranked = retriever(corpus).propose("When did Quince Market open?").passages[:3]
    paths = [corpus.articles[each.passage.article_id].path for each in ranked]
    assert paths == ["a.txt", "b.txt", "c.txt"]
    assert len({each.score for each in ranked}) == 1


def test_one_of_each_near_duplicate_stands_for_all_that_may_be_found(
    make_desk: Callable[..., Desk], articles: Path
) -> None:
    text = "Quince Market opened on Friday, said the town.\n"
    for name in "abcd":
        outlet = "---\noutlet: The Quince Post\n---\n" if name in "bd" else ""
        (articles / f"{name}.md").write_text(f"{outlet}{text}", encoding="utf-8")
    corpus = make_desk().corpus
    asked = "When did Quince Market open?"
    paths = {each.id: corpus.articles[each.article_id].path for each in corpus.passages}

    def found(filters: Filters) -> list[list[str]]:
        ranked = retriever(corpus).rank(asked, filters=filters).passages
        shown = [[each.passage.id, *each.duplicates] for each in ranked]
        return [[paths[key] for key in keys] for keys in shown if "Quince" in keys[0] or keys[1:]]

    (only,) = found(Filters())
    assert sorted(only) == ["a.md", "b.md", "c.md", "d.md"]
    assert found(Filters(outlets=("The Quince Post",))) == [["b.md", "d.md"]]
    others = [each for each in retriever(corpus).rank(asked).passages if not each.duplicates]
    assert others and all("Quince" not in each.passage.text for each in others)


def test_repeats_never_crowd_out_the_rest(
    make_desk: Callable[..., Desk], articles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(9):
        text = "The ferry Aurelia was towed to Port Hale.\n"
        (articles / f"copy{number}.txt").write_text(text, encoding="utf-8")
    corpus = make_desk().corpus
    whole = retriever(corpus).rank("Where was the ferry towed?").passages
    assert sorted(len(each.duplicates) for each in whole)[-2:] == [0, 8] and len(whole) > 2
    monkeypatch.setattr("qa.retrieve.FIRST", 3)  # all of them repeat each other
    assert retriever(corpus).rank("Where was the ferry towed?").passages == whole


def test_asking_the_index_of_vectors_gives_the_same(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = retriever(corpus).rank(QUESTION).passages
    monkeypatch.setattr("qa.retrieve.EXACT", 0)
    found = retriever(corpus).rank(QUESTION).passages
    assert [each.passage for each in found] == [each.passage for each in exact]
    scores = [each.score for each in exact]
    assert [each.score for each in found] == pytest.approx(scores, abs=1e-4)


@pytest.mark.parametrize(
    "limits",
    [
        {},
        {"MANY": 0},  # few rows are gathered first
        {"EXACT": 0},  # the index of vectors, filtered here
        {"EXACT": 0, "MOST_ASKED": 0},  # and filtered there
        {"EXACT": 0, "NEAREST": 1},
    ],
)
@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(outlets=("hale gazette",)), {"ferry.md"}),
        (Filters(published_from=date(2025, 3, 3)), {"ferry.md"}),
        (Filters(("The Hale Gazette",), date(2025, 1, 1), date(2025, 12, 31)), {"ferry.md"}),
        (Filters(published_to=date(2025, 3, 2)), set()),
    ],
)
def test_filters_hold_however_cosines_are_found(
    corpus: Corpus,
    monkeypatch: pytest.MonkeyPatch,
    limits: dict[str, int],
    filters: Filters,
    expected: set[str],
) -> None:
    for name, value in limits.items():
        monkeypatch.setattr(f"qa.retrieve.{name}", value)
    ranked = retriever(corpus).rank("harbour fee", filters=filters).passages
    assert {corpus.articles[each.passage.article_id].path for each in ranked} == expected


@pytest.mark.parametrize("count", [1, 2, 3, 7, 20])
def test_the_best_are_those_of_a_whole_sort(count: int) -> None:
    scores = np.array([0.5, 0, 0.7, 0.5, -1, 0.7, 0.1, 0.5, 0])
    whole = [place for place in np.argsort(-scores, kind="stable") if scores[place] > 0]
    assert _best(scores, count).tolist() == whole[:count]


@pytest.mark.parametrize("reranked", [1, 2, 50])
def test_what_is_not_reranked_stays_behind(corpus: Corpus, reranked: int) -> None:
    ours = retriever(corpus, rerank_passages=reranked)
    proposed = ours.propose(QUESTION).passages
    ranked = ours.rank(QUESTION).passages
    first = {each.passage.id for each in proposed[:reranked]}
    assert {each.passage.id for each in ranked[:reranked]} == first
    assert [e.passage for e in ranked[reranked:]] == [e.passage for e in proposed[reranked:]]
    scores = [each.score for each in ranked]
    assert scores == sorted(scores, reverse=True)


class LongestFirst:
    """A reranker that prefers the text with the most characters."""

    def scores(self, question: str, texts: Sequence[str], query: object = None) -> np.ndarray:
        return np.array([len(text) / 1000 for text in texts])

    def prepare(self, texts: Sequence[str]) -> None:
        pass


def test_a_reranker_decides_by_its_share(corpus: Corpus) -> None:
    def best(weight: float) -> str:
        settings = RetrievalSettings(rerank_weight=weight)
        ours = HybridRetriever(corpus, WordEmbedder(), settings, reranker=LongestFirst())
        return ours.rank(QUESTION).passages[0].passage.text

    longest = max(corpus.passages, key=lambda each: len(each.indexed_text))
    assert best(1.0) == longest.text
    assert best(0.0) != longest.text


def test_outlets_are_mixed(make_desk: Callable[..., Desk], articles: Path) -> None:
    paragraphs = [f"The ferry Aurelia called at pier {number}." for number in range(6)]
    for name, outlet in (("one", "Hale Gazette"), ("two", "Hale Gazette"), ("six", "Dorn Echo")):
        text = f"---\ntitle: Piers\noutlet: {outlet}\n---\n\n" + "\n\n".join(paragraphs)
        (articles / f"{name}.md").write_text(text.replace("pier", f"{name} pier"))
    corpus = make_desk().corpus
    ranked = retriever(corpus, lexical_weight=1.0).rank("Where did the Aurelia call?", 4).passages
    outlets = [corpus.articles[each.passage.article_id].outlet for each in ranked]
    assert set(outlets[:2]) == {"Hale Gazette", "Dorn Echo"}


def test_a_prepared_small_corpus_is_read_no_more(corpus: Corpus) -> None:
    embedder = WordEmbedder()
    ours = HybridRetriever(corpus, embedder, RetrievalSettings())
    ours.prepare()
    embedder.embedded.clear()
    ours.rank(QUESTION)
    assert embedder.embedded == [QUESTION]


@pytest.mark.parametrize("weight", [0.0, 0.5, 1.0])
def test_a_name_misspelt_finds_what_it_means(corpus: Corpus, weight: float) -> None:
    ranking = retriever(corpus, lexical_weight=weight).rank("Who is Fferris of the Aurellia?")
    assert ranking.searched == "Who is Ferris of the Aurelia?"
    assert "Aurelia" in ranking.passages[0].passage.text


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
