"""The matrix of vectors beside an index: only what is new is fetched, damage is done without."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

import index.vectors_cache
from index.embedding import Vectors
from index.errors import StoreError
from index.vectors_cache import NAMES, NEW, leave_vectors, load_vectors


class Source:
    """Gives a vector for each id, and keeps what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def fetch(self, ids: Sequence[str]) -> Vectors:
        self.asked.extend(ids)
        return np.array([[float(key[1:]), 1 / 3, 0.5] for key in ids], dtype=np.float32)


def ids(*numbers: int) -> list[str]:
    return [f"p{number}" for number in numbers]


@pytest.fixture(autouse=True)
def _few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index.vectors_cache, "ROWS_AT_ONCE", 3)


@pytest.mark.parametrize(
    ("before", "after", "fetched"),
    [
        (range(7), range(7), ids()),
        (range(7), [6, 0, 3], ids()),
        (range(7), [*range(3), 10, *range(3, 7), 11], ids(10, 11)),
        (range(7), [20, 21, 22, 23], ids(20, 21, 22, 23)),
        ([], [1, 2], ids(1, 2)),
    ],
)
def test_only_what_is_new_is_fetched(
    tmp_path: Path, before: Sequence[int], after: Sequence[int], fetched: list[str]
) -> None:
    first, second = Source(), Source()
    load_vectors(ids(*before), first.fetch, tmp_path)
    found = load_vectors(ids(*after), second.fetch, tmp_path)
    assert found[:, 0].tolist() == list(after)
    assert found[:, 1].tolist() == [np.float32(1 / 3)] * len(after)
    assert second.asked == fetched
    third = Source()
    assert np.array_equal(load_vectors(ids(*after), third.fetch, tmp_path), found)
    assert third.asked == []
    assert len(list(tmp_path.iterdir())) == 2  # nothing is left of what was before


def test_a_matrix_that_is_read_stays_as_it_was(tmp_path: Path) -> None:
    source = Source()
    old = load_vectors(ids(*range(5)), source.fetch, tmp_path)
    load_vectors(ids(4, 9), source.fetch, tmp_path)
    assert old[:, 0].tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("folder", [None, "file"])
def test_without_a_place_to_keep_them_they_are_fetched(tmp_path: Path, folder: str | None) -> None:
    (tmp_path / "file").write_text("in the way")
    place = tmp_path / folder if folder else None
    for _ in range(2):
        source = Source()
        assert load_vectors(ids(*range(8)), source.fetch, place)[:, 0].tolist() == [*range(8)]
        assert source.asked == ids(*range(8))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-7] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [cut, flip, Path.unlink, lambda path: path.write_bytes(b"")])
@pytest.mark.parametrize("damaged", [NAMES, "vectors-*.npy"])
def test_damage_is_read_anew(tmp_path: Path, damaged: str, damage: object) -> None:
    load_vectors(ids(*range(8)), Source().fetch, tmp_path)
    (path,) = tmp_path.glob(damaged)
    damage(path)  # type: ignore[operator]
    for expected in (ids(*range(8)), []):  # once; then it is kept again
        source = Source()
        found = load_vectors(ids(*range(8)), source.fetch, tmp_path)
        assert found[:, 0].tolist() == [*range(8)]
        assert source.asked == expected


def test_what_fetching_raises_comes_through_and_leaves_what_was(tmp_path: Path) -> None:
    load_vectors(ids(1, 2), Source().fetch, tmp_path)

    def fail(some: Sequence[str]) -> Vectors:
        raise StoreError("gone")

    with pytest.raises(StoreError, match="gone"):
        load_vectors(ids(1, 3), fail, tmp_path)
    source = Source()
    load_vectors(ids(1, 2), source.fetch, tmp_path)
    assert source.asked == []
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("before", [[], [1, 2, 5]])
def test_what_a_writer_left_is_not_fetched(tmp_path: Path, before: list[int]) -> None:
    load_vectors(ids(*before), Source().fetch, tmp_path)
    for left in ([3, 4], [6, 7, 8]):
        leave_vectors(ids(*left), Source().fetch(ids(*left)), tmp_path)
    source = Source()
    found = load_vectors(ids(5, 3, 4, 6), source.fetch, tmp_path)
    assert found[:, 0].tolist() == [5, 3, 4, 6]
    assert source.asked == (ids() if before else ids(5))
    # 7 and 8 aren't committed yet, so that they wait.
    (waiting,) = tmp_path.glob(NEW)
    found = load_vectors(ids(8, 4, 7), source.fetch, tmp_path)
    assert found[:, 0].tolist() == [8, 4, 7]
    assert source.asked == (ids() if before else ids(5))
    # They never will be where they have waited for long.
    os.utime(waiting, (0, 0))
    load_vectors(ids(8, 4), source.fetch, tmp_path)
    assert not list(tmp_path.glob(NEW))


@pytest.mark.parametrize("damage", [b"", b"PK\x05\x06 no archive"])
def test_what_was_left_damaged_is_fetched(tmp_path: Path, damage: bytes) -> None:
    leave_vectors(ids(1), Source().fetch(ids(1)), tmp_path)
    (path,) = tmp_path.glob(NEW)
    path.write_bytes(damage)
    source = Source()
    load_vectors(ids(1), source.fetch, tmp_path)
    assert source.asked == ids(1)
    assert not list(tmp_path.glob(NEW))


def test_without_a_place_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    leave_vectors(ids(1), Source().fetch(ids(1)), None)
    leave_vectors(ids(1), Source().fetch(ids(1)), tmp_path / "file")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_none_at_all(tmp_path: Path) -> None:
    assert load_vectors([], Source().fetch, tmp_path).shape == (0, 0)
