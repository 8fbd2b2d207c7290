"""Files of derived data: replaced in one step, and done without where they are damaged."""

import contextlib
import logging
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]
UNFINISHED = "unfinished-"
LEFT_SECONDS = 3600.0  # an unfinished file that is older was left by a process that was killed
log = logging.getLogger(__name__)


def save_arrays(path: Path, arrays: Arrays) -> None:
    """Write arrays in place of what the file held. Raises OSError."""
    with replacing(path) as unfinished, unfinished.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def load_arrays(path: Path) -> Arrays | None:
    """What the file holds; None where there is none or it is damaged, which checksums tell."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as content:
            return {name: content[name] for name in content.files}
    except FileNotFoundError:
        return None
    except Exception:  # noqa: BLE001 - what a damaged archive raises shares no base class
        log.debug("%s can't be read and is made anew", path, exc_info=True)
        return None


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file to write; it takes the place of `path` once the block has ended well.

    Raises OSError where there is no room, or no leave to write.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=UNFINISHED, dir=path.parent)
    os.close(handle)
    try:
        yield Path(name)
        Path(name).replace(path)
    finally:
        with contextlib.suppress(OSError):
            Path(name).unlink()


def remove_others(path: Path, pattern: str) -> None:
    """Remove files of the folder that fit a pattern, but not `path`, and what was left unfinished.

    One that another program has open may stay.
    """
    old = time.time() - LEFT_SECONDS
    for other in (*path.parent.glob(pattern), *path.parent.glob(f"{UNFINISHED}*")):
        with contextlib.suppress(OSError):
            is_left = not other.name.startswith(UNFINISHED) or other.stat().st_mtime < old
            if other != path and is_left:
                other.unlink()


def to_lines(words: Iterable[str]) -> NDArray[np.uint8]:
    """Strings without line ends as an array, a line each."""
    return np.frombuffer("".join(f"{word}\n" for word in words).encode(), dtype=np.uint8)


def from_lines(lines: NDArray[np.uint8]) -> tuple[str, ...]:
    """The strings that `to_lines` made an array of."""
    return tuple(lines.tobytes().decode().split("\n")[:-1])
