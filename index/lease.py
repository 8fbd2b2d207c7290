"""The writer's lease on a server: one process at a time may write to a store.

Each holder has a term, a number that only grows. A term is taken by adding its row, which the
server lets only one do, and kept by counting up a beat in it. Who waits watches the beat by its
own clock: one that stood still for `EXPIRE_SECONDS` is over, so that clocks that differ or are set
do no harm. What a former holder still writes carries its old term, by which the ledger passes over
it (fencing after Kleppmann 2016, "How to do distributed locking").
"""

import contextlib
import itertools
import logging
import os
import platform
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from index.errors import StoreBusyError, StoreError
from index.tables import Row, Rows

RENEW_SECONDS = 3.0
EXPIRE_SECONDS = 30.0
LOOK_SECONDS = 1.0  # between two looks of one who waits
CONFIRM_SECONDS = 2 * RENEW_SECONDS  # of silence, where the server's clock says it is long over
SAME_START_SECONDS = 2.0  # between two readings of when a process began
HELD, RELEASED, BROKEN_OFF = 0, 1, 2  # BROKEN_OFF: given back, but after an error
log = logging.getLogger(__name__)


class Table(Protocol):
    """What a lease needs of a table on the server (index/tables.py)."""

    def read(self) -> Rows:
        """All rows."""

    def add(self, row_id: str, row: Row) -> None:
        """Write a row if there is none under this id."""

    def change(self, row_id: str, row: Row) -> None:
        """Change values of a row that is there."""

    def remove(self, ids: list[str]) -> None:
        """Remove rows."""


@dataclass(frozen=True, slots=True)
class Clock:
    """What a lease takes the time from: two of this machine and the server's own."""

    monotonic: Callable[[], float]
    sleep: Callable[[float], None]
    server_ns: Callable[[], int]


@dataclass(frozen=True, slots=True)
class Holder:
    """A term's row: who has it, and its last sign of life."""

    term: int
    token: str
    machine: str
    process: int
    process_began: int  # seconds since 1970
    since: str
    beat: int = 0
    renewed_ns: int = 0  # by the server's clock
    state: int = HELD

    @property
    def row_id(self) -> str:
        """The id of its row."""
        return f"term:{self.term}"

    def __str__(self) -> str:
        """As a user is told of it."""
        return f"Process {self.process} on {self.machine}, since {self.since},"

    def is_gone(self) -> bool:
        """Whether it ran on this machine and doesn't any more. A wrong yes only stops it."""
        if self.machine != platform.node():
            return False
        try:
            began = _process_began(self.process)
        except ProcessLookupError:
            return True
        known = began and self.process_began
        return bool(known) and abs(began - self.process_began) > SAME_START_SECONDS


