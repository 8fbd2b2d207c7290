"""Whether two sentences make the same claim, so that their values can be held side by side.

Both must answer the question, neither may speak of something that the other leaves out, and
their articles must report on the same event. The thresholds were set by hand on development
questions and on invented pairs of reports (tests/test_compare_table.py).
"""

import re
from difflib import SequenceMatcher
from functools import lru_cache

from index.corpus import Corpus
from index.lexical import terms
from qa.claims import CALENDAR, SAID_BY, Claim, ClaimReader, qualifiers
from qa.datetimes import YEAR, find_dates
from qa.facts import concerns_name, find_names, find_numbers, plain, states_number
from qa.wanted import WHERE, bare_question

RELEVANT = 0.4  # least share of the question's words that a claim meets
# Claims are alike from this likeness and this sum of relevance and likeness on ...
LIKE, BOTH = 0.3, 0.75
# ... or, where they give a value or a person, from this relevance on with little likeness.
SURE, LITTLE_LIKE = 0.47, 0.1
SHARED_NAMES = 2
ABSENT, PRESENT = 0.4, 0.75  # cosines of a question's word with those of a sentence
# Likeness (difflib's ratio) of two spellings of a name: Talbiseh, Talbisa; Karsund, Carsund.
SAME_NAME, SAME_NAME_OTHER_INITIAL = 0.75, 0.85
NEWER = re.compile(
    r"\b(?:now|rise[ns]?|rose|risen|gone up|climbed|grown|increased|widened|revised|corrected|"
    r"correction|restated|no longer|instead|brings?|slipped|slips|put (?:back|off)|postponed|"
    r"delayed|moved|brought forward|lowered|cut|fallen|dropped|another|latest|new figure|up from|"
    r"down from|so far)\b|\bnot [£$€\d]",
    re.I,
)
HAPPENED = re.compile(r"\b(?:did|was|were|had)\b", re.I)
SOURCE = re.compile(
    r"\b(?:said|says|announced|gave|gives|counted|reported|showed|shows|estimates?|estimated|"
    r"claimed|claims|worked out|calculated|put|according to|argued|told|insisted)\b",
    re.I,
)


