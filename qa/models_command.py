"""`dateline models`: what there is, getting it, and checking what was got.

Model files lie in a cache of this machine's; an Ollama server keeps models of its own.
"""

import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from index.catalogue import (
    CATALOGUE,
    DEFAULT_EMBEDDING_MODEL,
    DEFAULT_LANGUAGE_MODEL,
    expected_place,
    list_models,
    locate,
)
from index.catalogue import check as check_model
from index.errors import MissingModelError, ModelError, ModelFileError, ModelUnreachableError
from index.graph import export_graph
from index.settings import Settings
from index.weights import progress_bar, pull
from qa.models.describe import entry_words, size_words

if TYPE_CHECKING:
    from qa.models.ollama_pull import PullProgress

STOPPED = 130  # the exit code of a program that Ctrl+C ended
models_app = typer.Typer(help="Models: list, fetch, register, check.", no_args_is_help=True)


@models_app.command("list")
def list_command(context: typer.Context) -> None:
    """List the models that can be fetched, which are here, and what the Ollama server has."""
    settings: Settings = context.obj
    for model in list_models(settings.models_folder):
        state = "here" if model.present else "not fetched"
        default = ", default" if model.is_default else ""
        typer.echo(
            f"{model.name}  ({model.kind}{default}, {size_words(model.size_bytes)}, {state})"
        )
        typer.echo(f"    {model.description}")
    typer.echo(f"Kept in {settings.models_folder}")
    if settings.backend in {"auto", "ollama"}:
        typer.echo("")
        for line in _served(settings):
            typer.echo(line)


@models_app.command("pull")
def pull_command(
    context: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(
            help="A name from the list, or one of Ollama's library; without one, both defaults."
        ),
    ] = None,
) -> None:
    """Fetch a model. An interrupted fetch goes on where it stopped."""
    settings: Settings = context.obj
    with _stoppable(" It goes on where it stopped."):
        if name is not None and _is_for_ollama(name, settings):
            _pull_with_ollama(name, settings)
            return
        for each in (name,) if name else (DEFAULT_EMBEDDING_MODEL, DEFAULT_LANGUAGE_MODEL):
            with progress_bar(each) as progress:
                place = pull(each, folder=settings.models_folder, progress=progress)
            if each in CATALOGUE and CATALOGUE[each].kind == "embedding":
                export_graph(place)
            typer.echo(f"{each} is in {place}")


@models_app.command("import")
def import_command(
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="A .gguf file, or a name from the list.")],
    name: Annotated[
        str | None, typer.Option(help="What Ollama shall call it; else named for the file.")
    ] = None,
    template: Annotated[
        Path | None,
        typer.Option(help="A chat template as Ollama takes it; without one, the file's own."),
    ] = None,
) -> None:
    """Register a GGUF file with the Ollama server, its chat template with it."""
    from qa.models.ollama_pull import import_gguf, name_for  # noqa: PLC0415
    from qa.models.ollama_server import find_server  # noqa: PLC0415

    settings: Settings = context.obj
    path = locate(file, folder=settings.models_folder)
    if not path.is_file():
        raise ModelFileError(f"{path} is a folder. Name a .gguf file.")
    text = None if template is None else _read_template(template)
    server = find_server(settings.url, settings.ollama)
    name = name or name_for(path)
    with _stoppable():
        _show(import_gguf(server.url, path, name, settings.ollama, template=text))
    typer.echo(
        f"Ollama at {server.url} has {name} now. Use it with: --backend ollama --model {name}"
    )


@models_app.command("check")
def check_command(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(help="A model file; without one, all that were fetched.")
    ] = None,
    speed: Annotated[
        bool, typer.Option(help="Measure the model that answers, too, without a name.")
    ] = True,
) -> None:
    """Compare model files with their known hashes, and measure how fast the model reads."""
    settings: Settings = context.obj
    fetched = [model.name for model in list_models(settings.models_folder) if model.path.exists()]
    if not name and not fetched and settings.backend in {"auto", "embedded"}:
        raise ModelFileError("No model has been fetched. Run: dateline models pull")
    results = [
        check_model(each, folder=settings.models_folder) for each in ([name] if name else fetched)
    ]
    for result in results:
        typer.echo(f"{result.name}: {result.status}. {result.message}")
    if any(result.status != "whole" for result in results):
        raise typer.Exit(1)
    if speed and not name:
        _measure(settings)


