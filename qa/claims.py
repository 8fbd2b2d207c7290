"""What each article gives in answer to a question: the claims that can be held side by side.

A claim is a value, or a name, in a sentence that is about what is asked. Precision goes first:
what can't be told to be an answer is left out.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from index.corpus import Corpus
from index.embedding import Embedder
from index.lexical import STOP_WORDS, WORD, terms
from qa.evidence import LEANS_BACK, EvidenceFinder, EvidenceSentence
from qa.facts import find_names, find_numbers, plain
from qa.quantities import Value, find_values
from qa.wanted import ASKS_OTHERWISE, COUNT_WORDS, WHERE, WHO, asked_dimensions, bare_question
from qa.word_vectors import WordReader

_SAID = "said|says|told|added|wrote|reported"
SAID_BY = re.compile(
    rf"\b(?:{_SAID}|according to|announced|asked)\b[^,.;]{{0,60}}"
    rf"|(?:,[^,.;]{{0,60}}){{1,2}},?\s*\b(?:{_SAID})\b"
    rf"|[^,.;]{{0,45}}\b(?:{_SAID})\b|\bin the account of [^,.;]+"
)
# A figure with one of these is another figure than one without.
QUALIFIERS = frozenset(
    """original originally initial initially budget budgeted planned plan forecast expected target
    estimate estimated men women male female children boys girls placebo control average limit
    maximum minimum record previous former""".split()  # noqa: SIM905 - reads worse as a list
)
SHORT_WORDS = 12
IT = re.compile(r"\b(?:it|they|them|this|that)\b", re.I)
MOST_MORE = 24  # sentences beyond the pool; each costs some milliseconds
NEAR_WORDS = 12
CLAUSE_END = re.compile(r"[;.]\s")
MET = 0.5  # cosine of two words' vectors in their sentences from which they may mean the same
PROPER = re.compile(r"\b[A-Z][\w’'-]+(?:\s+(?:al-|bin |de |van |von |of )?[A-Z][\w’'-]+)*")
POSSESSIVE = re.compile(r"[’']s?\Z")
CALENDAR = frozenset(
    """monday tuesday wednesday thursday friday saturday sunday
    january february march april may june july august september october november december
    dr mr mrs ms prof professor""".split()  # noqa: SIM905 - reads worse as a list
)
PLACE_BEFORE = re.compile(r"\b(?:in|at|on|near|to|for|from|outside|off|of)\s+(?:the\s+)?$", re.I)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a sentence gives for what is asked: a value, or a name as it stands in it.

    `relevance` is how well the sentence meets the question's words, 0 to 1; `context` is the
    sentence, with the one before where it leans on that.
    """

    sentence: EvidenceSentence
    text: str
    value: Value | None
    relevance: float
    context: str = ""


