"""Asking the model: in its turn, as the reply comes, and what that took."""

import queue
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, TypeVar

from llama_index.core.base.llms.types import ChatMessage, ChatResponse

from qa.answer import Token, Usage, Waiting
from qa.confidence import ConfidenceMeter
from qa.conversation import Turn, resolve, stand_alone
from qa.models.line import Line, Ticket
from qa.models.served import REFUSAL_TOKEN, ServedModel, is_cut_off, speeds_of, usage_of
from qa.name_kinds import NameKinds

BEAT_SECONDS = 0.5  # between two signs of life, each a moment in which to stop
CLOSING_SECONDS = 1.0  # that who closes waits for the model to stop
Item = TypeVar("Item")
_END = object()


@dataclass(frozen=True, slots=True)
class _Failure:
    error: Exception


class Asking:
    """What one question asks of a model, and what came of it so far beside the words."""

    def __init__(self) -> None:
        """Nothing has been asked yet."""
        self.usage = Usage()
        self.meter = ConfidenceMeter(REFUSAL_TOKEN)
        self.cut_off = False
        self.speeds: dict[str, float | None] = {}

    def stand_alone(
        self, question: str, history: Sequence[Turn], model: ServedModel, kinds: NameKinds
    ) -> Generator[Waiting | Token, None, str]:
        """The question as `stand_alone` puts it. Where code is certain, nobody waits for it."""
        resolved = resolve(question, history, kinds)
        if resolved is not None:
            return resolved

        def rewritings() -> Generator[tuple[str, dict[str, int]] | None, None, None]:
            yield (yield from stand_alone(question, history, model, kinds=kinds))

        with closing(in_turn(model.line, rewritings)) as items:
            for item in items:
                if isinstance(item, tuple):
                    question, usage = item
                    self.usage = self.usage.plus(usage, calls=usage["llm_calls"])
                else:
                    yield item or Token("")
        return question

    def answer(
        self, messages: Sequence[ChatMessage], model: ServedModel
    ) -> Generator[Waiting | Token, None, None]:
        """The reply as it comes; a token is empty where it is but a sign of life.

        Raises ModelError. Closing this stops the model.
        """
        self.usage = self.usage.plus({}, calls=1)
        replying = in_turn(model.line, lambda: model.llm.stream_chat(messages, **model.options))
        with closing(replying) as items:
            for item in items:
                if isinstance(item, ChatResponse):
                    self._take(item.raw)
                    yield Token(item.delta or "")
                else:
                    yield item or Token("")

    def _take(self, raw: Any) -> None:
        self.usage = self.usage.plus(usage_of(raw))
        self.meter.read(raw)
        self.cut_off = self.cut_off or is_cut_off(raw)
        self.speeds = speeds_of(raw) or self.speeds


def in_turn(
    line: Line,
    open_items: Callable[[], Generator[Item, None, None]],
    *,
    beat_seconds: float = BEAT_SECONDS,
) -> Generator[Item | Waiting | None, None, None]:
    """The items of a generator that is opened when it is our turn in the line, and read to its end.

    Gives `Waiting` whenever the number ahead changes, and None whenever `beat_seconds` have passed
    without anything else. The reading goes on in a thread of its own, so that the line moves on
    however slowly the items are taken: who looks away from a stream, or asks another question in
    the middle of one, must not hold up everybody. Closing this leaves the line at once; if it is
    our turn already, the generator is closed at its next item, and that is waited for.
    """
    reading = _Reading(line.enter(), open_items)
    try:
        reading.start()
        while (item := reading.take(beat_seconds)) is not _END:
            if isinstance(item, _Failure):
                raise item.error
            yield item
    finally:
        reading.stop()


class _Reading:
    """A thread that waits with a ticket, then reads a generator to its end."""

    def __init__(
        self, ticket: Ticket, open_items: Callable[[], Generator[Any, None, None]]
    ) -> None:
        self._ticket, self._open_items = ticket, open_items
        self._found: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="asking", daemon=True)

    def start(self) -> None:
        try:
            self._thread.start()
        except RuntimeError:  # the machine has no thread to give: nobody would leave the line
            self._ticket.leave()
            raise

    def take(self, beat_seconds: float) -> Any:
        """The next item; None where none came in time."""
        try:
            return self._found.get(timeout=beat_seconds)
        except queue.Empty:
            return None

    def stop(self) -> None:
        self._stopped.set()
        self._ticket.give_up()
        if self._thread.ident is not None:
            self._thread.join(CLOSING_SECONDS)

    def _work(self) -> None:
        try:
            with self._ticket:
                self._read()
        except Exception as error:  # noqa: BLE001 - handed to whoever takes the items
            self._found.put(_Failure(error))
        self._found.put(_END)

    def _read(self) -> None:
        if not self._ticket.wait(lambda ahead: self._found.put(Waiting(ahead))):
            return
        with closing(self._open_items()) as items:
            for item in items:
                self._found.put(item)
                if self._stopped.is_set():
                    return
