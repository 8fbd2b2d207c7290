"""The layout of the room "Evals"."""

import asyncio

import gradio as gr

from qa.page.evals.latest import latest_html
from qa.page.parts import QUIET, html_part


def add_evals(tab: gr.Tab) -> None:
    """Put the latest report where the page is being laid out; it is read when the tab is opened."""

    async def look() -> str:
        return await asyncio.to_thread(latest_html)

    report = html_part("", "dl-evals")
    tab.select(look, None, report, **QUIET)
