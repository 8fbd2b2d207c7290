"""The readers' conversations, kept on this machine: a file each, of its reader only.

A reader is a browser, told by a secret that it was given, or who has logged in. Only the digest
of that is written, so that the files tell nobody how to read them in the page.
"""

import hashlib
import json
import re
import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from index.errors import StoreError
from index.kept_files import replacing
from qa.page.ask.turn import Turn

FORMAT = "dateline-talk-1"
MOST_KEPT = 200  # of each reader; the oldest goes first
NAME = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a conversation is kept: whose it is, and its name among theirs."""

    reader: str
    name: str

    @classmethod
    def new(cls, reader: str) -> "Place":
        """A place where nothing is kept yet."""
        return cls(reader, secrets.token_hex(8))


@dataclass(frozen=True, slots=True)
class Entry:
    """A conversation in the list: its first question, when it last grew (UTC), its questions."""

    name: str
    title: str
    changed: datetime
    questions: int


@dataclass(frozen=True, slots=True)
class _Talk:
    format: str
    turns: tuple[Turn, ...]


_TALK = TypeAdapter(_Talk)


class Book:
    """The conversations of all readers. One thread or process at a time may change a reader's."""

    def __init__(self, folder: Path) -> None:
        """The folder is made when something is put there."""
        self._folder = folder

    def put(self, place: Place, turns: tuple[Turn, ...]) -> None:
        """Keep a conversation in place of what was there. The texts of articles aren't kept.

        Raises StoreError.
        """
        bare = tuple(replace(turn, cards=()) for turn in turns)
        written = _TALK.dump_json(_Talk(FORMAT, bare))
        path = self._path(place)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with replacing(path) as unfinished:
                unfinished.write_bytes(written)
            for old in self._files(place.reader)[MOST_KEPT:]:
                old.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{path} can't be written: {error.strerror or error}.") from error

    def load(self, place: Place) -> tuple[Turn, ...] | None:
        """A conversation, without the texts of articles; None where it can't be read (any more)."""
        if not NAME.fullmatch(place.name):
            return None
        try:
            found = _TALK.validate_json(self._path(place).read_bytes())
        except (OSError, ValidationError):
            return None
        if found.format != FORMAT:
            return None
        # What was being written when it was kept was cut off by what came after.
        return tuple(
            turn if turn.step is None else turn.ended(stopped=True) for turn in found.turns
        )

    def entries(self, reader: str) -> tuple[Entry, ...]:
        """The reader's conversations, the one that grew last first; damaged ones passed over."""
        found = (_entry(path) for path in self._files(reader))
        return tuple(entry for entry in found if entry is not None)

    def delete(self, place: Place) -> None:
        """Delete a conversation, if it is there. Raises StoreError."""
        if not NAME.fullmatch(place.name):
            return
        path = self._path(place)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{path} can't be deleted: {error.strerror or error}.") from error

    def _files(self, reader: str) -> list[Path]:
        found = []
        for path in self._shelf(reader).glob("*.json"):
            try:
                found.append((path.stat().st_mtime_ns, path))
            except OSError:
                continue  # deleted just now
        return [path for _, path in sorted(found, reverse=True)]

    def _path(self, place: Place) -> Path:
        return self._shelf(place.reader) / f"{place.name}.json"

    def _shelf(self, reader: str) -> Path:
        return self._folder / hashlib.sha256(reader.encode("utf-8", "replace")).hexdigest()[:32]


def _entry(path: Path) -> Entry | None:
    try:
        turns = json.loads(path.read_bytes())["turns"]
        changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return Entry(path.stem, str(turns[0]["question"]), changed, len(turns))
    except (OSError, ValueError, LookupError, TypeError):
        return None
