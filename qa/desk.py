"""The Python API: a desk answers questions about one folder of articles.

>>> desk = qa.open_desk("articles/")
>>> answer = desk.ask("How far is Homs from Hama?")
"""

import contextlib
import threading
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

from index.adding import Added, add_file
from index.articles import Article
from index.corpus import Corpus
from index.embedding import Embedder
from index.errors import InputError
from index.library import Library
from index.overview import Row
from index.progress import Progress
from index.removal import set_aside
from index.report import SyncReport
from index.settings import Settings, load_settings
from qa.answer import Answer, Event, Finished
from qa.conversation import Turn, remember
from qa.engine import AnswerEngine
from qa.examples import example_questions
from qa.filters import Filters
from qa.listing import list_rows
from qa.models.served import ServedModel, open_model
from qa.prompt import instructions
from qa.query import Query, usable_question
from qa.sources import shown_title
from qa.threads import iterate_in_thread

if TYPE_CHECKING:
    from qa.query_engine import DatelineQueryEngine

MOST_RESULTS = 1000


@dataclass(frozen=True, slots=True)
class SearchResult:
    """A passage found without a language model; `text` is verbatim."""

    article_id: str
    article_path: str
    title: str
    start: int
    end: int
    text: str
    score: float


class AskOptions(TypedDict, total=False):
    """How a question is to be answered. `as_of` (default: today) says what "this week" means.

    `fresh` (default: True) syncs first; `filters` says which articles may answer; `explain`
    fills the answer's trace.
    """

    as_of: date | None
    fresh: bool
    filters: Filters | None
    explain: bool


class Desk:
    """Answers questions about one folder. Safe to use from several threads."""

    def __init__(
        self,
        settings: Settings,
        *,
        embedder: Embedder | None = None,
        model_factory: Callable[[Settings], ServedModel] = open_model,
    ) -> None:
        """Nothing is read yet; `open_desk` makes one and syncs it."""
        self.settings = settings
        self.library = Library(settings, embedder)
        self._model_factory = model_factory
        self._lock = threading.RLock()
        self._engine: AnswerEngine | None = None

    # What is on the desk

    @property
    def articles(self) -> tuple[Article, ...]:
        """The indexed articles, in the order of their paths."""
        return tuple(sorted(self.corpus.articles.values(), key=lambda article: article.path))

    @property
    def corpus(self) -> Corpus:
        """The state of the store that answers now. Raises StoreError where there is none."""
        return self.library.corpus()

    @property
    def description(self) -> str:
        """One line: who answers."""
        return self.model.description

    @property
    def query_engine(self) -> "DatelineQueryEngine":
        """A LlamaIndex `BaseQueryEngine` that answers as `ask` does."""
        from qa.query_engine import DatelineQueryEngine  # noqa: PLC0415 - only for LlamaIndex users

        return DatelineQueryEngine(self)

    def article_text(self, article_id: str) -> str:
        """The untouched text of an article; citations index it. Raises InputError if unknown."""
        article = self.corpus.articles.get(article_id)
        if article is None:
            raise InputError(f"There is no article {article_id}.")
        return article.text

    def overview(self) -> tuple[Row, ...]:
        """The articles, and the files that gave none, as they stand to the folder as it is now."""
        return list_rows(self.library)

    def add(self, file: Path) -> Added:
        """Copy a file into the folder, to be read by the next sync, as `add_file`."""
        return add_file(self.settings.articles, file)

    def remove(self, path: str) -> Path:
        """Take a file out of the folder, as `set_aside`; gives where it is kept.

        It answers no more after the next sync.
        """
        return set_aside(self.settings.articles, path)

    def sync(self, on_progress: Progress | None = None, *, wait_seconds: float = 0) -> SyncReport:
        """Bring the index in line with the folder, as `Library.sync`."""
        return self.library.sync(on_progress, wait_seconds=wait_seconds)

    def refresh(self, on_progress: Progress | None = None) -> SyncReport | None:
        """Sync if anything changed, as `Library.refresh`."""
        return self.library.refresh(on_progress)

    # Asking

    def ask(self, question: str, **options: Unpack[AskOptions]) -> Answer:
        """The whole answer.

        Raises InputError for a question or filter that can't be used, ModelError where the model
        fails.
        """
        return finish(self.stream(question, **options))

    def stream(
        self, question: str, *, history: tuple[Turn, ...] = (), **options: Unpack[AskOptions]
    ) -> Iterator[Event]:
        """The answer as it comes; the last event is `Finished`. Closing it stops the model."""
        question = usable_question(question)
        fresh = options.get("fresh", True)
        if fresh:
            self.refresh()
        query = Query(
            question,
            history,
            options.get("as_of") or date.today(),
            stale=self.library.is_behind if fresh else self.library.is_stale,
            filters=options.get("filters") or Filters(),
            explain=options.get("explain", False),
        )
        return self._current().stream(query)

    async def aask(self, question: str, **options: Unpack[AskOptions]) -> Answer:
        """As `ask`, without blocking the loop."""
        last: Event | None = None
        async with contextlib.aclosing(self.astream(question, **options)) as events:
            async for event in events:
                last = event
        assert isinstance(last, Finished)
        return last.answer

    async def astream(
        self, question: str, **options: Unpack[AskOptions]
    ) -> AsyncGenerator[Event, None]:
        """As `stream`, without blocking the loop."""

        def events() -> Iterator[Event]:
            yield from self.stream(question, **options)

        async with contextlib.aclosing(iterate_in_thread(events())) as passed_on:
            async for event in passed_on:
                yield event

    def conversation(self, earlier: Sequence[Answer] = ()) -> "Conversation":
        """A conversation: later questions may lean on earlier ones, as on these answers."""
        return Conversation(self, earlier)

    def examples(self) -> tuple[str, ...]:
        """A few questions that the articles can answer, as `example_questions`."""
        return example_questions(self.corpus)

    def search(
        self, query: str, k: int = 10, *, fresh: bool = True, filters: Filters | None = None
    ) -> list[SearchResult]:
        """The `k` best passages, without a language model. Raises InputError."""
        query = usable_question(query)
        if not 1 <= k <= MOST_RESULTS:
            raise InputError(f"The number of results must be between 1 and {MOST_RESULTS}.")
        if fresh:
            self.refresh()
        engine = self._current()
        return [
            SearchResult(
                article_id=ranked.passage.article_id,
                article_path=engine.sources.path(engine.corpus.articles[ranked.passage.article_id]),
                title=shown_title(engine.corpus.articles[ranked.passage.article_id]),
                start=ranked.passage.start,
                end=ranked.passage.end,
                text=ranked.passage.text,
                score=round(ranked.score, 4),
            )
            for ranked in engine.retriever.rank(query, k, filters=filters).passages
        ]

    def warm_up(self) -> None:
        """Load the models and read the prompt's fixed part, so that the first question is fast."""
        self._current().retriever.prepare()
        self.model.load()
        self.model.warm_up(instructions())

    # The parts

    @cached_property
    def model(self) -> ServedModel:
        """The language model that answers. Raises ModelError and ModelFileError."""
        with self._lock:
            return self._model_factory(self.settings)

    def _current(self) -> AnswerEngine:
        """The engine over the newest finished state, made again if another has been written."""
        with self._lock:
            found = self.library.reading()
            if self._engine is None or self._engine.corpus is not found.corpus:
                self._engine = AnswerEngine(
                    found.corpus, found.embedder, lambda: self.model, self.settings
                )
            return self._engine


