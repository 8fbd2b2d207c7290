"""The panel "Model": who answers, what the Ollama server has, and fetching a model onto it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import gradio as gr

from qa.models.ollama_pull import PullProgress, pull
from qa.page.ask.session import POLL_SECONDS
from qa.page.model.fetching import Fetch, Fetcher
from qa.page.model.html import about_html, fetch_html, looking_html, served_html
from qa.page.model.seen import Seen, look
from qa.page.parts import QUIET, html_part
from qa.page.serve.loader import DeskLoader

NO_NAME = Fetch(words="Type the name of a model first.", outcome="failed")
ANSWERS_NOW = "It answers from now on."
START_WITH = "To have it answer, start Dateline with: --model {name}"
# What isn't there at all, Gradio (6.31) doesn't show any more once a closed accordion is opened.
HIDDEN = "hidden"

Update = tuple[Any, ...]
UNSEEN = (gr.skip(),) * 4  # who answers, the server's models, whether to fetch, the box
NOTHING_NEW = (gr.skip(),) * 7  # and the progress, Fetch, Cancel


def add_model_panel(loader: DeskLoader) -> Any:
    """Put the panel where the page is being laid out, closed at first.

    Gives the event of fetching: once it is over, the desk may be loading.
    """

    def pull_model(name: str) -> Iterator[PullProgress]:
        return pull(loader.settings.url, name, loader.settings.ollama)

    panel = ModelPanel(loader, Fetcher(pull_model))
    with gr.Accordion("Model", open=False, elem_id="dl-model") as fold:
        again = gr.Button("Look again", elem_id="dl-again")
        about = html_part("", "dl-about")
        with gr.Row(visible=HIDDEN, elem_id="dl-getting") as getting:
            box = gr.Textbox("", label="Model to fetch", max_lines=1, elem_id="dl-name")
            fetch = gr.Button("Fetch", elem_id="dl-fetch")
            cancel = gr.Button("Cancel", interactive=False, elem_id="dl-cancel")
        progress = html_part("", "dl-progress")
        served = html_part("", "dl-served")
    seen, told = [about, served, getting, box], [progress, fetch, cancel]
    gr.on([fold.expand, again.click], panel.look, box, seen, **QUIET)
    fold.expand(panel.follow, None, [*seen, *told], **QUIET)
    # "multiple": Gradio would drop a fetch that is asked for the moment another one ends.
    fetching = {"trigger_mode": "multiple", **QUIET}
    fetched = gr.on([fetch.click, box.submit], panel.fetch, box, [*seen, *told], **fetching)
    cancel.click(panel.cancel, None, None, queue=False, **QUIET)
    return fetched


class ModelPanel:
    """What the panel's events do, for whichever page they come from. All are coroutines."""

    def __init__(self, loader: DeskLoader, fetcher: Fetcher) -> None:
        """Nothing has been looked at yet."""
        self._loader, self._fetcher = loader, fetcher

    async def look(self, typed: str) -> AsyncIterator[Update]:
        """Say who answers and what the server has; a box that is empty gets what is offered."""
        yield (looking_html(), *UNSEEN[1:])
        yield _seen(await self._look(), may_fill=not typed.strip())

    async def fetch(self, name: str) -> AsyncIterator[Update]:
        """Fetch a model, saying how far it is; then look anew."""
        if not name.strip():
            yield (*UNSEEN, fetch_html(NO_NAME), gr.skip(), gr.skip())
            return
        self._fetcher.start(name.strip())
        async for update in self.follow():
            yield update

    async def follow(self) -> AsyncIterator[Update]:
        """Say how far the fetch is that is going on, whichever page began it; then look anew."""
        shown = None
        while (fetch := self._fetcher.state) is not None and not fetch.is_over:
            if fetch is not shown:
                shown = fetch
                yield (*UNSEEN, *_told(fetch))
            await asyncio.sleep(POLL_SECONDS)
        if fetch is None or shown is None:
            yield NOTHING_NEW  # an event that sends nothing would empty what it could have changed
            return
        yield (*UNSEEN, *_told(fetch))
        seen = await self._look()
        if fetch.outcome == "there":
            self._loader.start()  # where the model was missing, it can be loaded now
        told = _told(_with_advice(fetch, seen)) if self._fetcher.state is fetch else NOTHING_NEW[4:]
        yield (*_seen(seen, may_fill=fetch.outcome == "there"), *told)
        yield NOTHING_NEW  # Gradio sends the last update again, and another fetch may have begun

    async def cancel(self) -> None:
        """Stop the fetch."""
        self._fetcher.cancel()

    async def _look(self) -> Seen:
        return await asyncio.to_thread(look, self._loader.state, self._loader.settings)


def _seen(seen: Seen, *, may_fill: bool) -> Update:
    served = seen.served
    offer = served.offer if served else None
    return (
        about_html(seen),
        served_html(seen),
        gr.update(visible=True if served and served.server else HIDDEN),
        gr.update(value=offer.name if offer else "") if may_fill else gr.skip(),
    )


def _told(fetch: Fetch) -> Update:
    busy = not fetch.is_over
    return (fetch_html(fetch), gr.update(interactive=not busy), gr.update(interactive=busy))


def _with_advice(fetch: Fetch, seen: Seen) -> Fetch:
    """The fetch, saying how to use what was fetched."""
    if fetch.outcome != "there":
        return fetch
    model, name = seen.answers.model, fetch.name
    answers = model is not None and model.name in {name, f"{name}:latest"}
    advice = ANSWERS_NOW if answers else START_WITH.format(name=name)
    return replace(fetch, words=f"{fetch.words} {advice}")
