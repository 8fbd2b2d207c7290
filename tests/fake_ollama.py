"""A small server that behaves as Ollama 0.24 does, as far as the recordings teach.

What its models write is a function of the messages. It notes what a test wants to know: what it
was asked, hang-ups, reloads, how many were answered at once.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from fake_http import DEFAULT_CONTEXT, LOOK_SECONDS, FakeServer
from fake_model import BARE_TEMPLATE, REFUSAL, FakeModel, copy_nearest, count_tokens, seconds_of
from recorded import hung_up

__all__ = [
    "BARE_TEMPLATE",
    "REFUSAL",
    "FakeModel",
    "FakeOllama",
    "copy_nearest",
    "count_tokens",
    "fake_ollama",
]


@dataclass
class FakeOllama:
    """The server's state, to be set and read by a test.

    Faults: it `cuts` every prompt, is `deaf` to hang-ups (what was asked is never done with),
    `shrinks` the context it is told, `forgets` to keep a model, `wanders` off in what it writes,
    `lumps` it together.
    """

    models: dict[str, FakeModel]
    faults: frozenset[str] = frozenset()
    parallel: int = 1  # OLLAMA_NUM_PARALLEL
    busy: int = 0  # so many chats get 503
    word_seconds: float = 0.001
    library: dict[str, int] = field(default_factory=dict)  # what can be pulled, and its bytes
    fetched: dict[str, int] = field(default_factory=dict)  # bytes of it that are here
    blobs: set[str] = field(default_factory=set)  # digests
    url: str = ""
    may_read: threading.Event = field(default_factory=threading.Event)  # cleared: prompts wait
    may_write: threading.Event = field(default_factory=threading.Event)  # cleared: words wait
    asked: list[dict[str, Any]] = field(default_factory=list)  # chats with messages, as sent
    read: list[int] = field(default_factory=list)  # tokens of prompts that were read
    hang_ups: int = 0
    reloads: int = 0
    most_at_once: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    line: list[object] = field(default_factory=list)  # who is answered, then who waits

    def find(self, name: Any) -> FakeModel | None:
        """The model of that name, with or without `:latest`."""
        return self.models.get(name) or self.models.get(f"{name}:latest")

    @contextmanager
    def slot(self, client: socket.socket) -> Iterator[None]:
        """Wait in line for the model and until it has read."""
        ticket = object()
        with self.lock:
            self.line.append(ticket)
        try:
            while ticket not in self.line[: self.parallel]:
                self.stay(client, LOOK_SECONDS)
            self.most_at_once = max(self.most_at_once, min(len(self.line), self.parallel))
            while not self.may_read.is_set():
                self.stay(client, LOOK_SECONDS)
            yield
        finally:
            with self.lock:
                self.line.remove(ticket)

    def stay(self, client: socket.socket, seconds: float) -> None:
        """Wait so long. Raises ConnectionAbortedError where the client hangs up."""
        if not self.stopped.wait(seconds) and hung_up(client):
            self.hang_ups += 1
            if "deaf" in self.faults:
                self.stopped.wait()
            raise ConnectionAbortedError
        if self.stopped.is_set():
            raise ConnectionAbortedError

    def load(self, model: FakeModel, body: dict[str, Any]) -> None:
        """Bring a model into memory as a request wants it."""
        context = (body.get("options") or {}).get("num_ctx") or DEFAULT_CONTEXT
        context = context // 2 if "shrinks" in self.faults else context
        seconds = 60 if "forgets" in self.faults else seconds_of(body.get("keep_alive"))
        self.reloads += model.load(context, seconds)


@contextmanager
def fake_ollama(*models: FakeModel, **state: Any) -> Iterator[FakeOllama]:
    """A running server on 127.0.0.1 with these models; without any, with one that copies."""
    fake = FakeOllama({model.name: model for model in models or (FakeModel(),)}, **state)
    fake.may_read.set()
    fake.may_write.set()
    with FakeServer(fake) as server:
        fake.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(LOOK_SECONDS,))
        thread.start()
        try:
            yield fake
        finally:
            fake.stopped.set()
            server.shutdown()
            thread.join()
            server.hang_up()
