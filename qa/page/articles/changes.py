"""What changes the articles: reading what has changed, taking files, and removing one."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from index.errors import ArticlesError, DatelineError
from index.progress import Progress
from qa.page.articles.choice import Choice
from qa.page.articles.html import (
    added_words,
    nothing_open_html,
    progress_html,
    said_html,
    synced_words,
)
from qa.page.articles.shelf import GONE, POLL_SECONDS, Shelf, Update
from qa.page.parts import said
from qa.page.serve.loader import DeskLoader, PageDesk, explain

NOT_ALLOWED = "Whoever reaches this page can use it, so it changes no files."
NOT_IN_INDEX_YET = "The list couldn't be brought up to date: "

Work = Callable[[PageDesk, list[str], Progress], str]


class Changes:
    """Changes the folder and brings the list in line. All events are coroutines.

    Their updates are those of `Shelf.look`.
    """

    def __init__(self, loader: DeskLoader, shelf: Shelf) -> None:
        """For whichever page they come from."""
        self._loader, self._shelf = loader, shelf

    @property
    def is_allowed(self) -> bool:
        """Whether files may be added and removed: not where everyone may use the page."""
        return not self._loader.settings.page.open_to_all

    async def sync(self, choice: Choice) -> AsyncIterator[Update]:
        """Read the changes, saying how far it is; then look anew."""
        async for update in self._do(choice, lambda _desk, _done, tell: self._sync(tell)):
            yield update

    async def add(self, files: Sequence[str] | None, choice: Choice) -> AsyncIterator[Update]:
        """Take files into the folder, saying of each what became of it; then read them."""

        def work(desk: PageDesk, done: list[str], tell: Progress) -> str:
            paths = [Path(file) for file in files or ()]
            for number, path in enumerate(paths):
                tell(number, len(paths))
                done.append(_add(desk, path))
            return self._sync(tell)

        async for update in self._do(choice, work, allowed=self.is_allowed):
            yield (*update, gr.skip())
        # Gradio sends the last update again, which must not empty the box of somebody's next files.
        yield (*(gr.skip(),) * 4, None)
        yield (gr.skip(),) * 5

    async def remove(self, event: gr.EventData, choice: Choice) -> AsyncIterator[Update]:
        """Take the file that was pressed out of the folder; it is kept aside."""
        path = said(event, "file")
        reader: Any = gr.skip()

        def work(desk: PageDesk, done: list[str], tell: Progress) -> str:
            nonlocal reader
            if not any(article.path == path for article in desk.articles):
                raise ArticlesError(GONE)
            kept = desk.remove(str(path))
            reader = nothing_open_html()
            done.append(f"{path} was removed. The file is kept in {kept}.")
            return self._sync(tell)

        async for update in self._do(choice, work, allowed=self.is_allowed):
            yield (*update, reader)

    def _sync(self, tell: Progress) -> str:
        return synced_words(self._loader.sync(tell))

    async def _do(
        self, choice: Choice, work: Work, *, allowed: bool = True
    ) -> AsyncIterator[Update]:
        """Work in a thread, saying how far it is and what was done; then look anew."""
        done: list[str] = []
        counted: list[tuple[int, int]] = [(0, 0)]

        def do() -> str:
            if not allowed:
                raise ArticlesError(NOT_ALLOWED)
            return work(self._loader.desk(), done, lambda *progress: counted.append(progress))

        working = asyncio.create_task(asyncio.to_thread(do))
        shown = None
        while not working.done():
            if (now := (counted[-1], len(done))) != shown:
                shown = now
                words = progress_html(*counted[-1]) + said_html(done)
                yield (words, *(gr.skip(),) * 2, gr.update(interactive=False))
            await asyncio.wait({working}, timeout=POLL_SECONDS)
        try:
            lines, problem = [*done, working.result()], False
        except Exception as error:  # noqa: BLE001 - an edge: it is shown in the page
            lines, problem = [*done, explain(error)], True
        try:
            _, *rest = await self._shelf.looked(choice)
        except Exception as error:  # noqa: BLE001 - an edge: it is shown in the page
            lines, problem = [*lines, NOT_IN_INDEX_YET + explain(error)], True
            rest = [gr.skip(), gr.skip(), gr.update(interactive=True)]
        yield (said_html(lines, problem=problem), *rest)


def _add(desk: PageDesk, path: Path) -> str:
    """Take one file, in words; what goes wrong with it must not cost the others."""
    try:
        return added_words(path.name, desk.add(path))
    except DatelineError as error:
        return f"{path.name} was not taken. {error}"
    finally:
        path.unlink(missing_ok=True)  # the copy that the upload left
