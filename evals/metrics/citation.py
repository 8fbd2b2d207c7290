"""Citation precision and recall: do the quotes at a sentence carry what it says?

The definitions are those of ALCE (Gao et al. 2023, arXiv 2305.14627). There, a language model for
inference decides whether quotes support a sentence. Here the gold does, so that the same answer is
always judged alike and no second model is trusted:

- The sentence states gold facts: its quotes support it if each of those facts is stated by one of
  them that comes from an article with gold evidence. (Elsewhere the same words may mean another
  thing: "two" is soon found.)
- It states none: they support it if one of them overlaps gold evidence.

What a sentence says beyond the gold facts isn't seen, and a quote that only tells who "he" is
counts as not needed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from evals.metrics.matching import Fact, states_any
from evals.metrics.spans import Quote, Span, overlaps_any


@dataclass(frozen=True, slots=True)
class CitedSentence:
    """A sentence of an answer with the quotes that it cites."""

    text: str
    quotes: tuple[Quote, ...]


class CitationScores(NamedTuple):
    """Both 0 to 1; None where a score doesn't apply."""

    precision: float | None
    recall: float | None


def citation_scores(
    sentences: Sequence[CitedSentence], gold: Sequence[Span], facts: Sequence[Fact]
) -> CitationScores:
    """ALCE's scores of an answer.

    Recall: sentences that their quotes, together, support / sentences. Precision: citations that
    count / citations. One counts if its sentence is supported, and it supports the sentence alone
    or the others without it don't. Recall is None without sentences, precision without citations,
    both without gold evidence.
    """
    if not gold:
        return CitationScores(None, None)
    needed = [
        _is_needed(each, at, gold, facts) for each in sentences for at in range(len(each.quotes))
    ]
    supported = [is_supported(each, gold, facts) for each in sentences]
    return CitationScores(_share(needed), _share(supported))


def unsupported_said(
    sentences: Sequence[CitedSentence], gold: Sequence[Span], facts: Sequence[Fact]
) -> float | None:
    """The share of an answer's sentences that their quotes don't support; None without sentences.

    Where there is no gold evidence the articles don't say, and nothing said is supported.
    """
    return _share([not is_supported(each, gold, facts) for each in sentences])


def unsupported_rate(passed: Sequence[bool]) -> float | None:
    """The share of the sentences shown that didn't pass the product's own check; None of none."""
    return _share([not each for each in passed])


def is_supported(sentence: CitedSentence, gold: Sequence[Span], facts: Sequence[Fact]) -> bool:
    """Whether the sentence's quotes, together, support it."""
    return _support(sentence.text, sentence.quotes, gold, facts)


def _is_needed(
    sentence: CitedSentence, at: int, gold: Sequence[Span], facts: Sequence[Fact]
) -> bool:
    text, quotes = sentence.text, sentence.quotes
    alone, others = quotes[at : at + 1], quotes[:at] + quotes[at + 1 :]
    return _support(text, quotes, gold, facts) and (
        _support(text, alone, gold, facts) or not _support(text, others, gold, facts)
    )


def _support(
    text: str, quotes: Sequence[Quote], gold: Sequence[Span], facts: Sequence[Fact]
) -> bool:
    stated = [fact for fact in facts if states_any(text, fact)]
    if not stated:
        return any(overlaps_any(quote, gold) for quote in quotes)
    articles = {span.article for span in gold}
    telling = [quote.text for quote in quotes if quote.article in articles]
    return all(any(states_any(words, fact) for words in telling) for fact in stated)


def _share(outcomes: Sequence[bool]) -> float | None:
    return sum(outcomes) / len(outcomes) if outcomes else None
