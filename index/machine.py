"""Whether the machine has the room that an index needs: on the disk and in memory."""

from collections.abc import Iterator
from pathlib import Path

from index.health import Finding
from index.library import Library

# A sync writes beside the old before it removes it, and compacting copies all vectors.
LEAST_DISK = 1_000_000_000
# 200,000 passages took 2 GB, interpreter and embedding model included (evals/bench/scale.py).
BYTES_A_PASSAGE, BYTES_ANYWAY = 6_000, 700_000_000


def examine_machine(library: Library) -> Iterator[Finding]:
    """Disk and memory, against what the index as it stands takes."""
    import psutil  # noqa: PLC0415 - only the doctor asks

    cache = library.store.cache_folder
    if cache is not None:
        held, place = _bytes_in(cache.parent), _existing(cache)
        free = psutil.disk_usage(str(place)).free
        told = f"The index takes {_size(held)}; {_size(free)} are free."
        is_enough = free > max(LEAST_DISK, held)
        mend = "" if is_enough else " Make room, or name another folder with --store."
        yield Finding("disk", is_enough, told + mend)
    manifest = library.store.read_manifest()
    needed = BYTES_ANYWAY + (manifest.passages if manifest else 0) * BYTES_A_PASSAGE
    memory = psutil.virtual_memory().available
    told = f"Searching takes some {_size(needed)}; {_size(memory)} are free."
    is_enough = memory > needed
    mend = "" if is_enough else " Close other programs, or index a smaller folder."
    yield Finding("memory to search", is_enough, told + mend)


def _bytes_in(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _existing(path: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next((each for each in (path, *path.resolve().parents) if each.exists()), Path.cwd())


def _size(count: int) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.0f} MB"
