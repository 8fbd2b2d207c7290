"""The line before a model: whoever asks it waits here, first come first served.

Servers don't do this for us. Ollama lets requests wait without a limit and without telling them;
and on a CPU, several slots share the machine and lose the one prompt cache: four questions at
once took 12 seconds each where one after another they took 0.4 (shared/ollama, `parallel-*`). So
one is let in at a time, unless a server is known to do better.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Line:
    """Lets `places` in at a time. Safe to use from several threads."""

    def __init__(self, places: int = 1) -> None:
        """An empty line before so many places."""
        self._places = places
        self._tickets: list[Ticket] = []
        self._moved = threading.Condition()

    def __len__(self) -> int:
        """How many are in the line, those who are being served included."""
        with self._moved:
            return len(self._tickets)

    def enter(self) -> "Ticket":
        """Stand at the end of the line. The ticket is to be left again: use it in a `with`."""
        ticket = Ticket(self)
        with self._moved:
            self._tickets.append(ticket)
        return ticket

    @contextmanager
    def place(self) -> Iterator[None]:
        """Wait for a place and hold it."""
        with self.enter() as ticket:
            ticket.wait()
            yield

    def ahead(self, ticket: "Ticket") -> int | None:
        """How many must leave before it is this one's turn; None where it isn't in the line."""
        with self._moved:
            return self._ahead(ticket)

    def wait(self, ticket: "Ticket", *, seen: int | None) -> int | None:
        """As `ahead`, once that is no longer what was `seen`."""
        with self._moved:
            self._moved.wait_for(lambda: self._ahead(ticket) != seen)
            return self._ahead(ticket)

    def leave(self, ticket: "Ticket", *, only_waiting: bool = False) -> None:
        """Take a ticket out of the line, if it is in it."""
        with self._moved:
            ahead = self._ahead(ticket)
            if ahead is None or (only_waiting and not ahead):
                return
            self._tickets.remove(ticket)
            self._moved.notify_all()

    def _ahead(self, ticket: "Ticket") -> int | None:
        if ticket not in self._tickets:
            return None
        return max(0, self._tickets.index(ticket) - self._places + 1)


class Ticket:
    """A place in a line. As a context manager it always leaves; another thread may `give_up`."""

    def __init__(self, line: Line) -> None:
        """Made by `Line.enter`."""
        self._line = line

    def ahead(self) -> int:
        """How many must leave before it is this one's turn; 0 then, and after leaving."""
        return self._line.ahead(self) or 0

    def wait(self, tell: Callable[[int], None] = lambda ahead: None) -> bool:
        """Wait for one's turn; False where the ticket was given up meanwhile.

        `tell` is given the number ahead at once and whenever it changes, and 0 at the end. Nothing
        is told to those who needn't wait.
        """
        ahead = seen = self._line.ahead(self)
        while ahead:
            tell(ahead)
            ahead = self._line.wait(self, seen=ahead)
        if ahead == 0 and seen:
            tell(0)
        return ahead == 0

    def give_up(self) -> None:
        """Leave the line if it isn't one's turn yet."""
        self._line.leave(self, only_waiting=True)

    def leave(self) -> None:
        """Leave the line, which lets the next one in."""
        self._line.leave(self)

    def __enter__(self) -> "Ticket":
        """The ticket."""
        return self

    def __exit__(self, *error: object) -> None:
        """Leave, whatever happened."""
        self.leave()
