"""What the page does: sessions, the loader, starting."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from scripted import make_answer

from index.articles import Article
from index.errors import ArticlesError, DatelineError, InputError
from index.settings import Settings
from qa.answer import (
    Answer,
    Citation,
    Event,
    Evidence,
    Extract,
    Finished,
    Sentence,
    Token,
    Waiting,
)
from qa.page.ask.cards import build_cards
from qa.page.ask.session import Session
from qa.page.ask.sessions import Sessions
from qa.page.ask.turn import Turn
from qa.page.serve.loader import OPENING, DeskLoader


def cite(text: str, quote: str, number: int | None = 1, **known: Any) -> Citation:
    start = text.index(quote)
    base = Citation(
        number, "id", "a.txt", "A title", "The Outlet", "2024-12-07", quote, start,
        start + len(quote),
    )  # fmt: skip
    return replace(base, **known)


# Sessions, with a desk that is all script


class Desk:
    """The least that the page needs of a desk; `events` are what a question brings."""

    description = "A script answers."

    def __init__(self, *events: Event | Exception, text: str = "Hama is near.") -> None:
        self.events, self.text = events, text
        self.articles: tuple[Article, ...] = ()
        self.asked: list[str] = []
        self.closed = 0

    def conversation(self, _: Sequence[Answer] = ()) -> "Desk":
        return self

    def stream(self, question: str, **_: object) -> Iterator[Event]:
        self.asked.append(question)
        try:
            for event in self.events:
                if isinstance(event, Exception):
                    raise event
                time.sleep(0.01)
                yield event
        finally:
            self.closed += 1

    def article_text(self, article_id: str) -> str:
        if article_id != "id":
            raise InputError("There is no such article.")
        return self.text

    def examples(self) -> tuple[str, ...]:
        return ()

    def warm_up(self) -> None:
        return


def load(desk: Desk, **known: Any) -> DeskLoader:
    return DeskLoader(lambda **_: desk, Settings(), **known)


def answer_events() -> tuple[Event, ...]:
    citation = cite("Hama is near.", "Hama")
    sentence = Sentence("Near.", (1,), "supported", 1.0, sources=(citation,))
    return Evidence((citation,)), Token("Near."), sentence, Finished(make_answer("Q?", sentence))


async def ask(session: Session, question: str) -> list[str | None]:
    return [session.step async for _ in session.ask(question)]


async def wait_closed(desk: Desk) -> None:
    """A generator that is at work in a thread closes once it comes to its next event."""
    async with asyncio.timeout(1):
        while not desk.closed:
            await asyncio.sleep(0.01)


async def test_a_question_asked_while_the_desk_opens_waits_for_it() -> None:
    desk = Desk(*answer_events())

    def open_slowly(**_: Any) -> Desk:
        time.sleep(0.3)
        return desk

    session = Session(DeskLoader(open_slowly, Settings()))
    steps = await ask(session, "Q?")
    assert OPENING in steps
    assert steps[-1] is None
    assert session.turns[0].answer is not None
    assert session.turns[0].cards[0].text == "Hama is near."


async def test_a_question_that_waits_shows_the_extract_and_how_many_are_ahead() -> None:
    evidence, *rest = answer_events()
    extract = Extract("Hama is near.", cite("Hama is near.", "Hama is near.", None))
    beats = [Token("")] * 20
    session = Session(load(Desk(evidence, extract, Waiting(1), *beats, Waiting(0), *rest)))
    shown = [(each.step, each.extract) async for _ in session.ask("Q?") for each in session.turns]
    assert ("Waiting: 1 question is ahead of yours", extract) in shown
    assert session.turns[0].answer is not None


async def test_a_follow_up_goes_through_the_same_conversation() -> None:
    desk = Desk(*answer_events())
    session = Session(load(desk))
    await ask(session, "First?")
    await ask(session, "Second?")
    assert [turn.number for turn in session.turns] == [1, 2]
    assert desk.asked == ["First?", "Second?"]


async def test_stop_closes_the_stream_and_keeps_what_was_written() -> None:
    evidence, token, sentence, _ = answer_events()
    desk = Desk(evidence, token, sentence, *[token] * 500)
    session = Session(load(desk))
    async for _ in session.ask("Q?"):
        if session.turns and session.turns[-1].sentences:
            session.stop()
    await wait_closed(desk)
    assert session.turns[0].stopped
    assert session.turns[0].sentences


async def test_a_page_that_leaves_stops_its_model() -> None:
    desk = Desk(*[Token("x")] * 500)
    sessions = Sessions(load(desk))
    events = sessions.of("page").ask("Q?")
    await anext(events)
    while not desk.asked:
        await asyncio.sleep(0.02)
    sessions.drop("page")
    async for _ in events:
        pass
    await wait_closed(desk)
    assert sessions.of("page").turns == ()


async def test_a_question_that_cannot_be_used_is_returned() -> None:
    session = Session(load(Desk(InputError("Ask a question."))))
    await ask(session, " ")
    assert (session.turns, session.notice, session.returned) == ((), "Ask a question.", " ")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (DatelineError("No server answers."), "No server answers."),
        (RuntimeError("disk on fire"), "Something went wrong: disk on fire"),
        (KeyError(), "Something went wrong: KeyError"),
    ],
)
async def test_an_error_becomes_a_sentence_in_the_page(error: Exception, words: str) -> None:
    session = Session(load(Desk(error)))
    await ask(session, "Q?")
    assert session.turns[0].problem == words


async def test_a_second_question_while_one_runs_is_refused() -> None:
    session = Session(load(Desk(*answer_events())))
    first = session.ask("First?")
    await anext(first)
    await ask(session, "Second?")
    assert session.notice is not None
    async for _ in first:
        pass
    assert [turn.question for turn in session.turns] == ["First?"]


def test_a_missing_text_costs_no_answer() -> None:
    citation = cite("Hama.", "Hama.", article_id="gone")
    sentence = Sentence("Near.", (1,), "supported", 1.0, sources=(citation,))
    cards = build_cards(Turn(1, "Q?").after(sentence), Desk())
    assert [card.text for card in cards] == [None]


# The loader


def wait_over(loader: DeskLoader) -> None:
    deadline = time.monotonic() + 5
    while not loader.state.over:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_loader_says_who_answers() -> None:
    loader = load(Desk())
    loader.start()
    wait_over(loader)
    assert loader.state.words == "0 articles. A script answers."


def test_the_loader_tells_an_error_and_tries_again() -> None:
    said: list[str] = []
    folders = iter([None, Desk()])

    def open_desk(**_: Any) -> Desk:
        found = next(folders)
        if found is None:
            raise ArticlesError("There is no folder articles.")
        return found

    loader = DeskLoader(open_desk, Settings(), say=said.append)
    loader.start()
    wait_over(loader)
    assert said == [loader.state.words] == ["There is no folder articles."]
    assert loader.state.desk is None
    loader._thread.join() if loader._thread else None
    loader.start()
    wait_over(loader)
    assert loader.state.desk is not None


def test_a_model_that_does_not_warm_up_leaves_the_desk_usable() -> None:
    desk = Desk()
    desk.warm_up = lambda: (_ for _ in ()).throw(DatelineError("No server."))  # type: ignore[method-assign]
    loader = load(desk)
    loader.start()
    wait_over(loader)
    assert (loader.state.desk, loader.state.words) == (desk, "No server.")


# Starting


def test_importing_the_page_brings_no_gradio() -> None:
    code = (
        "import sys, os, qa.page, qa.page.ask.render, app; assert 'gradio' not in sys.modules; "
        "assert os.environ['GRADIO_ANALYTICS_ENABLED'] == 'False'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_app_takes_no_options(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import app

    monkeypatch.setattr(sys, "argv", ["app.py", "--share"])
    assert app.main() == 2
    assert "takes no options" in capsys.readouterr().err
