"""What the page's events send to the browser, without a browser."""

import inspect
import logging
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from scripted import FERRY, ScriptedDesk, script

from index.sections import PageSettings
from index.settings import Settings
from qa.asked import Asked, AskedLog, asked_file
from qa.page.ask.events import Events
from qa.page.ask.footer import KEPT, WHAT_WAS_WRONG
from qa.page.ask.keeper import build_keeper
from qa.page.ask.render import line_html, talk_html
from qa.page.ask.session import NOT_KEPT
from qa.page.ask.sessions import Sessions
from qa.page.serve.loader import DeskLoader

TALK = 1  # which of the outputs is the conversation
PRESSED = 'aria-pressed="true">'


@pytest.fixture
def kept(tmp_path: Path) -> Settings:
    """Settings that keep questions in a folder of the test's own."""
    return Settings(store=str(tmp_path / "store"))


def make_events(settings: Settings | None = None) -> Events:
    chosen = settings or Settings(page=PageSettings(keep_questions=False))
    loader = DeskLoader(ScriptedDesk((FERRY,), script).open, chosen)
    return Events(Sessions(loader, build_keeper(chosen)))


def request(page: str) -> Any:
    return gr.Request(session_hash=page)


async def begin(events: Events, page: str) -> tuple[Any, list[Any]]:
    """An answer that is being written, and what was sent of it so far."""
    answering = events.ask("An endless one", [], "", "", request(page))
    sent = []
    async for update in answering:
        sent.append(update[TALK])
        if "It left." in update[TALK]:
            break
    return answering, sent


async def test_the_last_thing_sent_for_a_forgotten_question_is_the_new_conversation() -> None:
    # Gradio sends the last update of an event again when it ends.
    events = make_events()
    answering, _ = await begin(events, "page")
    await events.start_over(request("page"))
    last = [update[TALK] async for update in answering][-1]
    assert last == talk_html((), examples=ScriptedDesk((), script).examples())


@pytest.mark.parametrize("name", ["ask", "stop", "start_over", "judge", "remark", "leave"])
def test_sessions_are_touched_on_the_event_loop_only(name: str) -> None:
    # Gradio would run a plain function in a thread, where a task can't be cancelled safely.
    event = getattr(Events, name)
    assert inspect.iscoroutinefunction(event) or inspect.isasyncgenfunction(event)


async def test_nothing_is_kept_for_a_page_that_was_closed() -> None:
    events = make_events()
    answering, _ = await begin(events, "page")
    await events.leave(request("page"))
    assert [update async for update in answering] == []


# Verdicts


async def ask(events: Events, question: str) -> list[str]:
    """What was sent of the conversation while a question was answered."""
    return [update[TALK] async for update in events.ask(question, [], "", "", request("page"))]


async def judge(events: Events, data: object, page: str = "page") -> tuple[Any, ...]:
    return await events.judge(gr.EventData(None, data), request(page))


def press(turn: int, verdict: str) -> dict[str, object]:
    return {"turn": turn, "verdict": verdict}


def load_asked(settings: Settings) -> tuple[Asked, ...]:
    return AskedLog(asked_file(settings)).load()


async def test_a_verdict_is_kept_and_the_same_again_takes_it_back(kept: Settings) -> None:
    events = make_events(kept)
    await ask(events, "How many passengers?")
    await ask(events, "What is the capital of Australia?")
    for number, verdict, expected in (
        (1, "wrong", ["wrong", None]),
        (2, "good", ["wrong", "good"]),
        (1, "good", ["good", "good"]),
        (1, "good", [None, "good"]),
    ):
        talk, _ = await judge(events, press(number, verdict))
        assert [each.verdict for each in load_asked(kept)] == expected
        assert talk.count(PRESSED) == len([each for each in expected if each])
        turn = talk.split("<article")[number]
        assert (f'data-verdict="{verdict}" {PRESSED}' in turn) == (expected[number - 1] is not None)


async def test_what_is_kept_is_the_question_as_it_was_answered(kept: Settings) -> None:
    events = make_events(kept)
    await ask(events, "How many passengers?")
    await ask(events, "What is the capital of Australia?")
    await judge(events, press(2, "good"))  # which is written after what came before it
    first, second = load_asked(kept)
    assert (first.question, first.history) == ("How many passengers?", ())
    assert first.citations[1].quote == "Its engine failed nine kilometres off Cape Dorn."
    assert (second.status, second.history) == ("abstained", ("How many passengers?",))


async def test_only_a_whole_answer_can_be_judged(kept: Settings) -> None:
    events = make_events(kept)
    sent = [*await ask(events, "How many passengers?"), *await ask(events, "A broken one")]
    shown = [each for each in sent if isinstance(each, str)]
    assert "dl-judge" not in shown[0]
    assert shown[-1].split("<article")[1].count("<button") == 3  # two verdicts, and copying
    assert "dl-judge" not in shown[-1].split("<article")[2]


