"""What a format gives: the articles of a file as it has them, and the records to pass over."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO, Protocol

MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracted:
    """An article as a file has it. `text[body_start:]` is what it says.

    What the file doesn't say is None. `record` tells an article from the others of its file (its
    id or address there, else its place); None in a format of one article a file.
    """

    text: str
    body_start: int = 0
    title: str | None = None
    outlet: str | None = None
    author: str | None = None
    published: date | None = None
    url: str | None = None
    language: str | None = None
    record: str | None = None


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record that was passed over, and why; the others of its file are read all the same."""

    record: str
    reason: str


class Format(Protocol):
    """How files of one kind are read. The properties may be plain attributes."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """What names end in, in lower case and with the dot."""

    @property
    def keeps_text(self) -> bool:
        """Whether the text is the file's own, decoded and untouched.

        Then offsets point into the file itself, else into the extracted text that is stored.
        """

    @property
    def most_bytes(self) -> int:
        """A larger file is refused unread."""

    def extract(self, file: BinaryIO) -> Iterator[Extracted | BadRecord]:
        """The articles of a file, in its order. Raises FormatError with the reason for the user."""
