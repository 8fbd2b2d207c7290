"""A loaded state of the store: cosines, words, short forms, and nothing that isn't in it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import WordEmbedder

from index.build import build_recipe, sync
from index.corpus import Corpus, load_corpus
from index.errors import StoreError
from index.settings import IndexSettings
from index.store import Store

SETTINGS = IndexSettings(passage_words=20)


@pytest.fixture
def store(articles: Path, tmp_path: Path) -> Store:
    embedder = WordEmbedder()
    store = Store(tmp_path / "store", build_recipe(SETTINGS, embedder))
    with store.writing():
        sync(articles, store, embedder, SETTINGS)
    return store


@pytest.fixture
def corpus(store: Store) -> Corpus:
    manifest = store.read_manifest()
    assert manifest is not None
    return load_corpus(store, manifest)


def cosines_by_hand(corpus: Corpus, question: str) -> list[float]:
    vector = WordEmbedder().embed([question])[0]
    passages = WordEmbedder().embed([passage.indexed_text for passage in corpus.passages])
    return [float(np.dot(vector, passage)) for passage in passages]


QUESTION = "When did the cutter Merel tow the ferry back to Port Hale?"


def test_nearest_are_the_cosines_by_hand(corpus: Corpus) -> None:
    vector = WordEmbedder().embed([QUESTION])[0]
    found = corpus.nearest(vector, len(corpus.passages))
    assert found == pytest.approx(cosines_by_hand(corpus, QUESTION), abs=1e-5)


def test_a_longer_vector_has_the_same_cosines(corpus: Corpus) -> None:
    vector = WordEmbedder().embed([QUESTION])[0]
    found = corpus.nearest(vector * 7, len(corpus.passages))
    assert found == pytest.approx(cosines_by_hand(corpus, QUESTION), abs=1e-5)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_all_but_the_nearest_are_nan(corpus: Corpus, count: int) -> None:
    found = corpus.nearest(WordEmbedder().embed([QUESTION])[0], count)
    by_hand = cosines_by_hand(corpus, QUESTION)
    best = sorted(by_hand, reverse=True)[:count]
    assert np.count_nonzero(~np.isnan(found)) == count < len(corpus.passages)
    assert sorted(found[~np.isnan(found)], reverse=True) == pytest.approx(best, abs=1e-5)


def test_asking_for_more_than_there_are(corpus: Corpus) -> None:
    found = corpus.nearest(WordEmbedder().embed([QUESTION])[0], 10_000)
    assert found.shape == (len(corpus.passages),)
    assert not np.isnan(found).any()


def test_leftover_rows_never_leak(corpus: Corpus) -> None:
    vector = WordEmbedder().embed([QUESTION])[0]
    leftovers = [f"leftover-{number}" for number in range(50)]
    corpus.collection.upsert(ids=leftovers, embeddings=np.tile(vector, (len(leftovers), 1)))
    found = corpus.nearest(vector, 2)
    best = sorted(cosines_by_hand(corpus, QUESTION), reverse=True)[:2]
    # The 50 leftovers are nearest of all, and take nothing from the two that were asked for.
    assert sorted(found[~np.isnan(found)], reverse=True)[:2] == pytest.approx(best, abs=1e-5)
    assert found.shape == (len(corpus.passages),)


def test_vectors_that_are_gone_are_damage(store: Store, corpus: Corpus) -> None:
    corpus.collection.delete(ids=corpus.collection.get(include=[])["ids"])
    with pytest.raises(StoreError, match=r"is damaged.*dateline index"):
        corpus.nearest(WordEmbedder().embed([QUESTION])[0], 2)
    with pytest.raises(StoreError, match=r"vectors are missing.*dateline index"):
        load_corpus(store, corpus.manifest)


def test_only_what_the_manifest_names_is_loaded(store: Store, corpus: Corpus) -> None:
    files = {path: entry for path, entry in corpus.manifest.files.items() if path != "cutter.txt"}
    fewer = load_corpus(store, replace(corpus.manifest, files=files))
    assert {article.path for article in fewer.articles.values()} == {"council.txt", "ferry.md"}
    found = fewer.nearest(WordEmbedder().embed(["The cutter was bought in 1998"])[0], 1)
    assert found.shape == (len(fewer.passages),)
    assert not np.isnan(found).all()
    assert "1998" not in fewer.words


def test_lexical_scores_stand_where_the_passages_do(corpus: Corpus) -> None:
    scores = corpus.lexical.scores("coastguard")
    assert scores.shape == (len(corpus.passages),)
    expected = ["coastguard" in passage.indexed_text.lower() for passage in corpus.passages]
    assert (scores > 0).tolist() == expected
    assert any(expected)


def test_passages_of_each_article(corpus: Corpus) -> None:
    assert set(corpus.of_article) == set(corpus.articles)
    for article_id, own in corpus.of_article.items():
        assert [passage.position for passage in own] == list(range(len(own)))
        assert {passage.article_id for passage in own} == {article_id}
    assert sum(len(own) for own in corpus.of_article.values()) == len(corpus.passages)


@pytest.mark.parametrize(
    ("word", "common", "known"),
    [
        ("ferry", True, True),
        ("fee", True, True),
        ("see", False, True),  # only at the beginning of a sentence
        ("aurelia", False, True),
        ("hho", False, True),
        ("gazette", False, True),  # front matter counts
        ("1998", False, True),
        ("zeppelin", False, False),
    ],
)
def test_words(corpus: Corpus, word: str, common: bool, known: bool) -> None:
    assert (word in corpus.common_words) is common
    assert (word in corpus.words) is known


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("What did the HHO say?", "Hale Harbour Office"),
        ("What did the Hale Harbour Office say?", "HHO"),
        ("What did the hale harbour office say?", "HHO"),
        ("What did the Hale Harbour Office (HHO) say?", ""),
        ("What did the HHOs say?", ""),
        ("What did the hho say?", ""),
        ("Who left?", ""),
    ],
)
def test_other_forms(corpus: Corpus, text: str, other: str) -> None:
    assert corpus.aliases == {"HHO": "Hale Harbour Office"}
    assert corpus.other_forms(text) == other


def test_fingerprint_is_the_manifests(corpus: Corpus) -> None:
    assert corpus.fingerprint == corpus.manifest.fingerprint
