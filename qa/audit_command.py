"""`dateline audit`: whether the articles still have the words that a saved conversation quotes."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from index.characters import escape_steering
from index.errors import InputError
from qa.export import Audited, audit, from_json
from qa.options import AsJson

Exported = Annotated[Path, typer.Argument(help="A conversation that was saved as JSON.")]
WORDS = {
    "as it was": "stands where it stood",
    "moved": "stands elsewhere in the article now",
    "changed": "is no longer in the article",
    "gone": "has no article any more",
}


def audit_command(context: typer.Context, file: Exported, as_json: AsJson = False) -> None:
    """Hold a saved conversation's quotes against the articles as they are now."""
    try:
        written = file.read_bytes()
    except OSError as error:
        raise InputError(f"{file} can't be read: {error.strerror or error}.") from error
    found = tuple(audit(from_json(written), context.obj.articles))
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in found], ensure_ascii=False))
    else:
        for line in show_audit(found):
            typer.echo(escape_steering(line))
    if any(each.verdict in ("changed", "gone") for each in found):
        raise typer.Exit(1)


def show_audit(found: Sequence[Audited]) -> Iterator[str]:
    """A line for each quote, and how many of them the articles still have."""
    for each in found:
        edited = "" if each.same_file or each.verdict == "gone" else "; its file was edited"
        quote = " ".join(each.citation.quote.split())
        yield f"{each.citation.article_path}: “{quote}” {WORDS[each.verdict]}{edited}."
    kept = sum(each.verdict in ("as it was", "moved") for each in found)
    yield f"The articles have {kept:,} of {len(found):,} quotes."
