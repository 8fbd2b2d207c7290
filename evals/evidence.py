"""Gold evidence: the words, and every place in their article at which they stand."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from evals.gold import GoldCase, GoldEvidence, read_verbatim
from evals.metrics import Span
from index.errors import InputError


def describe_evidence(case: GoldCase) -> list[Mapping[str, str]]:
    """The words of the articles that have the answer, as plain data."""
    return [{"article": each.article, "quote": each.quote} for each in case.evidence]


def occurrences(evidence: GoldEvidence, *, folder: Path) -> tuple[Span, ...]:
    """The spans of a gold quote, at least one. Raises InputError where there is none."""
    article = folder / evidence.article
    try:
        text = read_verbatim(article)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{article} can't be read: {error}. Put the article back.") from error
    found = tuple(_find_all(evidence.quote, text, evidence.article))
    if not found:
        raise InputError(f"{article} doesn't say “{evidence.quote}”. Correct the gold file.")
    return found


def gold_spans(case: GoldCase, *, folder: Path) -> tuple[tuple[Span, ...], ...]:
    """The spans of each gold quote of a case, in the order of the quotes. Raises InputError."""
    return tuple(occurrences(each, folder=folder) for each in case.evidence)


def joined(spans: Sequence[Sequence[Span]]) -> tuple[Span, ...]:
    """The spans of all quotes as one."""
    return tuple(span for quote in spans for span in quote)


def _find_all(quote: str, text: str, article: str) -> Iterator[Span]:
    start = text.find(quote)
    while start >= 0:
        yield Span(article, start, start + len(quote))
        start = text.find(quote, start + 1)
