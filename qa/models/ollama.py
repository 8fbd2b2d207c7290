"""A model served by Ollama, as a LlamaIndex `LLM`.

The conversation goes over plain HTTP: Ollama's own client (0.6.3), and LlamaIndex's class on top of
it, can't send `truncate: false`, without which a server quietly cuts a prompt that is too long,
and the cut takes the evidence.
"""

import json
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import closing
from typing import Any

import httpx
import psutil
from llama_index.core.base.llms.types import ChatMessage
from pydantic import Field

from index.errors import ModelError
from index.sections import OllamaSettings
from index.server import is_loopback
from index.settings import Settings
from qa.models.base import Piece, PieceLLM, plain_messages
from qa.models.line import Line
from qa.models.measured import UNKNOWN_TEMPLATE_TOKENS, Gauge, MeasuredFile
from qa.models.ollama_server import (
    ListedModel,
    OllamaServer,
    ShownModel,
    find_server,
    refuse_unfit,
    show_model,
    usable_model,
)
from qa.models.served import ALTERNATIVES, ModelStatus, ServedModel
from qa.models.server_client import (
    OLLAMA,
    broken_off,
    not_the_server,
    open_client,
    refuse_status,
    refused,
    retry_while_busy,
    server_errors,
    too_long,
)
from qa.models.tokens import estimate_tokens
from qa.prompt import load_prompt
from qa.threads import iterate_in_loop

BEAT_SECONDS = 0.25  # between two signs of life
NANOSECONDS = 1e9
CONTEXT_STEP = 1024
QUESTION_TOKENS = 512  # room for a long question
MOST_A_TOKEN = 3  # what prose can't pass, over what it takes
CACHE_SHARE = 8  # the context may take one part in so many of the machine's memory


