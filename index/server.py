"""A Chroma server as the place of the store: its address, and what is said when it goes wrong.

Nothing is called but the address that the user gave: no redirect is followed, no proxy stands
before this machine's own servers, and Chroma's telemetry is off.
"""

import contextlib
import hashlib
import json
import os
import re
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

import httpx

from index.errors import StoreError

if TYPE_CHECKING:
    from chromadb.api import ClientAPI

SCHEMES = ("http", "https")
DEFAULT_PORTS = {"http": 8000, "https": 443}  # 8000 is what `chroma run` takes
NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,98}[A-Za-z0-9])?")
NAME_CHARACTERS = 80  # of a folder's name; the digest comes on top
EXAMPLE = "Give one like http://127.0.0.1:8000 or http://127.0.0.1:8000/name."
FIRST_VERSION = 1  # of the server: before it, collections have no configuration
CONNECT_SECONDS = 5
GREETING_SECONDS = 10
READ_SECONDS = 300
LONGEST_QUOTED = 300  # of a server's own words in a sentence of ours
FULL = ("disk is full", "no space left", "quota exceeded")
READ_ONLY = ("readonly", "read-only", "permission denied")
_connecting = threading.Lock()


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a store is: the server's URL without a path, and the store's name there."""

    url: str
    name: str

    def __str__(self) -> str:
        """As the user would give it."""
        return f"{self.url}/{self.name}"


def parse_address(given: str, articles: Path) -> ServerAddress:
    """The address in `--store`; without a name in it, the articles folder gives one.

    Raises StoreError where it can't be used.
    """
    try:
        parts = urlsplit(given.strip())
        port = parts.port
    except ValueError as error:
        raise StoreError(f"{given} is no address of a server ({error}). {EXAMPLE}") from error
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise StoreError(f"{given} is no address of a server. {EXAMPLE}")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise StoreError(f"{_bare(parts)} takes a name after the port and nothing else. {EXAMPLE}")
    name = parts.path.strip("/")
    if name and not NAME.fullmatch(name):
        raise StoreError(
            f"{name} can't be the name of a store on a server. Take at most 100 letters, digits "
            "and hyphens, with a letter or digit first and last."
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    url = f"{parts.scheme}://{host}:{port or DEFAULT_PORTS[parts.scheme]}"
    return ServerAddress(url, name or default_name(articles))


def default_name(articles: Path) -> str:
    """One store for each articles folder, told apart by its resolved path."""
    resolved = articles.resolve()
    digest = hashlib.sha256(str(resolved).encode("utf-8", "surrogateescape")).hexdigest()[:10]
    plain = re.sub(r"[^A-Za-z0-9]+", "-", resolved.name)[:NAME_CHARACTERS].strip("-")
    return f"{plain or 'articles'}-{digest}"


def is_loopback(url: str) -> bool:
    """Whether the address is this machine's own."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def connect(address: ServerAddress) -> "ClientAPI":
    """A client of the server. Raises StoreError where none answers, or something else does."""
    with server_errors(address):
        _greet(address)
        return _open_client(address)


@contextlib.contextmanager
def server_errors(address: ServerAddress) -> Iterator[None]:
    """Turns what goes wrong on the way to the server into a StoreError that says what to do."""
    try:
        yield
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001 - Chroma raises whatever its parts do
        raise server_failure(address, error) from error


def server_failure(address: ServerAddress, error: Exception) -> StoreError:
    """The sentence for what Chroma's client raised."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLError):
            return StoreError(
                f"The connection to the Chroma server at {address.url} isn't secure: "
                f"{_quoted(str(cause))}. Give the server a certificate that this machine trusts, "
                "or correct the address after --store."
            )
    for cause in causes:
        if isinstance(cause, httpx.TransportError | httpx.InvalidURL):
            return _transport_failure(address, cause)
    return _reported_failure(address, str(error))


def damaged(address: ServerAddress, what: str) -> StoreError:
    """The error to raise where what is on the server can't be used."""
    return StoreError(
        f"The store {address} is damaged: {what}. Give it another name after --store, like "
        f"{address.url}/{address.name}-2, and run: dateline index. The articles are read anew."
    )


def _greet(address: ServerAddress) -> None:
    """Make sure that a Chroma server of a version that will do is there."""
    with httpx.Client(
        base_url=address.url,
        timeout=httpx.Timeout(GREETING_SECONDS, connect=CONNECT_SECONDS),
        trust_env=not is_loopback(address.url),
    ) as client:
        reply = client.get("/api/v2/heartbeat")
        if reply.is_redirect:
            raise _redirected(address, reply.headers.get("location", "nowhere"))
        if reply.status_code in (401, 403):
            raise StoreError(
                f"The server at {address.url} asks for a key ({reply.status_code}), which this "
                "version can't give. Use a server that is open to this machine."
            )
        if not _is_heartbeat(reply):
            is_old = _is_heartbeat(client.get("/api/v1/heartbeat"))
            raise _too_old(address) if is_old else _not_chroma(address)
        version = str(client.get("/api/v2/version").json())
    if int(version.split(".", maxsplit=1)[0]) < FIRST_VERSION:
        raise _too_old(address, version)


