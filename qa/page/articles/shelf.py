"""What the events of the room "Articles" do, for whichever page they come from."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import gradio as gr

from index.clean import mark_boilerplate
from index.overview import Row
from qa.page.articles.choice import COLUMNS, STEP, Choice, outlets_of
from qa.page.articles.html import (
    article_html,
    nothing_open_html,
    notice_html,
    table_html,
)
from qa.page.ask.render import line_html
from qa.page.parts import said
from qa.page.serve.loader import DeskLoader, explain

ALL_OUTLETS = ("All outlets", "")
GONE = "This article isn't among the articles any more."
NOT_READ_YET = "The articles are still being read."
POLL_SECONDS = 0.2

Update = tuple[Any, ...]


class Shelf:
    """The list as it was last looked at. All events are coroutines; what blocks goes to threads."""

    def __init__(self, loader: DeskLoader) -> None:
        """Nothing has been looked at yet."""
        self._loader = loader
        self._rows: tuple[Row, ...] = ()

    async def look(self, choice: Choice) -> AsyncIterator[Update]:
        """Look at the folder: the notice, the list, the outlets, and whether there is to read."""
        while (state := self._loader.state).desk is None and not state.over:
            yield (line_html(state.words, busy=True), *(gr.skip(),) * 3)
            await asyncio.sleep(POLL_SECONDS)
        try:
            yield await self.looked(choice)
        except Exception as error:  # noqa: BLE001 - an edge: it is shown in the page
            yield (line_html(explain(error), problem=True), *(gr.skip(),) * 3)

    async def choose(
        self, words: str, outlet: str | None, status: str | None, choice: Choice
    ) -> Update:
        """Show other rows."""
        chosen = replace(
            choice, words=words or "", outlet=outlet or "", status=status or "", shown=STEP
        )
        return self._listed(chosen)

    async def arrange(self, event: gr.EventData, choice: Choice) -> Update:
        """Order by the column that was pressed."""
        column = said(event, "column")
        known = next((each for each in COLUMNS if each == column), None)
        return self._listed(choice.by(known) if known else choice)

    async def more(self, choice: Choice) -> Update:
        """Show more rows."""
        return self._listed(choice.more())

    async def read(self, event: gr.EventData) -> str:
        """The article that was pressed."""
        desk = self._loader.state.desk
        if desk is None:
            return nothing_open_html(NOT_READ_YET)
        key = said(event, "id")
        articles = await asyncio.to_thread(lambda: desk.articles)
        article = next((each for each in articles if each.id == key), None)
        if article is None:
            return nothing_open_html(GONE)
        row = next((each for each in self._rows if each.id == key), None)
        together = sum(each.path == article.path for each in articles)
        spans = mark_boilerplate(
            article.text, article.body_start, author=article.author, outlet=article.outlet
        )
        removable = not self._loader.settings.page.open_to_all
        return article_html(article, row, spans, together=together, removable=removable)

    async def looked(self, choice: Choice) -> Update:
        """As `look`, where the desk is there. Raises what it raises."""
        desk = self._loader.desk()
        self._rows = rows = await asyncio.to_thread(desk.overview)
        outlets = [ALL_OUTLETS, *((name, name) for name in outlets_of(rows))]
        behind = any(row.status in {"changed", "deleted", "not indexed"} for row in rows)
        return (
            notice_html(rows),
            table_html(rows, choice),
            gr.update(choices=outlets),
            gr.update(interactive=behind),
        )

    def _listed(self, choice: Choice) -> Update:
        return (table_html(self._rows, choice), choice)
