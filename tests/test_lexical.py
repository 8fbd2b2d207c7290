"""BM25 against hand arithmetic, and a mask that leaks nothing."""

import random
import sys
import unicodedata
from collections import Counter
from collections.abc import Sequence
from math import log

import bm25s
import numpy as np
import pytest

from index.characters import fold_invisible
from index.lexical import STOP_WORDS, LexicalIndex, TermCounts, stem, terms
from index.ragged import Ragged

K1, B = 1.2, 0.75
TEXTS = ["ferry engine engine", "ferry harbour", "cutter", "cutter cutter harbour pilot"]
# Texts of 3, 2, 1 and 4 terms.
AVERAGE_LENGTH = (3 + 2 + 1 + 4) / 4


def index_of(texts: Sequence[str]) -> LexicalIndex:
    """BM25 over these texts."""
    found = [Counter(terms(text)) for text in texts]
    vocabulary: dict[str, int] = {}
    pairs = [
        (vocabulary.setdefault(term, len(vocabulary)), count)
        for own in found
        for term, count in own.items()
    ]
    values = np.array(pairs, dtype=np.int32).reshape(-1, 2)
    return LexicalIndex(TermCounts(vocabulary, Ragged.of([len(own) for own in found], values)))


def bm25(frequency: int, *, length: int, in_texts: int, texts: int = 4) -> float:
    """Lucene's variant: its idf is never negative, and (k1 + 1) is left out above the line."""
    idf = log(1 + (texts - in_texts + 0.5) / (in_texts + 0.5))
    return idf * frequency / (frequency + K1 * (1 - B + B * length / AVERAGE_LENGTH))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("ferry", [bm25(1, length=3, in_texts=2), bm25(1, length=2, in_texts=2), 0, 0]),
        ("engine", [bm25(2, length=3, in_texts=1), 0, 0, 0]),
        ("cutters", [0, 0, bm25(1, length=1, in_texts=2), bm25(2, length=4, in_texts=2)]),
        (
            "the harbour pilot",
            [
                0,
                bm25(1, length=2, in_texts=2),
                0,
                bm25(1, length=4, in_texts=2) + bm25(1, length=4, in_texts=1),
            ],
        ),
        ("engine zeppelin", [bm25(2, length=3, in_texts=1), 0, 0, 0]),
        ("engine engine", [2 * bm25(2, length=3, in_texts=1), 0, 0, 0]),
    ],
)
def test_scores(query: str, expected: list[float]) -> None:
    assert index_of(TEXTS).scores(query) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("query", ["", "zeppelin", "the of and", "?!", "s"])
def test_nothing_known_scores_nothing(query: str) -> None:
    scores = index_of(TEXTS).scores(query)
    assert scores.tolist() == [0, 0, 0, 0]


def test_mask_leaks_nothing_and_changes_nothing_else() -> None:
    index = index_of(TEXTS)
    free = index.scores("ferry harbour")
    for allowed in (
        np.array([True, False, True, False]),
        np.array([False, False, False, False]),
        np.array([True, True, True, True]),
    ):
        masked = index.scores("ferry harbour", allowed)
        assert masked[~allowed].tolist() == [0] * int((~allowed).sum())
        assert masked[allowed].tolist() == free[allowed].tolist()


@pytest.mark.parametrize(
    ("texts", "query"), [([], "ferry"), ([], ""), (["the of"], "ferry"), (["", ""], "the")]
)
def test_empty_texts(texts: list[str], query: str) -> None:
    assert index_of(texts).scores(query).tolist() == [0.0] * len(texts)


def test_empty_texts_beside_full_ones() -> None:
    scores = index_of(["", "ferry", "the"]).scores("ferry")
    assert scores[1] > 0
    assert scores[[0, 2]].tolist() == [0, 0]


def test_document_frequency() -> None:
    index = index_of(TEXTS)
    frequencies = [index.document_frequency(stem(word)) for word in ("ferry", "engine", "cutter")]
    assert frequencies == [2, 1, 2]
    assert index.document_frequency("zeppelin") == 0


@pytest.mark.parametrize("one", ["Assad's", "Assad’s", "assad", "ASSAD", "Assad"])
def test_possessives_and_case_are_one_term(one: str) -> None:
    assert terms(f"the {one} rule") == [stem("assad"), stem("rule")]
    assert index_of(["Assad’s rule", "nothing"]).scores(one)[0] > 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.4 million", ["1.4", "million"]),
        ("280,000 people", ["280,000", "peopl"]),
        ("In 2011, he left.", ["2011", "left"]),
        ("rebels rebel Rebel", ["rebel", "rebel", "rebel"]),
        ("Deir ez-Zor", ["deir", "ez", "zor"]),
        ("Aure\u200blia and the fer\u00adries\ufeff", terms("Aurelia and the ferries")),
        ("", []),
    ],
)
def test_terms(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


def test_stop_words_are_no_terms() -> None:
    assert terms(" ".join(sorted(STOP_WORDS))) == []


def test_no_format_character_counts_and_no_other_is_lost() -> None:
    characters = map(chr, range(sys.maxunicode + 1))
    formats = {each for each in characters if unicodedata.category(each) == "Cf"}
    assert {each for each in formats if fold_invisible(f"a{each}b") != "ab"} == set()
    seen = "".join(chr(code) for code in range(0x20, 0x2000) if chr(code).isalnum())
    assert fold_invisible(seen) == "".join(each for each in seen if each not in "\u115f\u1160")


@pytest.mark.parametrize("empty", [0, 3])
def test_scores_are_those_of_bm25s_to_the_last_bit(empty: int) -> None:
    drawn = random.Random(7)
    words = [f"w{number}" for number in range(300)]
    weights = [1 / (1 + number) for number in range(len(words))]
    texts = [" ".join(drawn.choices(words, weights, k=drawn.randint(1, 60))) for _ in range(200)]
    texts += [""] * empty
    theirs = bm25s.BM25(method="lucene", k1=K1, b=B)
    theirs.index([terms(text) or [""] for text in texts], show_progress=False)
    ours = index_of(texts)
    for _ in range(50):
        query = drawn.choices(words, weights, k=8)
        known = [term for term in terms(" ".join(query)) if ours.document_frequency(term)]
        assert np.array_equal(ours.scores(" ".join(query)), theirs.get_scores(known))


def test_inverse_document_frequency() -> None:
    index = index_of(TEXTS)
    assert index.inverse_document_frequency("ferri") == log(1 + (4 - 2 + 0.5) / (2 + 0.5))
    assert index.inverse_document_frequency("zeppelin") == log(1 + (4 + 0.5) / 0.5)
