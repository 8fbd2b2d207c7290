"""The controls that say which articles a question is asked of."""

import asyncio
from typing import Any

import gradio as gr

from qa.page.parts import QUIET
from qa.page.serve.loader import DeskLoader

LABEL = "Which articles"


def add_narrowing(loader: DeskLoader) -> list[Any]:
    """Put the controls where the page is being laid out; gives what `narrow` takes of them."""

    async def look() -> Any:
        if (desk := loader.state.desk) is None:
            return gr.skip()
        articles = await asyncio.to_thread(lambda: desk.articles)
        found = sorted({each.outlet for each in articles if each.outlet}, key=str.casefold)
        return gr.update(choices=found)

    fold = gr.Accordion(LABEL, open=False, elem_id="dl-narrowing")
    with fold, gr.Row(elem_id="dl-narrow", elem_classes="dl-controls"):
        outlets = gr.Dropdown(
            [], value=[], multiselect=True, label="Only from these outlets", elem_id="dl-outlets"
        )
        since, until = (
            gr.Textbox("", label=f"{name} day", placeholder="2024-12-06", max_lines=1)
            for name in ("First", "Last")
        )
    fold.expand(look, None, outlets, **QUIET)
    return [outlets, since, until]
