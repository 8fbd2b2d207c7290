"""The writer's lease: one holder at a time, told from the dead by no clock but the waiter's own."""

import platform
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from chroma_server import opened, running_server

from index.errors import StoreBusyError, StoreError
from index.lease import (
    CONFIRM_SECONDS,
    EXPIRE_SECONDS,
    HELD,
    LOOK_SECONDS,
    RELEASED,
    RENEW_SECONDS,
    Clock,
    Lease,
    system_clock,
)
from index.tables import Row, Rows

SECOND = 1_000_000_000
NOW = 1_732_300_000 * SECOND


class MadeTable:
    """A table in memory that keeps what the server's tables do."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}

    def read(self) -> Rows:
        return dict(self.rows)

    def add(self, row_id: str, row: Row) -> None:
        self.rows.setdefault(row_id, row)

    def change(self, row_id: str, row: Row) -> None:
        if row_id in self.rows:
            self.rows[row_id] = {**self.rows[row_id], **row}

    def remove(self, ids: list[str]) -> None:
        for each in ids:
            self.rows.pop(each, None)


class MadeClock:
    """Time passes only in `sleep`; `at` is done once the clock has come that far."""

    def __init__(self, server_ns: int = NOW) -> None:
        self.now, self.server = 0.0, server_ns
        self.at: dict[float, Callable[[], None]] = {}

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.server += int(seconds * SECOND)
        for when in [each for each in self.at if each <= self.now]:
            self.at.pop(when)()

    def clock(self) -> Clock:
        return Clock(lambda: self.now, self.sleep, lambda: self.server)


@pytest.fixture
def table() -> MadeTable:
    return MadeTable()


@pytest.fixture
def time() -> MadeClock:
    return MadeClock()


@pytest.fixture
def lease(table: MadeTable, time: MadeClock) -> Lease:
    return Lease(table, "http://127.0.0.1:8000/news", time.clock())


def elsewhere(table: MadeTable, **changes: str | int) -> str:
    """Another machine's process holds the lease; the id of its row."""
    row: dict[str, str | int] = {
        "term": 4,
        "token": "other",
        "machine": "desk-3",
        "process": 77,
        "process_began": 5,
        "since": "2026-11-23 10:00 UTC",
        "beat": 0,
        "renewed_ns": NOW,
        "state": HELD,
    }
    table.rows["term:4"] = row | changes
    return "term:4"


def test_one_holds_it_and_gives_it_back(lease: Lease, table: MadeTable) -> None:
    assert lease.term is None
    with lease.held():
        assert lease.term == 1
        assert not lease.took_over
        lease.check()
    assert lease.term is None
    with lease.held():
        assert lease.term == 2
        assert not lease.took_over
    assert [row["state"] for row in table.rows.values()] == [RELEASED]


def test_a_second_writer_is_told_who_writes(lease: Lease, table: MadeTable) -> None:
    elsewhere(table)
    with (
        pytest.raises(
            StoreBusyError,
            match="Process 77 on desk-3, since 2026-11-23 10:00 UTC, is writing to the store "
            "http://127.0.0.1:8000/news.*--wait",
        ) as raised,
        lease.held(),
    ):
        pass
    assert raised.value.retryable
    assert lease.term is None


def test_one_who_waits_gets_it_when_it_is_given_back(
    lease: Lease, table: MadeTable, time: MadeClock
) -> None:
    row = elsewhere(table)
    time.at[5.0] = lambda: table.change(row, {"state": RELEASED})
    with lease.held(wait_seconds=60):
        assert (lease.term, lease.took_over) == (5, False)
    assert 5 <= time.now <= 5 + LOOK_SECONDS


def test_one_who_waits_gives_up_in_time(lease: Lease, table: MadeTable, time: MadeClock) -> None:
    row = elsewhere(table)
    for beat in range(1, 40):
        time.at[float(beat)] = lambda beat=beat: table.change(row, {"beat": beat})  # type: ignore[misc]
    with pytest.raises(StoreBusyError), lease.held(wait_seconds=35):
        pass
    assert 35 <= time.now <= 35 + LOOK_SECONDS


def test_a_holder_that_falls_silent_is_over(
    lease: Lease, table: MadeTable, time: MadeClock
) -> None:
    row = elsewhere(table)
    time.at[10.0] = lambda: table.change(row, {"beat": 1})
    with lease.held(wait_seconds=1000):
        assert (lease.term, lease.took_over) == (5, True)
    assert 10 + EXPIRE_SECONDS <= time.now <= 10 + EXPIRE_SECONDS + 2 * LOOK_SECONDS


@pytest.mark.parametrize(
    ("renewed_ns", "waits"),
    [
        (NOW - 3600 * SECOND, CONFIRM_SECONDS),  # long silent by the server's clock
        (NOW, None),
        (NOW + 3600 * SECOND, None),  # the server's clock was set back
    ],
)
def test_one_who_does_not_wait_looks_twice_at_a_holder_that_seems_dead(
    lease: Lease, table: MadeTable, time: MadeClock, renewed_ns: int, waits: float | None
) -> None:
    elsewhere(table, renewed_ns=renewed_ns)
    if waits is None:
        with pytest.raises(StoreBusyError), lease.held():
            pass
        assert time.now == 0
        return
    with lease.held():
        assert lease.took_over
    assert waits <= time.now <= waits + LOOK_SECONDS


