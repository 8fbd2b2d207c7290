"""The list of the reader's conversations, as HTML."""

from collections.abc import Sequence

from qa.page.ask.book import Entry, Place
from qa.page.ask.marks import escape
from qa.page.ask.sources import written_date
from qa.page.ask.steering import show, show_in_attribute

LISTED = "Your conversations"
DELETE = "Delete"


def earlier_html(
    entries: Sequence[Entry], *, reader: str | None = None, place: Place | None = None
) -> str:
    """The conversations, and what the browser is to remember: who reads, and what it shows."""
    name = place.name if place is not None else ""
    remembered = f' data-reader="{escape(reader or "")}" data-conversation="{name}"'
    items = "".join(_item(entry, current=entry.name == name) for entry in entries)
    listed = (
        f'<details class="dl-earlier"><summary>{LISTED} ({len(entries):,})</summary>'
        f"<ul>{items}</ul></details>"
    )
    return f'<div class="dl-book"{remembered}>{listed if entries else ""}</div>'


def _item(entry: Entry, *, current: bool) -> str:
    day = written_date(entry.changed.astimezone().date().isoformat())
    asked = "1 question" if entry.questions == 1 else f"{entry.questions:,} questions"
    here = ' aria-current="true"' if current else ""
    return (
        f'<li><button type="button" class="dl-open" data-name="{entry.name}"{here}>'
        f'<span dir="auto">{show(entry.title)}</span></button>'
        f'<span class="dl-byline">{day} · {asked}</span>'
        f'<button type="button" class="dl-delete" data-name="{entry.name}"'
        f' aria-label="{DELETE} “{show_in_attribute(entry.title)}”">{DELETE}</button></li>'
    )
