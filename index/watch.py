"""Syncs whenever the folder changes, and goes on whatever happens to it."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from index.errors import DatelineError
from index.report import SyncReport

log = logging.getLogger(__name__)

Outcome = SyncReport | DatelineError


@dataclass(frozen=True, slots=True)
class Pace:
    """How long is waited, in seconds.

    Changes are acted on when none came for `quiet`, or after `most` of them without a pause. What
    failed is tried again after `retry`. Every `look` the folder is compared without being told of
    a change: the system tells of none on network drives and in linked files.
    """

    quiet: float = 0.5
    most: float = 10
    retry: float = 5
    look: float = 60


PACE = Pace()


def watch(
    folder: Path,
    refresh: Callable[[], SyncReport | None],
    *,
    stop: threading.Event | None = None,
    pace: Pace = PACE,
) -> Iterator[Outcome]:
    """What each sync did, and each error, once while it lasts. Ends when `stop` is set.

    `refresh` syncs if anything changed. A folder that disappears is waited for.
    """
    stopped = stop or threading.Event()
    failure: str | None = None
    looked = time.monotonic()
    for has_changed in _wakes(folder, stopped, pace):
        is_due = time.monotonic() - looked >= pace.look
        if not (has_changed or is_due or failure):
            continue
        looked = time.monotonic()
        found = _try(refresh)
        failed = str(found) if isinstance(found, DatelineError) else None
        if found is not None and (failed is None or failed != failure):
            yield found
        failure = failed


def _try(refresh: Callable[[], SyncReport | None]) -> Outcome | None:
    try:
        return refresh()
    except DatelineError as error:
        return error
    except Exception as error:  # an edge: whoever watches is told, and goes on
        log.exception("Unexpected error")
        return DatelineError(f"Something went wrong: {error or type(error).__name__}.")


def _wakes(folder: Path, stopped: threading.Event, pace: Pace) -> Iterator[bool]:
    """Whether anything has changed, now and then and whenever something has.

    True at the start of each watching, for what changed while nobody watched.
    """
    while not stopped.is_set():
        place = _place(folder)
        try:
            is_first = True
            for changes in _changes(folder, stopped, pace):
                yield is_first or bool(changes)
                is_first = False
                if _place(folder) != place:
                    break
        except (OSError, RuntimeError) as error:
            # No such folder, or no more of what the system watches folders with.
            log.debug("%s isn't watched: %s", folder, error)
            yield True
            stopped.wait(pace.retry)


def _changes(folder: Path, stopped: threading.Event, pace: Pace) -> Iterator[object]:
    import watchfiles  # noqa: PLC0415 - only for those who watch

    root = folder.resolve(strict=True)

    def is_visible(_: object, path: str) -> bool:
        return not any(part.startswith(".") for part in Path(path).parts[len(root.parts) :])

    yield from watchfiles.watch(
        root,
        watch_filter=is_visible,
        step=_milliseconds(pace.quiet),
        debounce=_milliseconds(pace.most),
        rust_timeout=_milliseconds(pace.retry),
        yield_on_timeout=True,
        stop_event=stopped,
        ignore_permission_denied=True,
    )


def _place(folder: Path) -> tuple[int, int] | None:
    """What tells a folder from another one of the same name."""
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
