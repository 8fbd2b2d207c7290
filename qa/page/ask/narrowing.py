"""Which articles a question is asked of: of some outlets, of some days, or all."""

from datetime import date

from index.errors import InputError
from qa.filters import Filters
from qa.page.ask.sources import written_date

DAY = "Write a day as year-month-day: 2024-12-06."


def narrow(outlets: list[str] | None, since: str | None, until: str | None) -> Filters:
    """The filters that the controls say. Raises InputError for what is no day."""
    return Filters(tuple(outlets or ()), _day(since), _day(until))


def filter_words(filters: Filters) -> str:
    """The filters as a reader is told of them; "" where there are none."""
    first, last = (
        written_date(each.isoformat()) if each else None
        for each in (filters.published_from, filters.published_to)
    )
    days = f"from {first} to {last}" if first and last else ""
    days = days or (f"since {first}" if first else f"until {last}" if last else "")
    parts = [" or ".join(filters.outlets), days]
    said = ", ".join(part for part in parts if part)
    return f"Only {said}" if said else ""


def _day(text: str | None) -> date | None:
    text = (text or "").strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InputError(f"“{text}” is no day. {DAY}") from None
