"""The metrics of what was found, against hand arithmetic."""

import math
import random

import pytest

from evals.metrics import (
    Span,
    all_evidence,
    evidence_recall,
    leaked,
    ndcg,
    overlaps_any,
    reciprocal_rank,
)

# Article a.md: the first ten characters and the next ten; gold quotes stand at 5-8 and 18-22.
FIRST, SECOND, ELSEWHERE = Span("a.md", 0, 10), Span("a.md", 10, 20), Span("b.md", 0, 30)
EARLY, LATE = Span("a.md", 5, 8), Span("a.md", 18, 22)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (FIRST, EARLY, True),
        (SECOND, LATE, True),
        (FIRST, SECOND, False),  # they touch, and share no character
        (ELSEWHERE, EARLY, False),
    ],
)
def test_spans_overlap_by_a_character_of_one_article(
    one: Span, other: Span, expected: bool
) -> None:
    assert one.overlaps(other) is other.overlaps(one) is expected
    assert overlaps_any(one, [other]) is expected


@pytest.mark.parametrize(
    ("ranked", "k", "expected"),
    [
        ([ELSEWHERE, FIRST, SECOND], 1, 0 / 2),
        ([ELSEWHERE, FIRST, SECOND], 2, 1 / 2),
        ([ELSEWHERE, FIRST, SECOND], 3, 2 / 2),
        ([ELSEWHERE, FIRST, SECOND], 10, 2 / 2),
        ([Span("a.md", 0, 30)], 1, 2 / 2),  # one passage may hold both
        ([], 5, 0 / 2),
    ],
)
def test_evidence_recall_counts_gold_quotes(ranked: list[Span], k: int, expected: float) -> None:
    assert evidence_recall(ranked, [EARLY, LATE], k) == expected


@pytest.mark.parametrize(
    ("facts_gold", "k", "expected"),
    [
        ([[EARLY]], 1, True),
        ([[EARLY], [LATE]], 1, False),
        ([[EARLY], [LATE]], 2, True),
        ([[EARLY, LATE]], 1, True),  # either states the fact
        ([[EARLY], []], 2, False),
        ([], 2, None),
    ],
)
def test_all_evidence_wants_a_quote_for_every_fact(
    facts_gold: list[list[Span]], k: int, expected: bool | None
) -> None:
    assert all_evidence([FIRST, SECOND], facts_gold, k) is expected


def test_retrieval_without_gold_has_no_score() -> None:
    assert evidence_recall([FIRST], [], 10) is None
    assert ndcg([False], total=0) is None


@pytest.mark.parametrize(
    ("relevant", "k", "expected"),
    [
        ([True], 10, 1 / 1),
        ([False, False, True, True], 10, 1 / 3),
        ([False, False, True], 2, 0),
        ([False] * 10 + [True], 10, 0),
        ([], 10, 0),
    ],
)
def test_reciprocal_rank_is_of_the_first_hit(relevant: list[bool], k: int, expected: float) -> None:
    assert reciprocal_rank(relevant, k) == expected


def test_ndcg_by_hand() -> None:
    # Of three relevant those at ranks 1 and 3; log2(1 + 1) = 1, log2(3 + 1) = 2.
    assert ndcg([True, False, True], total=3) == pytest.approx(
        (1 + 1 / 2) / (1 + 1 / math.log2(3) + 1 / 2)
    )
    assert ndcg([True] * 10, total=50) == 1
    assert ndcg([False, False], total=1) == 0
    assert ndcg([], total=1) == 0


def test_ndcg_of_more_hits_than_there_are_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="2 relevant passages were ranked, of 1"):
        ndcg([True, True], total=1)


def test_rank_measures_agree_with_ir_measures() -> None:
    """On random rankings by scores with ties, with no hit at all among them."""
    import ir_measures

    trec_eval = ir_measures.pytrec_eval  # settles ties by name, last first
    chance = random.Random(11)
    without_hits = 0
    for _ in range(200):
        names = [f"p{at:02}" for at in range(chance.randint(1, 30))]
        likely = chance.choice([0, 0.1, 0.5])
        hits = {name for name in names if chance.random() < likely}
        missed = {f"q{at}" for at in range(chance.randint(0 if hits else 1, 12))}
        scores = {name: float(chance.randint(0, 5)) for name in names}
        ranking = sorted(names, key=lambda name: (scores[name], name), reverse=True)
        by_rank = {name: -float(rank) for rank, name in enumerate(ranking)}
        relevant = [name in hits for name in ranking]
        judged = {"q": {name: int(name in hits | missed) for name in {*names, *missed}}}
        gain, rank, top = ir_measures.nDCG @ 10, ir_measures.RR, ir_measures.RR @ 10
        theirs = trec_eval.calc_aggregate([gain, rank], judged, {"q": scores})
        theirs |= ir_measures.calc_aggregate([top], judged, {"q": by_rank})
        assert ndcg(relevant, total=len(hits | missed)) == pytest.approx(theirs[gain], abs=1e-9)
        assert reciprocal_rank(relevant, len(names)) == pytest.approx(theirs[rank], abs=1e-9)
        assert reciprocal_rank(relevant) == pytest.approx(theirs[top], abs=1e-9)
        without_hits += not hits
    assert without_hits


@pytest.mark.parametrize(
    ("found", "excluded", "expected"),
    [
        (["a.md", "b.md"], {"b.md"}, True),
        (["a.md"], {"b.md"}, False),
        ([], {"b.md"}, False),
        (["a.md"], set(), None),
    ],
)
def test_a_leak_is_a_passage_of_an_excluded_article(
    found: list[str], excluded: set[str], expected: bool | None
) -> None:
    assert leaked(found, excluded) is expected
