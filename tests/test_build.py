"""Syncing a folder with its store: what is read, what isn't, and what is told of it."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import WordEmbedder
from sync_bench import SETTINGS, SyncBench, settle_the_past

from index import intake
from index.articles import article_id, read_articles
from index.build import build_recipe
from index.errors import ArticlesError, StoreError
from index.files import BadFile
from index.ledger import Recipe
from index.passages import PASSAGE_FORMAT
from index.plan import plan_sync
from index.report import Renamed

EMPTY = "It is empty."
NOISE = "It has no text but boilerplate."


@pytest.fixture
def bench(articles: Path, tmp_path: Path) -> SyncBench:
    return SyncBench(articles, tmp_path / "store")


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files whose articles were read."""
    found: list[str] = []

    def spy(folder: Path, path: str, sha256: str | None) -> Any:
        found.append(path)
        return read_articles(folder, path, sha256)

    monkeypatch.setattr(intake, "read_articles", spy)
    return found


def embedded(bench: SyncBench) -> list[str]:
    """What was embedded in the last sync, without the headers."""
    return [text.splitlines()[-1] for text in bench.embedder.embedded]


def write_records(path: Path, texts: dict[str, str]) -> None:
    records = ({"id": key, "title": key, "text": text} for key, text in texts.items())
    path.write_text("\n".join(map(json.dumps, records)))


def test_recipe_is_what_shapes_the_index() -> None:
    assert build_recipe(SETTINGS, WordEmbedder()) == Recipe(
        embedding_model=SETTINGS.embedding_model,
        embedding_fingerprint="words-1",
        passage_words=20,
        passage_format=PASSAGE_FORMAT,
    )


def test_first_sync_reads_everything(bench: SyncBench) -> None:
    report = bench.sync()
    assert report.new == ("council.txt", "cutter.txt", "ferry.md")
    assert report.changed == report.deleted == report.renamed == report.bad == ()
    assert (report.unchanged, report.articles, report.reused) == (0, 3, 0)
    assert report.did_something
    assert report.passages == report.embedded == len(bench.corpus().passages)
    assert bench.manifest().is_complete
    bench.expect_exactly(bench.on_disk())


def test_second_sync_does_nothing(bench: SyncBench, read: list[str]) -> None:
    first = bench.sync()
    generation = bench.manifest().generation
    read.clear()
    again = bench.sync()
    assert not again.did_something
    assert (again.unchanged, again.passages) == (3, first.passages)
    assert (again.embedded, again.reused, bench.embedder.embedded, read) == (0, 0, [], [])
    assert bench.manifest().generation == generation


def test_only_what_changed_is_embedded(bench: SyncBench) -> None:
    bench.sync()
    (bench.folder / "council.txt").write_text("The council went home. Nobody spoke.")
    (bench.folder / "cutter.txt").unlink()
    (bench.folder / "new.txt").write_text("A new ferry came.")
    report = bench.sync()
    assert (report.new, report.changed, report.deleted) == (
        ("new.txt",),
        ("council.txt",),
        ("cutter.txt",),
    )
    assert report.unchanged == 1
    assert embedded(bench) == ["The council went home. Nobody spoke.", "A new ferry came."]
    bench.expect_exactly(bench.on_disk())


def test_passages_that_stay_in_a_changed_article_keep_their_vectors(bench: SyncBench) -> None:
    first = bench.sync()
    path = bench.folder / "ferry.md"
    path.write_text(path.read_text() + "\nThe owner of the ferry was told at noon.\n")
    report = bench.sync()
    assert (report.changed, report.embedded) == (("ferry.md",), 1)
    assert embedded(bench) == ["The owner of the ferry was told at noon."]
    own = bench.corpus().of_article[article_id("ferry.md")]
    assert report.reused == len(own) - 1
    assert report.passages == first.passages + 1
    bench.expect_exactly(bench.on_disk())


def test_touched_files_are_compared_but_not_embedded(bench: SyncBench, read: list[str]) -> None:
    bench.sync()
    read.clear()
    os.utime(bench.folder / "ferry.md", ns=(1, 1))
    assert [file.path for file in plan_sync(bench.folder, bench.manifest()).read] == ["ferry.md"]
    report = bench.sync()
    assert not report.did_something
    assert (report.unchanged, bench.embedder.embedded, read) == (3, [], [])
    assert plan_sync(bench.folder, bench.manifest()).is_empty
    bench.expect_exactly(bench.on_disk())


def test_what_was_compared_by_hash_once_is_remembered(bench: SyncBench) -> None:
    bench.sync()
    settle_the_past(bench)
    bench.sync()
    assert plan_sync(bench.folder, bench.manifest()).settled == ()


