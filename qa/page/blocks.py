"""The page: its head, and its rooms below."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import gradio as gr

from qa.page.articles.tab import add_articles
from qa.page.ask.keeper import build_keeper
from qa.page.ask.render import line_html
from qa.page.ask.session import POLL_SECONDS
from qa.page.ask.sessions import Sessions
from qa.page.ask.tab import add_asking
from qa.page.evals.tab import add_evals
from qa.page.model.panel import add_model_panel
from qa.page.parts import QUIET, html_part
from qa.page.serve.loader import DeskLoader, Loading

MASTHEAD = (
    '<header class="dl-masthead"><h1>Dateline</h1>'
    "<p>Answers from your own articles, with the words that support them</p></header>"
)


def build_page(loader: DeskLoader) -> gr.Blocks:
    """The page over a desk that may still be loading."""
    watch = partial(watch_loading, loader)
    sessions = Sessions(loader, build_keeper(loader.settings))
    with gr.Blocks(title="Dateline", analytics_enabled=False, fill_width=True) as page:
        html_part(MASTHEAD, "dl-head")
        state = html_part(_state(loader.state), "dl-state")
        fetched = add_model_panel(loader)
        # A room that is left stays as it is: what was clicked and how far it was scrolled.
        with gr.Tabs(elem_id="dl-tabs"):
            with gr.Tab("Ask", elem_id="dl-asking", render_children=True):
                asking = add_asking(sessions, loader)
            with gr.Tab("Articles", elem_id="dl-articles", render_children=True) as articles:
                changed = add_articles(articles, loader)
            with gr.Tab("Evals", elem_id="dl-measured") as evals:
                add_evals(evals)
        page.load(watch, None, state, **QUIET)
        fetched.then(watch, None, state, **QUIET)
        for event in changed:
            event.then(watch, None, state, **QUIET)
        page.unload(asking.leave)
    # Questions wait in the model's own line, which tells how many are ahead.
    page.queue(default_concurrency_limit=None, api_open=False)
    return page


async def watch_loading(loader: DeskLoader) -> AsyncIterator[str]:
    """Say how far the loading is until it is over."""
    shown = None
    while shown is None or not shown.over:
        if loader.state is not shown:
            shown = loader.state
            yield _state(shown)
        await asyncio.sleep(POLL_SECONDS)


def _state(state: Loading) -> str:
    return line_html(state.words, busy=not state.over, problem=state.error is not None)
