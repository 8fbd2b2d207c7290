"""Shares, rates and curves over many answers, against hand arithmetic."""

import math
import random
from collections.abc import Sequence

import pytest

from evals.metrics import (
    Decision,
    ReliabilityBin,
    RiskPoint,
    Share,
    calibration_error,
    f1,
    false_refusal_rate,
    kappa,
    percentile,
    precision,
    recall,
    refusal_f1,
    refusal_precision,
    refusal_recall,
    reliability,
    risk_coverage,
    risk_coverage_area,
    wilson_interval,
)

# 3 answerable of which 1 refused, 2 not answerable of which 2 refused.
DECISIONS = [
    Decision(answerable=True, refused=False),
    Decision(answerable=True, refused=False),
    Decision(answerable=True, refused=True),
    Decision(answerable=False, refused=True),
    Decision(answerable=False, refused=True),
]


def test_refusals_by_hand() -> None:
    assert refusal_precision(DECISIONS).value == 2 / (2 + 1)
    assert refusal_recall(DECISIONS).value == 2 / 2
    assert false_refusal_rate(DECISIONS).value == 1 / 3
    # Precision 2/3 and recall 1: 2 * (2/3 * 1) / (2/3 + 1) = 4/5.
    assert refusal_f1(DECISIONS) == pytest.approx(4 / 5)


def test_refusal_measures_that_do_not_apply_have_no_value() -> None:
    answered = [Decision(answerable=True, refused=False)]
    assert refusal_precision(answered).value is None
    assert refusal_recall(answered).value is None
    assert refusal_f1(answered) is None
    assert false_refusal_rate([]).value is None
    assert false_refusal_rate([]).interval is None


@pytest.mark.parametrize(("hits", "total"), [(0, 8), (8, 8), (5, 30), (24, 30)])
def test_wilson_interval_is_the_formula(hits: int, total: int) -> None:
    z = 1.959963984540054  # the 97.5 % point of the normal distribution
    p = hits / total
    middle = (p + z**2 / (2 * total)) / (1 + z**2 / total)
    half = z / (1 + z**2 / total) * math.sqrt(p * (1 - p) / total + z**2 / (4 * total**2))
    interval = wilson_interval(hits, total)
    assert interval == pytest.approx((middle - half, middle + half), abs=1e-9)
    assert Share(hits, total).interval == interval


def test_wilson_interval_of_nothing_is_none() -> None:
    assert wilson_interval(0, 0) is None


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([3.0, 1.0, 2.0], 0.5, 2.0),
        ([4.0, 1.0, 2.0, 3.0], 0.5, 2.0),
        ([float(each) for each in range(1, 21)], 0.95, 19.0),
        ([float(each) for each in range(1, 101)], 0.95, 95.0),
        ([1.0, 2.0], 0.95, 2.0),
        ([7.0], 0.5, 7.0),
        ([], 0.5, None),
    ],
)
def test_percentile_by_nearest_rank(
    values: list[float], share: float, expected: float | None
) -> None:
    assert percentile(values, share) == expected


def test_detection_by_hand() -> None:
    expected, flagged = [True, True, True, False, False], [True, False, False, True, False]
    assert precision(expected, flagged) == Share(1, 2)
    assert recall(expected, flagged) == Share(1, 3)
    assert f1(expected, flagged) == pytest.approx(2 * (1 / 2 * 1 / 3) / (1 / 2 + 1 / 3))


def test_detection_of_nothing_and_of_all_wrong() -> None:
    assert f1([False], [False]) is None
    assert precision([False], [False]).value is None
    assert f1([True], [False]) == 0
    with pytest.raises(ValueError, match="argument"):
        f1([True], [])


