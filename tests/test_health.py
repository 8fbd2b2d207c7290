"""What is wrong with an index is told with the way to mend it; a sound one is called well."""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import WordEmbedder

from index.health import Finding, examine_index
from index.library import Library
from index.machine import examine_machine
from index.settings import Settings

Examine = Callable[[], dict[str, Finding]]


@pytest.fixture
def library(settings: Settings) -> Library:
    library = Library(settings, WordEmbedder())
    library.sync()
    return library


@pytest.fixture
def examine(library: Library) -> Examine:
    """What a library that is opened anew finds; the last one of each name."""

    def look() -> dict[str, Finding]:
        opened = Library(library.settings, WordEmbedder())
        return {each.what: each for each in examine_index(opened)}

    return look


def wrong(found: dict[str, Finding]) -> dict[str, str]:
    return {what: each.sentence for what, each in found.items() if not each.is_well}


def test_a_sound_index_is_well(examine: Examine, articles: Path) -> None:
    found = examine()
    assert wrong(found) == {}
    assert found["index"].sentence.startswith(f"In line with {articles} (3 articles, ")
    assert set(found) == {"index", "ledger", "vectors", "search"}


def test_nothing_indexed(settings: Settings) -> None:
    (found,) = examine_index(Library(settings, WordEmbedder()))
    assert not found.is_well and found.sentence.endswith("Run: dateline index")


def test_files_that_changed(examine: Examine, articles: Path) -> None:
    (articles / "council.txt").unlink()
    (articles / "news.txt").write_text("The bridge at Cape Dorn was closed.\n")
    assert wrong(examine()) == {
        "index": "2 files have changed since the last sync. Run: dateline index"
    }


def test_a_change_that_size_and_date_hide(library: Library, examine: Examine) -> None:
    path = library.settings.articles / "council.txt"
    long_ago = 1_600_000_000_000_000_000
    os.utime(path, ns=(long_ago, long_ago))
    library.sync()
    path.write_text(path.read_text().replace("4 percent", "9 percent"))
    os.utime(path, ns=(long_ago, long_ago))
    assert wrong(examine()) == {
        "files": "council.txt changed, with the size and date of before. Run: dateline index --anew"
    }


def test_bad_files_have_their_rows(library: Library, examine: Examine, articles: Path) -> None:
    (articles / "empty.txt").write_text("")
    (articles / "news.jsonl").write_text('{"title": "Fees", "text": "They rose."}\nnot JSON\n')
    library.sync()
    assert set(wrong(examine())) == {"empty.txt", "news.jsonl, line 2"}


def drop_vectors(library: Library) -> None:
    library.store.vectors.delete(library.store.vectors.ids()[:1])


def add_vectors(library: Library) -> None:
    vector = np.ones((1, WordEmbedder.dimensions), dtype=np.float32)
    row = {"article_id": "gone", "outlet": "", "published": 0}
    library.store.vectors.upsert(["gone-0"], vector, [row])


def swap_vectors(library: Library) -> None:
    """Each passage gets the vector of another text, as another model would have given it."""
    vectors = library.store.vectors
    ids = vectors.ids()
    rows = [{"article_id": "a", "outlet": "", "published": 0}] * len(ids)
    vectors.upsert(ids, WordEmbedder().embed([f"other words {n}" for n in range(len(ids))]), rows)


def lose_passages(library: Library) -> None:
    cache = library.store.cache_folder
    assert cache is not None
    with sqlite3.connect(cache.parent / "ledger.sqlite3") as ledger:
        ledger.execute("DELETE FROM passage WHERE article = (SELECT MIN(article) FROM passage)")
    ledger.close()


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (drop_vectors, {"vectors": "missing. Run: dateline index --anew"}),
        (add_vectors, {"vectors": "1 belong to no article. Run: dateline index --anew"}),
        (swap_vectors, {"search": "other vectors now than those stored"}),
        (lose_passages, {"ledger": "other counts of passages", "vectors": "belong to no article"}),
    ],
)
def test_damage_is_told(
    library: Library,
    examine: Examine,
    damage: Callable[[Library], None],
    told: dict[str, str],
) -> None:
    damage(library)
    found = wrong(examine())
    assert found.keys() == told.keys()
    assert all(words in found[what] for what, words in told.items())


def test_the_remedy_mends(library: Library, examine: Examine) -> None:
    for damage in (add_vectors, swap_vectors):
        damage(library)
        library.sync(anew=True)
        assert wrong(examine()) == {}


def test_indexes_of_other_settings_are_counted(library: Library, examine: Examine) -> None:
    changed = library.settings.index.model_copy(update={"passage_words": 20})
    other = library.settings.model_copy(update={"index": changed})
    Library(other, WordEmbedder()).sync()
    found = examine()["other indexes"]
    assert found.is_well and found.sentence.startswith("1 index of other settings, ")


@pytest.mark.parametrize(
    ("free", "memory", "well"),
    [
        (10**11, 10**11, (True, True)),
        (10**8, 10**11, (False, True)),
        (10**11, 10**8, (True, False)),
    ],
)
def test_room_on_disk_and_in_memory(
    library: Library,
    monkeypatch: pytest.MonkeyPatch,
    free: int,
    memory: int,
    well: tuple[bool, bool],
) -> None:
    monkeypatch.setattr("psutil.disk_usage", lambda _: type("Disk", (), {"free": free}))
    available = type("Memory", (), {"available": memory})
    monkeypatch.setattr("psutil.virtual_memory", lambda: available)
    found = {each.what: each for each in examine_machine(library)}
    assert (found["disk"].is_well, found["memory to search"].is_well) == well
    assert all(each.is_well or ". " in each.sentence for each in found.values())
