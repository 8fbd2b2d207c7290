"""A Chroma server's address, and what is said when something else is there, or nothing."""

import contextlib
import os
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from chroma_server import free_port, opened, running_server

from index.errors import StoreError
from index.server import (
    ServerAddress,
    connect,
    default_name,
    is_loopback,
    parse_address,
    server_failure,
)

ADDRESS = ServerAddress("http://127.0.0.1:8000", "news")


@pytest.mark.parametrize(
    ("given", "url", "name"),
    [
        ("http://host:8000", "http://host:8000", None),
        ("http://host:8000/", "http://host:8000", None),
        ("http://host:8000/news", "http://host:8000", "news"),
        ("http://host:8000/news-2/", "http://host:8000", "news-2"),
        (" http://host/n ", "http://host:8000", "n"),
        ("https://chroma.example", "https://chroma.example:443", None),
        ("HTTP://Host:1", "http://host:1", None),
        ("http://[::1]:8000/a", "http://[::1]:8000", "a"),
    ],
)
def test_addresses(given: str, url: str, name: str | None, tmp_path: Path) -> None:
    assert parse_address(given, tmp_path) == ServerAddress(url, name or default_name(tmp_path))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("http://", "is no address of a server.*like http://127.0.0.1:8000"),
        ("ftp://host", "is no address of a server"),
        ("http://host:port", "is no address of a server"),
        ("http://host:99999", "is no address of a server"),
        ("http://[::1", "is no address of a server"),
        ("http://user:secret@host", "^http://host takes a name.*nothing else"),
        ("http://host/a?b=c", "takes a name.*nothing else"),
        ("http://host/a#b", "takes a name.*nothing else"),
        ("http://host/a/b", "a/b can't be the name.*letters, digits and hyphens"),
        ("http://host/-a", "can't be the name"),
        ("http://host/a.b", "can't be the name"),
        ("http://host/a%20b", "can't be the name"),
        ("http://host/" + "a" * 101, "can't be the name"),
    ],
)
def test_what_is_no_address(given: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=said):
        parse_address(given, tmp_path)


@pytest.mark.parametrize("name", ["news", "My news ⛴️", "-", "x" * 200, os.fsdecode(b"caf\xe9")])
def test_each_folder_has_a_name_that_will_do(name: str, tmp_path: Path) -> None:
    names = [default_name(tmp_path / parent / name) for parent in ("a", "b")]
    assert len(set(names)) == 2
    for each in names:
        assert parse_address(f"http://host/{each}", tmp_path).name == each


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://localhost:8000", True),
        ("http://chroma.localhost", True),
        ("http://127.0.0.2:1", True),
        ("http://[::1]:8000", True),
        ("http://192.168.0.7:8000", False),
        ("http://localhost.example.org", False),
        ("http://", False),
    ],
)
def test_loopback(url: str, expected: bool) -> None:
    assert is_loopback(url) is expected


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (httpx.ConnectError("refused"), "No Chroma server answers at.*chroma run --path FOLDER"),
        (httpx.ConnectTimeout("slow"), "No Chroma server answers"),
        (httpx.ReadTimeout("slow"), "takes too long"),
        (httpx.RemoteProtocolError("illegal status line"), "isn't a Chroma server"),
        (httpx.RemoteProtocolError("disconnected"), "broke off"),
        (httpx.ReadError("reset"), "broke off.*What was finished stays"),
        (RuntimeError("(code: 13) database or disk is full"), "no room left.*Make room"),
        (RuntimeError("attempt to write a readonly database"), "can't write to its folder"),
        (RuntimeError("Payload too large"), "refused a request.*Payload too large.*another name"),
        (ValueError(""), "no reason given"),
        (RuntimeError("x" * 1000), "x{300}…"),
    ],
)
def test_errors_of_a_server_are_told_apart(error: Exception, said: str) -> None:
    with pytest.raises(StoreError, match=said):
        raise server_failure(ADDRESS, error)


def test_what_lies_behind_an_error_is_found() -> None:
    def certificate() -> None:
        try:
            raise ssl.SSLCertVerificationError(1, "self-signed certificate")
        except ssl.SSLError as error:
            raise httpx.ConnectError("failed") from error

    def wrapped() -> None:
        try:
            raise httpx.ConnectError("refused")
        except httpx.ConnectError:
            raise ValueError("Could not connect")  # noqa: B904 - as Chroma does

    for failing, said in ((certificate, "self-signed"), (wrapped, "No Chroma")):
        with pytest.raises(Exception) as raised:  # noqa: PT011
            failing()
        assert said in str(server_failure(ADDRESS, raised.value))


# What answers


@contextlib.contextmanager
def answering(replies: dict[str, tuple[int, str]]) -> Iterator[ServerAddress]:
    """A server that gives each path its status and text, and 404 to the rest."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, text = replies.get(self.path, (404, "Not found"))
            self.send_response(status)
            self.send_header("Content-Length", str(len(text.encode())))
            self.send_header("Location", "https://elsewhere.example/")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *args: Any) -> None:
            """Nothing is printed."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield ServerAddress(f"http://127.0.0.1:{listening.server_port}", "news")
        finally:
            listening.shutdown()
            thread.join()


HEARTBEAT = '{"nanosecond heartbeat": 1732300000000000000}'


@pytest.mark.sockets
@pytest.mark.parametrize(
    ("replies", "said"),
    [
        ({}, "isn't a Chroma server. Check the port"),
        ({"/api/v2/heartbeat": (200, "<html>Welcome</html>")}, "isn't a Chroma server"),
        ({"/api/v2/heartbeat": (200, "[1]")}, "isn't a Chroma server"),
        ({"/api/v2/heartbeat": (302, "")}, "redirects to https://elsewhere.example/"),
        ({"/api/v2/heartbeat": (401, "")}, "asks for a key"),
        ({"/api/v1/heartbeat": (200, HEARTBEAT)}, "older than version 1.*pip install --upgrade"),
        (
            {"/api/v2/heartbeat": (200, HEARTBEAT), "/api/v2/version": (200, '"0.6.3"')},
            "is of version 0.6.3; version 1 or later.*pip install --upgrade",
        ),
        (
            {"/api/v2/heartbeat": (200, HEARTBEAT), "/api/v2/version": (200, '"soon"')},
            "refused a request",
        ),
        (
            {"/api/v2/heartbeat": (200, HEARTBEAT), "/api/v2/version": (200, '"1.0.0"')},
            "refused a request",
        ),
    ],
)
def test_something_else_is_there(replies: dict[str, tuple[int, str]], said: str) -> None:
    with answering(replies) as address, pytest.raises(StoreError, match=said):
        connect(address)


@pytest.mark.sockets
def test_nobody_is_there() -> None:
    address = ServerAddress(f"http://127.0.0.1:{free_port()}", "news")
    with pytest.raises(
        StoreError, match=f"No Chroma server answers.*{address.url.rsplit(':')[-1]}"
    ):
        connect(address)


@pytest.mark.sockets
def test_no_proxy_stands_before_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("NO_PROXY", "example.org")
    with running_server(tmp_path) as url, opened(url, "news") as server:
        assert server.now_ns() > 0
        client: Any = server.client()
        assert not client.get_settings().anonymized_telemetry
    assert os.environ["NO_PROXY"] == "example.org"
    assert "no_proxy" not in os.environ
