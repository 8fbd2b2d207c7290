"""Two runs side by side."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from made_runs import make_run, rows_of, with_rows

from evals.compare import compare, settings_differences
from evals.estimates import difference_of
from evals.measures import Measure, mean
from evals.results import Row, Run
from evals.significance import paired_bootstrap

SECTION = "answers/briefs/dateline/27"
QUESTIONS = 14


@pytest.fixture(autouse=True, scope="module")
def _few_resamples() -> Iterator[None]:
    """What is tested here is what becomes of estimates, not how sure they are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("evals.estimates.RESAMPLES", 60)
        yield


def only_answers(run: Run) -> Run:
    return replace(run, sections=tuple(each for each in run.sections if each.name == SECTION))


@pytest.fixture(scope="module")
def run() -> Run:
    return only_answers(make_run(1, questions=QUESTIONS))


def judged(run: Run, right: dict[str, bool], *, drop: tuple[str, ...] = ()) -> Run:
    """The run with these questions right or wrong, and others left out."""
    rows = tuple(
        replace(row, values={**row.values, "right": float(right.get(row.id, True))}, failure=None)
        for row in rows_of(run)
        if row.id not in drop
    )
    return with_rows(run, SECTION, rows)


def line(text: str, start: str) -> list[str]:
    """The cells of the line that begins so."""
    found = next(each for each in text.splitlines() if each.startswith(start))
    return re.split(r"\s{2,}", found)


def test_a_run_does_not_differ_from_itself(run: Run) -> None:
    text = compare(run, run)
    _, a, b, difference, interval, p, n = line(text, "Right  ")
    assert a == b
    assert (difference, interval, p, n) == ("0.0", "0.0 to 0.0", "1.000", "14")
    assert "Right: 0 gained, 0 lost, p 1.000 (McNemar, exact)" in text
    assert "differ:" not in text


def test_gained_and_lost_questions_are_named(run: Run) -> None:
    ids = [row.id for row in rows_of(run)]
    before = judged(run, dict.fromkeys(ids[:3], False))
    now = judged(run, {ids[2]: False, ids[3]: False})
    text = compare(before, now)
    _, a, b, difference, _, _, n = line(text, "Right  ")
    assert (a, b, n) == (f"{100 * 11 / 14:.1f} %", f"{100 * 12 / 14:.1f} %", "14")
    assert difference == f"+{100 * 1 / 14:.1f}"
    assert "Right: 2 gained, 1 lost, p 1.000 (McNemar, exact)" in text
    assert f"  gained  {ids[0]}: How many boats lay in Port Hale on day 0" in text
    assert f"  gained  {ids[1]}: " in text
    assert f"  lost    {ids[3]}: " in text
    assert f" {ids[2]}: " not in text


def test_a_difference_beyond_chance_is_called_better_or_worse(run: Run) -> None:
    ids = [row.id for row in rows_of(run)]
    poor, good = judged(run, dict.fromkeys(ids[:10], False)), judged(run, {})
    assert line(compare(poor, good), "Right  ")[-1] == "better"
    assert line(compare(good, poor), "Right  ")[-1] == "worse"
    assert "Right: 10 gained, 0 lost, p 0.002 (McNemar, exact)" in compare(poor, good)  # 2 / 2**10


def test_only_shared_questions_count(run: Run) -> None:
    ids = [row.id for row in rows_of(run)]
    before, now = judged(run, {}, drop=tuple(ids[:2])), judged(run, {}, drop=(ids[5],))
    text = compare(before, now)
    assert "11 questions in both" in text
    assert "the runs' questions differ: 1 only in A, 2 only in B" in text
    assert line(text, "Right  ")[-1] == "11"


def test_other_models_and_settings_are_told(run: Run) -> None:
    other = replace(
        run, model="another", seed=8, settings={"index": {"passage_words": 90}, "new": 1}
    )
    text = compare(run, other)
    assert "The models differ." in text
    assert "The seeds differ." in text
    assert "The setting index.passage_words differs: 70 in A, 90 in B." in text
    assert "The setting new differs: None in A, 1 in B." in text
    assert settings_differences(run.settings, run.settings) == []


def test_sections_of_one_run_only_are_named(run: Run) -> None:
    (section,) = run.sections
    text = compare(run, replace(run, sections=(replace(section, articles=99),)))
    assert "no section in common" in text
    assert f"Only in A: {SECTION}, 14 questions" in text
    assert "Only in B: answers/briefs/dateline/99, 14 questions" in text


def test_equal_sides_need_no_resamples_and_give_what_they_would() -> None:
    measure = Measure("m", "M", "", ("x",), mean)
    rows = [Row(str(at), "fact", {"x": float(at % 2)}, {}) for at in range(6)]
    rows.append(Row("none", "fact", {"x": None}, {}))
    assert difference_of(measure, rows, rows) == paired_bootstrap(measure, rows, rows)
    empty = [Row("none", "fact", {}, {})]
    assert difference_of(measure, empty, empty) == paired_bootstrap(measure, empty, empty)
