"""How a model server is called over HTTP, and what is said when that goes wrong.

Both kinds of server, Ollama's and OpenAI's, go through here, so that the same mishap has the same
sentence. `server` is the name that the user knows it by.
"""

import asyncio
import json
import ssl
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
import tenacity
from anyio.from_thread import start_blocking_portal

from index.errors import (
    MissingModelError,
    ModelError,
    ModelUnreachableError,
    PromptTooLongError,
    ServerBusyError,
)
from index.sections import ServerSettings
from index.server import is_loopback

Result = TypeVar("Result")
OLLAMA = "Ollama"
HOW_TO_START = {OLLAMA: "Start it with: ollama serve."}
INSTEAD = "Or use the embedded model: --backend embedded."
ELSEWHERE = "If it runs elsewhere, give its address with --url."
CONTAINER = (
    "This program runs in a container, where {host} is the container itself: if the server runs "
    "outside, give its address with --url, with Docker mostly http://host.docker.internal:{port}."
)
CONTAINER_MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))
TOO_LARGE = ("requires more system memory", "out of memory", "unable to allocate", "cudamalloc")
TOO_LONG = (
    "exceeds the context length",
    "available context size",
    "maximum context length",
    "exceed_context_size",
)
SAID_BY_STATUS = {
    400: "refused the request: {said}.",
    401: "asks for a key, or refuses this one ({status}).",
    403: "asks for a key, or refuses this one ({status}).",
    405: "doesn't know this request. Check the port, or give another address with --url.",
    422: "refused the request: {said}.",
}
FIRST_RETRY_SECONDS = 0.25
LONGEST_RETRY_SECONDS = 5
LONGEST_QUOTED = 300  # of a server's own words in a sentence of ours


def open_client(base_url: str, limits: ServerSettings) -> httpx.AsyncClient:
    """A client for one use: no proxy before this machine's own servers, no redirect followed."""
    return httpx.AsyncClient(
        base_url=base_url,
        timeout=httpx.Timeout(
            limits.read_seconds, connect=limits.connect_seconds, pool=limits.connect_seconds
        ),
        verify=_trusted(),
        follow_redirects=False,
        trust_env=not is_loopback(base_url),
    )


def in_container() -> bool:
    """Whether this program runs in a container, as Docker and Podman mark theirs."""
    return any(mark.exists() for mark in CONTAINER_MARKS)


def call(request: Callable[[], Coroutine[Any, Any, Result]], *, within_seconds: float) -> Result:
    """The result of a short exchange, wherever this is called from. Raises TimeoutError."""

    async def limited() -> Result:
        async with asyncio.timeout(within_seconds):
            return await request()

    with start_blocking_portal() as portal:
        return portal.call(limited)


def retry_while_busy(limits: ServerSettings) -> tenacity.AsyncRetrying:
    """Tries again where a server says that it is busy, at growing intervals, not for ever."""
    return tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception_type(ServerBusyError),
        wait=tenacity.wait_exponential(multiplier=FIRST_RETRY_SECONDS, max=LONGEST_RETRY_SECONDS),
        stop=tenacity.stop_after_delay(limits.busy_seconds),
        reraise=True,
    )


@contextmanager
def server_errors(server: str, url: str, limits: ServerSettings) -> Iterator[None]:
    """Turns what goes wrong on the way to a server into a ModelError that says what to do."""
    try:
        yield
    except TimeoutError as error:
        raise unreachable(server, url) from error
    except httpx.HTTPError as error:
        raise transport_error(server, url, error, limits) from error
    except json.JSONDecodeError as error:
        raise ModelError(
            f"{server} at {url} sent something that isn't JSON. Check that this is the right "
            "address, and the server's own log."
        ) from error


