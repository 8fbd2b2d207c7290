"""A question with all that its answer may depend on."""

from dataclasses import dataclass, field
from datetime import date

from index.errors import InputError
from qa.conversation import Turn
from qa.filters import Filters

LONGEST_QUESTION = 4000


@dataclass(frozen=True, slots=True)
class Query:
    """A question with all that its answer may depend on."""

    question: str
    history: tuple[Turn, ...] = ()
    as_of: date = field(default_factory=date.today)
    stale: bool = False
    filters: Filters = field(default_factory=Filters)
    explain: bool = False


def usable_question(question: str) -> str:
    """The question without white space around it. Raises InputError where it can't be asked."""
    stripped = question.strip().replace("\0", "")
    if not stripped:
        raise InputError("The question is empty. Type a question about the articles.")
    if len(stripped) > LONGEST_QUESTION:
        raise InputError(
            f"The question has {len(stripped):,} characters; at most {LONGEST_QUESTION:,} are "
            "read. Ask a shorter one."
        )
    return stripped
