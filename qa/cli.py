"""The command `dateline`. Nothing but the result goes to stdout; exit codes are 0, 1 and 2."""

import json
import logging
import sys
import threading
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from index.characters import escape_steering, replace_steering
from index.errors import DatelineError, MissingModelError
from index.settings import Settings, load_settings
from index.settings_table import settings_table
from qa.articles_command import articles_app
from qa.audit_command import audit_command
from qa.batch import answer_line, query_of, work_through
from qa.index_command import index_command
from qa.models_command import models_app, offer_to_pull
from qa.options import (
    AsJson,
    AsOf,
    Batch,
    Explain,
    NoSync,
    Outlets,
    PublishedFrom,
    PublishedTo,
    Query,
    Question,
    filters_of_line,
    read_day,
    read_filters,
)
from qa.users_command import users_app

if TYPE_CHECKING:
    from qa.desk import AskOptions

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Answers questions about a folder of news articles, and shows the words they rest on.",
)
app.add_typer(models_app, name="models")
app.add_typer(articles_app, name="articles")
app.add_typer(users_app, name="users")
app.command("index")(index_command)
app.command("audit")(audit_command)

# Every word after the command is read by a group of its own.
PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


@app.callback()
def configure(
    context: typer.Context,
    articles: Annotated[Path | None, typer.Option(help="Folder of articles.")] = None,
    store: Annotated[
        str | None, typer.Option(help="Folder of the store, or address of a Chroma server.")
    ] = None,
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
def ask(
    context: typer.Context,
    question: Question = None,
    batch: Batch = None,
    as_of: AsOf = None,
    outlet: Outlets = None,
    published_from: PublishedFrom = None,
    published_to: PublishedTo = None,
    explain: Explain = False,
    as_json: AsJson = False,
    no_sync: NoSync = False,
) -> None:
    """Answer a question, with numbered sources."""
    _one_of(question, batch)
    options: AskOptions = {
        "as_of": read_day(as_of),
        "filters": read_filters(outlet, published_from, published_to),
        "explain": explain,
        "fresh": False,
    }
    desk = _desk(context.obj)
    _say_who_answers(desk)
    threading.Thread(target=_load_quietly, args=(desk,), daemon=True).start()
    _sync(desk, no_sync=no_sync)
    if batch is not None:
        _print_json(work_through(batch, lambda line: answer_line(desk, line, options)))
    else:
        _answer(desk, question or "", options, as_json=as_json)


@app.command()
def search(
    context: typer.Context,
    query: Query = None,
    batch: Batch = None,
    k: Annotated[int, typer.Option("-k", help="How many passages.")] = 10,
    outlet: Outlets = None,
    published_from: PublishedFrom = None,
    published_to: PublishedTo = None,
    as_json: AsJson = False,
    no_sync: NoSync = False,
) -> None:
    """Rank passages without a language model."""
    from qa.show import show_results  # noqa: PLC0415

    _one_of(query, batch)
    filters = read_filters(outlet, published_from, published_to)
    desk = _desk(context.obj)
    _sync(desk, no_sync=no_sync)

    def results_of(line: dict[str, Any]) -> list[Any]:
        own = filters_of_line(line, filters)
        return list(desk.search(query_of(line), k, fresh=False, filters=own))

    if batch is not None:
        _print_json(
            work_through(
                batch, lambda line: {"results": [asdict(each) for each in results_of(line)]}
            )
        )
        return
    results = results_of({"query": query or ""})
    if as_json:
        _print_json([[asdict(each) for each in results]])
    else:
        _print(*show_results(results))


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
def serve(
    context: typer.Context,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on; this machine only if not given.")
    ] = None,
    auth: Annotated[Path | None, typer.Option(help="File of users who may log in.")] = None,
    open_to_all: Annotated[
        bool, typer.Option("--open-to-all", help="Let everyone who reaches the page use it.")
    ] = False,
) -> None:
    """Open the page."""
    from qa.page.serve.server import serve as serve_page  # noqa: PLC0415

    settings: Settings = context.obj
    given = {"host": host, "users": auth, "open_to_all": open_to_all or None}
    chosen = {name: value for name, value in given.items() if value is not None}
    page = settings.page.model_copy(update=chosen)
    serve_page(settings.model_copy(update={"page": page}))


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
        _say(f"Error: {replace_steering(str(error))}")
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
    from qa.show_sync import show_bad_files  # noqa: PLC0415

    if no_sync:
        return
    with _progress() as on_progress:
        report = desk.refresh(on_progress)
    if report is not None:
        _say(*show_bad_files(report))


def _answer(desk: Any, question: str, options: "AskOptions", *, as_json: bool) -> None:
    """Print the answer to one question, the extract before it on stderr."""
    from qa.answer import Extract, Finished  # noqa: PLC0415
    from qa.show import show_answer, show_extract  # noqa: PLC0415
    from qa.show_trace import show_trace  # noqa: PLC0415

    for event in desk.stream(question, **options):
        if isinstance(event, Extract) and not as_json:
            _say(show_extract(event), "")
        if isinstance(event, Finished):
            answer = event.answer
            _print(*([escape_steering(answer.to_json())] if as_json else show_answer(answer)))
            if answer.trace is not None and not as_json:
                _print(*show_trace(answer, {each.id: each for each in desk.articles}))
            if answer.stale:
                _say("The articles have changed since they were indexed. Run: dateline index")


def _say_who_answers(desk: Any) -> None:
    try:
        _say(desk.description)
    except MissingModelError as error:
        if not offer_to_pull(error, desk.settings):
            raise
        _say(desk.description)


def _load_quietly(desk: Any) -> None:
    """Load the model while the articles are searched; what fails is told when it is asked."""
    try:
        desk.model.load()
    except DatelineError:
        return


def _one_of(text: str | None, batch: Path | None) -> None:
    if (text is None) == (batch is None):
        raise typer.BadParameter("Give a text or --batch FILE, one of the two.")


def _progress() -> Any:
    from index.weights import progress_bar  # noqa: PLC0415

    return progress_bar("Reading articles", " articles")


def _print(*lines: str) -> None:
    for line in lines:
        typer.echo(line)


def _print_json(objects: Iterable[Any]) -> None:
    for each in objects:
        _print(escape_steering(json.dumps(each, ensure_ascii=False)))


def _say(*lines: str) -> None:
    for line in lines:
        typer.echo(line, err=True)
