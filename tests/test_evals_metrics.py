"""The metrics, against hand arithmetic."""

import math

import pytest

from evals.metrics import (
    Decision,
    Share,
    cited_article_right,
    fact_recall,
    false_refusal_rate,
    is_right,
    missing_facts,
    percentile,
    quote_is_valid,
    quote_validity,
    refusal_precision,
    refusal_recall,
    states,
    wilson_interval,
)

DRONES, MISSILES = ("drones", "drone"), ("missiles",)


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("It is 5 km away.", "5 km", True),
        ("It is 25 km away.", "5 km", False),
        ("It is 46.5 km away.", "5 km", False),
        ("It is 5 kmh.", "5 km", False),
        ("It grew by 1.45 million", "1.4", False),
        ("In 2014.", "2014", True),
        ("It is 5\u00a0km\n away", "5  KM", True),
        ("about 280,000 people", "280000", True),
        ("about 280\u202f000 people", "280,000", True),
        ("1,280,000 people", "280,000", False),
        ("in 2014 100 people", "2014100", False),
        ("one, two", "one two", False),
        ("Russian aircraft", "Russia", False),
        ("Russia’s aircraft", "Russia", True),
        ("Russia’s aircraft", "russia's AIRCRAFT", True),
        ("al-Rastan", "Rastan", True),
        ("Talbiseh–Homs", "talbiseh-homs", True),
        ("They said “Your time has come”.", '"your time has come"', True),
        ("cafés", "café", False),
        ("", "5 km", False),
        ("It cost 5 km+", "km+", True),
    ],
)
def test_words_are_found_whole(text: str, words: str, expected: bool) -> None:
    assert states(text, words) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Drones and missiles.", 2 / 2),
        ("A drone.", 1 / 2),
        ("Nothing.", 0 / 2),
    ],
)
def test_fact_recall_counts_facts_not_alternatives(text: str, expected: float) -> None:
    assert fact_recall(text, (DRONES, MISSILES)) == expected


def test_fact_recall_does_not_apply_without_facts() -> None:
    assert fact_recall("Anything.", ()) is None


def test_missing_facts_are_given_whole() -> None:
    assert missing_facts("Missiles.", (DRONES, MISSILES)) == (DRONES,)


@pytest.mark.parametrize(
    ("text", "refused", "facts", "must_not_say", "expected"),
    [
        ("Drones and missiles.", False, (DRONES, MISSILES), (), True),
        ("Drones.", False, (DRONES, MISSILES), (), False),
        ("Drones and missiles.", True, (DRONES, MISSILES), (), False),
        ("Drones and missiles from Oslo.", False, (DRONES, MISSILES), ("Oslo",), False),
        ("The articles don't say.", True, (), (), True),
        ("It is 5 km.", False, (), (), False),
        ("The articles don't say that it is Oslo.", True, (), ("Oslo",), False),
    ],
)
def test_right_is_all_or_nothing(
    text: str,
    refused: bool,
    facts: tuple[tuple[str, ...], ...],
    must_not_say: tuple[str, ...],
    expected: bool,
) -> None:
    assert is_right(text, refused=refused, facts=facts, must_not_say=must_not_say) is expected


@pytest.mark.parametrize(
    ("cited", "gold", "expected"),
    [
        (["a.md", "b.md"], {"a.md"}, True),
        (["b.md", "a.md"], {"a.md"}, False),
        (["b.md"], {"a.md", "b.md"}, True),
        ([], {"a.md"}, None),
        (["a.md"], set(), None),
    ],
)
def test_the_first_citation_decides(
    cited: list[str], gold: set[str], expected: bool | None
) -> None:
    assert cited_article_right(cited, gold) is expected


@pytest.mark.parametrize(
    ("start", "end", "quote", "expected"),
    [
        (4, 7, "cat", True),
        (4, 7, "Cat", False),
        (3, 7, "cat", False),
        (4, 4, "", False),
        (-3, 0, "", False),
        (4, 99, "cat sat", False),
    ],
)
def test_a_quote_is_valid_only_verbatim(start: int, end: int, quote: str, expected: bool) -> None:
    assert quote_is_valid("The cat sat", start=start, end=end, quote=quote) is expected


def test_quote_validity_is_a_share_of_the_quotes() -> None:
    assert quote_validity([True, True, False]) == Share(2, 3)
    assert quote_validity([]).value is None


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


def test_refusal_measures_that_do_not_apply_have_no_value() -> None:
    answered = [Decision(answerable=True, refused=False)]
    assert refusal_precision(answered).value is None
    assert refusal_recall(answered).value is None
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
