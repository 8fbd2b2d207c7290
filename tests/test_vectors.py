"""Vectors in Chroma: what is written is found, in whatever process, whatever was killed."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import chromadb
import numpy as np
import pytest
from made_vectors import DIMENSIONS, ENVIRONMENT, fill, opened, run, vector

from index import chroma
from index.chroma import Counts, FolderCollections
from index.errors import StoreError
from index.vectors import VectorIndex


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "störe" / "index"


@pytest.fixture
def vectors(folder: Path) -> Iterator[VectorIndex]:
    found = opened(folder)
    yield found
    found.reopen()  # so that no test leaves Chroma's files open


def assert_whole(vectors: VectorIndex, numbers: Sequence[int]) -> None:
    """These vectors are there, no others, and each finds itself."""
    assert sorted(vectors.ids()) == sorted(f"p{number}" for number in numbers)
    assert vectors.count() == len(numbers)
    for number in numbers:
        [(nearest, cosine)] = vectors.nearest(vector(number), 1)
        assert nearest == f"p{number}"
        assert cosine == pytest.approx(1, abs=1e-5)


def test_nothing_is_there_before_the_first_write(vectors: VectorIndex, folder: Path) -> None:
    assert vectors.count() == 0
    assert vectors.ids() == []
    assert vectors.fetch([]) == {}
    ids, found = vectors.all()
    assert (ids, found.shape) == ([], (0, 0))
    assert not vectors.needs_rebuild()
    vectors.settle()
    vectors.upsert([], np.zeros((0, DIMENSIONS), dtype=np.float32), [])
    assert not folder.exists()


def test_nothing_nearest_where_the_vectors_are_gone(vectors: VectorIndex) -> None:
    with pytest.raises(StoreError, match="its vectors are gone.*dateline index"):
        vectors.nearest(vector(1), 3)


def test_what_is_written_comes_back(vectors: VectorIndex, folder: Path) -> None:
    fill(vectors, range(20))
    for found in (vectors, opened(folder)):
        assert_whole(found, range(20))
        fetched = found.fetch(["p3", "p7", "unknown"])
        assert fetched.keys() == {"p3", "p7"}
        np.testing.assert_allclose(fetched["p3"], vector(3), atol=1e-6)
        ids, rows = found.all()
        assert rows.dtype == np.float32
        np.testing.assert_allclose(rows[ids.index("p5")], vector(5), atol=1e-6)


def test_cosines_are_exact_and_in_order(vectors: VectorIndex) -> None:
    fill(vectors, range(30))
    found = vectors.nearest(vector(100), 10)
    exact = sorted(((float(vector(100) @ vector(n)), f"p{n}") for n in range(30)), reverse=True)
    assert [key for key, _ in found] == [key for _, key in exact[:10]]
    assert [cosine for _, cosine in found] == pytest.approx(
        [cosine for cosine, _ in exact[:10]], abs=1e-5
    )
    assert len(vectors.nearest(vector(100), 1000)) == 30


def test_a_filter_leaves_only_what_it_names(vectors: VectorIndex) -> None:
    fill(vectors, range(30))
    late = vectors.nearest(vector(3), 30, {"published": {"$gte": 20250020}})
    assert {key for key, _ in late} == {f"p{number}" for number in range(20, 30)}
    assert vectors.nearest(vector(3), 5, {"outlet": "Other"}) == []


def test_an_upsert_takes_the_place_of_the_old_vector(vectors: VectorIndex) -> None:
    fill(vectors, range(3))
    vectors.upsert(["p1"], vector(9)[np.newaxis], [{"published": 0}])
    assert vectors.count() == 3
    assert vectors.nearest(vector(9), 1)[0][0] == "p1"
    assert vectors.nearest(vector(1), 3, {"published": 20250001}) == []


def test_what_is_deleted_is_gone(vectors: VectorIndex, folder: Path) -> None:
    fill(vectors, range(10))
    vectors.delete([*(f"p{number}" for number in range(4)), "never there"])
    vectors.delete(["never there"])
    vectors.delete([])
    assert_whole(vectors, range(4, 10))
    assert_whole(opened(folder), range(4, 10))


def test_more_rows_than_chroma_takes_at_once(
    vectors: VectorIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.vectors.ROWS_A_CALL", 3)
    fill(vectors, range(10))
    assert_whole(vectors, range(10))
    assert len(vectors.fetch([f"p{number}" for number in range(10)])) == 10
    vectors.delete([f"p{number}" for number in range(8)])
    assert_whole(vectors, range(8, 10))


def test_rows_of_another_opening_are_found_after_reopening(folder: Path) -> None:
    reader, writer = opened(folder), opened(folder)
    fill(writer, range(5))
    assert_whole(reader, range(5))
    writer.reopen()
    fill(writer, range(5, 9))
    reader.reopen()
    assert_whole(reader, range(9))


def test_many_threads_read(vectors: VectorIndex) -> None:
    fill(vectors, range(50))

    def read(number: int) -> str:
        if number % 7 == 0:
            vectors.reopen()
        return vectors.nearest(vector(number), 1)[0][0]

    with ThreadPoolExecutor(max_workers=4) as pool:
        found = list(pool.map(read, range(50)))
    assert found == [f"p{number}" for number in range(50)]


# What Chroma is relied on for


def test_the_space_is_cosine_and_the_graph_as_named(vectors: VectorIndex, folder: Path) -> None:
    fill(vectors, range(3))
    client = chroma._folder_client(folder / "chroma")
    graph = client.get_collection("passages").configuration["hnsw"]
    assert {name: graph[name] for name in chroma.HNSW} == dict(chroma.HNSW)


def test_another_space_is_refused(vectors: VectorIndex, folder: Path) -> None:
    client = chromadb.PersistentClient(
        path=str(folder / "chroma"), settings=chromadb.Settings(anonymized_telemetry=False)
    )
    client.create_collection(
        "passages", configuration={"hnsw": {"space": "l2"}}, embedding_function=None
    )
    with pytest.raises(StoreError, match="the distance l2, not cosine"):
        vectors.ids()


def graph_files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*-*-*/*")}


def test_the_graph_of_what_counts_is_never_written(vectors: VectorIndex, folder: Path) -> None:
    """Chroma writes it in place by default after 1,000 rows, and is killed in the midst of it."""
    for first in range(0, 2400, 800):
        fill(vectors, range(first, first + 800))
    vectors.reopen()
    assert vectors.nearest(vector(2000), 1)[0][0] == "p2000"
    assert not list(folder.rglob("index_metadata.pickle"))  # without which no graph is read
    vectors.settle()
    assert [path.name for path in folder.iterdir()] == ["chroma-2"]
    settled = graph_files(folder)
    assert len(settled["data_level0.bin"]) > 2400 * DIMENSIONS * 4
    vectors.reopen()
    assert waiting_in_log(folder / "chroma-2") <= 1
    fill(vectors, range(2400, 4000))
    vectors.reopen()
    assert vectors.nearest(vector(3000), 1)[0][0] == "p3000"
    assert graph_files(folder) == settled


def waiting_in_log(folder: Path) -> int:
    with sqlite3.connect(folder / "chroma.sqlite3") as connection:
        found: int = connection.execute("SELECT count(*) FROM embeddings_queue").fetchone()[0]
    connection.close()
    return found


COUNTED = """
import sys
from pathlib import Path
from index.chroma import FolderCollections
print(FolderCollections(Path(sys.argv[1])).peek(), "chromadb" in sys.modules)
"""


def test_counting_needs_no_chroma(vectors: VectorIndex, folder: Path) -> None:
    def peek() -> str:
        return run(COUNTED, str(folder)).stdout.strip()

    assert peek() == f"{Counts(rows=0, removed=0, waiting=0)} False"
    fill(vectors, range(10))
    vectors.delete(["p1", "p2", "p2000"])
    assert peek() == f"{Counts(rows=8, removed=2, waiting=12)} False"
    assert vectors.count() == 8
    assert FolderCollections(folder).peek() is None  # this process has Chroma open


# Settling and rebuilding


def test_few_rows_wait_and_many_are_settled(vectors: VectorIndex, folder: Path) -> None:
    fill(vectors, range(20))
    vectors.settle(20)
    assert [path.name for path in folder.iterdir()] == ["chroma"]
    vectors.settle(19)
    assert [path.name for path in folder.iterdir()] == ["chroma-2"]
    vectors.settle(0)  # nothing waits any more
    assert [path.name for path in folder.iterdir()] == ["chroma-2"]
    assert_whole(vectors, range(20))
    fill(vectors, range(20, 25))
    vectors.delete(["p0"])
    vectors.settle(5)
    assert [path.name for path in folder.iterdir()] == ["chroma-3"]
    assert_whole(opened(folder), range(1, 25))


def test_a_long_sync_settles_on_its_way(
    vectors: VectorIndex, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.vectors.MOST_WAITING", 15)
    for first in range(0, 60, 10):
        fill(vectors, range(first, first + 10))
    assert [path.name for path in folder.iterdir()] == ["chroma-4"]
    assert_whole(vectors, range(60))


def test_much_that_is_gone_makes_a_rebuild_worth_it(
    vectors: VectorIndex, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.vectors.GONE_ROWS", 10)
    fill(vectors, range(60))
    vectors.delete([f"p{number}" for number in range(10)])
    assert not vectors.needs_rebuild()  # too few
    vectors.delete([f"p{number}" for number in range(10, 20)])
    assert not vectors.needs_rebuild()  # 20 of 60: no more than a third
    vectors.delete(["p20"])
    assert vectors.needs_rebuild()
    reader = opened(folder)
    assert reader.count() == 39
    vectors.rebuild()
    assert not vectors.needs_rebuild()
    assert [path.name for path in folder.iterdir()] == ["chroma-2"]
    assert waiting_in_log(folder / "chroma-2") <= 1
    for found in (vectors, reader, opened(folder)):
        assert_whole(found, range(21, 60))
    assert len(vectors.nearest(vector(30), 5, {"published": 20250030})) == 1


def test_a_graph_made_otherwise_is_made_anew(
    vectors: VectorIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(vectors, range(20))
    assert not vectors.needs_rebuild()
    monkeypatch.setattr(chroma, "HNSW", {**chroma.HNSW, "max_neighbors": 24})
    monkeypatch.setattr("index.vectors.HNSW", chroma.HNSW)
    assert vectors.needs_rebuild()
    vectors.rebuild()
    assert not vectors.needs_rebuild()
    assert_whole(vectors, range(20))


def test_clearing_removes_all(vectors: VectorIndex, folder: Path) -> None:
    fill(vectors, range(5))
    (folder / "chroma-7").mkdir()
    (folder / "chroma.partial").mkdir()
    (folder / "cache").mkdir()
    vectors.clear()
    assert [path.name for path in folder.iterdir()] == ["cache"]
    fill(vectors, range(3))
    assert_whole(vectors, range(3))


# Killed, or beside others

KILLED = """
import os, signal, sys
from pathlib import Path
import index.chroma, index.vectors
from made_vectors import fill, opened

