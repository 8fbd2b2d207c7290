"""Which passages a question may be answered from: outlets and dates, asked for or spoken of.

What the caller asks for is a hard mask. An outlet that the question names as its source ("in the
Harbour Gazette") is one too, unless other outlets cite it, for then it may be meant as their
source. A date in a question is only a preference: "before December 6" mostly dates the event.
"""

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

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
        passing = _within(corpus, self.published_from, self.published_to)
        if self.outlets:
            passing &= _from_outlets(corpus, {_plain(outlet) for outlet in self.outlets})
        return passing[corpus.article_of]

    def conditions(self, corpus: Corpus) -> list[dict[str, Any]]:
        """The same in Chroma's terms, as the store writes its rows; all of them must hold."""
        found: list[dict[str, Any]] = []
        if self.outlets:
            wanted = {_plain(outlet) for outlet in self.outlets}
            names = [name for name in corpus.outlets if _plain(name) in wanted]
            found.append({"outlet": {"$in": names}})
        if self.published_from:
            found.append({"published": {"$gte": _number(self.published_from)}})
        if self.published_to:
            found += [
                {"published": {"$gt": 0}},
                {"published": {"$lte": _number(self.published_to)}},
            ]
        return found

    def _check(self, corpus: Corpus) -> None:
        first, last = self.published_from, self.published_to
        if first and last and first > last:
            raise InputError(f"No day lies from {first} to {last}. Name the earlier day first.")
        known = corpus.outlets
        plain = {_plain(outlet) for outlet in known}
        for outlet in self.outlets:
            if _plain(outlet) not in plain:
                there = f"They are from: {', '.join(known)}." if known else "None names an outlet."
                raise InputError(f"No article is from the outlet “{outlet}”. {there}")


@dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """Whether each passage passes, shape (passages,), and the same as Chroma's rows tell it."""

    allowed: NDArray[np.bool_]
    where: Mapping[str, Any] | None


def build_mask(corpus: Corpus, *filters: Filters) -> Mask:
    """What passes all filters. Raises InputError as `Filters.allowed` does."""
    allowed = np.all([each.allowed(corpus) for each in filters], axis=0)
    conditions = [condition for each in filters for condition in each.conditions(corpus)]
    if len(conditions) > 1:
        return Mask(allowed, {"$and": conditions})
    return Mask(allowed, conditions[0] if conditions else None)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a question asks of its sources. `weights` is the preference, 0 to 1, a passage."""

    outlets: tuple[str, ...]
    weights: NDArray[np.float64]


def read_wishes(question: str, corpus: Corpus, as_of: date | None) -> Wishes:
    """The outlets and dates that a question names; `as_of` is what "now" means."""
    named = named_outlets(question, corpus.outlets)
    cited = any(corpus.is_cited(outlet, _without_article(outlet)) for outlet in named)
    weights = np.ones(len(corpus.articles))
    for first, last, weight in _preferred(question, corpus, as_of):
        dated = corpus.days > 0  # an article without a date may be of any
        inside = dated & _within(corpus, first, last)
        if inside.any():  # else there is nothing to prefer
            weights[dated & ~inside] *= weight
    if cited:
        weights[~_from_outlets(corpus, {_plain(outlet) for outlet in named})] *= OTHER_OUTLET_WEIGHT
    return Wishes(() if cited else named, weights[corpus.article_of])


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


def _preferred(
    question: str, corpus: Corpus, as_of: date | None
) -> list[tuple[date | None, date | None, float]]:
    """Spans of days that the question prefers, each with the weight of what lies outside."""
    found: list[tuple[date | None, date | None, float]] = []
    if as_of and SPEAKS_OF_NOW.search(question):
        found.append((as_of - timedelta(days=RECENT_DAYS), as_of, OLDER_WEIGHT))
    newest = int(corpus.days.max(initial=0))
    if newest:
        for first, last in spoken_dates(question, as_of=as_of, newest=date.fromordinal(newest)):
            until = last + REPORTED_WITHIN if last else None
            found.append((first, until, OTHER_DATE_WEIGHT))
    return found


def _within(corpus: Corpus, first: date | None, last: date | None) -> NDArray[np.bool_]:
    """Whether each article is of these days, both included; any is where neither is given."""
    if first is None and last is None:
        return np.ones(len(corpus.articles), dtype=bool)
    earliest, latest = first or date.min, last or date.max
    return (corpus.days >= earliest.toordinal()) & (corpus.days <= latest.toordinal())


def _from_outlets(corpus: Corpus, plain: AbstractSet[str]) -> NDArray[np.bool_]:
    """Whether each article is from one of these outlets."""
    wanted = [number for number, name in enumerate(corpus.outlets) if _plain(name) in plain]
    return np.isin(corpus.outlet_of, wanted)


def _number(day: date) -> int:
    return day.year * 10_000 + day.month * 100 + day.day


def _without_article(outlet: str) -> str:
    return re.sub(r"^the\s+", "", outlet.strip(), flags=re.IGNORECASE)


@lru_cache(maxsize=4096)
def _plain(outlet: str) -> str:
    return " ".join(_without_article(outlet).casefold().split())
