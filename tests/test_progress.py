"""How far a sync is: files count as one article until they turn out to hold more."""

import pytest

from index.progress import Tally


@pytest.fixture
def told() -> list[tuple[int, int]]:
    return []


def tally(files: int, told: list[tuple[int, int]]) -> Tally:
    return Tally(files, lambda done, total: told.append((done, total)))


def test_files_of_one_article_are_done_when_they_have_their_vectors(
    told: list[tuple[int, int]],
) -> None:
    counted = tally(3, told)
    counted.end_file(1)
    counted.end_file(0)  # nothing of it is new: it is done with at once
    counted.advance(1)
    counted.end_file(1)
    counted.advance(1)
    counted.finish()
    assert told == [(0, 3), (0, 3), (1, 3), (2, 3), (2, 3), (3, 3), (3, 3)]


def test_what_a_file_of_many_holds_is_reckoned_from_its_size(told: list[tuple[int, int]]) -> None:
    counted = tally(2, told)
    counted.expect(2, text_bytes=50, file_bytes=1000)  # so 40 in all, and one file more
    counted.advance(2)
    assert told[-1] == (2, 41)
    counted.expect(25, text_bytes=900, file_bytes=1000)
    counted.advance(18)
    assert told[-1] == (20, 29)
    counted.end_file(27)
    assert told[-1] == (20, 28)
    counted.advance(7)
    counted.end_file(1)
    counted.advance(1)
    counted.finish()
    assert told[-1] == (28, 28)


def test_more_is_never_done_than_there_is_to_do(told: list[tuple[int, int]]) -> None:
    counted = tally(1, told)
    counted.advance(3)  # before the file is at its end
    counted.end_file(3)
    assert told == [(0, 1), (1, 1), (3, 3)]


def test_nobody_need_be_told() -> None:
    Tally(1, None).expect(1, text_bytes=0, file_bytes=0)
