"""An article's text with the cited words marked, as escaped HTML.

What is marked is the quote, character for character, or nothing: where the text no longer
holds the quote, no mark is drawn.
"""

import html
from collections.abc import Iterable
from dataclasses import dataclass

from qa.answer import Citation


@dataclass(frozen=True, slots=True)
class Span:
    """Cited words: `text[start:end]`, under the number they are cited by."""

    start: int
    end: int
    number: int


def escape(text: str) -> str:
    """Text as HTML that shows exactly that text, in an element or in a quoted attribute."""
    # A browser reads a bare carriage return as a line feed; the quote would lose a character.
    return html.escape(text).replace("\r", "&#13;")


def find_spans(text: str, citations: Iterable[Citation]) -> tuple[Span, ...]:
    """Where the numbered quotes stand in `text`; quotes that don't stand there are left out."""
    spans = []
    for citation in citations:
        start = _locate(text, citation)
        if citation.number is not None and start is not None:
            spans.append(Span(start, start + len(citation.quote), citation.number))
    return tuple(spans)


def mark_text(text: str, spans: Iterable[Span], *, turn: int, start: int = 0) -> str:
    """`text[start:]` escaped, each span in `<mark data-cite="TURN-NUMBER …">`.

    Quotes may overlap: the marks of one number, joined, are its quote.
    """
    chosen = [span for span in spans if span.end > start]
    cuts = sorted(
        {start, len(text)} | {max(start, edge) for each in chosen for edge in _edges(each)}
    )
    pieces = []
    for left, right in zip(cuts, cuts[1:], strict=False):
        numbers = [span.number for span in chosen if span.start <= left and right <= span.end]
        pieces.append(_piece(text[left:right], numbers, turn))
    return "".join(pieces)


def cite_key(turn: int, number: int) -> str:
    """What joins a citation in an answer with its quote and its marks."""
    return f"{turn}-{number}"


def _locate(text: str, citation: Citation) -> int | None:
    if not citation.quote:
        return None
    if text[citation.start : citation.end] == citation.quote:
        return citation.start
    moved = text.find(citation.quote)  # the file was edited since; the words may still be there
    return moved if moved >= 0 else None


def _edges(span: Span) -> tuple[int, int]:
    return span.start, span.end


def _piece(text: str, numbers: list[int], turn: int) -> str:
    if not numbers:
        return escape(text)
    keys = " ".join(cite_key(turn, number) for number in numbers)
    return f'<mark data-cite="{keys}">{escape(text)}</mark>'
