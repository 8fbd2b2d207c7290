"""What is measured of a served model on this machine, once, and kept: its tokens and its speed.

A server has no tokenizer to ask, and how fast it reads decides how much evidence it can be given.
Both come from two short prompts. What was measured stays until it is measured anew, so that the
same question is given the same evidence.
"""

import hashlib
import json
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock
from llama_index.core.base.llms.types import ChatMessage, MessageRole

from index.sections import EvidenceSettings
from qa.models.base import PieceLLM
from qa.models.tokens import TOKENS_A_BYTE, estimate_tokens, most_tokens
from qa.prompt import instructions, load_prompt

FILE = "measured.json"
# A chat template's own tokens, where it wasn't measured: Llama 3 adds some twenty of its own.
UNKNOWN_TEMPLATE_TOKENS = 64
TRIFLE = "Yes."
WRITTEN_TOKENS = 16


@dataclass(frozen=True, slots=True)
class Measured:
    """`fixed_tokens` is the prompt without what changes: the instructions in the chat template.

    Speeds are in tokens a second. None is what the server doesn't tell.
    """

    fixed_tokens: int | None = None
    tokens_a_byte: float | None = None
    reading_speed: float | None = None
    writing_speed: float | None = None


def measure(llm: PieceLLM) -> Measured:
    """Have `llm` read the instructions, then these and a text of known length. Raises ModelError.

    The second prompt begins like the first, so that only the text is new to it.
    """
    trifle, _, _, _ = _time(llm, TRIFLE, 1)
    sample = _sample(llm.context_tokens - trifle - WRITTEN_TOKENS)
    if not trifle or not sample:
        return Measured(trifle or None)
    tokens, written, first, total = _time(llm, sample, WRITTEN_TOKENS)
    if tokens <= trifle:
        return Measured(trifle)
    return Measured(
        fixed_tokens=trifle,
        tokens_a_byte=round((tokens - trifle) / len(sample.encode()), 4),
        reading_speed=round((tokens - trifle) / first, 1),
        writing_speed=round((written - 1) / (total - first), 1) if written > 1 else None,
    )


class MeasuredFile:
    """The measurements of a machine, by model. Whole or not written, whoever else writes."""

    def __init__(self, folder: Path) -> None:
        """`folder` is where model files are kept."""
        self._path = folder / FILE

    def read(self, key: str) -> Measured | None:
        """What was measured under `key`; None where nothing was, or the file can't be read."""
        entry = self._entries().get(key)
        try:
            return Measured(**entry) if entry else None
        except TypeError:
            return None

    def write(self, key: str, measured: Measured) -> None:
        """Keep what was measured."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self._path.with_suffix(".lock")):
            entries = {**self._entries(), key: asdict(measured)}
            unfinished = self._path.with_suffix(".unfinished")
            unfinished.write_text(json.dumps(entries, indent=1, sort_keys=True), encoding="utf-8")
            unfinished.replace(self._path)

    def _entries(self) -> dict[str, dict[str, Any]]:
        try:
            entries = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return entries if isinstance(entries, dict) else {}


class Gauge:
    """How many tokens prompts for one model take, and how much evidence it is given to read.

    Safe to use from several threads.
    """

    def __init__(self, llm: PieceLLM, key: str, kept: MeasuredFile) -> None:
        """`key` names server, model and version of the model; nothing is measured yet."""
        prompts = "".join(each.content or "" for each in instructions()) + load_prompt("sample")
        self._key = f"{key} {hashlib.sha256(prompts.encode()).hexdigest()[:12]}"
        self._llm, self._kept = llm, kept
        self._lock = threading.Lock()
        self._measured = kept.read(self._key)
        self._missed = 0  # tokens by which a prompt once passed what was thought its most

    @property
    def known(self) -> Measured:
        """What was measured so far."""
        return self._measured or Measured()

    def measure(self, *, anew: bool = False) -> Measured:
        """What is measured now if it wasn't before, or `anew`. Raises ModelError."""
        with self._lock:
            if self._measured is None or anew:
                self._measured = measure(self._llm)
                self._kept.write(self._key, self._measured)
            return self._measured

    def estimate(self, text: str) -> int:
        """The tokens that `text` likely takes."""
        return estimate_tokens(text, self.known.tokens_a_byte or TOKENS_A_BYTE)

    def most(self, messages: Sequence[ChatMessage]) -> int:
        """The tokens that a prompt of these messages doesn't pass, template included."""
        fixed = [each.content or "" for each in instructions()]
        contents = [message.content or "" for message in messages]
        begins = UNKNOWN_TEMPLATE_TOKENS
        if contents[: len(fixed)] == fixed:
            contents = contents[len(fixed) :]
            begins = self.known.fixed_tokens or begins + sum(map(estimate_tokens, fixed))
        return begins + sum(map(most_tokens, contents)) + self._missed

    def correct(self, messages: Sequence[ChatMessage], prompt_tokens: int) -> None:
        """Learn from a reply that tells how many tokens its prompt took."""
        self._missed += max(0, prompt_tokens - self.most(messages))

    def prepare(self, settings: EvidenceSettings) -> None:
        """Measure now what the first question would have to wait for. Raises ModelError."""
        self.evidence_tokens(settings)

    def evidence_tokens(self, settings: EvidenceSettings) -> int:
        """The evidence that is read in the time there is for it, measuring the speed if need be."""
        if settings.budget_tokens is not None:
            return settings.budget_tokens
        speed = self.measure().reading_speed or 0.0
        read = int(speed * settings.first_word_seconds)
        return max(settings.fewest_tokens, min(read, settings.most_tokens))


def _sample(room: int) -> str:
    """As much of the text of known length as fits so many tokens."""
    words = load_prompt("sample").split()
    while words and most_tokens(" ".join(words)) > room:
        words.pop()
    return " ".join(words)


def _time(llm: PieceLLM, text: str, max_tokens: int) -> tuple[int, int, float, float]:
    """Tokens read, tokens written, seconds to the first word and to the last."""
    asked = [*instructions(), ChatMessage(role=MessageRole.USER, content=text)]
    usage: dict[str, int] = {}
    begun = time.perf_counter()
    first = None
    for delta, raw in llm.pieces(asked, {"max_tokens": max_tokens}):
        usage = raw.get("usage") or usage
        if delta and first is None:
            first = time.perf_counter() - begun
    total = time.perf_counter() - begun
    return (
        usage.get("prompt_tokens", 0),
        usage.get("completion_tokens", 0),
        first or total,
        total,
    )
