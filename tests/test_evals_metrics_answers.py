"""The metrics of one answer and its citations, against hand arithmetic."""

import pytest

from evals.metrics import (
    CitedSentence,
    Fact,
    Quantity,
    Quote,
    Share,
    Span,
    citation_scores,
    cited_article_right,
    fact_recall,
    is_right,
    missing_facts,
    number_exact,
    quote_is_valid,
    quote_validity,
    said_forbidden,
    states,
    token_f1,
    unsupported_rate,
    unsupported_said,
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
