"""How likely a sentence is a right answer: a calibrated probability from what is known of it.

Signals of the model (how near it was to refusing), of the check (what the quotes carry) and of
the question (how much of it the quotes meet) go into a logistic regression whose weights were
fitted on questions that are used for nothing else (`python -m evals.calibrate`).
"""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from index.articles import Article
from index.lexical import stem, terms
from qa.confidence import Confidence
from qa.evidence import EvidenceFinder, EvidenceSentence
from qa.facts import concerns_name, resembles_name
from qa.verify import Check
from qa.word_vectors import WordReader, Words

CALIBRATION = "calibration.json"
# Cosine of two words' vectors from which one says nearly what the other does.
NEAR = 0.5
ALIKE = 0.45  # cosine of two phrases
LEAD_CHARACTERS = 300
CLAUSE_END = re.compile(r"[;:–—]\s|,\s(?=[a-z])|\s(?:but|while|whereas)\s")


@dataclass(frozen=True, slots=True)
class Signals:
    """What is known of a sentence as an answer; None where it isn't known.

    `refusal` and `lowest` are log-probabilities of the model's; all others lie between 0 and 1:
    `support` is the share of the sentence that its quotes carry; `whole` whether one quote
    carries it alone, or it is a list; `matched` how well the quotes meet the question's words,
    weighted by inverse document frequency; `rank` the best quote's score as a share of the best
    that was found.
    """

    refusal: float | None
    lowest: float | None
    support: float
    whole: float
    matched: float
    rank: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """A logistic regression over signals; `means` stand in for what isn't known."""

    intercept: float
    weights: dict[str, float]
    means: dict[str, float]

    def probability(self, signals: Signals) -> float:
        """The probability that the answer is right, 0 to 1."""
        total = self.intercept
        for name, value in asdict(signals).items():
            # A signal that is newer than the weights has none until they are fitted again.
            known = self.means.get(name, 0.0) if value is None else value
            total += self.weights.get(name, 0.0) * known
        return 1 / (1 + math.exp(-total))


@cache
def load_calibration() -> Calibration:
    """The weights that come with the program."""
    stored = json.loads(files("qa").joinpath(CALIBRATION).read_text(encoding="utf-8"))
    return Calibration(stored["intercept"], stored["weights"], stored["means"])


def signal_names() -> tuple[str, ...]:
    """The names of all signals."""
    return tuple(each.name for each in fields(Signals))


class SignalReader:
    """Reads the signals of sentences about one corpus."""

    def __init__(self, finder: EvidenceFinder, words: WordReader) -> None:
        """`finder` weighs the words, `words` has their vectors."""
        self._finder = finder
        self._words = words

    def read(  # noqa: PLR0913 - what each signal is read from
        self,
        question: str,
        spans: Sequence[EvidenceSentence],
        check: Check,
        *,
        joined: bool,
        confidence: Confidence | None,
        best_score: float,
    ) -> Signals:
        """The signals of a sentence that cites `spans`, of which it is `joined`, or isn't."""
        top = max((span.score for span in spans), default=0.0)
        return Signals(
            refusal=confidence.refusal if confidence else None,
            lowest=confidence.lowest if confidence else None,
            support=check.support,
            whole=0.0 if joined else 1.0,
            matched=self._matched(question, spans),
            rank=top / best_score if best_score > 0 else 0.0,
        )

    def met_terms(self, sentence: str, spans: Sequence[EvidenceSentence]) -> frozenset[str]:
        """The terms of `sentence` that a word of the spans comes near in meaning."""
        if not spans:
            return frozenset()
        own = self._words.of(sentence)
        near = _best_matches(own, [self._words.of(span.text) for span in spans])
        met = (word for word, best in zip(own.words, near, strict=True) if best >= NEAR)
        return frozenset(term for word in met for term in terms(word))

    def are_alike(self, one: str, other: str) -> bool:
        """Whether two phrases mean much the same."""
        return float(self._words.of(one).whole @ self._words.of(other).whole) >= ALIKE

    def clause(self, sentence: str, span: EvidenceSentence) -> str:
        """The clause of a quote that is most like a sentence."""
        clauses = [clause for clause in CLAUSE_END.split(span.text) if clause.strip()]
        own, *others = self._words.read([sentence, *clauses])
        likest = max(zip(clauses, others, strict=True), key=lambda pair: own.whole @ pair[1].whole)
        return likest[0]

    def _matched(self, question: str, spans: Sequence[EvidenceSentence]) -> float:
        """How well the spans meet the question's words: each one's best match among theirs.

        Late interaction (Khattab & Zaharia 2020, ColBERT).
        """
        asked, *said = self._words.read([question, *(span.text for span in spans)])
        weights = np.array([self._finder.weight(stem(word)) for word in asked.words])
        if not said or not weights.sum():
            return 0.0
        return float(weights @ _best_matches(asked, said) / weights.sum())


def may_name(text: str, name: str) -> bool:
    """Whether a text has a name, perhaps spelled otherwise."""
    return concerns_name(name, text) or resembles_name(name, text)


def lead_of(article: Article) -> str:
    """What an article is about: its title, its outlet, its first words."""
    first_words = article.text[article.body_start : article.body_start + LEAD_CHARACTERS]
    return f"{article.title} {article.outlet or ''} {first_words}"


def _best_matches(own: Words, others: Sequence[Words]) -> NDArray[np.float64]:
    """Each word's best cosine with any word of the others, shape (words,)."""
    theirs = [other.vectors for other in others if len(other.words)]
    if not own.words or not theirs:
        return np.zeros(len(own.words))
    best: NDArray[np.float64] = (own.vectors @ np.concatenate(theirs).T).max(axis=1)
    return np.asarray(best, dtype=np.float64)
