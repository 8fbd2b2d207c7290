"""The writer's lock of a store in a folder: one process writes, others wait or are told who does.

The operating system holds the lock, so that it ends with the process, however that ends. The note
beside it only says whose it is.
"""

import contextlib
import json
import os
import socket
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from index.errors import StoreBusyError
from index.store_errors import unwritable

LOCK = "write.lock"
NOTE = "writer"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who writes: a process of a machine, since when in seconds of its clock."""

    process: int
    machine: str
    since: float

    def __str__(self) -> str:
        """As the beginning of a sentence."""
        begun = datetime.fromtimestamp(self.since).astimezone()
        return f"Process {self.process} on {self.machine}, since {begun:%Y-%m-%d %H:%M},"

    @property
    def may_live(self) -> bool:
        """Whether the process could still be there; a note outlives a process that was killed."""
        if self.machine != socket.gethostname():
            return True
        try:
            os.kill(self.process, 0)
        except ProcessLookupError:
            return False
        except OSError:  # another user's
            return True
        return True


@contextlib.contextmanager
def writer_lock(root: Path, *, wait_seconds: float = 0) -> Iterator[None]:
    """Hold the lock of the store at `root`, which is created.

    Raises StoreBusyError where another process holds it for longer than `wait_seconds`, StoreError
    where the folder can't be written or its file system has no locks.
    """
    lock = FileLock(root / LOCK, fallback_to_soft=False)
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=wait_seconds)
    except Timeout as error:
        raise _busy(root) from error
    except (OSError, NotImplementedError) as error:
        raise unwritable(root, getattr(error, "strerror", None) or str(error)) from error
    note = root / NOTE
    try:
        holder = Holder(os.getpid(), socket.gethostname(), time.time())
        with contextlib.suppress(OSError):  # only a courtesy to who has to wait
            note.write_text(json.dumps(asdict(holder)), encoding="utf-8")
        yield
    finally:
        with contextlib.suppress(OSError):
            note.unlink()
        lock.release()


def read_holder(root: Path) -> Holder | None:
    """Who holds the lock, as far as that is known."""
    try:
        holder = Holder(**json.loads((root / NOTE).read_text(encoding="utf-8")))
        return holder if holder.may_live and str(holder) else None
    except (OSError, ValueError, TypeError, OverflowError):
        return None


def _busy(root: Path) -> StoreBusyError:
    holder = read_holder(root)
    who = f"{holder} is" if holder else "Another process is"
    return StoreBusyError(
        f"{who} writing to the store {root}. Try again when it is done, or wait for it with: "
        "dateline index --wait"
    )
