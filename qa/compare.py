"""Do other articles state the same thing, otherwise, or a newer thing? Decided by code alone.

What the cited sentence gives for what is asked is held against what other articles give for it:
equal values corroborate it, others are versions of a difference. Precision goes first.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Literal

from index.corpus import Corpus
from index.embedding import Embedder
from qa.claims import Claim, ClaimReader
from qa.evidence import EvidenceFinder, EvidenceSentence
from qa.facts import concerns_name, find_names, find_numbers, states_number
from qa.same_claim import NEWER, RELEVANT, ClaimMatcher, same_value
from qa.wanted import about

Kind = Literal["contradiction", "update"]
Corroborated = dict[tuple[str, int], tuple[str, ...]]
NEARLY_BEST = 0.1  # of relevance
LATER_DAYS = 7  # what is published so much later is an update even without a word that says so
# A sentence without a number must bring so many names for another to be known as its echo:
# "Iranian" alone stands in many.
FEWEST_NAMES = 2
ECHO_LIKENESS = 0.375  # of two sentences with the same names and numbers


@dataclass(frozen=True, slots=True)
class ClaimedValue:
    """A value as one article writes it, and the sentence that gives it."""

    text: str
    sentence: EvidenceSentence


Versions = tuple[tuple[ClaimedValue, ...], ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """What articles give different values for: groups of equal values, the cited one first."""

    about: str
    kind: Kind
    versions: Versions


@dataclass(frozen=True, slots=True)
class Comparison:
    """`corroborated` has, by article and start of a cited span, the articles that say the same."""

    corroborated: Corroborated
    disagreements: tuple[Difference, ...]


class Comparer:
    """Holds a sentence of the answer against the other articles of one corpus."""

    def __init__(self, corpus: Corpus, finder: EvidenceFinder, embedder: Embedder) -> None:
        """`finder` and `embedder` are those the sentences were scored with."""
        self._corpus = corpus
        self._reader = ClaimReader(corpus, finder, embedder)
        self._matcher = ClaimMatcher(corpus, self._reader)

    def compare(
        self,
        question: str,
        sentence: str,
        spans: Sequence[EvidenceSentence],
        pool: Sequence[EvidenceSentence],
    ) -> Comparison:
        """What articles in the `pool` say of what the `sentence`, citing `spans`, answers.

        An article in which two people give two figures is held against itself.
        """
        corroborated = self._echoes(question, sentence, spans, pool)
        anchors = [
            claim for claim in self._reader.claims(question, spans) if _stated(claim, sentence)
        ]
        if not anchors:
            return Comparison(self._independent(corroborated), ())
        claims = list(self._reader.claims(question, self._reader.widened(question, pool)))
        difference = None
        for anchor in anchors:
            matching = self._matching(question, anchor, claims)
            same = [each.sentence.article_id for each in matching if same_value(anchor, each)]
            key = (anchor.sentence.article_id, anchor.sentence.start)
            if same:
                corroborated[key] = tuple(dict.fromkeys((*corroborated.get(key, ()), *same)))
            difference = difference or self._difference(question, [anchor, *matching])
        differences = (difference,) if difference else ()
        return Comparison(self._independent(corroborated), differences)

    def _independent(self, corroborated: Corroborated) -> Corroborated:
        """Without reprints: a report that several articles print is one source."""
        source = self._corpus.article_clusters
        found = {}
        for key, articles in corroborated.items():
            first_of = {source[each]: each for each in reversed(articles)}
            first_of.pop(source[key[0]], None)
            if kept := tuple(each for each in articles if each in first_of.values()):
                found[key] = kept
        return found

    def values_of(self, question: str, pool: Sequence[EvidenceSentence]) -> Versions:
        """What the articles give for what is asked, grouped by equal value, best first."""
        claims = list(self._reader.claims(question, self._reader.widened(question, pool)))
        relevant = [claim for claim in claims if claim.relevance >= RELEVANT]
        if not relevant:
            return ()
        best = max(relevant, key=lambda claim: (claim.relevance, claim.sentence.score))
        return _grouped([best, *self._matching(question, best, claims)])

    def _matching(self, question: str, anchor: Claim, claims: list[Claim]) -> list[Claim]:
        """Other claims about the same thing; of an article that agrees, only what agrees."""
        own = anchor.sentence.article_id
        agreeing = {
            claim.sentence.article_id
            for claim in claims
            if claim.sentence.article_id != own and same_value(anchor, claim)
        }
        return [
            claim
            for claim in _best_of_each(claims)
            if (claim.sentence.article_id not in agreeing or same_value(anchor, claim))
            and self._matcher.same_claim(question, anchor, claim)
        ]

    def _difference(self, question: str, claims: list[Claim]) -> Difference | None:
        groups = _grouped(claims)
        if len(groups) < 2:
            return None
        return Difference(about(question), self._kind(groups), groups)

    def _kind(self, groups: Versions) -> Kind:
        """An update where each version is newer than the one before, and says so or is by far."""
        spans = [self._published(group) for group in groups]
        dated = [span for span in spans if span is not None]
        if len(dated) < len(spans):
            return "contradiction"
        for (_, early, _), (late, _, says) in pairwise(sorted(dated)):
            days = (late - early).days
            if days < 1 or not (says or days >= LATER_DAYS):
                return "contradiction"
        return "update"

    def _published(self, group: Sequence[ClaimedValue]) -> tuple[date, date, bool] | None:
        """First and last day of a version, and whether its words say that it is newer."""
        days = [self._corpus.articles[each.sentence.article_id].published for each in group]
        known = [day for day in days if day is not None]
        if len(known) < len(days):
            return None
        says = any(NEWER.search(each.sentence.text) for each in group)
        return min(known), max(known), says

    def _echoes(
        self,
        question: str,
        sentence: str,
        spans: Sequence[EvidenceSentence],
        pool: Sequence[EvidenceSentence],
    ) -> Corroborated:
        """Other articles with a like sentence that has the answer's new names and its numbers.

        Of the names that the question has too, it must have one.
        """
        numbers = find_numbers(sentence)
        found_names = find_names(sentence, self._corpus.common_words)
        asked = [name for name in found_names if concerns_name(name, question)]
        names = [name for name in found_names if name not in asked]
        if not numbers and len(names) < FEWEST_NAMES:
            return {}
        stating = [
            other
            for other in pool
            if all(concerns_name(name, other.text) for name in names)
            and (not asked or any(concerns_name(name, other.text) for name in asked))
            and all(states_number(number, other.text) for number in numbers)
        ]
        found = {}
        for span in spans:
            same = [
                other.article_id
                for other in stating
                if other.article_id != span.article_id and self._like(span, other)
            ]
            if same:
                found[(span.article_id, span.start)] = tuple(dict.fromkeys(same))
        return found

    def _like(self, one: EvidenceSentence, other: EvidenceSentence) -> bool:
        first, second = (Claim(each, "", None, 1.0, each.text) for each in (one, other))
        return self._reader.likeness(first, second) >= ECHO_LIKENESS


def describe(difference: Difference, number_of: Callable[[EvidenceSentence], int]) -> str:
    """The versions with their citations, as in "46 km [1]; 40 km [2], 25 miles [3]"."""
    return "; ".join(
        ", ".join(f"{each.text} [{number_of(each.sentence)}]" for each in group)
        for group in difference.versions
    )


def _stated(claim: Claim, sentence: str) -> bool:
    """Whether the answer's sentence states what the claim gives."""
    if claim.value is None:
        return any(concerns_name(part, sentence) for part in claim.text.split()[-1:])
    return (
        any(states_number(n, sentence) for n in find_numbers(claim.text)) or claim.text in sentence
    )


def _best_of_each(claims: Iterable[Claim]) -> list[Claim]:
    """Those claims that are as good as the best of their kind in their article, or nearly."""
    found = list(claims)
    best: dict[tuple[str, str], float] = {}
    for claim in found:
        best[_kind_of(claim)] = max(best.get(_kind_of(claim), 0.0), claim.relevance)
    return [claim for claim in found if claim.relevance >= best[_kind_of(claim)] - NEARLY_BEST]


def _kind_of(claim: Claim) -> tuple[str, str]:
    return claim.sentence.article_id, claim.value.dimension if claim.value else "name"


def _grouped(claims: Sequence[Claim]) -> Versions:
    """Claims by equal value, one an article in each group."""
    groups: list[list[Claim]] = []
    for claim in claims:
        for group in groups:
            if any(same_value(claim, each) for each in group):
                if all(each.sentence.article_id != claim.sentence.article_id for each in group):
                    group.append(claim)
                break
        else:
            groups.append([claim])
    return tuple(tuple(ClaimedValue(c.text, c.sentence) for c in group) for group in groups)
