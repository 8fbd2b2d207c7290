"""Which conversation each open page shows. Nobody sees another reader's.

A page that is loaded anew is another page to Gradio. It finds its conversation again by what the
browser remembers: the reader's secret, and which of their conversations the tab showed.
"""

import re
import secrets

from qa.page.ask.book import Entry, Place
from qa.page.ask.keeper import Keeper
from qa.page.ask.session import Session
from qa.page.serve.loader import DeskLoader

SECRET = re.compile(r"[A-Za-z0-9_-]{43}")  # what `secrets.token_urlsafe` makes of its 32 bytes


class Sessions:
    """The conversations of the pages that are open, by the hash that Gradio gives each page."""

    def __init__(self, loader: DeskLoader, keeper: Keeper | None = None) -> None:
        """No page is open yet. Without a keeper, a conversation ends with its page."""
        self._loader, self._keeper = loader, keeper
        self._open: dict[str, Session] = {}
        self._readers: dict[str, str] = {}

    def of(self, page: str) -> Session:
        """The conversation of a page, begun when it is first asked for."""
        if page not in self._open:
            self._open[page] = self._begin(page)
        return self._open[page]

    def find(self, page: str) -> Session | None:
        """The conversation of a page; None where it has none, as when it was closed."""
        return self._open.get(page)

    def reader(self, page: str) -> str | None:
        """Who reads this page, as far as it is known."""
        return self._readers.get(page)

    async def enter(self, page: str, reader: str, name: str) -> Session:
        """Know who reads a page, and go on with one of their conversations, if it is there."""
        self._readers[page] = reader
        found = await self._find(Place(reader, name))
        session = self.of(page)
        if found is not None and not session.turns:  # a question that came in first stays
            session = self._show(page, found)
        if session.place is None and self._keeper is not None:  # begun before we knew who reads
            session.place = Place.new(reader)
        return session

    async def open(self, page: str, name: str) -> Session:
        """Show another conversation of the page's reader; the same one where there is none."""
        found = await self._find(Place(self._readers.get(page, ""), name))
        return self._show(page, found) if found is not None else self.of(page)

    def start_over(self, page: str) -> Session:
        """Begin a new conversation in this page."""
        self._close(page)
        return self.of(page)

    async def delete(self, page: str, name: str) -> bool:
        """Delete a conversation of the page's reader; whether that worked."""
        place = Place(self._readers.get(page, ""), name)
        if self._keeper is None or not place.reader:
            return False
        for other, session in list(self._open.items()):
            if session.place == place:
                session.place = None  # what is still being written is not kept either
                session.stop()
                if other == page:
                    self.start_over(page)
        return await self._keeper.delete(place)

    async def entries(self, page: str) -> tuple[Entry, ...]:
        """The conversations of the page's reader."""
        reader = self._readers.get(page)
        if self._keeper is None or reader is None:
            return ()
        return await self._keeper.entries(reader)

    def drop(self, page: str) -> None:
        """A page was closed: unless another one shows it, its conversation's model stops."""
        self._close(page)
        self._readers.pop(page, None)

    def _begin(self, page: str) -> Session:
        reader = self._readers.get(page)
        place = Place.new(reader) if reader and self._keeper is not None else None
        return Session(self._loader, self._keeper, place=place)

    async def _find(self, place: Place) -> Session | None:
        """The conversation of this place: the one that a page shows, else what is kept."""
        if self._keeper is None or not place.reader:
            return None
        if (shown := self._shown_at(place)) is not None:
            return shown
        turns = await self._keeper.turns(place)
        if (shown := self._shown_at(place)) is not None:  # opened by another page meanwhile
            return shown
        if turns is None:
            return None
        return Session(self._loader, self._keeper, turns=turns, place=place)

    def _show(self, page: str, session: Session) -> Session:
        if self._open.get(page) is not session:
            self._close(page)
            self._open[page] = session
        return session

    def _close(self, page: str) -> None:
        session = self._open.pop(page, None)
        if session is not None and session not in self._open.values():
            session.is_dropped = True
            session.stop()

    def _shown_at(self, place: Place) -> Session | None:
        return next((each for each in self._open.values() if each.place == place), None)


def known_reader(user: str | None, secret: object) -> str:
    """Who reads: the user who has logged in, else the browser, by a secret that it was given.

    A browser that comes with none is given one.
    """
    if user:
        return f"user {user}"
    if isinstance(secret, str) and SECRET.fullmatch(secret):
        return secret
    return secrets.token_urlsafe(32)
