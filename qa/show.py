"""Answers, search results and sync reports as plain text for a terminal."""

from collections.abc import Iterator

from index.build import SyncReport
from qa.answer import Answer, Citation, Extract, Sentence
from qa.desk import SearchResult

MARKS = {"supported": "", "partly": " (partly supported)", "unsupported": " (not supported)"}
SNIPPET_CHARACTERS = 160


def origin(citation: Citation) -> str:
    """Where a quote stands: outlet or title, and date."""
    parts = [citation.title, citation.outlet, citation.published]
    return ", ".join(part for part in parts if part)


def show_extract(extract: Extract) -> str:
    """The extract in one line."""
    citation = extract.citation
    return f"From {citation.outlet or citation.title}: {extract.text}"


def show_sentence(sentence: Sentence) -> str:
    """A checked sentence with its citations, and in words where it isn't fully supported."""
    marks = "".join(f"[{number}]" for number in sentence.citations)
    return f"{sentence.text} {marks}{MARKS[sentence.verdict]}"


def show_answer(answer: Answer) -> Iterator[str]:
    """The lines of an answer with its numbered sources."""
    if answer.standalone_question != answer.question:
        yield f"({answer.standalone_question})"
    if answer.status == "abstained":
        yield answer.text
    yield from (show_sentence(sentence) for sentence in answer.sentences)
    if not answer.finished:
        yield "The model stopped before it was done."
    if answer.reason:
        yield answer.reason
    if answer.citations:
        yield ""
    for citation in answer.citations:
        quote = " ".join(citation.quote.split())
        yield f"[{citation.number}] {origin(citation)} ({citation.article_path})"
        yield f'    "{quote}"'
    if answer.closest:
        yield "Closest: " + "; ".join(reference.title for reference in answer.closest)


def show_results(results: list[SearchResult]) -> Iterator[str]:
    """The lines of a search's results."""
    for number, result in enumerate(results, start=1):
        text = " ".join(result.text.split())
        snippet = text if len(text) <= SNIPPET_CHARACTERS else f"{text[:SNIPPET_CHARACTERS]} …"
        yield f"{number}. {result.title} ({result.article_path}, {result.score:.2f})"
        yield f"   {snippet}"
    if not results:
        yield "Nothing was found."


def show_sync(report: SyncReport) -> Iterator[str]:
    """The lines of what a sync did."""
    for label, paths in (
        ("New", report.new),
        ("Changed", report.changed),
        ("Deleted", report.deleted),
    ):
        yield from (f"{label}: {path}" for path in paths)
    total = len(report.new) + len(report.changed) + report.unchanged
    done = "Indexed" if report.did_something else "Nothing has changed:"
    yield f"{done} {_counted(total, 'article')}, {_counted(report.passages, 'passage')}."
    yield from show_bad_files(report)


def show_bad_files(report: SyncReport) -> Iterator[str]:
    """The lines for files that were passed over."""
    if report.bad:
        yield f"Passed over {_counted(len(report.bad), 'file')}:"
    yield from (f"  {bad.path}: {bad.reason}" for bad in report.bad)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
