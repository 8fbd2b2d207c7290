"""What the events of asking do: a question, Stop, a new conversation, a verdict."""

from collections.abc import AsyncIterator
from typing import Any

import gradio as gr

from qa.asked import JUDGEMENTS
from qa.page.ask.narrowing import narrow
from qa.page.ask.render import line_html, talk_html
from qa.page.ask.session import Session, Sessions
from qa.page.ask.sources import sources_html
from qa.page.parts import said

OUTPUTS = 6  # of a question: box, conversation, sources, status, Ask, Stop

Update = tuple[Any, ...]
NOTHING_JUDGED: Update = (gr.skip(), gr.skip())  # conversation, status


class Events:
    """What the page's events do, for whichever page they come from.

    All are coroutines, since Gradio runs plain functions in threads, and tasks may be cancelled
    on the event loop only.
    """

    def __init__(self, sessions: Sessions) -> None:
        """Events of pages that have these sessions."""
        self._sessions = sessions

    async def ask(  # noqa: PLR0913 - the controls, as Gradio gives them
        self,
        question: str,
        outlets: list[str] | None,
        since: str | None,
        until: str | None,
        request: gr.Request,
    ) -> AsyncIterator[Update]:
        """Answer a question, giving the page anew whenever there is more of it."""
        session = self._sessions.of(request.session_hash)
        already_busy = session.is_busy
        first = True
        async for _ in session.ask(question, lambda: narrow(outlets, since, until)):
            if session.is_dropped:
                break
            text = gr.skip() if already_busy or not first else ""
            yield (text, *_view(session))
            first = False
        if session.is_dropped:
            # What was sent last is on its way, and Gradio sends it once more at the end: it
            # could come after the empty page of the new conversation.
            if (current := self._sessions.find(request.session_hash)) is not None:
                yield (gr.skip(), *_view(current))
        elif session.returned is not None:
            yield (session.returned, *_view(session))
        if not session.is_dropped:
            # The last update is sent again when the event ends, which could undo a press of
            # "Good answer" that came in between; so the last one changes nothing.
            yield (gr.skip(),) * OUTPUTS

    async def stop(self, request: gr.Request) -> None:
        """Stop the answer that is being worked on."""
        self._sessions.of(request.session_hash).stop()

    async def start_over(self, request: gr.Request) -> Update:
        """Begin a new conversation."""
        self._sessions.drop(request.session_hash)
        return (gr.skip(), *_view(self._sessions.of(request.session_hash)))

    async def judge(self, event: gr.EventData, request: gr.Request) -> Update:
        """Keep what the reader says of an answer: the number of its turn and the verdict."""
        session = self._sessions.find(request.session_hash)
        number, verdict = said(event, "turn"), said(event, "verdict")
        if session is None or type(number) is not int or verdict not in JUDGEMENTS:
            return NOTHING_JUDGED
        await session.judge(number, verdict)
        return _judged(session)

    async def remark(self, event: gr.EventData, request: gr.Request) -> Update:
        """Keep what the reader found wrong with an answer: the number of its turn, and words."""
        session = self._sessions.find(request.session_hash)
        number, text = said(event, "turn"), said(event, "text")
        if session is None or type(number) is not int or not isinstance(text, str):
            return NOTHING_JUDGED
        await session.remark(number, text)
        return _judged(session)

    async def leave(self, request: gr.Request) -> None:
        """The page was closed."""
        self._sessions.drop(request.session_hash)


def _view(session: Session) -> Update:
    busy = session.is_busy
    return (
        talk_html(session.turns),
        sources_html(session.turns),
        _status(session),
        gr.update(interactive=not busy),
        gr.update(interactive=busy),
    )


def _status(session: Session) -> str:
    words = session.notice or session.step or ""
    return line_html(words, busy=session.is_busy, problem=session.notice is not None)


def _judged(session: Session) -> Update:
    if session.is_busy or session.is_dropped:
        return NOTHING_JUDGED  # shown with the answer that is being written
    return (talk_html(session.turns), _status(session))
