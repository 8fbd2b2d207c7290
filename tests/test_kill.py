"""A sync that is killed with SIGKILL: what answers then, and whether the next one ends right."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from evals.bench import kill
from evals.bench.kill import kill_syncs


@pytest.mark.parametrize(("times", "seed"), [(3, 1), pytest.param(50, 2, marks=pytest.mark.slow)])
@pytest.mark.timeout(1800)
def test_killed_syncs_leave_each_article_wholly_old_or_new(
    tmp_path: Path, times: int, seed: int
) -> None:
    kills = list(kill_syncs(tmp_path, times=times, seed=seed))
    assert [each.problems for each in kills] == [()] * times
    assert not all(each.ended for each in kills)
    assert all(each.old + each.new > 0 for each in kills)


OLD = {"a": "old", "b": "old", "gone": "old", "same": "same"}
NEW = {"a": "new", "b": "new", "same": "same", "come": "new"}


@pytest.mark.parametrize(
    ("found", "problems"),
    [
        (OLD, []),
        (NEW, []),
        ({"a": "old", "b": "new", "same": "same"}, []),
        ({"a": "o", "b": "new", "same": "same"}, ["a is neither old nor new"]),
        ({"a": "old", "same": "same"}, ["b is lost"]),
        ({**OLD, "odd": "new"}, ["odd is neither old nor new"]),
    ],
)
def test_what_is_torn_is_told(found: Mapping[str, str], problems: list[str]) -> None:
    answers = kill.Answers(texts=dict(found), problems=[])
    assert list(kill._torn(answers, OLD, NEW)) == problems
