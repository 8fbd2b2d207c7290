"""A corpus of many articles: what is derived is made once, and a question reads no article."""

from collections.abc import Sequence
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import WordEmbedder

import index.words_cache
from evals.bench.scale_articles import Pool, make_articles, make_questions
from evals.bench.scale_store import VectorFile, grow
from index.build import build_recipe
from index.corpus import Corpus, load_corpus
from index.folder_store import open_folder_store
from index.ledger import Change
from index.sections import RetrievalSettings
from index.settings import Settings, load_settings
from index.store import Store
from index.words import ReadArticle, WordTable, read_words
from qa.filters import Filters, build_mask, read_wishes
from qa.retrieve import HybridRetriever

SUBJECTS = ("The council", "A ferry", "The mayor of Dorn", "Nobody", "The dam above Brenn")
VERBS = ("closed", "was said to have raised", "opened", "lost", "paid for")
OBJECTS = ("the bridge", "4,200 crowns", "two harbours", "a school in Vask", "the fee of 1998")
SENTENCES = [f"{who} {did} {what}." for who in SUBJECTS for did in VERBS for what in OBJECTS]
POOL = Pool(
    documents=tuple(tuple(SENTENCES[first::5]) for first in range(5)),
    questions=tuple(f"Who {did} {what}?" for did in VERBS for what in OBJECTS),
)
SIZE = 600


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("scale")
    return load_settings(articles=folder / "made", store=str(folder / "store"))


@pytest.fixture(scope="module")
def made(settings: Settings) -> Store:
    """A store that was filled in two goes."""
    store = open_store(settings)
    vectors = VectorFile(Path(str(settings.store)).with_name("vectors.f4"), WordEmbedder())
    for size in (SIZE // 2, SIZE):
        grow(store, POOL, vectors, settings, size)
    return store


def open_store(settings: Settings) -> Store:
    recipe = build_recipe(settings.index, WordEmbedder())
    return open_folder_store(Path(str(settings.store)), recipe)


def loaded(store: Store) -> Corpus:
    corpus = load_corpus(store)
    assert corpus is not None
    return corpus


def rankings(corpus: Corpus) -> list[list[tuple[str, float]]]:
    ours = HybridRetriever(corpus, WordEmbedder(), RetrievalSettings())
    found = (ours.propose(each).passages for each in make_questions(POOL, 20))
    return [[(each.passage.id, each.score) for each in ranked] for ranked in found]


def refuse(*_: Any) -> Any:
    raise AssertionError("this was derived before")


def test_a_later_opening_derives_nothing_and_ranks_the_same(
    made: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = rankings(loaded(made))
    monkeypatch.setattr(index.words_cache, "read_words", refuse)
    store = open_store(settings)
    monkeypatch.setattr(store.vectors, "fetch", refuse)
    monkeypatch.setattr(store.vectors, "nearest", refuse)
    assert rankings(loaded(store)) == first
    assert all(first)


def test_of_a_change_only_what_is_new_is_derived(
    made: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = loaded(made)
    before.prepare()
    gone, *_ = before.articles
    with made.writing():
        made.commit(Change(drop=[gone]))
    read: list[str] = []

    def reading(articles: Sequence[ReadArticle], known: WordTable) -> WordTable:
        read.extend(each.article.id for each in articles)
        return read_words(articles, known)

    monkeypatch.setattr(index.words_cache, "read_words", reading)
    after = loaded(made)
    monkeypatch.setattr(made.vectors, "fetch", refuse)
    after.prepare()
    assert read == []
    assert [each.id for each in after.passages] == [
        each.id for each in before.passages if each.article_id != gone
    ]
    kept = [each.article_id != gone for each in before.passages]
    assert np.array_equal(after.vectors, before.vectors[kept])
    text = after.passages[5].text
    assert after.lexical.scores(text).argmax() == 5
    assert not any(gone in passage for ranked in rankings(after) for passage, _ in ranked)


def test_masks_and_weights_are_those_of_each_article(made: Store) -> None:
    corpus = loaded(made)
    of_passages = [corpus.articles[each.article_id] for each in corpus.passages]
    outlet = corpus.outlets[0]
    first, last = date(2023, 6, 1), date(2024, 6, 1)
    mask = build_mask(corpus, Filters((outlet,)), Filters((), first, last))
    assert mask.allowed.tolist() == [
        each.outlet == outlet and each.published is not None and first <= each.published <= last
        for each in of_passages
    ]
    wishes = read_wishes("What closed before March 2024?", corpus, date(2025, 1, 1))
    latest = date(2024, 4, 3)  # the end of March, and the days until it is reported
    assert wishes.weights.tolist() == [
        1.0 if each.published and each.published <= latest else 0.9 for each in of_passages
    ]


def test_the_graph_finds_what_is_nearest(made: Store) -> None:
    corpus = loaded(made)
    vector = WordEmbedder().embed(["Who opened a school in Vask?"])[0]
    exact = corpus.vectors @ vector
    found = corpus.nearest(vector, 10)
    known = ~np.isnan(found)
    assert known.sum() == 10
    assert found[known] == pytest.approx(exact[known], abs=1e-5)
    assert (exact[known] >= np.sort(exact)[-10] - 1e-5).mean() >= 0.9


def test_made_articles_are_the_same_whenever_they_are_made() -> None:
    one, other = list(islice(make_articles(POOL), 3)), list(islice(make_articles(POOL), 5))
    assert one == other[:3]
    assert len({each.id for each in other}) == len({each.text for each in other}) == 5


def test_vectors_are_embedded_once(tmp_path: Path) -> None:
    embedder = WordEmbedder()
    texts = [f"text of number {number}" for number in range(6)]
    VectorFile(tmp_path / "v", embedder).rows(0, texts[:4])
    with (tmp_path / "v").open("ab") as file:
        file.write(b"123")  # a row cut short
    embedder.embedded.clear()
    found = VectorFile(tmp_path / "v", embedder).rows(2, texts[2:])
    assert found == pytest.approx(WordEmbedder().embed(texts[2:]))
    assert [each for each in embedder.embedded if each.startswith("text")] == texts[4:]