class Lease:
    """Safe to use from several threads; one of them holds it, like one of several processes."""

    def __init__(self, table: Table, place: str, clock: Clock) -> None:
        """`place` is what the user calls the store. Nothing is read yet."""
        self._table = table
        self._place = place
        self._clock = clock
        self._held: Holder | None = None
        self._lock = threading.Lock()
        self.took_over = False

    @property
    def term(self) -> int | None:
        """The term that is held; None where none is."""
        return self._held.term if self._held else None

    @contextlib.contextmanager
    def held(self, *, wait_seconds: float = 0) -> Iterator[None]:
        """Hold the lease. Raises StoreBusyError where another has it after `wait_seconds`.

        `took_over` tells from then on whether the last holder came to no proper end, so that
        something of its may still be on the way.
        """
        if not self._lock.acquire(timeout=min(wait_seconds, threading.TIMEOUT_MAX)):
            raise StoreBusyError(f"This process is writing to the store {self._place} already.")
        try:
            before, mine = self._acquire(wait_seconds)
            self.took_over = before is not None and before.state != RELEASED
            with self._keeping(mine):
                yield
        finally:
            self._lock.release()

    def check(self) -> None:
        """Raises StoreError where the lease isn't held any more, or the server doesn't answer."""
        current = self._current()
        if self._held is None or current is None or current.token != self._held.token:
            raise StoreError(
                f"Another process has taken over writing to the store {self._place}, as nothing "
                f"was heard of this one for {EXPIRE_SECONDS:.0f} seconds. What was finished stays. "
                "Run the command again to go on."
            )

    def _acquire(self, wait_seconds: float) -> tuple[Holder | None, Holder]:
        """The holder before and the new one, which is this process."""
        began = self._clock.monotonic()
        watch = _Watch(self._clock)
        while True:
            current = self._current()
            if watch.is_over(current):
                mine = self._claim(current)
                if mine is not None:
                    return current, mine
                continue
            waited = self._clock.monotonic() - began
            if waited >= wait_seconds and not watch.is_confirming:
                raise StoreBusyError(
                    f"{current} is writing to the store {self._place}. Try again when it is done, "
                    "or wait for it with: dateline index --wait"
                )
            self._clock.sleep(LOOK_SECONDS)

    def _current(self) -> Holder | None:
        try:
            holders = [_holder_from(row) for row in self._table.read().values()]
        except (KeyError, TypeError) as error:
            raise StoreError(
                f"The store {self._place} is damaged: it can't be told who writes to it. Give "
                "another name after --store and run: dateline index. The articles are read anew."
            ) from error
        return max(holders, key=lambda holder: holder.term, default=None)

    def _claim(self, before: Holder | None) -> Holder | None:
        """Take the next term; None where another was quicker."""
        mine = Holder(
            term=before.term + 1 if before else 1,
            token=uuid.uuid4().hex,
            machine=platform.node(),
            process=os.getpid(),
            process_began=_process_began(os.getpid()),
            since=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
            renewed_ns=self._clock.server_ns(),
        )
        self._table.add(mine.row_id, _row_of(mine))
        current = self._current()
        if current is None or current.token != mine.token:
            return None
        older = [row_id for row_id in self._table.read() if row_id != mine.row_id]
        self._table.remove(older)
        return mine

    @contextlib.contextmanager
    def _keeping(self, mine: Holder) -> Iterator[None]:
        """Renew in the background; give it back at the end."""
        done = threading.Event()
        renewing = threading.Thread(
            target=self._renew, args=(mine, done), name="lease", daemon=True
        )
        self._held = mine
        renewing.start()
        state = BROKEN_OFF
        try:
            yield
            state = RELEASED
        finally:
            self._held = None
            done.set()
            renewing.join()
            self._tell(mine, lambda: {"state": state})

    def _renew(self, mine: Holder, done: threading.Event) -> None:
        beats = itertools.count(1)
        while not done.wait(RENEW_SECONDS):
            self._tell(mine, lambda: {"beat": next(beats), "renewed_ns": self._clock.server_ns()})

    def _tell(self, mine: Holder, change: Callable[[], Row]) -> None:
        try:
            self._table.change(mine.row_id, change())
        except StoreError as error:  # the next call of the writer says so, and others take over
            log.debug("The lease on %s could not be kept: %s", self._place, error)


class _Watch:
    """Watches for signs of life of a holder, by this machine's clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: tuple[int, int] | None = None
        self._since = 0.0
        self.is_confirming = False

    def is_over(self, holder: Holder | None) -> bool:
        """Whether the holder has given the lease back, is gone, or was silent for too long."""
        if holder is None or holder.state != HELD or holder.is_gone():
            return True
        now, sign = self._clock.monotonic(), (holder.term, holder.beat)
        if sign != self._seen:
            silent = (self._clock.server_ns() - holder.renewed_ns) / 1e9
            self.is_confirming = self._seen is None and silent > EXPIRE_SECONDS
            self._seen, self._since = sign, now
        return now - self._since >= (CONFIRM_SECONDS if self.is_confirming else EXPIRE_SECONDS)


def system_clock(server_ns: Callable[[], int]) -> Clock:
    """This machine's clock, and the server's."""
    return Clock(time.monotonic, time.sleep, server_ns)


def _row_of(holder: Holder) -> Row:
    return {name: getattr(holder, name) for name in Holder.__slots__}


def _holder_from(row: Row) -> Holder:
    return Holder(**{name: row[name] for name in Holder.__slots__})  # type: ignore[arg-type]


def _process_began(process: int) -> int:
    """Seconds since 1970; 0 where that can't be told. Raises ProcessLookupError if it is over."""
    import psutil  # noqa: PLC0415 - for those who write

    try:
        found = psutil.Process(process)
        if found.status() != psutil.STATUS_ZOMBIE:
            return int(found.create_time())
    except psutil.NoSuchProcess:
        pass
    except psutil.Error:
        return 0
    raise ProcessLookupError(process)
