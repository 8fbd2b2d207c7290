"""Getting models onto an Ollama server: pulling one from a library, registering a GGUF file.

Over httpx like every other call to a server, not with the official client: that one follows
redirects, and uploads a file without asking whether the server has it and without saying how far
it is.
"""

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import httpx

from index.errors import DatelineError, FetchError, ModelError, ModelFileError
from index.sections import OllamaSettings
from qa.models.chat_template import ChatTemplate, template_from, template_of
from qa.models.gguf import read_metadata
from qa.models.ollama_server import BARE_TEMPLATE, OllamaServer, address_of, show_model
from qa.models.server_client import (
    OLLAMA,
    not_the_server,
    open_client,
    refuse_status,
    said_by,
    server_errors,
)
from qa.threads import iterate_in_loop

BEAT_SECONDS = 0.5
LOOK_SECONDS = 0.2  # between two reports of an upload
CHUNK_BYTES = 1 << 20
SHORT_DIGEST = 12
NOT_IN_NAMES = re.compile(r"[^a-z0-9._-]+")
LONGEST_NAME = 80
LONGEST_QUOTED = 300  # of the server's own words in a sentence of ours
DONE = "success"
FILE = "model.gguf"  # what the server is told, whatever the file is called here
AGAIN = "Run the same again."
GO_ON = "Run the same again: it goes on where it stopped."
UNREACHABLE = (
    "no such host",
    "dial tcp",
    "connection refused",
    "connection reset",
    "max retries",
    "timeout",
    "unreachable",
    "unexpected eof",
)
# What the server says within its errors, and what is said to the user.
REFUSALS: tuple[tuple[tuple[str, ...], type[DatelineError], str], ...] = (
    (
        ("digest mismatch",),
        FetchError,
        "{name} arrived damaged. Run the same again: it starts over.",
    ),
    (
        ("file does not exist",),
        ModelFileError,
        "There is no model {name} in the library. Check the name, and the tag after the colon.",
    ),
    (
        ("no space left",),
        ModelFileError,
        "The disk of Ollama at {url} is full. Free some space there, then run the same again.",
    ),
    (
        ("newer version",),
        ModelFileError,
        "{name} needs a newer version of Ollama than the one at {url}. Update it first.",
    ),
    (
        UNREACHABLE,
        FetchError,
        "Ollama at {url} can't reach the library for {name} ({said}). Check the network "
        f"connection of its machine. {GO_ON}",
    ),
)


@dataclass(frozen=True, slots=True)
class PullProgress:
    """A step of a pull or an import; `digest` names the layer. A step without bytes has None."""

    status: str
    digest: str = ""
    completed_bytes: int | None = None
    total_bytes: int | None = None


def pull(url: str | None, name: str, limits: OllamaSettings) -> Generator[PullProgress, None, None]:
    """Have the server at `url` (or OLLAMA_HOST) fetch a model; its progress, layer by layer.

    The last step is repeated where nothing is new, so that this can be closed: that cancels, and
    pulling again goes on. Raises ModelFileError, FetchError where trying again helps, ModelError.
    """
    url = address_of(url)
    body: dict[str, Any] = {"model": name, "stream": True}
    if name.startswith("http://"):  # a library of the user's own
        body["insecure"] = True
    return _steps(url, limits, lambda: _told(url, "/api/pull", body, limits), again=GO_ON)


def import_gguf(
    url: str | None,
    path: Path,
    name: str,
    limits: OllamaSettings,
    *,
    template: str | None = None,
) -> Generator[PullProgress, None, None]:
    """Register a GGUF file with the server as `name`, its chat template (or `template`) with it.

    Progress, closing and errors as for `pull`; what the server has already isn't sent again.
    """
    url = address_of(url)
    metadata = read_metadata(path)
    parts = metadata.get("split.count", 1)
    if isinstance(parts, int) and parts > 1:
        raise ModelFileError(
            f"{path} is one of {parts} parts. Join them to one file first, with llama.cpp's "
            "llama-gguf-split --merge."
        )
    chat = template_of(metadata) if template is None else template_from(template, metadata)
    yield from _steps(url, limits, lambda: _registered(url, path, name, chat, limits), again=AGAIN)
    shown = show_model(OllamaServer(url, "", ()), name, limits)
    if shown.template.strip() == BARE_TEMPLATE:
        raise ModelError(
            f"Ollama at {url} has registered {name} without its chat template, so it would never "
            "see its instructions. Update Ollama, then run the same again."
        )


