"""The model served by Ollama, through LlamaIndex's own class, with every limit made explicit."""

import os
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import ollama
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, ChatResponseGen
from llama_index.llms.ollama import Ollama

from index.errors import ModelError, ModelUnreachableError
from index.settings import GenerationSettings, OllamaSettings

# Servers name no tokenizer. English takes some 4.2 characters a token; names and numbers fewer.
# Three is a bound that a prompt doesn't pass by accident.
CHARACTERS_A_TOKEN = 3


@dataclass(frozen=True, slots=True)
class OllamaServer:
    """A server that answered: where, its version, and the models that lie on it."""

    url: str
    version: str
    models: tuple[str, ...]

    def choose(self, wanted: str | None, preference: tuple[str, ...]) -> str | None:
        """The model to use: the one wanted, else the first preferred one that is there."""
        by_name = {name.removesuffix(":latest"): name for name in self.models}
        for name in (wanted,) if wanted else preference:
            if name.removesuffix(":latest") in by_name:
                return by_name[name.removesuffix(":latest")]
        return None


class OllamaLLM(Ollama):  # type: ignore[misc]
    """LlamaIndex's class with errors of ours, in mid-answer too."""

    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """The whole reply. Raises ModelError."""
        with _model_errors(self.base_url):
            reply: ChatResponse = super().chat(messages, **kwargs)
        return reply

    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        """The reply in pieces. Raises ModelError, also where it ends before it is done."""
        responses = super().stream_chat(messages, **kwargs)

        def pieces() -> ChatResponseGen:
            done = False
            with _model_errors(self.base_url), closing(responses):
                for response in responses:
                    done = bool(response.raw.get("done"))
                    yield response
            if not done:
                raise ModelError(f"Ollama at {self.base_url} broke off in mid-answer. Ask again.")

        return pieces()


def find_server(url: str | None, settings: OllamaSettings) -> OllamaServer:
    """The server at `url`, or at OLLAMA_HOST. Raises ModelUnreachableError where none answers.

    Models that the server would only pass on to a cloud are left out: they would take the
    user's articles off the machine.
    """
    client = _client(url, settings)._client
    address = str(client.base_url).rstrip("/")
    try:
        with client:
            version = client.get("/api/version").raise_for_status().json()["version"]
            # Not client.list(): it leaves out what it doesn't know, `remote_host` among it.
            listed = client.get("/api/tags").raise_for_status().json()["models"]
        local = tuple(model["model"] for model in listed if not model.get("remote_host"))
        return OllamaServer(url=address, version=str(version), models=local)
    except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelUnreachableError(
            f"No Ollama server answers at {address}. Start it with: ollama serve. "
            "Or use the embedded model: --backend embedded"
        ) from error


def open_ollama(
    server: OllamaServer, model: str, settings: OllamaSettings, generation: GenerationSettings
) -> Ollama:
    """LlamaIndex's class for `model` on `server`, with context, limits and seed fixed."""
    timeout = httpx.Timeout(settings.read_seconds, connect=settings.connect_seconds)
    return OllamaLLM(
        model=model,
        base_url=server.url,
        temperature=0.0,
        context_window=settings.context_tokens,
        request_timeout=settings.read_seconds,
        keep_alive=settings.keep_alive,
        thinking=False,
        additional_kwargs={"seed": generation.seed, "num_predict": generation.answer_tokens},
        client=ollama.Client(host=server.url, timeout=timeout),
        async_client=ollama.AsyncClient(host=server.url, timeout=timeout),
    )


def refuse_missing(server: OllamaServer, wanted: str | None) -> ModelError:
    """The error for a server without the model that is wanted, or without any preferred one."""
    there = ", ".join(server.models) or "none"
    if wanted:
        return ModelError(
            f"Ollama at {server.url} has no model {wanted}. Get it with: ollama pull {wanted}. "
            f"Models there: {there}."
        )
    return ModelError(
        f"Ollama at {server.url} has none of the models that Dateline prefers. "
        f"Name one with --model. Models there: {there}."
    )


def count_tokens(text: str) -> int:
    """An upper bound of the tokens of `text`."""
    return -(-len(text.encode()) // CHARACTERS_A_TOKEN)


@contextmanager
def _model_errors(url: str) -> Iterator[None]:
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout, ConnectionError) as error:
        raise ModelUnreachableError(
            f"Ollama at {url} doesn't answer any more. Start it with: ollama serve."
        ) from error
    except (httpx.HTTPError, ollama.ResponseError, ValueError) as error:
        raise ModelError(f"Ollama at {url} failed: {error}") from error


def _client(url: str | None, settings: OllamaSettings) -> ollama.Client:
    return ollama.Client(
        host=url or os.environ.get("OLLAMA_HOST"),
        timeout=httpx.Timeout(settings.connect_seconds, connect=settings.connect_seconds),
    )
