"""How right the answers are, against the committed baseline.

Every gold question is asked once, of the real model. The report is printed at the end and written
to `evals/results/`.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from evals import DEFAULT_GOLD, RESULTS
from evals.baseline import falls_short, load_baseline
from evals.conftest import REPORTS, REPOSITORY
from evals.gold import load_gold, take_stratified
from evals.record import write_report
from evals.report import render_case, render_report
from evals.runner import CaseResult, RunResult, run
from evals.summary import summarise
from index.settings import Settings
from qa.desk import Desk

pytestmark = [pytest.mark.model, pytest.mark.timeout(1800)]

MOST_QUESTIONS = 60  # what two cores answer in some seven minutes
# The questions that a measure is about: those to show when it fails.
AT_FAULT: dict[str, Callable[[CaseResult], bool]] = {
    "right": lambda each: not each.score.right,
    "cited_article_right": lambda each: each.score.cited_article_right is False,
    "unanswerable_refused": lambda each: not each.case.is_answerable and not each.score.refused,
    "false_refusals": lambda each: each.case.is_answerable and each.score.refused is True,
}


@pytest.fixture(scope="module")
def finished(
    desk: Desk, settings: Settings, articles: Path, pytestconfig: pytest.Config
) -> RunResult:
    cases = load_gold(DEFAULT_GOLD, articles=articles)
    if not pytestconfig.getoption("--full"):
        cases = take_stratified(cases, most=MOST_QUESTIONS)
    finished = run(desk, cases, _progress_to(pytestconfig))
    path = write_report(finished, settings=settings, gold=DEFAULT_GOLD, folder=RESULTS)
    reports = pytestconfig.stash.setdefault(REPORTS, [])
    reports.append(f"{render_report(finished)}\n\n{path}")
    return finished


def test_every_question_is_answered_or_refused(finished: RunResult) -> None:
    failed = [each for each in finished.results if each.failure is not None]
    if failed:
        pytest.fail(_shown("some questions failed", failed), pytrace=False)


def test_every_quote_is_verbatim(finished: RunResult) -> None:
    invalid = [each for each in finished.results if each.score.invalid_quotes]
    if invalid:
        pytest.fail(_shown("some quotes are not in their articles", invalid), pytrace=False)
    assert summarise(finished.results).measures["quotes_valid"].value == 1


@pytest.mark.parametrize("name", AT_FAULT)
def test_measure_keeps_its_level(name: str, finished: RunResult, articles: Path) -> None:
    baseline = load_baseline(gold=DEFAULT_GOLD.name, backend=finished.backend, model=finished.model)
    if baseline is None or articles != REPOSITORY / "articles":
        pytest.skip(f"no baseline is set for {finished.model} on {articles}")
    share = summarise(finished.results).measures[name]
    problem = falls_short(name, share, baseline.levels[name])
    if problem:
        at_fault = [each for each in finished.results if AT_FAULT[name](each)]
        pytest.fail(_shown(problem, at_fault), pytrace=False)


def _shown(problem: str, results: list[CaseResult]) -> str:
    return "\n\n".join((problem, *(render_case(each) for each in results)))


def _progress_to(config: pytest.Config) -> Callable[[int, int, CaseResult], None]:
    """A line a question while it runs, past pytest's capturing."""
    terminal = config.pluginmanager.getplugin("terminalreporter")
    capture = config.pluginmanager.getplugin("capturemanager")

    def show(done: int, total: int, result: CaseResult) -> None:
        mark = "right" if result.score.right else "wrong"
        with capture.global_and_fixture_disabled():
            terminal.write_line(f"{done}/{total} {result.case.id} {mark}")
            terminal.flush()

    return show
