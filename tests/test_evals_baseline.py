"""The committed levels: who they apply to, and what is said where they can't be used."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evals.baseline import Level, find_problems, load_levels, make_level, renew, write_levels
from evals.results import Row, Run, Section
from index.errors import InputError


def make_run(*rows: Row, model: str = "small") -> Run:
    section = Section("answers", "briefs", "dateline", 5, rows)
    return Run(
        name="run", started=datetime.now(UTC), seconds=0, backend="embedded", model=model,
        seed=7, settings={}, machine={}, sections=(section,),
    )  # fmt: skip


def row(number: int, **values: float | None) -> Row:
    return Row(f"fact-{number}", "fact", values, {})


def level(run: Run, **floors: float) -> Level:
    return make_level(run.sections[0], run, floors=floors, note="")


def test_below_the_floor_is_a_problem_with_its_questions() -> None:
    run = make_run(row(1, right=1.0), row(2, right=0.0), row(3, right=1.0))
    assert find_problems(run, (level(run, right=0.6),)) == ()
    (problem,) = find_problems(run, (level(run, right=0.7),))
    assert problem.words.startswith("answers are wrong: ")
    assert problem.words.endswith("0.667, the floor is 0.700")
    assert [each.id for each in problem.rows] == ["fact-2"]


def test_above_the_ceiling_is_a_problem() -> None:
    refused = {"answerable": 1.0, "right": 0.0, "refused": 1.0}
    run = make_run(row(1, **refused), row(2, answerable=1.0, right=1.0, refused=0.0))
    assert find_problems(run, (level(run, false_refusal_rate=0.5),)) == ()
    (problem,) = find_problems(run, (level(run, false_refusal_rate=0.4),))
    assert "the ceiling is 0.400" in problem.words
    assert [each.id for each in problem.rows] == ["fact-1"]


def test_five_lost_and_none_gained_is_more_than_chance_four_is_not() -> None:
    before = make_run(*(row(number, right=1.0) for number in range(10)))
    set_by = level(before)
    for lost, problems in ((4, 0), (5, 1)):
        now = make_run(*(row(number, right=float(number >= lost)) for number in range(10)))
        assert len(find_problems(now, (set_by,))) == problems


def test_a_failed_question_is_a_problem_whatever_the_levels_are() -> None:
    failed = replace(row(1, right=0.0), failure="ValueError: broken")
    (problem,) = find_problems(make_run(failed), ())
    assert problem.words == "1 questions failed"


def test_a_level_is_about_one_model() -> None:
    run = make_run(row(1, right=0.0))
    assert (
        find_problems(make_run(*run.sections[0].rows, model="other"), (level(run, right=1),)) == ()
    )


def test_a_run_renews_what_was_won_and_leaves_the_floors(tmp_path: Path) -> None:
    before, now = make_run(row(1, right=0.0)), make_run(row(1, right=1.0))
    levels = (level(before, right=0.5), replace(level(before), section="answers/other/dateline/5"))
    path = tmp_path / "baseline.json"
    write_levels(renew(levels, now), path)
    renewed, untouched = load_levels(path)
    assert (renewed.floors, renewed.won) == ({"right": 0.5}, {"fact-1": 1.0})
    assert untouched == levels[1]


def test_the_committed_levels_can_be_read() -> None:
    assert {each.section.split("/")[0] for each in load_levels()} == {
        "retrieval",
        "extract",
        "answers",
    }


@pytest.mark.parametrize("content", ["", "[]x", '[{"section": "a"}]'])
def test_a_broken_file_is_told(tmp_path: Path, content: str) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"baseline\.json can't be used"):
        load_levels(path)
