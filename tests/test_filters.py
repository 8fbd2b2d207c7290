"""Outlets and dates: the mask that a caller asks for, and what a question says of its sources."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from conftest import WordEmbedder

from index.corpus import Corpus
from index.errors import InputError
from index.sections import RetrievalSettings
from qa.asked_dates import spoken_dates
from qa.desk import Desk
from qa.filters import Filters, named_outlets, read_wishes
from qa.retrieve import HybridRetriever

OUTLETS = ("The Hale Gazette", "Dorn Echo", "Echo")
ARTICLES = {
    "gazette-old.md": ("The Hale Gazette", "2025-03-03", "The ferry fare is 4 crowns."),
    "gazette-new.md": ("The Hale Gazette", "2025-06-20", "The ferry fare is 5 crowns."),
    "courier.md": ("Dorn Courier", "2025-06-21", "The ferry fare is 6 crowns, the council said."),
    "undated.md": ("Dorn Courier", "", "The ferry fare is 7 crowns on Sundays."),
    "unsigned.md": ("", "2025-06-22", "The ferry fare is 8 crowns at night."),
}


@pytest.fixture
def corpus(make_desk: Callable[..., Desk], articles: Path) -> Corpus:
    for path in articles.iterdir():
        path.unlink()
    for name, (outlet, published, text) in ARTICLES.items():
        fields = f"title: Fares\noutlet: {outlet}\npublished: {published}\n"
        (articles / name).write_text(f"---\n{fields}---\n\n{text}\n", encoding="utf-8")
    return make_desk().corpus


def found(corpus: Corpus, question: str, **asked: object) -> list[str]:
    retriever = HybridRetriever(corpus, WordEmbedder(), RetrievalSettings())
    passages = retriever.rank(question, **asked).passages  # type: ignore[arg-type]
    return [corpus.articles[each.passage.article_id].path for each in passages]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(), set(ARTICLES)),
        (Filters(("The Hale Gazette",)), {"gazette-old.md", "gazette-new.md"}),
        (Filters(("hale gazette",)), {"gazette-old.md", "gazette-new.md"}),
        (
            Filters(("Dorn Courier", "The Hale Gazette")),
            {"gazette-old.md", "gazette-new.md", "courier.md", "undated.md"},
        ),
        (
            Filters(published_from=date(2025, 6, 20)),
            {"gazette-new.md", "courier.md", "unsigned.md"},
        ),
        (Filters(published_to=date(2025, 6, 20)), {"gazette-old.md", "gazette-new.md"}),
        (Filters(("Dorn Courier",), published_to=date(2025, 6, 21)), {"courier.md"}),
        (Filters(("Dorn Courier",), published_to=date(2024, 1, 1)), set()),
    ],
)
def test_no_filter_leaks(corpus: Corpus, filters: Filters, expected: set[str]) -> None:
    # Each of these is nearer to some other article than to those that may be found.
    for question in ("What is the ferry fare?", "5 crowns", "on Sundays at night", "zebra"):
        assert set(found(corpus, question, count=1000, filters=filters)) <= expected
    assert set(found(corpus, "What is the ferry fare?", filters=filters)) == expected
    retriever = HybridRetriever(corpus, WordEmbedder(), RetrievalSettings())
    proposed = retriever.propose("What is the ferry fare?", filters=filters).passages
    assert {corpus.articles[each.passage.article_id].path for each in proposed} == expected


def test_an_unknown_outlet_is_told_with_those_there_are(corpus: Corpus) -> None:
    with pytest.raises(InputError, match="“The Times”. They are from: Dorn Courier, The Hale Gaz"):
        found(corpus, "ferry", filters=Filters(("The Times",)))
    with pytest.raises(InputError, match="No day lies from 2025-02-01 to 2025-01-01"):
        found(corpus, "ferry", filters=Filters((), date(2025, 2, 1), date(2025, 1, 1)))


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("According to the Hale Gazette, what is the fare?", ("The Hale Gazette",)),
        ("What is the fare in the hale gazette?", ("The Hale Gazette",)),
        ("What does the Dorn Echo say about the fare?", ("Dorn Echo",)),
        ("Who wrote the Hale Gazette's story about the ferry?", ("The Hale Gazette",)),
        ("Do the Hale Gazette’s report and the Dorn Echo's article agree?", OUTLETS[:2]),
        ("What was reported by the Echo?", ("Echo",)),
        ("Did the fare rise, other than in the Hale Gazette?", ()),
        ("What do papers say, not in the Hale Gazette?", ()),
        ("Who owns the Hale Gazette?", ()),
        ("Was there an echo in the hall?", ()),
        ("What is the fare?", ()),
    ],
)
def test_outlets_that_a_question_names(question: str, expected: tuple[str, ...]) -> None:
    assert named_outlets(question, OUTLETS) == expected


def test_an_outlet_named_as_the_source_is_a_filter(corpus: Corpus) -> None:
    question = "According to the Hale Gazette, what is the ferry fare?"
    assert set(found(corpus, question)) == {"gazette-old.md", "gazette-new.md"}


def test_an_outlet_that_others_cite_is_only_preferred(corpus: Corpus) -> None:
    key = next(each.id for each in corpus.articles.values() if each.path == "courier.md")
    article = corpus.articles[key]
    text = article.text + "\nThe fare was first told by the Hale Gazette."
    other = replace(corpus, articles={**corpus.articles, key: replace(article, text=text)})
    question = "According to the Hale Gazette, what is the ferry fare?"
    wishes = read_wishes(question, other, None)
    assert wishes.outlets == ()
    paths = [other.articles[each.article_id].path for each in other.passages]
    preferred = {path for path, weight in zip(paths, wishes.weights, strict=True) if weight == 1}
    assert preferred == {"gazette-old.md", "gazette-new.md"}


@pytest.mark.parametrize(
    ("question", "as_of", "less"),
    [
        ("What is the fare now?", date(2025, 6, 25), {"gazette-old.md"}),
        ("What is the fare now?", date(2025, 6, 30), {"gazette-old.md"}),
        ("What is the fare now?", None, set()),
        ("What is the fare now?", date(2026, 1, 1), set()),  # nothing is recent
        ("What is the fare?", date(2025, 6, 25), set()),
        (
            "What did the fare do before 20 March?",
            date(2025, 6, 25),
            set(ARTICLES) - {"undated.md", "gazette-old.md"},
        ),
        ("What is the fare since March 10?", date(2025, 6, 25), {"gazette-old.md"}),
        ("What was the fare in 1998?", date(2025, 6, 25), set()),
        ("What was the fare in March 1998?", date(2025, 6, 25), set()),
    ],
)
def test_dates_are_a_preference(
    corpus: Corpus, question: str, as_of: date | None, less: set[str]
) -> None:
    wishes = read_wishes(question, corpus, as_of)
    assert wishes.outlets == ()
    paths = [corpus.articles[each.article_id].path for each in corpus.passages]
    assert {path for path, each in zip(paths, wishes.weights, strict=True) if each < 1} == less
    assert len(found(corpus, question, as_of=as_of)) == len(corpus.passages)  # none is lost
    assert np.all(wishes.weights > 0)


def test_what_is_recent_comes_first_where_now_is_asked(corpus: Corpus) -> None:
    filters = Filters(("The Hale Gazette",))
    now = found(corpus, "What is the ferry fare now?", filters=filters, as_of=date(2025, 6, 25))
    assert now == ["gazette-new.md", "gazette-old.md"]
    then = found(corpus, "What is the ferry fare now?", filters=filters, as_of=date(2025, 3, 5))
    assert then == ["gazette-old.md", "gazette-new.md"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("before December 6", [(None, date(2024, 12, 6))]),
        ("before 6 Dec 2023", [(None, date(2023, 12, 6))]),
        ("by the 6th of December", [(None, date(2024, 12, 6))]),
        ("on December 9", [(date(2023, 12, 9),) * 2]),  # 2024 is yet to come
        ("on 2024-12-07", [(date(2024, 12, 7),) * 2]),
        ("after 2024-12-07", [(date(2024, 12, 7), None)]),
        ("in March 2025", [(date(2025, 3, 1), date(2025, 3, 31))]),
        ("since last Friday", [(date(2024, 12, 6), None)]),
        ("on Saturday", [(date(2024, 11, 30),) * 2]),  # as of a Saturday: the one before
        ("on 31 June", []),
        ("in 2024", []),
        ("the 7 gates of Thebes", []),
        ("in May", []),
    ],
)
def test_days_that_a_question_speaks_of(words: str, expected: list[object]) -> None:
    question = f"What happened {words}?"
    spoken = spoken_dates(question, as_of=date(2024, 12, 7), newest=date(2024, 12, 8))
    assert list(spoken) == expected


def test_a_weekday_needs_a_today() -> None:
    assert list(spoken_dates("since Friday", as_of=None, newest=date(2024, 12, 8))) == []
