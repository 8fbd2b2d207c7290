"""Blocking iterators in asynchronous code, and asynchronous ones in blocking code."""

import asyncio
import contextvars
import queue
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import aclosing
from typing import Any, TypeVar

from anyio.from_thread import start_blocking_portal

Item = TypeVar("Item")
_END = object()
_closing: set[asyncio.Task[None]] = set()  # the event loop itself holds its tasks but weakly


async def iterate_in_thread(iterator: Iterator[Item]) -> AsyncGenerator[Item, None]:
    """The items of a blocking iterator. Closing this closes `iterator`, which stops its work.

    A generator can't be closed while it runs, so a step under way is waited for first; what
    blocks for long must give a sign of life now and then. Each iterator has a thread of its own:
    asyncio's own pool has but a few, which those that wait would keep from those that write.
    """
    step: asyncio.Future[object] | None = None
    thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="stream")
    try:
        while True:
            step = _run(thread, _step, iterator)
            item = await asyncio.shield(step)
            if item is _END:
                return
            yield item  # type: ignore[misc]
    finally:
        # In a task of its own: whoever waits here may be cancelled once more.
        closing = asyncio.ensure_future(_close(iterator, step, thread))
        _closing.add(closing)
        closing.add_done_callback(_closing.discard)
        await asyncio.shield(closing)


async def _close(
    iterator: Iterator[Item], step: asyncio.Future[object] | None, thread: ThreadPoolExecutor
) -> None:
    try:
        if step is not None and not step.done():
            await asyncio.wait([step])
        close = getattr(iterator, "close", None)
        if close is not None:
            await _run(thread, close)
    finally:
        thread.shutdown(wait=False)


def _run(
    thread: ThreadPoolExecutor, work: Callable[..., object], *arguments: object
) -> asyncio.Future[object]:
    context = contextvars.copy_context()
    return asyncio.get_running_loop().run_in_executor(thread, context.run, work, *arguments)


def _step(iterator: Iterator[Item]) -> object:
    return next(iterator, _END)


def iterate_in_loop(
    open_items: Callable[[], AsyncGenerator[Item, None]], *, beat_seconds: float
) -> Generator[Item | None, None, None]:
    """The items of an asynchronous generator, run on a loop in a thread of its own.

    Gives None whenever `beat_seconds` have passed without an item: a moment in which to stop.
    Closing this cancels the generator at whatever it waits for.
    """
    items: queue.SimpleQueue[Any] = queue.SimpleQueue()

    async def work() -> None:
        async with aclosing(open_items()) as opened:
            async for item in opened:
                items.put(item)

    with start_blocking_portal() as portal:
        working: Future[None] = portal.start_task_soon(work)
        working.add_done_callback(lambda _: items.put(_END))
        try:
            while True:
                try:
                    item = items.get(timeout=beat_seconds)
                except queue.Empty:
                    yield None
                    continue
                if item is _END:
                    return working.result()
                yield item
        finally:
            working.cancel()
