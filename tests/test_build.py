"""Syncing a folder with its store: what is read, what isn't, and what a crash leaves."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import REPOSITORY, WordEmbedder

from index.articles import Article, BadFile, read_article
from index.build import SyncReport, build_recipe, plan_sync, sync
from index.corpus import Corpus, load_corpus
from index.embedding import Vectors
from index.errors import ArticlesError, StoreError
from index.passages import PASSAGE_FORMAT, Passage, build_passages
from index.settings import IndexSettings
from index.store import Manifest, Recipe, Store

SETTINGS = IndexSettings(passage_words=20)


@dataclass
class Bench:
    """A folder, a store, and an embedder that remembers what it embedded."""

    folder: Path
    root: Path
    settings: IndexSettings = SETTINGS
    embedder: WordEmbedder = field(default_factory=WordEmbedder)

    @property
    def store(self) -> Store:
        """Opened anew each time, as another process would."""
        return Store(self.root, build_recipe(self.settings, self.embedder))

    def sync(self, **kwargs: Any) -> SyncReport:
        self.embedder.embedded.clear()
        store = self.store
        with store.writing():
            return sync(self.folder, store, self.embedder, self.settings, **kwargs)

    def manifest(self) -> Manifest:
        found = self.store.read_manifest()
        assert found is not None
        return found

    def corpus(self) -> Corpus:
        return load_corpus(self.store, self.manifest())

    def texts(self) -> dict[str, str]:
        return {article.path: article.text for article in self.corpus().articles.values()}

    def on_disk(self) -> dict[str, str]:
        return {path.name: path.read_bytes().decode() for path in self.folder.glob("*.*")}

    def expect_exactly(self, texts: dict[str, str]) -> None:
        """The store answers with these texts and holds nothing else at all."""
        corpus = self.corpus()
        assert self.texts() == texts
        passages = {passage.id for passage in corpus.passages}
        assert set(corpus.collection.get(include=[])["ids"]) == passages
        records = {path.name for path in (self.store.folder / "records").iterdir()}
        assert records == {entry.record for entry in corpus.manifest.files.values()}


@pytest.fixture
def bench(articles: Path, tmp_path: Path) -> Bench:
    return Bench(articles, tmp_path / "store")


def test_recipe_is_what_shapes_the_index() -> None:
    assert build_recipe(SETTINGS, WordEmbedder()) == Recipe(
        embedding_model=SETTINGS.embedding_model,
        embedding_fingerprint="words-1",
        passage_words=20,
        passage_format=PASSAGE_FORMAT,
    )


def test_first_sync_reads_everything(bench: Bench) -> None:
    report = bench.sync()
    assert (report.new, report.changed, report.deleted, report.bad) == (
        ("council.txt", "cutter.txt", "ferry.md"),
        (),
        (),
        (),
    )
    assert report.unchanged == 0
    assert report.did_something
    assert report.passages == len(bench.corpus().passages) == len(bench.embedder.embedded)
    bench.expect_exactly(bench.on_disk())


def test_second_sync_does_nothing(bench: Bench) -> None:
    first = bench.sync()
    generation = bench.manifest().generation
    again = bench.sync()
    assert not again.did_something
    assert (again.unchanged, again.passages) == (3, first.passages)
    assert bench.embedder.embedded == []
    assert bench.manifest().generation == generation


def test_only_what_changed_is_embedded(bench: Bench) -> None:
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
    assert [text.splitlines()[-1] for text in bench.embedder.embedded] == [
        "The council went home. Nobody spoke.",
        "A new ferry came.",
    ]
    bench.expect_exactly(bench.on_disk())


def test_touched_files_are_read_but_not_embedded(bench: Bench) -> None:
    bench.sync()
    path = bench.folder / "ferry.md"
    os.utime(path, ns=(1, 1))
    assert [file.path for file in plan_sync(bench.folder, bench.manifest()).read] == ["ferry.md"]
    report = bench.sync()
    assert not report.did_something
    assert report.unchanged == 3
    assert bench.embedder.embedded == []
    assert plan_sync(bench.folder, bench.manifest()).is_empty
    bench.expect_exactly(bench.on_disk())


def test_renamed_files_are_another_article(bench: Bench) -> None:
    bench.sync()
    (bench.folder / "ferry.md").rename(bench.folder / "boat.md")
    report = bench.sync()
    assert (report.new, report.deleted, report.unchanged) == (("boat.md",), ("ferry.md",), 2)
    bench.expect_exactly(bench.on_disk())


def test_two_files_with_the_same_text(bench: Bench) -> None:
    (bench.folder / "copy.md").write_bytes((bench.folder / "ferry.md").read_bytes())
    bench.sync()
    bench.expect_exactly(bench.on_disk())
    (bench.folder / "copy.md").unlink()
    bench.sync()
    bench.expect_exactly(bench.on_disk())


def test_progress_counts_the_files_to_read(bench: Bench) -> None:
    seen: list[tuple[int, int]] = []
    bench.sync(on_progress=lambda done, total: seen.append((done, total)))
    assert seen == [(0, 3), (1, 3), (2, 3), (3, 3)]


# Bad files


def test_bad_files_are_reported_and_remembered(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bench.folder / "empty.txt").write_text("")
    (bench.folder / "noise.txt").write_text("Source link\nLeave a Reply\n")
    expected = (
        BadFile("empty.txt", "It is empty."),
        BadFile("noise.txt", "It has no text but boilerplate."),
    )
    report = bench.sync()
    assert report.bad == expected
    assert report.new == ("council.txt", "cutter.txt", "ferry.md")
    read: list[str] = []

    def spy(folder: Path, path: str) -> Article | BadFile:
        read.append(path)
        return read_article(folder, path)

    monkeypatch.setattr("index.build.read_article", spy)
    again = bench.sync()
    assert (again.bad, again.did_something, read) == (expected, False, [])
    (bench.folder / "empty.txt").write_text("Not any more.")
    mended = bench.sync()
    assert (mended.bad, mended.new, read) == (expected[1:], ("empty.txt",), ["empty.txt"])


def test_an_article_that_turns_bad_answers_no_more(bench: Bench) -> None:
    bench.sync()
    (bench.folder / "ferry.md").write_bytes(b"\xff\xfe\0")
    report = bench.sync()
    assert report.deleted == ("ferry.md",)
    assert [bad.path for bad in report.bad] == ["ferry.md"]
    texts = {name: (bench.folder / name).read_text() for name in ("council.txt", "cutter.txt")}
    bench.expect_exactly(texts)


def test_a_bad_file_that_goes_is_forgotten(bench: Bench) -> None:
    (bench.folder / "empty.txt").write_text("")
    bench.sync()
    (bench.folder / "empty.txt").unlink()
    assert bench.sync().bad == ()
    assert plan_sync(bench.folder, bench.manifest()).is_empty


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
        (remove_all, r"There are no .txt or .md articles in .*--articles"),
        (spoil_all, r"could be read as an article:\n  council.txt: It is empty\.\n  cutter.txt"),
        (remove_folder, r"There is no folder .*--articles"),
    ],
)
def test_nothing_to_index_leaves_the_store_as_it_was(
    bench: Bench, spoil: Callable[[Path], None], message: str
) -> None:
    bench.sync()
    before = bench.on_disk()
    spoil(bench.folder)
    for _ in range(2):
        with pytest.raises(ArticlesError, match=message):
            bench.sync()
        bench.expect_exactly(before)


def test_nothing_to_index_at_first_makes_no_index(bench: Bench) -> None:
    spoil_all(bench.folder)
    for _ in range(2):
        with pytest.raises(ArticlesError, match="could be read"):
            bench.sync()
        assert bench.store.read_manifest() is None


# Other settings, missing vectors


def test_other_settings_build_another_index_beside(bench: Bench) -> None:
    bench.sync()
    other = Bench(bench.folder, bench.root, SETTINGS.model_copy(update={"passage_words": 70}))
    assert other.store.read_manifest() is None
    assert other.store.other_recipes() == (bench.store.recipe,)
    assert len(other.sync().new) == 3
    assert other.corpus().fingerprint != bench.corpus().fingerprint
    assert len(other.corpus().passages) < len(bench.corpus().passages)
    other.expect_exactly(other.on_disk())
    bench.expect_exactly(bench.on_disk())


def test_missing_vectors_are_made_anew(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.sync()
    collection = bench.store.collection()
    collection.delete(ids=collection.get(include=[])["ids"][:1])
    with pytest.raises(StoreError, match="vectors are missing"):
        bench.corpus()
    bench.sync()
    assert "Vectors are missing" in caplog.text
    bench.expect_exactly(bench.on_disk())


# What a crash leaves


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


class CrashingStore(Store):
    """A store that may die before and after each of its steps."""

    countdown: Countdown

    def put(self, article: Article, passages: Sequence[Passage], vectors: Vectors) -> str:
        self.countdown.tick()
        # Half a put: the record and all vectors but the last.
        super().put(article, passages[:-1], vectors[:-1])
        self.countdown.tick()
        name = super().put(article, passages, vectors)
        self.countdown.tick()
        return name

    def commit(self, manifest: Manifest) -> Manifest:
        self.countdown.tick()
        finished = super().commit(manifest)
        self.countdown.tick()
        return finished

    def remove_leftovers(self, manifest: Manifest) -> None:
        self.countdown.tick()
        super().remove_leftovers(manifest)
        self.countdown.tick()


class CrashingEmbedder(WordEmbedder):
    def __init__(self, countdown: Countdown) -> None:
        super().__init__()
        self.countdown = countdown

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.countdown.tick()
        return super().embed(texts)


def sync_and_die(bench: Bench, last: int) -> bool:
    """Sync, dying at step `last`; False where it was done before that."""
    countdown = Countdown(last)
    embedder = CrashingEmbedder(countdown)
    store = CrashingStore(bench.root, build_recipe(bench.settings, embedder))
    store.countdown = countdown
    try:
        with store.writing():
            sync(bench.folder, store, embedder, bench.settings)
    except Killed:
        return True
    return False


def change_the_folder(folder: Path) -> None:
    (folder / "council.txt").write_text("The council went home. Nobody spoke. The fee stays.")
    (folder / "ferry.md").write_text("The Aurelia was sold.\n\nIts new name is Borea.")
    (folder / "cutter.txt").unlink()
    (folder / "new.txt").write_text("A new pilot came.\n\nShe stays.")


def expect_wholly_old_or_new(bench: Bench, old: dict[str, str], new: dict[str, str]) -> None:
    corpus = bench.corpus()
    for article in corpus.articles.values():
        assert article.text in (old.get(article.path), new.get(article.path))
        assert corpus.of_article[article.id] == build_passages(article, words=20)
    # Nothing that stayed is lost, and each passage can be found by its vector.
    assert {"council.txt", "ferry.md"} <= {article.path for article in corpus.articles.values()}
    for position, passage in enumerate(corpus.passages):
        vector = WordEmbedder().embed([passage.indexed_text])[0]
        cosines = corpus.nearest(vector, len(corpus.passages))
        assert cosines[position] == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("passages_a_commit", [1, 2000])
def test_after_a_crash_each_article_is_wholly_old_or_wholly_new(
    tmp_path: Path, articles: Path, monkeypatch: pytest.MonkeyPatch, passages_a_commit: int
) -> None:
    monkeypatch.setattr("index.build.PASSAGES_A_COMMIT", passages_a_commit)
    before = Bench(articles, tmp_path / "store")
    before.sync()
    old = before.on_disk()
    step, died = 0, True
    while died:
        bench = Bench(tmp_path / f"articles-{step}", tmp_path / f"store-{step}")
        shutil.copytree(before.folder, bench.folder)
        shutil.copytree(before.root, bench.root)
        change_the_folder(bench.folder)
        died = sync_and_die(bench, step)
        expect_wholly_old_or_new(bench, old, bench.on_disk())
        bench.sync()
        assert bench.texts() == bench.on_disk(), f"after a crash at step {step}"
        assert bench.manifest().fingerprint == bench.corpus().fingerprint
        (bench.folder / "last.txt").write_text("One more.")
        bench.sync()
        bench.expect_exactly(bench.on_disk())  # what the crash left over is gone
        step += 1
    # embed, 3 steps a put of 3 articles, 2 a commit, 2 for the leftovers: at least so many died.
    assert step - 1 >= 1 + 3 * 3 + 2 + 2


def test_a_first_sync_that_dies_leaves_nothing_or_a_part(bench: Bench) -> None:
    step = 0
    while sync_and_die(bench, step):
        if bench.store.read_manifest() is not None:
            assert bench.texts() == bench.on_disk()
        step += 1
        remove_index(bench)
    bench.expect_exactly(bench.on_disk())


def remove_index(bench: Bench) -> None:
    bench.root.rename(bench.root.with_name(f"{bench.root.name}-{len(list(Path().iterdir()))}"))


def test_an_interrupted_sync_goes_on_where_it_was(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.build.PASSAGES_A_COMMIT", 1)
    # embed, three steps of a put, two of a commit: the first article is safe.
    assert sync_and_die(bench, 1 + 3 + 2)
    assert set(bench.texts()) == {"council.txt"}
    report = bench.sync()
    assert (report.new, report.unchanged) == (("cutter.txt", "ferry.md"), 1)


def test_a_deleted_file_never_answers_again(bench: Bench) -> None:
    bench.sync()
    gone = "Lena Marsh"
    vector = WordEmbedder().embed([gone])[0]
    corpus = bench.corpus()
    assert any(gone in corpus.passages[i].text for i in corpus.lexical.scores(gone).nonzero()[0])
    (bench.folder / "cutter.txt").unlink()
    # Even where the process dies before anything is tidied away.
    steps_until_committed = 1 + 2  # embedding of nothing, the commit's two
    assert sync_and_die(bench, steps_until_committed)
    for after in ("the crash", "the next sync", "a further change"):
        corpus = bench.corpus()
        assert not any(gone in passage.text for passage in corpus.passages), after
        assert len(corpus.nearest(vector, 100)) == len(corpus.passages)
        (bench.folder / "council.txt").write_text(f"The council met, after {after}.")
        bench.sync()
    records = (bench.store.folder / "records").iterdir()
    assert not any(gone in path.read_text(encoding="utf-8") for path in records)
    bench.expect_exactly(bench.on_disk())


ANOTHER_PROCESS = """
import sys
from pathlib import Path
import numpy as np
from index.build import build_recipe, sync
from index.settings import IndexSettings
from index.store import Store

class AxisEmbedder:
    fingerprint = "words-1"
    def embed(self, texts):
        return np.eye(256, dtype=np.float32)[:len(texts)]

settings, embedder = IndexSettings(passage_words=20), AxisEmbedder()
store = Store(Path(sys.argv[2]), build_recipe(settings, embedder))
with store.writing():
    assert sync(Path(sys.argv[1]), store, embedder, settings).new == ("zeppelin.txt",)
"""


def test_what_another_process_wrote_is_found(bench: Bench) -> None:
    bench.sync()
    store = bench.store
    load_corpus(store, bench.manifest())  # the vectors are open in this process
    (bench.folder / "zeppelin.txt").write_text("A zeppelin came.")
    command = [sys.executable, "-c", ANOTHER_PROCESS, str(bench.folder), str(bench.root)]
    subprocess.run(command, cwd=REPOSITORY, check=True)
    corpus = load_corpus(store, bench.manifest())
    cosines = corpus.nearest(np.eye(256, dtype=np.float32)[0], len(corpus.passages))
    nearest = corpus.passages[int(np.nanargmax(cosines))]
    assert nearest.text == "A zeppelin came."
    assert np.nanmax(cosines) == pytest.approx(1)
