"""What was asked in the page and how it was answered, kept on this machine only.

One JSON object a line in `asked.jsonl`, oldest first, beside the indexes of the store: building
an index anew leaves it alone. It never lies in the articles folder.
"""

import json
import logging
import os
import secrets
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Any, Literal, get_args

import platformdirs
from filelock import FileLock, Timeout
from pydantic import TypeAdapter, ValidationError

from index.errors import StoreBusyError, StoreError
from index.settings import Settings
from index.store import default_store_folder
from qa.answer import Answer, Status

Judgement = Literal["good", "wrong"]
JUDGEMENTS: tuple[Judgement, ...] = get_args(Judgement)

FILE = "asked.jsonl"
MOST_KEPT = 1000
REMARK_CHARACTERS = 2000
LOCK_SECONDS = 5
# Characters that `str.splitlines` takes for line ends and JSON leaves as they are.
LINE_ENDS = {ord(each): f"\\u{ord(each):04x}" for each in "\x85\u2028\u2029"}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ShownQuote:
    """A quote as it was cited. `article` is the path inside the articles folder."""

    article: str
    quote: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, its answer and what the reader thought of it.

    `time` is ISO 8601 in UTC. `history` are the earlier questions of the conversation, each as
    it was understood. `text` is the answer, or the reason why there is none; `remark` what the
    reader found wrong with it, `narrowed` which articles it was asked of, where not of all.
    """

    id: str
    time: str
    question: str
    history: tuple[str, ...]
    status: Status
    text: str
    citations: tuple[ShownQuote, ...]
    verdict: Judgement | None
    backend: str
    model: str
    index: str
    remark: str = ""
    narrowed: str = ""

    def remarked(self, text: str) -> "Asked":
        """With the reader's words on what was wrong, as far as they are kept."""
        return replace(self, remark=_storable(text.strip()[:REMARK_CHARACTERS]))


_LINE = TypeAdapter(Asked)


def asked_from(
    answer: Answer, *, history: Sequence[str], articles: Path, narrowed: str = ""
) -> Asked:
    """What is kept of an answer that was given just now; nobody has judged it yet."""
    return Asked(
        id=secrets.token_hex(4),
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        question=_storable(answer.question),
        history=tuple(_storable(each) for each in history),
        status=answer.status,
        text=_storable(answer.text or answer.reason or ""),
        citations=tuple(
            ShownQuote(_storable(_inside(each.article_path, articles)), _storable(each.quote))
            for each in answer.citations
        ),
        verdict=None,
        backend=answer.backend,
        model=answer.model,
        index=answer.index,
        narrowed=_storable(narrowed),
    )


def asked_file(settings: Settings) -> Path:
    """Where the questions about this folder of articles are kept.

    That is the store's folder, or, where the store lies among the articles, the platform's
    folder for state.
    """
    named = settings.store if settings.store and "://" not in settings.store else None
    folder = Path(named) if named else default_store_folder(settings.articles)
    if folder.resolve().is_relative_to(settings.articles.resolve()):
        name = default_store_folder(settings.articles).name
        folder = Path(platformdirs.user_state_dir("dateline")) / name
    return folder / FILE


class AskedLog:
    """The file of what was asked. Several threads and processes may write to it."""

    def __init__(self, path: Path) -> None:
        """The file and its folder are made when something is put there."""
        self.path = path

    def load(self) -> tuple[Asked, ...]:
        """What is kept, oldest first; lines that can't be read are passed over.

        Raises StoreError where there is a file that can't be opened.
        """
        try:
            lines = self._lines()
        except OSError as error:
            raise StoreError(f"{self.path} can't be read: {_reason(error)}.") from error
        return tuple(asked for line in lines if (asked := _parse(line, self.path)) is not None)

    def put(self, asked: Asked) -> None:
        """Keep `asked`, in place of the line with its id if there is one.

        Raises StoreError, or StoreBusyError where another process doesn't let go of the file.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self.path.with_suffix(".lock"), timeout=LOCK_SECONDS):
                self._put(asked)
        except Timeout as error:
            raise StoreBusyError(
                f"Another process is writing to {self.path}. Try again when it is done."
            ) from error
        except OSError as error:
            raise StoreError(f"{self.path} can't be written: {_reason(error)}.") from error

    def _put(self, asked: Asked) -> None:
        lines = self._lines()
        new = json_line(asdict(asked)).encode()
        for number, line in enumerate(lines):
            if _id_of(line) == asked.id:
                lines[number] = new
                break
        else:
            lines.append(new)
            if len(lines) <= MOST_KEPT:
                self._append(new)
                return
        self._replace(lines[-MOST_KEPT:])

    def _lines(self) -> list[bytes]:
        try:
            return [line for line in self.path.read_bytes().split(b"\n") if line.strip()]
        except FileNotFoundError:
            return []

    def _append(self, line: bytes) -> None:
        # What people ask is nobody else's business on a shared machine: 0o600.
        self.path.touch(mode=0o600)
        with self.path.open("ab+") as file:
            size = file.seek(0, os.SEEK_END)
            if size:  # a line that a crash cut off must not take this one along
                file.seek(size - 1)
                line = line if file.read(1) == b"\n" else b"\n" + line
            file.write(line + b"\n")

    def _replace(self, lines: Sequence[bytes]) -> None:
        file, name = tempfile.mkstemp(dir=self.path.parent, prefix=f"{FILE}.")
        try:
            with os.fdopen(file, "wb") as opened:
                opened.write(b"".join(line + b"\n" for line in lines))
                opened.flush()
                os.fsync(opened.fileno())
            Path(name).replace(self.path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise


def json_line(value: Any) -> str:
    """A value as JSON on one line, whatever a reader takes for a line end."""
    return json.dumps(value, ensure_ascii=False).translate(LINE_ENDS)


def _parse(line: bytes, path: Path) -> Asked | None:
    try:
        return _LINE.validate_json(line)
    except ValidationError:
        log.warning("A line of %s can't be read and is passed over.", path)
        return None


def _id_of(line: bytes) -> object:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found.get("id") if isinstance(found, dict) else None


def _inside(path: str, articles: Path) -> str:
    """The path of an article as seen from its folder."""
    try:
        return PurePath(path).relative_to(articles).as_posix()
    except ValueError:
        return path


def _storable(text: str) -> str:
    """The text as it can be written in UTF-8: half a surrogate pair can't."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