def test_a_living_holder_keeps_it_whatever_the_clocks_say(
    lease: Lease, table: MadeTable, time: MadeClock
) -> None:
    row = elsewhere(table, renewed_ns=NOW - 3600 * SECOND)  # the server's clock went forward
    time.at[RENEW_SECONDS] = lambda: table.change(row, {"beat": 1, "renewed_ns": time.server})
    with pytest.raises(StoreBusyError), lease.held():
        pass
    assert RENEW_SECONDS <= time.now <= RENEW_SECONDS + LOOK_SECONDS


@pytest.mark.parametrize(
    ("changes", "is_gone"),
    [
        ({}, False),  # another machine's process 77 may well be there
        ({"machine": platform.node(), "process": 2**22 + 1}, True),
        ({"machine": platform.node(), "process": 1, "process_began": 5}, True),  # another by now
        ({"machine": platform.node(), "process": 1, "process_began": 0}, False),  # not known
    ],
)
def test_a_process_of_this_machine_that_is_gone(
    lease: Lease, table: MadeTable, changes: dict[str, str | int], is_gone: bool
) -> None:
    elsewhere(table, **changes)
    if is_gone:
        with lease.held():
            assert (lease.term, lease.took_over) == (5, True)
    else:
        with pytest.raises(StoreBusyError), lease.held():
            pass


def test_after_an_error_the_next_one_knows(lease: Lease) -> None:
    with pytest.raises(OSError, match="inside"), lease.held():
        raise OSError("inside")
    with lease.held():
        assert lease.took_over


def test_a_lease_that_was_taken_over_is_lost(lease: Lease, table: MadeTable) -> None:
    with lease.held():
        elsewhere(table)
        with pytest.raises(StoreError, match="taken over.*Run the command again"):
            lease.check()
    assert table.rows["term:4"]["state"] == HELD, "what is another's stays as it is"


def test_a_lease_that_is_not_held_is_lost(lease: Lease) -> None:
    with pytest.raises(StoreError, match="taken over"):
        lease.check()


def test_the_slower_of_two_waits(lease: Lease, table: MadeTable) -> None:
    add = table.add

    def slower(row_id: str, row: Row) -> None:
        elsewhere(table, term=1)
        table.rows["term:1"] = table.rows.pop("term:4")
        add(row_id, row)

    table.add = slower  # type: ignore[method-assign]
    with pytest.raises(StoreBusyError, match="desk-3"), lease.held():
        pass


def test_one_thread_of_a_process_holds_it(lease: Lease) -> None:
    with lease.held(), ThreadPoolExecutor(1) as pool:
        other = pool.submit(lease.held().__enter__)
        with pytest.raises(StoreBusyError, match="This process is writing"):
            other.result()


def test_rows_that_are_no_holders(lease: Lease, table: MadeTable) -> None:
    table.rows["term:4"] = {"term": 4}
    with pytest.raises(StoreError, match="damaged.*another name"), lease.held():
        pass


def test_it_is_renewed_in_the_background(
    lease: Lease, table: MadeTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.lease.RENEW_SECONDS", 0.001)
    renewed, change = threading.Event(), table.change

    def noticed(row_id: str, row: Row) -> None:
        change(row_id, row)
        if row.get("beat") == 3:
            renewed.set()
        if row.get("beat") == 2:
            raise StoreError("The server was away for a moment.")

    table.change = noticed  # type: ignore[method-assign]
    with lease.held():
        assert renewed.wait(10)


# On a real server


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_server(tmp_path_factory.mktemp("chroma")) as found:
        yield found


@pytest.mark.sockets
def test_of_many_at_once_one_gets_it(url: str) -> None:
    held, most, lock = 0, 0, threading.Lock()

    def write(number: int) -> None:
        nonlocal held, most
        with opened(url, f"writer{number}") as server:
            lease = Lease(server.table("crowd.lease"), "crowd", _quick(server.now_ns))
            with lease.held(wait_seconds=60):
                with lock:
                    held += 1
                    most = max(most, held)
                lease.check()
                with lock:
                    held -= 1

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(6)))
    assert most == 1
    with opened(url, "reader") as server:
        rows = server.table("crowd.lease").read()
        assert [row["term"] for row in rows.values()] == [6]


@pytest.mark.sockets
def test_the_lease_of_a_killed_process_is_free(url: str) -> None:
    script = (
        "import sys; from index.lease import *; from index.server import ServerAddress\n"
        "from index.tables import Server\n"
        "server = Server(ServerAddress(sys.argv[1], 'killed'))\n"
        "lease = Lease(server.table('killed.lease'), 'killed', system_clock(server.now_ns))\n"
        "with lease.held(): print('held', flush=True); sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, url],
        cwd=Path(__file__).parents[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process, opened(url, "killed") as server:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        lease = Lease(server.table("killed.lease"), "killed", system_clock(server.now_ns))
        with pytest.raises(StoreBusyError, match=f"Process {process.pid} on"), lease.held():
            pass
        process.kill()
        process.wait()
        with lease.held():
            assert (lease.term, lease.took_over) == (2, True)


def _quick(server_ns: Callable[[], int]) -> Clock:
    clock = system_clock(server_ns)
    return Clock(clock.monotonic, lambda _: clock.sleep(0.01), server_ns)
