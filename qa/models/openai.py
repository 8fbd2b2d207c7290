"""A model on a server that speaks OpenAI's protocol, through LlamaIndex's `OpenAILike`.

vLLM, SGLang, llama.cpp's server and LM Studio speak it, each with gaps of its own: what a server
refuses of a request is left out from then on, and the context is taken from wherever it is told.
"""

import re
from collections.abc import AsyncGenerator, Generator, Iterator, Mapping, Sequence
from contextlib import aclosing, closing, contextmanager
from typing import Any

import httpx
import openai
from llama_index.core.base.llms.types import ChatMessage, ChatResponse
from llama_index.llms.openai_like import OpenAILike
from pydantic import Field, PrivateAttr

from index.errors import ModelError
from index.sections import OpenAISettings
from index.settings import Settings
from qa.models.base import Piece, PieceLLM
from qa.models.line import Line
from qa.models.measured import Gauge, MeasuredFile
from qa.models.openai_server import (
    NO_KEY,
    SERVER,
    address_of,
    find_model,
    not_compatible,
    open_openai_client,
    refusal_of,
)
from qa.models.served import ALTERNATIVES, ModelStatus, ServedModel
from qa.models.server_client import broken_off, retry_while_busy, server_errors, transport_error
from qa.threads import iterate_in_loop

UNREADABLE = "what it sent can't be read"
BEAT_SECONDS = 0.25  # between two signs of life
SAMPLER_OPTIONS = ("logit_bias", "logprobs", "top_logprobs")
# What not every server takes, and how it is named where it is refused.
OPTIONAL = {
    "logprobs": re.compile("logprobs"),
    "top_logprobs": re.compile("logprobs"),
    "logit_bias": re.compile("logit_bias"),
    "seed": re.compile(r"\bseed\b"),
    "stream_options": re.compile("stream_options|include_usage"),
    "extra_body": re.compile("chat_template|enable_thinking"),
}
THOUGHTS = frozenset({"reasoning_content", "reasoning"})
UNFINISHED = frozenset({"abort", "error", "content_filter"})  # reasons to finish


class OpenAICompatibleLLM(PieceLLM):
    """A model on a server that speaks OpenAI's protocol. Safe to use from several threads."""

    url: str
    limits: OpenAISettings = Field(exclude=True, repr=False)

    _left_out: frozenset[str] = PrivateAttr(default=frozenset())

    @classmethod
    def class_name(cls) -> str:
        """The name under which LlamaIndex serialises it."""
        return "dateline_openai"

    def pieces(
        self, messages: Sequence[ChatMessage], options: Mapping[str, Any]
    ) -> Generator[Piece, None, None]:
        """The reply as it comes; pieces without text and raw tell that the server is at work.

        Its tokens are told once, by the last piece. Raises ModelError, after what was streamed.
        """
        written, ending, usage = "", None, None
        with closing(self._chunks(messages, options)) as chunks:
            for delta, raw in chunks:
                written += delta
                ending = _choice(raw).get("finish_reason") or ending
                usage = raw.pop("usage", None) or usage  # some servers send a running count
                yield delta, raw
        if not written.strip():
            raise self._empty(ending)
        if ending is None or ending in UNFINISHED:
            raise broken_off(SERVER, self.url, ending or "")
        if usage:
            self._learn(messages, usage.get("prompt_tokens") or 0)
            yield "", {"usage": usage}

    def warm_up(self, messages: Sequence[ChatMessage]) -> None:
        """Have the server read `messages`: a prompt that starts alike may then wait less."""
        with closing(self._chunks(messages, {"max_tokens": 1})) as chunks:
            for _, raw in chunks:
                if raw:
                    return

    def _chunks(
        self, messages: Sequence[ChatMessage], options: Mapping[str, Any]
    ) -> Generator[Piece, None, None]:
        def stream() -> AsyncGenerator[Piece, None]:
            return self._stream(messages, options)

        with closing(iterate_in_loop(stream, beat_seconds=BEAT_SECONDS)) as items:
            for item in items:
                yield item or ("", {})

    async def _stream(
        self, messages: Sequence[ChatMessage], options: Mapping[str, Any]
    ) -> AsyncGenerator[Piece, None]:
        async with open_openai_client(self.url, self.limits) as client:
            stream: AsyncGenerator[ChatResponse, None]
            response: ChatResponse | None
            stream, response = await retry_while_busy(self.limits)(
                self._begin, client, messages, options
            )
            async with aclosing(stream):
                with self._errors(begun=True):
                    while response is not None:
                        yield _piece(response)
                        response = await anext(stream, None)

    async def _begin(
        self, client: httpx.AsyncClient, messages: Sequence[ChatMessage], options: Mapping[str, Any]
    ) -> tuple[AsyncGenerator[ChatResponse, None], ChatResponse | None]:
        """The stream and its first response: only with it is anything sent."""
        with self._errors(begun=False):
            while True:
                request = self._request(options)
                stream = await self._like(client).astream_chat(
                    messages, timeout=client.timeout, **request
                )
                try:
                    return stream, await anext(stream, None)
                except openai.APIError as error:
                    named = _named_in(error) & request.keys()
                    if not named:
                        raise
                    self._left_out |= named

    def _like(self, client: httpx.AsyncClient) -> OpenAILike:
        # Each time a new one: a client belongs to the event loop that it was opened in. The key is
        # added by our own client, so that none of this can show it.
        return OpenAILike(
            model=self.model_name,
            api_base=f"{self.url}/v1",
            api_key=NO_KEY,
            is_chat_model=True,
            context_window=self.context_tokens,
            max_retries=0,
            async_http_client=client,
        )

    def _request(self, options: Mapping[str, Any]) -> dict[str, Any]:
        request = {
            "temperature": 0,
            "max_tokens": options.get("max_tokens", self.answer_tokens),
            "seed": self.seed,
            "stream_options": {"include_usage": True},
            # For vLLM, SGLang and llama.cpp's server: models that may think aloud don't.
            "extra_body": {"chat_template_kwargs": {"enable_thinking": False}},
            **{name: options[name] for name in SAMPLER_OPTIONS if name in options},
        }
        return {name: value for name, value in request.items() if name not in self._left_out}

    @contextmanager
    def _errors(self, *, begun: bool) -> Iterator[None]:
        with server_errors(SERVER, self.url, self.limits):
            try:
                yield
            except openai.APIConnectionError as error:
                if isinstance(error.__cause__, httpx.HTTPError):
                    raise transport_error(SERVER, self.url, error.__cause__, self.limits) from error
                raise broken_off(SERVER, self.url) from error
            except openai.APIError as error:
                if begun:
                    raise broken_off(SERVER, self.url, error.message) from error
                raise refusal_of(self.url, *_said_in(error), model=self.model_name) from error
            except (AttributeError, KeyError, TypeError) as error:
                if begun:
                    raise broken_off(SERVER, self.url, UNREADABLE) from error
                raise not_compatible(self.url) from error

    def _empty(self, ending: str | None) -> ModelError:
        if ending == "length":
            return ModelError(
                f"{self.model_name} at {self.url} wrote no answer within its "
                f"{self.answer_tokens} tokens; it may have spent them on thinking. Raise "
                "generation.answer_tokens, or choose a model that doesn't think first."
            )
        return ModelError(
            f"{self.model_name} at {self.url} gave an empty answer. Ask again, or choose another "
            "model with --model."
        )


