"""What a sync did, and the indexes that a store has, as plain text for a terminal."""

from collections.abc import Iterable, Iterator, Sequence

from index.errors import DatelineError
from index.report import SyncReport
from index.store import OtherIndex
from qa.models.describe import size_words
from qa.show import counted, one_line, show_path, table

MOST_PATHS = 20
MOST_BAD = 100


def show_outcome(outcome: SyncReport | DatelineError) -> Iterator[str]:
    """The lines of a sync that went well, or of the error that ended it."""
    if isinstance(outcome, DatelineError):
        yield f"Error: {one_line(str(outcome))}"
    else:
        yield from show_sync(outcome)


def show_sync(report: SyncReport) -> Iterator[str]:
    """The lines of what a sync did."""
    renamed = [f"{show_path(pair.old)} is now {show_path(pair.new)}" for pair in report.renamed]
    for label, paths in (
        ("New", [show_path(path) for path in report.new]),
        ("Changed", [show_path(path) for path in report.changed]),
        ("Renamed", renamed),
        ("Deleted", [show_path(path) for path in report.deleted]),
    ):
        yield from _labelled(label, paths)
    done = "Indexed" if report.did_something else "Nothing has changed:"
    yield f"{done} {counted(report.articles, 'article')}, {counted(report.passages, 'passage')}."
    if report.reused:
        both = report.embedded + report.reused
        yield f"Of {counted(both, 'new passage')}, {report.reused:,} had their vectors already."
    yield from show_bad_files(report)


def show_bad_files(report: SyncReport) -> Iterator[str]:
    """A table of the files and records that were passed over, with the reasons."""
    if not report.bad:
        return
    files = len({bad.path for bad in report.bad if bad.record is None})
    records = sum(bad.record is not None for bad in report.bad)
    what = [counted(count, noun) for count, noun in ((files, "file"), (records, "record")) if count]
    yield f"Passed over {' and '.join(what)}:"
    rows = [[show_path(bad.path), bad.record or "", bad.reason] for bad in report.bad[:MOST_BAD]]
    columns = (0, 1, 2) if records else (0, 2)
    cells = [[one_line(row[column]) for column in columns] for row in rows]
    yield from (f"  {line}" for line in table(cells))
    yield from _rest(len(report.bad) - MOST_BAD)


def show_others(others: Sequence[OtherIndex]) -> Iterator[str]:
    """A line for each index that other settings made."""
    for other in others:
        recipe = other.recipe
        made = f"{one_line(recipe.embedding_model)}, passages of {recipe.passage_words} words"
        size = f", {size_words(other.bytes)}" if other.bytes is not None else ""
        state = "" if other.is_complete else ", can't answer"
        yield f"  {show_path(other.place)} ({made}{size}{state})"


def _labelled(label: str, paths: Iterable[str]) -> Iterator[str]:
    shown = list(paths)
    yield from (f"{label}: {path}" for path in shown[:MOST_PATHS])
    yield from _rest(len(shown) - MOST_PATHS)


def _rest(count: int) -> Iterator[str]:
    if count > 0:
        yield f"  and {count:,} more"
