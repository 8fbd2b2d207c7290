"""Answers and search results as plain text for a terminal."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from index.characters import REPLACEMENT, replace_steering
from qa.answer import Answer, Citation, Disagreement, Extract, Sentence

if TYPE_CHECKING:
    from qa.desk import SearchResult

MARKS = {"supported": "", "partly": " (partly supported)", "unsupported": " (not supported)"}
SNIPPET_CHARACTERS = 160
# White space, and what a terminal would obey instead of showing it.
UNSHOWN = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
LINE_BREAKS = re.compile("[\t-\r\x85\u2028\u2029]")


def origin(citation: Citation) -> str:
    """Where a quote stands: outlet or title, and date."""
    parts = [citation.title, citation.outlet, citation.published]
    return ", ".join(part for part in parts if part)


def show_extract(extract: Extract) -> str:
    """The extract in one line."""
    citation = extract.citation
    return one_line(f"From {citation.outlet or citation.title}: {extract.text}")


def show_sentence(sentence: Sentence) -> str:
    """A checked sentence with its citations, and in words where it isn't fully supported."""
    marks = "".join(f"[{number}]" for number in sentence.citations)
    return f"{one_line(sentence.text)} {marks}{MARKS[sentence.verdict]}"


def show_answer(answer: Answer) -> Iterator[str]:
    """The lines of an answer with its numbered sources."""
    if answer.standalone_question != answer.question:
        yield f"({one_line(answer.standalone_question)})"
    if answer.status == "abstained":
        yield answer.text
    yield from (show_sentence(sentence) for sentence in answer.sentences)
    if not answer.finished:
        yield "The model stopped before it was done."
    if answer.reason:
        yield one_line(answer.reason)
    yield from show_sources(answer)
    if answer.closest:
        yield "Closest: " + "; ".join(one_line(reference.title) for reference in answer.closest)


def show_sources(answer: Answer) -> Iterator[str]:
    """Where the articles differ, and the numbered sources."""
    for disagreement in answer.disagreements:
        yield ""
        yield from show_disagreement(disagreement, answer.citations)
    if answer.citations:
        yield ""
    for citation in answer.citations:
        yield from show_citation(citation)


def show_disagreement(disagreement: Disagreement, citations: Iterable[Citation]) -> Iterator[str]:
    """What the articles differ about, and a line for each version with its source."""
    sources = {citation.number: citation for citation in citations}
    yield f"The articles differ: {one_line(disagreement.about)}"
    rows = [
        (one_line(each.value), f"{_outlet_and_date(sources[each.citation])} [{each.citation}]")
        for each in disagreement.versions
    ]
    yield from (f"    {line}" for line in table(rows))


def show_citation(citation: Citation) -> Iterator[str]:
    """A source with its quote, and how many other articles say the same."""
    path = show_path(citation.article_path)
    yield f"[{citation.number}] {one_line(origin(citation))} ({path})"
    yield f'    "{one_line(citation.quote)}"'
    if others := len(citation.corroborated_by):
        yield f"    Also in {counted(others, 'other article')}."


def show_results(results: "list[SearchResult]") -> Iterator[str]:
    """The lines of a search's results."""
    for number, result in enumerate(results, start=1):
        path = show_path(result.article_path)
        yield f"{number}. {one_line(result.title)} ({path}, {result.score:.2f})"
        yield f"   {shorten(result.text, SNIPPET_CHARACTERS)}"
    if not results:
        yield "Nothing was found."


def one_line(text: str) -> str:
    """The text in one line, without what a terminal would obey or put in another order."""
    return replace_steering(UNSHOWN.sub(" ", text)).strip()


def show_path(path: str) -> str:
    """The path as it is written, spaces and all, without what a terminal would obey."""
    return replace_steering(LINE_BREAKS.sub(REPLACEMENT, path))


def shorten(text: str, most: int) -> str:
    """The text in one line of at most so many characters, not counting the mark of the cut."""
    line = one_line(text)
    return line if len(line) <= most else f"{line[:most].rstrip()} …"


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows of equally many cells as lines, in columns as wide as their widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(
            f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)
        ).rstrip()


def counted(count: int, noun: str) -> str:
    """A number of things in words."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _outlet_and_date(citation: Citation) -> str:
    """The outlet, or the title where none is known, and the date."""
    parts = [citation.outlet or citation.title, citation.published]
    return one_line(", ".join(part for part in parts if part))
