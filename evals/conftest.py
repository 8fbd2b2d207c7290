"""What the evals share: their options, one run a session, and its report at the end."""

from collections.abc import Callable

import pytest

from evals import DEFAULT_JUDGE, EVALS, RESULTS
from evals.baseline import describe_standing
from evals.gold import GOLD_SETS
from evals.record import last_run, write_run
from evals.report.console import render_run
from evals.report.html import write_html
from evals.results import Row, Run
from evals.suite import LAYERS, Plan, run_plan
from index.settings import Settings, load_settings

REPOSITORY = EVALS.parent
REPORTS = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the evals."""
    group = parser.getgroup("evals", "how right the answers are")
    group.addoption(
        "--backend",
        choices=("embedded", "ollama"),
        default="embedded",
        help="who runs the language model; never chosen by itself (default: embedded)",
    )
    group.addoption("--model", help="language model (default: the backend's)")
    group.addoption(
        "--full",
        action="store_true",
        help="every gold question, not only a stratified choice of them",
    )
    group.addoption(
        "--layer",
        action="append",
        choices=LAYERS,
        help="measure this layer only; may be given more than once (default: all)",
    )
    group.addoption(
        "--judge",
        nargs="?",
        const=DEFAULT_JUDGE,
        metavar="MODEL",
        help=f"have a local model judge the answers too (default: {DEFAULT_JUDGE})",
    )


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print what the evals found, whether or not output is captured."""
    for text in config.stash.get(REPORTS, []):
        terminalreporter.section("evals")
        terminalreporter.write_line(text)


@pytest.fixture(scope="session")
def settings(pytestconfig: pytest.Config) -> Settings:
    """The settings under test."""
    return load_settings(
        backend=pytestconfig.getoption("--backend"), model=pytestconfig.getoption("--model")
    )


@pytest.fixture(scope="session")
def run(settings: Settings, pytestconfig: pytest.Config) -> Run:
    """The one run of this session; its report is written, and printed at the end."""
    chosen = pytestconfig.getoption("--layer")
    full = pytestconfig.getoption("--full")
    data = REPOSITORY.parent / "shared" / "data"
    plan = Plan(
        layers=tuple(each for each in LAYERS if not chosen or each in chosen),
        gold=tuple(GOLD_SETS.values()),
        full=full,
        data=data if full and data.is_dir() else None,
        judge=pytestconfig.getoption("--judge"),
    )
    finished = run_plan(plan, settings, on_progress=_progress_to(pytestconfig))
    write_run(finished, RESULTS)
    last = last_run(finished, RESULTS)
    note = describe_standing(finished)
    page = write_html(finished, folder=RESULTS, last=last, baseline_note=note)
    reports = pytestconfig.stash.setdefault(REPORTS, [])
    reports.append(f"{render_run(finished, last, note)}\n\n{page}")
    return finished


def _progress_to(config: pytest.Config) -> Callable[[str, int, int, Row], None]:
    """A line an answer while it runs, past pytest's capturing; quicker layers in one line."""
    terminal = config.pluginmanager.getplugin("terminalreporter")
    capture = config.pluginmanager.getplugin("capturemanager")

    def show(section: str, done: int, total: int, row: Row) -> None:
        slow = section.endswith(": answers")
        if not slow and done < total:
            return
        words = f"{row.id} {'right' if row.values.get('right') else 'wrong'}" if slow else "done"
        with capture.global_and_fixture_disabled():
            terminal.write_line(f"{section} {done}/{total} {words}")
            terminal.flush()

    return show
