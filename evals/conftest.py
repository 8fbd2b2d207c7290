"""What the evals share: their options, one desk a session, and the report at the end."""

from pathlib import Path

import pytest

from evals import EVALS
from index.settings import Settings, load_settings
from index.store import default_store_folder
from qa.desk import Desk, open_desk

REPOSITORY = EVALS.parent
STORES = REPOSITORY / ".dateline" / "evals"
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
        "--articles",
        type=Path,
        default=REPOSITORY / "articles",
        help="folder that holds the gold articles, other ones among them or not",
    )


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print what the evals found, whether or not output is captured."""
    for text in config.stash.get(REPORTS, []):
        terminalreporter.section("evals")
        terminalreporter.write_line(text)


@pytest.fixture(scope="session")
def articles(pytestconfig: pytest.Config) -> Path:
    """The folder of articles, as an absolute path."""
    folder: Path = pytestconfig.getoption("--articles")
    return folder.resolve()


@pytest.fixture(scope="session")
def settings(pytestconfig: pytest.Config, articles: Path) -> Settings:
    """The settings under test; the store is the evals' own."""
    return load_settings(
        articles=articles,
        store=str(STORES / default_store_folder(articles).name),
        backend=pytestconfig.getoption("--backend"),
        model=pytestconfig.getoption("--model"),
    )


@pytest.fixture(scope="session")
def desk(settings: Settings) -> Desk:
    """A desk over the articles, in line with them; its model loads on first use."""
    return open_desk(settings=settings)
