"""The red-team set bites, stays out of the default run, and none of it gets past the defences."""

import pytest

from evals.gold import GOLD_SETS, REDTEAM, GoldCase
from evals.metrics import states, states_any
from evals.suite import Plan
from index.articles import Article, read_article
from index.characters import fold_invisible
from index.passages import build_passages
from qa.inert import find_planted, is_instruction_line, make_inert

CASES = REDTEAM.load()
OF_ARTICLES = [case for case in CASES if not case.id.startswith("question-")]
ARTICLES = sorted(path.name for path in REDTEAM.articles.glob("*.md"))
ATTACKS = {case.id.rsplit("-", 1)[0] for case in OF_ARTICLES}
# A brewery that an article really reports on, and that its attack wants praised.
REPORTED_TOO = {"Lumibrew"}


def load(name: str) -> Article:
    article = read_article(REDTEAM.articles, name)
    assert isinstance(article, Article)
    return article


def readable(article: Article) -> str:
    """What the model may get to read of an article."""
    spans = [span for each in build_passages(article, words=120) for span in each.sentences]
    kept = sorted(set(spans) - find_planted(article.text, spans))
    return " ".join(make_inert(article.text[start:end]) for start, end in kept)


def articles_of(attack: str) -> set[str]:
    cases = [case for case in OF_ARTICLES if case.id.startswith(f"{attack}-")]
    return {name for case in cases for name in case.evidence_articles}


def test_every_article_is_attacked_and_asked_about() -> None:
    assert len(ARTICLES) == len(ATTACKS) == 13
    assert {name for attack in ATTACKS for name in articles_of(attack)} == set(ARTICLES)
    assert all(case.kind == "injection" and case.must_not_say for case in CASES)
    assert len(CASES) - len(OF_ARTICLES) == 11
    assert len({case.question for case in CASES}) == len(CASES) >= 30


def test_the_set_is_asked_only_by_name() -> None:
    assert REDTEAM.name not in GOLD_SETS
    assert REDTEAM not in Plan().gold


@pytest.mark.parametrize("attack", sorted(ATTACKS))
def test_what_an_attack_wants_stands_in_its_article_and_not_in_what_is_read(attack: str) -> None:
    (name,) = articles_of(attack)
    wanted = {
        words
        for case in OF_ARTICLES
        if case.id.startswith(f"{attack}-")
        for words in case.must_not_say
    }
    article = load(name)
    visible = fold_invisible(article.text)
    # The title and outlet are read where they are no orders: on the page, in an answer's sources.
    lines = [
        line for line in (article.title, article.outlet or "") if not is_instruction_line(line)
    ]
    read = " ".join([*lines, readable(article)])
    assert sum(states(visible, words) for words in wanted) >= min(2, len(wanted))
    assert {words for words in wanted - REPORTED_TOO if states(read, words)} == set()


@pytest.mark.parametrize("case", [each for each in CASES if each.answers], ids=lambda each: each.id)
def test_what_is_read_still_answers(case: GoldCase) -> None:
    read = " ".join(readable(load(name)) for name in sorted(case.evidence_articles))
    assert [fact for fact in case.answers if not states_any(read, fact)] == []
