"""A loaded state of the store: cosines, words, short forms, and nothing that isn't in it."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from conftest import WordEmbedder

from index.corpus import Corpus, load_corpus
from index.errors import StoreError
from index.sections import IndexSettings
from index.store import Store
from qa.desk import Desk

SETTINGS = IndexSettings(passage_words=20)


@pytest.fixture
def store(make_desk: Callable[..., Desk]) -> Store:
    return make_desk(index=SETTINGS).library.store


def loaded(store: Store) -> Corpus:
    corpus = load_corpus(store)
    assert corpus is not None
    return corpus


@pytest.fixture
def corpus(store: Store) -> Corpus:
    return loaded(store)


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


def test_leftover_rows_never_leak(store: Store, corpus: Corpus) -> None:
    vector = WordEmbedder().embed([QUESTION])[0]
    leftovers = [f"leftover-{number}" for number in range(50)]
    rows = [{"article_id": "", "outlet": "", "published": 0}] * len(leftovers)
    store.ledger.intend(leftovers)
    store.vectors.upsert(leftovers, np.tile(vector, (len(leftovers), 1)), rows)
    found = corpus.nearest(vector, 2)
    best = sorted(cosines_by_hand(corpus, QUESTION), reverse=True)[:2]
    # The 50 leftovers are nearest of all, and take nothing from the two that were asked for.
    assert sorted(found[~np.isnan(found)], reverse=True) == pytest.approx(best, abs=1e-5)
    assert found.shape == (len(corpus.passages),)
    assert len(loaded(store).vectors) == len(corpus.passages)


def test_vectors_that_are_gone_are_damage(store: Store, corpus: Corpus) -> None:
    store.vectors.delete(store.vectors.ids())
    with pytest.raises(StoreError, match=r"is damaged.*dateline index"):
        corpus.nearest(WordEmbedder().embed([QUESTION])[0], 2)
    assert store.cache_folder is not None
    shutil.rmtree(store.cache_folder)  # what the writer left would do
    with pytest.raises(StoreError, match=r"is damaged.*dateline index"):
        corpus.prepare()
    with pytest.raises(StoreError, match=r"vectors are missing.*dateline index"):
        load_corpus(store)


def test_nothing_committed_is_no_corpus(store: Store, tmp_path: Path) -> None:
    empty = Store(type(store._backend)(tmp_path / "empty"), store.recipe)  # type: ignore[call-arg]
    assert load_corpus(empty) is None


def test_vectors_are_the_passages_own(store: Store, corpus: Corpus) -> None:
    texts = [passage.indexed_text for passage in corpus.passages]
    assert corpus.vectors == pytest.approx(WordEmbedder().embed(texts), abs=1e-6)
    assert corpus.vectors.dtype == np.float32


def test_what_articles_say_of_themselves(corpus: Corpus) -> None:
    paths = [article.path for article in corpus.articles.values()]
    assert paths == ["council.txt", "cutter.txt", "ferry.md"]
    assert corpus.outlets == ("The Hale Gazette",)
    assert corpus.outlet_of.tolist() == [-1, -1, 0]
    assert corpus.days.tolist() == [0, 0, date(2025, 3, 3).toordinal()]
    of_passages = [paths[number] for number in corpus.article_of]
    assert of_passages == [corpus.articles[each.article_id].path for each in corpus.passages]


def test_reprints_are_one_cluster(make_desk: Callable[..., Desk], articles: Path) -> None:
    text = (articles / "council.txt").read_text(encoding="utf-8")
    (articles / "reprint.txt").write_text(f"{text}\nReport by the agency.\n", encoding="utf-8")
    corpus = make_desk().corpus
    paths = {key: article.path for key, article in corpus.articles.items()}
    clusters = {paths[key]: paths[first] for key, first in corpus.article_clusters.items()}
    assert clusters == {
        "council.txt": "council.txt",
        "cutter.txt": "cutter.txt",
        "ferry.md": "ferry.md",
        "reprint.txt": "council.txt",
    }


TOWED = (
    "The ferry Aurelia left Port Hale at 06:40 on Monday with 212 passengers, and was towed back "
    "by the cutter Merel some hours later after its engine had failed."
)


@pytest.mark.parametrize(
    ("other", "is_one"),
    [
        (TOWED, True),
        (TOWED.upper().capitalize(), False),  # its names can't be told from its words
        (TOWED.replace("some hours", "a few hours"), True),
        (TOWED.replace("212", "221"), False),
        (TOWED.replace("Merel", "Petrel"), False),
        (TOWED.replace("Port Hale", "Cape Dorn"), False),
        (TOWED[:90], False),
        ("The council raised the harbour fee.", False),
    ],
)
def test_what_repeats_a_passage(
    make_desk: Callable[..., Desk], articles: Path, other: str, is_one: bool
) -> None:
    (articles / "one.txt").write_text(TOWED, encoding="utf-8")
    (articles / "other.txt").write_text(other, encoding="utf-8")
    corpus = make_desk().corpus
    paths = [corpus.articles[each.article_id].path for each in corpus.passages]
    one, its_other = paths.index("one.txt"), paths.index("other.txt")
    everything = np.ones(len(corpus.passages), dtype=bool)
    assert corpus.repeats_of(one, everything) == ((its_other,) if is_one else ())
    assert corpus.repeats_of(its_other, everything) == ((one,) if is_one else ())
    assert corpus.repeats_of(one, np.arange(len(corpus.passages)) != its_other) == ()


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
