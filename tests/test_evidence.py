"""The choice of sentences within a budget."""

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import WordEmbedder
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from index.corpus import Corpus
from index.sections import RetrievalSettings
from qa.desk import Desk
from qa.evidence import HEADING_TOKENS, EvidenceFinder, EvidenceSentence, EvidenceSet
from qa.retrieve import HybridRetriever


def count_words(text: str) -> int:
    return len(text.split())


@pytest.fixture
def corpus(make_desk: Callable[..., Desk]) -> Corpus:
    return make_desk().corpus


def scored(
    corpus: Corpus, question: str, embedder: WordEmbedder | None = None
) -> tuple[EvidenceSentence, ...]:
    embedder = embedder or WordEmbedder()
    ranking = HybridRetriever(corpus, embedder, RetrievalSettings()).rank(question)
    return EvidenceFinder(corpus, embedder).score(question, ranking)


def select(corpus: Corpus, question: str, budget: int = 500) -> EvidenceSet:
    finder = EvidenceFinder(corpus, WordEmbedder())
    return finder.select(scored(corpus, question), budget_tokens=budget, count_tokens=count_words)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("How many passengers were on the ferry?", "212 passengers"),
        ("When was the cutter bought?", "1998"),
        ("Who called the step overdue?", "Ruth Alder"),
        ("Where did the engine fail?", "nine kilometres off Cape Dorn"),
    ],
)
def test_the_best_sentence_has_the_answer(corpus: Corpus, question: str, words: str) -> None:
    best = select(corpus, question).best
    assert best is not None
    assert words in best.text


def test_sentences_are_verbatim(corpus: Corpus) -> None:
    found = scored(corpus, "What happened to the ferry?")
    assert len(found) > 5
    for each in found:
        assert corpus.articles[each.article_id].text[each.start : each.end] == each.text


def test_best_first_and_headings_left_out(corpus: Corpus) -> None:
    found = scored(corpus, "Who brings the ferry home?")
    scores = [each.score for each in found]
    assert scores == sorted(scores, reverse=True)
    assert all(each.text != "Cutter Merel brings ferry home" for each in found)
    assert all("Ten walks" not in each.text for each in found)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    budget=st.integers(-50, 300),
    characters=st.integers(1, 6),
    question=st.sampled_from(
        ["Who towed the ferry?", "Where did the engine fail?", "What did Ferris say of Merel?"]
    ),
)
def test_the_budget_is_never_passed(
    corpus: Corpus, budget: int, characters: int, question: str
) -> None:
    def count(text: str) -> int:
        return len(text) // characters + 1

    finder = EvidenceFinder(corpus, WordEmbedder())
    evidence = finder.select(scored(corpus, question), budget_tokens=budget, count_tokens=count)
    spent = sum(count(each.text) for each in evidence.sentences)
    assert spent + HEADING_TOKENS * len(evidence.groups) <= max(budget, 0)


def test_more_budget_never_gives_less(corpus: Corpus) -> None:
    sizes = [
        len(select(corpus, "What did the cutter Merel do for the ferry?", budget).sentences)
        for budget in (0, 40, 200)
    ]
    assert sizes[0] == 0 < sizes[1] < sizes[2]


def test_the_sentence_leaned_on_comes_along(corpus: Corpus) -> None:
    texts = [each.text for each in select(corpus, "Which crew was thanked?").sentences]
    he = next(i for i, text in enumerate(texts) if text.startswith("He thanked"))
    assert texts[he - 1].startswith("Captain Jon Ferris said")


def test_the_leaning_sentence_comes_alone_where_both_do_not_fit(corpus: Corpus) -> None:
    found = scored(corpus, "Which crew was thanked?")
    he = next(each for each in found if each.text.startswith("He thanked"))
    budget = count_words(he.text) + 1 + HEADING_TOKENS
    evidence = EvidenceFinder(corpus, WordEmbedder()).select(
        [he], budget_tokens=budget, count_tokens=count_words
    )
    assert evidence.groups == ((he,),)


def test_equal_sentences_are_read_once(make_desk: Callable[..., Desk], articles: Path) -> None:
    sentence = "The Quince Market opened on Friday.\n"
    for name in ("one.txt", "two.txt"):
        (articles / name).write_text(sentence, encoding="utf-8")
    corpus = make_desk().corpus
    texts = [each.text for each in select(corpus, "When did Quince Market open?").sentences]
    assert texts.count(sentence.strip()) == 1


def test_groups_are_one_article_each_in_the_order_of_its_text(corpus: Corpus) -> None:
    evidence = select(corpus, "What did the cutter Merel do for the ferry Aurelia?")
    assert len(evidence.groups) > 1
    articles = [group[0].article_id for group in evidence.groups]
    assert len(set(articles)) == len(articles)
    for group in evidence.groups:
        assert {each.article_id for each in group} == {group[0].article_id}
        assert [each.start for each in group] == sorted(each.start for each in group)
    best_scores = [max(each.score for each in group) for group in evidence.groups]
    assert best_scores == sorted(best_scores, reverse=True)


def test_what_scores_far_below_the_best_is_left_out(corpus: Corpus) -> None:
    found = scored(corpus, "How much is the harbour fee raised by the town council?")
    assert "4 percent" in found[0].text
    evidence = select(corpus, "How much is the harbour fee raised by the town council?", 5000)
    assert len(evidence.sentences) < len(found)
    assert all(each.score >= 0.55 * found[0].score for each in evidence.sentences)


def test_nothing_found_is_an_empty_set(corpus: Corpus) -> None:
    finder = EvidenceFinder(corpus, WordEmbedder())
    empty = finder.select((), budget_tokens=100, count_tokens=count_words)
    assert empty == EvidenceSet((), None)


def test_a_sentence_is_embedded_once(corpus: Corpus) -> None:
    embedder = WordEmbedder()
    finder = EvidenceFinder(corpus, embedder)
    retriever = HybridRetriever(corpus, embedder, RetrievalSettings())
    first = finder.score("Who towed the ferry?", retriever.rank("Who towed the ferry?"))
    before = len(embedder.embedded)
    again = finder.score("Who towed the ferry?", retriever.rank("Who towed the ferry?"))
    assert first == again
    assert embedder.embedded[before:] == ["Who towed the ferry?"]


def test_rare_words_weigh_more(corpus: Corpus) -> None:
    finder = EvidenceFinder(corpus, WordEmbedder())
    assert finder.weight("aurelia") > finder.weight("hale") > 0
    assert finder.coverage({"aurelia"}, "The Aurelia left") == 1.0
    assert finder.coverage({"aurelia", "zebra"}, "Nothing of it") == 0.0
    assert finder.coverage(set(), "Nothing asked") == 0.0
