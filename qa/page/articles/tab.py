"""The layout of the room "Articles"."""

from typing import Any

import gradio as gr

from index.formats import SUFFIXES
from qa.page.articles.changes import Changes
from qa.page.articles.choice import Choice
from qa.page.articles.html import STATUS_WORDS, nothing_open_html
from qa.page.articles.shelf import ALL_OUTLETS, Shelf
from qa.page.parts import QUIET, html_part
from qa.page.serve.loader import DeskLoader

ANY_STATUS = ("Any status", "")


def add_articles(tab: gr.Tab, loader: DeskLoader) -> list[Any]:
    """Put the list and the reader where the page is being laid out, in this tab.

    Gives the events after which there may be other articles.
    """
    shelf, first = Shelf(loader), Choice()
    changes = Changes(loader, shelf)
    choice = gr.State(first)
    with gr.Column(elem_id="dl-shelf"):
        with gr.Column(elem_id="dl-listing"):
            with gr.Row(elem_id="dl-standing"):
                notice = html_part("", "dl-notice")
                sync = gr.Button("Read the changes", interactive=False, elem_id="dl-sync")
            with gr.Row(elem_id="dl-choosing", elem_classes="dl-controls"):
                words = gr.Textbox("", label="Search", max_lines=1, elem_id="dl-search")
                outlet = gr.Dropdown([ALL_OUTLETS], value="", label="Outlet", elem_id="dl-outlet")
                statuses = [ANY_STATUS, *((said, key) for key, said in STATUS_WORDS.items())]
                status = gr.Dropdown(statuses, value="", label="Status", elem_id="dl-stands")
            with gr.Accordion(
                "Add articles", open=False, visible=changes.is_allowed, elem_id="dl-adding"
            ):
                files = gr.File(
                    label=f"Files to add, up to {loader.settings.page.upload_megabytes:,} MB each",
                    file_count="multiple",
                    file_types=list(SUFFIXES),
                    height=140,
                    elem_id="dl-files",
                )
            table = html_part("", "dl-list", script="articles/list.js")
        reader = html_part(nothing_open_html(), "dl-open", script="articles/reader.js")
    looked = [notice, table, outlet, sync]
    tab.select(shelf.look, choice, looked, **QUIET)
    # "always_last": what was typed last counts, and typing never waits.
    gr.on(
        [words.change, outlet.input, status.input],
        shelf.choose, [words, outlet, status, choice], [table, choice],
        queue=False, trigger_mode="always_last", **QUIET,
    )  # fmt: skip
    table.arrange(shelf.arrange, choice, [table, choice], queue=False, **QUIET)
    table.more(shelf.more, choice, [table, choice], queue=False, **QUIET)
    table.read(shelf.read, None, reader, queue=False, trigger_mode="multiple", **QUIET)
    changed = [sync.click(changes.sync, choice, looked, **QUIET)]
    if changes.is_allowed:
        changed += [
            files.upload(changes.add, [files, choice], [*looked, files], **QUIET),
            reader.remove(changes.remove, choice, [*looked, reader], **QUIET),
        ]
    return changed
