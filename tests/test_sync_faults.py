"""What a sync makes of files that won't keep still, of a full disk, and of its own death."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import REPOSITORY, WordEmbedder
from sync_bench import SyncBench

from index import intake
from index.articles import read_articles
from index.build import sync
from index.corpus import load_corpus
from index.errors import StoreError
from index.files import BadFile, Listing, hash_file, list_files
from index.plan import plan_sync
from index.store import Store
from index.vectors import VectorIndex


@pytest.fixture
def bench(articles: Path, tmp_path: Path) -> SyncBench:
    return SyncBench(articles, tmp_path / "store")


# Files that won't keep still


def while_reading(
    monkeypatch: pytest.MonkeyPatch, act: Callable[[Path], None], *, times: int = 1
) -> list[str]:
    """Have something done to ferry.md right after it was read, so many times."""
    done: list[str] = []

    def read(folder: Path, path: str, sha256: str | None) -> Any:
        found = list(read_articles(folder, path, sha256))
        if path == "ferry.md" and len(done) < times:
            done.append(path)
            act(folder / path)
        return iter(found)

    monkeypatch.setattr(intake, "read_articles", read)
    return done


def append(path: Path) -> None:
    """More is written to the file, which is then another size."""
    path.write_text(path.read_text() + "\nThe ferry sails again.\n")


def test_a_file_that_changes_while_it_is_read_is_read_again(
    bench: SyncBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    while_reading(monkeypatch, append)
    report = bench.sync()
    assert (report.bad, len(report.new)) == ((), 3)
    assert "sails again" in bench.texts()["ferry.md"]
    bench.expect_exactly(bench.on_disk())


def test_a_file_that_keeps_changing_stays_as_it_was(
    bench: SyncBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.sync()
    before = bench.texts()
    append(bench.folder / "ferry.md")
    with monkeypatch.context() as patched:
        while_reading(patched, append, times=2)
        report = bench.sync()
    assert report.bad == (BadFile("ferry.md", intake.CHANGING),)
    assert not report.did_something
    assert bench.texts() == before
    report = bench.sync()
    assert (report.changed, report.bad) == (("ferry.md",), ())
    bench.expect_exactly(bench.on_disk())


def test_a_long_file_that_changes_while_it_is_read_ends_as_it_is(
    bench: SyncBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Records that were committed under way are replaced or dropped."""
    monkeypatch.setattr("index.batch.PASSAGES_A_COMMIT", 1)
    feed = bench.folder / "ferry.md"
    feed = feed.rename(feed.with_name("feed.jsonl"))
    lines = [f'{{"id": "{key}", "text": "Gate {key} is shut."}}' for key in "abc"]
    feed.write_text("\n".join(lines))
    seen: list[str] = []

    def read(folder: Path, path: str, sha256: str | None) -> Any:
        for article in read_articles(folder, path, sha256):
            yield article
            if path == "feed.jsonl" and not seen:
                seen.append(path)
                feed.write_text("\n".join([*lines[1:], '{"id": "d", "text": "Gate d."}']))

    monkeypatch.setattr(intake, "read_articles", read)
    bench.sync()
    records = {article.record for article in bench.corpus().articles.values() if article.record}
    assert records == {"b", "c", "d"}
    bench.expect_sound()