def offer_to_pull(error: MissingModelError, settings: Settings) -> bool:
    """Ask whether to fetch what is missing, where somebody is there to ask; whether it was."""
    if not is_at_terminal():
        return False
    typer.echo(str(error), err=True)
    if not typer.confirm(f"Fetch {error.model} now?", err=True):
        return False
    with _stoppable(" It goes on where it stopped."):
        _pull_with_ollama(error.model, settings)
    return True


def is_at_terminal() -> bool:
    """Whether somebody is there to be asked."""
    return sys.stdin.isatty()


def _measure(settings: Settings) -> None:
    """Measure anew, so that the evidence it is given from now on follows."""
    from qa.models.served import open_model  # noqa: PLC0415

    model = open_model(settings)
    typer.echo(model.description)
    if model.measure is None:
        return
    found = model.measure(anew=True)
    if found.reading_speed is None:
        typer.echo("The server doesn't tell how many tokens it read, so its speed isn't known.")
        return
    evidence = settings.evidence.budget_tokens or model.evidence_tokens()
    writing = "" if found.writing_speed is None else f" and writes {found.writing_speed:,.0f}"
    typer.echo(
        f"It reads {found.reading_speed:,.0f} tokens a second{writing}. "
        f"It is given at most {evidence:,} tokens of evidence."
    )


def _is_for_ollama(name: str, settings: Settings) -> bool:
    """Whether it isn't a file's name, and there may be a server that knows it."""
    if settings.backend not in {"auto", "ollama"} or name.startswith((".", "/", "~")):
        return False
    try:
        place = expected_place(name, folder=settings.models_folder)
    except ModelFileError:
        return True
    # Ollama's names may have a user or a library before them: user/name:tag.
    return name not in CATALOGUE and place.suffix != ".gguf" and not place.exists()


def _pull_with_ollama(name: str, settings: Settings) -> None:
    from qa.models.ollama_pull import pull as pull_served  # noqa: PLC0415
    from qa.models.ollama_server import find_server  # noqa: PLC0415

    try:
        server = find_server(settings.url, settings.ollama)
    except ModelUnreachableError as error:
        if settings.backend == "ollama":
            raise
        raise ModelUnreachableError(
            f"{name} is none of Dateline's own models ({', '.join(CATALOGUE)}), no .gguf file and "
            f"none on Hugging Face (owner/repo/file.gguf). If it is Ollama's: {error}"
        ) from error
    _show(pull_served(server.url, name, settings.ollama))
    typer.echo(f"{name} is on Ollama at {server.url}")


def _show(steps: Iterable["PullProgress"]) -> None:
    """On stderr, a bar for each layer and whatever else has bytes, a line for the other steps."""
    shown = ""
    with ExitStack() as bars:
        for step in steps:
            is_new, shown = step.status != shown, step.status
            if is_new:
                bars.close()
            if step.completed_bytes is None or step.total_bytes is None:
                if is_new:
                    typer.echo(shown, err=True)
                continue
            if is_new:
                progress = bars.enter_context(progress_bar(shown))
            progress(step.completed_bytes, step.total_bytes)


@contextmanager
def _stoppable(then: str = "") -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(f"Stopped. To do it after all, run the same again.{then}", err=True)
        raise typer.Exit(STOPPED) from None


def _served(settings: Settings) -> Iterator[str]:
    from qa.models.ollama_models import list_served  # noqa: PLC0415
    from qa.models.ollama_server import find_server  # noqa: PLC0415

    try:
        server = find_server(settings.url, settings.ollama)
        entries = list_served(server, settings.ollama)
    except ModelError as error:
        yield str(error)
        return
    yield f"On Ollama {server.version} at {server.url}: {'' if entries else 'no models.'}".rstrip()
    for entry in entries:
        yield f"{entry.name}  ({', '.join(entry_words(entry))})"


def _read_template(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelFileError(f"The template {path} can't be read: {error}.") from error
