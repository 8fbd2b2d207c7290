"""`dateline models`: what there is, fetching it, and checking what was fetched."""

from typing import Annotated

import typer

from index.catalogue import CATALOGUE, DEFAULT_EMBEDDING_MODEL, DEFAULT_LANGUAGE_MODEL, list_models
from index.catalogue import check as check_model
from index.embedding import export_graph
from index.errors import ModelFileError
from index.settings import Settings
from index.weights import progress_bar, pull

MEBIBYTE = 1024 * 1024
models_app = typer.Typer(help="The model files: list, fetch, check.", no_args_is_help=True)


@models_app.command("list")
def list_command(context: typer.Context) -> None:
    """List the models that can be fetched, and which are here."""
    settings: Settings = context.obj
    for model in list_models(settings.models_folder):
        state = "here" if model.present else "not fetched"
        default = ", default" if model.is_default else ""
        size = f"{model.size_bytes / MEBIBYTE:,.0f} MiB"
        typer.echo(f"{model.name}  ({model.kind}{default}, {size}, {state})")
        typer.echo(f"    {model.description}")
    typer.echo(f"Kept in {settings.models_folder}")


@models_app.command("pull")
def pull_command(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(help="A name from the list; without one, both defaults.")
    ] = None,
) -> None:
    """Fetch a model into the cache. An interrupted fetch goes on where it stopped."""
    settings: Settings = context.obj
    for each in (name,) if name else (DEFAULT_EMBEDDING_MODEL, DEFAULT_LANGUAGE_MODEL):
        with progress_bar(each) as progress:
            place = pull(each, folder=settings.models_folder, progress=progress)
        if each in CATALOGUE and CATALOGUE[each].kind == "embedding":
            export_graph(place)
        typer.echo(f"{each} is in {place}")


@models_app.command("check")
def check_command(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(help="A model; without one, all that were fetched.")
    ] = None,
) -> None:
    """Compare model files with their known hashes."""
    settings: Settings = context.obj
    fetched = [model.name for model in list_models(settings.models_folder) if model.path.exists()]
    if not name and not fetched:
        raise ModelFileError("No model has been fetched. Run: dateline models pull")
    results = [
        check_model(each, folder=settings.models_folder) for each in ([name] if name else fetched)
    ]
    for result in results:
        typer.echo(f"{result.name}: {result.status}. {result.message}")
    if any(result.status != "whole" for result in results):
        raise typer.Exit(1)
