"""Answer sentences to the words of the articles that support them. The model places no citation.

Small models number their sources wrongly, so code aligns each sentence with the evidence: the
sentences that share its numbers, its names and most of the weight of its words.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from index.corpus import Corpus
from index.lexical import STOP_WORDS, stem, terms
from qa.evidence import EvidenceFinder, EvidenceSentence
from qa.facts import (
    Facts,
    concerns_name,
    find_facts,
    find_names,
    states_name,
    states_number,
    states_quoted,
)
from qa.word_vectors import WordReader

MAX_CITATIONS = 3
# A quote bears on a sentence if it shares this much of the weight of its words, or has one of
# its numbers and is somewhat like it, or is very like it (cosine).
MIN_OVERLAP = 0.2
MIN_LIKENESS = 0.6
MIN_LIKENESS_WITH_NUMBER = 0.3
# A further quote must share more than that, for one common word is soon found,
# and bring a fact that is still missing, or this much more of the words.
MIN_FURTHER_OVERLAP = 0.3
MIN_FURTHER_LIKENESS = 0.45
MIN_GAIN = 0.2
FACT_WEIGHT = 0.5
LIKENESS_WEIGHT = 0.5
ECHO_WEIGHT = 0.3  # of a name or number that the question has too
# How far back in an article the name behind "he" or "the city" is looked for, in sentences.
CONTEXT_SENTENCES = 4
ANTECEDENT_SENTENCES = 2
REFERS_BACK = re.compile(
    r"\b(?:he|she|they|it|him|her|them|his|hers|its|their|this|these|those|there|the (?:city|town|"
    r"group|country|company|state|government|bridge|region|area|leader|minister|official))\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class _Claim:
    """A sentence to be supported: its facts, its words and the question's other ones."""

    question: str
    facts: Facts
    words: frozenset[str]
    asked: frozenset[str]
    likeness: dict[EvidenceSentence, float]  # cosine of each piece of evidence and the sentence


