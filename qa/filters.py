"""Which passages a question may be answered from: outlets and dates, asked for or spoken of.

What the caller asks for is a hard mask. An outlet that the question names as its source ("in the
Harbour Gazette") is one too, unless other outlets cite it, for then it may be meant as their
source. A date in a question is only a preference: "before December 6" mostly dates the event.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from index.corpus import Corpus
from index.errors import InputError
from qa.asked_dates import spoken_dates

RECENT_DAYS = 10
SPEAKS_OF_NOW = re.compile(
    r"\b(?:this week|right now|by now|now|at the moment|currently|latest|newest|most recent(?:ly)?|"
    r"yesterday|today|tonight)\b",
    re.IGNORECASE,
)
# What an article outside the dates is worth beside one inside them.
OLDER_WEIGHT = 0.5
OTHER_DATE_WEIGHT = 0.9
OTHER_OUTLET_WEIGHT = 0.8
# An article on an event comes out with it or within days.
REPORTED_WITHIN = timedelta(days=3)

BEFORE_OUTLET = (
    r"\b(?:according to|reported by|written by|published (?:in|by)|in|from|by|"
    r"does|did|has|of|for) (?:the )?"
)
AFTER_OUTLET = (
    r"(?:['’]s? (?:report|story|article|account|piece|coverage)|,? (?:say|said|report|wr))"
)
NOT_OUTLET = re.compile(
    r"\b(?:not|other than|apart from|besides|except(?: for)?)\W[\w\W]{0,12}$", re.I
)


@dataclass(frozen=True, slots=True)
class Filters:
    """Only articles of these outlets (all, if none), published within both days included.

    An article without a date fails any limit of dates, one without an outlet any list of them.
    """

    outlets: tuple[str, ...] = ()
    published_from: date | None = None
    published_to: date | None = None

    def allowed(self, corpus: Corpus) -> NDArray[np.bool_]:
        """Whether each passage passes, shape (passages,).

        Raises InputError for an outlet that the articles don't have, and for dates that cross.
        """
        self._check(corpus)
        wanted = {_plain(outlet) for outlet in self.outlets}
        passing = {
            key
            for key, article in corpus.articles.items()
            if (not wanted or _plain(article.outlet or "") in wanted)
            and _is_within(article.published, self.published_from, self.published_to)
        }
        return np.array([each.article_id in passing for each in corpus.passages], dtype=bool)

    def _check(self, corpus: Corpus) -> None:
        first, last = self.published_from, self.published_to
        if first and last and first > last:
            raise InputError(f"No day lies from {first} to {last}. Name the earlier day first.")
        known = outlets_of(corpus)
        plain = {_plain(outlet) for outlet in known}
        for outlet in self.outlets:
            if _plain(outlet) not in plain:
                there = f"They are from: {', '.join(known)}." if known else "None names an outlet."
                raise InputError(f"No article is from the outlet “{outlet}”. {there}")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a question asks of its sources. `weights` is the preference, 0 to 1, a passage."""

    outlets: tuple[str, ...]
    weights: NDArray[np.float64]


def outlets_of(corpus: Corpus) -> tuple[str, ...]:
    """The outlets of the articles, sorted."""
    return tuple(sorted({each.outlet for each in corpus.articles.values() if each.outlet}))


def read_wishes(question: str, corpus: Corpus, as_of: date | None) -> Wishes:
    """The outlets and dates that a question names; `as_of` is what "now" means."""
    named = named_outlets(question, outlets_of(corpus))
    cited = any(_is_cited(outlet, corpus) for outlet in named)
    published = {key: article.published for key, article in corpus.articles.items()}
    weights: dict[str, float] = {}
    for first, last, weight in _preferred(question, published.values(), as_of):
        inside = {k for k, day in published.items() if day and _is_within(day, first, last)}
        # An article without a date may be of any.
        outside = {k for k, day in published.items() if day} - inside
        if inside:  # else there is nothing to prefer
            weights |= {key: weights.get(key, 1.0) * weight for key in outside}
    if cited:
        others = {key for key, article in corpus.articles.items() if article.outlet not in named}
        weights |= {key: weights.get(key, 1.0) * OTHER_OUTLET_WEIGHT for key in others}
    whole = np.ones(len(corpus.passages))
    if weights:
        whole = np.array([weights.get(each.article_id, 1.0) for each in corpus.passages])
    return Wishes(() if cited else named, whole)


def named_outlets(question: str, outlets: Sequence[str]) -> tuple[str, ...]:
    """Those of `outlets` that the question names as the source to answer from."""
    named = [outlet for outlet in outlets if _names_source(question, outlet)]
    # "the Dorn Echo" doesn't name the Echo.
    longer = {_plain(outlet) for outlet in named}
    return tuple(
        outlet
        for outlet in named
        if not any(_plain(outlet) in other for other in longer - {_plain(outlet)})
    )


def _names_source(question: str, outlet: str) -> bool:
    if _plain(outlet) not in " ".join(question.casefold().split()):
        return False
    # A name of one word ("The Echo") is told from the word by its capital.
    words = _without_article(outlet).split()
    name = r"\s+".join(map(re.escape, words))
    name = f"(?i:{name})" if len(words) > 1 else name
    before = re.search(f"(?i:{BEFORE_OUTLET}){name}(?!\\w)", question)
    after = re.search(rf"(?<!\w){name}{AFTER_OUTLET}", question)
    found = before or after
    return found is not None and not NOT_OUTLET.search(question[: found.start()] + " ")


def _is_cited(outlet: str, corpus: Corpus) -> bool:
    """Whether an article of another outlet names this one."""
    name = re.compile(rf"\b{re.escape(_without_article(outlet))}\b")
    return any(
        name.search(article.text, article.body_start)
        for article in corpus.articles.values()
        if article.outlet != outlet
    )


def _preferred(
    question: str, published: Iterable[date | None], as_of: date | None
) -> list[tuple[date | None, date | None, float]]:
    """Spans of days that the question prefers, each with the weight of what lies outside."""
    found: list[tuple[date | None, date | None, float]] = []
    if as_of and SPEAKS_OF_NOW.search(question):
        found.append((as_of - timedelta(days=RECENT_DAYS), as_of, OLDER_WEIGHT))
    newest = max((day for day in published if day), default=None)
    if newest is not None:
        for first, last in spoken_dates(question, as_of=as_of, newest=newest):
            until = last + REPORTED_WITHIN if last else None
            found.append((first, until, OTHER_DATE_WEIGHT))
    return found


def _is_within(day: date | None, first: date | None, last: date | None) -> bool:
    if first is None and last is None:
        return True
    return day is not None and (first is None or first <= day) and (last is None or day <= last)


def _without_article(outlet: str) -> str:
    return re.sub(r"^the\s+", "", outlet.strip(), flags=re.IGNORECASE)


def _plain(outlet: str) -> str:
    return " ".join(_without_article(outlet).casefold().split())