def _is_heartbeat(reply: httpx.Response) -> bool:
    try:
        said = reply.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        return False
    return isinstance(said, dict) and "nanosecond heartbeat" in said


def _open_client(address: ServerAddress) -> "ClientAPI":
    import chromadb  # noqa: PLC0415 - a second of import, for those who open a store
    from chromadb.config import Settings  # noqa: PLC0415

    parts = urlsplit(address.url)
    host = parts.hostname or ""
    with _connecting, _without_proxy(host) if is_loopback(address.url) else _as_it_is():
        client = chromadb.HttpClient(
            host=f"[{host}]" if ":" in host else host,
            port=parts.port or DEFAULT_PORTS[parts.scheme],
            ssl=parts.scheme == "https",
            settings=Settings(anonymized_telemetry=False),
        )
    made: Any = client
    # Chroma's client waits for ever, and keeps open what it asked for the database with; it has
    # no settings for either.
    made._server._session.timeout = httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
    made._admin_client._server._session.close()
    return client


@contextlib.contextmanager
def _without_proxy(host: str) -> Iterator[None]:
    """No proxy for `host` while a client is made: it reads the environment only then."""
    names = ("no_proxy", "NO_PROXY")
    before = {name: os.environ.get(name) for name in names}
    hosts = ",".join([host, *filter(None, before.values())])
    os.environ.update(dict.fromkeys(names, hosts))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _as_it_is() -> "contextlib.AbstractContextManager[None]":
    return contextlib.nullcontext()


def _transport_failure(
    address: ServerAddress, error: httpx.TransportError | httpx.InvalidURL
) -> StoreError:
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        port = urlsplit(address.url).port
        return StoreError(
            f"No Chroma server answers at {address.url}. Start it with: chroma run --path FOLDER "
            f"--port {port}. If it runs elsewhere, correct the address after --store; without "
            "--store the index is kept in a folder."
        )
    if isinstance(error, httpx.TimeoutException):
        return StoreError(
            f"The Chroma server at {address.url} takes too long to answer. Look at its log, and "
            "run the command again when it is well. What was finished stays."
        )
    if isinstance(error, httpx.RemoteProtocolError) and "illegal" in str(error).casefold():
        return _not_chroma(address)
    if isinstance(error, httpx.UnsupportedProtocol | httpx.InvalidURL):
        return StoreError(f"{address.url} is no address of a server. {EXAMPLE}")
    return StoreError(
        f"The connection to the Chroma server at {address.url} broke off. Look at its log, and run "
        "the command again when it is well. What was finished stays."
    )


def _reported_failure(address: ServerAddress, said: str) -> StoreError:
    lowered = said.casefold()
    if any(words in lowered for words in FULL):
        return StoreError(
            f"The Chroma server at {address.url} has no room left. Make room on its disk and run "
            "the command again. What was finished stays."
        )
    if any(words in lowered for words in READ_ONLY):
        return StoreError(
            f"The Chroma server at {address.url} can't write to its folder ({_quoted(said)}). Give "
            "it the right to, and run the command again. What was finished stays."
        )
    return StoreError(
        f"The Chroma server at {address.url} refused a request for the store {address.name} "
        f"({_quoted(said)}). Look at its log. If trying again doesn't help, take another name "
        "after --store and run: dateline index."
    )


def _redirected(address: ServerAddress, location: str) -> StoreError:
    return StoreError(
        f"The server at {address.url} redirects to {_quoted(location)}. If that is the right "
        "address, give it with --store."
    )


def _not_chroma(address: ServerAddress) -> StoreError:
    return StoreError(
        f"What answers at {address.url} isn't a Chroma server. Check the port, or correct the "
        "address after --store."
    )


def _too_old(address: ServerAddress, version: str = "") -> StoreError:
    found = f"of version {version}" if version else "older than version 1"
    return StoreError(
        f"The Chroma server at {address.url} is {found}; version {FIRST_VERSION} or later is "
        "needed. Renew it with: pip install --upgrade chromadb"
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _quoted(words: str) -> str:
    plain = " ".join(words.split()) or "no reason given"
    return plain if len(plain) <= LONGEST_QUOTED else plain[:LONGEST_QUOTED] + "…"


def _bare(parts: SplitResult) -> str:
    """The address without what may be a password."""
    return f"{parts.scheme}://{parts.hostname}"