@pytest.mark.parametrize(
    ("confidence", "correct", "points", "area"),
    [
        # Risks 0/1, 1/2, 1/3, 2/4 at coverages of 1/4, 2/4, 3/4, 4/4: the area is their mean.
        (
            [0.6, 0.9, 0.7, 0.8],
            [0, 1, 1, 0],
            [(0.9, 1 / 4, 0 / 1), (0.8, 2 / 4, 1 / 2), (0.7, 3 / 4, 1 / 3), (0.6, 4 / 4, 2 / 4)],
            (0 / 1 + 1 / 2 + 1 / 3 + 2 / 4) / 4,
        ),
        # Two of the same confidence share a point: 1/3 holds for 3/4 - 1/4 of the coverage.
        (
            [0.9, 0.8, 0.8, 0.1],
            [1, 0, 1, 1],
            [(0.9, 1 / 4, 0 / 1), (0.8, 3 / 4, 1 / 3), (0.1, 4 / 4, 1 / 4)],
            1 / 4 * 0 + 2 / 4 * 1 / 3 + 1 / 4 * 1 / 4,
        ),
        ([0.5, 0.5], [1, 0], [(0.5, 1, 1 / 2)], 1 / 2),
        ([0.5], [1], [(0.5, 1, 0)], 0),
        ([0.9, 0.1], [0, 0], [(0.9, 1 / 2, 1), (0.1, 1, 1)], 1),
        ([], [], [], None),
    ],
)
def test_risk_and_coverage_by_hand(
    confidence: list[float],
    correct: list[float],
    points: list[tuple[float, float, float]],
    area: float | None,
) -> None:
    assert risk_coverage(confidence, correct) == tuple(RiskPoint(*each) for each in points)
    assert risk_coverage_area(confidence, correct) == pytest.approx(area)


def test_risk_is_the_same_in_any_order() -> None:
    pairs = [(0.2, 1.0), (0.2, 0.0), (0.7, 1.0), (0.7, 0.0), (0.9, 1.0)]
    backwards = pairs[::-1]
    assert risk_coverage(*zip(*pairs, strict=True)) == risk_coverage(*zip(*backwards, strict=True))


# Three at 0.95, of which two are right; two in (0.4, 0.5], its upper edge included, none right.
SUPPORT, RIGHT = [0.95, 0.95, 0.95, 0.45, 0.5], [1.0, 1.0, 0.0, 0.0, 0.0]


def test_calibration_by_hand() -> None:
    low, high = reliability(SUPPORT, RIGHT)
    assert low == ReliabilityBin(0.4, 0.5, 2, pytest.approx(0.475), 0 / 2)
    assert high == ReliabilityBin(0.9, 1.0, 3, pytest.approx(0.95), 2 / 3)
    error = 2 / 5 * abs(0.475 - 0) + 3 / 5 * abs(0.95 - 2 / 3)
    assert calibration_error(SUPPORT, RIGHT) == pytest.approx(error)


@pytest.mark.parametrize(
    ("support", "correct", "expected"),
    [
        ([1.0, 1.0], [1.0, 1.0], 0),
        ([1.0, 1.0], [0.0, 0.0], 1),
        ([0.0], [1.0], 1),
        ([0.5] * 4, [1.0, 0.0, 1.0, 0.0], 0),
        ([], [], None),
    ],
)
def test_calibration_at_its_ends(
    support: list[float], correct: list[float], expected: float | None
) -> None:
    assert calibration_error(support, correct) == expected


def test_a_support_is_a_share() -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        calibration_error([1.2], [1.0])
    with pytest.raises(ValueError, match="2 supports for 1"):
        reliability([0.5, 0.6], [1.0])


def test_the_reliability_curve_agrees_with_scikit_learn() -> None:
    from sklearn.calibration import calibration_curve

    chance = random.Random(5)
    support = [chance.choice([0.0, 0.3, 1.0, chance.random()]) for _ in range(300)]
    correct = [float(chance.random() < each) for each in support]
    theirs = calibration_curve(correct, support, n_bins=10)
    ours = reliability(support, correct)
    assert [each.correct for each in ours] == pytest.approx(list(theirs[0]))
    assert [each.support for each in ours] == pytest.approx(list(theirs[1]))
    assert sum(each.n for each in ours) == 300


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        # 3 of 4 agree; chance 2/4 * 3/4 + 2/4 * 1/4 = 1/2.
        ([1, 1, 0, 0], [1, 1, 1, 0], (3 / 4 - 1 / 2) / (1 - 1 / 2)),
        ([1, 0], [1, 0], 1),
        ([1, 0], [0, 1], -1),
        ([1, 1], [1, 1], None),
        ([1, 1, 0, 0], [1, 1, 1, 1], 0),
        ([], [], None),
    ],
)
def test_kappa_by_hand(a: Sequence[bool], b: Sequence[bool], expected: float | None) -> None:
    assert kappa(a, b) == expected
