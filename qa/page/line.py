"""The line of questions: a few are answered at a time, first come first served."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


class Line:
    """Lets `places` in at a time and tells the others how many are ahead of them.

    Lives on one event loop, which is what keeps it free of races.
    """

    def __init__(self, places: int) -> None:
        """An empty line before so many places."""
        self._places = places
        self._tickets: list[object] = []
        self._moved = asyncio.Event()

    @asynccontextmanager
    async def place(self, tell: Callable[[int], None]) -> AsyncIterator[None]:
        """Wait for a place and hold it. `tell` is given the number ahead whenever it changes."""
        ticket = object()
        self._tickets.append(ticket)
        try:
            while (ahead := self._tickets.index(ticket) - self._places + 1) > 0:
                tell(ahead)
                await self._moved.wait()
            yield
        finally:
            self._tickets.remove(ticket)
            self._moved.set()
            self._moved = asyncio.Event()
