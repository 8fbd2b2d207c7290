"""Rows of different lengths in one array."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.ragged import Ragged

ROWS = [[1, 2], [], [3], [4, 5, 6]]


def ragged(rows: list[list[int]]) -> Ragged:
    flat = np.array([value for row in rows for value in row], dtype=np.int32)
    return Ragged.of([len(row) for row in rows], flat)


def lists(rows: Ragged) -> list[list[int]]:
    return [rows[number].tolist() for number in range(len(rows))]


@given(st.lists(st.lists(st.integers(0, 9), max_size=4), max_size=6), st.data())
def test_taken_rows_are_the_rows(rows: list[list[int]], data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=8)) if rows else []
    taken = ragged(rows).take(np.array(chosen, dtype=np.int64))
    assert lists(taken) == [rows[number] for number in chosen]
    assert taken.lengths.tolist() == [len(rows[number]) for number in chosen]


def test_joined() -> None:
    assert lists(Ragged.joined([ragged(ROWS), ragged([]), ragged(ROWS[:1])])) == ROWS + ROWS[:1]


def test_values_of_two_numbers() -> None:
    pairs = Ragged.of([1, 2], np.array([[1, 9], [2, 8], [3, 7]]))
    assert lists(pairs.take(np.array([1, 0]))) == [[[2, 8], [3, 7]], [[1, 9]]]


def test_lengths_must_add_up() -> None:
    with pytest.raises(ValueError, match="3 values in rows, 2 in all"):
        Ragged.of([1, 2], np.array([1, 2]))
