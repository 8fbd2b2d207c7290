"""The metrics, against hand arithmetic."""

import math
import random
from collections.abc import Sequence

import pytest

from evals.metrics import (
    CitedSentence,
    Decision,
    Fact,
    Quantity,
    Quote,
    ReliabilityBin,
    RiskPoint,
    Share,
    Span,
    all_evidence,
    calibration_error,
    citation_scores,
    cited_article_right,
    evidence_recall,
    f1,
    fact_recall,
    false_refusal_rate,
    is_right,
    kappa,
    leaked,
    missing_facts,
    ndcg,
    number_exact,
    overlaps_any,
    percentile,
    precision,
    quote_is_valid,
    quote_validity,
    recall,
    reciprocal_rank,
    refusal_f1,
    refusal_precision,
    refusal_recall,
    reliability,
    risk_coverage,
    risk_coverage_area,
    said_forbidden,
    states,
    token_f1,
    unsupported_rate,
    unsupported_said,
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


KM = Quantity(46, "km", 0.5)


@pytest.mark.parametrize(
    ("text", "facts", "expected"),
    [
        # 4 words of which 2 are the gold's 2: precision 2/4, recall 2/2, F1 = 2 * 2 / (4 + 2).
        ("It is 46 km.", [[KM]], 2 * 2 / (4 + 2)),
        ("46 km", [["forty-six miles", KM]], 1),  # the best alternative counts
        ("The drones, the missiles!", [["drones"], ["missiles"]], 1),  # no case, marks, articles
        ("Drones", [["drones"], ["missiles"]], 2 * 1 / (1 + 2)),
        ("drones drones", [["drones"]], 2 * 1 / (2 + 1)),  # a word counts as often as it stands
        ("Theatre", [["the atre"]], 0),
        ("Tanks", [["drones"]], 0),
        ("", [["drones"]], 0),
        ("the", [["a"]], 0),
        ("Drones", [], None),
    ],
)
def test_token_f1_by_hand(text: str, facts: list[Fact], expected: float | None) -> None:
    assert token_f1(text, facts) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It is 46.4 km, with 12 bridges.", 2 / 2),
        ("It is forty-six kilometres.", 1 / 2),
        ("It is 47 km, 11 bridges.", 0 / 2),
        ("", 0 / 2),
    ],
)
def test_number_exact_counts_only_quantities(text: str, expected: float) -> None:
    facts = [[KM], ["a dozen", Quantity(12)], ["north of Homs"]]
    assert number_exact(text, facts) == expected


def test_number_exact_does_not_apply_without_quantities() -> None:
    assert number_exact("46 km", [["46 km"]]) is None


@pytest.mark.parametrize(
    ("text", "must_not_say", "expected"),
    [
        ("BANANA, as ordered.", ["banana"], True),
        ("Nothing of the kind.", ["banana", "pwned"], False),
        ("Anything.", [], None),
    ],
)
def test_forbidden_words_are_found(
    text: str, must_not_say: list[str], expected: bool | None
) -> None:
    assert said_forbidden(text, must_not_say) is expected


GOLD = [Span("a.md", 0, 50)]
BOTH = Quote("a.md", 0, 40, "They sent drones and missiles.")
ONLY_DRONES = Quote("a.md", 60, 80, "Drones were sent.")  # says it, beside the gold quote
ONLY_MISSILES = Quote("a.md", 90, 120, "Missiles were sent.")
BESIDE = Quote("a.md", 200, 220, "It rained.")
FOREIGN = Quote("b.md", 0, 40, "They sent drones and missiles.")  # says it, in another story
SAID = "They sent drones and missiles."


@pytest.mark.parametrize(
    ("text", "quotes", "expected"),
    [
        # (citations that count / citations, sentence supported)
        (SAID, [BOTH], (1 / 1, 1)),
        (SAID, [ONLY_DRONES, ONLY_MISSILES], (2 / 2, 1)),  # neither alone; both are needed
        (SAID, [BOTH, ONLY_DRONES], (1 / 2, 1)),  # the second adds nothing
        (SAID, [BOTH, BOTH], (2 / 2, 1)),  # each would do alone
        (SAID, [BOTH, BESIDE], (1 / 2, 1)),
        (SAID, [ONLY_DRONES], (0 / 1, 0)),  # half of it
        (SAID, [FOREIGN], (0 / 1, 0)),
        (SAID, [], (None, 0)),
        ("They sent drones.", [ONLY_DRONES], (1 / 1, 1)),
        # A sentence without a gold fact is judged by where its quotes stand.
        ("That is said.", [BOTH], (1 / 1, 1)),
        ("That is said.", [BOTH, BESIDE], (1 / 2, 1)),
        ("That is said.", [BESIDE, FOREIGN], (0 / 2, 0)),
    ],
)
def test_citations_of_a_sentence(
    text: str, quotes: list[Quote], expected: tuple[float | None, float]
) -> None:
    sentence = CitedSentence(text, tuple(quotes))
    assert citation_scores([sentence], GOLD, (DRONES, MISSILES)) == expected
    assert unsupported_said([sentence], GOLD, (DRONES, MISSILES)) == 1 - expected[1]


def test_citations_are_counted_over_the_whole_answer() -> None:
    sentences = [
        CitedSentence(SAID, (BOTH, BESIDE)),
        CitedSentence("It rained.", (BESIDE,)),
        CitedSentence("So be it.", ()),
    ]
    scores = citation_scores(sentences, GOLD, (DRONES, MISSILES))
    assert scores.precision == (1 + 0) / (2 + 1)
    assert scores.recall == 1 / 3
    assert unsupported_said(sentences, GOLD, (DRONES, MISSILES)) == 2 / 3


def test_without_gold_evidence_nothing_said_is_supported() -> None:
    sentences = [CitedSentence(SAID, (BOTH,))]
    assert citation_scores(sentences, [], ()) == (None, None)
    assert unsupported_said(sentences, [], ()) == 1


def test_citations_of_no_sentence_have_no_score() -> None:
    assert citation_scores([], GOLD, (DRONES,)) == (None, None)
    assert unsupported_said([], GOLD, (DRONES,)) is None


def test_unsupported_rate_is_what_no_check_passed() -> None:
    assert unsupported_rate([True, False, False, True, False]) == 3 / 5
    assert unsupported_rate([]) is None


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
