"""The store: what is written comes back, damage is told with a way out, one writer at a time."""

import errno
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import chromadb
import numpy as np
import pytest
from conftest import REPOSITORY, WordEmbedder

from index.articles import Article, read_article
from index.errors import StoreBusyError, StoreError
from index.passages import Passage, build_passages
from index.store import (
    BadEntry,
    FileEntry,
    Manifest,
    Recipe,
    Store,
    default_store_folder,
    passages_missing,
)

RECIPE = Recipe("words", "words-1", passage_words=70, passage_format=2)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store", RECIPE)


def parts(folder: Path, name: str = "ferry.md") -> tuple[Article, tuple[Passage, ...]]:
    article = read_article(folder, name)
    assert isinstance(article, Article)
    return article, build_passages(article, words=20)


def put(store: Store, folder: Path, name: str = "ferry.md") -> FileEntry:
    article, passages = parts(folder, name)
    vectors = WordEmbedder().embed([passage.indexed_text for passage in passages])
    return FileEntry(
        article_id=article.id,
        sha256=article.sha256,
        size=1,
        mtime_ns=2,
        record=store.put(article, passages, vectors),
        passages=tuple(passage.id for passage in passages),
    )


def fill(store: Store, folder: Path) -> Manifest:
    with store.writing():
        entry = put(store, folder)
        return store.commit(Manifest(RECIPE, files={"ferry.md": entry}))


def stored_ids(store: Store) -> set[str]:
    return set(store.collection().get(include=[])["ids"])


def test_nothing_is_there_before_the_first_write(store: Store, tmp_path: Path) -> None:
    assert store.read_manifest() is None
    assert store.other_recipes() == ()
    assert not (tmp_path / "store").exists()


def test_what_is_committed_comes_back(store: Store, articles: Path) -> None:
    with store.writing():
        entries = {name: put(store, articles, name) for name in ("ferry.md", "council.txt")}
        bad = {"b.txt": BadEntry(3, 4, "It is empty."), "a.txt": BadEntry(5, 6, "Ünreadable.")}
        finished = store.commit(Manifest(RECIPE, generation=4, files=entries, bad=bad))
    again = Store(store.root, RECIPE)
    assert again.read_manifest() == finished == Manifest(RECIPE, 4 + 1, entries, bad)
    assert [bad.path for bad in finished.bad_files] == ["a.txt", "b.txt"]
    assert list(again.load_records(finished)) == [
        parts(articles, "council.txt"),
        parts(articles, "ferry.md"),
    ]
    assert not passages_missing(again, finished)


