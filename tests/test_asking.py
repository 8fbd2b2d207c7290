"""Several who ask one model: each in turn, told how long it will be, and free to leave."""

import asyncio
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date
from typing import Any, cast

import pytest
from conftest import ScriptedLLM, WordEmbedder
from llama_index.core.base.llms.types import ChatMessage, ChatResponseGen

from index.embedding import Vectors
from index.errors import ModelError
from qa.answer import Event, Evidence, Extract, Finished, Token, Waiting
from qa.asking import in_turn
from qa.desk import Desk, finish
from qa.engine import SEARCHES_AT_ONCE, AnswerEngine
from qa.models.line import Line
from qa.query import Query

PATIENCE = 30  # seconds after which a test that hangs fails; nothing is measured by it
HOW_MANY = "How many passengers were on the ferry Aurelia?"
RIGHT = "The ferry Aurelia had 212 passengers."
TOWED = "The cutter Merel towed the ferry back by 13:15."


def letters(text: str = "abc") -> Callable[[], Generator[str, None, None]]:
    def opened() -> Generator[str, None, None]:
        yield from text

    return opened


class Gated:
    """Items that each come when they are let through. Notes being opened and being closed."""

    def __init__(self) -> None:
        self.gate = threading.Semaphore(0)
        self.opened, self.closed = threading.Event(), threading.Event()

    def __call__(self) -> Generator[int, None, None]:
        self.opened.set()
        try:
            for number in range(1000):
                assert self.gate.acquire(timeout=PATIENCE)
                yield number
        finally:
            self.closed.set()


# One reading after another


def test_items_and_errors_come_through_and_the_line_is_left() -> None:
    line = Line()

    def failing() -> Generator[int, None, None]:
        yield 1
        raise ModelError("lost")

    assert list(in_turn(line, letters())) == ["a", "b", "c"]
    items = in_turn(line, failing)
    assert next(items) == 1
    with pytest.raises(ModelError, match="lost"):
        next(items)
    assert len(line) == 0


def test_who_waits_is_told_and_can_stop_between_two_beats() -> None:
    line, waiting = Line(), Gated()
    with line.enter():
        items = in_turn(line, waiting, beat_seconds=0.001)
        assert [next(items) for _ in range(3)] == [Waiting(1), None, None]
        items.close()
        assert len(line) == 1
    assert not waiting.opened.is_set()


def test_who_stops_in_the_middle_stops_nobody_else() -> None:
    line, first, second = Line(), Gated(), Gated()
    reading, next_one = in_turn(line, first), in_turn(line, second)
    first.gate.release()
    assert next(reading) == 0
    assert next(next_one) == Waiting(1)
    first.gate.release()  # the model's next word, at which it sees that nobody listens
    reading.close()
    assert first.closed.is_set()
    second.gate.release()
    assert [next(next_one), next(next_one)] == [Waiting(0), 0]
    assert not second.closed.is_set()
    second.gate.release()
    next_one.close()
    assert len(line) == 0


def test_a_stream_that_nobody_reads_on_holds_up_nobody() -> None:
    line = Line()
    left_lying = in_turn(line, letters())
    assert next(left_lying) == "a"
    read = [each for each in in_turn(line, letters()) if not isinstance(each, Waiting)]
    assert read == ["a", "b", "c"]
    assert list(left_lying) == ["b", "c"]


def test_where_no_thread_can_be_had_the_line_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    line = Line()
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError):
            next(in_turn(line, letters()))
    assert len(line) == 0


# A desk


class WatchedLLM(ScriptedLLM):
    """Gives the same reply to everybody; a word only once the test lets it through."""

    gate: Any
    at_work: int = 0
    most_at_work: int = 0
    closed: int = 0

    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        responses = ScriptedLLM(replies=[self.replies[0]]).stream_chat(messages)

        def pieces() -> ChatResponseGen:
            self.at_work += 1
            self.most_at_work = max(self.most_at_work, self.at_work)
            try:
                for response in responses:
                    assert self.gate.wait(PATIENCE)
                    yield response
            finally:
                self.at_work -= 1
                self.closed += 1

        return pieces()


@pytest.fixture
def desk(make_desk: Callable[..., Desk]) -> Desk:
    made = make_desk()
    object.__setattr__(made.model, "llm", WatchedLLM(replies=[RIGHT], gate=threading.Event()))
    return made


def stream(desk: Desk, question: str = HOW_MANY) -> Generator[Event, None, None]:
    return cast("Generator[Event, None, None]", desk.stream(question))


