"""What is known of models, in words: for the command line, the page and the doctor."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.catalogue import DEFAULT_LANGUAGE_MODEL
from index.sections import EvidenceSettings

if TYPE_CHECKING:  # they bring LlamaIndex along, which a list of models does without
    from qa.models.ollama_models import ServedEntry
    from qa.models.served import ModelStatus, ServedModel

MEBIBYTE = 1024 * 1024
KIBIBYTE = 1024
CHECK = "dateline models check"
NOT_MEASURED = f"not measured yet. Measure it with: {CHECK}"
NO_TEMPLATE = "without its chat template: register it again with dateline models import"
# What an Ollama server says that it does while it fetches, and how that is told on the page.
STEPS = {
    "pulling manifest": "asking the library",
    "verifying sha256 digest": "checking what arrived",
    "writing manifest": "registering it",
    "removing unused layers": "clearing up",
    "removing any unused layers": "clearing up",
    "success": "done",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that is known of a model: what, and a few words about it."""

    what: str
    words: str


def size_words(size_bytes: int) -> str:
    """A number of bytes as it is read best."""
    for unit, size in (("MiB", MEBIBYTE), ("KiB", KIBIBYTE)):
        if size_bytes >= size:
            return f"{size_bytes / size:,.0f} {unit}"
    return f"{size_bytes:,} B"


def model_facts(
    model: "ServedModel", status: "ModelStatus", evidence: EvidenceSettings
) -> tuple[Fact, ...]:
    """What there is to tell of the model that answers; what isn't known is left out."""
    file = (size_words(status.size_bytes) if status.size_bytes else "", status.quantisation or "")
    facts = (
        Fact("Model", model.name),
        Fact("Server", server_words(model)),
        Fact("Size", ", ".join(filter(None, file))),
        Fact("Context", context_words(model.context_tokens, status.context_limit)),
        Fact("Memory", memory_words(status)),
        Fact("Speed", speed_words(status)),
        Fact("Evidence", evidence_words(model, status, evidence)),
    )
    return tuple(fact for fact in facts if fact.words)


def server_words(model: "ServedModel") -> str:
    """Who runs the model."""
    if model.backend == "embedded":
        return "none: it runs inside Dateline"
    return f"Ollama, {model.where}" if model.backend == "ollama" else model.where


def context_words(context_tokens: int, limit: int | None) -> str:
    """How long a prompt the model is given room for."""
    words = f"{context_tokens:,} tokens"
    return f"{words}, of {limit:,} that it can take" if limit else words


def memory_words(status: "ModelStatus") -> str:
    """Whether it is in memory, and how much of it; nothing where that isn't known."""
    if status.loaded is None:
        return ""
    return loaded_words(is_loaded=status.loaded, memory_bytes=status.memory_bytes)


def loaded_words(*, is_loaded: bool, memory_bytes: int | None) -> str:
    """Loaded or not, and the memory that it takes."""
    if not is_loaded:
        return "not loaded"
    return f"loaded in {size_words(memory_bytes)}" if memory_bytes else "loaded"


def speed_words(status: "ModelStatus") -> str:
    """How fast it reads and writes, as measured on this machine."""
    if status.reading_speed is None:
        return NOT_MEASURED
    words = f"reads {status.reading_speed:,.0f} tokens a second"
    return f"{words}, writes {status.writing_speed:,.0f}" if status.writing_speed else words


def evidence_words(model: "ServedModel", status: "ModelStatus", evidence: EvidenceSettings) -> str:
    """How much of the articles it is given to read. Measures nothing."""
    # Asked without a known speed, the model would be measured first.
    is_fixed = model.measure is None or model.name == DEFAULT_LANGUAGE_MODEL
    tokens = evidence.budget_tokens
    if tokens is None and (is_fixed or status.reading_speed is not None):
        tokens = model.evidence_tokens()
    if tokens is None:
        return "known once the speed is measured"
    return f"up to {tokens:,} tokens a question"


def entry_words(entry: "ServedEntry") -> Iterator[str]:
    """What there is to tell of a model on a server, beside its name."""
    if not entry.remote_host:
        yield size_words(entry.size_bytes)
        yield from (each for each in (entry.parameters, entry.quantisation) if each)
        if limit := limit_words(entry):
            yield f"context {limit}"
    yield state_words(entry)


def limit_words(entry: "ServedEntry") -> str:
    """The context that a model on a server has while loaded, and the most that it can have."""
    loaded = entry.context_tokens if entry.is_loaded else None
    if entry.context_limit and loaded:
        return f"{loaded:,} of {entry.context_limit:,}"
    if entry.context_limit:
        return f"up to {entry.context_limit:,}"
    return f"{loaded:,}" if loaded else ""


def state_words(entry: "ServedEntry") -> str:
    """Whether a model on a server can answer, and whether it is loaded."""
    if entry.remote_host:
        return f"runs on {entry.remote_host}: your questions and passages would go there"
    if not entry.can_chat:
        return "only embeds"
    if entry.has_bare_template:
        return NO_TEMPLATE
    return loaded_words(is_loaded=entry.is_loaded, memory_bytes=entry.memory_bytes)


def step_words(status: str) -> str:
    """What an Ollama server does while it fetches a model; unknown steps in its own words."""
    return STEPS.get(status, status)


def amount_words(done_bytes: int, total_bytes: int) -> str:
    """How much of something has arrived."""
    if done_bytes >= total_bytes:
        return f"{size_words(total_bytes)}, done"
    return f"{size_words(done_bytes)} of {size_words(total_bytes)}"