class Conversation:
    """Questions that may lean on earlier ones. One conversation serves one user at a time."""

    def __init__(self, desk: Desk, earlier: Sequence[Answer] = ()) -> None:
        """A conversation that goes on from `earlier` answers, if there are any."""
        self._desk = desk
        self._turns = tuple(remember(answer) for answer in earlier)

    @property
    def questions(self) -> tuple[str, ...]:
        """What was asked so far, each as it was understood."""
        return tuple(turn.question for turn in self._turns)

    def ask(self, question: str, **options: Unpack[AskOptions]) -> Answer:
        """As `Desk.ask`, in this conversation."""
        return finish(self.stream(question, **options))

    def stream(self, question: str, **options: Unpack[AskOptions]) -> Iterator[Event]:
        """As `Desk.stream`, in this conversation. A stream that is closed early leaves no trace."""
        for event in self._desk.stream(question, history=self._turns, **options):
            if isinstance(event, Finished):
                self._turns = (*self._turns, remember(event.answer))
            yield event


def open_desk(
    articles: str | Path | None = None,
    *,
    settings: Settings | None = None,
    sync: bool = True,
    on_progress: Progress | None = None,
) -> Desk:
    """A desk for a folder of articles, in line with it unless `sync` is False.

    Language models load on first use. Raises ArticlesError, SettingsError, StoreError and
    ModelFileError, each saying what to do.
    """
    chosen = settings or load_settings()
    if articles is not None:
        chosen = chosen.model_copy(update={"articles": Path(articles)})
    desk = Desk(chosen)
    if sync:
        desk.refresh(on_progress)
    return desk


def finish(events: Iterator[Event]) -> Answer:
    """The answer at the end of a stream."""
    for event in events:
        if isinstance(event, Finished):
            return event.answer
    raise RuntimeError("A stream of events ended without its answer.")