def transport_error(
    server: str, url: str, error: httpx.HTTPError, limits: ServerSettings
) -> ModelError:
    """The sentence for a connection that failed, before or in the middle of a reply."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    if cause is not None:
        return ModelUnreachableError(
            f"The connection to {server} at {url} isn't secure: {_quoted(str(cause))}. Give the "
            "server a certificate that this machine trusts, or correct the address."
        )
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return unreachable(server, url)
    if isinstance(error, httpx.ReadTimeout | httpx.WriteTimeout):
        return ModelError(
            f"{server} at {url} has sent nothing for {limits.read_seconds:g} seconds, so the "
            "answer was given up. Ask again; a smaller model answers sooner."
        )
    if isinstance(error, httpx.RemoteProtocolError) and "illegal" in str(error).casefold():
        return not_the_server(server, url)
    if isinstance(error, httpx.UnsupportedProtocol | httpx.InvalidURL):
        return ModelError(f"{url} is no address of a server. Give one like http://127.0.0.1:11434.")
    return broken_off(server, url)


def unreachable(server: str, url: str) -> ModelUnreachableError:
    """No server is there."""
    place, where = urlsplit(url), ELSEWHERE
    if in_container() and is_loopback(url):
        where = CONTAINER.format(host=place.hostname, port=place.port or 80)
    start = HOW_TO_START.get(server, "Start it.")
    return ModelUnreachableError(f"{server} doesn't answer at {url}. {start} {where} {INSTEAD}")


def not_the_server(server: str, url: str) -> ModelUnreachableError:
    """Something else is there."""
    return ModelUnreachableError(
        f"What answers at {url} isn't {server}. Check the port, or give another address with --url."
    )


def broken_off(server: str, url: str, reason: str = "") -> ModelError:
    """The reply ended before it was whole."""
    said = f" ({_quoted(reason)})" if reason else ""
    return ModelError(f"{server} at {url} broke off in mid-answer{said}. Ask again.")


def refused(server: str, url: str, status: int, text: str, *, model: str = "") -> ModelError:
    """The sentence for a reply whose status isn't 200; `text` is what it said."""
    said = said_by(text)
    lowered = said.casefold()
    if any(words in lowered for words in TOO_LONG):
        return too_long(server, url)
    if any(words in lowered for words in TOO_LARGE):
        return ModelError(
            f"{server} at {url} has too little memory for {model or 'this model'} "
            f"({_quoted(said)}). Choose a smaller one with --model, or a smaller context."
        )
    if status == 404:
        is_model = model and "model" in lowered
        return missing_model(server, url, model) if is_model else not_the_server(server, url)
    if status == 503:
        return ServerBusyError(
            f"{server} at {url} is busy and takes no more questions now ({_quoted(said)}). "
            "Ask again in a minute."
        )
    if status == 200:
        return broken_off(server, url, said)
    sentence = SAID_BY_STATUS.get(status, "failed ({status}: {said}). Ask again.")
    return ModelError(f"{server} at {url} {sentence.format(status=status, said=_quoted(said))}")


def redirected(server: str, url: str, location: str) -> ModelError:
    """The server points elsewhere; what the user asks isn't sent where they didn't say."""
    return ModelError(
        f"{server} at {url} redirects to {_quoted(location)}. If that is the right address, give "
        "it with --url."
    )


def missing_model(server: str, url: str, model: str) -> ModelError:
    """The server hasn't that model."""
    if server != OLLAMA:
        return ModelError(f"{server} at {url} has no model {model}.")
    return MissingModelError(
        f"{server} at {url} has no model {model}. Get it with: dateline models pull {model}", model
    )


def too_long(server: str, url: str) -> PromptTooLongError:
    """The prompt doesn't fit the context that the server gives the model."""
    return PromptTooLongError(
        f"The prompt is longer than the context of the model at {url} ({server}). Raise "
        "ollama.context_tokens or lower evidence.budget_tokens."
        if server == OLLAMA
        else f"The prompt is longer than the context of the model at {url} ({server}). Lower "
        "openai.context_tokens to what the server gives it, or evidence.budget_tokens."
    )


async def refuse_status(
    response: httpx.Response, server: str, url: str, *, model: str = ""
) -> None:
    """Raise the sentence for any status but 200. Reads the reply where it raises."""
    if response.is_redirect:
        raise redirected(server, url, response.headers.get("location", "nowhere"))
    if response.status_code != httpx.codes.OK:
        await response.aread()
        raise refused(server, url, response.status_code, response.text, model=model)


def said_by(text: str) -> str:
    """The server's own words in an error: those of `{"error": …}`, or of whatever it sent."""
    try:
        said: Any = json.loads(text)
    except ValueError:
        return text.strip()
    while isinstance(said, dict):
        said = said.get("error", said.get("message", said.get("detail", "")))
    return str(said).strip()


def _quoted(words: str) -> str:
    plain = " ".join(words.split()) or "no reason given"
    return plain if len(plain) <= LONGEST_QUOTED else plain[:LONGEST_QUOTED] + "…"


@lru_cache(maxsize=1)
def _trusted() -> ssl.SSLContext:
    return ssl.create_default_context()