def open_openai(settings: Settings) -> ServedModel:
    """The model on the server that the settings name. Raises ModelError."""
    if not settings.url:
        raise ModelError("Name the server: --url http://host:8000")
    url = address_of(settings.url)
    model = find_model(url, settings.model, settings.openai)
    context_tokens = model.context_tokens or settings.openai.context_tokens
    llm = OpenAICompatibleLLM(
        model_name=model.name,
        url=url,
        limits=settings.openai,
        context_tokens=context_tokens,
        answer_tokens=settings.generation.answer_tokens,
        seed=settings.generation.seed,
    )
    gauge = Gauge(llm, f"openai {url} {model.name}", MeasuredFile(settings.models_folder))
    llm.learn_with(gauge.correct)
    return ServedModel(
        backend="openai",
        name=model.name,
        llm=llm,
        context_tokens=context_tokens,
        count_tokens=gauge.estimate,
        most_prompt_tokens=gauge.most,
        evidence_tokens=lambda: gauge.evidence_tokens(settings.evidence),
        warm_up=llm.warm_up,
        load=lambda: gauge.prepare(settings.evidence),
        measure=gauge.measure,
        # No bias against refusing, as the embedded model has: this one may be good at it.
        options={"logprobs": True, "top_logprobs": ALTERNATIVES},
        line=Line(settings.openai.at_once),
        where=url,
        status=lambda: ModelStatus(
            context_limit=model.context_tokens,
            reading_speed=gauge.known.reading_speed,
            writing_speed=gauge.known.writing_speed,
        ),
    )


def _piece(response: ChatResponse) -> Piece:
    raw = response.raw.model_dump(exclude_none=True, warnings=False)  # type: ignore[union-attr]
    choice = _choice(raw)
    if not response.delta and THOUGHTS & choice.get("delta", {}).keys():
        choice.pop("logprobs", None)  # they are those of the thoughts, not of the answer
    return response.delta or "", raw


def _choice(raw: Mapping[str, Any]) -> dict[str, Any]:
    choices = raw.get("choices")
    return choices[0] if choices else {}


def _said_in(error: openai.APIError) -> tuple[int, str, str | None]:
    """Status, text and new address of an error, whether the reply was one or a stream held it."""
    if isinstance(error, openai.APIStatusError):
        return error.status_code, error.response.text, error.response.headers.get("location")
    code = error.body.get("code") if isinstance(error.body, dict) else None
    return code if isinstance(code, int) else 500, error.message, None


def _named_in(error: openai.APIError) -> frozenset[str]:
    """The optional parameters that a refusal names."""
    status, text, _ = _said_in(error)
    if status not in {400, 422}:
        return frozenset()
    return frozenset(name for name, named in OPTIONAL.items() if named.search(text))
