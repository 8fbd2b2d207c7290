"""The store on a real Chroma server: written, read, cut off, and made by other settings."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chroma_server import close, running_server
from conftest import REPOSITORY, WordEmbedder
from ledger_contract import RECIPE, assert_holds, ids, made

from index.embedding import Vectors
from index.errors import StoreBusyError, StoreError
from index.ledger import Change, IndexedArticle
from index.library import Library
from index.server import default_name
from index.server_store import open_server_store
from index.settings import Settings
from index.store import Store

pytestmark = pytest.mark.sockets

OpenStore = Callable[..., Store]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_server(tmp_path_factory.mktemp("chroma")) as found:
        yield found


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A store's name that no other test has."""
    return f"t{abs(hash(request.node.nodeid))}"


@pytest.fixture
def open_store(url: str, name: str, tmp_path: Path) -> Iterator[OpenStore]:
    """Opens the test's store anew at each call, as another process would."""
    stores: list[Store] = []

    def opening(**changes: Any) -> Store:
        recipe = replace(RECIPE, **changes)
        stores.append(open_server_store(f"{url}/{name}", tmp_path, recipe))
        return stores[-1]

    yield opening
    for store in stores:
        backend: Any = store._backend
        close(backend._server)


def vectors_of(article: IndexedArticle) -> Vectors:
    return WordEmbedder().embed([passage.text for passage in article.passages])


def fill(store: Store, *articles: IndexedArticle, **change: Any) -> None:
    with store.writing():
        store.put(articles, [vectors_of(each) for each in articles])
        store.commit(Change(put=articles, **change))


def assert_whole(store: Store, *articles: IndexedArticle) -> None:
    """The store has these articles, and their vectors are found."""
    assert_holds(store.ledger, articles)
    assert store.is_whole()
    assert set(store.vectors.ids()) == set(ids(*articles))
    for article in articles:
        for passage, vector in zip(article.passages, vectors_of(article), strict=True):
            found, cosine = store.vectors.nearest(vector, 1, {"article_id": article.article.id})[0]
            np.testing.assert_allclose(cosine, 1, atol=1e-5)
            assert found in ids(article), passage.id


def test_what_is_committed_is_there_for_others(open_store: OpenStore, url: str, name: str) -> None:
    reader, store = open_store(), open_store()
    assert reader.read_manifest() is None
    assert reader.load() is None
    assert reader.cache_folder is None
    assert store.place == f"{url}/{name}"
    first, second = made("a.txt", "The ferry left."), made("b.txt", "The council met on Monday.")
    fill(store, first, second)
    assert_whole(reader, first, second)
    later = made("a.txt", "The ferry came back at noon.")
    fill(store, later, drop=[second.article.id], is_complete=True)
    assert_whole(reader, later)
    assert_whole(store, later)
    manifest = reader.read_manifest()
    assert manifest is not None
    assert manifest.is_complete


def test_known_vectors_are_used_again(open_store: OpenStore) -> None:
    article = made("a.txt")
    fill(open_store(), article)
    passage = article.passages[1]
    known = open_store().known_vectors([passage.key, "unknown"])
    assert known.keys() == {passage.key}
    np.testing.assert_allclose(known[passage.key], vectors_of(article)[1], atol=1e-6)


def test_what_was_put_and_not_committed_is_removed(open_store: OpenStore) -> None:
    first, second = made("a.txt"), made("b.txt")
    store = open_store()
    fill(store, first)
    with pytest.raises(KeyboardInterrupt), store.writing():
        store.put([second], [vectors_of(second)])
        raise KeyboardInterrupt
    assert store.vectors.count() == len(ids(first, second))
    with open_store().writing():
        pass
    assert_whole(store, first)


def test_a_second_writer_is_told_who_writes(open_store: OpenStore) -> None:
    store, other = open_store(), open_store()
    with (
        store.writing(),
        pytest.raises(StoreBusyError, match=f"Process .* writing to the store {store.place}"),
        other.writing(),
    ):
        pass
    with other.writing():
        pass


def test_indexes_of_other_settings(open_store: OpenStore) -> None:
    old, new = open_store(passage_words=50), open_store()
    fill(old, made("a.txt"), is_complete=True)
    assert old.others() == ()
    (other,) = new.others()
    assert (other.recipe, other.is_complete, other.bytes) == (old.recipe, True, None)
    assert new.read_manifest() is None
    assert_whole(new.open_other(other.recipe), made("a.txt"))
    fill(new, made("b.txt"))
    with pytest.raises(StoreError, match="isn't complete yet"):
        new.remove_other(other.recipe)
    with new.writing():
        new.commit(Change(is_complete=True))
        new.remove_other(other.recipe)
    assert new.others() == ()
    assert old.read_manifest() is None
    assert old.vectors.count() == 0
    assert_whole(new, made("b.txt"))
    fill(old, made("c.txt"))
    assert_whole(old, made("c.txt"))


