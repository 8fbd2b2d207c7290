"""Which language model answers: the choice between the backends."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.llms import LLM

from index.catalogue import DEFAULT_LANGUAGE_MODEL, locate
from index.errors import ModelError, ModelUnreachableError
from index.settings import Settings
from qa.prompt import NOT_IN_ARTICLES

REFUSAL_TOKEN = NOT_IN_ARTICLES.split()[0]
NEVER = -100  # added to a token's log-odds
ALTERNATIVES = 8  # tokens whose log-probabilities come with each that is written
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A language model ready to be asked.

    `count_tokens` never undercounts by more than the model's own tokenizer would;
    `load` brings it into memory; `warm_up` also has it read messages ahead, so that a prompt
    that starts alike waits less. `options` go with every answer that is asked for.
    """

    backend: str
    name: str
    llm: LLM
    context_tokens: int
    count_tokens: Callable[[str], int]
    warm_up: Callable[[list[ChatMessage]], None]
    load: Callable[[], None] = lambda: None
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def description(self) -> str:
        """One line for the user: who answers."""
        return f"Answers come from {self.name} ({self.backend})."


def open_model(settings: Settings) -> ServedModel:
    """The model that the settings name. Nothing heavy is loaded yet.

    `auto` takes Ollama where it answers and has a model to use, else the embedded model.
    Raises ModelError and ModelFileError, each saying what to do.
    """
    if settings.backend == "openai":
        raise ModelError(
            "The backend openai isn't part of this version. "
            "Use --backend ollama or --backend embedded."
        )
    if settings.backend == "embedded":
        return open_embedded(settings)
    if settings.backend == "ollama":
        return _open_ollama(settings)
    try:
        return _open_ollama(settings)
    except ModelUnreachableError:
        log.info("Ollama doesn't answer, so the embedded model is used.")
    except ModelError as error:
        log.info("%s The embedded model is used.", error)
    return open_embedded(settings)


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
    return ServedModel(
        backend="embedded",
        name=name,
        llm=llm,
        context_tokens=llm.context_tokens,
        count_tokens=llm.count_tokens,
        warm_up=llm.warm_up,
        load=llm.load,
        # The first token of NOT_IN_ARTICLES; nothing else in an answer begins in capitals like it.
        # The model always answers, and how near it was to refusing is weighed with the rest.
        options={
            "logit_bias": [[REFUSAL_TOKEN, NEVER]],
            "logprobs": True,
            "top_logprobs": ALTERNATIVES,
        },
    )


def _open_ollama(settings: Settings) -> ServedModel:
    from qa.models import ollama  # noqa: PLC0415 - a backend is imported when used

    server = ollama.find_server(settings.url, settings.ollama)
    name = server.choose(settings.model, settings.ollama.preference)
    if name is None:
        raise ollama.refuse_missing(server, settings.model)
    llm = ollama.open_ollama(server, name, settings.ollama, settings.generation)
    return ServedModel(
        backend="ollama",
        name=name,
        llm=llm,
        context_tokens=settings.ollama.context_tokens,
        count_tokens=ollama.count_tokens,
        warm_up=lambda messages: _read_ahead(llm, messages),
    )


def _read_ahead(llm: LLM, messages: list[ChatMessage]) -> None:
    for _ in llm.stream_chat(messages):
        return


def usage_of(raw: Any) -> dict[str, int]:
    """The tokens that a reply of any backend says it took; empty where it doesn't say."""
    usage = raw.get("usage") if isinstance(raw, dict) else None
    return dict(usage) if usage else {}


def is_cut_off(raw: Any) -> bool:
    """Whether the model stopped because it may write no more, as llama.cpp and Ollama say it."""
    if not isinstance(raw, dict):
        return False
    choices = raw.get("choices") or [{}]
    return "length" in (choices[0].get("finish_reason"), raw.get("done_reason"))
