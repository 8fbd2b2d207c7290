"""How right the answers are, against the committed baseline.

Retrieval and extracts are measured on every question, answers on a stratified choice of them (all
with --full). The report is printed at the end and written to `evals/results/`.
"""

import pytest

from evals.baseline import Level, Problem, find_problems, load_levels
from evals.report.console import render_question
from evals.results import DATELINE, Run
from evals.suite import LAYERS

pytestmark = [pytest.mark.model, pytest.mark.timeout(5400)]

LEVELS = load_levels()


def test_no_question_failed(run: Run) -> None:
    _expect_none(tuple(each for each in find_problems(run, ()) if each.rows))


@pytest.mark.parametrize("column", ["quotes_valid", "extract_valid"])
def test_every_quote_is_verbatim(column: str, run: Run) -> None:
    rows = [row for each in run.sections if each.system == DATELINE for row in each.rows]
    shown = [row for row in rows if row.values.get(column) is not None]
    if not shown:
        pytest.skip("this layer was not measured")
    invalid = tuple(row for row in shown if row.values[column] != 1)
    _expect_none((Problem(column, "some quotes aren't verbatim", invalid),) if invalid else ())


@pytest.mark.parametrize("level", LEVELS, ids=[each.section for each in LEVELS])
def test_the_level_is_kept(level: Level, run: Run) -> None:
    if run.section(level.section) is None:
        pytest.skip("this layer was not measured")
    if not level.applies_to(run):
        pytest.skip(f"no baseline is set for {run.model} ({run.backend})")
    _expect_none(find_problems(run, (level,)))


def test_the_layers_asked_for_were_measured(run: Run, pytestconfig: pytest.Config) -> None:
    wanted = set(pytestconfig.getoption("--layer") or LAYERS)
    assert wanted <= {each.layer for each in run.sections if each.rows}


def _expect_none(problems: tuple[Problem, ...]) -> None:
    if problems:
        shown = (
            "\n\n".join((f"{each.section}: {each.words}", *map(render_question, each.rows)))
            for each in problems
        )
        pytest.fail("\n\n".join(shown), pytrace=False)
