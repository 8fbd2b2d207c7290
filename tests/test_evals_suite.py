"""A whole run over a small folder, with a scripted model: layers, references, crowd and cache."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import WordEmbedder, scripted_model

from evals import suite
from evals.gold import GoldError, GoldSet
from evals.results import Row, Run
from evals.suite import Plan, run_plan
from index.settings import Settings
from qa.models.served import ServedModel

CASES = (
    {
        "id": "fact-1",
        "kind": "fact",
        "question": "How many passengers were aboard the Aurelia?",
        "answers": [["212 passengers", {"value": 212, "unit": ""}]],
        "evidence": [{"article": "ferry.md", "quote": "with 212 passengers"}],
    },
    {
        "id": "unanswerable-1",
        "kind": "unanswerable",
        "question": "How much did the cutter Merel cost?",
    },
)
REPLIES = ("The Aurelia left with 212 passengers.", "NOT IN THE ARTICLES")


@pytest.fixture
def gold(tmp_path: Path, articles: Path, monkeypatch: pytest.MonkeyPatch) -> GoldSet:
    monkeypatch.setattr(suite, "WORK", tmp_path / "work")
    path = tmp_path / "small.jsonl"
    path.write_text("\n".join(map(json.dumps, CASES)), encoding="utf-8")
    return GoldSet("small", path, articles)


def measure(plan: Plan, settings: Settings, *, replies: tuple[str, ...] = REPLIES) -> Run:
    model = scripted_model(*replies)

    def open_model(_: Settings) -> ServedModel:
        return model

    return run_plan(plan, settings, model_factory=open_model, embedder=WordEmbedder())


def test_a_run_has_every_layer_and_what_each_must_beat(gold: GoldSet, settings: Settings) -> None:
    run = measure(Plan(gold=(gold,), distractors=20), settings)
    systems: dict[str, set[str]] = {}
    for section in run.sections:
        systems.setdefault(f"{section.layer}/{section.articles}", set()).add(section.system)
    rankings = {"dateline", "bm25", "vectors"}
    assert systems["retrieval/3"] == systems["retrieval/23"] == rankings
    assert systems["extract/3"] == {"dateline", "bm25-first-sentence"}
    without_model = {"always-refuse", "top-passage", "bm25-first-sentence"}
    assert systems["answers/3"] == {"dateline", *without_model}
    assert run.model == "scripted"
    answers = run.section("answers/small/dateline/3")
    assert answers is not None
    assert [row.values["right"] for row in answers.rows] == [1, 1]


def test_a_second_run_asks_no_model(gold: GoldSet, settings: Settings) -> None:
    plan = Plan(layers=("answers",), gold=(gold,), references=False)
    first = measure(plan, settings)
    again = measure(plan, settings, replies=())
    assert again.sections == first.sections


def test_a_broken_gold_file_is_told_before_anything_is_opened(
    gold: GoldSet, settings: Settings, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"id": "a"', encoding="utf-8")
    with pytest.raises(GoldError, match=r"broken\.jsonl, line 1"):
        measure(Plan(gold=(gold, replace(gold, path=broken))), settings)
    assert not suite.WORK.exists()


def test_progress_is_told_for_every_row(gold: GoldSet, settings: Settings) -> None:
    told: list[tuple[str, int, int]] = []

    def tell(section: str, done: int, total: int, row: Row) -> None:
        told.append((section, done, total))

    plan = Plan(layers=("retrieval", "extract"), gold=(gold,), distractors=0)
    run_plan(plan, settings, on_progress=tell, embedder=WordEmbedder())
    assert ("small: extract, dateline", 2, 2) in told
    assert ("small: retrieval, dateline, small", 1, 1) in told
