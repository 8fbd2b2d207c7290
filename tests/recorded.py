"""A server on 127.0.0.1 that answers with recorded replies, byte for byte.

A recording is a scenario as ../shared/ollama/README.md describes it; `tests/recordings` has a
few of our own in the same format, for where that folder is absent.
"""

import base64
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

RECORDINGS = Path(__file__).parent / "recordings"


@dataclass
class Server:
    """Answers each (method, path) with its recording; keeps the bodies that it was sent."""

    replies: dict[tuple[str, str], list[bytes]]
    url: str = ""
    requests: list[tuple[str, Any]] = field(default_factory=list)
    gone: threading.Event = field(default_factory=threading.Event)  # the client hung up early
    pause: threading.Event | None = None  # waited for before each piece after the first

    def bodies(self, path: str) -> list[Any]:
        """What was sent to `path`, in order."""
        return [body for where, body in self.requests if where == path]

    def answer(self, connection: socket.socket) -> None:
        """Read one request, send its pieces, close."""
        with connection, connection.makefile("rb") as reader:
            method, path, _ = reader.readline().decode().split()
            length = 0
            while line := reader.readline().strip():
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            body = reader.read(length)
            self.requests.append((path, json.loads(body) if body else None))
            missing = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            for number, piece in enumerate(self.replies.get((method, path), [missing])):
                if number and self.pause:
                    self.pause.wait(30)
                try:
                    connection.sendall(piece)
                except OSError:
                    self.gone.set()
                    return


def load_recording(path: Path) -> tuple[tuple[str, str], list[bytes]]:
    """The request a recording answers, as (method, path), and the pieces of its reply."""
    recorded = json.loads(path.read_text(encoding="utf-8"))
    pieces = [
        piece["text"].encode() if "text" in piece else base64.b64decode(piece["base64"])
        for piece in recorded["response"]["raw"]
    ]
    return (recorded["request"]["method"], recorded["request"]["path"]), pieces


@contextmanager
def serve(*recordings: Path) -> Iterator[Server]:
    """A running server that answers with these recordings."""
    server = Server(dict(load_recording(path) for path in recordings))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        server.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        stopped = threading.Event()
        thread = threading.Thread(target=_accept, args=(listener, server, stopped))
        thread.start()
        try:
            yield server
        finally:
            stopped.set()
            thread.join()


def _accept(listener: socket.socket, server: Server, stopped: threading.Event) -> None:
    workers = []
    while not stopped.is_set():
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            continue
        connection.settimeout(30)
        workers.append(threading.Thread(target=server.answer, args=(connection,)))
        workers[-1].start()
    for worker in workers:
        worker.join()
