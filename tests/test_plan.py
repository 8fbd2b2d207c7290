"""What a sync has to do: which files are read, which are gone, which are left alone."""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from index import plan as planning
from index.errors import ArticlesError
from index.files import BadFile, Listing, hash_file, list_files, status_of
from index.ledger import ArticleEntry, FileEntry, Manifest, Recipe
from index.plan import RACY_NS, plan_sync

RECIPE = Recipe("model", "model-1", 70, 1)
LONG_AGO = 1_000_000_000_000_000_000  # 2001
READ_AT = LONG_AGO + RACY_NS


def manifest_of(folder: Path, *, read_at_ns: int = READ_AT) -> Manifest:
    """The folder as it is now, read at that time."""
    files = {
        file.path: FileEntry(
            file.path, file.size, file.mtime_ns, read_at_ns, hash_file(folder, file.path)
        )
        for file in list_files(folder).files
    }
    articles = {f"id of {path}": ArticleEntry(path, "version", 1) for path in files}
    return Manifest(RECIPE, 1, True, files, articles)


def settle(folder: Path, mtime_ns: int = LONG_AGO) -> None:
    for path in folder.rglob("*.*"):
        os.utime(path, ns=(mtime_ns, mtime_ns))


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were compared by their content."""
    found: list[str] = []

    def spy(folder: Path, path: str) -> str:
        found.append(path)
        return hash_file(folder, path)

    monkeypatch.setattr(planning, "hash_file", spy)
    return found


def grow(path: Path) -> None:
    path.write_text(path.read_text() + "More.")
    os.utime(path, ns=(LONG_AGO, LONG_AGO))


def turn_back_the_clock(path: Path) -> None:
    path.write_bytes(path.read_bytes().swapcase())
    os.utime(path, ns=(LONG_AGO - 10**15, LONG_AGO - 10**15))


def touch(path: Path) -> None:
    os.utime(path, ns=(LONG_AGO + 1, LONG_AGO + 1))


def nothing(path: Path) -> None:
    assert path.exists()


@pytest.mark.parametrize(
    ("change", "read", "drop"),
    [
        (nothing, (), ()),
        (grow, ("ferry.md",), ()),
        (touch, ("ferry.md",), ()),
        (turn_back_the_clock, ("ferry.md",), ()),
        (Path.unlink, (), ("ferry.md",)),
        (lambda path: path.rename(path.with_name("boat.md")), ("boat.md",), ("ferry.md",)),
        (lambda path: path.rename(path.with_name("ferry.exe")), (), ("ferry.md",)),
        (lambda path: path.with_name("new.txt").write_text("New."), ("new.txt",), ()),
    ],
)
def test_sizes_and_times_tell(
    articles: Path,
    opened: list[str],
    change: Callable[[Path], object],
    read: tuple[str, ...],
    drop: tuple[str, ...],
) -> None:
    settle(articles)
    manifest = manifest_of(articles)
    change(articles / "ferry.md")
    plan = plan_sync(articles, manifest)
    assert (tuple(file.path for file in plan.read), plan.drop) == (read, drop)
    assert plan.is_empty == (not read and not drop)
    assert opened == []
    assert plan.settled == plan.unreadable == ()


@pytest.mark.parametrize(
    ("mtime_ns", "is_compared"),
    [
        (READ_AT - RACY_NS, False),
        (READ_AT - RACY_NS + 1, True),
        (READ_AT, True),
        (READ_AT + 10**18, True),  # the clock has been set back since
    ],
)
def test_a_change_within_the_same_tick_is_found_by_hash(
    articles: Path, opened: list[str], mtime_ns: int, is_compared: bool
) -> None:
    settle(articles)
    os.utime(articles / "ferry.md", ns=(mtime_ns, mtime_ns))
    manifest = manifest_of(articles)
    assert plan_sync(articles, manifest).is_empty
    assert opened == (["ferry.md"] if is_compared else [])
    same_size = (articles / "ferry.md").read_bytes().swapcase()
    (articles / "ferry.md").write_bytes(same_size)
    os.utime(articles / "ferry.md", ns=(mtime_ns, mtime_ns))
    assert plan_sync(articles, manifest).is_empty == (not is_compared)


def test_what_was_compared_once_needs_it_no_more(articles: Path, opened: list[str]) -> None:
    settle(articles)
    manifest = manifest_of(articles, read_at_ns=LONG_AGO)
    before = time.time_ns()
    settled = plan_sync(articles, manifest).settled
    assert sorted(opened) == sorted(entry.path for entry in settled) == sorted(manifest.files)
    assert all(entry.read_at_ns >= before for entry in settled)
    later = replace(manifest, files={entry.path: entry for entry in settled})
    opened.clear()
    assert plan_sync(articles, later).settled == ()
    assert opened == []


def test_anew_reads_everything(articles: Path) -> None:
    settle(articles)
    plan = plan_sync(articles, manifest_of(articles), anew=True)
    assert [file.path for file in plan.read] == ["council.txt", "cutter.txt", "ferry.md"]
    assert plan.anew


def test_what_could_not_be_opened_is_read_once_it_can(
    articles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(articles)
    manifest = manifest_of(articles)
    closed = replace(manifest.files["ferry.md"], sha256=None, reason="It can't be read.")
    manifest = replace(manifest, files={**manifest.files, "ferry.md": closed})
    assert [file.path for file in plan_sync(articles, manifest).read] == ["ferry.md"]

    def refuse(self: Path, *args: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert plan_sync(articles, manifest).is_empty


def test_what_is_too_big_is_not_opened_again(
    articles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(articles)
    manifest = manifest_of(articles)
    large = replace(manifest.files["ferry.md"], sha256=None, reason="It is too big.")
    manifest = replace(manifest, files={**manifest.files, "ferry.md": large})
    monkeypatch.setattr(planning, "is_too_big", lambda file: file.path == "ferry.md")
    assert plan_sync(articles, manifest).is_empty


def test_files_over_the_limit_of_their_format_are_too_big(articles: Path) -> None:
    small = status_of(articles, "ferry.md")
    assert not planning.is_too_big(small)
    assert planning.is_too_big(replace(small, size=10**12))


def test_a_folder_that_cannot_be_read_keeps_what_was_in_it(
    articles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in ("wire/old.txt", "wire/deep/old.txt", "wires/old.txt"):
        (articles / path).parent.mkdir(parents=True, exist_ok=True)
        (articles / path).write_text("Old news.")
    settle(articles)
    manifest = manifest_of(articles)
    seen = list_files(articles)
    bad = BadFile("wire", "It can't be read: Permission denied.")
    left = tuple(file for file in seen.files if not file.path.startswith(("wire/", "wires/")))
    monkeypatch.setattr(planning, "list_files", lambda folder: Listing(left, (bad,)))
    plan = plan_sync(articles, manifest)
    assert plan.drop == ("wires/old.txt",)
    assert plan.unreadable == (bad,)


def test_articles_whose_file_was_never_finished_are_dropped_with_it(articles: Path) -> None:
    settle(articles)
    manifest = manifest_of(articles)
    half = {"half": ArticleEntry("feed.jsonl", "version", 3)}
    manifest = replace(manifest, articles={**manifest.articles, **half})
    assert plan_sync(articles, manifest).drop == ("feed.jsonl",)
    (articles / "feed.jsonl").write_text("{}")
    plan = plan_sync(articles, manifest)
    assert ([file.path for file in plan.read], plan.drop) == (["feed.jsonl"], ())


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ArticlesError, match="There is no folder"):
        plan_sync(tmp_path / "nowhere", Manifest(RECIPE))
