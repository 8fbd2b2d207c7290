"""What the events of asking do: a question, Stop, a verdict, another conversation."""

from collections.abc import AsyncIterator
from typing import Any

import gradio as gr

from qa.asked import JUDGEMENTS
from qa.page.ask.earlier import earlier_html
from qa.page.ask.narrowing import narrow
from qa.page.ask.render import line_html, talk_html
from qa.page.ask.session import Session
from qa.page.ask.sessions import Sessions, known_reader
from qa.page.ask.sources import sources_html
from qa.page.parts import said

OUTPUTS = 6  # of a question: box, conversation, sources, status, Ask, Stop

Update = tuple[Any, ...]
NOTHING_JUDGED: Update = (gr.skip(), gr.skip())  # conversation, status
NOTHING_NEW: Update = (gr.skip(),) * OUTPUTS
EDITING = "What you ask next takes the place of the last question."
NOT_DELETED = "The conversation could not be deleted. The terminal says why."


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
        asking = session.ask(question, lambda: narrow(outlets, since, until))
        async for update in self._shown(asking, session, request):
            yield update

    async def example(  # noqa: PLR0913 - the controls, as Gradio gives them
        self,
        outlets: list[str] | None,
        since: str | None,
        until: str | None,
        event: gr.EventData,
        request: gr.Request,
    ) -> AsyncIterator[Update]:
        """Answer a question that the page offered."""
        question = said(event, "question")
        session = self._sessions.of(request.session_hash)
        if not isinstance(question, str) or session.is_busy:
            yield NOTHING_NEW
            return
        asking = session.ask(question, lambda: narrow(outlets, since, until))
        async for update in self._shown(asking, session, request, keep_box=True):
            yield update

    async def again(self, request: gr.Request) -> AsyncIterator[Update]:
        """Answer the last question once more, in the place of its answer."""
        session = self._sessions.find(request.session_hash)
        if session is None or session.is_busy or not session.turns:
            yield NOTHING_NEW
            return
        last = session.turns[-1]
        asking = session.ask(last.question, lambda: last.filters, replacing=True)
        async for update in self._shown(asking, session, request, keep_box=True):
            yield update

    async def edit(self, event: gr.EventData, request: gr.Request) -> Update:
        """Put the last question into the box, so that what is asked next takes its place."""
        session = self._sessions.find(request.session_hash)
        number = said(event, "turn")
        if session is None or type(number) is not int:
            return NOTHING_NEW
        question = session.edit(number)
        return (gr.skip() if question is None else question, *_view(session))

    async def _shown(
        self,
        asking: AsyncIterator[None],
        session: Session,
        request: gr.Request,
        *,
        keep_box: bool = False,
    ) -> AsyncIterator[Update]:
        first = not keep_box and not session.is_busy
        async for _ in asking:
            if session.is_dropped:
                break
            yield ("" if first else gr.skip(), *_view(session))
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
            yield NOTHING_NEW

    async def stop(self, request: gr.Request) -> None:
        """Stop the answer that is being worked on."""
        self._sessions.of(request.session_hash).stop()

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

    async def enter(self, event: gr.EventData, request: gr.Request) -> AsyncIterator[Update]:
        """A page was opened: show what its reader left in it."""
        page = request.session_hash
        user = getattr(request, "username", None)
        reader = known_reader(user, said(event, "reader"))
        session = await self._sessions.enter(page, reader, _name(event))
        async for update in self._opened(session, page):
            yield update

    async def open(self, event: gr.EventData, request: gr.Request) -> AsyncIterator[Update]:
        """Show another conversation of the reader's."""
        session = await self._sessions.open(request.session_hash, _name(event))
        async for update in self._opened(session, request.session_hash):
            yield update

    async def start_over(self, request: gr.Request) -> Update:
        """Begin a new conversation."""
        session = self._sessions.start_over(request.session_hash)
        return (*_view(session), await self.earlier(request))

    async def delete(self, event: gr.EventData, request: gr.Request) -> Update:
        """Delete a conversation of the reader's."""
        deleted = await self._sessions.delete(request.session_hash, _name(event))
        session = self._sessions.of(request.session_hash)
        if not deleted:
            session.notice = NOT_DELETED
        return (*_view(session), await self.earlier(request))

    async def earlier(self, request: gr.Request) -> str:
        """The reader's conversations, as they are listed."""
        return await self._listed(request.session_hash)

    async def leave(self, request: gr.Request) -> None:
        """The page was closed."""
        self._sessions.drop(request.session_hash)

    async def _opened(self, session: Session, page: str) -> AsyncIterator[Update]:
        is_answering = session.is_busy  # what another page asked; its own is shown by its asking
        yield (*_view(session), await self._listed(page))
        await session.find_texts()
        if is_answering:
            async for _ in session.follow():
                if self._sessions.find(page) is not session:
                    break
                yield (*_view(session), gr.skip())
        if self._sessions.find(page) is session:
            yield (*_view(session), gr.skip())
        yield NOTHING_NEW  # as many as these: the list in place of the box

    async def _listed(self, page: str) -> str:
        entries = await self._sessions.entries(page)
        session = self._sessions.find(page)
        place = session.place if session is not None else None
        return earlier_html(entries, reader=self._sessions.reader(page), place=place)


def _name(event: gr.EventData) -> str:
    """The conversation that a press names."""
    name = said(event, "conversation")
    return name if isinstance(name, str) else ""


def _view(session: Session) -> Update:
    busy = session.is_busy
    return (
        _talk(session),
        sources_html(session.turns),
        _status(session),
        gr.update(interactive=not busy),
        gr.update(interactive=busy),
    )


def _talk(session: Session) -> str:
    return talk_html(session.turns, editing=session.is_editing, examples=session.examples)


def _status(session: Session) -> str:
    words = session.notice or session.step or (EDITING if session.is_editing else "")
    return line_html(words, busy=session.is_busy, problem=session.notice is not None)


def _judged(session: Session) -> Update:
    if session.is_busy or session.is_dropped:
        return NOTHING_JUDGED  # shown with the answer that is being written
    return (_talk(session), _status(session))