class OllamaLLM(PieceLLM):
    """A model on an Ollama server. Safe to use from several threads."""

    url: str
    limits: OllamaSettings = Field(exclude=True)

    @classmethod
    def class_name(cls) -> str:
        """The name under which LlamaIndex serialises it."""
        return "dateline_ollama"

    def load(self) -> None:
        """Bring the model into the server's memory. Raises ModelError."""
        for _ in self._replies([], {}):
            continue

    def warm_up(self, messages: Sequence[ChatMessage]) -> None:
        """Have the server read `messages`: a prompt that starts alike then waits less."""
        for _ in self._replies(messages, {"max_tokens": 1}):
            continue

    def pieces(
        self, messages: Sequence[ChatMessage], options: Mapping[str, Any]
    ) -> Generator[Piece, None, None]:
        """The reply as it comes; pieces without text tell that the server is at work.

        Raises ModelError, after what was streamed, and PromptTooLongError where the server cut
        the prompt.
        """
        written, done = "", False
        with closing(self._replies(messages, options)) as replies:
            for reply in replies:
                if reply is None:
                    yield "", {}
                    continue
                delta = (reply.get("message") or {}).get("content") or ""
                written += delta
                done = bool(reply.get("done"))
                if done:
                    self._check_length(messages, reply)
                yield delta, _raw(reply)
        if not done:
            raise broken_off(OLLAMA, self.url)
        if not written.strip():
            raise ModelError(
                f"{self.model_name} at {self.url} gave an empty answer. Ask again, or choose "
                "another model with --model."
            )

    def _replies(
        self, messages: Sequence[ChatMessage], options: Mapping[str, Any]
    ) -> Generator[dict[str, Any] | None, None, None]:
        body = self._request(messages, options)

        def stream() -> AsyncGenerator[dict[str, Any], None]:
            return self._stream(body)

        return iterate_in_loop(stream, beat_seconds=BEAT_SECONDS)

    async def _stream(self, body: dict[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        with server_errors(OLLAMA, self.url, self.limits):
            async with open_client(self.url, self.limits) as client:
                begin = retry_while_busy(self.limits)
                response: httpx.Response = await begin(self._begin, client, body)
                try:
                    async for line in response.aiter_lines():
                        yield self._read(line)
                finally:
                    await response.aclose()

    async def _begin(self, client: httpx.AsyncClient, body: dict[str, Any]) -> httpx.Response:
        request = client.build_request("POST", "/api/chat", json=body)
        response = await client.send(request, stream=True)
        try:
            await refuse_status(response, OLLAMA, self.url, model=self.model_name)
        except ModelError:
            await response.aclose()
            raise
        return response

    def _read(self, line: str) -> dict[str, Any]:
        reply = json.loads(line)
        if not isinstance(reply, dict):
            raise not_the_server(OLLAMA, self.url)
        if "error" in reply:
            raise refused(OLLAMA, self.url, 200, line, model=self.model_name)
        return reply

    def _check_length(self, messages: Sequence[ChatMessage], reply: Mapping[str, Any]) -> None:
        # Servers that don't know `truncate` cut in silence; this is the only sign of it.
        read = int(reply.get("prompt_eval_count") or 0)
        if read >= self.context_tokens:
            raise too_long(OLLAMA, self.url)
        self._learn(messages, read)

    def _request(
        self, messages: Sequence[ChatMessage], options: Mapping[str, Any]
    ) -> dict[str, Any]:
        request = {
            "model": self.model_name,
            "messages": plain_messages(messages),
            "stream": True,
            "think": False,
            "truncate": False,
            "keep_alive": self.limits.keep_alive,
            "options": {
                "temperature": 0,
                "seed": self.seed,
                "num_ctx": self.context_tokens,
                "num_predict": options.get("max_tokens", self.answer_tokens),
            },
        }
        asked = {name: options[name] for name in ("logprobs", "top_logprobs") if name in options}
        return {**request, **asked}


def open_ollama(settings: Settings) -> ServedModel:
    """The model on the server that the settings, or OLLAMA_HOST, name. Raises ModelError."""
    server = find_server(settings.url, settings.ollama)
    model = usable_model(server, settings.ollama, settings.model)
    shown = show_model(server, model.name, settings.ollama)
    refuse_unfit(server, model, shown, settings.ollama)
    llm = OllamaLLM(
        model_name=model.name,
        url=server.url,
        limits=settings.ollama,
        context_tokens=choose_context(settings, shown, memory=_memory(server)),
        answer_tokens=settings.generation.answer_tokens,
        seed=settings.generation.seed,
    )
    key = f"ollama {server.url} {model.name} {model.digest}"
    gauge = Gauge(llm, key, MeasuredFile(settings.models_folder))
    llm.learn_with(gauge.correct)

    def load() -> None:
        llm.load()
        gauge.prepare(settings.evidence)

    return ServedModel(
        backend="ollama",
        name=model.name,
        llm=llm,
        context_tokens=llm.context_tokens,
        count_tokens=gauge.estimate,
        most_prompt_tokens=gauge.most,
        evidence_tokens=lambda: gauge.evidence_tokens(settings.evidence),
        warm_up=llm.warm_up,
        load=load,
        measure=gauge.measure,
        options={"logprobs": True, "top_logprobs": ALTERNATIVES},
        line=Line(settings.ollama.at_once),
        where=f"version {server.version} at {server.url}",
        status=lambda: _status(server, model, shown, settings.ollama, gauge),
    )


def choose_context(settings: Settings, shown: ShownModel, *, memory: int | None) -> int:
    """The context to ask for, in tokens: one for a model, since another would load it again.

    As set; else what the largest prompt needs, within the model's limit and, where the server is
    on this machine, a share of its `memory` (bytes).
    """
    limit = shown.context_limit or settings.ollama.context_tokens or CONTEXT_STEP * 4
    if settings.ollama.context_tokens is not None:
        return min(settings.ollama.context_tokens, limit)
    evidence = settings.evidence.budget_tokens or settings.evidence.most_tokens
    needed = (
        UNKNOWN_TEMPLATE_TOKENS
        + estimate_tokens(load_prompt("answer"))
        + evidence * MOST_A_TOKEN
        + QUESTION_TOKENS
        + settings.generation.answer_tokens
    )
    steps = -(-needed // CONTEXT_STEP)
    if memory and shown.cache_bytes_a_token:
        room = memory // CACHE_SHARE // shown.cache_bytes_a_token
        steps = min(steps, max(1, room // CONTEXT_STEP))
    return min(steps * CONTEXT_STEP, limit)


def _memory(server: OllamaServer) -> int | None:
    return int(psutil.virtual_memory().total) if is_loopback(server.url) else None


def _status(
    server: OllamaServer,
    model: ListedModel,
    shown: ShownModel,
    limits: OllamaSettings,
    gauge: Gauge,
) -> ModelStatus:
    from qa.models.ollama_models import list_served  # noqa: PLC0415 - only who looks pays for it

    served = {each.name: each for each in list_served(server, limits)}
    now = served.get(model.name)
    return ModelStatus(
        loaded=now.is_loaded if now else None,
        size_bytes=model.size_bytes,
        quantisation=model.quantisation,
        context_limit=shown.context_limit,
        memory_bytes=now.memory_bytes if now else None,
        reading_speed=gauge.known.reading_speed,
        writing_speed=gauge.known.writing_speed,
    )


def _raw(reply: Mapping[str, Any]) -> dict[str, Any]:
    """A reply in the shape of OpenAI's protocol, speeds in llama.cpp's words."""
    raw: dict[str, Any] = {"choices": [{"finish_reason": reply.get("done_reason")}]}
    if reply.get("logprobs"):
        raw["choices"][0]["logprobs"] = {"content": reply["logprobs"]}
    if reply.get("done"):
        read, written = reply.get("prompt_eval_count", 0), reply.get("eval_count", 0)
        raw["usage"] = {"prompt_tokens": read, "completion_tokens": written}
        raw["timings"] = {
            "prompt_per_second": _per_second(read, reply.get("prompt_eval_duration")),
            "predicted_per_second": _per_second(written, reply.get("eval_duration")),
        }
    return raw


def _per_second(tokens: int, nanoseconds: int | None) -> float | None:
    return round(tokens / (nanoseconds / NANOSECONDS), 1) if nanoseconds else None
