"""The layout of the page, and what its buttons do."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import gradio as gr

from qa.asked import JUDGEMENTS, Judgement
from qa.page.ask.keeper import build_keeper
from qa.page.ask.render import line_html, talk_html
from qa.page.ask.saving import Saving, saving_html
from qa.page.ask.session import POLL_SECONDS, Session, Sessions
from qa.page.ask.sources import sources_html
from qa.page.model.panel import add_model_panel
from qa.page.serve.loader import DeskLoader, Loading

MASTHEAD = (
    '<header class="dl-masthead"><h1>Dateline</h1>'
    "<p>Answers from your own articles, with the words that support them</p></header>"
)
FOLDER = Path(__file__).parent
OUTPUTS = 6  # of a question: box, conversation, sources, status, Ask, Stop

Update = tuple[Any, ...]


def build_page(loader: DeskLoader) -> gr.Blocks:
    """The page over a desk that may still be loading."""
    sessions = Sessions(loader, build_keeper(loader.settings))
    with gr.Blocks(title="Dateline", analytics_enabled=False, fill_width=True) as page:
        _html(MASTHEAD, "dl-head")
        state = _html(_state(loader.state), "dl-state")
        fetched = add_model_panel(loader)
        with gr.Column(elem_id="dl-desk"):
            talk = _html(talk_html(()), "dl-talk", script="ask/talk.js")
            with gr.Column(elem_id="dl-composer"):
                status = _html(line_html(""), "dl-status")
                box = _question_box()
                with gr.Row(elem_id="dl-buttons"):
                    ask = gr.Button("Ask", variant="primary", elem_id="dl-ask")
                    stop = gr.Button("Stop", interactive=False, elem_id="dl-stop")
                    new = gr.Button("New conversation", elem_id="dl-new")
                saved = _html(saving_html(), "dl-saving", script="ask/saving.js")
            sources = _html(sources_html(()), "dl-sources", script="ask/sources.js")
        events = Events(sessions, loader)
        outputs = [box, talk, sources, status, ask, stop]
        quiet = {"api_visibility": "private", "show_progress": "hidden"}
        # "multiple": Gradio would drop a question that comes in the moment an answer ends.
        gr.on([ask.click, box.submit], events.ask, box, outputs, trigger_mode="multiple", **quiet)
        stop.click(events.stop, None, None, queue=False, **quiet)
        new.click(events.start_over, None, outputs, queue=False, **quiet)
        # Not in the question's line either, and each press counts.
        judged = [talk, status]
        talk.judge(events.judge, None, judged, queue=False, trigger_mode="multiple", **quiet)
        saving = Saving(sessions, loader)
        talk.copy(saving.make, None, saved, queue=False, **quiet)
        saved.save(saving.make, None, saved, queue=False, **quiet)
        page.load(events.watch_loading, None, state, **quiet)
        fetched.then(events.watch_loading, None, state, **quiet)
        page.unload(events.leave)
    # Questions wait in the model's own line, which tells how many are ahead.
    page.queue(default_concurrency_limit=None, api_open=False)
    return page


class Events:
    """What the page's events do, for whichever page they come from.

    All are coroutines, since Gradio runs plain functions in threads, and tasks may be cancelled
    on the event loop only.
    """

    def __init__(self, sessions: Sessions, loader: DeskLoader) -> None:
        """Events of pages that have these sessions."""
        self._sessions, self._loader = sessions, loader

    async def ask(self, question: str, request: gr.Request) -> AsyncIterator[Update]:
        """Answer a question, giving the page anew whenever there is more of it."""
        session = self._sessions.of(request.session_hash)
        already_busy = session.is_busy
        first = True
        async for _ in session.ask(question):
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
        pressed = _pressed(event)
        if session is None or pressed is None:
            return (gr.skip(), gr.skip())
        number, verdict = pressed
        await session.judge(number, verdict)
        if session.is_busy or session.is_dropped:
            return (gr.skip(), gr.skip())  # shown with the answer that is being written
        return (talk_html(session.turns), _status(session))

    async def watch_loading(self) -> AsyncIterator[str]:
        """Say how far the loading is until it is over."""
        shown = None
        while shown is None or not shown.over:
            if self._loader.state is not shown:
                shown = self._loader.state
                yield _state(shown)
            await asyncio.sleep(POLL_SECONDS)

    async def leave(self, request: gr.Request) -> None:
        """The page was closed."""
        self._sessions.drop(request.session_hash)


def _state(state: Loading) -> str:
    return line_html(state.words, busy=not state.over, problem=state.error is not None)


def _html(html: str, name: str, *, script: str | None = None) -> gr.HTML:
    code = (FOLDER / script).read_text(encoding="utf-8") if script else None
    return gr.HTML(html, elem_id=name, js_on_load=code, apply_default_css=False)


def _question_box() -> gr.Textbox:
    return gr.Textbox(
        label="Question",
        placeholder="What would you like to know?",
        lines=1,
        max_lines=6,
        autofocus=True,
        elem_id="dl-question",
    )


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


def _pressed(event: gr.EventData) -> tuple[int, Judgement] | None:
    """What a press says; None where it says anything else than a turn and a verdict."""
    try:
        number, verdict = event.turn, event.verdict
    except (AttributeError, TypeError):  # whatever a browser may send
        return None
    if type(number) is not int or verdict not in JUDGEMENTS:
        return None
    return number, verdict
