"""The layout of asking: the conversation, the question's box, and the sources."""

import gradio as gr

from qa.page.ask.controls import add_narrowing
from qa.page.ask.earlier import earlier_html
from qa.page.ask.events import Events
from qa.page.ask.render import line_html, talk_html
from qa.page.ask.saving import Saving, saving_html
from qa.page.ask.sessions import Sessions
from qa.page.ask.sources import sources_html
from qa.page.parts import QUIET, html_part
from qa.page.serve.loader import DeskLoader


def add_asking(sessions: Sessions, loader: DeskLoader) -> Events:
    """Put asking where the page is being laid out; gives what its events do."""
    with gr.Column(elem_id="dl-desk"):
        talk = html_part(talk_html(()), "dl-talk", script="ask/talk.js")
        with gr.Column(elem_id="dl-composer"):
            status = html_part(line_html(""), "dl-status")
            box = _question_box()
            narrowing = add_narrowing(loader)
            with gr.Row(elem_id="dl-buttons"):
                ask = gr.Button("Ask", variant="primary", elem_id="dl-ask")
                stop = gr.Button("Stop", interactive=False, elem_id="dl-stop")
                new = gr.Button("New conversation", elem_id="dl-new")
            saved = html_part(saving_html(), "dl-saving", script="ask/saving.js")
            book = html_part(earlier_html(()), "dl-book", script="ask/earlier.js")
        sources = html_part(sources_html(()), "dl-sources", script="ask/sources.js")
    events = Events(sessions)
    outputs = [box, talk, sources, status, ask, stop]
    # "multiple": Gradio would drop a question that comes in the moment an answer ends.
    asking = gr.on(
        [ask.click, box.submit],
        events.ask,
        [box, *narrowing],
        outputs,
        trigger_mode="multiple",
        **QUIET,
    )
    once_more = talk.again(events.again, None, outputs, **QUIET)
    offered = talk.example(events.example, narrowing, outputs, **QUIET)
    for each in (asking, once_more, offered):
        each.then(events.earlier, None, book, queue=False, **QUIET)
    talk.edit(events.edit, None, outputs, queue=False, **QUIET)
    stop.click(events.stop, None, None, queue=False, **QUIET)
    shown = [*outputs[1:], book]
    new.click(events.start_over, None, shown, queue=False, **QUIET)
    book.enter(events.enter, None, shown, **QUIET)
    book.open(events.open, None, shown, **QUIET)
    book.delete(events.delete, None, shown, queue=False, **QUIET)
    # Not in the question's line either, and each press counts.
    judged = [talk, status]
    talk.judge(events.judge, None, judged, queue=False, trigger_mode="multiple", **QUIET)
    talk.remark(events.remark, None, judged, queue=False, trigger_mode="multiple", **QUIET)
    saving = Saving(sessions, loader)
    talk.copy(saving.make, None, saved, queue=False, **QUIET)
    saved.save(saving.make, None, saved, queue=False, **QUIET)
    return events


def _question_box() -> gr.Textbox:
    return gr.Textbox(
        label="Question",
        placeholder="What would you like to know?",
        lines=1,
        max_lines=6,
        autofocus=True,
        elem_id="dl-question",
    )
