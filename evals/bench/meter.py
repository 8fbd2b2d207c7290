"""What answering costs: seconds, model calls, and the tokens that the model had to read."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, ChatResponseGen
from llama_index.core.llms import LLM
from pydantic import PrivateAttr

from evals.replies import WrappedLLM
from qa.models.served import usage_of


@dataclass(frozen=True, slots=True)
class Cost:
    """What one system took for one question. `read_tokens` of its prompts weren't in the cache.

    None where the backend doesn't say how many were.
    """

    seconds: float
    calls: int
    prompt_tokens: int
    read_tokens: int | None


class MeteredLLM(WrappedLLM):
    """Another LLM; notes the tokens of each reply to a conversation."""

    _usages: list[dict[str, Any]] = PrivateAttr(default_factory=list)

    def take(self) -> list[dict[str, Any]]:
        """What the replies since this was last asked said of their tokens, one each."""
        taken, self._usages = self._usages, []
        return taken

    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """The other LLM's reply."""
        response = self.inner.chat(messages, **kwargs)
        self._usages.append(_tokens(response.raw))
        return response

    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        """The other LLM's pieces."""
        responses = self.inner.stream_chat(messages, **kwargs)

        def passed_on() -> ChatResponseGen:
            self._usages.append({})
            try:
                for response in responses:
                    self._usages[-1].update(_tokens(response.raw))
                    yield response
            finally:
                responses.close()

        return passed_on()


class Meter:
    """Times what is asked of one metered model."""

    def __init__(self, llm: LLM) -> None:
        """`llm` does the work."""
        self.llm = MeteredLLM(inner=llm)

    def time(self, ask: Callable[[], Any]) -> tuple[Any, Cost]:
        """What `ask` gives, and what it cost."""
        self.llm.take()
        started = time.perf_counter()
        given = ask()
        seconds = time.perf_counter() - started
        calls = self.llm.take()
        cached = [each.get("cached_tokens") for each in calls]
        prompt = sum(each.get("prompt_tokens", 0) for each in calls)
        known = [each for each in cached if each is not None]
        read = prompt - sum(known) if len(known) == len(calls) else None
        return given, Cost(round(seconds, 3), len(calls), prompt, read)


def _tokens(raw: Any) -> dict[str, Any]:
    """The tokens of a prompt, and how many of them the model had read before, if it says so."""
    usage = usage_of(raw)
    details: Any = usage.get("prompt_tokens_details") or {}
    found = {"prompt_tokens": usage.get("prompt_tokens"), **details}
    timings = (raw.get("timings") or {}) if isinstance(raw, dict) else {}
    found.setdefault("cached_tokens", timings.get("cache_n"))  # llama.cpp's own words
    return {name: value for name, value in found.items() if value is not None}
