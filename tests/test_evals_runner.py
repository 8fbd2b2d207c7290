"""A run, from questions to report, with the scripted model."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from evals import DEFAULT_GOLD
from evals.baseline import Level, falls_short, load_baseline
from evals.gold import GoldCase, GoldEvidence
from evals.metrics import Share
from evals.record import write_report
from evals.report import explain, render_report
from evals.runner import RunResult, run, run_case
from evals.score import score_answer
from evals.summary import summarise
from index.catalogue import DEFAULT_LANGUAGE_MODEL
from index.errors import InputError, ModelError
from qa.answer import Answer
from qa.desk import Desk

MakeDesk = Callable[..., Desk]

PASSENGERS = GoldCase(
    id="fact-1",
    kind="fact",
    question="How many passengers were aboard the Aurelia?",
    answers=(("212",),),
    evidence=(GoldEvidence("ferry.md", "with 212 passengers"),),
)
CAPTAIN = GoldCase(
    id="follow-up-1",
    kind="follow-up",
    question="Who was its captain?",
    history=("Which ferry left Port Hale on Monday?",),
    answers=(("Jon Ferris",),),
    evidence=(GoldEvidence("ferry.md", "Captain Jon Ferris"),),
)
PRICE = GoldCase(
    id="unanswerable-1", kind="unanswerable", question="How much did the cutter Merel cost?"
)
RIGHT = "The Aurelia left with 212 passengers."
REFUSAL = "NOT IN THE ARTICLES"


def test_a_right_answer_is_right_and_cites_the_article(make_desk: MakeDesk) -> None:
    result = run_case(make_desk(RIGHT), PASSENGERS)
    assert result.score.right
    assert result.score.fact_recall == 1
    assert result.score.cited_article_right is True
    assert result.score.quotes_valid
    assert all(result.score.quotes_valid)
    assert result.evidence
    assert explain(result) == []


def test_a_refusal_is_right_only_where_the_articles_do_not_say(make_desk: MakeDesk) -> None:
    desk = make_desk(REFUSAL, REFUSAL)
    false_refusal, refusal = run_case(desk, PASSENGERS), run_case(desk, PRICE)
    assert (false_refusal.score.right, refusal.score.right) == (False, True)
    assert explain(false_refusal) == ["refused, though the articles say"]
    assert refusal.score.fact_recall is None
    assert refusal.score.cited_article_right is None


def test_the_history_is_asked_first_in_one_conversation(make_desk: MakeDesk) -> None:
    desk = make_desk(
        "The ferry Aurelia left Port Hale at 06:40 on Monday.",
        "Rewritten: Who was the captain of the Aurelia?",
        "Captain Jon Ferris said that nobody was hurt.",
    )
    result = run_case(desk, CAPTAIN)
    assert [answer.question for answer in result.earlier] == list(CAPTAIN.history)
    assert result.answer is not None
    assert result.answer.standalone_question == "Who was the captain of the Aurelia?"


def test_a_failed_case_names_its_reason_and_the_rest_go_on(make_desk: MakeDesk) -> None:
    seen: list[tuple[int, int, str]] = []
    broken = replace(PASSENGERS, id="broken", question="?" * 5000)
    finished = run(
        make_desk(RIGHT),
        [broken, PASSENGERS],
        lambda done, total, result: seen.append((done, total, result.case.id)),
    )
    assert seen == [(1, 2, "broken"), (2, 2, "fact-1")]
    failed, right = finished.results
    assert failed.failure is not None
    assert "5,000 characters" in failed.failure
    assert failed.answer is None
    assert right.score.right


def test_an_error_that_nobody_expected_fails_its_case_only(make_desk: MakeDesk) -> None:
    result = run_case(make_desk(), PASSENGERS)  # the scripted model has no reply left
    assert result.failure == "IndexError: pop from empty list"


def test_a_model_that_cannot_start_ends_the_run_at_once(make_desk: MakeDesk) -> None:
    desk = make_desk()

    def fail(_: object) -> None:
        raise ModelError("no model")

    desk.model = replace(desk.model, warm_up=fail)
    with pytest.raises(ModelError):
        run(desk, [PASSENGERS])


def answer_of(desk: Desk) -> Answer:
    answer = run_case(desk, PASSENGERS).answer
    assert answer is not None
    return answer


def test_a_shifted_quote_is_found_out(make_desk: MakeDesk, articles: Path) -> None:
    answer = answer_of(make_desk(RIGHT))
    shifted = tuple(replace(each, start=each.start + 1) for each in answer.citations)
    score = score_answer(
        PASSENGERS,
        replace(answer, citations=shifted),
        articles=articles,
        read=lambda path: path.read_text(encoding="utf-8"),
    )
    assert score.invalid_quotes == tuple(each.quote for each in shifted)
    assert score.right  # what is said is right; how it is quoted is another measure


def test_a_quote_of_a_file_that_is_gone_is_not_valid(make_desk: MakeDesk, articles: Path) -> None:
    answer = answer_of(make_desk(RIGHT))
    (articles / "ferry.md").unlink()
    score = score_answer(
        PASSENGERS, answer, articles=articles, read=lambda path: path.read_text(encoding="utf-8")
    )
    assert not any(score.quotes_valid)


@pytest.fixture
def finished(make_desk: MakeDesk) -> RunResult:
    broken = replace(PASSENGERS, id="fact-2", question="?" * 5000)
    return run(make_desk(RIGHT, "It cost 4 percent."), [PASSENGERS, broken, PRICE])


def test_the_summary_counts_failed_cases_as_not_right_only(finished: RunResult) -> None:
    summary = summarise(finished.results)
    assert summary.measures["right"] == Share(2, 3)
    assert summary.measures["false_refusals"] == Share(0, 1)
    assert summary.measures["unanswerable_refused"] == Share(1, 1)
    assert [(row.name, row.n, row.failed) for row in summary.rows] == [
        ("fact", 2, 1),
        ("unanswerable", 1, 0),
    ]
    assert summary.rows[0].median_prompt_tokens == 100


def test_the_report_shows_what_is_wrong_with_answer_and_evidence(finished: RunResult) -> None:
    text = render_report(finished)
    assert "2 (1 failed)" in text
    assert re.search(r"^right +2/3 +67 % +21–94$", text, re.MULTILINE)
    assert "wrong     failed: The question has 5,000 characters" in text
    assert "unanswerable-1" not in text


def test_the_written_report_states_how_it_came_about(
    finished: RunResult, make_desk: MakeDesk, tmp_path: Path
) -> None:
    desk = make_desk()
    path = write_report(
        finished, settings=desk.settings, gold=tmp_path / "gold.jsonl", folder=tmp_path / "results"
    )
    report = json.loads(path.read_text(encoding="utf-8"))
    assert path.parent.name == finished.name == report["run"]
    assert report["n"] == 3
    assert report["index"] == desk.corpus.fingerprint
    assert report["seed"] == desk.settings.generation.seed
    assert set(report["machine"]) >= {"processor", "cores", "memory_gib"}
    assert report["measures"]["right"]["interval"] == pytest.approx([0.2077, 0.9385], abs=1e-4)
    assert report["cases"][0]["answer"]["citations"][0]["quote"]
    assert report["cases"][0]["model_text"] == RIGHT
    assert report["cases"][0]["found"]
    assert list(report["excluded_from_all_but_right"]) == ["fact-2"]


@pytest.mark.parametrize(
    ("name", "hits", "short"),
    [
        ("right", 22, False),
        ("right", 21, True),
        ("false_refusals", 26, False),
        ("false_refusals", 27, True),
    ],
)
def test_a_level_may_be_missed_by_its_tolerance(name: str, hits: int, short: bool) -> None:
    problem = falls_short(name, Share(hits, 30), Level(measured=24 / 30, tolerance=2 / 30))
    assert (problem is not None) is short


def test_a_level_that_does_not_apply_is_not_missed() -> None:
    assert falls_short("right", Share(0, 0), Level(measured=1, tolerance=0)) is None


def test_baselines_are_found_by_set_and_model(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    entry = {"gold": "a.jsonl", "backend": "embedded", "model": "m", "note": "", "levels": {}}
    path.write_text(json.dumps([entry]), encoding="utf-8")
    assert load_baseline(gold="a.jsonl", backend="embedded", model="m", path=path) is not None
    assert load_baseline(gold="a.jsonl", backend="ollama", model="m", path=path) is None
    path.write_text('[{"gold": 1}]', encoding="utf-8")
    with pytest.raises(InputError, match="baseline"):
        load_baseline(gold="a.jsonl", backend="embedded", model="m", path=path)


def test_the_committed_baseline_has_every_level() -> None:
    baseline = load_baseline(
        gold=DEFAULT_GOLD.name, backend="embedded", model=DEFAULT_LANGUAGE_MODEL
    )
    assert baseline is not None
    assert set(baseline.levels) == {
        "right",
        "cited_article_right",
        "unanswerable_refused",
        "false_refusals",
    }