@pytest.mark.parametrize("name", ["ferry ⛴️.txt", "two\nlines.txt", os.fsdecode(b"caf\xe9.txt")])
def test_odd_names_come_back(store: Store, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("The ferry left.\r\n\u2028\x85It came back.")
    with store.writing():
        finished = store.commit(Manifest(RECIPE, files={name: put(store, tmp_path, name)}))
    assert store.read_manifest() == finished
    assert list(store.load_records(finished)) == [parts(tmp_path, name)]


def test_vectors_are_compared_by_cosine(store: Store, articles: Path) -> None:
    fill(store, articles)
    assert store.collection().configuration["hnsw"]["space"] == "cosine"


def test_another_distance_is_refused(store: Store) -> None:
    client = chromadb.PersistentClient(
        path=str(store.folder / "chroma"), settings=chromadb.Settings(anonymized_telemetry=False)
    )
    client.create_collection(
        "passages", configuration={"hnsw": {"space": "l2"}}, embedding_function=None
    )
    with pytest.raises(StoreError, match="the distance l2, not cosine"):
        store.collection()


def test_more_passages_than_chroma_takes_at_once(
    store: Store, articles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.store.ROWS_A_CALL", 2)
    manifest = fill(store, articles)
    assert len(manifest.files["ferry.md"].passages) > 2
    assert stored_ids(store) == set(manifest.files["ferry.md"].passages)
    with store.writing():
        store.remove_leftovers(Manifest(RECIPE))
    assert stored_ids(store) == set()


def test_leftovers_go_and_the_rest_stays(store: Store, articles: Path) -> None:
    manifest = fill(store, articles)
    with store.writing():
        left = put(store, articles, "council.txt")
        records = store.folder / "records"
        (records / "unfinished").write_text("half")
        assert set(left.passages) <= stored_ids(store)
        store.remove_leftovers(manifest)
    kept = manifest.files["ferry.md"]
    assert stored_ids(store) == set(kept.passages)
    assert [path.name for path in records.iterdir()] == [kept.record]


def test_missing_vectors_are_noticed(store: Store, articles: Path) -> None:
    manifest = fill(store, articles)
    passages = manifest.files["ferry.md"].passages
    store.collection().delete(ids=[passages[0]])
    store.collection().upsert(ids=["another"], embeddings=np.ones((1, 256), dtype=np.float32))
    assert len(stored_ids(store)) == len(passages)
    assert passages_missing(store, manifest)


# Other settings


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
    store: Store, articles: Path, change: dict[str, int | str]
) -> None:
    fill(store, articles)
    other = Store(store.root, replace(RECIPE, **change))
    assert other.folder != store.folder
    assert other.read_manifest() is None
    assert other.other_recipes() == (RECIPE,)
    assert store.other_recipes() == ()


def test_the_model_is_known_by_its_weights_not_by_its_name(store: Store, articles: Path) -> None:
    manifest = fill(store, articles)
    renamed = Store(store.root, replace(RECIPE, embedding_model="elsewhere/words"))
    assert renamed.read_manifest() == manifest


def test_damaged_neighbours_are_passed_over(store: Store) -> None:
    for name, content in (("a", "{"), ("b", "[]"), ("c", "{}"), ("d", '{"recipe": {"x": 1}}')):
        (store.root / name).mkdir(parents=True)
        (store.root / name / "manifest.json").write_text(content)
    assert store.other_recipes() == ()


def test_fingerprint_of_the_manifest(store: Store, articles: Path) -> None:
    manifest = fill(store, articles)
    entry = manifest.files["ferry.md"]
    same = replace(manifest, generation=9, files={"ferry.md": replace(entry, mtime_ns=77)})
    assert same.fingerprint == manifest.fingerprint
    others = [
        replace(manifest, recipe=replace(RECIPE, passage_words=71)),
        replace(manifest, files={"ferry.md": replace(entry, sha256="0" * 64)}),
        replace(manifest, files={"boat.md": entry}),
        replace(manifest, files={}),
    ]
    assert len({other.fingerprint for other in [manifest, *others]}) == 1 + len(others)


def test_one_default_store_for_each_articles_folder(tmp_path: Path) -> None:
    for name in ("a/news", "b/news"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "a/news")
    first, second = (default_store_folder(tmp_path / name) for name in ("a/news", "b/news"))
    assert first != second
    assert first == default_store_folder(tmp_path / "link") == default_store_folder(Path("a/news"))
    assert first.parent == Path(".dateline")
    assert first.name.startswith("news-")


# One writer


def test_a_second_writer_is_told_who_writes(store: Store, articles: Path) -> None:
    manifest = fill(store, articles)
    errors: list[StoreBusyError] = []

    def write() -> None:
        second = Store(store.root, RECIPE)
        with pytest.raises(StoreBusyError, match=f"Process {os.getpid()} is writing") as raised:
            second.writing().__enter__()
        errors.append(raised.value)
        assert second.read_manifest() == manifest  # reading goes on

    with store.writing():
        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
    assert errors[0].retryable
    with Store(store.root, RECIPE).writing():
        pass  # free again


def test_a_writer_waits_as_long_as_it_is_told(store: Store) -> None:
    held, free = threading.Event(), threading.Event()

    def hold() -> None:
        with Store(store.root, RECIPE).writing():
            held.set()
            free.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(10)
    threading.Timer(0.2, free.set).start()
    with store.writing(wait_seconds=10):
        assert free.is_set()
    thread.join()


def test_the_lock_is_free_after_an_error_inside(store: Store) -> None:
    with pytest.raises(OSError, match="inside"), store.writing():
        raise OSError("inside")
    with store.writing():
        pass


def test_the_lock_of_a_killed_process_is_free(store: Store) -> None:
    script = (
        "import sys; from pathlib import Path; from index.store import Recipe, Store\n"
        "recipe = Recipe('words', 'words-1', passage_words=70, passage_format=2)\n"
        "with Store(Path(sys.argv[1]), recipe).writing():\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(store.root)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with (
            pytest.raises(StoreBusyError, match=f"Process {process.pid} is writing"),
            store.writing(),
        ):
            pass
        process.kill()
        process.wait()
    with store.writing():
        pass


# What goes wrong


def test_store_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match=r"file is a file. --store takes a folder"):
        Store(tmp_path / "file", RECIPE)
    below = Store(tmp_path / "file" / "store", RECIPE)
    with pytest.raises(StoreError, match="can't be written.*--store"), below.writing():
        pass


