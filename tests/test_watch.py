"""Watching a folder: changes are synced, and whatever happens to the folder is survived."""

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from queue import Queue

import pytest

from index import watch as watching
from index.errors import ArticlesError, DatelineError, StoreError
from index.report import SyncReport
from index.watch import PACE, Outcome, Pace, watch

QUICK = Pace(quiet=0.02, most=0.5, retry=0.05, look=3600)
LONGEST_SECONDS = 30
REPORT = SyncReport(new=("a.txt",), changed=(), deleted=(), unchanged=0, bad=(), passages=1)


def look_at(folder: Path) -> SyncReport | None:
    """What is in the folder now, as if it were all new."""
    try:
        names = tuple(sorted(path.name for path in folder.iterdir()))
    except OSError as error:
        raise ArticlesError(f"There is no folder {folder}.") from error
    return replace(REPORT, new=names)


class Watched:
    """A watch in a thread; `next` waits for what it tells."""

    def __init__(self, folder: Path, refresh: Callable[[], SyncReport | None], pace: Pace) -> None:
        self._stop = threading.Event()
        self._found: Queue[Outcome] = Queue()
        self._watch = watch(folder, refresh, stop=self._stop, pace=pace)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        for outcome in self._watch:
            self._found.put(outcome)

    def next(self) -> Outcome:
        return self._found.get(timeout=LONGEST_SECONDS)

    def until(self, *names: str) -> None:
        """Wait until exactly these files were seen."""
        while True:
            found = self.next()
            if isinstance(found, SyncReport) and found.new == names:
                return

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(LONGEST_SECONDS)
        assert not self._thread.is_alive()

    @property
    def is_quiet(self) -> bool:
        return self._found.empty()


@pytest.fixture
def start() -> Iterator[Callable[..., Watched]]:
    begun: list[Watched] = []

    def begin(folder: Path, refresh: Callable[[], SyncReport | None] | None = None) -> Watched:
        begun.append(Watched(folder, refresh or (lambda: look_at(folder)), QUICK))
        return begun[-1]

    yield begin
    for each in begun:
        each.stop()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "news"
    found.mkdir()
    return found


def test_changes_are_told(folder: Path, start: Callable[..., Watched]) -> None:
    watched = start(folder)
    watched.until()  # what changed before anybody watched is looked for first
    (folder / "a.txt").write_text("One.")
    watched.until("a.txt")
    (folder / "b.txt").write_text("Two.")
    watched.until("a.txt", "b.txt")
    (folder / "a.txt").unlink()
    watched.until("b.txt")


def test_hidden_files_wake_nobody(folder: Path, start: Callable[..., Watched]) -> None:
    (folder / ".dateline").mkdir()
    watched = start(folder)
    watched.until(".dateline")
    for number in range(20):
        (folder / ".dateline" / f"{number}.bin").write_text("")
    (folder / "a.txt").write_text("One.")
    watched.until(".dateline", "a.txt")
    assert watched.is_quiet


def test_a_folder_that_disappears_is_waited_for(
    folder: Path, start: Callable[..., Watched]
) -> None:
    watched = start(folder)
    watched.until()
    away = folder.rename(folder.with_name("away"))
    gone = watched.next()
    while isinstance(gone, SyncReport):
        gone = watched.next()
    assert "There is no folder" in str(gone)
    away.rename(folder)
    (folder / "a.txt").write_text("One.")
    watched.until("a.txt")
    # It is the new folder that is watched from then on.
    (folder / "b.txt").write_text("Two.")
    watched.until("a.txt", "b.txt")


def test_another_folder_in_its_place_is_noticed(
    folder: Path, tmp_path: Path, start: Callable[..., Watched]
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "z.txt").write_text("Other news.")
    link = tmp_path / "link"
    link.symlink_to(folder)
    watched = start(link)
    watched.until()
    fresh = tmp_path / "fresh"
    fresh.symlink_to(other)
    os.replace(fresh, link)  # noqa: PTH105 - in one step
    watched.until("z.txt")


def failing(*errors: Exception | None) -> Callable[[], SyncReport | None]:
    """A refresh that raises these in turn, and from then on does what it should."""
    left = list(errors)

    def refresh() -> SyncReport | None:
        error = left.pop(0) if left else None
        if error is not None:
            raise error
        return REPORT

    return refresh


def test_an_error_is_told_once_and_tried_again(
    folder: Path, start: Callable[..., Watched], caplog: pytest.LogCaptureFixture
) -> None:
    full = StoreError("No space left.")
    refresh = failing(full, full, full, ValueError("odd"), ArticlesError("Nothing there."))
    watched = start(folder, refresh)
    told = [watched.next() for _ in range(4)]
    assert [str(each) for each in told[:3]] == [
        "No space left.",
        "Something went wrong: odd.",
        "Nothing there.",
    ]
    assert all(isinstance(each, DatelineError) for each in told[:3])
    assert told[3] == REPORT
    assert "Traceback" in caplog.text  # of what nobody foresaw


def test_where_the_system_cannot_watch_the_folder_is_looked_at(
    folder: Path, start: Callable[..., Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> Iterator[object]:
        raise OSError("OS file watch limit reached.")

    monkeypatch.setattr(watching, "_changes", refuse)
    watched = start(folder)
    watched.until()
    (folder / "a.txt").write_text("One.")
    watched.until("a.txt")


def test_the_folder_is_looked_at_now_and_then_in_any_case(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = threading.Event()

    def silent(*_: object) -> Iterator[object]:
        yield {"a change"}
        yield from (() for _ in range(5))
        stop.set()

    monkeypatch.setattr(watching, "_changes", silent)
    looks = [*watch(folder, lambda: REPORT, stop=stop, pace=replace(QUICK, look=0))]
    assert looks == [REPORT] * 6
    stop.clear()
    assert [*watch(folder, lambda: REPORT, stop=stop, pace=QUICK)] == [REPORT]


def test_a_sync_that_changes_nothing_tells_nothing(folder: Path) -> None:
    stop = threading.Event()

    def refresh() -> None:
        stop.set()

    assert list(watch(folder, refresh, stop=stop, pace=QUICK)) == []
    assert PACE.look > PACE.retry > PACE.quiet
