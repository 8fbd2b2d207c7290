"""The gold set can be trusted: valid, varied, every quote in its article."""

from collections import Counter
from pathlib import Path

import pytest

from evals import DEFAULT_GOLD
from evals.gold import GoldCase, load_gold, read_verbatim

FEWEST_CASES = 30
FEWEST_OF_A_KIND = {"fact": 10, "list": 5, "unanswerable": 8, "follow-up": 4}


@pytest.fixture(scope="module")
def gold(articles: Path) -> tuple[GoldCase, ...]:
    return load_gold(DEFAULT_GOLD, articles=articles)


def test_there_are_enough_cases_with_ids_of_their_own(gold: tuple[GoldCase, ...]) -> None:
    assert len({case.id for case in gold}) == len(gold) >= FEWEST_CASES


def test_every_kind_is_there(gold: tuple[GoldCase, ...]) -> None:
    of_kind = Counter[str](case.kind for case in gold)
    too_few = {kind for kind, fewest in FEWEST_OF_A_KIND.items() if of_kind[kind] < fewest}
    assert too_few == set()


def test_every_quote_is_in_its_article(gold: tuple[GoldCase, ...], articles: Path) -> None:
    assert [
        (case.id, evidence.quote)
        for case in gold
        for evidence in case.evidence
        if evidence.quote not in read_verbatim(articles / evidence.article)
    ] == []


def test_no_question_is_asked_twice(gold: tuple[GoldCase, ...]) -> None:
    asked = Counter((case.history, case.question.casefold()) for case in gold)
    assert [question for question, times in asked.items() if times > 1] == []
