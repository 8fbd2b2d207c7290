"""Takes a file out of the articles folder without destroying it."""

import itertools
from pathlib import Path

from index.errors import ArticlesError

REMOVED = ".removed"  # hidden, so that nothing in it is indexed


def set_aside(folder: Path, path: str) -> Path:
    """Move a file into the hidden folder `.removed`; returns where it is now.

    Raises ArticlesError where it is gone or can't be moved.
    """
    source = folder / path
    target = _free(folder / REMOVED / path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)
    except OSError as error:
        raise ArticlesError(
            f"{source} can't be moved to {target}: {error.strerror or error}. It is where it was."
        ) from error
    return target


def _free(target: Path) -> Path:
    """`target`, or with a number where something lies there already."""
    names = (target.with_name(f"{target.stem}-{n}{target.suffix}") for n in itertools.count(2))
    return next(path for path in itertools.chain((target,), names) if not path.exists())
