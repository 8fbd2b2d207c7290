"""The server that replays: what was recorded comes off the socket byte for byte."""

import contextlib
import json
import socket
import ssl
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from conftest import SHARED
from recorded import (
    ANY,
    RECORDINGS,
    Reply,
    Server,
    load_recording,
    load_replies,
    make_reply,
    serve,
)

pytestmark = pytest.mark.sockets
REAL = sorted((SHARED / "ollama").glob("*/*.json"))
OWN = sorted(RECORDINGS.glob("*.json"))


def fetch(
    server: Server, method: str, path: str, model: str | None = None, *, size: int = 10**9
) -> bytes:
    """What a plain socket gets for one request, `size` bytes at most."""
    place = urlsplit(server.url)
    body = json.dumps({"model": model}).encode() if model else b""
    with socket.create_connection((place.hostname, place.port), timeout=30) as connection:
        connection.sendall(
            f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        got = b""
        with contextlib.suppress(ConnectionResetError):
            while len(got) < size and (piece := connection.recv(65536)):
                got += piece
    return got


@pytest.mark.parametrize("recording", [*REAL, *OWN], ids=lambda path: path.stem)
def test_a_recording_is_replayed_byte_for_byte(recording: Path) -> None:
    for reply in load_replies(recording):
        with serve(reply) as server:
            sent = b"".join(data for _, data in reply.pieces)
            got = fetch(server, reply.method, reply.path, reply.model, size=len(sent))
        assert got == sent
        assert got.startswith(b"HTTP/1.1 ")


def test_at_its_own_times() -> None:
    reply = Reply("GET", "/", ((0, b"HTTP/1.1 200 OK\r\n\r\n"), (40, b"a"), (80, b"b")))
    with serve(reply, timed=True) as server:
        assert fetch(server, "GET", "/").endswith(b"ab")


def test_several_replies_come_in_order_and_the_last_repeats() -> None:
    first, last = (make_reply("GET", "/", text) for text in ("first", "last"))
    with serve(first, last) as server:
        got = [fetch(server, "GET", "/").rpartition(b"\r\n")[2] for _ in range(3)]
    assert got == [b"first", b"last", b"last"]


def test_a_model_gets_its_own_reply() -> None:
    one, other = (
        Reply("POST", "/", make_reply("POST", "/", name).pieces, model=name) for name in "ab"
    )
    with serve(one, other) as server:
        got = [fetch(server, "POST", "/", name)[-1:] for name in "abab"]
        unknown = fetch(server, "POST", "/", "c")
    assert got == [b"a", b"b", b"a", b"b"]
    assert unknown.startswith(b"HTTP/1.1 404")
    with serve(one) as server:  # a single reply needn't know the model that is asked
        assert fetch(server, "POST", "/", "c").endswith(b"a")


@pytest.mark.parametrize("end", ["stall", "reset", "closed"])
def test_a_connection_can_end_in_every_way(end: str) -> None:
    (reply,) = load_replies(RECORDINGS / "chat-answer.json")
    short = reply.cut(2, end)  # type: ignore[arg-type]
    with serve(short) as server:
        sent = b"".join(data for _, data in short.pieces)
        assert fetch(server, "POST", reply.path, size=len(sent)) == sent
        assert end != "stall" or server.gone.wait(30)


def test_chunks_may_cut_a_character() -> None:
    text = '{"content": "Zürich – 東京"}\n'.encode()
    whole = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n"
    reply = Reply("GET", "/", ((0, whole % (len(text), text)),)).rechunked(5)
    cut = [data.split(b"\r\n")[1] for _, data in reply.pieces[1:-1]]
    assert b"".join(cut) == text
    assert any(piece.decode(errors="replace") != piece.decode(errors="ignore") for piece in cut)


def test_nobody_vouches_for_its_certificate() -> None:
    with serve(make_reply(ANY, ANY, "x"), tls=True) as server:
        place = urlsplit(server.url)
        trusting = ssl.create_default_context()
        with (
            socket.create_connection((place.hostname, place.port), timeout=30) as connection,
            pytest.raises(ssl.SSLCertVerificationError, match="self-signed"),
        ):
            trusting.wrap_socket(connection, server_hostname=place.hostname)


def test_the_pieces_of_a_recording() -> None:
    (method, path), pieces = load_recording(RECORDINGS / "chat-answer.json")
    assert (method, path) == ("POST", "/api/chat")
    assert pieces[-1] == b"0\r\n\r\n"
