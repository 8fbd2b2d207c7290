"""What models an Ollama server has, and which of them are loaded."""

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from index.errors import ModelError
from index.sections import OllamaSettings
from qa.models.ollama_server import (
    BARE_TEMPLATE,
    EMBEDDING_FAMILIES,
    ListedModel,
    OllamaServer,
    show_model,
)
from qa.models.server_client import (
    OLLAMA,
    call,
    not_the_server,
    open_client,
    refuse_status,
    server_errors,
)

SHOWN_AT_ONCE = 4
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServedEntry:
    """A model on the server. What isn't known is None; `remote_host` is the cloud that runs it.

    `context_limit` is what it was trained for, `context_tokens` what it is loaded with.
    """

    name: str
    size_bytes: int
    parameters: str
    quantisation: str
    remote_host: str | None
    can_chat: bool
    context_limit: int | None = None
    has_bare_template: bool = False  # it would never see its instructions
    is_loaded: bool = False
    memory_bytes: int | None = None
    context_tokens: int | None = None


def list_served(server: OllamaServer, limits: OllamaSettings) -> tuple[ServedEntry, ...]:
    """What the server has, in its order. Raises ModelError where it doesn't answer any more."""
    loaded = _loaded_models(server, limits)
    with ThreadPoolExecutor(SHOWN_AT_ONCE) as pool:
        return tuple(pool.map(lambda model: _entry(server, model, loaded, limits), server.models))


def _loaded_models(server: OllamaServer, limits: OllamaSettings) -> dict[str, dict[str, Any]]:
    async def look() -> dict[str, dict[str, Any]]:
        async with open_client(server.url, limits) as client:
            response = await client.get("/api/ps")
            await refuse_status(response, OLLAMA, server.url)
        try:
            now = _time_of(response)
            running = response.json()["models"]
            return {each["model"]: each for each in running if not _is_over(each, now)}
        except (KeyError, TypeError) as error:
            raise not_the_server(OLLAMA, server.url) from error

    with server_errors(OLLAMA, server.url, limits):
        return call(look, within_seconds=limits.connect_seconds)


def _time_of(response: httpx.Response) -> datetime:
    """The server's own time, to the second: its clock may not be this machine's."""
    try:
        return parsedate_to_datetime(response.headers["Date"])
    except (KeyError, ValueError):
        return datetime.now(UTC)


def _is_over(running: dict[str, Any], now: datetime) -> bool:
    """Whether a model is being unloaded: it is listed for a moment longer."""
    try:
        return datetime.fromisoformat(running["expires_at"]) < now + timedelta(seconds=1)
    except (KeyError, TypeError, ValueError):
        return False


def _entry(
    server: OllamaServer,
    model: ListedModel,
    loaded: dict[str, dict[str, Any]],
    limits: OllamaSettings,
) -> ServedEntry:
    running = loaded.get(model.name, {})
    entry = ServedEntry(
        name=model.name,
        size_bytes=model.size_bytes,
        parameters=model.parameters,
        quantisation=model.quantisation,
        remote_host=model.remote_host,
        can_chat=model.family not in EMBEDDING_FAMILIES,
        is_loaded=bool(running),
        memory_bytes=running.get("size"),
        context_tokens=running.get("context_length"),
    )
    if model.remote_host:  # its cloud isn't asked
        return entry
    try:
        shown = show_model(server, model.name, limits)
    except ModelError as error:
        log.warning("%s", error)
        return entry
    return replace(
        entry,
        can_chat=entry.can_chat and shown.can_chat,
        remote_host=shown.remote_host,
        context_limit=shown.context_limit,
        has_bare_template=shown.template.strip() == BARE_TEMPLATE,
    )
