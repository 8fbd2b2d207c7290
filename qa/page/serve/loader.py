"""Opens the desk in a thread, so that the page is there before the models are."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from index.adding import Added
from index.articles import Article
from index.errors import DatelineError
from index.overview import Row
from index.progress import Progress
from index.report import SyncReport
from index.settings import Settings
from qa.answer import Answer, Event
from qa.filters import Filters
from qa.models.served import ServedModel
from qa.page.ask.turn import MODEL_LOADING

OPENING = "Reading the articles"

log = logging.getLogger(__name__)


class Talk(Protocol):
    """What the page needs of a conversation."""

    def stream(self, question: str, *, filters: Filters) -> Iterator[Event]:
        """The events of an answer from these articles; closing the iterator stops the model."""


class PageDesk(Protocol):
    """What the page needs of a desk. It is called from several threads."""

    @property
    def articles(self) -> tuple[Article, ...]:
        """The articles that can be asked about."""

    @property
    def description(self) -> str:
        """Who answers, in one line."""

    @property
    def model(self) -> ServedModel:
        """The language model that answers. Raises ModelError and ModelFileError."""

    def conversation(self, earlier: Sequence[Answer] = ()) -> Talk:
        """A conversation that goes on from these answers."""

    def article_text(self, article_id: str) -> str:
        """The untouched text of an article, which citations point into."""

    def examples(self) -> tuple[str, ...]:
        """A few questions that the articles can answer."""

    def overview(self) -> tuple[Row, ...]:
        """The articles and files, as they stand to the folder as it is now."""

    def sync(self, on_progress: Progress | None = None) -> SyncReport:
        """Bring the index in line with the folder."""

    def add(self, file: Path) -> Added:
        """Copy a file into the folder. Raises ArticlesError with the reason."""

    def remove(self, path: str) -> Path:
        """Take a file out of the folder; gives where it is kept. Raises ArticlesError."""

    def warm_up(self) -> None:
        """Load the models."""


class OpenDesk(Protocol):
    """How a desk is opened; `on_progress` is given articles done and articles to do."""

    def __call__(self, *, settings: Settings, on_progress: Callable[[int, int], None]) -> PageDesk:
        """The desk, its articles read."""


@dataclass(frozen=True, slots=True)
class Loading:
    """How far the opening is: in words, the desk once it is there, the error if there is one.

    `examples` are questions that the desk's articles can answer.
    """

    words: str
    desk: PageDesk | None = None
    error: Exception | None = None
    over: bool = False
    examples: tuple[str, ...] = ()


class DeskLoader:
    """Opens and warms up one desk in a thread. `state` is replaced, never edited.

    `say` is given each error as a sentence, for those who look at the terminal.
    """

    def __init__(
        self,
        open_desk: OpenDesk,
        settings: Settings,
        *,
        say: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        """A loader that has not begun."""
        self.state = Loading(OPENING)
        self.settings = settings
        self._open_desk, self._say = open_desk, say
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, or try again after an error. Does nothing while it runs or once it is done."""
        with self._starting:
            running = self._thread is not None and self._thread.is_alive()
            state = self.state
            if running or (state.desk is not None and state.error is None):
                return
            words = MODEL_LOADING if state.desk else OPENING
            self.state = Loading(words, state.desk, examples=state.examples)
            self._thread = threading.Thread(target=self._work, name="opening", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        desk, examples = self.state.desk, self.state.examples
        try:
            if desk is None:
                desk = self._open_desk(settings=self.settings, on_progress=self._count)
                examples = desk.examples()
            self.state = Loading(MODEL_LOADING, desk, examples=examples)
            desk.warm_up()
            self.state = Loading(_ready(desk), desk, over=True, examples=examples)
        except Exception as error:  # noqa: BLE001 - an edge: it is shown in the page
            words = explain(error)
            self._say(words)
            self.state = Loading(words, desk, error, over=True, examples=examples)

    def sync(self, on_progress: Progress) -> SyncReport:
        """Bring the desk in line with the folder; afterwards, `state` tells of the new articles.

        Raises what the desk raises, and why there is none.
        """
        desk, state = self.desk(), self.state
        report = desk.sync(on_progress)
        if self.state is state and state.error is None and state.over:
            self.state = replace(state, words=_ready(desk), examples=desk.examples())
        return report

    def desk(self) -> PageDesk:
        """The desk. Raises why there is none."""
        if (state := self.state).desk is None:
            raise state.error or RuntimeError(state.words)
        return state.desk

    def _count(self, done: int, total: int) -> None:
        if total:
            self.state = Loading(f"{OPENING}: {done:,} of {total:,}")


def explain(error: Exception) -> str:
    """An error as a sentence for the page; what nobody foresaw goes to the log as well."""
    if isinstance(error, DatelineError):
        return str(error)
    log.error("Unexpected error", exc_info=error)
    return f"Something went wrong: {str(error) or type(error).__name__}"


def _ready(desk: PageDesk) -> str:
    number = len(desk.articles)
    articles = "1 article" if number == 1 else f"{number:,} articles"
    return f"{articles}. {desk.description}"
