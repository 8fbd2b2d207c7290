"""The bench of embedding and indexing: who is timed when, and what it makes of the times."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from evals.bench import indexing
from evals.bench.indexing import LlamaIndexPipeline, Ours, Speeds, Turn, make_turns, measure, render
from index.articles import Article
from index.duplicates import sign
from index.embedding import Vectors
from index.errors import InputError
from index.ledger import IndexedArticle
from index.passages import build_passages
from index.settings import Settings


class Written:
    """A side that writes down what it is told to do, and stores `vector` for every passage."""

    def __init__(self, name: str, log: list[str], vector: Sequence[float]) -> None:
        self.name, self.log, self.vector = name, log, vector

    def index(self, turn: Turn) -> None:
        self.log.append(f"{self.name} {turn[0].article.id}")

    def finish(self) -> None:
        self.log.append(f"{self.name} ends")

    def vectors(self, ids: Sequence[str]) -> Vectors:
        return np.tile(np.array(self.vector, dtype=np.float32), (len(ids), 1))


def indexed(name: str) -> IndexedArticle:
    text = f"The {name} left the harbour at noon. It came back at night."
    article = Article(
        id=name, path=f"{name}.txt", title=name, outlet=None, author=None,
        published=date(2025, 3, 4), text=text, body_start=0, sha256="0",
    )  # fmt: skip
    passages = build_passages(article, words=70)
    return IndexedArticle(article, passages, sign([text, *(each.text for each in passages)]))


SPEEDS = Speeds(
    passages=100,
    seconds={Ours.name: [1.0, 1.0], LlamaIndexPipeline.name: [2.0, 4.0]},
    cosines=np.array([1.0, 0.5], dtype=np.float32),
)


def test_turns_are_taken_by_both_and_the_first_is_not_counted() -> None:
    log: list[str] = []
    sides = (Written("a", log, [1, 0]), Written("b", log, [0.6, 0.8]))
    found = measure([[indexed(name)] for name in ("warm", "one", "two")], sides)
    assert log == [
        "a warm", "b warm", "b one", "a one", "a two", "b two", "a ends", "b ends",
    ]  # fmt: skip
    assert {name: len(each) for name, each in found.seconds.items()} == {"a": 2, "b": 2}
    assert found.passages == 2
    assert found.cosines == pytest.approx([0.6] * 3)


def test_the_ratio_is_of_all_turns_and_lies_between_those_of_each() -> None:
    assert SPEEDS.per_second == {Ours.name: 100 / 2, LlamaIndexPipeline.name: 100 / 6}
    assert SPEEDS.ratio == 6 / 2
    low, high = SPEEDS.interval
    assert (low, high) == (2, 4)  # both turns of one kind


def test_what_is_shown() -> None:
    shown = render(SPEEDS)
    assert "100 passages in 2 turns: 3.00 times as fast [2.00, 4.00]" in shown
    assert "mean 0.7500, lowest 0.5000" in shown


def test_turns_are_of_whole_articles(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    names = [f"ship{number}" for number in range(9)]
    monkeypatch.setattr(indexing, "_read", lambda *_: (indexed(name) for name in names))
    monkeypatch.setattr(indexing, "PASSAGES_A_TURN", 2)
    turns = make_turns(tmp_path, tmp_path, Settings(), most=6)
    assert [[each.article.id for each in turn] for turn in turns] == [
        ["ship0", "ship1"], ["ship2", "ship3"], ["ship4", "ship5"],
    ]  # fmt: skip
    with pytest.raises(InputError, match="too few"):
        make_turns(tmp_path, tmp_path, Settings(), most=2)
