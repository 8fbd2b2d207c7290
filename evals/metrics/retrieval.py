"""Retrieval: is the evidence among the first k passages, how far up, and is the filter kept?

What is relevant is known by place, not by id: a passage counts if it overlaps a gold quote, so the
gold outlives any change of how articles are cut. Definitions after Manning, Raghavan and Schütze,
Introduction to Information Retrieval (2008), chapter 8.
"""

import math
from collections.abc import Collection, Sequence

from evals.metrics.spans import Span, overlaps_any


def evidence_recall(ranked: Sequence[Span], gold: Sequence[Span], k: int) -> float | None:
    """Evidence recall@k: the share of the gold quotes that overlap one of the first k passages.

    None where there are no gold quotes.
    """
    if not gold:
        return None
    return sum(overlaps_any(each, ranked[:k]) for each in gold) / len(gold)


def all_evidence(
    ranked: Sequence[Span], facts_gold: Sequence[Sequence[Span]], k: int
) -> bool | None:
    """All-evidence@k: whether every fact has a quote that overlaps one of the first k passages.

    `facts_gold` has, for each fact, the gold quotes that state it, any one of which will do. None
    where there are no facts.
    """
    if not facts_gold:
        return None
    return all(any(overlaps_any(each, ranked[:k]) for each in gold) for gold in facts_gold)


def reciprocal_rank(relevant: Sequence[bool], k: int = 10) -> float:
    """1 / the rank of the first relevant passage, 0 where none is among the first k.

    `relevant` is in the order of the ranking. Its mean over questions is MRR@k (Voorhees 1999).
    """
    return next((1 / rank for rank, hit in enumerate(relevant[:k], start=1) if hit), 0.0)


def ndcg(relevant: Sequence[bool], *, total: int, k: int = 10) -> float | None:
    """NDCG@k (Järvelin and Kekäläinen 2002) with relevance yes or no and a log2 discount.

    `total` is how many passages of the whole corpus are relevant: the ideal ranking has them all
    on top. None where there are none. Raises ValueError where more were ranked than there are.
    """
    if sum(relevant) > total:
        raise ValueError(f"{sum(relevant)} relevant passages were ranked, of {total} in all")
    if not total:
        return None
    return _gain(relevant[:k]) / _gain([True] * min(total, k))


def leaked(found: Collection[str], excluded: Collection[str]) -> bool | None:
    """Whether a passage comes from an article that the filter excludes; `found` has articles.

    None where the filter excludes nothing, so that nothing could leak.
    """
    if not excluded:
        return None
    return not set(excluded).isdisjoint(found)


def _gain(relevant: Sequence[bool]) -> float:
    return sum(1 / math.log2(rank + 1) for rank, hit in enumerate(relevant, start=1) if hit)
