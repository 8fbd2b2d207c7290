"""Token F1: how far the words of the answer are those of a gold answer."""

import re
import string
from collections import Counter
from collections.abc import Sequence

from evals.metrics.matching import Alternative, Fact, Quantity, normalise

PUNCTUATION = str.maketrans("", "", string.punctuation)
ARTICLES = re.compile(r"\b(?:a|an|the)\b")


def token_f1(text: str, facts: Sequence[Fact]) -> float | None:
    """SQuAD's F1 (Rajpurkar et al. 2016): the harmonic mean of precision and recall of words.

    Words are counted as often as they stand, without case, punctuation and a, an, the. Of one
    fact, the best over its alternatives; of several, against their first alternatives joined. A
    full sentence scores low beside a gold answer of two words: compare runs by it, not with 1.
    None where there are no facts.
    """
    if not facts:
        return None
    if len(facts) == 1:
        return max(_f1(text, _written(each)) for each in facts[0])
    return _f1(text, " ".join(_written(fact[0]) for fact in facts))


def _f1(text: str, gold: str) -> float:
    said, wanted = _tokens(text), _tokens(gold)
    common = (said & wanted).total()
    return 2 * common / (said.total() + wanted.total()) if common else 0.0


def _tokens(text: str) -> Counter[str]:
    words = normalise(text).translate(PUNCTUATION)
    return Counter(ARTICLES.sub(" ", words).split())


def _written(said: Alternative) -> str:
    """As words, a quantity without its tolerance."""
    return str(Quantity(said.value, said.unit)) if isinstance(said, Quantity) else said
