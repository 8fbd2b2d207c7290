"""The line before a model: who is let in when, what the others are told, and who leaves it."""

import queue
import random
import threading

from qa.models.line import Line, Ticket

PATIENCE = 30  # seconds after which a test that hangs fails; nothing is measured by it


class Waiter(threading.Thread):
    """Waits with a ticket, notes what it is told, and stays until it may go."""

    def __init__(self, ticket: Ticket, served: list[Ticket]) -> None:
        super().__init__(daemon=True)
        self.ticket, self.served = ticket, served
        self.told: queue.SimpleQueue[int] = queue.SimpleQueue()
        self.may_go = threading.Event()
        self.was_served: bool | None = None

    def run(self) -> None:
        with self.ticket:
            self.was_served = self.ticket.wait(self.told.put)
            if self.was_served:
                self.served.append(self.ticket)
                self.may_go.wait(PATIENCE)

    def next_told(self) -> int:
        return self.told.get(timeout=PATIENCE)

    def end(self) -> None:
        self.may_go.set()
        self.join(PATIENCE)
        assert not self.is_alive()


def test_first_come_first_served_whoever_wakes_first() -> None:
    line, served = Line(), []
    first = line.enter()
    tickets = [line.enter() for _ in range(40)]
    waiters = [Waiter(ticket, served) for ticket in tickets]
    for waiter in random.Random(7).sample(waiters, len(waiters)):
        waiter.may_go.set()
        waiter.start()
    assert served == []
    first.leave()
    for waiter in waiters:
        waiter.end()
    assert served == tickets
    assert len(line) == 0


def test_the_number_ahead_falls_to_zero() -> None:
    line, served = Line(), []
    first = line.enter()
    second, third = (Waiter(line.enter(), served) for _ in range(2))
    second.start()
    third.start()
    assert (second.next_told(), third.next_told()) == (1, 2)
    first.leave()
    assert (second.next_told(), third.next_told()) == (0, 1)
    second.end()
    assert third.next_told() == 0
    third.end()
    assert second.told.empty()
    assert third.told.empty()


def test_who_need_not_wait_is_told_nothing() -> None:
    told: list[int] = []
    with Line().enter() as ticket:
        assert ticket.wait(told.append)
    assert told == []


def test_who_gives_up_leaves_no_gap() -> None:
    line, served = Line(), []
    first = line.enter()
    second, third = (Waiter(line.enter(), served) for _ in range(2))
    second.start()
    third.start()
    assert (second.next_told(), third.next_told()) == (1, 2)
    second.ticket.give_up()
    second.end()
    assert second.was_served is False
    assert third.next_told() == 1
    first.leave()
    third.end()
    assert served == [third.ticket]
    assert len(line) == 0


def test_giving_up_comes_too_late_for_who_is_served() -> None:
    line = Line()
    first, second = line.enter(), line.enter()
    first.give_up()
    assert (first.ahead(), second.ahead()) == (0, 1)
    first.leave()
    first.leave()
    assert second.ahead() == 0
    assert len(line) == 1


def test_an_error_leaves_the_line() -> None:
    line = Line()
    try:
        with line.enter():
            raise ZeroDivisionError
    except ZeroDivisionError:
        assert len(line) == 0


def test_two_places_serve_two_at_once() -> None:
    line, served = Line(2), []
    waiters = [Waiter(line.enter(), served) for _ in range(4)]
    assert [waiter.ticket.ahead() for waiter in waiters] == [0, 0, 1, 2]
    for waiter in waiters:
        waiter.start()
    assert (waiters[2].next_told(), waiters[3].next_told()) == (1, 2)
    waiters[1].end()  # who came second may be done first
    assert (waiters[2].next_told(), waiters[3].next_told()) == (0, 1)
    waiters[0].end()
    assert waiters[3].next_told() == 0
    for waiter in waiters[2:]:
        waiter.end()
    assert len(served) == len(waiters)
