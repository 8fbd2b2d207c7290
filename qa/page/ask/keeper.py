"""Keeps what the pages ask. What can't be kept is logged, and costs no answer."""

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from index.errors import DatelineError
from index.settings import Settings
from qa.answer import Answer
from qa.asked import Asked, AskedLog, asked_file, asked_from

log = logging.getLogger(__name__)


class Keeper:
    """Writes in one thread of its own: off the event loop, and in the order things happened."""

    def __init__(self, asked_log: AskedLog, articles: Path) -> None:
        """`articles` is the folder as the settings name it."""
        self._log, self._articles = asked_log, articles
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="keeper")

    def begin(self, answer: Answer, *, history: Sequence[str], narrowed: str = "") -> Asked | None:
        """Begin to keep an answer, without waiting for it; None where that can't even begin."""
        try:
            asked = asked_from(answer, history=history, articles=self._articles, narrowed=narrowed)
            self._thread.submit(self._put, asked)
        except Exception:  # an edge: the answer stands, whatever becomes of its record
            log.exception("The question can't be kept.")
            return None
        return asked

    async def mark(self, asked: Asked) -> bool:
        """Keep what was made of an answer; whether that worked."""
        return await asyncio.wrap_future(self._thread.submit(self._put, asked))

    def _put(self, asked: Asked) -> bool:
        try:
            self._log.put(asked)
        except DatelineError as error:
            log.error("The question can't be kept. %s", error)
            return False
        except Exception:  # an edge: nobody waits for this thread
            log.exception("The question can't be kept.")
            return False
        return True


def build_keeper(settings: Settings) -> Keeper | None:
    """The keeper that the settings ask for; None where questions aren't to be kept."""
    if not settings.page.keep_questions:
        return None
    return Keeper(AskedLog(asked_file(settings)), settings.articles)
