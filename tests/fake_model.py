"""A made-up language model as an Ollama server has it: its entry, its tokens, what it writes."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

TOKEN = re.compile(r" ?[A-Za-z]{1,5}|[\s\S]")
TEMPLATE = "{{- range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end }}"
BARE_TEMPLATE = "{{ .Prompt }}"
REFUSAL = "NOT IN THE ARTICLES"
A_MESSAGE = 5  # tokens that the template adds to each message
LIKELY, UNLIKELY = -0.05, -9.0  # log-probabilities of what is written, and of anything else
READING, WRITING = 1000, 100  # tokens a second, as the server reports them
ASKING = frozenset(
    ("does", "from", "have", "many", "much", "that", "what", "when", "which", "with")
)
UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
Message = dict[str, str]


def count_tokens(text: str) -> int:
    """One token for each byte, but one for up to five letters and the space before them."""
    return sum(1 if token.isascii() else len(token.encode()) for token in TOKEN.findall(text))


def copy_nearest(messages: list[Message]) -> str:
    """Reads as a model would: the shortest sentence that shares most words with the question.

    If that is less than half of them, it refuses. Without a question it counts, at length.
    """
    passages, _, asked = messages[-1]["content"].rpartition("Question:")
    if asked.endswith("Rewritten:"):
        return REFUSAL
    if not passages:
        return " ".join(map(str, range(1, 2000)))
    question = _words(asked.strip().splitlines()[0])
    plain = re.sub(r"^(?:Article \d+[^:\n]*:|\[\d+\])", "", passages, flags=re.MULTILINE)
    sentences = [each.strip() for each in re.split(r"(?<=[.!?])\s+|\n| … ", plain)]
    nearest = max(sentences, key=lambda each: (len(question & _words(each)), -len(each)))
    return nearest if 2 * len(question & _words(nearest)) > len(question) else REFUSAL


def _words(text: str) -> set[str]:
    return {word[:5] for word in re.findall(r"\w{4,}", text.casefold()) if word not in ASKING}


@dataclass(frozen=True)
class Written:
    """A reply as the model gives it: pieces of one token each, and why it ended."""

    prompt_tokens: int
    pieces: tuple[str, ...]
    reason: str

    @property
    def counts(self) -> dict[str, Any]:
        """What the last line of a reply says of it."""
        reading, writing = self.prompt_tokens * 10**9 // READING, self.tokens * 10**9 // WRITING
        return {
            "done_reason": self.reason,
            "total_duration": reading + writing,
            "load_duration": 10**8,
            "prompt_eval_count": self.prompt_tokens,
            "prompt_eval_duration": reading,
            "eval_count": self.tokens,
            "eval_duration": writing,
        }

    @property
    def tokens(self) -> int:
        """Tokens written; the one that ends the reply counts."""
        return len(self.pieces) + (self.reason == "stop")


@dataclass
class FakeModel:
    """A model of the server. `context` and `expires_at` are set while it is loaded."""

    name: str = "qwen2.5:3b-instruct"
    write: Callable[[list[Message]], str] = copy_nearest
    count: Callable[[str], int] = count_tokens
    template: str = TEMPLATE
    context_limit: int = 32768
    capabilities: tuple[str, ...] = ("completion",)
    remote_host: str | None = None
    size: int = 1_929_912_432
    context: int | None = None
    expires_at: datetime | None = None

    @property
    def listed(self) -> dict[str, Any]:
        """Its entry in a list of models."""
        details = {"parent_model": "", "format": "gguf", "family": "qwen2", "families": ["qwen2"]}
        entry = {
            "name": self.name,
            "model": self.name,
            "modified_at": stamp(),
            "size": self.size,
            "digest": hashlib.sha256(self.name.encode()).hexdigest(),
            "details": {**details, "parameter_size": "3.1B", "quantization_level": "Q4_K_M"},
        }
        cloud = {"remote_host": self.remote_host, "remote_model": self.name}
        return entry | (cloud if self.remote_host else {})

    @property
    def running(self) -> dict[str, Any]:
        """Its entry among those in memory."""
        entry = {name: value for name, value in self.listed.items() if name != "modified_at"}
        state = {"size_vram": 0, "context_length": self.context}
        return entry | state | {"expires_at": stamp(self.expires_at)}

    @property
    def shown(self) -> dict[str, Any]:
        """What the server shows of it."""
        shape = {"context_length": self.context_limit, "block_count": 36, "embedding_length": 2048}
        heads = {"attention.head_count": 16, "attention.head_count_kv": 2}
        info = {f"qwen2.{name}": value for name, value in (shape | heads).items()}
        return {
            "modelfile": f"FROM {self.name}\nTEMPLATE {self.template}",
            "template": self.template,
            "details": self.listed["details"],
            "model_info": {"general.architecture": "qwen2", **info},
            "capabilities": list(self.capabilities),
            "modified_at": stamp(),
        }

    @property
    def is_loaded(self) -> bool:
        """Whether it is in memory."""
        return self.expires_at is not None and self.expires_at > datetime.now(UTC)

    def load(self, context: int, seconds: float) -> bool:
        """Bring it into memory for so long; whether it was there with another context."""
        context = min(context, self.context_limit)
        anew = self.is_loaded and self.context != context
        self.context = context
        self.expires_at = datetime.now(UTC) + timedelta(seconds=min(seconds % 10**9, 10**8))
        return anew

    def prompt_tokens(self, messages: list[Message]) -> int:
        """Tokens of a prompt. Where the template is bare, only the last message is in it."""
        kept = messages[-1:] if self.template == BARE_TEMPLATE else messages
        return sum(self.count(each["content"]) + A_MESSAGE for each in kept)

    def reply(self, messages: list[Message], most: int) -> Written:
        """Its reply of at most so many tokens. What the context has no room for isn't read."""
        tokens, context = self.prompt_tokens(messages), self.context or 0
        if tokens > context:
            last = TOKEN.findall(messages[-1]["content"])
            middle_cut = "".join([*last[: context // 2], *last[-context // 2 :]])
            messages, tokens = [messages[-1] | {"content": middle_cut}], context
        pieces = TOKEN.findall(self.write(messages))
        return Written(tokens, tuple(pieces[:most]), "length" if len(pieces) > most else "stop")


def log_probabilities(piece: str, others: int) -> dict[str, Any]:
    """How likely a piece was, and so many others in its place."""
    entry = {"token": piece, "logprob": LIKELY, "bytes": list(piece.encode())}
    rest = [{"token": token, "logprob": UNLIKELY} for token in ("NOT", "The") if token != piece]
    return entry | {"top_logprobs": [entry, *rest][:others]}


def seconds_of(keep_alive: Any) -> float:
    """Seconds of a time as Go writes it, or of a number; a negative one has no end."""
    found = re.fullmatch(r"(-?[\d.]+)(ms|s|m|h)?", str("5m" if keep_alive is None else keep_alive))
    assert found, keep_alive
    return float(found[1]) * UNITS[found[2] or "s"]


def stamp(moment: datetime | None = None) -> str:
    """A moment (without one: now) as the server writes it, with nine digits of a second."""
    return (moment or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