def test_renamed_files_keep_their_vectors(bench: SyncBench) -> None:
    bench.sync()
    (bench.folder / "far").mkdir()
    (bench.folder / "ferry.md").rename(bench.folder / "far" / "boat.md")
    (bench.folder / "aaa.txt").write_text("The first to be read.")
    report = bench.sync()
    assert report.renamed == (Renamed("ferry.md", "far/boat.md"),)
    assert (report.new, report.deleted, report.unchanged) == (("aaa.txt",), (), 2)
    assert embedded(bench) == ["The first to be read."]
    assert report.reused > 0
    bench.expect_sound()
    assert "far/boat.md" in bench.texts()
    assert "ferry.md" not in bench.texts()


def test_each_path_is_renamed_once(bench: SyncBench) -> None:
    (bench.folder / "copy.md").write_bytes((bench.folder / "ferry.md").read_bytes())
    bench.sync()
    (bench.folder / "copy.md").unlink()
    (bench.folder / "ferry.md").rename(bench.folder / "boat.md")
    report = bench.sync()
    assert (report.renamed, report.new, report.deleted) == (
        (Renamed("copy.md", "boat.md"),),
        (),
        ("ferry.md",),
    )


def test_two_files_with_the_same_text(bench: SyncBench) -> None:
    (bench.folder / "copy.md").write_bytes((bench.folder / "ferry.md").read_bytes())
    report = bench.sync()
    assert len(set(bench.embedder.embedded)) == len(bench.embedder.embedded) == report.embedded
    assert (report.renamed, report.reused) == ((), report.passages - report.embedded)
    assert report.reused > 0
    bench.expect_exactly(bench.on_disk())
    (bench.folder / "copy.md").unlink()
    bench.sync()
    bench.expect_exactly(bench.on_disk())


def test_progress_counts_the_articles_to_read(bench: SyncBench) -> None:
    seen: list[tuple[int, int]] = []
    bench.sync(on_progress=lambda done, total: seen.append((done, total)))
    assert (seen[0], seen[-1]) == ((0, 3), (3, 3))
    assert seen == sorted(seen)


def test_anew_embeds_everything_once_more_and_removes_what_is_nobodys(bench: SyncBench) -> None:
    first = bench.sync()
    vectors = bench.store.vectors
    vector = vectors.fetch([bench.corpus().passages[0].id]).popitem()[1]
    vectors.upsert(["nobody's"], vector[np.newaxis], [{"article_id": "nobody"}])
    report = bench.sync(anew=True)
    assert (report.embedded, report.reused) == (first.passages, 0)
    assert (report.did_something, report.unchanged) == (False, 3)
    bench.expect_exactly(bench.on_disk())


# Files of many articles


def test_of_a_changed_file_only_the_changed_records_are_embedded(bench: SyncBench) -> None:
    feed = bench.folder / "feed.jsonl"
    texts = {"a": "The first gate.", "b": "The second gate.", "c": "The third gate."}
    write_records(feed, texts)
    report = bench.sync()
    assert (report.articles, len(report.new)) == (6, 4)
    before = bench.manifest().articles
    write_records(feed, {"a": texts["a"], "b": "The gate was moved.", "d": "The fourth gate."})
    report = bench.sync()
    assert (report.changed, report.new, report.deleted) == (("feed.jsonl",), (), ())
    assert embedded(bench) == ["The gate was moved.", "The fourth gate."]
    found = {
        article.record: article.text
        for article in bench.corpus().articles.values()
        if article.path == "feed.jsonl"
    }
    assert found == {"a": texts["a"], "b": "The gate was moved.", "d": "The fourth gate."}
    kept = [key for key, entry in bench.manifest().articles.items() if before.get(key) == entry]
    assert len(kept) == 4  # "a" and the three other files
    feed.unlink()
    assert bench.sync().deleted == ("feed.jsonl",)
    bench.expect_exactly(bench.on_disk())


