"""Finding an Ollama server, and which of its models may answer.

A model that the server only passes on to a cloud is never taken by itself: questions and passages
of the user's articles would leave the machine.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import ollama

from index.errors import MissingModelError, ModelError
from index.sections import OllamaSettings
from qa.models.server_client import (
    OLLAMA,
    call,
    missing_model,
    not_the_server,
    open_client,
    refuse_status,
    server_errors,
)

BARE_TEMPLATE = "{{ .Prompt }}"
# Families of models that only embed, for servers too old to tell what a model can do.
EMBEDDING_FAMILIES = frozenset({"bert", "nomic-bert", "nomic-bert-moe", "xlm-roberta"})
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # where a server listens isn't where to call it


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model as the server lists it. `remote_host` is the cloud that it would be passed on to."""

    name: str
    size_bytes: int = 0
    parameters: str = ""
    quantisation: str = ""
    family: str = ""
    remote_host: str | None = None
    digest: str = ""


@dataclass(frozen=True, slots=True)
class OllamaServer:
    """A server that answered: where, its version, and the models that it lists."""

    url: str
    version: str
    models: tuple[ListedModel, ...]

    def find(self, name: str) -> ListedModel | None:
        """The model of that name, with or without `:latest`."""
        return next((each for each in self.models if _plain(each.name) == _plain(name)), None)

    def choose(self, wanted: str | None, preference: Sequence[str]) -> ListedModel | None:
        """The model to use: the one wanted, else the first preferred one that is there.

        Only a wanted one may be a cloud's.
        """
        if wanted:
            return self.find(wanted)
        local = [each for each in self.models if not each.remote_host]
        for name in map(_plain, preference):
            for model in local:
                # The same model is also listed by its quantisation: qwen2.5:3b-instruct-q8_0.
                if _plain(model.name) == name or model.name.startswith(f"{name}-instruct"):
                    return model
        return None


@dataclass(frozen=True, slots=True)
class ShownModel:
    """What the server shows of a model. `context_limit` is what it was trained for, in tokens."""

    template: str
    can_chat: bool
    remote_host: str | None
    context_limit: int | None
    cache_bytes_a_token: int | None


def address_of(url: str | None) -> str:
    """Where a server is called: `url`, else OLLAMA_HOST, in any form that Ollama takes."""
    with ollama.Client(host=url or os.environ.get("OLLAMA_HOST")) as client:
        parts = urlsplit(str(client._client.base_url).rstrip("/"))
    host = EVERYWHERE.get(parts.hostname or "", parts.hostname or "")
    host = f"[{host}]" if ":" in host else host
    return urlunsplit(parts._replace(netloc=f"{host}:{parts.port}" if parts.port else host))


def find_server(url: str | None, limits: OllamaSettings) -> OllamaServer:
    """The server at `url`, or at OLLAMA_HOST; looks `connect_seconds` at most.

    Raises ModelUnreachableError where none answers, ModelError where it can't be used.
    """
    address = address_of(url)

    async def look() -> OllamaServer:
        async with open_client(address, limits) as client:
            try:
                version = await _get(client, address, "/api/version")
            except httpx.RemoteProtocolError as error:  # it speaks something else
                raise not_the_server(OLLAMA, address) from error
            # Not the official client's list(): it leaves out `remote_host`.
            listed = await _get(client, address, "/api/tags")
        try:
            models = tuple(_listed(entry) for entry in listed["models"])
            return OllamaServer(address, str(version["version"]), models)
        except (KeyError, TypeError, AttributeError) as error:
            raise not_the_server(OLLAMA, address) from error

    with server_errors(OLLAMA, address, limits):
        return call(look, within_seconds=limits.connect_seconds)


def show_model(server: OllamaServer, name: str, limits: OllamaSettings) -> ShownModel:
    """What the server shows of a model. Raises ModelError."""

    async def look() -> ShownModel:
        async with open_client(server.url, limits) as client:
            response = await client.post("/api/show", json={"model": name})
            await refuse_status(response, OLLAMA, server.url, model=name)
            return _shown(response.json())

    with server_errors(OLLAMA, server.url, limits):
        return call(look, within_seconds=limits.connect_seconds)


def usable_model(server: OllamaServer, settings: OllamaSettings, wanted: str | None) -> ListedModel:
    """The model to use on `server`. Raises ModelError that says how to get one."""
    model = server.choose(wanted, settings.preference)
    if model is not None:
        return model
    if wanted:
        raise missing_model(OLLAMA, server.url, wanted)
    there = ", ".join(each.name for each in server.models) or "none"
    first = next(iter(settings.preference), "qwen2.5:3b")
    raise MissingModelError(
        f"Ollama at {server.url} has none of the models that Dateline prefers. "
        f"Get one with: dateline models pull {first}. "
        f"Or name one of those there with --model: {there}.",
        first,
    )


def refuse_unfit(
    server: OllamaServer, model: ListedModel, shown: ShownModel, settings: OllamaSettings
) -> None:
    """Raise ModelError for a model that can't chat, loses its instructions or is in a cloud."""
    cloud = model.remote_host or shown.remote_host
    if cloud and not settings.allow_cloud:
        raise ModelError(
            f"{model.name} doesn't run on {server.url}: it is passed on to {cloud}. Your questions "
            "and passages of your articles would leave this machine. If you agree to that, set "
            "ollama.allow_cloud to true; else name another model with --model."
        )
    if not shown.can_chat or model.family in EMBEDDING_FAMILIES:
        raise ModelError(
            f"{model.name} only makes embeddings and can't answer. Name another with --model."
        )
    if shown.template.strip() == BARE_TEMPLATE:
        raise ModelError(
            f"{model.name} was registered with Ollama without its chat template, so it would "
            "never see its instructions. Register its file again with: dateline models import "
            "FILE.gguf"
        )


async def _get(client: httpx.AsyncClient, address: str, path: str) -> Any:
    response = await client.get(path)
    await refuse_status(response, OLLAMA, address)
    try:
        return response.json()
    except ValueError as error:
        raise not_the_server(OLLAMA, address) from error


def _listed(entry: dict[str, Any]) -> ListedModel:
    details = entry.get("details") or {}
    return ListedModel(
        name=str(entry["model"]),
        size_bytes=int(entry.get("size") or 0),
        parameters=str(details.get("parameter_size") or ""),
        quantisation=str(details.get("quantization_level") or ""),
        family=str(details.get("family") or ""),
        remote_host=entry.get("remote_host") or None,
        digest=str(entry.get("digest") or "")[:12],
    )


def _shown(reply: dict[str, Any]) -> ShownModel:
    facts = reply.get("model_info") or {}
    family = facts.get("general.architecture", "")
    capabilities = reply.get("capabilities")

    def fact(name: str) -> int | None:
        value = facts.get(f"{family}.{name}")
        return value if isinstance(value, int) else None

    layers, heads, width = (
        fact("block_count"),
        fact("attention.head_count"),
        fact("embedding_length"),
    )
    pairs = fact("attention.head_count_kv") or heads
    cache = None
    if layers and heads and width and pairs:
        size = fact("attention.key_length") or width // heads
        cache = layers * pairs * size * 2 * 2  # keys and values, two bytes each
    return ShownModel(
        template=str(reply.get("template") or ""),
        can_chat=capabilities is None or "completion" in capabilities,
        remote_host=reply.get("remote_host") or None,
        context_limit=fact("context_length"),
        cache_bytes_a_token=cache,
    )


def _plain(name: str) -> str:
    return name.removesuffix(":latest")
