"""Blocking iterators read from the event loop: whatever happens to the reader, they are closed."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator

import pytest

from index.errors import InputError
from qa.threads import iterate_in_thread

MANY = 40  # more than the threads of asyncio's own pool


class Slow:
    """An iterator whose first item takes until `gate` is opened. It notes being closed."""

    def __init__(self) -> None:
        self.running, self.gate, self.closed = (threading.Event() for _ in range(3))

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        self.running.set()
        self.gate.wait(30)
        return 1

    def close(self) -> None:
        self.closed.set()


async def test_leaving_an_asynchronous_stream_closes_what_it_reads() -> None:
    closed = threading.Event()

    def numbers() -> Iterator[int]:
        try:
            yield from range(10)
        finally:
            closed.set()

    stream = iterate_in_thread(numbers())
    assert [await anext(stream), await anext(stream)] == [0, 1]
    await stream.aclose()
    assert closed.is_set()


async def test_an_error_comes_through_the_thread() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise InputError("no")

    with pytest.raises(InputError, match="no"):
        await read_all(iterate_in_thread(failing()))


async def test_a_reader_cancelled_twice_still_closes() -> None:
    # As when a page is closed: the session stops its task, and so does the event that waits.
    slow = Slow()
    reader = asyncio.create_task(read_all(iterate_in_thread(slow)))
    await asyncio.to_thread(slow.running.wait, 30)
    for _ in range(2):
        reader.cancel()
        await asyncio.sleep(0.01)
    slow.gate.set()
    with pytest.raises(asyncio.CancelledError):
        await reader
    assert await asyncio.to_thread(slow.closed.wait, 5)


async def test_many_that_wait_keep_nobody_from_going_on() -> None:
    all_wait = threading.Barrier(MANY)

    def waiting() -> Iterator[int]:
        yield all_wait.wait(30)  # breaks where fewer threads than iterators are at work

    found = await asyncio.gather(*(read_all(iterate_in_thread(waiting())) for _ in range(MANY)))
    assert sorted(number for (number,) in found) == list(range(MANY))


async def read_all(items: AsyncIterator[int]) -> list[int]:
    return [item async for item in items]
