"""What `ask` and `search` take: the text, how to answer, and which articles may answer.

A line of a batch may bring its own day, outlets and dates; they go before the command's.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from index.errors import InputError

if TYPE_CHECKING:
    from qa.filters import Filters

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
NoSync = Annotated[bool, typer.Option("--no-sync", help="Take the index as it is.")]
Batch = Annotated[
    Path | None, typer.Option(help="Read questions from a JSON Lines file, one object a line.")
]
Explain = Annotated[
    bool, typer.Option("--explain", help="Show what each stage took, gave and rejected.")
]
Question = Annotated[str | None, typer.Argument(help="The question.")]
Query = Annotated[str | None, typer.Argument(help="What to look for.")]
AsOf = Annotated[
    str | None, typer.Option(help="The day the question is asked, as 2026-01-31 (default: today).")
]
Outlets = Annotated[
    list[str] | None,
    typer.Option(
        "--outlet", metavar="NAME", help="Only articles of this outlet; may be given again."
    ),
]
PublishedFrom = Annotated[
    str | None,
    typer.Option("--from", metavar="DATE", help="Only articles published on this day or later."),
]
PublishedTo = Annotated[
    str | None,
    typer.Option("--to", metavar="DATE", help="Only articles published on this day or earlier."),
]


def read_day(text: Any) -> date | None:
    """A day written as 2026-01-31; None for nothing. Raises InputError for anything else."""
    try:
        return date.fromisoformat(text) if text else None
    except (ValueError, TypeError) as error:
        raise InputError(f"{text} is not a date. Write it as 2026-01-31.") from error


def read_filters(outlets: Sequence[str] | None, first: str | None, last: str | None) -> "Filters":
    """The articles that may answer. Raises InputError for what isn't a date."""
    from qa.filters import Filters  # noqa: PLC0415 - a command imports what it needs

    return Filters(tuple(outlets or ()), read_day(first), read_day(last))


def filters_of_line(line: Mapping[str, Any], otherwise: "Filters | None" = None) -> "Filters":
    """The filters that a line of a batch has in "outlets", "from" and "to". Raises InputError."""
    from qa.filters import Filters  # noqa: PLC0415

    otherwise = otherwise or Filters()
    outlets = line.get("outlets") or []
    if not isinstance(outlets, list) or not all(isinstance(name, str) for name in outlets):
        raise InputError('"outlets" is not a list of names. Write it as ["The Hale Gazette"].')
    return Filters(
        tuple(outlets) or otherwise.outlets,
        read_day(line.get("from")) or otherwise.published_from,
        read_day(line.get("to")) or otherwise.published_to,
    )
