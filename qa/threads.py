"""Blocking iterators in asynchronous code, without blocking the loop."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from typing import TypeVar

Item = TypeVar("Item")
_END = object()
_closing: set[asyncio.Task[None]] = set()  # the event loop itself holds its tasks but weakly


async def iterate_in_thread(iterator: Iterator[Item]) -> AsyncGenerator[Item, None]:
    """The items of a blocking iterator. Closing this closes `iterator`, which stops its work.

    A generator can't be closed while it runs, so a step under way is waited for first; what
    blocks for long must give a sign of life now and then.
    """
    step: asyncio.Future[object] | None = None
    try:
        while True:
            step = asyncio.ensure_future(asyncio.to_thread(_step, iterator))
            item = await asyncio.shield(step)
            if item is _END:
                return
            yield item  # type: ignore[misc]
    finally:
        # In a task of its own: whoever waits here may be cancelled once more.
        closing = asyncio.ensure_future(_close(iterator, step))
        _closing.add(closing)
        closing.add_done_callback(_closing.discard)
        await asyncio.shield(closing)


async def _close(iterator: Iterator[Item], step: asyncio.Future[object] | None) -> None:
    if step is not None and not step.done():
        await asyncio.wait([step])
    close = getattr(iterator, "close", None)
    if close is not None:
        await asyncio.to_thread(close)


def _step(iterator: Iterator[Item]) -> object:
    return next(iterator, _END)