class ClaimReader:
    """Reads claims out of sentences of one corpus. Keeps the vectors of the words it has seen."""

    def __init__(self, corpus: Corpus, finder: EvidenceFinder, embedder: Embedder) -> None:
        """`finder` weighs words; `embedder` gives each word its vector."""
        self._corpus = corpus
        self._finder = finder
        self.words = WordReader(embedder)

    def claims(self, question: str, sentences: Sequence[EvidenceSentence]) -> Iterator[Claim]:
        """What the sentences give for what is asked, at most one claim a sentence."""
        if ASKS_OTHERWISE.search(question):
            return
        dimensions = asked_dimensions(question)
        who, where = WHO.search(question), WHERE.search(question)
        found: list[tuple[EvidenceSentence, str, Value | None]] = []
        for sentence in sentences:
            if not (dimensions or who or where) or sentence.text.rstrip().endswith("?"):
                continue
            value = self._value(question, sentence, dimensions)
            text = value.text if value else None
            if not dimensions:
                text = self._name(question, sentence, is_place=where is not None)
            if text:
                found.append((sentence, text, value))
        contexts = [self._context(sentence) for sentence, _, _ in found]
        self.words.read([*contexts, *(sentence.text for sentence, _, _ in found)])
        for (sentence, text, value), context in zip(found, contexts, strict=True):
            relevance = max(self.relevance(question, each) for each in {sentence.text, context})
            yield Claim(sentence, text, value, relevance, context)

    def _context(self, sentence: EvidenceSentence) -> str:
        """The sentence, with the one before it where it leans on that."""
        before = ""
        is_short = len(sentence.text.split()) <= SHORT_WORDS and IT.search(sentence.text)
        if not (LEANS_BACK.match(sentence.text) or is_short):
            return sentence.text
        for passage in self._corpus.of_article[sentence.article_id]:
            for start, end in passage.sentences:
                if start == sentence.start:
                    return f"{before} {sentence.text}"
                before = passage.text[start - passage.start : end - passage.start]
        return sentence.text

    def widened(
        self, question: str, pool: Sequence[EvidenceSentence]
    ) -> tuple[EvidenceSentence, ...]:
        """The pool, with other sentences of its articles that have a value of the asked kind."""
        dimensions = asked_dimensions(question)
        asked = set(terms(bare_question(question)))
        known = {(sentence.article_id, sentence.start) for sentence in pool}
        more = [
            sentence
            for article in dict.fromkeys(sentence.article_id for sentence in pool)
            for sentence in self._sentences(article)
            if (sentence.article_id, sentence.start) not in known
            and asked & set(terms(sentence.text))
            and self._value(question, sentence, dimensions)
        ]
        return (*pool, *more[:MOST_MORE])

    def _sentences(self, article_id: str) -> Iterator[EvidenceSentence]:
        for passage in self._corpus.of_article[article_id]:
            for start, end in passage.sentences:
                text = passage.text[start - passage.start : end - passage.start]
                yield EvidenceSentence(article_id, start, end, text, 0.0)

    def relevance(self, question: str, text: str) -> float:
        """How much of the weight of the question's words the text meets, in these or others."""
        asked = self.words.of(bare_question(question))
        said = self.words.of(text)
        if not asked.words or not said.words:
            return 0.0
        best = (asked.vectors @ said.vectors.T).max(axis=1)
        names = set(map(plain, find_names(question)))
        total = met = 0.0
        for word, cosine in zip(asked.words, best, strict=True):
            if plain(word) in names:
                continue
            weight = max((self._finder.weight(term) for term in terms(word)), default=0.0)
            total += weight
            met += weight * float(np.clip((cosine - 0.25) / 0.45, 0, 1))
        by_words = met / total if total else 1.0
        cosine = float(asked.whole @ said.whole)
        return max(by_words, float(np.clip((cosine - 0.2) / 0.5, 0, 1)))

    def likeness(self, one: Claim, other: Claim) -> float:
        """How alike two sentences are in their words, the values and names apart."""
        first = self.words.of(_around(one))
        second = self.words.of(_around(other))
        if not first.words or not second.words:
            return 0.0
        cosines = first.vectors @ second.vectors.T
        shorter = cosines if len(first.words) <= len(second.words) else cosines.T
        return float(np.clip((shorter.max(axis=1) - 0.25) / 0.45, 0, 1).mean())

    def meets(self, word: str, question: str, text: str) -> float:
        """The best cosine of a word of the question with the words of a text."""
        asked, said = self.words.of(bare_question(question)), self.words.of(text)
        if word not in asked.words or not said.words:
            return 1.0
        vector = asked.vectors[asked.words.index(word)]
        return float((said.vectors @ vector).max())

    def _value(
        self, question: str, sentence: EvidenceSentence, dimensions: tuple[str, ...]
    ) -> Value | None:
        """The value nearest to the question's words, of the first dimension that has one."""
        published = self._corpus.articles[sentence.article_id].published
        values = [v for v in find_values(sentence.text, published) if not v.is_earlier]
        counted = COUNT_WORDS.search(question)
        for dimension in dimensions:
            fitting = [v for v in values if re.split("[ /]", v.dimension)[0] == dimension]
            if counted and dimension == "count":
                things = [value_things(v) for v in fitting]
                self.words.read([each for each in things if each])
                fitting = [v for v in fitting if self._counts(v, counted.group(1))]
            if dimension == "date" and any(v.dimension == "time" for v in values):
                fitting = [v for v in values if v.dimension == "time"]
            if fitting:
                asked = set(terms(question))
                return max(fitting, key=lambda v: _nearness(sentence.text, v, asked))
        return None

    def _counts(self, value: Value, counted: str) -> bool:
        """Whether the number counts what is asked for; one that names nothing may."""
        if not value.things:
            return True
        asked = self.words.of(" ".join(counted.split()[:2]))
        found = self.words.of(value_things(value))
        if not asked.words or not found.words:
            return True
        return bool((asked.vectors @ found.vectors.T).max() >= MET) or bool(
            set(terms(counted)) & value.things
        )

    def _name(self, question: str, sentence: EvidenceSentence, *, is_place: bool) -> str | None:
        """The one name in the sentence that can be the answer, or None."""
        text = sentence.text
        known = plain(f"{question} {self._outlets}")
        found = []
        quoted = re.sub(r"[\"“][^\"”]*[\"”]", lambda m: " " * len(m.group()), text)
        for match in PROPER.finditer(quoted):
            start, name = match.start(), POSSESSIVE.sub("", match.group())
            while name and plain(name.split()[0]) in self._no_names:
                first, _, name = name.partition(" ")
                start += len(first) + 1
            parts = find_names(name)
            if not parts or find_numbers(name) or any(plain(part) in known for part in parts):
                continue
            if is_place == bool(PLACE_BEFORE.search(quoted, 0, start)):
                found.append((name, start))
        if not is_place and len(found) > 1:
            spoken = [m.span() for m in SAID_BY.finditer(quoted)]
            found = [f for f in found if not any(a <= f[1] < b for a, b in spoken)]
        return found[0][0] if len({name for name, _ in found}) == 1 else None

    @cached_property
    def _outlets(self) -> str:
        return " ".join({each.outlet or "" for each in self._corpus.articles.values()})

    @cached_property
    def _no_names(self) -> frozenset[str]:
        return self._corpus.common_words | STOP_WORDS | CALENDAR


def value_things(value: Value) -> str:
    """What the value counts, as text."""
    return " ".join(sorted(value.things))


def _around(claim: Claim) -> str:
    """The words about the value, or all of a sentence without one."""
    text = claim.sentence.text
    position = text.find(claim.text) if claim.text else -1
    if position < 0:
        return text
    before, after = text[:position].split(), text[position + len(claim.text) :].split()  # noqa: SIM905 - reads worse as a list
    return " ".join([*before[-NEAR_WORDS:], *after[:NEAR_WORDS]])


def _nearness(text: str, value: Value, asked: set[str]) -> float:
    """How many words of the question stand in the value's clause; the nearer they are, the more."""
    score = 2.0 * len(value.things & asked)
    before = CLAUSE_END.split(text[: value.start])[-1].split()  # noqa: SIM905 - reads worse as a list
    after = CLAUSE_END.split(text[value.end :])[0].split()  # noqa: SIM905 - reads worse as a list
    for words in (before[::-1], after):
        for distance, word in enumerate(words[:NEAR_WORDS]):
            score += (1.0 - distance / (2 * NEAR_WORDS)) * len(set(terms(word)) & asked)
    return score


def qualifiers(text: str) -> set[str]:
    """Words that make a figure another one."""
    return {word.casefold() for word in WORD.findall(text)} & QUALIFIERS
