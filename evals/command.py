"""`dateline eval`: the gold questions from the command line."""

import sys
from pathlib import Path

from evals import DEFAULT_GOLD, RESULTS
from evals.gold import load_gold
from evals.record import write_report
from evals.report import render_report
from evals.runner import CaseResult, run
from index.settings import Settings
from qa.desk import open_desk

DONE, FAILED = 0, 1


def run_evaluation(settings: Settings, *, gold: Path | None) -> int:
    """Ask the gold questions, print the report, write `report.json`. Returns the exit code.

    1 where no case got an answer. Raises DatelineError where nothing can be asked.
    """
    path = gold or DEFAULT_GOLD
    cases = load_gold(path, articles=settings.articles)
    desk = open_desk(settings=settings)
    finished = run(desk, cases, _show_progress)
    report = write_report(finished, settings=settings, gold=path, folder=RESULTS)
    sys.stdout.write(f"{render_report(finished)}\n\n{report}\n")
    return FAILED if all(each.answer is None for each in finished.results) else DONE


def _show_progress(done: int, total: int, result: CaseResult) -> None:
    mark = "right" if result.score.right else "wrong"
    sys.stderr.write(f"{done}/{total} {result.case.id} {mark}\n")
