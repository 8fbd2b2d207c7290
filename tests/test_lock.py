"""The writer's lock: one writes, others wait or are told who does."""

import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from filelock import FileLock
from made_vectors import ENVIRONMENT

from index.errors import StoreBusyError, StoreError
from index.lock import read_holder, writer_lock


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "store"


def busy(root: Path) -> StoreBusyError:
    with pytest.raises(StoreBusyError) as raised, writer_lock(root):
        pass
    return raised.value


def test_a_second_writer_is_told_who_writes(root: Path) -> None:
    with writer_lock(root):
        error = busy(root)
    assert str(error).startswith(f"Process {os.getpid()} on {socket.gethostname()}, since 20")
    assert str(error).endswith(
        f", is writing to the store {root}. Try again when it is done, or wait for it with: "
        "dateline index --wait"
    )
    assert error.retryable
    with writer_lock(root):
        pass  # free again
    assert read_holder(root) is None


def test_a_writer_waits_as_long_as_it_is_told(root: Path) -> None:
    held, free = threading.Event(), threading.Event()

    def hold() -> None:
        with writer_lock(root):
            held.set()
            free.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(10)
    threading.Timer(0.2, free.set).start()
    with writer_lock(root, wait_seconds=10):
        assert free.is_set()
    thread.join()


def test_the_lock_is_free_after_an_error_inside(root: Path) -> None:
    with pytest.raises(OSError, match="inside"), writer_lock(root):
        raise OSError("inside")
    with writer_lock(root):
        pass


HOLDS = """
import sys
from pathlib import Path
from index.lock import writer_lock
with writer_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_lock_of_a_killed_process_is_free(root: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(root)],
        env=ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        assert str(busy(root)).startswith(f"Process {process.pid} on ")
        process.kill()
        process.wait()
    assert (root / "writer").exists()
    assert read_holder(root) is None  # what it left doesn't lie
    with writer_lock(root):
        assert "is writing" in str(busy(root))


def note(process: int, machine: str) -> str:
    return json.dumps({"process": process, "machine": machine, "since": 1_764_000_000.0})


@pytest.mark.parametrize(
    "written",
    ["", "{", "[]", '"x"', "{}", "Process 7", note(2**70, socket.gethostname()), None]
    + [json.dumps({"process": 1, "machine": "elsewhere", "since": "x"})],
)
def test_a_note_that_says_nothing(root: Path, written: str | None) -> None:
    root.mkdir()
    with FileLock(root / "write.lock"):
        if written is not None:
            (root / "writer").write_text(written)
        assert str(busy(root)).startswith("Another process is writing to the store")


def test_a_holder_on_another_machine_is_believed(root: Path) -> None:
    root.mkdir()
    with FileLock(root / "write.lock"):
        (root / "writer").write_text(note(2**22 + 1, "elsewhere"))
        assert str(busy(root)).startswith(f"Process {2**22 + 1} on elsewhere, since 2025-11-2")


def test_a_note_that_cannot_be_written_stops_nobody(root: Path) -> None:
    (root / "writer").mkdir(parents=True)
    with writer_lock(root):
        assert str(busy(root)).startswith("Another process is writing")


def test_a_lock_that_cannot_be_opened(root: Path) -> None:
    (root / "write.lock").mkdir(parents=True)
    with pytest.raises(StoreError, match="can't be written.*--store"), writer_lock(root):
        pass


def test_a_store_below_a_file(root: Path) -> None:
    root.write_text("x")
    with (
        pytest.raises(StoreError, match="can't be written.*--store"),
        writer_lock(root / "store"),
    ):
        pass


def test_a_file_system_without_locks(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr("fcntl.flock", missing)
    with (
        pytest.raises(StoreError, match="can't be written: Function not implemented.*--store"),
        writer_lock(root),
    ):
        pass
