"""Finding a server that speaks OpenAI's protocol, its model, and how it is called.

vLLM, SGLang, llama.cpp's server and LM Studio each tell the model's context in a place of their
own, or not at all.
"""

import asyncio
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx

from index.errors import ModelError, ModelUnreachableError
from index.sections import OpenAISettings
from qa.models.server_client import (
    LONGEST_RETRY_SECONDS,
    call,
    open_client,
    redirected,
    refused,
    retry_while_busy,
    server_errors,
    too_long,
)

SERVER = "The server"
NO_KEY = "none"
MOST_LISTED = 20
LLAMA_CPP = "llamacpp"  # who owns the models, as llama.cpp's server says
LLAMA_CPP_TOO_LONG = "available context size"
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # where a server listens isn't where to call it
PROTOCOL_PATH = re.compile(r"(?:/v1(?:/chat/completions|/models)?)?/*\Z")
# OpenAI's client adds headers that tell of this machine, and others from the environment.
SENT_HEADERS = frozenset(
    {"accept", "accept-encoding", "connection", "content-length", "content-type", "host"}
)


@dataclass(frozen=True, slots=True)
class OpenAIModel:
    """A model that a server offers; `context_tokens` is None where the server doesn't tell."""

    name: str
    context_tokens: int | None = None


def address_of(url: str) -> str:
    """Where a server is called, without the protocol's own path. Raises ModelError."""
    text = url.strip()
    try:
        place = httpx.URL(text if "://" in text else f"http://{text}")
    except httpx.InvalidURL:
        place = httpx.URL("")
    if place.scheme not in {"http", "https"} or not place.host:
        raise ModelError("That is no address of a server. Give one like --url http://host:8000")
    if place.userinfo or place.query:
        raise ModelError(
            "The address of a server can't hold a name, a key or a question mark. Give one like "
            "--url http://host:8000, and the key as openai.api_key."
        )
    path = PROTOCOL_PATH.sub("", place.path)
    host = EVERYWHERE.get(place.host, place.host)
    return str(place.copy_with(host=host, path=path or "/", fragment=None)).rstrip("/")


def find_model(url: str, wanted: str | None, limits: OpenAISettings) -> OpenAIModel:
    """The model to use: the one wanted, else the only one that the server offers.

    Looks `connect_seconds` at most; where the server is busy, again for `busy_seconds`. Raises
    ModelError.
    """

    async def look() -> OpenAIModel:
        client = open_openai_client(url, limits)
        async with asyncio.timeout(limits.connect_seconds), client:
            listed = await _get(client, url, "/v1/models")
            try:
                entries = {str(entry["id"]): entry for entry in listed["data"]}
                name = _choose(url, list(entries), wanted)
                return OpenAIModel(name, await _context_of(client, url, name, entries))
            except (AttributeError, KeyError, TypeError) as error:
                raise not_compatible(url) from error

    patience = limits.busy_seconds + LONGEST_RETRY_SECONDS + limits.connect_seconds
    with server_errors(SERVER, url, limits):
        return call(lambda: retry_while_busy(limits)(look), within_seconds=patience)


def _choose(url: str, names: list[str], wanted: str | None) -> str:
    listed = ", ".join(names[:MOST_LISTED]) or "none"
    if len(names) > MOST_LISTED:
        listed += f" and {len(names) - MOST_LISTED} more"
    if wanted in names:
        return str(wanted)
    if wanted:
        raise ModelError(f"{SERVER} at {url} has no model {wanted}. Models there: {listed}.")
    if len(names) != 1:
        raise ModelError(
            f"Say with --model which model of the server at {url} to use. Models there: {listed}."
        )
    return names[0]


async def _context_of(
    client: httpx.AsyncClient, url: str, name: str, entries: Mapping[str, Any]
) -> int | None:
    """The tokens that the server gives a model, as vLLM and SGLang or llama.cpp's server say."""
    entry = entries[name]
    base = entries.get(str(entry.get("parent")), {})  # an adapter has the context of its base
    told = [
        entry.get("max_model_len"),
        base.get("max_model_len"),
        (entry.get("meta") or {}).get("n_ctx"),
    ]
    if not any(told) and entry.get("owned_by") == LLAMA_CPP:
        with suppress(ModelError, ValueError, KeyError, TypeError):
            props = await _get(client, url, "/props", model=name)
            told.append(props["default_generation_settings"]["n_ctx"])
    return next((tokens for tokens in told if isinstance(tokens, int) and tokens > 0), None)


async def _get(client: httpx.AsyncClient, url: str, path: str, **query: str) -> Any:
    response = await client.get(path, params=query)
    if response.status_code != httpx.codes.OK:
        raise refusal_of(url, response.status_code, response.text, response.headers.get("location"))
    return response.json()


def open_openai_client(url: str, settings: OpenAISettings) -> httpx.AsyncClient:
    """A client for one use that adds the key and sends nothing of the environment.

    Raises ModelError for a key that can't be one.
    """
    key = settings.api_key.get_secret_value().strip() if settings.api_key else NO_KEY
    if not (key.isascii() and key.isprintable()):
        raise ModelError("openai.api_key has characters that no key has. Set it again.")

    async def clean(request: httpx.Request) -> None:
        for name in set(request.headers) - SENT_HEADERS:
            del request.headers[name]
        request.headers.update({"user-agent": "dateline", "authorization": f"Bearer {key}"})

    client = open_client(url, settings)
    client.event_hooks = {"request": [clean]}
    return client


def refusal_of(
    url: str, status: int, text: str, location: str | None = None, *, model: str = ""
) -> ModelError:
    """The sentence for a reply whose status isn't 200; `text` is what it said."""
    if location and 300 <= status < 400:
        return redirected(SERVER, url, location)
    if status in {401, 403}:
        return ModelError(
            f"{SERVER} at {url} asks for a key or refuses this one ({status}). Set openai.api_key, "
            "best with the environment variable DATELINE_OPENAI__API_KEY."
        )
    if LLAMA_CPP_TOO_LONG in text:
        return too_long(SERVER, url)
    if status in {404, 405} and not (model and "model" in text.casefold()):
        return not_compatible(url)
    return refused(SERVER, url, status, text, model=model)


def not_compatible(url: str) -> ModelUnreachableError:
    """Something else is there."""
    return ModelUnreachableError(
        f"What answers at {url} doesn't speak OpenAI's protocol. Check the port, or give another "
        "address with --url."
    )
