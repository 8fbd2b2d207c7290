"""The store: what is committed comes back, and whatever is killed, it is one state or the other."""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from ledger_contract import RECIPE, assert_holds, entry, ids, made
from made_store import A2, A, B, embedded, put
from made_vectors import run

from index.errors import StoreBusyError, StoreError
from index.folder_store import open_folder_store
from index.ledger import Change, IndexedArticle, Manifest, Recipe
from index.store import Store, default_store_folder, open_store, row


def fill(store: Store, *articles: IndexedArticle, is_complete: bool = True) -> Manifest:
    with store.writing():
        put(store, *articles)
        files = [entry(each.article.path) for each in articles]
        return store.commit(Change(put=articles, files=files, is_complete=is_complete))


def assert_serves(store: Store, *articles: IndexedArticle) -> None:
    """Each article wholly, nothing else, and every vector finds itself."""
    store.reopen()
    assert_holds(store.ledger, articles)
    assert sorted(store.vectors.ids()) == sorted(ids(*articles))
    assert store.is_whole()
    for article in articles:
        for passage, vector in zip(article.passages, embedded(article), strict=True):
            assert store.vectors.nearest(vector, 1)[0][0] == passage.id


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def store(root: Path) -> Iterator[Store]:
    found = open_folder_store(root, RECIPE)
    yield found
    found.reopen()


def test_nothing_is_there_before_the_first_write(store: Store, root: Path) -> None:
    assert store.read_manifest() is None
    assert store.load() is None
    assert store.others() == ()
    assert store.known_vectors(["a"]) == {}
    assert store.is_whole()
    assert not root.exists()


def test_what_is_committed_comes_back(store: Store, root: Path) -> None:
    manifest = fill(store, B, A)
    assert manifest.is_complete
    for found in (store, open_folder_store(root, RECIPE)):
        assert found.read_manifest() == manifest
        assert found.read_manifest() is found.read_manifest()  # not read twice
        loaded = found.load()
        assert loaded is not None
        assert [each.article.path for each in loaded[1]] == ["a.txt", "b.txt"]
        assert_serves(found, A, B)


def test_a_commit_of_another_opening_is_seen(store: Store, root: Path) -> None:
    reader = open_folder_store(root, RECIPE)
    first = fill(store, A)
    assert reader.read_manifest() == first
    second = fill(store, A2, B)
    assert reader.read_manifest() == second
    assert_serves(reader, A2, B)
    shutil.rmtree(root)
    assert reader.read_manifest() is None
    third = fill(open_folder_store(root, RECIPE), B)
    assert reader.read_manifest() == third
    assert_serves(reader, B)


def test_rows_can_be_filtered(store: Store) -> None:
    dated = A.article
    undated = replace(dated, outlet=None, published=None)
    assert row(dated) == {
        "article_id": dated.id,
        "outlet": "The Hale Gazette ?",  # Chroma takes no lone surrogates
        "published": 20250303,
    }
    assert row(undated) == {"article_id": dated.id, "outlet": "", "published": 0}
    old = replace(dated, published=date(987, 1, 2))
    assert row(old)["published"] == 9870102
    fill(store, replace(A, article=replace(dated, outlet="Gazette")))
    vector = embedded(A)[0]
    assert store.vectors.nearest(vector, 5, {"published": {"$lt": 20250303}}) == []
    assert len(store.vectors.nearest(vector, 5, {"outlet": "Gazette"})) == 2


def test_articles_without_passages(store: Store) -> None:
    bare = made("bare.txt", passages=0)
    fill(store, bare, A)
    assert_serves(store, A, bare)
    fill(store, bare)


def test_known_vectors_are_used_again(store: Store) -> None:
    fill(store, A, B)
    key, other = A.passages[0].key, B.passages[1].key
    found = store.known_vectors([key, other, "unknown"])
    assert found.keys() == {key, other}
    np.testing.assert_allclose(found[key], embedded(A)[0], atol=1e-6)
    store.vectors.delete([A.passages[0].id])
    assert store.known_vectors([key, other]).keys() == {other}


def test_what_is_replaced_or_dropped_leaves_no_vectors(store: Store) -> None:
    fill(store, A, B)
    fill(store, A2)
    assert_serves(store, A2, B)
    with store.writing():
        store.commit(Change(drop=[A2.article.id]))
    assert_serves(store, B)
    assert store.ledger.left_over() == ()


def test_what_is_put_and_not_committed_goes(store: Store) -> None:
    fill(store, A)
    with store.writing():
        put(store, B)
        assert store.is_whole()  # on the way
    assert store.is_whole()
    with store.writing():
        pass
    assert_serves(store, A)


