"""Which words of the articles an answer's sentence is tied to."""

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import WordEmbedder

from index.corpus import Corpus
from qa.cite import MAX_CITATIONS, Citer
from qa.desk import Desk
from qa.evidence import EvidenceFinder, EvidenceSentence
from qa.word_vectors import WordReader

ROADS = """Homs lies 46 km from Hama. A bridge of the M5 stands there.

The rebels took 46 villages in a week. Snow fell on 46 days of the winter.

General Amal Haddad leads the fourth division. He ordered the bridge blown up on Friday.

The bakery opened again. Bread is free.
"""


@pytest.fixture
def corpus(make_desk: Callable[..., Desk], articles: Path) -> Corpus:
    (articles / "roads.txt").write_text(ROADS, encoding="utf-8")
    return make_desk().corpus


def sentences_of(corpus: Corpus, path: str) -> list[EvidenceSentence]:
    article = next(each for each in corpus.articles.values() if each.path == path)
    return [
        EvidenceSentence(article.id, start, end, article.text[start:end], 1.0)
        for passage in corpus.of_article[article.id]
        for start, end in passage.sentences
    ]


def citer_of(corpus: Corpus) -> Citer:
    embedder = WordEmbedder()
    return Citer(corpus, EvidenceFinder(corpus, embedder), WordReader(embedder))


def cite(
    corpus: Corpus,
    sentence: str,
    question: str = "",
    evidence: list[EvidenceSentence] | None = None,
) -> list[str]:
    citer = citer_of(corpus)
    given = evidence or sentences_of(corpus, "roads.txt") + sentences_of(corpus, "ferry.md")
    found = citer.cite(sentence, given, question=question)
    for span in found:
        assert corpus.articles[span.article_id].text[span.start : span.end] == span.text
    return [span.text for span in found]


@pytest.mark.parametrize(
    ("sentence", "question", "quotes"),
    [
        # the same number stands in three sentences
        ("Homs is 46 km from Hama.", "", ["Homs lies 46 km from Hama."]),
        ("They took 46 villages.", "", ["The rebels took 46 villages in a week."]),
        ("46", "How far is Homs from Hama?", ["Homs lies 46 km from Hama."]),
        ("46", "How many days did snow fall?", ["Snow fell on 46 days of the winter."]),
        # two facts of two sentences
        (
            "Homs lies 46 km from Hama and bread is free.",
            "",
            ["Homs lies 46 km from Hama.", "Bread is free."],
        ),
        # nothing bears on it
        ("Parliament elected a speaker.", "", []),
        ("", "How far is Homs from Hama?", []),
    ],
)
def test_the_sentence_cited(
    corpus: Corpus, sentence: str, question: str, quotes: list[str]
) -> None:
    assert cite(corpus, sentence, question) == quotes


def test_the_sentence_that_names_whom_a_pronoun_means_is_cited_too(corpus: Corpus) -> None:
    he = "He ordered the bridge blown up on Friday."
    evidence = [each for each in sentences_of(corpus, "roads.txt") if each.text == he]
    cited = cite(corpus, "Haddad ordered the bridge blown up on Friday.", evidence=evidence)
    assert cited == [he, "General Amal Haddad leads the fourth division."]


def test_a_name_that_no_earlier_sentence_has_adds_nothing(corpus: Corpus) -> None:
    he = "He ordered the bridge blown up on Friday."
    evidence = [each for each in sentences_of(corpus, "roads.txt") if each.text == he]
    assert cite(corpus, "Ferris ordered the bridge blown up on Friday.", evidence=evidence) == [he]


def test_no_evidence_no_citation(corpus: Corpus) -> None:
    citer = citer_of(corpus)
    assert citer.cite("Homs lies 46 km from Hama.", [], question="How far?") == ()


def test_at_most_three_sentences_support_one(corpus: Corpus) -> None:
    long = " ".join(ROADS.split())
    assert len(cite(corpus, long)) <= MAX_CITATIONS


def test_acronyms_count_as_what_they_stand_for(corpus: Corpus) -> None:
    citer = citer_of(corpus)
    (quote,) = [e for e in sentences_of(corpus, "ferry.md") if "HHO" in e.text]
    assert "HHO" in citer.spelled_out([quote])
    short = EvidenceSentence("", 0, 0, "The HHO said so.", 0.0)
    assert "Hale Harbour Office" in citer.spelled_out([short])
