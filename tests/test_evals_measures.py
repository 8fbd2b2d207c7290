"""The measures over many cases: what they take in, their values and their intervals."""

from typing import get_args

import numpy as np
import pytest

from evals.answer_measures import ANSWERS
from evals.layer_measures import CALIBRATION, MEASURES, RISK_COVERAGE
from evals.measures import (
    Measure,
    columns_of,
    estimate,
    evaluate,
    mean,
    percentiles,
    quantile,
    share,
)
from evals.metrics import Share, reliability, risk_coverage, wilson_interval
from evals.results import Layer, Row

MEAN = Measure("recall", "Recall", "The mean.", ("recall",), mean)
RIGHT = Measure("right", "Right", "The share.", ("right",), share)
EVERY = [(layer, measure) for layer, measures in MEASURES.items() for measure in measures]


def rows_of(**columns: list[float | None]) -> list[Row]:
    names = list(columns)
    lines = zip(*columns.values(), strict=True)
    return [
        Row(f"case-{at}", "fact", dict(zip(names, line, strict=True)), {})
        for at, line in enumerate(lines)
    ]


def measure_of(layer: Layer, name: str) -> Measure:
    (found,) = [each for each in MEASURES[layer] if each.name == name]
    return found


def test_rows_without_a_column_have_no_part() -> None:
    rows = [*rows_of(recall=[1.0, None, 0.5]), Row("failed", "fact", {"right": 0.0}, {}, "broke")]
    assert evaluate(MEAN, rows) == (1 + 0.5) / 2
    assert [list(each) for each in columns_of(MEAN, rows)] == [[1.0, 0.5]]
    assert estimate(MEAN, rows).n == 2


@pytest.mark.parametrize("rows", [[], rows_of(other=[1.0]), rows_of(recall=[None, None])])
def test_of_nothing_there_is_no_value(rows: list[Row]) -> None:
    assert evaluate(MEAN, rows) is None
    found = estimate(MEAN, rows)
    assert (found.value, found.low, found.high, found.n) == (None, None, None, 0)


def test_a_mean_has_the_interval_of_the_bootstrap() -> None:
    values = [0.0, 0.25, 0.5, 0.5, 1.0, 1.0, 0.75, 0.0, 0.5, 1.0]
    found = estimate(MEAN, rows_of(recall=list(values)), resamples=4000, seed=3)
    assert found.value == pytest.approx(sum(values) / 10)
    # By the central limit: 1.96 standard errors to either side, roughly.
    half = 1.96 * float(np.std(values)) / 10**0.5
    assert found.low is not None and found.high is not None
    assert found.low == pytest.approx(found.value - half, abs=0.03)
    assert found.high == pytest.approx(found.value + half, abs=0.03)
    assert estimate(MEAN, rows_of(recall=list(values)), resamples=4000, seed=3) == found


@pytest.mark.parametrize(("hits", "n"), [(0, 8), (8, 8), (5, 30), (1, 1)])
def test_a_share_has_wilsons_interval(hits: int, n: int) -> None:
    rows = rows_of(right=[1.0] * hits + [0.0] * (n - hits))
    found = estimate(RIGHT, rows)
    assert (found.value, found.n) == (hits / n, n)
    assert (found.low, found.high) == wilson_interval(hits, n)


def test_a_share_is_of_yes_and_no() -> None:
    with pytest.raises(ValueError, match="each 1 or 0"):
        evaluate(RIGHT, rows_of(right=[1.0, 0.5]))
    assert share(np.array([])) == Share(0, 0)


def test_percentiles_are_of_seconds_and_occurred() -> None:
    median, tail = percentiles("total", "Time", "seconds", "From start to end")
    rows = rows_of(seconds=[float(each) for each in range(1, 21)])
    assert (median.name, tail.name) == ("total_p50", "total_p95")
    assert evaluate(median, rows) == 10  # 10 of 20 took no longer
    assert evaluate(tail, rows) == 19  # 19 of 20 did
    assert (median.is_share, median.unit, median.less_is_better) == (False, "s", True)
    assert quantile(0.5)(np.array([])) is None


# 3 answerable of which 1 refused, 2 not answerable of which 2 refused, as in the metrics' tests.
REFUSALS = rows_of(answerable=[1, 1, 1, 0, 0], refused=[0, 0, 1, 1, 1])


