"""Fetching a model onto the Ollama server: one at a time, for whichever page asked.

It runs in a task of its own, which Cancel cancels; a page that is closed doesn't end it.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Literal

from qa.models.describe import step_words
from qa.models.ollama_pull import PullProgress
from qa.page.serve.loader import explain
from qa.threads import iterate_in_thread

FETCHING = "Fetching {name}"
FETCHED = "{name} is on the server now."
CANCELLED = "Cancelled. Fetch {name} again to go on where it stopped."

Outcome = Literal["there", "cancelled", "failed"]
Pull = Callable[[str], Iterator[PullProgress]]


@dataclass(frozen=True, slots=True)
class Fetch:
    """How far a fetch is: what is being done, in words, and each layer's latest figures."""

    name: str = ""
    words: str = ""
    layers: tuple[PullProgress, ...] = ()
    outcome: Outcome | None = None

    @property
    def is_over(self) -> bool:
        """Whether it has come to an end, good or bad."""
        return self.outcome is not None

    def after(self, step: PullProgress) -> "Fetch":
        """The fetch after one more step."""
        doing = FETCHING.format(name=self.name)
        if step.total_bytes is None:
            return replace(self, words=f"{doing}: {step_words(step.status)}")
        layers = {each.digest: each for each in self.layers} | {step.digest: step}
        return replace(self, words=doing, layers=tuple(layers.values()))


class Fetcher:
    """Fetches models. `state` is replaced, never edited; None where nothing was fetched yet."""

    def __init__(self, pull: Pull) -> None:
        """`pull` gives the progress of fetching a model, and stops where it is closed."""
        self.state: Fetch | None = None
        self._pull = pull
        self._work: asyncio.Task[None] | None = None

    @property
    def is_busy(self) -> bool:
        """Whether something is being fetched."""
        return self._work is not None and not self._work.done()

    def start(self, name: str) -> None:
        """Begin to fetch a model; does nothing while another one is fetched."""
        if not self.is_busy:
            self.state = Fetch(name, FETCHING.format(name=name))
            self._work = asyncio.create_task(self._fetch(name))

    def cancel(self) -> None:
        """Stop the server's fetching; what has arrived stays with it."""
        if self._work is not None and self.is_busy:
            self._work.cancel()

    async def _fetch(self, name: str) -> None:
        try:
            async with aclosing(iterate_in_thread(self._pull(name))) as steps:
                async for step in steps:
                    self.state = (self.state or Fetch(name)).after(step)
            self._end("there", FETCHED.format(name=name))
        except asyncio.CancelledError:
            self._end("cancelled", CANCELLED.format(name=name))
        except Exception as error:  # noqa: BLE001 - an edge: it is shown in the panel
            self._end("failed", explain(error))

    def _end(self, outcome: Outcome, words: str) -> None:
        self.state = replace(self.state or Fetch(), outcome=outcome, words=words)
