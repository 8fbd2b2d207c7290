"""Fact recall: the share of a question's facts that the answer states."""

from collections.abc import Sequence

from evals.metrics.matching import Fact, states_any


def missing_facts(text: str, facts: Sequence[Fact]) -> tuple[Fact, ...]:
    """The facts of which the text states no alternative."""
    return tuple(fact for fact in facts if not states_any(text, fact))


def fact_recall(text: str, facts: Sequence[Fact]) -> float | None:
    """Facts stated / facts asked for, 0 to 1. None where there are no facts to state."""
    if not facts:
        return None
    return 1 - len(missing_facts(text, facts)) / len(facts)
