"""The command `dateline`. Nothing but the result goes to stdout; exit codes are 0, 1 and 2."""

import json
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from index.errors import DatelineError, InputError
from index.settings import Settings, load_settings, settings_table
from qa.models_command import models_app

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Answers questions about a folder of news articles, and shows the words they rest on.",
)
app.add_typer(models_app, name="models")

# Every word after the command is read by a group of its own.
PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
NoSync = Annotated[bool, typer.Option("--no-sync", help="Take the index as it is.")]
Batch = Annotated[
    Path | None, typer.Option(help="Read questions from a JSON Lines file, one object a line.")
]
Question = Annotated[str | None, typer.Argument(help="The question.")]
Query = Annotated[str | None, typer.Argument(help="What to look for.")]
AsOf = Annotated[
    str | None, typer.Option(help="The day the question is asked, as 2026-01-31 (default: today).")
]


@app.callback()
def configure(
    context: typer.Context,
    articles: Annotated[Path | None, typer.Option(help="Folder of articles.")] = None,
    store: Annotated[str | None, typer.Option(help="Folder of the store.")] = None,
    backend: Annotated[str | None, typer.Option(help="auto, ollama, embedded or openai.")] = None,
    url: Annotated[str | None, typer.Option(help="Address of the model server.")] = None,
    model: Annotated[str | None, typer.Option(help="Name or .gguf file of the model.")] = None,
    config: Annotated[Path | None, typer.Option(help="Settings file.")] = None,
) -> None:
    """Settings that hold for every command; each goes before the command's name."""
    context.obj = load_settings(
        config, articles=articles, store=store, backend=backend, url=url, model=model
    )


@app.command()
def index(
    context: typer.Context,
    as_json: AsJson = False,
    watch: Annotated[bool, typer.Option(help="Go on, and sync whenever a file changes.")] = False,
) -> None:
    """Bring the index in line with the folder of articles, and say what changed."""
    from qa.show import show_sync  # noqa: PLC0415 - a command imports what it needs

    desk = _desk(context.obj)
    for other in (
        desk.library.store.other_recipes() if desk.library.store.read_manifest() is None else ()
    ):
        _say(
            f"The store was made by other settings ({other.embedding_model}, passages of "
            f"{other.passage_words} words). A new index is made beside it."
        )
    for report in _syncs(desk, watch=watch):
        if as_json:
            _print(json.dumps({**asdict(report), "store": str(desk.library.store.folder)}))
        else:
            _print(*show_sync(report))


@app.command()
def ask(
    context: typer.Context,
    question: Question = None,
    batch: Batch = None,
    as_of: AsOf = None,
    as_json: AsJson = False,
    no_sync: NoSync = False,
) -> None:
    """Answer a question, with numbered sources."""
    from qa.answer import Extract, Finished  # noqa: PLC0415
    from qa.show import show_answer, show_extract  # noqa: PLC0415

    _one_of(question, batch)
    day = _day(as_of)
    desk = _desk(context.obj)
    _say(desk.description)
    threading.Thread(target=_load_quietly, args=(desk,), daemon=True).start()
    _sync(desk, no_sync=no_sync)
    if batch is not None:
        _run_batch(batch, lambda line: _ask_line(desk, line, day))
        return
    for event in desk.stream(question or "", as_of=day, fresh=False):
        if isinstance(event, Extract) and not as_json:
            _say(show_extract(event), "")
        if isinstance(event, Finished):
            _print(event.answer.to_json()) if as_json else _print(*show_answer(event.answer))
            if event.answer.stale:
                _say("The articles have changed since they were indexed. Run: dateline index")


@app.command()
def search(
    context: typer.Context,
    query: Query = None,
    batch: Batch = None,
    k: Annotated[int, typer.Option("-k", help="How many passages.")] = 10,
    as_json: AsJson = False,
    no_sync: NoSync = False,
) -> None:
    """Rank passages without a language model."""
    from qa.show import show_results  # noqa: PLC0415

    _one_of(query, batch)
    desk = _desk(context.obj)
    _sync(desk, no_sync=no_sync)

    def results_of(text: str) -> list[dict[str, Any]]:
        return [asdict(result) for result in desk.search(text, k, fresh=False)]

    if batch is not None:
        _run_batch(batch, lambda line: {"results": results_of(_query_of(line))})
    elif as_json:
        _print(json.dumps(results_of(query or ""), ensure_ascii=False))
    else:
        _print(*show_results(desk.search(query or "", k, fresh=False)))


