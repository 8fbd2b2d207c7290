"""The passages' vectors as one matrix beside their index, for exact search and narrow filters.

Chroma takes a second or more to give out 5,000 vectors; the matrix is there at once, and in memory
only as far as it is looked at. A writer leaves the vectors that it makes for the next reader, who
puts them into a new matrix with those that stay. What is nowhere here is fetched.

    vectors.npz             the passages' ids, the matrix's name and its checksum
    vectors-<random>.npy    the matrix; readers of an older one keep it until they are done
    new-<random>.npz        vectors that a writer left
"""

import contextlib
import logging
import secrets
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from index.embedding import Vectors
from index.kept_files import (
    LEFT_SECONDS,
    from_lines,
    load_arrays,
    remove_others,
    replacing,
    save_arrays,
    to_lines,
)

ROWS_AT_ONCE = 5000
NAMES = "vectors.npz"
NEW = "new-*.npz"
log = logging.getLogger(__name__)

Fetch = Callable[[Sequence[str]], Vectors]


@dataclass(frozen=True, slots=True, eq=False)
class _Matrix:
    ids: tuple[str, ...]
    rows: Vectors


def leave_vectors(ids: Sequence[str], vectors: Vectors, folder: Path | None) -> None:
    """Keep vectors that were just made for the next reader, where they can be kept."""
    if folder is None:
        return
    arrays = {"ids": to_lines(ids), "rows": vectors.astype("<f4")}
    try:
        save_arrays(folder / f"new-{secrets.token_hex(6)}.npz", arrays)
    except OSError as error:
        log.debug("New vectors can't be kept in %s: %s", folder, error)


def load_vectors(ids: Sequence[str], fetch: Fetch, folder: Path | None) -> Vectors:
    """The vectors of these passages, shape (ids, dimensions), float32; read only.

    `fetch` gives the vectors of ids that aren't kept in `folder` yet, and raises what it raises.
    What is kept but damaged, or can't be kept, is done without.
    """
    if not ids:
        return np.zeros((0, 0), dtype=np.float32)
    if folder is None:
        return np.concatenate(list(_blocks(ids, (), fetch)))
    kept = _load(folder)
    if kept and kept.ids == tuple(ids):
        return kept.rows
    left = [(path, new) for path in folder.glob(NEW) if (new := _left(path))]
    sources = (*([kept] if kept else []), *(new for _, new in left))
    try:
        rows = _save(folder, ids, _blocks(ids, sources, fetch))
    except OSError as error:
        log.debug("The vectors can't be kept in %s: %s", folder, error)
        return np.concatenate(list(_blocks(ids, sources, fetch)))
    _remove(left, frozenset(ids))
    return rows


def _blocks(ids: Sequence[str], sources: Sequence[_Matrix], fetch: Fetch) -> Iterator[Vectors]:
    """The rows in order, some at a time: those that are kept, and those that are fetched."""
    places = {key: (each.rows, row) for each in sources for row, key in enumerate(each.ids)}
    for first in range(0, len(ids), ROWS_AT_ONCE):
        some = ids[first : first + ROWS_AT_ONCE]
        missing = [key for key in some if key not in places]
        fetched = iter(fetch(missing) if missing else ())
        found = (places.get(key) for key in some)
        yield np.stack([next(fetched) if place is None else place[0][place[1]] for place in found])


def _save(folder: Path, ids: Sequence[str], blocks: Iterator[Vectors]) -> Vectors:
    path = folder / f"vectors-{secrets.token_hex(6)}.npy"
    checksum = 0
    # Not through a memory map: where the disk is full, writing to one kills the process.
    with replacing(path) as unfinished, unfinished.open("wb") as file:
        for block in blocks:
            if not file.tell():
                shape = (len(ids), block.shape[1])
                header = {"descr": "<f4", "fortran_order": False, "shape": shape}
                np.lib.format.write_array_header_1_0(file, header)
            content = block.astype("<f4").tobytes()
            file.write(content)
            checksum = zlib.crc32(content, checksum)
    names = {"ids": to_lines(ids), "name": to_lines((path.name,))}
    save_arrays(folder / NAMES, {**names, "checksum": np.array([checksum], dtype=np.uint32)})
    remove_others(path, "vectors-*.npy")
    return _mapped(path)


def _load(folder: Path) -> _Matrix | None:
    named = load_arrays(folder / NAMES)
    if named is None:
        return None
    ids, (name,) = from_lines(named["ids"]), from_lines(named["name"])
    try:
        rows = _mapped(folder / name)
    except (OSError, ValueError, EOFError):
        log.debug("The vectors in %s are read anew", folder, exc_info=True)
        return None
    is_whole = len(rows) == len(ids) and zlib.crc32(rows.data) == named["checksum"][0]
    return _Matrix(ids, rows) if is_whole else None


def _left(path: Path) -> _Matrix | None:
    arrays = load_arrays(path)
    if arrays is None:  # damaged, and never written again
        with contextlib.suppress(OSError):
            path.unlink()
        return None
    return _Matrix(from_lines(arrays["ids"]), arrays["rows"])


def _remove(left: Sequence[tuple[Path, _Matrix]], taken: frozenset[str]) -> None:
    """Remove what is in the matrix by now, and what was never committed."""
    old = time.time() - LEFT_SECONDS
    for path, new in left:
        with contextlib.suppress(OSError):
            if taken.issuperset(new.ids) or path.stat().st_mtime < old:
                path.unlink()


def _mapped(path: Path) -> Vectors:
    rows: Vectors = np.load(path, mmap_mode="r", allow_pickle=False)
    return rows
