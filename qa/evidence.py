"""Ranked passages to the few sentences worth reading, within a token budget; and the extract.

The prompt's length is the latency, so what the model reads are sentences, not passages. A
sentence that leans on the one before it ("He said …") brings it along.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from index.corpus import Corpus
from index.embedding import Embedder, Vectors
from index.lexical import terms
from index.passages import Passage
from index.sentences import is_heading
from qa.facts import find_names
from qa.inert import find_planted
from qa.kinds import answers_kind
from qa.retrieve import RankedPassage, Ranking

# How a sentence is scored: by its own vector, by the question's words in it, by its passage.
# Set by hand on development questions; a calibration on data is still to come.
VECTOR_WEIGHT = 0.45
WORDS_WEIGHT = 0.35
PASSAGE_WEIGHT = 0.20
# For a sentence with a number where one is asked for, a date, a person's name.
KIND_BONUS = 0.15
# What scores less than this share of the best sentence costs time and misleads small models.
RELEVANT_SHARE = 0.55
LEANS_BACK = re.compile(
    r"(?:he|she|they|it|this|these|those|that|his|her|their|its|both|such|the (?:group|city|town|"
    r"country|company|move|official|officer|attack|decision|two|latter))\b",
    re.I,
)
# How far back the sentence is looked for that names what another leans on.
LEANED_ON_SENTENCES = 3
# Words of an article's heading line in the prompt: "Article 2 (outlet, date):"
HEADING_TOKENS = 14


@dataclass(frozen=True, slots=True)
class EvidenceSentence:
    """`text` is `article.text[start:end]`; `score` says how well it bears on the question."""

    article_id: str
    start: int
    end: int
    text: str
    score: float


Chosen = dict[tuple[str, int], EvidenceSentence]  # by article and start


@dataclass(frozen=True, slots=True)
class EvidenceSet:
    """What the model is given to read: groups of one article each, in the order of its text."""

    groups: tuple[tuple[EvidenceSentence, ...], ...]
    best: EvidenceSentence | None

    @property
    def sentences(self) -> tuple[EvidenceSentence, ...]:
        """All sentences, in the order they are read."""
        return tuple(sentence for group in self.groups for sentence in group)


class EvidenceFinder:
    """Scores sentences and fills the budget. Keeps the vectors of sentences it has seen."""

    def __init__(self, corpus: Corpus, embedder: Embedder) -> None:
        """Sentences come from `corpus`; `embedder` must be the one it was indexed with."""
        self._corpus = corpus
        self._embedder = embedder
        self._vectors: dict[tuple[str, int, int], Vectors] = {}
        self.planted = lru_cache(maxsize=4096)(self._find_planted)
        self._term_weight = lru_cache(maxsize=8192)(self._weigh_term)

    def score(self, question: str, ranking: Ranking) -> tuple[EvidenceSentence, ...]:
        """The sentences of the ranked passages, best first."""
        spans = [
            (ranked, start, end)
            for ranked in ranking.passages
            for start, end in self._readable(ranked.passage)
        ]
        if not spans:
            return ()
        vectors = self._embed([(ranked.passage, start, end) for ranked, start, end in spans])
        cosines = vectors @ ranking.query_vector
        scored = [
            self._scored(ranked, (start, end), float(cosine), question)
            for (ranked, start, end), cosine in zip(spans, cosines, strict=True)
        ]
        return tuple(sorted(scored, key=lambda sentence: -sentence.score))

    def select(
        self,
        scored: Iterable[EvidenceSentence],
        *,
        budget_tokens: int,
        count_tokens: Callable[[str], int],
    ) -> EvidenceSet:
        """The best sentences that fit the budget, each with the one it leans on."""
        chosen: Chosen = {}
        texts: set[str] = set()
        best = None
        left = budget_tokens
        for sentence in scored:
            best = best or sentence
            if sentence.score < RELEVANT_SHARE * best.score:
                break
            if sentence.text in texts:
                continue
            needed = self._affordable(sentence, chosen, left, count_tokens)
            if not needed:
                continue
            cost = _cost(needed, chosen, count_tokens)
            left -= cost
            chosen.update({(each.article_id, each.start): each for each in needed})
            texts.update(each.text for each in needed)
        return EvidenceSet(tuple(_grouped(chosen.values())), best)

    def weight(self, term: str) -> float:
        """How much a term tells: its inverse document frequency over passages, at least 0."""
        return self._term_weight(term)

    def coverage(self, wanted: AbstractSet[str], text: str) -> float:
        """Share of the weight of `wanted` terms that `text` has, 0 to 1."""
        total = sum(self.weight(term) for term in wanted)
        found = sum(self.weight(term) for term in wanted & set(terms(text)))
        return found / total if total else 0.0

    def _affordable(
        self,
        sentence: EvidenceSentence,
        chosen: Chosen,
        tokens: int,
        count_tokens: Callable[[str], int],
    ) -> tuple[EvidenceSentence, ...]:
        """The sentence with the one it leans on, or alone, or nothing: what fits the tokens."""
        before = self._leaned_on(sentence)
        wishes = [(before, sentence)] if before else []
        for wish in [*wishes, (sentence,)]:
            new = tuple(each for each in wish if (each.article_id, each.start) not in chosen)
            if sentence in new and _cost(new, chosen, count_tokens) <= tokens:
                return new
        return ()

    def _scored(
        self, ranked: RankedPassage, span: tuple[int, int], cosine: float, question: str
    ) -> EvidenceSentence:
        passage = ranked.passage
        wanted = set(terms(question))
        start, end = span
        text = passage.text[start - passage.start : end - passage.start]
        # What the passage's other sentences and its header say of the question counts for half.
        words = 0.5 * self.coverage(wanted, f"{text} {self._corpus.other_forms(text)}")
        words += 0.5 * self.coverage(wanted, f"{passage.header} {passage.text}")
        score = VECTOR_WEIGHT * cosine + WORDS_WEIGHT * words + PASSAGE_WEIGHT * ranked.score
        if answers_kind(text, question):
            score += KIND_BONUS
        return EvidenceSentence(passage.article_id, start, end, text, score)

    def _readable(self, passage: Passage) -> Iterator[tuple[int, int]]:
        """The passage's sentences without headings, unless there is nothing else.

        What an article tells a model to answer is no evidence.
        """
        planted = self.planted(passage.article_id)
        honest = [span for span in passage.sentences if span not in planted]
        spans = [
            (start, end)
            for start, end in honest
            if not is_heading(passage.text[start - passage.start : end - passage.start])
        ]
        yield from spans or honest

    def _find_planted(self, article_id: str) -> frozenset[tuple[int, int]]:
        spans = [span for each in self._corpus.of_article[article_id] for span in each.sentences]
        return find_planted(self._corpus.articles[article_id].text, spans)

    def _embed(self, spans: list[tuple[Passage, int, int]]) -> Vectors:
        keys = [(passage.article_id, start, end) for passage, start, end in spans]
        new = {
            key: passage.text[start - passage.start : end - passage.start]
            for key, (passage, start, end) in zip(keys, spans, strict=True)
            if key not in self._vectors
        }
        if new:
            vectors = self._embedder.embed(list(new.values()))
            self._vectors.update(zip(new, vectors, strict=True))
        return np.stack([self._vectors[key] for key in keys])

    def _leaned_on(self, sentence: EvidenceSentence) -> EvidenceSentence | None:
        """The nearest sentence before that names something, where this one leans on it."""
        if not LEANS_BACK.match(sentence.text):
            return None
        before = [
            (start, end)
            for passage in self._corpus.of_article[sentence.article_id]
            for start, end in self._readable(passage)
            if end <= sentence.start
        ]
        text = self._corpus.articles[sentence.article_id].text
        for start, end in reversed(before[-LEANED_ON_SENTENCES:]):
            if find_names(text[start:end], self._corpus.common_words):
                return EvidenceSentence(sentence.article_id, start, end, text[start:end], 0.0)
        return None

    def _weigh_term(self, term: str) -> float:
        total = len(self._corpus.passages)
        having = self._corpus.lexical.document_frequency(term)
        return math.log(1 + (total - having + 0.5) / (having + 0.5))


def _cost(
    sentences: tuple[EvidenceSentence, ...], chosen: Chosen, count_tokens: Callable[[str], int]
) -> int:
    """Tokens that these sentences add to what is chosen, a new article's heading included."""
    tokens = sum(count_tokens(sentence.text) + 1 for sentence in sentences)
    is_new = all(sentences[0].article_id != article for article, _ in chosen)
    return tokens + (HEADING_TOKENS if is_new else 0)


def _grouped(chosen: Iterable[EvidenceSentence]) -> Iterator[tuple[EvidenceSentence, ...]]:
    """One group an article, the article with the best sentence first."""
    by_article: dict[str, list[EvidenceSentence]] = {}
    for sentence in sorted(chosen, key=lambda each: -each.score):
        by_article.setdefault(sentence.article_id, []).append(sentence)
    for group in by_article.values():
        yield tuple(sorted(group, key=lambda each: each.start))
