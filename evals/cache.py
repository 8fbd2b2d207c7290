"""Answers that were given before, so that a run goes on where it stopped.

What is kept is what the model and the engine made of a question, nothing that is computed from it:
after a change to a metric, or to what a gold case accepts, no model is asked again.
"""

import hashlib
import json
import logging
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from evals.gold import GoldCase
from qa.answer import Answer, Citation

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """An answer with the answers to its history, and what was found to read, best first."""

    answer: Answer
    earlier: tuple[Answer, ...]
    found: tuple[Citation, ...]


_FILE = TypeAdapter(GivenAnswer)


class AnswerCache:
    """One JSON file a case in `folder`. What another fingerprint gave is never found."""

    def __init__(self, folder: Path, fingerprint: str) -> None:
        """`fingerprint` is that of `evals.fingerprint`; the folder is made when it is needed."""
        self.folder = folder
        self.fingerprint = fingerprint

    def find(self, case: GoldCase) -> GivenAnswer | None:
        """What was given to this question, or None. A file that can't be read is none."""
        try:
            return _FILE.validate_json(self._path(case).read_bytes())
        except (OSError, ValidationError):
            return None

    def keep(self, case: GoldCase, given: GivenAnswer) -> None:
        """Write down what was given: whole or not at all. Raises OSError."""
        content = _FILE.dump_json(given, indent=1)
        self.folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self.folder, suffix=".tmp")
        written = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            written.replace(self._path(case))
        finally:
            written.unlink(missing_ok=True)

    def _path(self, case: GoldCase) -> Path:
        """By what was asked, not by the case's id, kind or accepted answers."""
        as_of = case.as_of.isoformat() if case.as_of else None
        asked = json.dumps([self.fingerprint, case.history, case.question, as_of])
        return self.folder / f"{hashlib.sha256(asked.encode()).hexdigest()}.json"