def read_until(events: Iterator[Event], kind: type) -> list[Event]:
    """The events up to the first of a kind, without signs of life."""
    read: list[Event] = []
    for event in events:
        if event != Token(""):
            read.append(event)
        if isinstance(event, kind):
            break
    return read


def test_what_was_found_comes_before_the_wait(desk: Desk) -> None:
    desk.model.llm.gate.set()
    with desk.model.line.enter():
        events = stream(desk)
        assert list(map(type, read_until(events, Waiting))) == [Evidence, Extract, Waiting]
        assert next(events) == Token("")  # a beat
    assert read_until(events, Waiting) == [Waiting(0)]
    answer = finish(events)
    assert answer.text == f"{RIGHT} [1]"
    assert len(desk.model.line) == 0


def test_a_stop_lets_the_next_one_in_and_stops_no_other(desk: Desk) -> None:
    llm = desk.model.llm
    first, second, third = (stream(desk) for _ in range(3))
    read_until(first, Extract)
    assert next(first) == Token("")  # the model is at work, and nothing has come yet
    assert read_until(second, Waiting)[-1] == Waiting(1)
    assert read_until(third, Waiting)[-1] == Waiting(2)
    second.close()
    assert read_until(third, Waiting) == [Waiting(1)]
    llm.gate.set()
    assert finish(first).text == f"{RIGHT} [1]"
    assert finish(third).text == f"{RIGHT} [1]"
    assert (llm.closed, llm.most_at_work, len(desk.model.line)) == (2, 1, 0)


def test_the_place_is_kept_until_the_model_has_stopped(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa.asking.CLOSING_SECONDS", 0.001)
    llm = desk.model.llm
    first, second = stream(desk), stream(desk)
    read_until(first, Extract)
    assert next(first) == Token("")
    read_until(second, Waiting)
    first.close()
    assert (llm.at_work, len(desk.model.line)) == (1, 2)
    llm.gate.set()  # its next word, at which it stops
    assert finish(second).text == f"{RIGHT} [1]"
    assert (llm.closed, llm.most_at_work) == (2, 1)


def test_a_question_asked_in_the_middle_of_an_answer_is_answered(desk: Desk) -> None:
    desk.model.llm.gate.set()
    with closing(stream(desk)) as events:
        read_until(events, Token)
        assert desk.ask(HOW_MANY).text == f"{RIGHT} [1]"
        assert finish(events).text == f"{RIGHT} [1]"


def test_what_a_question_means_is_asked_in_turn_too(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(RIGHT, "When was the ferry Aurelia towed back?", TOWED)
    talk = desk.conversation()
    talk.ask(HOW_MANY)
    with desk.model.line.enter():
        events = talk.stream("And what did they do with it then?")
        assert next(events) == Waiting(1)
        assert len(desk.model.llm.prompts) == 1
    kinds = list(map(type, read_until(events, Extract)))
    assert kinds == [Waiting, Evidence, Extract]
    assert read_until(events, Finished)[-1].answer.usage.llm_calls == 2  # type: ignore[union-attr]


class GatedEmbedder(WordEmbedder):
    """Embeds once it may; tells of each that has come to it."""

    def __init__(self) -> None:
        super().__init__()
        self.gate, self.arrived = threading.Event(), threading.Semaphore(0)

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.arrived.release()
        assert self.gate.wait(PATIENCE)
        return super().embed(texts)


def test_no_more_search_at_once_than_the_machine_is_good_for(desk: Desk) -> None:
    desk.model.llm.gate.set()
    embedder, asked = GatedEmbedder(), 3 * SEARCHES_AT_ONCE
    engine = AnswerEngine(desk.corpus, embedder, lambda: desk.model, desk.settings)
    with ThreadPoolExecutor(asked) as threads:
        answers = [
            threads.submit(finish, engine.stream(Query(HOW_MANY, (), date(2025, 3, 4))))
            for _ in range(asked)
        ]
        for _ in range(SEARCHES_AT_ONCE):
            assert embedder.arrived.acquire(timeout=PATIENCE)
        while len(engine.searching) < asked:
            assert not embedder.gate.wait(0.001)
        assert not embedder.arrived.acquire(blocking=False)
        embedder.gate.set()
        assert {answer.result().text for answer in answers} == {f"{RIGHT} [1]"}
    assert len(engine.searching) == 0


async def test_thirty_at_once_are_all_answered_one_at_a_time(desk: Desk) -> None:
    desk.model.llm.gate.set()
    answers = await asyncio.gather(*(desk.aask(HOW_MANY) for _ in range(30)))
    assert {answer.text for answer in answers} == {f"{RIGHT} [1]"}
    assert desk.model.llm.most_at_work == 1
    assert len(desk.model.line) == 0