@app.command()
def doctor(context: typer.Context) -> None:
    """Look over the folder, the store and the models, and say how to mend what is wrong."""
    from qa.doctor import examine  # noqa: PLC0415

    findings = examine(context.obj)
    _print(*(finding.line for finding in findings))
    if any(not finding.is_well for finding in findings):
        raise typer.Exit(1)


@app.command("settings")
def show_settings() -> None:
    """List every setting, its default and its meaning."""
    _print(settings_table())


@app.command()
def serve(context: typer.Context) -> None:
    """Open the page on 127.0.0.1."""
    from qa.page import serve as serve_page  # noqa: PLC0415

    serve_page(context.obj)


@app.command("eval", context_settings=PASSED_ON)
def evaluate(context: typer.Context) -> None:
    """Run the evals, compare runs, draft gold cases. See: dateline eval --help."""
    from evals.command import eval_app  # noqa: PLC0415 - the one import against the stream

    group = typer.main.get_command(eval_app)
    group.main(context.args, prog_name="dateline eval", obj=context.obj)


def main() -> None:
    """Run the command line: clear errors on stderr, exit code 1; wrong usage, 2."""
    logging.basicConfig(level=logging.ERROR, format="%(message)s")
    try:
        app()
    except DatelineError as error:
        _say(f"Error: {error}")
        sys.exit(1)
    except KeyboardInterrupt:
        _say("Stopped.")
        sys.exit(130)
    except BrokenPipeError:  # the reader of stdout has gone: nothing is left to say
        sys.stderr.close()
        sys.exit(1)


def _desk(settings: Settings) -> Any:
    from qa.desk import Desk  # noqa: PLC0415

    return Desk(settings)


def _sync(desk: Any, *, no_sync: bool) -> None:
    """Bring the index in line with the folder; what was passed over is told on stderr."""
    from qa.show import show_bad_files  # noqa: PLC0415

    if no_sync:
        return
    with _progress() as on_progress:
        report = desk.refresh(on_progress)
    if report is not None:
        _say(*show_bad_files(report))


def _syncs(desk: Any, *, watch: bool) -> Iterator[Any]:
    with _progress() as on_progress:
        yield desk.sync(on_progress)
    if watch:
        import watchfiles  # noqa: PLC0415

        _say("Watching for changes. Stop with Ctrl+C.")
        for _ in watchfiles.watch(desk.settings.articles):
            report = desk.refresh()
            if report is not None:
                yield report


def _load_quietly(desk: Any) -> None:
    """Load the model while the articles are searched; what fails is told when it is asked."""
    try:
        desk.model.load()
    except DatelineError:
        return


def _ask_line(desk: Any, line: dict[str, Any], day: date | None) -> dict[str, Any]:
    talk = desk.conversation()
    as_of = _day(line.get("as_of")) or day
    for earlier in line.get("history") or []:
        talk.ask(str(earlier), as_of=as_of, fresh=False)
    answer: dict[str, Any] = talk.ask(str(line["question"]), as_of=as_of, fresh=False).to_dict()
    return answer


def _run_batch(path: Path, work: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """One JSON object a line, in order, each as soon as it is there; a bad line spoils no other."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} can't be read: {error}. --batch takes a JSON Lines file."
        ) from error
    for raw in lines:
        if raw.strip():
            _print(json.dumps(_worked(raw, work), ensure_ascii=False))


def _worked(raw: str, work: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    name: Any = None
    try:
        line = json.loads(raw)
        name = line.get("id")
        return {"id": name, **work(line)}
    except KeyError as error:
        reason = f"The line has no {error}."
    except (ValueError, AttributeError, TypeError) as error:
        reason = f"The line is not a JSON object of a question: {error}."
    except DatelineError as error:
        reason = str(error)
    return {"id": name, "status": "failed", "reason": reason}


def _query_of(line: dict[str, Any]) -> str:
    return str(line["query"] if "query" in line else line["question"])


def _one_of(text: str | None, batch: Path | None) -> None:
    if (text is None) == (batch is None):
        raise typer.BadParameter("Give a text or --batch FILE, one of the two.")


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except (ValueError, TypeError) as error:
        raise InputError(f"{text} is not a date. Write it as 2026-01-31.") from error


def _progress() -> Any:
    from index.weights import progress_bar  # noqa: PLC0415

    return progress_bar("Reading articles", " articles")


def _print(*lines: str) -> None:
    for line in lines:
        typer.echo(line)


def _say(*lines: str) -> None:
    for line in lines:
        typer.echo(line, err=True)