@pytest.mark.parametrize(
    "data",
    [
        None, 7, "turn verdict", [], {}, {"turn": 1}, press(1, "bad"), press(2, "good"),
        press(0, "good"), press(-1, "good"), {"turn": "1", "verdict": "good"},
        {"turn": True, "verdict": "good"}, {"turn": 1.0, "verdict": "good"},
        {"turn": 1, "verdict": ["good"]}, {"turn": 1, "verdict": None},
    ],
)  # fmt: skip
async def test_a_press_that_makes_no_sense_changes_nothing(kept: Settings, data: object) -> None:
    events = make_events(kept)
    await ask(events, "How many passengers?")
    await judge(events, press(1, "wrong"))
    await judge(events, data)
    assert [each.verdict for each in load_asked(kept)] == ["wrong"]


async def remark(events: Events, data: object) -> tuple[Any, ...]:
    return await events.remark(gr.EventData(None, data), request("page"))


async def test_what_was_wrong_is_asked_and_kept(kept: Settings) -> None:
    events = make_events(kept)
    before = (await ask(events, "How many passengers?"))[-2]
    assert WHAT_WAS_WRONG not in before
    talk, _ = await judge(events, press(1, "wrong"))
    assert WHAT_WAS_WRONG in talk
    assert KEPT not in talk
    talk, _ = await remark(events, {"turn": 1, "text": " It was <b>213</b>.\nCount again. "})
    assert "It was &lt;b&gt;213&lt;/b&gt;.\nCount again.</textarea>" in talk
    assert KEPT in talk
    assert [each.remark for each in load_asked(kept)] == ["It was <b>213</b>.\nCount again."]
    talk, _ = await judge(events, press(1, "good"))
    assert WHAT_WAS_WRONG not in talk
    talk, _ = await judge(events, press(1, "wrong"))  # what was typed isn't lost by a slip
    assert "Count again.</textarea>" in talk


@pytest.mark.parametrize(
    "data",
    [
        None, 7, [], {}, {"turn": 1}, {"turn": 1, "text": None}, {"turn": 1, "text": 5},
        {"turn": 1, "text": ["x"]}, {"turn": "1", "text": "x"}, {"turn": True, "text": "x"},
        {"turn": 2, "text": "x"}, {"turn": 0, "text": "x"}, {"turn": 3, "text": "x"},
    ],
)  # fmt: skip
async def test_words_on_nothing_that_was_wrong_are_not_kept(kept: Settings, data: object) -> None:
    events = make_events(kept)
    await ask(events, "How many passengers?")
    await ask(events, "How many, again?")
    await judge(events, press(1, "wrong"))
    await judge(events, press(2, "good"))
    await remark(events, data)
    assert [each.remark for each in load_asked(kept)] == ["", ""]


async def test_another_page_cannot_judge(kept: Settings) -> None:
    events = make_events(kept)
    await ask(events, "How many passengers?")
    await judge(events, press(1, "good"), page="other")
    await judge(events, press(1, "wrong"))
    assert [each.verdict for each in load_asked(kept)] == ["wrong"]


async def test_a_press_during_an_answer_is_shown_by_that_answer(kept: Settings) -> None:
    events = make_events(kept)
    await ask(events, "How many passengers?")
    answering, _ = await begin(events, "page")
    assert await judge(events, press(1, "good")) == (gr.skip(), gr.skip())
    await events.stop(request("page"))
    sent = [update[TALK] async for update in answering if isinstance(update[TALK], str)]
    assert PRESSED in sent[-1]


async def test_the_last_thing_sent_for_an_answer_changes_nothing(kept: Settings) -> None:
    # Gradio sends it again when the event ends: a press of a button may have come in between.
    events = make_events(kept)
    assert (await ask(events, "How many passengers?"))[-1] == gr.skip()


@pytest.fixture
def unwritable(kept: Settings) -> Settings:
    """Settings whose store is a file."""
    Path(str(kept.store)).write_text("x", encoding="utf-8")
    return kept


async def test_what_cannot_be_kept_costs_no_answer(
    unwritable: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    events = make_events(unwritable)
    with caplog.at_level(logging.ERROR):
        sent = await ask(events, "How many passengers?")
        talk, status = await judge(events, press(1, "good"))
    assert "The ferry had 212 passengers." in [each for each in sent if isinstance(each, str)][-1]
    assert PRESSED not in talk
    assert status == line_html(NOT_KEPT, problem=True)
    assert "can't be written" in caplog.text


async def test_nothing_is_kept_where_that_is_turned_off(tmp_path: Path) -> None:
    events = make_events()
    sent = await ask(events, "How many passengers?")
    talk, _ = await judge(events, press(1, "good"))
    assert "dl-judge" not in "".join([talk, *(each for each in sent if isinstance(each, str))])
    assert not list(tmp_path.rglob("asked*"))
