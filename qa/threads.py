"""Blocking iterators in asynchronous code, without blocking the loop."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import TypeVar

Item = TypeVar("Item")
_END = object()


async def iterate_in_thread(iterator: Iterator[Item]) -> AsyncGenerator[Item, None]:
    """The items of a blocking iterator. Closing this closes `iterator`, which stops its work."""
    try:
        while True:
            item = await asyncio.shield(asyncio.ensure_future(asyncio.to_thread(_step, iterator)))
            if item is _END:
                return
            yield item  # type: ignore[misc]
    finally:
        close = getattr(iterator, "close", None)
        if close is not None:
            await asyncio.shield(asyncio.ensure_future(asyncio.to_thread(_close, close)))


def _step(iterator: Iterator[Item]) -> object:
    return next(iterator, _END)


def _close(close: Callable[[], None]) -> None:
    try:
        close()
    except ValueError:  # a generator that is still running in another thread
        return
