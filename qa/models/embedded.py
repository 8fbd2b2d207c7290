"""The embedded model as a LlamaIndex `LLM`: llama.cpp in this process, nothing else to install."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, CompletionResponseGen
from pydantic import PrivateAttr

from qa.models.base import Piece, PieceLLM, completions, plain_messages
from qa.models.llamacpp import LlamaCpp

# What a caller may ask of one reply, in the words of OpenAI's protocol.
SAMPLER_OPTIONS = ("logit_bias", "logprobs", "top_logprobs")


class EmbeddedLLM(PieceLLM):
    """A GGUF model run in this process. Loads on first use; safe to use from several threads."""

    model_path: str
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

    def pieces(
        self, messages: Sequence[ChatMessage], options: Mapping[str, Any]
    ) -> Generator[Piece, None, None]:
        """The reply as it comes; pieces without text tell how far the prompt has been read."""
        request = self._request({"messages": plain_messages(messages)}, options)
        return _pieces(self._engine.stream(request, chat=True))

    def stream_complete(
        self, prompt: str, formatted: bool = False, **kwargs: Any
    ) -> CompletionResponseGen:
        """The continuation of a text, word by word, without the model's chat template."""
        request = self._request({"prompt": prompt}, kwargs)
        return completions(_pieces(self._engine.stream(request, chat=False)))

    def _request(self, request: dict[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
        return {
            **request,
            "max_tokens": options.get("max_tokens", self.answer_tokens),
            "temperature": 0,
            "seed": self.seed,
            "cache_prompt": True,
            **{name: options[name] for name in SAMPLER_OPTIONS if name in options},
            "stream_options": {"include_usage": True},
        }


def _pieces(stream: Generator[dict[str, Any], None, None]) -> Generator[Piece, None, None]:
    with closing(stream):
        for raw in stream:
            choice = (raw.get("choices") or [{}])[0]
            yield choice.get("text") or (choice.get("delta") or {}).get("content") or "", raw