def _steps(
    url: str,
    limits: OllamaSettings,
    open_steps: Callable[[], AsyncGenerator[PullProgress, None]],
    *,
    again: str,
) -> Generator[PullProgress, None, None]:
    last = PullProgress("asking the server")
    begun = False
    with (
        server_errors(OLLAMA, url, limits),
        closing(iterate_in_loop(open_steps, beat_seconds=BEAT_SECONDS)) as steps,
    ):
        try:
            for step in steps:
                begun = begun or step is not None
                last = step or last
                yield last
        except httpx.TransportError as error:
            if not begun:
                raise
            raise FetchError(f"Ollama at {url} broke off before it was done. {again}") from error


async def _told(
    url: str, path: str, body: dict[str, Any], limits: OllamaSettings
) -> AsyncGenerator[PullProgress, None]:
    """What the server tells line by line while it works, up to its success."""
    done = False
    async with (
        open_client(url, limits) as client,
        client.stream("POST", path, json=body) as response,
    ):
        await _refuse_status(response, url, body["model"])
        async for line in response.aiter_lines():
            told = json.loads(line)
            if not isinstance(told, dict):
                raise not_the_server(OLLAMA, url)
            if said := told.get("error"):
                raise _refusal(url, body["model"], str(said))
            done = told.get("status") == DONE
            yield _progress(told)
    if not done:
        raise httpx.RemoteProtocolError("the stream ended too early")


async def _registered(
    url: str, path: Path, name: str, chat: ChatTemplate, limits: OllamaSettings
) -> AsyncGenerator[PullProgress, None]:
    sha256, done, total = hashlib.sha256(), 0, path.stat().st_size
    async for chunk in _chunks(path):
        sha256.update(chunk)
        done += len(chunk)
        yield PullProgress(f"reading {path.name}", "", done, total)
    digest = f"sha256:{sha256.hexdigest()}"
    async for step in _uploaded(url, path, digest, limits):
        yield step
    body = {
        "model": name,
        "files": {FILE: digest},
        "template": chat.text,
        "parameters": {"stop": list(chat.stops)},
        "stream": True,
    }
    async for step in _told(url, "/api/create", body, limits):
        yield step


async def _uploaded(
    url: str, path: Path, digest: str, limits: OllamaSettings
) -> AsyncGenerator[PullProgress, None]:
    """Send the file, unless the server has it."""
    place, sent, total = f"/api/blobs/{digest}", 0, path.stat().st_size

    async def content() -> AsyncIterator[bytes]:
        nonlocal sent
        async for chunk in _chunks(path):
            yield chunk
            sent += len(chunk)

    async with open_client(url, limits) as client:
        if (await client.head(place)).is_success:
            return
        headers = {"Content-Length": str(total)}
        sending = asyncio.ensure_future(client.post(place, content=content(), headers=headers))
        try:
            while not sending.done():
                await asyncio.wait([sending], timeout=LOOK_SECONDS)
                yield PullProgress(f"uploading {path.name}", _short(digest), sent, total)
        finally:
            sending.cancel()
            with anyio.CancelScope(shield=True):  # else its connection would be left open
                await asyncio.wait([sending])
        response = await sending
        if response.status_code != httpx.codes.CREATED:
            await _refuse_status(response, url, path.name)


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk
                await asyncio.sleep(0)  # a moment in which to be cancelled
    except OSError as error:
        raise ModelFileError(f"{path} can't be read: {error.strerror}. Check the disk.") from error


def _progress(told: dict[str, Any]) -> PullProgress:
    total = told.get("total")
    # The server leaves out what is 0.
    completed = told.get("completed", 0) if total is not None else None
    return PullProgress(
        str(told.get("status", "")), _short(str(told.get("digest", ""))), completed, total
    )


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:SHORT_DIGEST]


def _refusal(url: str, name: str, said: str) -> DatelineError:
    said = " ".join(said.split())[:LONGEST_QUOTED]
    lowered = said.casefold()
    for words, kind, sentence in REFUSALS:
        if any(each in lowered for each in words):
            return kind(sentence.format(url=url, name=name, said=said))
    return ModelError(f"Ollama at {url} refused {name}: {said}. Its own log may say more.")


async def _refuse_status(response: httpx.Response, url: str, name: str) -> None:
    if response.is_server_error:
        await response.aread()
        raise _refusal(url, name, said_by(response.text))
    await refuse_status(response, OLLAMA, url)


def name_for(path: Path) -> str:
    """A name for a file's model, of what Ollama allows in one."""
    plain = NOT_IN_NAMES.sub("-", path.stem.lower())[:LONGEST_NAME]
    return plain.strip("-._") or "model"
