"""The benchmarks' own parts; what they measure is measured by running them."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from evals.bench.cancel import Cancellation, render
from evals.bench.cold import ColdStart, time_command
from evals.bench.latency import measure_answers, render_cold, render_latency
from evals.bench.questions import load_questions
from index.errors import InputError
from qa.desk import Desk


def test_questions_are_read_as_batches_and_gold_lines_are(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text(
        '{"id": 1, "question": "Who?", "kind": "fact"}\n\n'
        '{"id": "b", "question": "When?", "history": ["Who?"], "as_of": "2025-03-04"}\n',
        encoding="utf-8",
    )
    first, second = load_questions(path)
    assert (first.id, first.question, first.history, first.as_of) == ("1", "Who?", (), None)
    assert second.history == ("Who?",)
    assert second.as_of is not None
    assert second.as_of.isoformat() == "2025-03-04"


@pytest.mark.parametrize("line", ["{", '{"id": "a"}', "[]", '{"question": "?", "as_of": "x"}'])
def test_a_line_that_is_no_question_is_named(line: str, tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text(f"{line}\n", encoding="utf-8")
    with pytest.raises(InputError, match="line 1"):
        load_questions(path)


def test_a_file_without_questions_is_refused(tmp_path: Path) -> None:
    (tmp_path / "none.jsonl").write_text("\n", encoding="utf-8")
    with pytest.raises(InputError, match="no questions"):
        load_questions(tmp_path / "none.jsonl")


def test_a_refusal_without_a_model_call_has_no_prompt(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk("The Aurelia left with 212 passengers.")
    answers = [
        desk.ask("How many passengers were aboard the Aurelia?"),
        desk.ask("Who is Zebulon Quartermain?"),
    ]
    measured = measure_answers(answers)
    assert len(measured["total_seconds"]) == 2
    assert measured["prompt_tokens"] == [100]


def test_the_table_has_a_row_for_each_figure() -> None:
    table = render_latency({"total_seconds": [3.0, 1.0, 2.0], "prompt_tokens": []})
    assert re.search(r"^total seconds +3 +2 +3 +3$", table, re.MULTILINE)
    assert re.search(r"^prompt tokens +0 +– +– +–$", table, re.MULTILINE)


@pytest.mark.parametrize(
    ("cold", "said"),
    [
        (ColdStart(problem="it ended with 1: no"), "not measured, it ended with 1: no"),
        (ColdStart(1.0, 9.0, 9.5), "first output 1.0 s, answer 9.0 s, end 9.5 s"),
        (ColdStart(1.0, None, 9.5), "first output 1.0 s, answer –, end 9.5 s"),
    ],
)
def test_the_command_line_is_told_in_words(cold: ColdStart, said: str) -> None:
    assert said in render_cold(cold)


def test_a_command_that_fails_is_not_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "python"
    script.write_text("#!/bin/sh\necho 'no articles here' >&2\nexit 1\n", encoding="utf-8")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    assert time_command(tmp_path, "Who?").problem == "it ended with 1: no articles here"


def test_the_time_to_free_is_closing_and_waiting() -> None:
    found = [Cancellation("reading", 0.5, 0.25), Cancellation("reading", 1.0, 0.5)]
    assert re.search(r"^reading +2 +1\.12 +1\.50$", render(found), re.MULTILINE)