def dies(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

folder, act, where, step = Path(sys.argv[1]), *sys.argv[2:]
owner = {"chroma": index.chroma, "vectors": index.vectors, "path": index.chroma.Path,
         "shutil": index.chroma.shutil}[where]
if where == "shutil":  # the second removal is that of the old folder
    remove, calls = index.chroma.shutil.rmtree, []
    def dies(*args, **kwargs):
        calls.append(args)
        os.kill(os.getpid(), signal.SIGKILL) if len(calls) == 2 else remove(*args, **kwargs)
vectors = opened(folder)
vectors.count()
setattr(owner, step, dies)
vectors.rebuild() if act == "rebuild" else vectors.settle(0)
"""


@pytest.mark.parametrize(
    ("act", "where", "step"),
    [
        ("settle", "chroma", "_copy"),
        ("settle", "path", "rename"),
        ("settle", "shutil", "rmtree"),
        ("settle", "vectors", "_count"),
        ("rebuild", "vectors", "_upsert"),
        ("rebuild", "path", "rename"),
    ],
)
def test_killed_while_it_is_put_in_order(
    vectors: VectorIndex, folder: Path, act: str, where: str, step: str
) -> None:
    fill(vectors, range(30))
    vectors.delete(["p0"])
    found = run(KILLED, str(folder), act, where, step)
    assert found.returncode == -9, found.stderr
    vectors.reopen()
    assert_whole(vectors, range(1, 30))
    fill(vectors, range(30, 40))
    vectors.settle(0)
    assert_whole(vectors, range(1, 40))
    assert len(list(folder.iterdir())) == 1


READS = """
import sys
from pathlib import Path
from made_vectors import opened, vector
vectors = opened(Path(sys.argv[1]))
for _ in sys.stdin:
    vectors.reopen()
    print(vectors.nearest(vector(3), 1)[0][0], flush=True)
"""


def test_readers_in_other_processes_do_no_harm(
    vectors: VectorIndex, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.vectors.MOST_WAITING", 600)
    fill(vectors, range(10))
    reader = subprocess.Popen(
        [sys.executable, "-c", READS, str(folder)],
        env=ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with reader:
        assert reader.stdin is not None
        assert reader.stdout is not None
        for first in range(10, 1510, 150):
            print("look", file=reader.stdin, flush=True)
            fill(vectors, range(first, first + 150))
            assert reader.stdout.readline() == "p3\n"
        reader.stdin.close()
    vectors.reopen()
    assert vectors.count() == 1510
    lost = [n for n in range(0, 1510, 7) if vectors.nearest(vector(n), 1)[0][0] != f"p{n}"]
    assert lost == []


# What goes wrong


def not_a_database(folder: Path) -> None:
    (folder / "chroma.sqlite3").write_bytes(b"garbage" * 1000)


def half_a_database(folder: Path) -> None:
    database = folder / "chroma.sqlite3"
    database.write_bytes(database.read_bytes()[:8192])


@pytest.mark.parametrize("damage", [not_a_database, half_a_database])
def test_damage_is_told(vectors: VectorIndex, folder: Path, damage: Callable[[Path], None]) -> None:
    fill(vectors, range(10))
    vectors.reopen()
    damage(folder / "chroma")
    with pytest.raises(StoreError, match="is damaged: .*Delete that folder.*dateline index"):
        opened(folder).fetch(["p1"])


def test_a_file_in_the_folders_place(vectors: VectorIndex, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "chroma").write_text("x")
    with pytest.raises(StoreError, match="dateline index|--store"):
        vectors.ids()


def test_vectors_of_another_length_are_refused(vectors: VectorIndex) -> None:
    fill(vectors, range(3))
    with pytest.raises(StoreError, match="dimension"):
        vectors.upsert(["a"], np.ones((1, DIMENSIONS + 1), dtype=np.float32), [{"published": 0}])
    assert_whole(vectors, range(3))
