"""The scale bench: its questions, its arithmetic, its table and its plot."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from conftest import WordEmbedder
from test_corpus_scale import POOL

import evals.bench.scale
from evals.bench.scale import Bench, render
from evals.bench.scale_articles import make_questions
from evals.bench.scale_plot import plot_scale
from evals.bench.scale_reader import _hits
from index.build import build_recipe
from index.sections import IndexSettings
from index.settings import load_settings

TIMES = {"median": 1.5, "p95": 2.5, "highest": 9.0}
PARTS = ("search", "search in one outlet", "BM25", "vectors", "vectors of one outlet")


def measured(passages: int) -> dict[str, Any]:
    return {
        "passages": passages,
        "articles": passages // 20,
        "load_seconds": 0.5,
        "first_search_seconds": 0.25,
        "first_opening_seconds": 4.0,
        "resident_before_mb": 300.0,
        "resident_mb": 300.0 + passages / 1000,
        "milliseconds": dict.fromkeys(PARTS, TIMES),
        "recall_10": 1.0,
        "graph_recall_10": 0.98,
        "graph_milliseconds": TIMES,
    }


def test_one_question_in_five_asks_more() -> None:
    plain, asked = set(POOL.questions), make_questions(POOL, 20)
    assert [number for number, each in enumerate(asked) if each not in plain] == [0, 5, 10, 15]
    assert asked == make_questions(POOL, 20)


@pytest.mark.parametrize(
    ("found", "hits"),
    [
        ([0.9, 0.8, 0.7, 0.6] + [0.1] * 20, 1.0),
        ([np.nan, np.nan, 0.7, 0.6] + [0.1] * 20, 0.8),
        ([np.nan] * 14 + [0.1] * 10, 0.0),
    ],
)
def test_recall_of_the_ten_nearest(found: list[float], hits: float) -> None:
    exact = np.array([0.9, 0.8, 0.7, 0.6, *[0.5] * 8, *[0.1] * 12])
    # Of eight that are equally near, any six will do.
    ranked = np.where(np.array(found) == 0.1, exact, found)
    assert _hits(exact, ranked) == pytest.approx(hits)


def test_a_size_that_was_measured_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load_settings(store=str(tmp_path / "store"))
    asked: list[int] = []
    monkeypatch.setattr(evals.bench.scale, "Library", FakeLibrary)
    monkeypatch.setattr(evals.bench.scale, "grow", lambda *given: asked.append(given[-1]))
    monkeypatch.setattr(Bench, "_measure", lambda self, library: measured(asked[-1]))
    bench = Bench(tmp_path, settings, POOL)
    assert list(bench.run(2_000)) == ["1000", "2000"]
    assert list(bench.run(5_000)) == ["1000", "2000", "5000"]
    assert asked == [1_000, 2_000, 5_000]
    (path,) = tmp_path.glob("measured-*.json")
    assert json.loads(path.read_text())["5000"]["passages"] == 5_000


class FakeLibrary:
    """Has no model to load."""

    def __init__(self, settings: object) -> None:
        self.embedder = WordEmbedder()
        self.store = SimpleNamespace(recipe=build_recipe(IndexSettings(), self.embedder))


def test_a_row_for_each_size() -> None:
    head, *rows = render({"1000": measured(1000), "20000": measured(20000)}).splitlines()
    assert head.split()[:2] == ["passages", "search"]
    assert [row.split()[0] for row in rows] == ["1,000", "20,000"]
    assert rows[1].split()[-1] == "320"


def test_plots(tmp_path: Path) -> None:
    assert plot_scale({}, tmp_path) == ()
    paths = plot_scale({"1000": measured(1000), "20000": measured(20000)}, tmp_path)
    assert [path.name for path in paths] == ["scale.svg", "scale.png"]
    assert "resident memory, MB" in paths[0].read_text(encoding="utf-8")
    assert paths[1].read_bytes().startswith(b"\x89PNG")
