"""Which rows of the list are shown, and in which order."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from index.overview import Row

Column = Literal["title", "outlet", "published", "passages", "status"]
COLUMNS: tuple[Column, ...] = get_args(Column)
FALLING_FIRST = frozenset({"published", "passages"})  # the newest and the longest are looked for
STEP = 200


@dataclass(frozen=True, slots=True)
class Choice:
    """What a reader of the list has chosen. "" is any outlet, and any status."""

    words: str = ""
    outlet: str = ""
    status: str = ""
    column: Column = "published"
    is_falling: bool = True
    shown: int = STEP

    def by(self, column: Column) -> "Choice":
        """Ordered by a column; by the same one again, the other way round."""
        same = column == self.column
        falling = not self.is_falling if same else column in FALLING_FIRST
        return replace(self, column=column, is_falling=falling, shown=STEP)

    def more(self) -> "Choice":
        """With more rows than were shown."""
        return replace(self, shown=self.shown + STEP)


def choose(rows: Sequence[Row], choice: Choice) -> tuple[Row, ...]:
    """All rows that are chosen, in order; those that don't have the column come last."""
    words = choice.words.casefold().split()
    found = [row for row in rows if _passes(row, choice, words)]
    found.sort(key=lambda row: (row.path, row.record or ""))
    known = [row for row in found if _value(row, choice.column) is not None]
    known.sort(key=lambda row: _key(row, choice.column), reverse=choice.is_falling)
    return (*known, *(row for row in found if _value(row, choice.column) is None))


def outlets_of(rows: Sequence[Row]) -> list[str]:
    """The outlets that there are, by name."""
    return sorted({row.outlet for row in rows if row.outlet}, key=str.casefold)


def title_of(row: Row) -> str:
    """What a row is called: its title, or its file's path."""
    return row.title or row.path


def _passes(row: Row, choice: Choice, words: Sequence[str]) -> bool:
    if choice.outlet and row.outlet != choice.outlet:
        return False
    if choice.status and row.status != choice.status:
        return False
    said = " ".join(filter(None, (row.title, row.outlet, row.author, row.path))).casefold()
    return all(word in said for word in words)


def _value(row: Row, column: Column) -> Any:
    return title_of(row) if column == "title" else getattr(row, column)


def _key(row: Row, column: Column) -> Any:
    value = _value(row, column)
    return value.casefold() if isinstance(value, str) else value