def test_the_newest_of_the_others_is_first(open_store: OpenStore) -> None:
    for words in (40, 50, 60):
        fill(open_store(passage_words=words), made("a.txt"))
    fill(open_store(passage_words=50), made("b.txt"))
    assert [each.recipe.passage_words for each in open_store().others()] == [50, 60, 40]


def test_a_removal_that_was_cut_off_is_finished_by_the_next(
    open_store: OpenStore, url: str, name: str
) -> None:
    first, second, store = open_store(passage_words=40), open_store(passage_words=50), open_store()
    for each in (first, second, store):
        fill(each, made("a.txt"), is_complete=True)
    server: Any = store._backend
    server._server.remove([f"{name}.{first.recipe.fingerprint}.head"])
    assert [other.recipe for other in store.others()] == [second.recipe]
    with store.writing():
        store.remove_other(second.recipe)
    left = server._server.collections(f"{name}.")
    assert {each.split(".")[1] for each in left} == {store.recipe.fingerprint, "lease"}


def test_vectors_are_compacted(open_store: OpenStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.vectors.GONE_ROWS", 3)
    store, reader = open_store(), open_store()
    articles = [made(f"{number}.txt", f"Text number {number}.") for number in range(4)]
    fill(store, *articles)
    assert_whole(reader, *articles)
    with store.writing():
        assert not store.compact()
        store.commit(Change(drop=[each.article.id for each in articles[1:]]))
        assert store.compact()
    assert_whole(store, articles[0])
    assert_whole(reader, articles[0])


KILLED = """
import os, sys
from pathlib import Path
import numpy as np
sys.path.insert(0, "tests")
from ledger_contract import RECIPE, made
from index.ledger import Change
from index.server_store import open_server_store
from index.tables import Table
from index.vectors import VectorIndex

url, last, vectors = sys.argv[1], int(sys.argv[2]), np.load(sys.argv[3])
store = open_server_store(url, Path(), RECIPE)
article = made("a.txt", "A later text.")
calls = 0

def killing(call):
    def counted(*args):
        global calls
        calls += 1
        if calls == last:
            os.kill(os.getpid(), 9)
        return call(*args)
    return counted

with store.writing():
    for owner, name in [(Table, "write"), (Table, "remove"), (VectorIndex, "upsert"),
                        (VectorIndex, "delete")]:
        setattr(owner, name, killing(getattr(owner, name)))
    store.put([article], [vectors])
    store.commit(Change(put=[article]))
"""


@pytest.mark.parametrize("last", [3, 6, 9])
def test_after_a_killed_writer(open_store: OpenStore, tmp_path: Path, last: int) -> None:
    """The next writer doesn't wait, readers have the old article or the new one, nothing stays."""
    old, new, reader = made("a.txt"), made("a.txt", "A later text."), open_store()
    fill(open_store(), old)
    vectors = tmp_path / "vectors.npy"
    np.save(vectors, vectors_of(new))
    command = [sys.executable, "-c", KILLED, reader.place, str(last), str(vectors)]
    assert subprocess.run(command, cwd=REPOSITORY, check=False).returncode == -9
    loaded = reader.load()
    assert loaded is not None
    (found,) = loaded[1]
    assert found.article in (old.article, new.article)
    with open_store().writing():
        pass
    assert_whole(reader, new if found.article == new.article else old)
    fill(open_store(), new)
    assert_whole(reader, new)


def test_a_folder_is_synced_with_a_server(url: str, settings: Settings, articles: Path) -> None:
    """The whole way, with the name that the folder gives."""
    changed = settings.model_copy(update={"store": url})
    writer, reader = (Library(changed, embedder=WordEmbedder()) for _ in range(2))
    try:
        report = writer.sync()
        assert len(report.new) == len(list(articles.iterdir()))
        assert writer.store.place == f"{url}/{default_name(articles)}"
        corpus = reader.corpus()
        assert {each.path for each in corpus.articles.values()} == set(report.new)
        assert not reader.is_stale
        (articles / "council.txt").write_text("The council of Port Hale met again on Friday.")
        assert reader.is_stale
        assert writer.sync().changed == ("council.txt",)
        assert "met again" in "".join(each.text for each in reader.corpus().passages)
        assert reader.store.is_whole()
    finally:
        for library in (writer, reader):
            backend: Any = library.store._backend
            close(backend._server)