class ClaimMatcher:
    """Tells which claims are about the same thing. Keeps the names of articles it has seen."""

    def __init__(self, corpus: Corpus, reader: ClaimReader) -> None:
        """`reader` must be the one that read the claims."""
        self._corpus = corpus
        self._reader = reader
        self._names = lru_cache(maxsize=4096)(self._article_names)
        self._terms = lru_cache(maxsize=4096)(self._article_terms)

    def same_claim(self, question: str, one: Claim, other: Claim) -> bool:
        """Whether both speak of the same thing, each in an article, or of a source, of its own."""
        same_article = one.sentence.article_id == other.sentence.article_id
        if same_article and not _own_sources(one, other):
            return False
        if (
            one.value
            and other.value
            and not (one.value.same_as(other.value) or one.value.comparable_to(other.value))
        ):
            return False
        relevance = min(one.relevance, other.relevance)
        if relevance < RELEVANT or not self.same_event(question, one, other):
            return False
        if self._strays(question, one, other) or self._strays(question, other, one):
            return False
        if self._misses(question, one, other):
            return False
        likeness = self._reader.likeness(one, other)
        alike = likeness >= LIKE and relevance + likeness >= BOTH
        is_place = one.value is None and WHERE.search(question) is not None
        return alike or (relevance >= SURE and likeness >= LITTLE_LIKE and not is_place)

    def same_event(self, question: str, one: Claim, other: Claim) -> bool:
        """Whether both articles have the question's names, and enough names in common."""
        ours = self._names(one.sentence.article_id)
        theirs = self._names(other.sentence.article_id)
        text = self._corpus.articles[other.sentence.article_id].text
        if self._is_too_old(question, other):
            return False
        names = find_names(question, self._corpus.common_words)
        for name in names:
            if not concerns_name(name, text) and not any(_alike(plain(name), n) for n in theirs):
                return False
        needed = 1 if names else SHARED_NAMES
        if len(ours & theirs) >= needed:
            return True
        return sum(any(_alike(name, each) for each in theirs) for name in ours) >= needed

    def _is_too_old(self, question: str, claim: Claim) -> bool:
        """Whether the article came out before the day of which the question asks what happened."""
        published = self._corpus.articles[claim.sentence.article_id].published
        if published is None or not HAPPENED.search(question):
            return False
        days = [each.intervals[0][0] for each in find_dates(question, published)]
        return any(day > published.toordinal() for day in days)

    def _strays(self, question: str, one: Claim, other: Claim) -> bool:
        """Whether `other` lacks what `one` says of the question, or says something else of it."""
        said, text = one.context, other.context
        if qualifiers(other.sentence.text) - qualifiers(said) - qualifiers(question):
            return True
        bare = text.replace(other.text, " ")
        for number in find_numbers(question):
            rivals = [n for n in find_numbers(bare) if n.unit == number.unit]
            if states_number(number, said) and not states_number(number, text) and rivals:
                return True
        years = set(YEAR.findall(bare))
        if years and set(YEAR.findall(question)) - years:
            return True
        names = find_names(question, self._corpus.common_words)
        ours = {name for name in names if _has_name(name, said)}
        theirs = {name for name in names if _has_name(name, text)}
        if ours and theirs and not ours & theirs:
            return True
        around = self._nearby(other)
        if any(not _has_name(name, around) for name in ours - theirs):
            return True
        return bool(ours - theirs) and self._other_subject(one, other)

    def _misses(self, question: str, one: Claim, other: Claim) -> bool:
        """Whether what `one` says in the question's own words is foreign to the other article."""
        names = find_names(question, self._corpus.common_words)
        if names and all(_has_name(name, other.context) for name in names):
            return False
        article = self._terms(other.sentence.article_id)
        return any(
            self._reader.meets(word, question, other.context) < ABSENT
            for word in self._content(question)
            if self._reader.meets(word, question, one.context) > PRESENT
            and not set(terms(word)) & article
        )

    def _nearby(self, claim: Claim) -> str:
        """The claim's passage with its header, and the passage before."""
        passages = self._corpus.of_article[claim.sentence.article_id]
        return " ".join(
            passage.indexed_text
            for passage, following in zip(passages, (*passages[1:], None), strict=True)
            if passage.start <= claim.sentence.start < passage.end
            or (following and following.start <= claim.sentence.start < following.end)
        )

    def _content(self, question: str) -> list[str]:
        names = {plain(name) for name in find_names(question, self._corpus.common_words)}
        words = self._reader.words.of(bare_question(question)).words
        return [word for word in words if plain(word) not in names]

    def _other_subject(self, one: Claim, other: Claim) -> bool:
        """Whether the sentence names someone or something that the other article doesn't know."""
        text = SAID_BY.sub(" ", other.sentence.text.replace(other.text, " "))
        text = text.partition(" ")[2]  # a capital at the start says nothing
        theirs = self._names(one.sentence.article_id)
        return any(
            plain(name) not in CALENDAR and not any(_alike(plain(name), each) for each in theirs)
            for name in find_names(text, self._corpus.common_words)
        )

    def _article_names(self, article_id: str) -> frozenset[str]:
        article = self._corpus.articles[article_id]
        text = f"{article.title}\n{article.text[article.body_start :]}"
        return frozenset(
            plain(name)
            for name in find_names(text, self._corpus.common_words)
            if plain(name) not in CALENDAR and len(name) > 2
        )

    def _article_terms(self, article_id: str) -> frozenset[str]:
        return frozenset(terms(self._corpus.articles[article_id].text))


def _own_sources(one: Claim, other: Claim) -> bool:
    """Whether two sentences of one article give each its own source."""
    texts = (one.sentence.text, other.sentence.text)
    if one.sentence.start == other.sentence.start or one.value is None:
        return False
    if one.value.dimension in ("date", "time"):
        return False
    return all(SOURCE.search(text) and not NEWER.search(text) for text in texts)


def same_value(one: Claim, other: Claim) -> bool:
    """Whether two claims give the same value, or the same name in whatever spelling."""
    if one.value and other.value:
        return one.value.same_as(other.value)
    if one.value or other.value:
        return False
    last, its_last = plain(one.text).split()[-1], plain(other.text).split()[-1]
    return _alike(last, its_last)


def _alike(one: str, other: str) -> bool:
    if one == other or (len(one) > 3 and _skeleton(one) == _skeleton(other)):
        return True
    if abs(len(one) - len(other)) > 3:
        return False
    needed = SAME_NAME if one[:1] == other[:1] else SAME_NAME_OTHER_INITIAL
    return SequenceMatcher(None, one, other).ratio() >= needed


def _skeleton(name: str) -> str:
    """A name without its vowels and doubled letters: Yusuf Hadid, Youssef Hadeed."""
    return name[:1] + re.sub(r"(.)\1+", r"\1", re.sub(r"[aeiouy’'\W]", "", name[1:]))


def _has_name(name: str, text: str) -> bool:
    """Whether a text has this name, perhaps in another spelling."""
    return concerns_name(name, text) or any(
        _alike(plain(name), plain(each)) for each in find_names(text)
    )
