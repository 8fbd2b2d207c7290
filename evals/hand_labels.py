"""Answers that were judged by reading: what a judge, and the strict measure, are held against."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from pydantic import ConfigDict, TypeAdapter

from evals import EVALS
from evals.gold import GoldCase, GoldError
from evals.jsonlines import read_lines

HAND_LABELS = EVALS / "gold" / "hand_labels.jsonl"
EXPECTED = 'a JSON object a line, {"gold", "id", "answer", "right", "note"}'

Cases = Mapping[str, Sequence[GoldCase]]  # by the name of their gold set


@dataclass(frozen=True, slots=True)
class HandLabel:
    """Whether an answer, in these words, is right: judged by reading. `note` says why."""

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid", strict=True)

    gold: str
    id: str
    answer: str
    right: bool
    note: str

    @property
    def key(self) -> str:
        """What `measure_judge` finds it by."""
        return label_key(self.gold, self.id, self.answer)


Labels = Mapping[str, HandLabel]  # by their keys
_LINE = TypeAdapter(HandLabel)


def label_key(gold: str, case_id: str, answer: str) -> str:
    """Names an answer to a question; how it is spaced makes no difference."""
    return f"{gold}/{case_id}: {' '.join(answer.split())}"


def load_hand_labels(path: Path, *, cases: Cases) -> Labels:
    """The labels of a file, each about one of the cases. Raises GoldError."""
    known = {name: {each.id for each in gold} for name, gold in cases.items()}
    labels: dict[str, HandLabel] = {}
    for where, label in read_lines(path, _LINE, expected=EXPECTED, error=GoldError):
        if label.id not in known.get(label.gold, ()):
            raise GoldError(f"{where}: there is no case {label.id} in the gold set {label.gold}.")
        if not label.answer.strip():
            raise GoldError(f"{where} ({label.id}): the answer is empty. Write what was judged.")
        if label.key in labels:
            raise GoldError(f"{where} ({label.id}): this answer has a label already. Keep one.")
        labels[label.key] = label
    return labels
