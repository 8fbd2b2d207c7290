"""What the backends have in common: one stream of pieces, and LlamaIndex's `LLM` made of it.

A piece is (new text, raw). `raw` has the shape of OpenAI's protocol whatever the backend:
`choices[0].finish_reason`, `choices[0].logprobs.content`, `usage` and, where the server tells how
fast it was, `timings`.
"""

import asyncio
from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
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

from qa.threads import iterate_in_thread

Piece = tuple[str, dict[str, Any]]
Learn = Callable[[Sequence[ChatMessage], int], None]


class PieceLLM(CustomLLM):
    """A LlamaIndex `LLM` over `pieces`, which is all that a backend has to give.

    Temperature is 0 and the seed fixed: the same prompt gives the same words on one machine.
    Closing a stream stops the model. A piece without text is a sign of life.
    """

    model_config = ConfigDict(frozen=False, arbitrary_types_allowed=True)

    model_name: str
    context_tokens: int = 2048
    answer_tokens: int = 120
    seed: int = 7

    _learn: Learn = PrivateAttr(default_factory=lambda: _forget)

    def learn_with(self, learn: Learn) -> None:
        """Tell `learn` how many tokens each prompt took, where the backend has to be told."""
        self._learn = learn

    @abstractmethod
    def pieces(
        self, messages: Sequence[ChatMessage], options: Mapping[str, Any]
    ) -> Generator[Piece, None, None]:
        """The reply as it comes. Raises ModelError. Closing it stops the model."""

    @property
    def metadata(self) -> LLMMetadata:
        """Context, longest answer and name, for LlamaIndex."""
        return LLMMetadata(
            context_window=self.context_tokens,
            num_output=self.answer_tokens,
            is_chat_model=True,
            model_name=self.model_name,
        )

    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """The whole reply to a conversation. Raises ModelError."""
        last = deque(self.stream_chat(messages, **kwargs), maxlen=1)
        return last.pop() if last else ChatResponse(message=_assistant(""), raw={})

    # The streams go without LlamaIndex's callback wrapper: it would keep a closed stream's model
    # running until the garbage collector comes by.
    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        """The reply to a conversation, word by word. Raises ModelError."""
        return _responses(self.pieces(messages, kwargs))

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """The whole reply to a text. Raises ModelError."""
        last = deque(self.stream_complete(prompt, formatted, **kwargs), maxlen=1)
        return last.pop() if last else CompletionResponse(text="", raw={})

    def stream_complete(
        self, prompt: str, formatted: bool = False, **kwargs: Any
    ) -> CompletionResponseGen:
        """The reply to a text, word by word. Raises ModelError."""
        asked = ChatMessage(role=MessageRole.USER, content=prompt)
        return completions(self.pieces([asked], kwargs))

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
        """The whole reply to a text, without blocking the loop."""
        return await asyncio.to_thread(self.complete, prompt, formatted, **kwargs)

    async def astream_complete(
        self, prompt: str, formatted: bool = False, **kwargs: Any
    ) -> CompletionResponseAsyncGen:
        """The reply to a text, word by word, without blocking the loop."""
        return iterate_in_thread(self.stream_complete(prompt, formatted, **kwargs))


def _forget(messages: Sequence[ChatMessage], prompt_tokens: int) -> None:
    """A backend with a tokenizer learns nothing from its replies."""


def plain_messages(messages: Sequence[ChatMessage]) -> list[dict[str, str]]:
    """Messages as every server takes them."""
    return [{"role": each.role.value, "content": each.content or ""} for each in messages]


def completions(pieces: Generator[Piece, None, None]) -> CompletionResponseGen:
    """A stream of pieces in the shape of LlamaIndex's completions."""
    content = ""
    with closing(pieces):
        for delta, raw in pieces:
            content += delta
            yield CompletionResponse(text=content, delta=delta, raw=raw)


def _responses(pieces: Generator[Piece, None, None]) -> ChatResponseGen:
    content = ""
    with closing(pieces):
        for delta, raw in pieces:
            content += delta
            yield ChatResponse(message=_assistant(content), delta=delta, raw=raw)


def _assistant(content: str) -> ChatMessage:
    return ChatMessage(role=MessageRole.ASSISTANT, content=content)
