"""A question with all that its answer may depend on."""

from dataclasses import dataclass, field
from datetime import date

from qa.conversation import Turn
from qa.filters import Filters


@dataclass(frozen=True, slots=True)
class Query:
    """A question with all that its answer may depend on."""

    question: str
    history: tuple[Turn, ...] = ()
    as_of: date = field(default_factory=date.today)
    stale: bool = False
    filters: Filters = field(default_factory=Filters)
    explain: bool = False
