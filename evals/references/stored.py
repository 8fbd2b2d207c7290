"""Answers of reference systems that cost minutes: asked once, kept in the repository.

One JSON object a line, sorted by system, case and model. A line holds only for the question (and
history) that it was given to, and for a system that reads articles only while they are the same:
an answer over other articles would be a number about nothing.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, ConfigDict, TypeAdapter

from evals.gold import GoldCase
from evals.jsonlines import read_lines
from evals.references.answer import ReferenceAnswer, ReferenceCitation
from evals.references.catalogue import Reference
from evals.references.refusal import is_refusal
from index.errors import InputError
from qa.desk import Desk

ANSWERS = Path(__file__).parent / "answers"
EXPECTED = (
    "a stored answer, as python -m evals.references writes it. Remove the line and run that again"
)

Key = tuple[str, str, str]


def _by_name(value: object) -> object:
    """Pydantic would take a tuple's fields in their order, too."""
    if not isinstance(value, Mapping):
        raise ValueError("It must be an object")
    return value


@dataclass(frozen=True, slots=True)
class StoredLine:
    """A line of the file. Whether it is a refusal is read from the text by today's rule."""

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    system: str
    id: str
    model: str
    asked: str
    question: str
    text: str
    citations: tuple[Annotated[ReferenceCitation, BeforeValidator(_by_name)], ...]
    seconds: float
    prompt_tokens: int
    completion_tokens: int
    calls: int

    @property
    def key(self) -> Key:
        """What there is one line of."""
        return self.system, self.id, self.model

    @property
    def answer(self) -> ReferenceAnswer:
        """The answer that was given."""
        return ReferenceAnswer(
            text=self.text,
            refused=is_refusal(self.text),
            citations=self.citations,
            seconds=self.seconds,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            calls=self.calls,
        )


_LINE = TypeAdapter(StoredLine)


class StoredAnswers:
    """The stored answers of one gold set."""

    def __init__(self, path: Path) -> None:
        """Read the file, if there is one. Raises InputError, naming file and line."""
        self.path = path
        self._lines = _load(path)

    def find(self, reference: Reference, case: GoldCase, desk: Desk) -> ReferenceAnswer | None:
        """What this system, with the desk's model, answered to the case; None if it wasn't asked.

        The model is looked up, not loaded.
        """
        line = self._lines.get((reference.name, case.id, desk.model.name))
        is_same = line is not None and line.asked == _asked(reference, case, desk)
        return line.answer if line is not None and is_same else None

    def keep(
        self, reference: Reference, case: GoldCase, desk: Desk, answer: ReferenceAnswer
    ) -> None:
        """Write an answer down at once; what the system answered to this case before goes."""
        line = StoredLine(
            system=reference.name,
            id=case.id,
            model=desk.model.name,
            asked=_asked(reference, case, desk),
            question=case.question,
            text=answer.text,
            citations=answer.citations,
            seconds=answer.seconds,
            prompt_tokens=answer.prompt_tokens,
            completion_tokens=answer.completion_tokens,
            calls=answer.calls,
        )
        self._lines[line.key] = line
        self._write()

    def _write(self) -> None:
        ordered = (self._lines[key] for key in sorted(self._lines))
        content = "".join(json.dumps(_plain(line), ensure_ascii=False) + "\n" for line in ordered)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.path.with_suffix(".partial")
        unfinished.write_text(content, encoding="utf-8", newline="\n")
        unfinished.replace(self.path)


def _load(path: Path) -> dict[Key, StoredLine]:
    if not path.exists():
        return {}
    lines: dict[Key, StoredLine] = {}
    for where, line in read_lines(path, _LINE, expected=EXPECTED, may_be_empty=True):
        if line.key in lines:
            raise InputError(
                f"{where}: {line.system} has answered {line.id} above. Remove one of the two lines."
            )
        lines[line.key] = line
    return lines


def _plain(line: StoredLine) -> dict[str, Any]:
    return {**asdict(line), "citations": [each._asdict() for each in line.citations]}


def _asked(reference: Reference, case: GoldCase, desk: Desk) -> str:
    """The hash of what was asked, of what."""
    read = (
        sorted((each.path, each.sha256) for each in desk.articles)
        if reference.reads_articles
        else []
    )
    content = json.dumps([case.question, case.history, read])
    return hashlib.sha256(content.encode()).hexdigest()[:16]
