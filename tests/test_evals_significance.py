"""Differences between two systems, and whether chance explains them."""

from collections.abc import Sequence

import numpy as np
import pytest

from evals.measures import Measure, mean, quantile, share
from evals.results import Row
from evals.significance import McNemar, mcnemar, more_lost_than_chance, paired_bootstrap

MEAN = Measure("recall", "Recall", "The mean.", ("recall",), mean)
RIGHT = Measure("right", "Right", "The share.", ("right",), share)
MEDIAN = Measure("p50", "Median", "The median.", ("recall",), quantile(0.5))


def rows_of(column: str, values: Sequence[float | None], *, first: int = 0) -> list[Row]:
    return [
        Row(f"case-{at}", "fact", {column: value}, {}) for at, value in enumerate(values, first)
    ]


def test_the_difference_is_now_minus_before() -> None:
    found = paired_bootstrap(
        MEAN, rows_of("recall", [0.0, 0.5, 1.0]), rows_of("recall", [0.5, 0.5, 1.0])
    )
    assert found.value == pytest.approx((0.5 + 0 + 0) / 3)
    assert found.n == 3
    # One id of three changed: swapped or not, the mean is as far from 0.
    assert found.p == 1


def test_only_ids_that_both_have_count() -> None:
    before = rows_of("recall", [0.0, 0.0, 1.0])
    now = rows_of("recall", [1.0, 0.5, 0.0], first=1)  # cases 1 to 3
    found = paired_bootstrap(MEAN, before, now)
    assert found.n == 2
    assert found.value == (1.0 + 0.5) / 2 - (0.0 + 1.0) / 2


def test_ids_are_drawn_for_both_sides_at_once() -> None:
    """Questions differ a lot, each is a little better: only paired is that seen."""
    before = [at / 40 for at in range(40)]
    now = [each + 0.01 for each in before]
    found = paired_bootstrap(MEAN, rows_of("recall", before), rows_of("recall", now))
    assert found.value == pytest.approx(0.01)
    assert found.low == pytest.approx(0.01) and found.high == pytest.approx(0.01)
    assert found.p == pytest.approx(1 / (1000 + 1))  # no swap is as far: only what was observed


def test_the_order_of_rows_is_nothing() -> None:
    before, now = rows_of("recall", [0.0, 0.5, 1.0, 0.25]), rows_of("recall", [0.5, 0.5, 0.0, 1.0])
    assert paired_bootstrap(MEAN, before, now[::-1]) == paired_bootstrap(MEAN, before, now)


def test_a_difference_of_chance_is_told_as_one() -> None:
    chance = np.random.default_rng(2)
    before, now = chance.random(60), chance.random(60)
    found = paired_bootstrap(MEAN, rows_of("recall", list(before)), rows_of("recall", list(now)))
    spread = 1.96 * float(np.std(now - before)) / 60**0.5
    assert found.value == pytest.approx(float((now - before).mean()))
    assert found.low is not None and found.high is not None and found.p is not None
    assert found.low == pytest.approx(found.value - spread, abs=0.02)
    assert found.high == pytest.approx(found.value + spread, abs=0.02)
    assert found.low < 0 < found.high
    assert found.p > 0.05


def test_few_questions_prove_nothing() -> None:
    """Two of two gained: of the four ways of swapping, two are as far, so p is near 2/4."""
    found = paired_bootstrap(
        RIGHT, rows_of("right", [0, 0]), rows_of("right", [1, 1]), resamples=4000
    )
    assert (found.value, found.low, found.high) == (1, 1, 1)
    assert found.p == pytest.approx(2 / 4, abs=0.03)


def test_the_same_twice_differs_by_nothing() -> None:
    rows = rows_of("recall", [0.1, 0.7, 0.4])
    found = paired_bootstrap(MEAN, rows, rows)
    assert (found.value, found.low, found.high, found.p) == (0, 0, 0, 1)


def test_a_column_that_one_side_lacks_counts_on_the_other() -> None:
    """A refusal has no fact recall: before, one answer of 0; now, answers of 0 and 1."""
    before, now = rows_of("recall", [0.0, None, None]), rows_of("recall", [0.0, 1.0, None])
    found = paired_bootstrap(MEAN, before, now)
    assert found.value == (0 + 1) / 2 - 0 / 1
    assert found.n == 2  # the third counts on neither side


@pytest.mark.parametrize(
    ("before", "now"), [([], []), ([None], [1.0]), ([1.0], [None]), ([None], [None])]
)
def test_without_a_value_on_both_sides_there_is_no_difference(
    before: list[float | None], now: list[float | None]
) -> None:
    found = paired_bootstrap(MEAN, rows_of("recall", before), rows_of("recall", now))
    assert (found.value, found.low, found.high, found.p) == (None, None, None, None)


def test_any_measure_can_be_compared() -> None:
    before, now = rows_of("recall", [1.0, 2.0, 9.0]), rows_of("recall", [1.0, 3.0, 4.0])
    found = paired_bootstrap(MEDIAN, before, now, resamples=200, seed=1)
    assert found.value == 3.0 - 2.0
    assert found == paired_bootstrap(MEDIAN, before, now, resamples=200, seed=1)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        # One gained, none lost: two-sided 2 * (1/2)**1.
        ([0, 1], [1, 1], McNemar(1, 0, 1.0)),
        # Six lost, none gained: 2 * (1/2)**6.
        ([1] * 6 + [0], [0] * 6 + [0], McNemar(0, 6, 2 / 2**6)),
        # Four gained, one lost: 2 * (1 + 5) / 2**5.
        ([0, 0, 0, 0, 1, 1], [1, 1, 1, 1, 0, 1], McNemar(4, 1, 2 * (1 + 5) / 2**5)),
        ([1, 0, 1], [1, 0, 1], McNemar(0, 0, 1.0)),
        ([], [], McNemar(0, 0, 1.0)),
    ],
)
def test_mcnemar_by_hand(a: Sequence[bool], b: Sequence[bool], expected: McNemar) -> None:
    found = mcnemar(a, b)
    assert (found.gained, found.lost) == (expected.gained, expected.lost)
    assert found.p == pytest.approx(expected.p)


def test_mcnemar_wants_the_same_cases() -> None:
    with pytest.raises(ValueError, match="argument"):
        mcnemar([True], [True, False])


@pytest.mark.parametrize(
    ("gained", "lost", "level", "expected"),
    [
        (0, 0, 0.05, False),
        (0, 4, 0.05, False),  # 1/2**4 = 0.0625
        (0, 5, 0.05, True),  # 1/2**5 = 0.03125
        (0, 5, 0.01, False),
        (1, 7, 0.05, True),  # (1 + 8)/2**8 = 0.035
        (1, 6, 0.05, False),  # (1 + 7)/2**7 = 0.0625
        (5, 5, 0.05, False),
        (9, 0, 0.05, False),  # gains never count against it
    ],
)
def test_more_lost_than_a_coin_would(gained: int, lost: int, level: float, expected: bool) -> None:
    assert more_lost_than_chance(gained, lost, level) is expected
