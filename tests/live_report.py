"""What the live suite found out about a model server: a table at the end of the session."""

from collections import Counter
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from qa.answer import Answer
from qa.models.served import ModelStatus

GIGABYTE = 10**9


@dataclass
class LiveReport:
    """Collects what the tests see; `lines` tells it."""

    absent: str = ""  # why there is nothing to test
    server: str = ""
    model: str = ""
    context_tokens: int = 0
    status: ModelStatus = field(default_factory=ModelStatus)
    memory_bytes: int = 0
    on_gpu_bytes: int = 0
    answers: list[Answer] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, *answers: Answer) -> None:
        """Count these answers in."""
        self.answers += answers

    def note(self, what: str) -> None:
        """Tell this too, once."""
        if what not in self.notes:
            self.notes.append(what)

    def see(self, running: dict[str, Any]) -> None:
        """Take a model's entry among those in memory."""
        if running["size"] > self.memory_bytes:
            self.memory_bytes, self.on_gpu_bytes = running["size"], running.get("size_vram") or 0

    @property
    def lines(self) -> list[str]:
        """The table; empty where no server was met."""
        if not self.server:
            return []
        status = self.status
        rows = {
            "server": self.server,
            "model": self.model,
            "quantisation": status.quantisation or "not told",
            "file": _gigabytes(status.size_bytes),
            "context": f"{self.context_tokens:,} of {_number(status.context_limit)} tokens",
            "memory": f"{_gigabytes(self.memory_bytes)} at most, {self._share_on_gpu} on a GPU",
            "reading": f"{_number(status.reading_speed)} tokens/s",
            "writing": f"{_number(status.writing_speed)} tokens/s",
            "first token": self._seconds("first_token_seconds"),
            "whole answer": self._seconds("total_seconds"),
            "answers": self._counts,
        }
        return [f"{name:<14}{value}" for name, value in rows.items()] + self.notes

    @property
    def _share_on_gpu(self) -> str:
        return f"{self.on_gpu_bytes / self.memory_bytes:.0%}" if self.memory_bytes else "not told"

    @property
    def _counts(self) -> str:
        counts = Counter(answer.status for answer in self.answers)
        return ", ".join(f"{count} {status}" for status, count in counts.items()) or "none"

    def _seconds(self, timing: str) -> str:
        asked = [answer.timings for answer in self.answers if answer.usage.llm_calls]
        found = [seconds for each in asked if (seconds := getattr(each, timing)) is not None]
        if not found:
            return "not told"
        spread = f"{min(found):.2f} to {max(found):.2f}, {len(found)} answers"
        return f"{median(found):.2f} s ({spread})"


def _number(value: float | None) -> str:
    return "not told" if value is None else f"{value:,.0f}"


def _gigabytes(size: int | None) -> str:
    return f"{size / GIGABYTE:.1f} GB" if size else "not told"
