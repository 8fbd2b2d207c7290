"""Keeps what the pages ask. What can't be kept is logged, and costs no answer."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from index.errors import DatelineError
from index.settings import Settings
from qa.answer import Answer
from qa.asked import Asked, AskedLog, asked_file, asked_from
from qa.page.ask.book import Book, Entry, Place
from qa.page.ask.turn import Turn

FOLDER = "conversations"  # beside the file of what was asked
NOT_KEPT = "What was asked can't be kept."
NOT_DELETED = "The conversation can't be deleted."

log = logging.getLogger(__name__)
Found = TypeVar("Found")


class Keeper:
    """Reads and writes in one thread: off the event loop, and in the order things happened."""

    def __init__(self, asked_log: AskedLog, book: Book, articles: Path) -> None:
        """`articles` is the folder as the settings name it."""
        self._log, self._book, self._articles = asked_log, book, articles
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="keeper")

    def begin(self, answer: Answer, *, history: Sequence[str], narrowed: str = "") -> Asked | None:
        """Begin to keep an answer, without waiting for it; None where that can't even begin."""
        try:
            asked = asked_from(answer, history=history, articles=self._articles, narrowed=narrowed)
            self._thread.submit(_try, lambda: self._log.put(asked))
        except Exception:  # an edge: the answer stands, whatever becomes of its record
            log.exception(NOT_KEPT)
            return None
        return asked

    async def mark(self, asked: Asked) -> bool:
        """Keep what was made of an answer; whether that worked."""
        return await self._run(lambda: _try(lambda: self._log.put(asked)))

    def keep(self, place: Place, turns: tuple[Turn, ...]) -> None:
        """Begin to keep a conversation as it stands, without waiting for it."""
        self._thread.submit(_try, lambda: self._book.put(place, turns))

    async def turns(self, place: Place) -> tuple[Turn, ...] | None:
        """What is kept of a conversation; None where nothing is."""
        return await self._run(lambda: self._book.load(place))

    async def entries(self, reader: str) -> tuple[Entry, ...]:
        """The conversations of a reader, as `Book.entries`."""
        return await self._run(lambda: self._book.entries(reader))

    async def delete(self, place: Place) -> bool:
        """Delete a conversation; whether that worked."""
        return await self._run(lambda: _try(lambda: self._book.delete(place), NOT_DELETED))

    async def _run(self, work: Callable[[], Found]) -> Found:
        return await asyncio.wrap_future(self._thread.submit(work))


def build_keeper(settings: Settings) -> Keeper | None:
    """The keeper that the settings ask for; None where questions aren't to be kept."""
    if not settings.page.keep_questions:
        return None
    file = asked_file(settings)
    return Keeper(AskedLog(file), Book(file.parent / FOLDER), settings.articles)


def _try(work: Callable[[], None], failed: str = NOT_KEPT) -> bool:
    try:
        work()
    except DatelineError as error:
        log.error("%s %s", failed, error)
        return False
    except Exception:  # an edge: nobody waits for this thread
        log.exception(failed)
        return False
    return True
