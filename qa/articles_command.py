"""`dateline articles`: what is indexed, an article as it was read, and taking one out."""

import json
from typing import Annotated

import typer

from index.settings import Settings
from qa.options import AsJson, Outlets, PublishedFrom, PublishedTo, read_filters

Named = Annotated[str, typer.Argument(help="The article's id, its beginning, or its path.")]

articles_app = typer.Typer(help="Articles: list, show, remove.", no_args_is_help=True)


@articles_app.command("list")
def list_command(
    context: typer.Context,
    outlet: Outlets = None,
    published_from: PublishedFrom = None,
    published_to: PublishedTo = None,
    as_json: AsJson = False,
) -> None:
    """List what is indexed, and the files that aren't, with the reason."""
    from index.library import Library  # noqa: PLC0415 - a command imports what it needs
    from qa.listing import chosen, list_rows, plain  # noqa: PLC0415
    from qa.show_articles import show_rows  # noqa: PLC0415

    library = Library(context.obj)
    filters = read_filters(outlet, published_from, published_to)
    rows = chosen(list_rows(library), library.corpus(), filters)
    if as_json:
        typer.echo(json.dumps([plain(row) for row in rows], ensure_ascii=False))
        return
    for line in show_rows(rows):
        typer.echo(line)


@articles_app.command("show")
def show_command(
    context: typer.Context,
    article: Named,
    spans: Annotated[
        bool, typer.Option(help="Show what is left out, with the reason, and the passages.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show an article as it is kept: what is known of it, and its text."""
    from index.library import Library  # noqa: PLC0415
    from qa.listing import details, find_article, list_rows, path_within  # noqa: PLC0415
    from qa.show_articles import show_article, show_row  # noqa: PLC0415

    library = Library(context.obj)
    corpus = library.corpus()
    found = find_article(corpus, path_within(library.settings.articles, article))
    (row,) = (row for row in list_rows(library) if row.id == found.id)
    if as_json:
        typer.echo(json.dumps(details(corpus, found, row), ensure_ascii=False))
        return
    for line in (*show_row(row), *show_article(corpus, found, spans=spans)):
        typer.echo(line)


@articles_app.command("remove")
def remove_command(
    context: typer.Context,
    article: Named,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
) -> None:
    """Take an article's file out of the folder and the index. The file is kept."""
    from index.library import Library  # noqa: PLC0415
    from index.removal import set_aside  # noqa: PLC0415
    from qa.listing import path_to_remove, path_within  # noqa: PLC0415

    settings: Settings = context.obj
    library = Library(settings)
    corpus = library.corpus()
    name = path_within(settings.articles, article)
    path = path_to_remove(corpus, name, settings.articles)
    held = sum(each.path == path for each in corpus.articles.values())
    if not yes:
        counted = "" if held <= 1 else f" with its {held:,} articles"
        typer.confirm(f"Take {path}{counted} out of {settings.articles}?", abort=True)
    place = set_aside(settings.articles, path)
    library.sync()
    typer.echo(f"Removed {path}. The file is kept in {place}")
