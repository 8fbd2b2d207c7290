"""The ledger in a folder: the contract, and what may happen to a file."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import REPOSITORY
from ledger_contract import RECIPE, LedgerContract, OpenLedger, assert_holds, ids, made

from index.errors import StoreBusyError, StoreError
from index.ledger import Change
from index.sqlite_ledger import SqliteLedger, read_head


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / os.fsdecode(b"st\xe9re #1?") / "index"


@pytest.fixture
def open_ledger(folder: Path) -> OpenLedger:
    return lambda: SqliteLedger(folder, RECIPE)


class TestSqliteLedger(LedgerContract):
    """A ledger in a folder whose name is odd."""


def test_reading_creates_nothing(open_ledger: OpenLedger, folder: Path) -> None:
    assert open_ledger().load() is None
    assert not folder.exists()


def test_head_of_a_ledger(open_ledger: OpenLedger, folder: Path) -> None:
    assert read_head(folder) is None
    open_ledger().intend(["a"])
    assert read_head(folder) == (RECIPE, False)
    open_ledger().commit(Change(is_complete=True))
    assert read_head(folder) == (RECIPE, True)


def test_a_new_ledger_is_never_taken_for_the_old_one(open_ledger: OpenLedger, folder: Path) -> None:
    ledger = open_ledger()
    old = ledger.commit(Change(put=[made("a.txt")]))
    (folder / "ledger.sqlite3").unlink()
    assert ledger.generation() is None
    assert ledger.commit(Change(put=[made("b.txt")])).generation != old.generation
    assert_holds(ledger, [made("b.txt")])


def test_one_ledger_for_many_threads(open_ledger: OpenLedger) -> None:
    ledger = open_ledger()
    ledger.commit(Change(put=[made("a.txt")]))

    def read() -> None:
        for _ in range(20):
            assert ledger.generation() is not None
            loaded = ledger.load()
            assert loaded is not None
            assert [each.article.title for each in loaded[1]] in (["One"], ["Ferry"])

    with ThreadPoolExecutor(max_workers=3) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        for number in range(10):
            ledger.commit(Change(put=[made("a.txt", title="One" if number % 2 else "Ferry")]))
    for reader in readers:
        reader.result()


KILLED = """
import os, signal, sqlite3, sys
from pathlib import Path
import index.sqlite_ledger as module
from index.ledger import Change
from ledger_contract import RECIPE, made

def dies(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

setattr(module, sys.argv[2], dies)
module.SqliteLedger(Path(sys.argv[1]), RECIPE).commit(Change(put=[made("b.txt")], drop=["x"]))
"""


@pytest.mark.parametrize("step", ["_drop", "_put", "_change_files", "_count_commit", "_manifest"])
def test_killed_in_a_commit_leaves_the_old_state(
    open_ledger: OpenLedger, folder: Path, step: str
) -> None:
    open_ledger().commit(Change(put=[made("a.txt")]))
    open_ledger().intend(ids(made("b.txt")))
    run = subprocess.run(
        [sys.executable, "-c", KILLED, str(folder), step],
        env={**os.environ, "PYTHONPATH": f"{REPOSITORY}{os.pathsep}{REPOSITORY / 'tests'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == -9, run.stderr
    assert_holds(open_ledger(), [made("a.txt")])
    assert sorted(open_ledger().left_over()) == sorted(ids(made("b.txt")))
    open_ledger().commit(Change(put=[made("b.txt")]))
    assert_holds(open_ledger(), [made("a.txt"), made("b.txt")])


# What goes wrong


def emptied(file: Path) -> None:
    os.truncate(file, 100)


def cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def overwritten(file: Path) -> None:
    file.write_bytes(b"garbage" * 1000)


def of_another_shape(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("DROP TABLE article")
    connection.close()


def with_broken_facts(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE content SET facts = '{}'")
    connection.close()


def with_broken_sentences(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE passage SET sentences = x'000000'")
        connection.execute("UPDATE passage SET sentences = x'0000000000' WHERE position = 1")
    connection.close()


def with_broken_recipe(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE head SET recipe = x'ff'")
    connection.close()


def made_a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize(
    "damage",
    [
        emptied,
        cut,
        overwritten,
        of_another_shape,
        with_broken_facts,
        with_broken_sentences,
        with_broken_recipe,
    ],
)
def test_damage_is_told(
    open_ledger: OpenLedger, folder: Path, damage: Callable[[Path], None]
) -> None:
    open_ledger().commit(Change(put=[made(f"{number}.txt") for number in range(50)]))
    damage(folder / "ledger.sqlite3")
    with pytest.raises(StoreError, match="is damaged: .*Delete that folder.*dateline index"):
        open_ledger().load()


def test_a_ledger_that_cannot_be_opened(open_ledger: OpenLedger, folder: Path) -> None:
    open_ledger().commit(Change())
    made_a_folder(folder / "ledger.sqlite3")
    for act in (open_ledger().read_manifest, lambda: open_ledger().intend(["a"])):
        with pytest.raises(StoreError, match="can't be written: .*--store"):
            act()


def test_a_file_without_a_commit_is_an_empty_ledger(open_ledger: OpenLedger, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "ledger.sqlite3").touch()
    assert open_ledger().generation() is None
    assert open_ledger().load() is None
    open_ledger().commit(Change(put=[made("a.txt")]))
    assert_holds(open_ledger(), [made("a.txt")])


def test_no_space_leaves_the_old_state(
    open_ledger: OpenLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_ledger().commit(Change(put=[made("a.txt")]))
    connect = sqlite3.connect

    def full(*args: object, **kwargs: object) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*args, **kwargs)  # type: ignore[call-overload]
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
        return connection

    monkeypatch.setattr(sqlite3, "connect", full)
    with pytest.raises(StoreError, match=r"can't be written: .*full.*Make room"):
        open_ledger().commit(Change(put=[made("b.txt", "Long. " * 10_000)]))
    monkeypatch.undo()
    assert_holds(open_ledger(), [made("a.txt")])


def test_another_program_that_holds_the_file(
    open_ledger: OpenLedger, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_ledger().commit(Change(put=[made("a.txt")]))
    monkeypatch.setattr("index.sqlite_ledger.BUSY_SECONDS", 0)
    holder = sqlite3.connect(folder / "ledger.sqlite3", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreBusyError, match="in use by another process. Try again"):
        open_ledger().read_manifest()
    holder.close()
    assert_holds(open_ledger(), [made("a.txt")])


def test_a_folder_that_may_not_be_written(
    open_ledger: OpenLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(StoreError, match="can't be written: Permission denied.*permissions"):
        open_ledger().commit(Change())
