"""A folder with its store: what answers, when it is stale, and what other settings leave."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import WordEmbedder

from index import library as libraries
from index.catalogue import expected_place
from index.embedding import Vectors
from index.errors import ArticlesError, StoreBusyError, StoreError
from index.ledger import Change
from index.library import Library
from index.settings import Settings


class OtherEmbedder(WordEmbedder):
    """Another model: its vectors are the same, its name isn't."""

    fingerprint = "words-2"


@pytest.fixture
def library(settings: Settings) -> Library:
    return Library(settings, WordEmbedder())


def with_words(settings: Settings, words: int) -> Settings:
    index = settings.index.model_copy(update={"passage_words": words})
    return settings.model_copy(update={"index": index})


def begin(library: Library) -> None:
    """The first sync under these settings is interrupted before its first article."""
    with library.store.writing():
        library.store.commit(Change(drop_files=("nothing.txt",)))


def paths(library: Library) -> set[str]:
    return {article.path for article in library.corpus().articles.values()}


ALL = {"council.txt", "cutter.txt", "ferry.md"}


def test_refresh_syncs_only_what_changed(library: Library, articles: Path) -> None:
    report = library.refresh()
    assert report is not None
    assert len(report.new) == 3
    assert library.refresh() is None
    assert not library.is_stale
    (articles / "new.txt").write_text("Quince Market opened.\n")
    assert library.is_stale
    assert not library.is_behind
    report = library.refresh()
    assert report is not None
    assert report.new == ("new.txt",)
    assert paths(library) == {*ALL, "new.txt"}


def test_nothing_indexed_says_what_to_run(library: Library) -> None:
    assert library.is_stale
    with pytest.raises(StoreError, match=r"are not indexed .*Run: dateline index"):
        library.corpus()


def test_a_corpus_is_loaded_once_a_state(library: Library, articles: Path) -> None:
    library.sync()
    first = library.corpus()
    assert library.corpus() is first
    (articles / "empty.txt").write_text("")
    library.sync()  # a bad file more, and no other article
    assert library.corpus() is first
    (articles / "new.txt").write_text("Quince Market opened.\n")
    library.sync()
    assert library.corpus() is not first
    assert first.articles.keys() < library.corpus().articles.keys()


def test_the_folder_may_be_gone_while_what_was_indexed_answers(
    library: Library, articles: Path
) -> None:
    library.sync()
    articles.rename(articles.with_name("away"))
    with pytest.raises(ArticlesError, match="There is no folder"):
        library.refresh()
    assert paths(library) == ALL


# Other settings


def test_the_old_index_answers_until_the_new_one_is_complete(settings: Settings) -> None:
    old = Library(with_words(settings, 20), WordEmbedder())
    old.sync()
    new = Library(with_words(settings, 70), WordEmbedder())
    assert new.corpus().fingerprint == old.corpus().fingerprint
    assert new.is_stale
    assert new.is_behind
    begin(new)
    assert new.corpus().fingerprint == old.corpus().fingerprint
    assert new.is_behind
    assert new.refresh() is not None
    assert new.corpus().fingerprint != old.corpus().fingerprint
    assert not new.is_stale
    assert old.corpus().fingerprint != new.corpus().fingerprint  # it is left as it is


def test_an_incomplete_index_answers_where_there_is_no_other(library: Library) -> None:
    begin(library)
    assert library.corpus().articles == {}
    assert library.is_stale


def test_an_old_index_answers_with_the_embedder_that_made_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    old_embedder = WordEmbedder()
    old = Library(settings, old_embedder)
    old.sync()
    new = Library(settings, OtherEmbedder())
    monkeypatch.setattr(libraries, "locate", lambda name, folder: Path(name))
    monkeypatch.setattr(libraries, "LocalEmbedder", lambda folder, **_: old_embedder)
    reading = new.reading()
    assert reading.embedder is old_embedder
    assert reading.corpus.fingerprint == old.corpus().fingerprint
    new.sync()
    assert new.reading().embedder is new.embedder
    assert new.corpus().fingerprint != old.corpus().fingerprint


def test_an_old_index_without_its_embedder_cannot_answer(settings: Settings) -> None:
    Library(settings, WordEmbedder()).sync()
    assert not expected_place(
        settings.index.embedding_model, folder=settings.models_folder
    ).exists()
    new = Library(settings, OtherEmbedder())
    with pytest.raises(StoreError, match=r"made by other settings .*Run: dateline index"):
        new.corpus()


def test_an_old_index_that_is_removed_answers_no_more(settings: Settings) -> None:
    old = Library(with_words(settings, 20), WordEmbedder())
    old.sync()
    new = Library(with_words(settings, 70), WordEmbedder())
    assert paths(new) == ALL
    new.sync()
    with new.store.writing():
        new.store.remove_other(old.store.recipe)
    assert new.store.others() == ()
    assert paths(new) == ALL
    with pytest.raises(StoreError, match="are not indexed"):
        Library(with_words(settings, 30), OtherEmbedder()).corpus()


# Several at once


class SlowEmbedder(WordEmbedder):
    """Waits in the middle of a sync until it is told to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.has_begun, self.may_go_on = threading.Event(), threading.Event()

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.has_begun.set()
        assert self.may_go_on.wait(60)
        return super().embed(texts)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "PATIENCE_SECONDS", 0.01)


def in_thread(act: Callable[[], Any]) -> threading.Thread:
    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    return thread


def test_what_is_there_answers_while_another_thread_syncs(
    settings: Settings, articles: Path, impatient: None
) -> None:
    Library(settings, WordEmbedder()).sync()
    embedder = SlowEmbedder()
    library = Library(settings, embedder)
    (articles / "new.txt").write_text("Quince Market opened.\n")
    thread = in_thread(library.sync)
    assert embedder.has_begun.wait(60)
    assert library.refresh() is None
    assert library.is_behind
    assert library.is_stale
    assert paths(library) == ALL
    embedder.may_go_on.set()
    thread.join(60)
    assert library.refresh() is None
    assert not library.is_behind
    assert paths(library) == {*ALL, "new.txt"}


def test_a_first_sync_of_another_thread_is_waited_for(settings: Settings, impatient: None) -> None:
    embedder = SlowEmbedder()
    library = Library(settings, embedder)
    first = in_thread(library.sync)
    assert embedder.has_begun.wait(60)
    refreshed = threading.Event()
    second = in_thread(lambda: (library.refresh(), refreshed.set()))
    assert not refreshed.wait(0.05)
    embedder.may_go_on.set()
    first.join(60)
    second.join(60)
    assert refreshed.is_set()
    assert paths(library) == ALL


def test_while_another_process_builds_the_new_index_the_old_one_answers(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = Library(with_words(settings, 20), WordEmbedder())
    old.sync()
    new = Library(with_words(settings, 70), WordEmbedder())

    def is_busy(*_: Any, **__: Any) -> None:
        raise StoreBusyError("Process 7 is writing.")

    with monkeypatch.context() as patched:
        patched.setattr(new, "sync", is_busy)
        assert new.refresh() is None
        assert new.is_behind
        assert new.corpus().fingerprint == old.corpus().fingerprint
    with monkeypatch.context() as patched:
        lone = Library(with_words(settings, 30), OtherEmbedder())
        patched.setattr(lone, "sync", is_busy)
        with pytest.raises(StoreBusyError):
            lone.refresh()