def test_a_file_that_disappears_while_it_is_read_is_gone(
    bench: SyncBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.sync()
    append(bench.folder / "ferry.md")
    while_reading(monkeypatch, Path.unlink)
    report = bench.sync()
    assert (report.deleted, report.bad) == (("ferry.md",), ())
    bench.expect_exactly(bench.on_disk())


def test_a_file_that_disappears_before_it_is_read_is_gone(
    bench: SyncBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = list_files(bench.folder)
    (bench.folder / "ferry.md").unlink()
    monkeypatch.setattr("index.plan.list_files", lambda folder: listed)
    report = bench.sync()
    assert report.new == ("council.txt", "cutter.txt")
    assert report.bad == ()


def refuse(folder: Path, path: str) -> str:
    if path == "ferry.md":
        raise PermissionError(13, "Permission denied")
    return hash_file(folder, path)


def test_a_file_that_cannot_be_opened_any_more_stays_as_it_was(
    bench: SyncBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.sync()
    before = bench.texts()
    append(bench.folder / "ferry.md")
    with monkeypatch.context() as patched:
        patched.setattr(intake, "hash_file", refuse)
        for _ in range(2):
            report = bench.sync()
            assert report.bad == (BadFile("ferry.md", "It can't be read: Permission denied."),)
            assert bench.texts() == before
    report = bench.sync()
    assert (report.changed, report.bad) == (("ferry.md",), ())
    bench.expect_exactly(bench.on_disk())


def test_a_folder_that_becomes_unreadable_keeps_what_was_in_it(
    bench: SyncBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bench.folder / "wire").mkdir()
    (bench.folder / "wire" / "storm.txt").write_text("A storm came.")
    bench.sync()
    bad = BadFile("wire", "It can't be read: Permission denied.")
    (bench.folder / "cutter.txt").unlink()
    (bench.folder / "new.txt").write_text("A new ferry came.")
    seen = tuple(f for f in list_files(bench.folder).files if not f.path.startswith("wire/"))
    with monkeypatch.context() as patched:
        patched.setattr("index.plan.list_files", lambda folder: Listing(seen, (bad,)))
        report = bench.sync()
    assert (report.new, report.deleted, report.bad) == (("new.txt",), ("cutter.txt",), (bad,))
    assert "wire/storm.txt" in bench.texts()
    assert bench.sync().bad == ()


def test_a_clock_that_was_set_back_hides_no_change(bench: SyncBench) -> None:
    future = 2**62
    os.utime(bench.folder / "ferry.md", ns=(future, future))
    bench.sync()
    path = bench.folder / "ferry.md"
    path.write_text(path.read_text().replace("Aurelia", "Borealis"[:7]))
    os.utime(path, ns=(future, future))
    assert bench.sync().changed == ("ferry.md",)
    bench.expect_exactly(bench.on_disk())


# A full disk


def test_no_space_left_keeps_what_was_there_and_goes_on_later(
    bench: SyncBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.sync()
    before = bench.on_disk()
    change_the_folder(bench.folder)

    def is_full(*_: Any) -> None:
        raise StoreError("The store can't be written: no space left on device.")

    with monkeypatch.context() as patched:
        patched.setattr(VectorIndex, "upsert", is_full)
        with pytest.raises(StoreError, match="no space left"):
            bench.sync()
    assert bench.texts() == before
    bench.expect_sound()
    bench.sync()
    bench.expect_exactly(bench.on_disk())


def test_what_is_committed_counts_though_it_cannot_be_put_in_order(
    bench: SyncBench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def is_full(self: Store) -> bool:
        raise StoreError("no space left on device")

    monkeypatch.setattr(Store, "compact", is_full)
    assert len(bench.sync().new) == 3
    assert "couldn't be put in order: no space left" in caplog.text
    bench.expect_exactly(bench.on_disk())


# Death


class Killed(BaseException):
    """The process ends here."""


@dataclass
class Countdown:
    """Kills at step `last`; steps are counted from 0."""

    last: int
    step: int = 0

    def tick(self) -> None:
        self.step += 1
        if self.step > self.last:
            raise Killed


class Mortal:
    """Stands for a ledger, vectors or embedder: dies before or after a call of one of `names`."""

    def __init__(self, inner: Any, countdown: Countdown, *names: str) -> None:
        self._inner, self._countdown, self._names = inner, countdown, names

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in self._names:
            return found

        def call(*args: Any) -> Any:
            self._countdown.tick()
            if name == "upsert":  # half of it
                ids, vectors, rows = args
                found(ids[:-1], vectors[:-1], rows[:-1])
                self._countdown.tick()
            given = found(*args)
            self._countdown.tick()
            return given

        return call


def sync_and_die(bench: SyncBench, last: int) -> bool:
    """Sync, dying at step `last`; False where it was done before that."""
    countdown = Countdown(last)
    store: Any = bench.store
    store.ledger = Mortal(store.ledger, countdown, "intend", "commit", "forget")
    store.vectors = Mortal(store.vectors, countdown, "upsert", "delete")
    try:
        with store.writing():
            embedder: Any = Mortal(bench.embedder, countdown, "embed")
            sync(bench.folder, store, embedder)
    except Killed:
        return True
    return False


def change_the_folder(folder: Path) -> None:
    (folder / "council.txt").write_text("The council went home. Nobody spoke. The fee stays.")
    (folder / "ferry.md").write_text("The Aurelia was sold.\n\nIts new name is Borea.")
    (folder / "cutter.txt").unlink()
    (folder / "new.txt").write_text("A new pilot came.\n\nShe stays.")


def expect_wholly_old_or_new(bench: SyncBench, old: dict[str, str], new: dict[str, str]) -> None:
    for path, text in bench.texts().items():
        assert text in (old.get(path), new.get(path))
    assert {"council.txt", "ferry.md"} <= bench.texts().keys()  # nothing that stays is lost
    bench.expect_sound()


@pytest.mark.parametrize(("passages_a_commit", "stride"), [(1, 3), (2000, 1)])
def test_after_a_crash_each_article_is_wholly_old_or_wholly_new(
    tmp_path: Path,
    articles: Path,
    monkeypatch: pytest.MonkeyPatch,
    passages_a_commit: int,
    stride: int,
) -> None:
    monkeypatch.setattr("index.batch.PASSAGES_A_COMMIT", passages_a_commit)
    before = SyncBench(articles, tmp_path / "store")
    before.sync()
    old = before.on_disk()
    step, died = 0, True
    while died:
        bench = SyncBench(tmp_path / f"articles-{step}", tmp_path / f"store-{step}")
        shutil.copytree(before.folder, bench.folder)
        shutil.copytree(before.root, bench.root)
        change_the_folder(bench.folder)
        died = sync_and_die(bench, step)
        expect_wholly_old_or_new(bench, old, bench.on_disk())
        bench.sync()
        bench.expect_exactly(bench.on_disk())
        assert plan_sync(bench.folder, bench.manifest()).is_empty
        step += stride
    # embed 2, intend 2, upsert 3, commit 2, delete 2, forget 2
    assert step > 13


def test_a_first_sync_that_dies_leaves_nothing_or_a_part(
    bench: SyncBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.batch.PASSAGES_A_COMMIT", 1)
    step = 0
    while sync_and_die(bench, step):
        manifest = bench.store.read_manifest()
        if manifest is not None:
            assert bench.texts() == bench.on_disk() or not manifest.is_complete
            assert bench.texts().items() <= bench.on_disk().items()
        step += 1
        bench.root = tmp_path / f"store-{step}"
    bench.expect_exactly(bench.on_disk())


def test_an_interrupted_sync_goes_on_where_it_was(
    bench: SyncBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.batch.PASSAGES_A_COMMIT", 1)
    # embed 2, intend 2, upsert 3, commit 2: the first article is safe.
    assert sync_and_die(bench, 2 + 2 + 3 + 2)
    assert set(bench.texts()) == {"council.txt"}
    assert not bench.manifest().is_complete
    report = bench.sync()
    assert (report.new, report.unchanged) == (("cutter.txt", "ferry.md"), 1)
    assert bench.manifest().is_complete


def test_a_deleted_file_never_answers_again(bench: SyncBench) -> None:
    bench.sync()
    gone = "Lena Marsh"
    vector = WordEmbedder().embed([gone])[0]
    corpus = bench.corpus()
    assert any(gone in corpus.passages[i].text for i in corpus.lexical.scores(gone).nonzero()[0])
    (bench.folder / "cutter.txt").unlink()
    assert sync_and_die(bench, 2)  # right after the commit, before anything is tidied away
    for after in ("the crash", "the next sync", "a further change"):
        corpus = bench.corpus()
        assert not any(gone in passage.text for passage in corpus.passages), after
        assert len(corpus.nearest(vector, 100)) == len(corpus.passages)
        (bench.folder / "council.txt").write_text(f"The council met, after {after}.")
        bench.sync()
    bench.expect_exactly(bench.on_disk())


# Other processes


ANOTHER_PROCESS = """
import sys
from pathlib import Path
import numpy as np
from index.build import build_recipe, sync
from index.sections import IndexSettings
from index.store import open_store

class AxisEmbedder:
    fingerprint = "words-1"
    def embed(self, texts):
        return np.eye(256, dtype=np.float32)[:len(texts)]

folder, embedder = Path(sys.argv[1]), AxisEmbedder()
recipe = build_recipe(IndexSettings(passage_words=20), embedder)
store = open_store(sys.argv[2], folder, recipe)
with store.writing():
    assert sync(folder, store, embedder).new == ("zeppelin.txt",)
"""


def test_what_another_process_wrote_is_found(bench: SyncBench) -> None:
    bench.sync()
    store = bench.store
    load_corpus(store)  # the vectors are open in this process
    (bench.folder / "zeppelin.txt").write_text("A zeppelin came.")
    command = [sys.executable, "-c", ANOTHER_PROCESS, str(bench.folder), str(bench.root)]
    subprocess.run(command, cwd=REPOSITORY, check=True)
    corpus = load_corpus(store)
    assert corpus is not None
    cosines = corpus.nearest(np.eye(256, dtype=np.float32)[0], len(corpus.passages))
    nearest = corpus.passages[int(np.nanargmax(cosines))]
    assert nearest.text == "A zeppelin came."
    assert np.nanmax(cosines) == pytest.approx(1)