def test_a_lock_that_cannot_be_opened(store: Store) -> None:
    (store.root / "write.lock").mkdir(parents=True)
    with pytest.raises(StoreError, match="can't be written.*--store"), store.writing():
        pass


NOT_A_MANIFEST = [b"", b"{", b"[]", b"{}", b"null", b"\xff\xfe", b'{"recipe": {}}', b'"x"']


@pytest.mark.parametrize("content", NOT_A_MANIFEST)
def test_damaged_manifest(store: Store, articles: Path, content: bytes) -> None:
    fill(store, articles)
    (store.folder / "manifest.json").write_bytes(content)
    with pytest.raises(StoreError, match="is damaged: .*Delete that folder.*dateline index"):
        store.read_manifest()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("recipe", None),
        ("recipe", {"x": 1}),
        ("files", []),
        ("files", {"a.txt": {}}),
        ("files", {"a.txt": None}),
        ("bad", {"a.txt": {"size": 1}}),
        ("bad", None),
    ],
)
def test_manifest_of_another_shape(store: Store, articles: Path, key: str, value: object) -> None:
    fill(store, articles)
    path = store.folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))
    with pytest.raises(StoreError, match="is damaged: .*dateline index"):
        store.read_manifest()


def test_manifest_that_is_a_folder(store: Store) -> None:
    (store.folder / "manifest.json").mkdir(parents=True)
    with pytest.raises(StoreError, match="is damaged: .*dateline index"):
        store.read_manifest()


@pytest.mark.parametrize(
    "content", [None, b"", b"{", b"[]", b"{}", b"\xff", b'{"article": {}, "passages": []}']
)
def test_damaged_record(store: Store, articles: Path, content: bytes | None) -> None:
    manifest = fill(store, articles)
    path = store.folder / "records" / manifest.files["ferry.md"].record
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(StoreError, match="record of ferry.md can't be read.*dateline index"):
        list(store.load_records(manifest))


def test_what_the_reader_of_records_raises_is_its_own(store: Store, articles: Path) -> None:
    manifest = fill(store, articles)
    records = store.load_records(manifest)
    next(records)
    with pytest.raises(KeyError):
        records.throw(KeyError("mine"))


def not_a_database(chroma: Path) -> None:
    (chroma / "chroma.sqlite3").write_bytes(b"garbage" * 1000)


def half_a_database(chroma: Path) -> None:
    database = chroma / "chroma.sqlite3"
    database.write_bytes(database.read_bytes()[:8192])


def not_a_folder(chroma: Path) -> None:
    chroma.rename(chroma.with_name("elsewhere"))
    chroma.write_text("x")


@pytest.mark.parametrize("damage", [not_a_database, half_a_database, not_a_folder])
def test_damaged_vectors(store: Store, articles: Path, damage: Callable[[Path], None]) -> None:
    manifest = fill(store, articles)
    damage(store.folder / "chroma")
    store.reopen()
    with pytest.raises(StoreError, match="is damaged: .*Delete that folder.*dateline index"):
        passages_missing(Store(store.root, RECIPE), manifest)


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("(code: 13) database or disk is full", "can't be written: .*Make room"),
        ("(code: 8) attempt to write a readonly database", "can't be written"),
        ("(code: 5) database is locked", "can't be written"),
        ("(code: 11) database disk image is malformed", "is damaged"),
    ],
)
def test_errors_of_chroma_are_told_apart(store: Store, message: str, said: str) -> None:
    with pytest.raises(StoreError, match=said), store.chroma_errors():
        raise RuntimeError(message)


@pytest.mark.parametrize("failing", ["os.fsync", "tempfile.NamedTemporaryFile"])
def test_a_full_disk_leaves_the_old_state(
    store: Store, articles: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    manifest = fill(store, articles)
    before = sorted(path for path in store.folder.rglob("*") if path.is_file())

    def full(*args: object, **kwargs: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(failing, full)
    with store.writing():
        with pytest.raises(StoreError, match=r"can't be written: No space left.*Make room"):
            store.commit(Manifest(RECIPE))
        with pytest.raises(StoreError, match=r"can't be written: No space left.*Make room"):
            put(store, articles, "council.txt")
    assert store.read_manifest() == manifest
    assert sorted(path for path in store.folder.rglob("*") if path.is_file()) == before
