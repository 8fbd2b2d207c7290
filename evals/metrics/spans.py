"""Where words stand: stretches of an article's own text."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `[start, end)` of an article's text."""

    article: str
    start: int
    end: int

    def overlaps(self, other: "Span") -> bool:
        """Whether the two have at least one character in common."""
        return self.article == other.article and self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class Quote(Span):
    """A span with its words."""

    text: str


def overlaps_any(span: Span, others: Iterable[Span]) -> bool:
    """Whether the span overlaps one of the others."""
    return any(span.overlaps(other) for other in others)
