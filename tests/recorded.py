"""A server on 127.0.0.1 that answers with recorded replies, byte for byte."""

import contextlib
import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import Any

from replies import ANY, RECORDINGS, Reply, json_or_bytes, load_replies, make_reply

__all__ = [
    "ANY",
    "RECORDINGS",
    "Reply",
    "Request",
    "Server",
    "hung_up",
    "load_recording",
    "load_replies",
    "make_reply",
    "read_request",
    "serve",
]

# Made for these tests alone: openssl req -x509 -newkey ec -subj "/CN=Dateline's tests" and so on.
SELF_SIGNED = RECORDINGS / "self-signed.pem"
PATIENCE_SECONDS = 30
LOOK_SECONDS = 0.01


def load_recording(path: Path) -> tuple[tuple[str, str], list[bytes]]:
    """The request a recording answers, as (method, path), and the pieces of its reply."""
    reply = load_replies(path)[0]
    return (reply.method, reply.path), [data for _, data in reply.pieces]


@dataclass(frozen=True)
class Request:
    """What a client sent. `body` is what its JSON says, or its bytes; None where there is none."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Server:
    """Gives each (method, path) its replies in order, the last again and again.

    Where replies name different models, a request gets those of its own model.
    """

    replies: list[Reply]
    timed: bool = False  # pieces are sent at their recorded times
    url: str = ""
    seen: list[Request] = field(default_factory=list)
    gone: threading.Event = field(default_factory=threading.Event)  # the client hung up early
    pause: threading.Event | None = None  # waited for before each piece after the first
    released: threading.Event = field(default_factory=threading.Event)  # stalls end
    stopped: threading.Event = field(default_factory=threading.Event)
    _open: set[socket.socket] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def requests(self) -> list[tuple[str, Any]]:
        """What was asked, as (path, body), in order."""
        return [(request.path, request.body) for request in self.seen]

    def bodies(self, path: str) -> list[Any]:
        """What was sent to `path`, in order."""
        return [body for where, body in self.requests if where == path]

    def answer(self, connection: socket.socket) -> None:
        """Read requests and send what they get, until the connection ends."""
        with self._lock:
            self._open.add(connection)
        with connection, connection.makefile("rb") as reader, contextlib.suppress(OSError):
            while (request := read_request(reader)) is not None:
                arrived = time.monotonic()
                self.seen.append(request)
                reply = self._reply_to(request)
                if not self._send(connection, reply, arrived) or reply.end != "kept":
                    break
        with self._lock:
            self._open.discard(connection)

    def stop(self) -> None:
        """End every connection that is still open."""
        self.stopped.set()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def _reply_to(self, request: Request) -> Reply:
        asked = request.body.get("model") if isinstance(request.body, dict) else None
        with self._lock:
            for wanted in ((request.method, request.path), (ANY, request.path), (ANY, ANY)):
                given = [each for each in self.replies if (each.method, each.path) == wanted]
                if len({each.model for each in given} - {None}) > 1 or any(
                    each.model == asked for each in given
                ):
                    given = [each for each in given if each.model in {asked, None}]
                if given:
                    if len(given) > 1:
                        self.replies.remove(given[0])
                    return given[0]
        return make_reply(request.method, request.path, "", status=404, content_type="text/plain")

    def _send(self, connection: socket.socket, reply: Reply, arrived: float) -> bool:
        """Whether the client took it all."""
        for number, (milliseconds, data) in enumerate(reply.pieces):
            pause = self.pause
            if number and pause and not self._wait(connection, pause.is_set):
                return False
            due = arrived + milliseconds / 1000
            if self.timed and not self._wait(connection, lambda due=due: time.monotonic() >= due):
                return False
            try:
                connection.sendall(data)
            except OSError:
                self.gone.set()
                return False
        if reply.end == "stall":
            return self._wait(connection, self.released.is_set)
        if reply.end == "reset":
            time.sleep(5 * LOOK_SECONDS)  # what was sent is read first
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return True

    def _wait(self, connection: socket.socket, is_over: Callable[[], bool]) -> bool:
        """Whether it is over while the client is still there."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not is_over() and time.monotonic() < deadline:
            if self.stopped.is_set():
                return False
            if hung_up(connection):
                self.gone.set()
                return False
            self.stopped.wait(LOOK_SECONDS)
        return True


@contextmanager
def serve(  # noqa: PLR0913 - where and how it listens
    *recordings: Path | Reply,
    timed: bool = False,
    tls: bool = False,
    host: str = "127.0.0.1",
    port: int = 0,
) -> Iterator[Server]:
    """A running server that answers with these. `tls` gives it a certificate nobody vouches for."""
    replies: list[Reply] = []
    for each in recordings:
        replies += [each] if isinstance(each, Reply) else load_replies(each)
    server = Server(replies, timed=timed)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as listener:
        listener.settimeout(0.05)
        shown = f"[{host}]" if ":" in host else host
        server.url = f"http{'s' * tls}://{shown}:{listener.getsockname()[1]}"
        thread = threading.Thread(
            target=_accept, args=(listener, server, _secure() if tls else None)
        )
        thread.start()
        try:
            yield server
        finally:
            server.stop()
            thread.join()


def read_request(reader: BufferedReader) -> Request | None:
    """The next request of a connection; None where the client has gone."""
    line = reader.readline().decode("latin-1").split()
    if len(line) != 3 or not line[2].startswith("HTTP/"):  # three words may be TLS by chance
        return None
    headers: dict[str, str] = {}
    while header := reader.readline().decode("latin-1").strip():
        name, _, value = header.partition(":")
        headers[name.lower()] = value.strip()
    body = reader.read(int(headers.get("content-length", 0)))
    if headers.get("transfer-encoding") == "chunked":
        while size := int(reader.readline(), 16):
            body += reader.read(size)
            reader.readline()
        reader.readline()
    return Request(line[0], line[1], headers, json_or_bytes(body))


def hung_up(connection: socket.socket) -> bool:
    """Whether the other side has closed. Not to be told under TLS."""
    if isinstance(connection, ssl.SSLSocket):
        return False
    try:
        readable, _, _ = select.select([connection], [], [], 0)
        return bool(readable) and not connection.recv(1, socket.MSG_PEEK)
    except OSError:
        return True


def _accept(listener: socket.socket, server: Server, tls: ssl.SSLContext | None) -> None:
    def work(connection: socket.socket) -> None:
        connection.settimeout(PATIENCE_SECONDS)
        if tls is not None:
            try:
                connection = tls.wrap_socket(connection, server_side=True)
            except OSError:  # the client doesn't like the certificate
                connection.close()
                return
        server.answer(connection)

    workers = []
    while not server.stopped.is_set():
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            continue
        workers.append(threading.Thread(target=work, args=(connection,)))
        workers[-1].start()
    server.stop()  # whoever was accepted meanwhile
    for worker in workers:
        worker.join()


def _secure() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(SELF_SIGNED)
    return context
