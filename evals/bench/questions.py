"""The questions of a benchmark: JSON Lines as `dateline ask --batch` reads them, or gold lines."""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from index.errors import InputError


@dataclass(frozen=True, slots=True)
class BenchQuestion:
    """A question, with what is asked before it in the same conversation."""

    id: str
    question: str
    history: tuple[str, ...]
    as_of: date | None


def load_questions(path: Path) -> tuple[BenchQuestion, ...]:
    """The questions of a file; keys of other uses are passed over. Raises InputError."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The questions {path} can't be read: {error}") from error
    found = tuple(
        _parse(line, f"{path}, line {number}")
        for number, line in enumerate(lines, start=1)
        if line.strip()
    )
    if not found:
        raise InputError(f"{path} has no questions. Write one JSON object a line.")
    return found


def _parse(line: str, where: str) -> BenchQuestion:
    try:
        content = json.loads(line)
        as_of = content.get("as_of")
        return BenchQuestion(
            id=str(content.get("id", where)),
            question=str(content["question"]),
            history=tuple(map(str, content.get("history") or ())),
            as_of=date.fromisoformat(as_of) if as_of else None,
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{where} is no question: {error!r}") from error