class Citer:
    """Aligns sentences with evidence of one corpus."""

    def __init__(self, corpus: Corpus, finder: EvidenceFinder, words: WordReader) -> None:
        """`finder` weighs the words, `words` has their vectors."""
        self._corpus = corpus
        self._finder = finder
        self._words = words

    def cite(
        self, sentence: str, evidence: Sequence[EvidenceSentence], *, question: str
    ) -> tuple[EvidenceSentence, ...]:
        """The evidence that supports `sentence`, best first; empty where none bears on it.

        Words of the question count a little, so that a bare "280,000" finds the sentence that
        answers and not just any with that number.
        """
        claim = _Claim(
            question=question,
            facts=find_facts(sentence, self._corpus.common_words),
            words=frozenset(terms(sentence)),
            asked=frozenset(terms(question)) - frozenset(terms(sentence)),
            likeness=self._likeness(sentence, evidence),
        )
        cited: list[EvidenceSentence] = []
        while len(cited) < MAX_CITATIONS:
            rest = [each for each in evidence if each not in cited]
            best = max(rest, key=lambda each: self._gain(each, cited, claim), default=None)
            if best is None or not self._worth(best, cited, claim):
                break
            cited.append(best)
        return tuple(cited + self._named_before(cited, claim.facts, question))

    def _likeness(
        self, sentence: str, evidence: Sequence[EvidenceSentence]
    ) -> dict[EvidenceSentence, float]:
        own, *others = self._words.read([sentence, *(each.text for each in evidence)])
        return {
            each: float(own.whole @ other.whole)
            for each, other in zip(evidence, others, strict=True)
        }

    def missing_names(self, facts: Facts, quotes: Iterable[EvidenceSentence]) -> list[str]:
        """Names of the sentence that stand in none of the quotes, in no form of theirs."""
        text = self.spelled_out(quotes)
        return [name for name in facts.names if not states_name(name, text)]

    def spelled_out(self, quotes: Iterable[EvidenceSentence]) -> str:
        """The quotes with their acronyms' other forms, for matching."""
        text = " ".join(quote.text for quote in quotes)
        return f"{text} {self._corpus.other_forms(text)}"

    def with_antecedents(self, quotes: Iterable[EvidenceSentence]) -> str:
        """The quotes spelled out, with the sentences before those that say "he" or "the group"."""
        quotes = list(quotes)
        before = [
            each
            for quote in quotes
            if REFERS_BACK.search(quote.text)
            for each in self._sentences_before(quote)[:ANTECEDENT_SENTENCES]
        ]
        return self.spelled_out([*before, *quotes])

    def _found(self, quotes: Iterable[EvidenceSentence], claim: "_Claim") -> float:
        """How many of the claim's facts the quotes have; those of the question count for less."""
        text = self.spelled_out(quotes)
        numbers = (n for n in claim.facts.numbers if states_number(n, text))
        names = (name for name in claim.facts.names if states_name(name, text))
        own = sum(ECHO_WEIGHT if states_number(n, claim.question) else 1.0 for n in numbers)
        own += sum(ECHO_WEIGHT if states_name(name, claim.question) else 1.0 for name in names)
        return own + sum(states_quoted(words, text) for words in claim.facts.quoted)

    def _gain(
        self, candidate: EvidenceSentence, cited: list[EvidenceSentence], claim: "_Claim"
    ) -> float:
        more = self._found([*cited, candidate], claim) - self._found(cited, claim)
        text = self.spelled_out([candidate])
        gain = FACT_WEIGHT * more + self._finder.coverage(claim.words, text)
        gain += LIKENESS_WEIGHT * claim.likeness[candidate]
        return gain + 0.5 * self._finder.coverage(claim.asked, text)

    def _worth(
        self, candidate: EvidenceSentence, cited: list[EvidenceSentence], claim: "_Claim"
    ) -> bool:
        text = self.spelled_out([candidate])
        overlap = self._finder.coverage(claim.words, text)
        likeness = claim.likeness[candidate]
        if not cited:
            has_number = any(states_number(number, text) for number in claim.facts.numbers)
            enough = MIN_LIKENESS_WITH_NUMBER if has_number else MIN_LIKENESS
            return overlap >= MIN_OVERLAP or likeness >= enough
        more = self._found([*cited, candidate], claim) - self._found(cited, claim)
        if more >= 1 and (overlap >= MIN_OVERLAP or likeness >= MIN_LIKENESS_WITH_NUMBER):
            return True
        if more and (overlap >= MIN_FURTHER_OVERLAP or likeness >= MIN_FURTHER_LIKENESS):
            return True
        before = self._finder.coverage(claim.words, self.spelled_out(cited))
        after = self._finder.coverage(claim.words, self.spelled_out([*cited, candidate]))
        return overlap >= MIN_FURTHER_OVERLAP and after - before >= MIN_GAIN

    def _named_before(
        self, cited: list[EvidenceSentence], facts: Facts, question: str
    ) -> list[EvidenceSentence]:
        """Earlier sentences that name what a quote only refers to, one for each missing name."""
        added: list[EvidenceSentence] = []
        for name in self.missing_names(facts, cited) if cited else []:
            if states_name(name, " ".join(each.text for each in added)):
                continue
            naming = (self._naming(name, quote, facts, question) for quote in cited)
            added.extend(found for found in [next(filter(None, naming), None)] if found)
        return added

    def _naming(
        self, name: str, quote: EvidenceSentence, facts: Facts, question: str
    ) -> EvidenceSentence | None:
        """The sentence before `quote` that says that what it speaks of has this name.

        It is the nearest one, where the quote says "he" or "there"; any one, where the quote
        says "the tunnel" of what an earlier sentence calls the Karsund Tunnel; and the article's
        first, where the question has the name too and the quote names nobody else.
        """
        before = self._sentences_before(quote)
        if REFERS_BACK.search(quote.text):
            for each in before[:CONTEXT_SENTENCES]:
                if states_name(name, each.text):
                    return each
        for each in before:
            if states_name(name, each.text) and _is_called(name, each.text, quote.text):
                return each
        others = [each for each in find_names(quote.text, self._corpus.common_words)]
        alone = all(any(states_name(each, own) for own in facts.names) for each in others)
        first = before[-1:]
        if (
            alone
            and concerns_name(name, question)
            and any(states_name(name, e.text) for e in first)
        ):
            return first[0]
        return None

    def _sentences_before(self, quote: EvidenceSentence) -> list[EvidenceSentence]:
        """The sentences before a quote in its article, nearest first."""
        article = self._corpus.articles[quote.article_id]
        spans = [
            span
            for passage in self._corpus.of_article[quote.article_id]
            for span in passage.sentences
            if span[1] <= quote.start and span not in self._finder.planted(quote.article_id)
        ]
        return [
            EvidenceSentence(quote.article_id, start, end, article.text[start:end], 0.0)
            for start, end in reversed(spans)
        ]


def _is_called(name: str, naming: str, quote: str) -> bool:
    """Whether `naming` puts the name to a thing that `quote` has as "the thing"."""
    things = re.findall(rf"\b{re.escape(name)}\s+([A-Z]?[a-z]{{3,}})\b", naming)
    things += re.findall(rf"\b([A-Z]?[a-z]{{3,}})\s+{re.escape(name)}\b", naming)
    said = {
        stem(word) for word in re.findall(r"\b(?:the|this|that)\s+(?:\w+\s)?(\w+)", quote, re.I)
    }
    return any(stem(thing) in said for thing in things if thing.casefold() not in STOP_WORDS)
