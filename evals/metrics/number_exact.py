"""Number exact: are the numbers that were asked for stated, within their tolerance?"""

from collections.abc import Sequence

from evals.metrics.fact_recall import fact_recall
from evals.metrics.matching import Fact, Quantity


def number_exact(text: str, facts: Sequence[Fact]) -> float | None:
    """Stated facts / facts, of those only that are quantities; None where none is.

    A fact is one if any of its alternatives is a Quantity, and stated by any alternative.
    """
    quantities = [fact for fact in facts if any(isinstance(each, Quantity) for each in fact)]
    return fact_recall(text, quantities)
