"""Answer sentences to the words of the articles that support them. The model places no citation.

Small models number their sources wrongly, so code aligns each sentence with the evidence: the
sentences that share its numbers, its names and most of the weight of its words.
"""

import re
from collections.abc import Iterable, Sequence

from index.corpus import Corpus
from index.lexical import terms
from qa.evidence import EvidenceFinder, EvidenceSentence
from qa.facts import Facts, find_facts, states_name, states_number, states_quoted

MAX_CITATIONS = 3
# Below this share of the weight of the sentence's words, a quote doesn't bear on the sentence.
MIN_OVERLAP = 0.2
# A further quote must share more than that, for one common word is soon found,
# and bring a fact that is still missing, or this much more of the words.
MIN_FURTHER_OVERLAP = 0.3
MIN_GAIN = 0.2
FACT_WEIGHT = 0.5
# How far back in an article the name behind "he" or "the city" is looked for, in sentences.
CONTEXT_SENTENCES = 4
ANTECEDENT_SENTENCES = 2
REFERS_BACK = re.compile(
    r"\b(?:he|she|they|it|him|her|them|his|hers|its|their|this|these|those|there|the (?:city|town|"
    r"group|country|company|state|government|bridge|region|area|leader|minister|official))\b",
    re.I,
)


class Citer:
    """Aligns sentences with evidence of one corpus."""

    def __init__(self, corpus: Corpus, finder: EvidenceFinder) -> None:
        """`finder` weighs the words."""
        self._corpus = corpus
        self._finder = finder

    def cite(
        self, sentence: str, evidence: Sequence[EvidenceSentence], *, question: str
    ) -> tuple[EvidenceSentence, ...]:
        """The evidence that supports `sentence`, best first; empty where none bears on it.

        Words of the question count a little, so that a bare "280,000" finds the sentence that
        answers and not just any with that number.
        """
        facts = find_facts(sentence, self._corpus.common_words)
        own = set(terms(sentence))
        asked = set(terms(question)) - own
        cited: list[EvidenceSentence] = []
        while len(cited) < MAX_CITATIONS:
            rest = [each for each in evidence if each not in cited]
            best = max(rest, key=lambda e: self._gain(e, cited, facts, (own, asked)), default=None)
            if best is None or not self._worth(best, cited, facts, own):
                break
            cited.append(best)
        return tuple(cited + self._named_before(cited, facts))

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

    def _found(self, quotes: Iterable[EvidenceSentence], facts: Facts) -> int:
        text = self.spelled_out(quotes)
        return (
            sum(states_number(number, text) for number in facts.numbers)
            + sum(states_name(name, text) for name in facts.names)
            + sum(states_quoted(words, text) for words in facts.quoted)
        )

    def _gain(
        self,
        candidate: EvidenceSentence,
        cited: list[EvidenceSentence],
        facts: Facts,
        words: tuple[set[str], set[str]],
    ) -> float:
        own, asked = words
        more = self._found([*cited, candidate], facts) - self._found(cited, facts)
        text = self.spelled_out([candidate])
        gain = FACT_WEIGHT * more + self._finder.coverage(own, text)
        return gain + 0.5 * self._finder.coverage(asked, text)

    def _worth(
        self,
        candidate: EvidenceSentence,
        cited: list[EvidenceSentence],
        facts: Facts,
        own: set[str],
    ) -> bool:
        overlap = self._finder.coverage(own, self.spelled_out([candidate]))
        brings_fact = self._found([*cited, candidate], facts) > self._found(cited, facts)
        if not cited:
            return overlap >= MIN_OVERLAP
        before = self._finder.coverage(own, self.spelled_out(cited))
        after = self._finder.coverage(own, self.spelled_out([*cited, candidate]))
        return overlap >= MIN_FURTHER_OVERLAP and (brings_fact or after - before >= MIN_GAIN)

    def _named_before(self, cited: list[EvidenceSentence], facts: Facts) -> list[EvidenceSentence]:
        """Earlier sentences that name whom a quote calls "he", one for each missing name."""
        added: list[EvidenceSentence] = []
        for name in self.missing_names(facts, cited) if cited else []:
            if states_name(name, " ".join(each.text for each in added)):
                continue
            before = (
                each
                for quote in cited
                if REFERS_BACK.search(quote.text)
                for each in self._sentences_before(quote)
            )
            naming = next((each for each in before if states_name(name, each.text)), None)
            if naming is not None:
                added.append(naming)
        return added

    def _sentences_before(self, quote: EvidenceSentence) -> list[EvidenceSentence]:
        """The sentences before a quote in its article, nearest first."""
        article = self._corpus.articles[quote.article_id]
        spans = [
            span
            for passage in self._corpus.of_article[quote.article_id]
            for span in passage.sentences
            if span[1] <= quote.start
        ]
        return [
            EvidenceSentence(quote.article_id, start, end, article.text[start:end], 0.0)
            for start, end in reversed(spans[-CONTEXT_SENTENCES:])
        ]
