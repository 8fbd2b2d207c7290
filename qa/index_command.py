"""`dateline index`: brings the index in line with the folder, once or whenever it changes."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from index.errors import DatelineError, StoreBusyError
from index.settings import Settings
from index.weights import progress_bar
from qa.options import AsJson

if TYPE_CHECKING:  # other commands do without them
    from index.library import Library
    from index.report import SyncReport

LONGEST_WAIT_SECONDS = 7 * 24 * 3600
Watch = Annotated[bool, typer.Option("--watch", help="Go on, and sync whenever a file changes.")]
Wait = Annotated[
    bool, typer.Option("--wait", help="Wait where another process is writing to the store.")
]
Prune = Annotated[
    bool, typer.Option("--prune", help="Then remove the indexes that other settings made.")
]
Anew = Annotated[
    bool, typer.Option("--anew", help="Read and embed everything anew, to mend a damaged index.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Remove them without asking.")]


def index_command(  # noqa: PLR0913, PLR0917 - a command's options are its arguments
    context: typer.Context,
    as_json: AsJson = False,
    watch: Watch = False,
    wait: Wait = False,
    anew: Anew = False,
    prune: Prune = False,
    yes: Yes = False,
) -> None:
    """Bring the index in line with the folder of articles, and say what changed."""
    library = open_library(context.obj)
    _tell_of_others(library)
    _print(library, _sync(library, wait=wait, anew=anew), as_json=as_json)
    if prune:
        _prune(library, is_sure=yes)
    if watch:
        _say("Watching for changes. Stop with Ctrl+C.")
        for outcome in _watch(library):
            _print(library, outcome, as_json=as_json)


def open_library(settings: Settings) -> "Library":
    """The folder and the store that the settings name."""
    from index.library import Library  # noqa: PLC0415 - a command imports what it needs

    return Library(settings)


def _sync(library: "Library", *, wait: bool = False, anew: bool = False) -> "SyncReport":
    report = _bring_in_line(library, wait=wait, anew=anew)
    if report.did_something:
        library.corpus().prepare()  # else the first question would wait for it
    return report


def _bring_in_line(library: "Library", *, wait: bool, anew: bool) -> "SyncReport":
    with progress_bar("Reading articles", " articles") as on_progress:
        try:
            return library.sync(on_progress, anew=anew)
        except StoreBusyError as error:
            if not wait:
                raise
            _say(str(error), "Waiting until then.")
        return library.sync(on_progress, anew=anew, wait_seconds=LONGEST_WAIT_SECONDS)


def _watch(library: "Library") -> "Iterator[SyncReport | DatelineError]":
    from index.watch import watch  # noqa: PLC0415

    def refresh() -> "SyncReport | None":
        return _sync(library) if library.is_stale else None

    for outcome in watch(library.settings.articles, refresh):
        if isinstance(outcome, DatelineError) or outcome.did_something or outcome.bad:
            yield outcome


def _tell_of_others(library: "Library") -> None:
    """Before the first sync under new settings, say what becomes of the old index."""
    from qa.show_sync import show_others  # noqa: PLC0415

    if library.store.read_manifest() is not None:
        return
    if others := library.store.others():
        answers = " It answers until the new one is complete." if others[0].is_complete else ""
        _say(
            "A new index is made beside that of other settings or of an earlier version:",
            *show_others(others),
            f"{answers} To remove it afterwards, run: dateline index --prune".strip(),
        )


def _prune(library: "Library", *, is_sure: bool) -> None:
    from qa.show_sync import show_others  # noqa: PLC0415

    others = library.store.others()
    if not others:
        _say("There are no indexes of other settings.")
        return
    _say("Made by other settings:", *show_others(others))
    if not (is_sure or typer.confirm("Remove them?", err=True)):
        return
    with library.store.writing():
        for other in others:
            library.store.remove_other(other.recipe)
    _say("Removed.")


def _print(library: "Library", outcome: "SyncReport | DatelineError", *, as_json: bool) -> None:
    from qa.show_sync import show_outcome  # noqa: PLC0415

    if isinstance(outcome, DatelineError):
        _say(*show_outcome(outcome))
    elif as_json:
        typer.echo(json.dumps({**asdict(outcome), "store": library.store.place}))
    else:
        for line in show_outcome(outcome):
            typer.echo(line)


def _say(*lines: str) -> None:
    for line in lines:
        typer.echo(line, err=True)
