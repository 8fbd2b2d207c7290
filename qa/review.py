"""One sentence of the model's, cited and verified: shown with its sources, or kept back."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from index.corpus import Corpus
from qa.answer import Verdict
from qa.cite import Citer
from qa.evidence import EvidenceSentence
from qa.reply import is_refusal
from qa.verify import check_sentence, misses_question, required_names_missing

# A sentence that gathers: "A, B and C".
LISTS = re.compile(r",|;|\band\b")


@dataclass(frozen=True, slots=True)
class Review:
    """The outcome: `spans` support the sentence, or `reason` says why it is kept back.

    A refusal ("not in the articles") is kept back without a reason.
    """

    spans: tuple[EvidenceSentence, ...] = ()
    verdict: Verdict = "unsupported"
    support: float = 0.0
    reason: str | None = None

    @property
    def is_shown(self) -> bool:
        """Whether the sentence may be shown."""
        return self.verdict != "unsupported"


class Reviewer:
    """Cites and verifies sentences against evidence of one corpus."""

    def __init__(self, corpus: Corpus, citer: Citer) -> None:
        """`citer` finds the words; the checks are those of `qa/verify.py`."""
        self._corpus = corpus
        self._citer = citer

    def review(
        self, sentence: str, evidence: Sequence[EvidenceSentence], *, question: str, first: bool
    ) -> Review:
        """Cite and check one sentence; the `first` one shown must be about what was asked."""
        if is_refusal(sentence):
            return Review()
        spans = self._citer.cite(sentence, evidence, question=question)
        check = check_sentence(
            sentence,
            self._citer.spelled_out(spans),
            question=question,
            common_words=self._corpus.common_words,
        )
        wrong = self._misses(sentence, spans, question) if first else None
        if not spans or check.verdict == "unsupported" or wrong:
            return Review(reason=wrong or _not_found(check.missing))
        return Review(spans, check.verdict, check.support)

    def _misses(
        self, sentence: str, spans: tuple[EvidenceSentence, ...], question: str
    ) -> str | None:
        """Why this isn't an answer to the question. Each cited article must be about it.

        Otherwise a fact of one article and a name of another make a claim that neither states.
        """
        by_article: dict[str, list[EvidenceSentence]] = {}
        for span in spans:
            by_article.setdefault(span.article_id, []).append(span)
        texts = [self._citer.with_antecedents(group) for group in by_article.values()]
        wrong = misses_question(
            sentence,
            texts[0] if texts else "",
            self._around(spans),
            question=question,
            common_words=self._corpus.common_words,
        )
        wrong = wrong or self._joins_strangers(sentence, texts, question)
        for group, text in list(zip(by_article.values(), texts, strict=True))[1:]:
            missing = required_names_missing(question, f"{text} {self._around(group)}")
            wrong = wrong or (f"What was found is not about {missing[0]}." if missing else None)
        return wrong

    def _joins_strangers(self, sentence: str, texts: list[str], question: str) -> str | None:
        """Whether a claim is put together from articles of which none makes it; lists may be."""
        if len(texts) < 2 or LISTS.search(sentence):
            return None
        checks = (
            check_sentence(
                sentence, text, question=question, common_words=self._corpus.common_words
            )
            for text in texts
        )
        if any(check.verdict != "unsupported" for check in checks):
            return None
        return "No single article states what the model wrote."

    def _around(self, spans: Sequence[EvidenceSentence]) -> str:
        """The passages that the spans stand in, with their headers."""
        return " ".join(
            passage.indexed_text
            for span in spans
            for passage in self._corpus.of_article[span.article_id]
            if passage.start <= span.start < passage.end
        )


def _not_found(missing: tuple[str, ...]) -> str:
    if missing:
        return f"The articles don't support {', '.join(missing)}, which the model wrote."
    return "What the model wrote is not in the articles."
