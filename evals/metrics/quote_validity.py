"""Quote validity: are the quotes the very words of the articles? Must be 1."""

from collections.abc import Sequence

from evals.metrics.share import Share


def quote_is_valid(text: str, *, start: int, end: int, quote: str) -> bool:
    """Whether `text[start:end] == quote`, with something quoted and both offsets in the text."""
    return 0 <= start < end <= len(text) and text[start:end] == quote


def quote_validity(checked: Sequence[bool]) -> Share:
    """Valid quotes of all quotes shown."""
    return Share(sum(checked), len(checked))