def test_missing_and_strange_vectors_are_noticed(store: Store, root: Path) -> None:
    fill(store, A, B)
    store.vectors.delete([A.passages[0].id])
    assert not store.is_whole()
    fill(store, A)
    assert store.is_whole()
    store.vectors.upsert(["strange"], embedded(A)[:1], [row(A.article)])
    assert not store.is_whole()
    store.reopen()
    shutil.rmtree(root / RECIPE.fingerprint / "chroma")
    assert not store.is_whole()
    with pytest.raises(StoreError, match="its vectors are gone.*dateline index"):
        store.vectors.nearest(embedded(A)[0], 1)
    fill(store, A, B)
    assert_serves(store, A, B)


def test_vectors_without_a_ledger_go(store: Store, root: Path) -> None:
    fill(store, A)
    (root / RECIPE.fingerprint / "ledger.sqlite3").unlink()
    assert store.read_manifest() is None
    assert not store.is_whole()
    fill(store, B)
    assert_serves(store, B)


def test_compaction(store: Store, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = root / RECIPE.fingerprint
    assert not store.compact()
    fill(store, A, B)
    assert not store.compact()
    assert (folder / "chroma").exists()
    monkeypatch.setattr("index.vectors.GONE_ROWS", 0)
    with store.writing():
        store.commit(Change(drop=[A.article.id]))
        assert store.compact()
    assert_serves(store, B)
    assert [path.name for path in folder.glob("chroma*")] == ["chroma-2"]


# Killed at any step

WRITES = """
import os, signal, sys
from pathlib import Path
from index.folder_store import open_folder_store
from index.ledger import Change
from ledger_contract import RECIPE, entry
from made_store import A2, B, put

store = open_folder_store(Path(sys.argv[1]), RECIPE)
part, step = sys.argv[2:]
owner = {"ledger": store.ledger, "vectors": store.vectors}[part]
act = getattr(owner, step)

def acts(*arguments):
    act(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)

with store.writing():
    setattr(owner, step, acts)
    put(store, A2, B)
    store.commit(Change(put=[A2, B], files=[entry("a.txt"), entry("b.txt")]))
"""


@pytest.mark.parametrize(
    ("part", "step", "is_new"),
    [
        ("ledger", "intend", False),
        ("vectors", "upsert", False),
        ("ledger", "commit", True),
        ("vectors", "delete", True),
        ("ledger", "forget", True),
    ],
)
def test_killed_after_a_step(store: Store, root: Path, part: str, step: str, is_new: bool) -> None:
    fill(store, A)
    found = run(WRITES, str(root), part, step)
    assert found.returncode == -9, found.stderr
    expected = [A2, B] if is_new else [A]
    assert_holds(store.ledger, expected)
    store.reopen()
    assert store.is_whole()  # what is left over is known
    with store.writing():
        assert store.ledger.left_over() == ()
        assert_serves(store, *expected)
    fill(store, A2, B)
    assert_serves(store, A2, B)


# Other settings


OTHER = replace(RECIPE, passage_words=71)


@pytest.mark.parametrize(
    "change",
    [
        {"embedding_fingerprint": "words-2"},
        {"passage_words": 71},
        {"passage_format": 3},
        {"store_format": 99},
    ],
)
def test_another_recipe_is_another_index_beside(
    store: Store, root: Path, change: dict[str, int | str]
) -> None:
    fill(store, A)
    other = open_folder_store(root, replace(RECIPE, **change))  # type: ignore[arg-type]
    assert other.read_manifest() is None
    [found] = other.others()
    assert (found.recipe, found.is_complete) == (RECIPE, True)
    assert found.bytes is not None
    assert found.bytes > 10_000
    assert Path(found.place).parent == root
    assert store.others() == ()
    old = other.open_other(found.recipe)
    assert_serves(old, A)


def test_the_model_is_known_by_its_weights_not_by_its_name(store: Store, root: Path) -> None:
    manifest = fill(store, A)
    renamed = open_folder_store(root, replace(RECIPE, embedding_model="elsewhere/words"))
    assert renamed.read_manifest() == manifest


def test_other_indexes_come_newest_first(store: Store, root: Path) -> None:
    recipes = [replace(RECIPE, passage_words=words) for words in (80, 90, 100)]
    for number, recipe in enumerate(recipes):
        fill(open_folder_store(root, recipe), A, is_complete=number != 1)
        ledger = root / recipe.fingerprint / "ledger.sqlite3"
        os.utime(ledger, (1_000_000 - number, 1_000_000 - number))
    found = store.others()
    assert [other.recipe for other in found] == recipes
    assert [other.is_complete for other in found] == [True, False, True]


def test_an_index_of_an_older_version_can_only_be_removed(store: Store, root: Path) -> None:
    old = Recipe("words", "words-1", passage_words=70, passage_format=1, store_format=1)
    folder = root / "an old name"
    folder.mkdir(parents=True)
    raw = {name: getattr(old, name) for name in Recipe.__slots__}
    (folder / "manifest.json").write_text(json.dumps({"recipe": raw, "files": {}}))
    [found] = store.others()
    assert (found.recipe, found.is_complete, found.place) == (old, False, str(folder))
    fill(store, A)
    with store.writing():
        store.remove_other(old)
    assert not folder.exists()


def test_damaged_neighbours_are_passed_over(store: Store, root: Path) -> None:
    for name, content in (("a", "{"), ("b", "[]"), ("c", "{}"), ("d", '{"recipe": {"x": 1}}')):
        (root / name).mkdir(parents=True)
        (root / name / "manifest.json").write_text(content)
    for name, garbage in (("e", b""), ("f", b"garbage" * 1000)):
        (root / name).mkdir()
        (root / name / "ledger.sqlite3").write_bytes(garbage)
    (root / "asked.jsonl").write_text("{}\n")
    assert store.others() == ()


def test_only_a_complete_index_takes_the_place_of_others(store: Store, root: Path) -> None:
    other = open_folder_store(root, OTHER)
    fill(other, B)
    with pytest.raises(StoreError, match="isn't complete yet.*dateline index"):
        store.remove_other(OTHER)
    fill(store, A, is_complete=False)
    with pytest.raises(StoreError, match="isn't complete yet"):
        store.remove_other(OTHER)
    assert_serves(other, B)
    fill(store, A)
    with store.writing():
        store.remove_other(replace(OTHER, passage_words=72))  # not there
        assert_serves(other, B)
        store.remove_other(OTHER)
    assert store.others() == ()
    assert not (root / OTHER.fingerprint).exists()
    assert_serves(store, A)


def test_a_removal_that_was_killed_is_finished_by_the_next(store: Store, root: Path) -> None:
    fill(store, A)
    half = root / ".removing-x"
    half.mkdir()
    (half / "manifest.json").write_text("{}")
    assert store.others() == ()
    fill(open_folder_store(root, OTHER), B)
    with store.writing():
        store.remove_other(OTHER)
    assert not half.exists()


def test_where_derived_data_may_be_kept(store: Store, root: Path) -> None:
    assert store.cache_folder == root / RECIPE.fingerprint / "cache"


# Where the store is


def test_the_store_that_the_settings_name(tmp_path: Path) -> None:
    named = open_store(str(tmp_path / "named"), tmp_path / "news", RECIPE)
    assert named.place == str(tmp_path / "named")
    own = open_store(None, tmp_path / "news", RECIPE)
    assert own.place == str(default_store_folder(tmp_path / "news"))


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/news", "https://127.0.0.1:1/news"])
def test_an_address_is_a_server(address: str, tmp_path: Path) -> None:
    assert open_store(address, tmp_path, RECIPE).cache_folder is None


def test_one_default_store_for_each_articles_folder(tmp_path: Path) -> None:
    for name in ("a/news", "b/news"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "a/news")
    first, second = (default_store_folder(tmp_path / name) for name in ("a/news", "b/news"))
    assert first != second
    assert first == default_store_folder(tmp_path / "link") == default_store_folder(Path("a/news"))
    assert first.parent == Path(".dateline")
    assert first.name.startswith("news-")


# What goes wrong


def test_a_second_writer_is_refused_and_readers_go_on(store: Store, root: Path) -> None:
    manifest = fill(store, A)
    other = open_folder_store(root, OTHER)
    with store.writing():
        with pytest.raises(StoreBusyError, match=f"Process {os.getpid()} on "), other.writing():
            pass
        assert open_folder_store(root, RECIPE).read_manifest() == manifest
    with other.writing():
        pass


def test_store_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match=r"file is a file. --store takes a folder"):
        open_folder_store(tmp_path / "file", RECIPE)
    below = open_folder_store(tmp_path / "file" / "store", RECIPE)
    with pytest.raises(StoreError, match="can't be written.*--store"), below.writing():
        pass


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("(code: 13) database or disk is full", "can't be written: .*Make room"),
        ("(code: 8) attempt to write a readonly database", "can't be written"),
        ("(code: 14) unable to open database file", "can't be written"),
        ("No space left on device (os error 28)", "can't be written: .*Make room"),
        ("(code: 5) database is locked", "in use by another process. Try again"),
        ("(code: 11) database disk image is malformed", "is damaged"),
    ],
)
def test_errors_of_chroma_are_told_apart(
    store: Store, monkeypatch: pytest.MonkeyPatch, message: str, said: str
) -> None:
    fill(store, A)

    def fails(*_: object) -> None:
        raise RuntimeError(message)

    monkeypatch.setattr("index.vectors._upsert", fails)
    with pytest.raises(StoreError, match=said), store.writing():
        put(store, B)
    monkeypatch.undo()
    assert_holds(store.ledger, [A])
    with store.writing():
        assert_serves(store, A)


def test_damage_that_a_reader_finds(store: Store) -> None:
    error = store.damaged("vectors are missing from it")
    assert f"{RECIPE.fingerprint} is damaged: vectors are missing from it." in str(error)
    assert "dateline index" in str(error)
