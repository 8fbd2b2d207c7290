"""The gold sets can be trusted: valid, varied, every quote in its article."""

from collections import Counter

import pytest

from evals.gold import GOLD_SETS, KINDS, GoldCase, GoldSet, read_verbatim
from evals.metrics import Quantity, states

FEWEST_CASES = {"briefs": 150, "town": 50}
FEWEST_UNANSWERABLE = 1 / 4
FEWEST_OF_A_KIND = 3
LONGEST_CHAIN = 4

SETS = pytest.mark.parametrize("gold", GOLD_SETS.values(), ids=GOLD_SETS)


@pytest.fixture
def cases(gold: GoldSet) -> tuple[GoldCase, ...]:
    return gold.load()


@SETS
def test_there_are_enough_cases_of_every_kind(gold: GoldSet, cases: tuple[GoldCase, ...]) -> None:
    of_kind = Counter[str](case.kind for case in cases)
    assert len({case.id for case in cases}) == len(cases) >= FEWEST_CASES[gold.name]
    assert {kind for kind in KINDS if of_kind[kind] < FEWEST_OF_A_KIND} == set()
    assert of_kind["unanswerable"] >= FEWEST_UNANSWERABLE * len(cases)


@SETS
def test_every_quote_is_in_its_article(gold: GoldSet, cases: tuple[GoldCase, ...]) -> None:
    assert [
        (case.id, evidence.quote)
        for case in cases
        for evidence in case.evidence
        if evidence.quote not in read_verbatim(gold.articles / evidence.article)
    ] == []


@SETS
def test_every_accepted_answer_is_in_its_quotes(gold: GoldSet, cases: tuple[GoldCase, ...]) -> None:
    assert [
        (case.id, each)
        for case in cases
        for fact in case.answers
        for each in (fact[0], *(other for other in fact[1:] if isinstance(other, Quantity)))
        if not any(states(evidence.quote, each) for evidence in case.evidence)
    ] == []


@SETS
def test_no_question_is_asked_twice(gold: GoldSet, cases: tuple[GoldCase, ...]) -> None:
    asked = Counter((case.history, case.question.casefold()) for case in cases)
    assert [question for question, times in asked.items() if times > 1] == []


@SETS
def test_chains_of_several_lengths_are_followed(gold: GoldSet, cases: tuple[GoldCase, ...]) -> None:
    chains = {len(case.history) + 1 for case in cases if case.kind == "follow-up"}
    assert {2, 3} <= chains
    assert max(chains) <= LONGEST_CHAIN
