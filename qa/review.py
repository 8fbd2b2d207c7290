"""One sentence of the model's, cited and verified: shown with its sources, or kept back."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from index.corpus import Corpus
from qa.answer import Verdict
from qa.answerability import (
    Calibration,
    SignalReader,
    Signals,
    lead_of,
    load_calibration,
    may_name,
)
from qa.cite import Citer
from qa.confidence import Confidence
from qa.evidence import EvidenceFinder, EvidenceSentence
from qa.inert import is_instruction
from qa.reply import is_refusal
from qa.sources import shown_outlet
from qa.verify import Known, check_sentence, is_turned_round, misses_question
from qa.word_vectors import WordReader

# A sentence that gathers: "A, B and C".
LISTS = re.compile(r";|,[^,;]+,? and\b|\b(?:and|while|whereas|but)\b")


@dataclass(frozen=True, slots=True)
class Review:
    """The outcome: `spans` support the sentence, or `reason` says why it is kept back.

    `support` is the calibrated probability that the sentence is a right answer. A refusal ("not
    in the articles") is kept back without a reason.
    """

    spans: tuple[EvidenceSentence, ...] = ()
    verdict: Verdict = "unsupported"
    support: float = 0.0
    reason: str | None = None
    signals: Signals | None = None
    missing: tuple[str, ...] = ()

    @property
    def is_shown(self) -> bool:
        """Whether the sentence may be shown."""
        return self.verdict != "unsupported"


@dataclass(frozen=True, slots=True)
class Asked:
    """What sentences are reviewed against: the question, what was read and what was found."""

    question: str
    evidence: Sequence[EvidenceSentence]
    best_score: float


class Reviewer:
    """Cites and verifies sentences against evidence of one corpus."""

    def __init__(
        self, corpus: Corpus, finder: EvidenceFinder, words: WordReader, *, least_support: float
    ) -> None:
        """What is less likely right than `least_support` is no answer."""
        self._corpus = corpus
        self._least_support = least_support
        self._calibration: Calibration = load_calibration()
        self.citer = Citer(corpus, finder, words)
        self.signals = SignalReader(finder, words)

    def review(
        self, sentence: str, asked: Asked, *, confidence: Confidence | None, first: bool
    ) -> Review:
        """Cite and check one sentence; the `first` one shown must answer what was asked."""
        if is_refusal(sentence):
            return Review()
        if is_instruction(sentence):
            return Review(reason="What the model wrote is no report.")
        spans = self.citer.cite(sentence, asked.evidence, question=asked.question)
        check = check_sentence(
            sentence,
            self.citer.spelled_out(spans),
            question=asked.question,
            known=self._known(sentence, spans),
        )
        signals = self.signals.read(
            asked.question,
            spans,
            check,
            joined=self._is_joined(sentence, spans, asked.question),
            confidence=confidence,
            best_score=asked.best_score,
        )
        support = round(self._calibration.probability(signals), 3)
        facts: dict[str, Any] = {"signals": signals, "support": support, "missing": check.missing}
        reason = None if spans and check.verdict != "unsupported" else _not_found(check.missing)
        if reason is None and is_turned_round(sentence, self.signals.clause(sentence, spans[0])):
            reason = "What the model wrote turns round what the article says."
        if reason is None and first:
            reason = self._misses(sentence, spans, asked.question)
            if reason is None and support < self._least_support:
                reason = "What was found doesn't clearly answer this."
        if reason is not None:
            return Review(reason=reason, **facts)
        return Review(spans, check.verdict, **facts)

    def _misses(
        self, sentence: str, spans: Sequence[EvidenceSentence], question: str
    ) -> str | None:
        """Why this isn't an answer to the question. Each cited article must be about it.

        Otherwise a fact of one article and a name of another make a claim that neither states.
        """
        same = [span for span in spans if span.article_id == spans[0].article_id]
        wrong = misses_question(
            sentence,
            self.citer.with_antecedents(same),
            lead_of(self._corpus.articles[spans[0].article_id]),
            question=question,
            is_like=self.signals.are_alike,
        )
        return wrong or self._joins_strangers(sentence, spans, question)

    def _joins_strangers(
        self, sentence: str, spans: Sequence[EvidenceSentence], question: str
    ) -> str | None:
        """Whether a claim is put together from articles of which none makes it; lists may be."""
        articles = dict.fromkeys(span.article_id for span in spans)
        if len(articles) < 2 or LISTS.search(sentence):
            return None
        groups = [[span for span in spans if span.article_id == each] for each in articles]
        if any(self._states(sentence, group, question) for group in groups):
            return None
        return "No single article states what the model wrote."

    def _is_joined(self, sentence: str, spans: Sequence[EvidenceSentence], question: str) -> bool:
        """Whether a claim that is no list needs several quotes, none of which makes it alone."""
        if len(spans) < 2 or LISTS.search(sentence):
            return False
        return not any(self._states(sentence, [span], question) for span in spans)

    def _states(self, sentence: str, spans: Sequence[EvidenceSentence], question: str) -> bool:
        """Whether these quotes of one article, and what they refer to, carry the sentence alone.

        Names of the question may also be what the article is about.
        """
        check = check_sentence(
            sentence,
            self.citer.with_antecedents(spans),
            question=question,
            known=self._known(sentence, spans),
        )
        about = lead_of(self._corpus.articles[spans[0].article_id])
        return check.verdict != "unsupported" and all(may_name(about, n) for n in check.missing)

    def _known(self, sentence: str, spans: Sequence[EvidenceSentence]) -> Known:
        """What is known beside the words of the quotes themselves."""
        articles = [self._corpus.articles[span.article_id] for span in spans]
        return Known(
            common_words=self._corpus.common_words,
            met_terms=self.signals.met_terms(sentence, spans),
            years=frozenset(each.published.year for each in articles if each.published),
            outlets=" ".join(shown_outlet(each) or "" for each in articles),
        )


def _not_found(missing: tuple[str, ...]) -> str:
    if missing:
        return f"The articles don't support {', '.join(missing)}, which the model wrote."
    return "What the model wrote is not in the articles."