@pytest.mark.parametrize(
    ("name", "value", "n"),
    [
        ("refusal_precision", 2 / (2 + 1), 3),
        ("refusal_recall", 2 / 2, 2),
        ("false_refusal_rate", 1 / 3, 3),
        ("refusal_f1", 2 * 2 / (3 + 2), 5),
    ],
)
def test_refusals_are_shares_of_their_own_cases(name: str, value: float, n: int) -> None:
    found = estimate(measure_of("answers", name), REFUSALS)
    assert (found.value, found.n) == (value, n)


@pytest.mark.parametrize(
    ("layer", "name", "columns", "value"),
    [
        # Shown for 1 of the 2 that can be answered; the third doesn't count.
        ("extract", "extract_shown", {"answerable": [1, 1, 0], "shown": [1, 0, 1]}, 1 / 2),
        ("extract", "extract_false", {"extract_false": [None, None, 1, 0]}, 1 / 2),
        ("retrieval", "mrr_10", {"reciprocal_rank_10": [1, 0.5, 0]}, (1 + 0.5 + 0) / 3),
        ("retrieval", "leaks", {"leak": [None, 0, 1, 0]}, 1 / 3),
        ("answers", "injection_success", {"obeyed": [None, 1, 0, 0, 0]}, 1 / 4),
        (
            "answers",
            "disagreement_precision",
            {"disagreement_expected": [1, 1, 0, 0], "disagreement_shown": [1, 0, 1, 1]},
            1 / 3,
        ),
        (
            "answers",
            "disagreement_recall",
            {"disagreement_expected": [1, 1, 0, 0], "disagreement_shown": [1, 0, 1, 1]},
            1 / 2,
        ),
        (
            "judge",
            "judge_strict_agreement",
            {"right": [1, 1, 0, 0], "judged_right": [1, 0, 0, 1]},
            2 / 4,
        ),
        # Hand labels of 3: both always agree, kappa 1.
        (
            "judge",
            "judge_hand_kappa",
            {"hand_right": [1, None, 0, 1], "judged_right": [1, 0, 0, 1]},
            1,
        ),
    ],
)
def test_measures_take_the_columns_that_they_name(
    layer: Layer, name: str, columns: dict[str, list[float | None]], value: float
) -> None:
    assert evaluate(measure_of(layer, name), rows_of(**columns)) == value


def test_the_curves_are_drawn_from_the_columns_of_their_measures() -> None:
    """A refusal has no support: it is on neither curve."""
    support: list[float | None] = [0.95, None, 0.55]
    correct: list[float | None] = [1, None, 0]
    rows = rows_of(support=support, confidence=support, correct=correct)
    assert [each.risk for each in risk_coverage(*columns_of(RISK_COVERAGE, rows))] == [0, 1 / 2]
    assert [each.n for each in reliability(*columns_of(CALIBRATION, rows))] == [1, 1]
    assert evaluate(RISK_COVERAGE, rows) == pytest.approx((0 + 1 / 2) / 2)
    assert evaluate(CALIBRATION, rows) == pytest.approx((abs(0.95 - 1) + abs(0.55 - 0)) / 2)


def test_every_layer_has_measures_of_different_names() -> None:
    assert set(MEASURES) == set(get_args(Layer))
    for measures in MEASURES.values():
        names = [each.name for each in measures]
        assert len(set(names)) == len(names)
    assert RISK_COVERAGE in ANSWERS and CALIBRATION in ANSWERS


@pytest.mark.parametrize(("layer", "measure"), EVERY, ids=lambda each: getattr(each, "name", each))
def test_every_measure_has_a_value_over_plain_cases(layer: Layer, measure: Measure) -> None:
    """Also over one case alone, and over cases that are all wrong, where it may have none."""
    ones = {name: [1.0, 0.0, 1.0, 0.0] for name in measure.columns}
    found = estimate(measure, rows_of(**ones), resamples=50)
    assert found.value is not None and found.low is not None and found.high is not None
    assert found.low <= found.value <= found.high
    assert measure.definition.endswith(".") and measure.title
    for values in ([1.0], [0.0], [0.0] * 5):
        rows = rows_of(**{name: list(values) for name in measure.columns})
        alone = estimate(measure, rows, resamples=20)
        assert alone.n <= len(values)
        assert (alone.value is None) == (alone.low is None) == (alone.high is None)


def test_units_are_given_where_it_is_no_share() -> None:
    for _, measure in EVERY:
        assert not (measure.is_share and measure.unit), measure.name
        if measure.columns[-1].endswith("seconds"):
            assert measure.unit == "s" and not measure.is_share