def test_a_long_file_is_committed_in_parts(
    bench: SyncBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.batch.PASSAGES_A_COMMIT", 2)
    monkeypatch.setattr("index.batch.PASSAGES_AT_ONCE", 1)
    feed = bench.folder / "feed.jsonl"
    write_records(feed, {str(number): f"Gate {number} is shut." for number in range(9)})
    bench.sync()
    first = bench.manifest()
    write_records(feed, {str(number): f"Gate {number} is open." for number in range(2, 9)})
    seen: list[tuple[int, int]] = []
    report = bench.sync(on_progress=lambda done, total: seen.append((done, total)))
    assert bench.manifest().generation > first.generation + 2
    assert (report.changed, report.articles) == (("feed.jsonl",), 3 + 7)
    assert seen[-1] == (7, 7)
    assert all(done <= total for done, total in seen)
    bench.expect_sound()


def test_bad_records_cost_no_other(bench: SyncBench) -> None:
    feed = bench.folder / "feed.jsonl"
    write_records(feed, {"a": "The first gate.", "b": "Source link", "c": "The third gate."})
    feed.write_text(feed.read_text() + "\nnot JSON")
    report = bench.sync()
    assert "feed.jsonl" in report.new
    flaws = {bad.record: bad.reason for bad in report.bad}
    assert flaws["b"] == NOISE
    assert len(flaws) == 2
    assert bench.sync().bad == report.bad
    feed.write_text("[]")
    assert bench.sync().deleted == ("feed.jsonl",)


# Bad files


def test_bad_files_are_reported_and_remembered(bench: SyncBench, read: list[str]) -> None:
    (bench.folder / "empty.txt").write_text("")
    (bench.folder / "noise.txt").write_text("Source link\nLeave a Reply\n")
    expected = (BadFile("empty.txt", EMPTY), BadFile("noise.txt", NOISE))
    report = bench.sync()
    assert report.bad == expected
    assert report.new == ("council.txt", "cutter.txt", "ferry.md")
    read.clear()
    again = bench.sync()
    assert (again.bad, again.did_something, read) == (expected, False, [])
    (bench.folder / "empty.txt").write_text("Not any more.")
    mended = bench.sync()
    assert (mended.bad, mended.new, read) == (expected[1:], ("empty.txt",), ["empty.txt"])


def test_an_article_that_turns_bad_answers_no_more(bench: SyncBench) -> None:
    bench.sync()
    (bench.folder / "ferry.md").write_bytes(b"\xff\xfe\0")
    report = bench.sync()
    assert report.deleted == ("ferry.md",)
    assert [bad.path for bad in report.bad] == ["ferry.md"]
    texts = {name: (bench.folder / name).read_text() for name in ("council.txt", "cutter.txt")}
    bench.expect_exactly(texts)


def test_a_bad_file_that_goes_is_forgotten(bench: SyncBench) -> None:
    (bench.folder / "empty.txt").write_text("")
    bench.sync()
    (bench.folder / "empty.txt").unlink()
    assert bench.sync().bad == ()
    assert plan_sync(bench.folder, bench.manifest()).is_empty


def test_an_article_that_cannot_be_cut_costs_no_other(
    bench: SyncBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = intake.build_passages

    def fail_for_ferries(article: Any, *, words: int) -> Any:
        if article.path == "ferry.md":
            raise RecursionError("too deep")
        return make(article, words=words)

    monkeypatch.setattr(intake, "build_passages", fail_for_ferries)
    report = bench.sync()
    assert report.new == ("council.txt", "cutter.txt")
    assert report.bad == (BadFile("ferry.md", "It can't be cut into passages: too deep."),)


def remove_all(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


def spoil_all(folder: Path) -> None:
    for path in folder.iterdir():
        path.write_text("")


def remove_folder(folder: Path) -> None:
    remove_all(folder)
    folder.rmdir()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (remove_all, r"There are no articles in .*--articles"),
        (spoil_all, r"could be read as an article:\n  council.txt: It is empty\.\n  cutter.txt"),
        (remove_folder, r"There is no folder .*--articles"),
    ],
)
def test_nothing_to_index_leaves_the_store_as_it_was(
    bench: SyncBench, spoil: Callable[[Path], None], message: str
) -> None:
    bench.sync()
    before = bench.on_disk()
    spoil(bench.folder)
    for _ in range(2):
        with pytest.raises(ArticlesError, match=message):
            bench.sync()
        bench.expect_exactly(before)


def test_nothing_to_index_at_first_makes_no_index(bench: SyncBench) -> None:
    spoil_all(bench.folder)
    for _ in range(2):
        with pytest.raises(ArticlesError, match="could be read"):
            bench.sync()
        assert bench.store.read_manifest() is None


def test_of_many_bad_files_some_are_named(bench: SyncBench) -> None:
    spoil_all(bench.folder)
    for number in range(30):
        (bench.folder / f"{number:02}.txt").write_text("")
    with pytest.raises(ArticlesError, match=r"19.txt: It is empty\.\n  and 13 more$"):
        bench.sync()


# Other settings, missing vectors


def test_other_settings_build_another_index_beside(bench: SyncBench) -> None:
    bench.sync()
    wider = SETTINGS.model_copy(update={"passage_words": 70})
    other = SyncBench(bench.folder, bench.root, wider)
    assert other.store.read_manifest() is None
    assert [each.recipe for each in other.store.others()] == [bench.store.recipe]
    assert len(other.sync().new) == 3
    assert other.corpus().fingerprint != bench.corpus().fingerprint
    assert len(other.corpus().passages) < len(bench.corpus().passages)
    other.expect_exactly(other.on_disk())
    bench.expect_exactly(bench.on_disk())


def test_missing_vectors_are_made_anew(bench: SyncBench, caplog: pytest.LogCaptureFixture) -> None:
    first = bench.sync()
    bench.store.vectors.delete([bench.corpus().passages[0].id])
    with pytest.raises(StoreError, match="vectors are missing"):
        bench.corpus()
    report = bench.sync()
    assert "Not all vectors" in caplog.text
    assert (report.embedded, report.reused) == (1, first.passages - 1)
    bench.expect_exactly(bench.on_disk())
