"""Which language model answers: the choice between the backends."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.llms import LLM

from index.catalogue import DEFAULT_LANGUAGE_MODEL, locate
from index.errors import ModelError, ModelUnreachableError
from index.settings import Settings
from qa.models.line import Line
from qa.models.measured import Gauge, Measured, MeasuredFile
from qa.prompt import NOT_IN_ARTICLES, TEMPLATE_TOKENS

REFUSAL_TOKEN = NOT_IN_ARTICLES.split()[0]
NEVER = -100  # added to a token's log-odds
SPEEDS = {
    "read_tokens_per_second": "prompt_per_second",
    "written_tokens_per_second": "predicted_per_second",
}
ALTERNATIVES = 8  # tokens whose log-probabilities come with each that is written
# So that the embedded model's first word is there in some three seconds on two cores. Fixed, so
# that its results on one machine can be held against those on another.
EMBEDDED_EVIDENCE_TOKENS = 170


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """What there is to tell of a model and of who runs it; None is what isn't known.

    Speeds are in tokens a second. `memory_bytes` is what it takes while it is loaded.
    """

    loaded: bool | None = None
    size_bytes: int | None = None
    quantisation: str | None = None
    context_limit: int | None = None
    memory_bytes: int | None = None
    reading_speed: float | None = None
    writing_speed: float | None = None


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A language model ready to be asked.

    `count_tokens` is what a text likely takes, `most_prompt_tokens` what a prompt can't pass,
    template included; with a tokenizer at hand the counts are exact. `evidence_tokens` is how much
    it is given to read, `line` where those who ask it wait. `load` brings it into memory;
    `warm_up` also has it read messages ahead, so that a prompt that starts alike waits less;
    `measure` measures its speed. `options` go with every answer that is asked for. `where` names
    the server, `why` says why this model was taken where the user may wonder.
    """

    backend: str
    name: str
    llm: LLM
    context_tokens: int
    count_tokens: Callable[[str], int]
    warm_up: Callable[[list[ChatMessage]], None]
    load: Callable[[], None] = lambda: None
    options: Mapping[str, Any] = field(default_factory=dict)
    most_prompt_tokens: Callable[[Sequence[ChatMessage]], int] | None = None
    evidence_tokens: Callable[[], int] = lambda: EMBEDDED_EVIDENCE_TOKENS
    line: Line = field(default_factory=Line)
    measure: Callable[..., Measured] | None = None
    where: str = ""
    why: str = ""
    status: Callable[[], ModelStatus] = ModelStatus

    @property
    def description(self) -> str:
        """One line for the user: who answers, and why not another."""
        server = f"{self.backend}, {self.where}" if self.where else self.backend
        reason = f" {self.why}" if self.why else ""
        return f"Answers come from {self.name} ({server}).{reason}"

    def prompt_tokens(self, messages: Sequence[ChatMessage]) -> int:
        """What a prompt of these messages can't pass, template included."""
        if self.most_prompt_tokens is not None:
            return self.most_prompt_tokens(messages)
        return TEMPLATE_TOKENS + sum(self.count_tokens(each.content or "") for each in messages)


def open_model(settings: Settings) -> ServedModel:
    """The model that the settings name. Nothing heavy is loaded yet.

    `auto` takes Ollama where it answers and has a model to use, else the embedded model.
    Raises ModelError and ModelFileError, each saying what to do.
    """
    if settings.backend == "embedded":
        return open_embedded(settings)
    if settings.backend == "openai":
        from qa.models.openai import open_openai  # noqa: PLC0415 - a backend is imported when used

        return open_openai(settings)
    from qa.models.ollama import open_ollama  # noqa: PLC0415

    if settings.backend == "ollama":
        return open_ollama(settings)
    try:
        return open_ollama(settings)
    except ModelUnreachableError as error:
        # Who gave an address meant a server; who didn't may well have none, and needn't be told.
        why = str(error) if is_named(settings) else "No Ollama server answers."
    except ModelError as error:
        why = "" if settings.model else str(error)
    return replace(open_embedded(settings), why=why)


def is_named(settings: Settings) -> bool:
    """Whether the user has given the address of a server."""
    return bool(settings.url or os.environ.get("OLLAMA_HOST"))


def open_embedded(settings: Settings) -> ServedModel:
    """The model that runs in this process. Raises ModelFileError where its file is missing."""
    from qa.models.embedded import EmbeddedLLM  # noqa: PLC0415 - a backend is imported when used

    name = settings.model or DEFAULT_LANGUAGE_MODEL
    llm = EmbeddedLLM(
        model_name=name,
        model_path=str(locate(name, folder=settings.models_folder)),
        context_tokens=settings.embedded.context_tokens,
        answer_tokens=settings.generation.answer_tokens,
        seed=settings.generation.seed,
        threads=settings.embedded.threads,
    )
    gauge = Gauge(llm, f"embedded {llm.model_path}", MeasuredFile(settings.models_folder))

    def evidence_tokens() -> int:
        if name == DEFAULT_LANGUAGE_MODEL:
            return EMBEDDED_EVIDENCE_TOKENS
        return gauge.evidence_tokens(settings.evidence)

    return ServedModel(
        backend="embedded",
        name=name,
        llm=llm,
        context_tokens=llm.context_tokens,
        count_tokens=llm.count_tokens,
        evidence_tokens=evidence_tokens,
        warm_up=llm.warm_up,
        load=llm.load,
        measure=gauge.measure,
        status=lambda: ModelStatus(
            loaded=llm.is_loaded,
            size_bytes=Path(llm.model_path).stat().st_size,
            reading_speed=gauge.known.reading_speed,
            writing_speed=gauge.known.writing_speed,
        ),
        # The first token of NOT_IN_ARTICLES; nothing else in an answer begins in capitals like it.
        # The model always answers, and how near it was to refusing is weighed with the rest.
        options={
            "logit_bias": [[REFUSAL_TOKEN, NEVER]],
            "logprobs": True,
            "top_logprobs": ALTERNATIVES,
        },
    )


def usage_of(raw: Any) -> dict[str, int]:
    """The tokens that a reply of any backend says it took; empty where it doesn't say."""
    usage = raw.get("usage") if isinstance(raw, dict) else None
    return dict(usage) if usage else {}


def speeds_of(raw: Any) -> dict[str, float | None]:
    """The tokens a second that a reply says it read and wrote; empty where it doesn't say."""
    told = raw.get("timings") if isinstance(raw, dict) else None
    return {field: told.get(name) for field, name in SPEEDS.items()} if told else {}


def is_cut_off(raw: Any) -> bool:
    """Whether the model stopped because it may write no more, as llama.cpp and Ollama say it."""
    if not isinstance(raw, dict):
        return False
    choices = raw.get("choices") or [{}]
    return "length" in (choices[0].get("finish_reason"), raw.get("done_reason"))
