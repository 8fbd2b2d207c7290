"""Right: the strict measure, all or nothing."""

from collections.abc import Sequence

from evals.metrics.fact_recall import missing_facts
from evals.metrics.matching import Fact, states_any


def is_right(
    text: str, *, refused: bool, facts: Sequence[Fact], must_not_say: Sequence[str] = ()
) -> bool:
    """Whether the answer is wholly right.

    A question with facts: answered, every fact stated. One without: refused. Either way, nothing
    is said that must not be said.
    """
    if states_any(text, must_not_say):
        return False
    return not refused and not missing_facts(text, facts) if facts else refused
