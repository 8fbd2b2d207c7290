"""What the page's events send to the browser, without a browser."""

import inspect
from typing import Any

import gradio as gr
import pytest
from scripted import FERRY, ScriptedDesk, script

from index.settings import Settings
from qa.page.blocks import Events
from qa.page.line import Line
from qa.page.loader import DeskLoader
from qa.page.render import talk_html
from qa.page.session import Sessions

TALK = 1  # which of the outputs is the conversation


def make_events() -> Events:
    loader = DeskLoader(ScriptedDesk((FERRY,), script).open, Settings())
    return Events(Sessions(loader, Line(1)), loader)


def request(page: str) -> Any:
    return gr.Request(session_hash=page)


async def begin(events: Events, page: str) -> tuple[Any, list[Any]]:
    """An answer that is being written, and what was sent of it so far."""
    answering = events.ask("An endless one", request(page))
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
    assert last == talk_html(())


@pytest.mark.parametrize("name", ["ask", "stop", "start_over", "watch_loading", "leave"])
def test_sessions_are_touched_on_the_event_loop_only(name: str) -> None:
    # Gradio would run a plain function in a thread, where a task can't be cancelled safely.
    event = getattr(Events, name)
    assert inspect.iscoroutinefunction(event) or inspect.isasyncgenfunction(event)


async def test_nothing_is_kept_for_a_page_that_was_closed() -> None:
    events = make_events()
    answering, _ = await begin(events, "page")
    await events.leave(request("page"))
    assert [update async for update in answering] == []
