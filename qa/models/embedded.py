"""The embedded model as a LlamaIndex `LLM`: llama.cpp in this process, nothing else to install."""

import asyncio
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseAsyncGen,
    ChatResponseGen,
    CompletionResponse,
    CompletionResponseAsyncGen,
    CompletionResponseGen,
    LLMMetadata,
    MessageRole,
)
from llama_index.core.llms import CustomLLM
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback
from pydantic import ConfigDict, PrivateAttr

from qa.models.llamacpp import LlamaCpp
from qa.threads import iterate_in_thread

# What a caller may ask of one reply, in the words of OpenAI's protocol.
SAMPLER_OPTIONS = ("logit_bias", "logprobs", "top_logprobs")


class EmbeddedLLM(CustomLLM):
    """A GGUF model run in this process. Loads on first use; safe to use from several threads.

    Temperature is 0 and the seed fixed: the same prompt gives the same words on one machine.
    Closing a stream stops the model. `raw["usage"]` of the last piece counts tokens.
    """

    model_config = ConfigDict(frozen=False, arbitrary_types_allowed=True)

    model_name: str
    model_path: str
    context_tokens: int = 2048
    answer_tokens: int = 120
    seed: int = 7
    threads: int = 0

    _engine: LlamaCpp = PrivateAttr()

    def model_post_init(self, context: Any, /) -> None:
        """Prepare the engine; nothing is loaded yet."""
        super().model_post_init(context)
        self._engine = LlamaCpp(
            Path(self.model_path), context_tokens=self.context_tokens, threads=self.threads
        )

    @classmethod
    def class_name(cls) -> str:
        """The name under which LlamaIndex serialises it."""
        return "dateline_embedded"

    @property
    def metadata(self) -> LLMMetadata:
        """Context, longest answer and name, for LlamaIndex."""
        return LLMMetadata(
            context_window=self.context_tokens,
            num_output=self.answer_tokens,
            is_chat_model=True,
            model_name=self.model_name,
        )

    @property
    def is_loaded(self) -> bool:
        """Whether the model is in memory."""
        return self._engine.is_loaded

    def load(self) -> None:
        """Load the model now instead of on first use."""
        self._engine.load()

    def warm_up(self, messages: Sequence[ChatMessage]) -> None:
        """Load the model and read `messages`: a prompt that starts alike then waits less."""
        self.chat(messages, max_tokens=1)

    def count_tokens(self, text: str) -> int:
        """Tokens of `text` by the model's own tokenizer."""
        return self._engine.count_tokens(text)

    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """The whole reply to a conversation."""
        reply = self._engine.generate(self._chat_request(messages, kwargs), chat=True)
        content = reply["choices"][0]["message"]["content"] or ""
        return ChatResponse(message=_assistant(content), raw=reply)

    # The streams go without LlamaIndex's callback wrapper: it would keep a closed stream's model
    # running until the garbage collector comes by.
    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        """The reply to a conversation, word by word."""
        pieces = self._engine.stream(self._chat_request(messages, kwargs), chat=True)

        def responses() -> Generator[ChatResponse, None, None]:
            for content, delta, piece in _accumulate(pieces):
                yield ChatResponse(message=_assistant(content), delta=delta, raw=piece)

        return responses()

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """The whole continuation of a text."""
        reply = self._engine.generate(self._request({"prompt": prompt}, kwargs), chat=False)
        return CompletionResponse(text=reply["choices"][0]["text"], raw=reply)

    def stream_complete(
        self, prompt: str, formatted: bool = False, **kwargs: Any
    ) -> CompletionResponseGen:
        """The continuation of a text, word by word."""
        pieces = self._engine.stream(self._request({"prompt": prompt}, kwargs), chat=False)

        def responses() -> Generator[CompletionResponse, None, None]:
            for content, delta, piece in _accumulate(pieces):
                yield CompletionResponse(text=content, delta=delta, raw=piece)

        return responses()

    @llm_chat_callback()
    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """The whole reply to a conversation, without blocking the loop."""
        return await asyncio.to_thread(self.chat, messages, **kwargs)

    async def astream_chat(
        self, messages: Sequence[ChatMessage], **kwargs: Any
    ) -> ChatResponseAsyncGen:
        """The reply to a conversation, word by word, without blocking the loop."""
        return iterate_in_thread(self.stream_chat(messages, **kwargs))

    @llm_completion_callback()
    async def acomplete(
        self, prompt: str, formatted: bool = False, **kwargs: Any
    ) -> CompletionResponse:
        """The whole continuation of a text, without blocking the loop."""
        return await asyncio.to_thread(self.complete, prompt, formatted, **kwargs)

    async def astream_complete(
        self, prompt: str, formatted: bool = False, **kwargs: Any
    ) -> CompletionResponseAsyncGen:
        """The continuation of a text, word by word, without blocking the loop."""
        return iterate_in_thread(self.stream_complete(prompt, formatted, **kwargs))

    def _chat_request(
        self, messages: Sequence[ChatMessage], options: dict[str, Any]
    ) -> dict[str, Any]:
        plain = [
            {"role": message.role.value, "content": message.content or ""} for message in messages
        ]
        return self._request({"messages": plain}, options)

    def _request(self, request: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
        return {
            **request,
            "max_tokens": options.get("max_tokens", self.answer_tokens),
            "temperature": 0,
            "seed": self.seed,
            "cache_prompt": True,
            **{name: options[name] for name in SAMPLER_OPTIONS if name in options},
            "stream_options": {"include_usage": True},
        }


def _assistant(content: str) -> ChatMessage:
    return ChatMessage(role=MessageRole.ASSISTANT, content=content)


def _accumulate(
    pieces: Iterator[dict[str, Any]],
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(text so far, new text, piece) for each piece, those that only tell of progress included."""
    content = ""
    try:
        for piece in pieces:
            choices = piece.get("choices") or [{}]
            delta = choices[0].get("text") or (choices[0].get("delta") or {}).get("content") or ""
            content += delta
            yield content, delta, piece
    finally:
        close = getattr(pieces, "close", None)
        if close is not None:
            close()
