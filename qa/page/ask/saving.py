"""Saving a conversation and copying an answer, with the quotes and files that it rests on.

The text is made here and handed to the browser, which writes it to a file or the clipboard.
"""

import asyncio
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

import gradio as gr

from qa.answer import Answer
from qa.export import Conversation, conversation, to_json, to_markdown
from qa.page.ask.marks import escape
from qa.page.ask.sessions import Sessions
from qa.page.ask.turn import Turn
from qa.page.parts import said
from qa.page.serve.loader import DeskLoader

NOTHING_TO_SAVE = "There is no finished answer to save yet."


@dataclass(frozen=True, slots=True)
class Format:
    """A format of files: the button's words, the ending of names, and how it is written."""

    button: str
    ending: str
    write: Callable[[Conversation], str]


FORMATS: Mapping[str, Format] = {
    "markdown": Format("Save as Markdown", "md", to_markdown),
    "json": Format("Save as JSON", "json", to_json),
}


@dataclass(frozen=True, slots=True)
class Made:
    """A text for the browser: for the file `name`, or for the clipboard where there is none.

    `serial` tells one text from the same text that is made once more.
    """

    text: str
    name: str
    serial: int


class Saving:
    """Makes the texts, for whichever page asks."""

    def __init__(self, sessions: Sessions, loader: DeskLoader) -> None:
        """Of the conversations of these sessions."""
        self._sessions, self._loader = sessions, loader
        self._serials = itertools.count(1)

    async def make(self, event: gr.EventData, request: gr.Request) -> str:
        """The buttons, with the text that was asked for or with why there is none."""
        session = self._sessions.find(request.session_hash)
        turns = session.turns if session is not None else ()
        chosen, name = _wanted(event, turns)
        desk = self._loader.state.desk
        if not chosen or desk is None:
            return saving_html(words=NOTHING_TO_SAVE)
        write = FORMATS[name].write if name else to_markdown
        text = await asyncio.to_thread(lambda: write(conversation(chosen, desk.articles)))
        file = f"dateline-{date.today()}.{FORMATS[name].ending}" if name else ""
        return saving_html(Made(text, file, next(self._serials)))


def saving_html(made: Made | None = None, *, words: str = "") -> str:
    """The buttons that save a conversation, and what the script of this part is to hand on."""
    buttons = "".join(
        f'<button type="button" data-format="{key}">{each.button}</button>'
        for key, each in FORMATS.items()
    )
    data = ""
    if made is not None:
        data = (
            f'<div hidden class="dl-made" data-name="{escape(made.name)}"'
            f' data-serial="{made.serial}" data-text="{escape(made.text)}"></div>'
        )
    return (
        f'<div class="dl-save" role="group" aria-label="Save the conversation">{buttons}</div>'
        f'<p class="dl-saved" role="status">{words}</p>{data}'
    )


def _wanted(event: gr.EventData, turns: tuple[Turn, ...]) -> tuple[tuple[Answer, ...], str]:
    """The answers that are to be written, and the format of the file: "" is the clipboard."""
    done = {turn.number: turn.answer for turn in turns if turn.answer is not None}
    name, number = said(event, "format"), said(event, "turn")
    if isinstance(name, str) and name in FORMATS:
        return tuple(done.values()), name
    return ((done[number],) if type(number) is int and number in done else ()), ""
