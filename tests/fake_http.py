"""How the fake Ollama server talks: which request gets what, as lines or whole."""

import contextlib
import hashlib
import json
import socket
import socketserver
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import chain
from typing import TYPE_CHECKING, Any

from fake_model import BARE_TEMPLATE, FakeModel, Written, log_probabilities, stamp
from recorded import Request, read_request

if TYPE_CHECKING:
    from fake_ollama import FakeOllama

DEFAULT_CONTEXT = 4096
PULLED_AT_ONCE = 1024  # bytes between two lines of progress
LOOK_SECONDS = 0.01
BUSY = "server busy, please try again.  maximum pending requests exceeded"
TOO_LONG = "the input length exceeds the context length"


class FakeServer(socketserver.ThreadingTCPServer):
    """Listens; each connection has a thread and may bring several requests."""

    request_queue_size = 128

    def __init__(self, fake: "FakeOllama") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.fake = fake
        self.clients: list[socket.socket] = []

    def hang_up(self) -> None:
        """End the connections that are still open."""
        for client in self.clients:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)


class _Handler(socketserver.StreamRequestHandler):
    timeout = 60
    server: FakeServer

    def handle(self) -> None:
        self.fake = self.server.fake
        self.server.clients.append(self.request)
        with contextlib.suppress(OSError):
            while (request := read_request(self.rfile)) is not None:  # type: ignore[arg-type]
                self.answer(request)
                if request.headers.get("connection", "").casefold() == "close":
                    return

    def answer(self, request: Request) -> None:
        body = request.body if isinstance(request.body, dict) else {}
        asked = f"{request.method} {request.path}"
        plain: dict[str, Callable[[], None]] = {
            "GET /": lambda: self.send("Ollama is running", kind="text/plain"),
            "GET /api/version": lambda: self.send({"version": "0.24.0"}),
            "GET /api/tags": lambda: self.send({"models": [m.listed for m in self.models()]}),
            "GET /api/ps": lambda: self.send(
                {"models": [m.running for m in self.models() if m.is_loaded]}
            ),
            "GET /v1/models": lambda: self.send(
                {
                    "object": "list",
                    "data": [{"id": m.name, "object": "model"} for m in self.models()],
                }
            ),
            "POST /api/pull": lambda: self.report(body, self.pull(str(body["model"]))),
            "POST /api/create": lambda: self.report(body, self.create(body)),
        }
        if request.path.startswith("/api/blobs/"):
            self.blob(request)
        elif asked in plain and (body or request.method == "GET"):
            plain[asked]()
        else:
            self.answer_of_model(asked, body)

    def answer_of_model(self, asked: str, body: dict[str, Any]) -> None:
        of_model: dict[str, Callable[[FakeModel], None]] = {
            "POST /api/show": lambda model: self.send(model.shown),
            "POST /api/chat": lambda model: self.chat(model, body),
            "POST /v1/chat/completions": lambda model: self.complete(model, body),
            "DELETE /api/delete": self.delete,
        }
        model = self.fake.find(body.get("model"))
        missing = f"model '{body.get('model')}' not found"
        if asked not in of_model:
            self.send("404 page not found", 404, kind="text/plain")
        elif not body:
            self.send({"error": "unexpected EOF"}, 400)
        elif model:
            of_model[asked](model)
        elif "/v1/" in asked:
            self.send({"error": {"message": missing, "type": "not_found_error"}}, 404)
        else:
            self.send({"error": missing}, 404)

    def models(self) -> list[FakeModel]:
        return list(self.fake.models.values())

    # Answering

    def chat(self, model: FakeModel, body: dict[str, Any]) -> None:
        messages, options = body.get("messages"), body.get("options") or {}
        cannot = "thinking" if body.get("think") and "thinking" not in model.capabilities else ""
        cannot = cannot if "completion" in model.capabilities else "chat"
        if cannot or not isinstance(messages, list):
            wrong = f'"{model.name}" does not support {cannot}' if cannot else "cannot unmarshal"
            return self.send({"error": wrong}, 400)
        if self.fake.busy:
            self.fake.busy -= 1
            return self.send({"error": BUSY}, 503)
        if not messages:
            self.fake.load(model, body)
            reason = "load" if model.is_loaded else "unload"
            return self.send(_line(model, "", done=True) | {"done_reason": reason})
        self.fake.asked.append(body)
        with self.fake.slot(self.request):
            self.fake.load(model, body)
            if body.get("truncate") is False and model.prompt_tokens(messages) > model.context:
                return self.send({"error": TOO_LONG}, 400)
            written = self.write(model, messages, options.get("num_predict"))
            lines = self.chat_lines(model, body, written)
            if body.get("stream", True):
                return self.stream(map(json.dumps, lines))
            *pieces, last = lines
            text = "".join(line["message"]["content"] for line in pieces)
            return self.send(last | {"message": {"role": "assistant", "content": text}})

    def chat_lines(
        self, model: FakeModel, body: dict[str, Any], written: Written
    ) -> Iterator[dict[str, Any]]:
        for piece in self.paced(written):
            others = body.get("top_logprobs", 0)
            told = {"logprobs": [log_probabilities(piece, others)]} if body.get("logprobs") else {}
            yield _line(model, piece) | told
        yield _line(model, "", done=True) | written.counts

    def complete(self, model: FakeModel, body: dict[str, Any]) -> None:
        """As /api/chat, in OpenAI's protocol."""
        self.fake.asked.append(body)
        with self.fake.slot(self.request):
            self.fake.load(model, {})
            written = self.write(model, body["messages"], body.get("max_tokens"))
            about = {"id": "chatcmpl-1", "model": model.name, "created": 0}
            usage = {"prompt_tokens": written.prompt_tokens, "completion_tokens": written.tokens}
            if not body.get("stream"):
                said = {"role": "assistant", "content": "".join(self.paced(written))}
                choice = {"index": 0, "message": said, "finish_reason": written.reason}
                self.send(about | {"choices": [choice], "usage": usage})
            else:
                chunks = self.complete_chunks(body, written, usage)
                lines = (f"data: {json.dumps(about | chunk)}\n" for chunk in chunks)
                self.stream(chain(lines, ["data: [DONE]\n"]), "text/event-stream")

    def complete_chunks(
        self, body: dict[str, Any], written: Written, usage: dict[str, int]
    ) -> Iterator[dict[str, Any]]:
        for piece in self.paced(written):
            choice: dict[str, Any] = {"index": 0, "delta": {"content": piece}}
            if body.get("logprobs"):
                told = log_probabilities(piece, body.get("top_logprobs", 0))
                choice["logprobs"] = {"content": [told]}
            yield {"choices": [choice]}
        yield {"choices": [{"index": 0, "delta": {}, "finish_reason": written.reason}]}
        if (body.get("stream_options") or {}).get("include_usage"):
            yield {"choices": [], "usage": usage}

    def write(self, model: FakeModel, messages: list[dict[str, str]], most: Any) -> Written:
        if "cuts" in self.fake.faults:
            messages = [*messages, {"role": "user", "content": "x" * 10 * (model.context or 0)}]
        if "wanders" in self.fake.faults:
            messages = [{"role": "user", "content": "Count."}]
        written = model.reply(messages, most if most and most > 0 else DEFAULT_CONTEXT)
        self.fake.read.append(written.prompt_tokens)
        return written

    def paced(self, written: Written) -> Iterator[str]:
        lumps = "lumps" in self.fake.faults
        for piece in ["".join(written.pieces)] if lumps else written.pieces:
            self.fake.stay(self.request, self.fake.word_seconds)
            while not self.fake.may_write.is_set():
                self.fake.stay(self.request, LOOK_SECONDS)
            yield piece

    # Managing

    def delete(self, model: FakeModel) -> None:
        del self.fake.models[model.name]
        self.send("")

    def pull(self, name: str) -> Iterator[dict[str, Any]]:
        yield {"status": "pulling manifest"}
        total = self.fake.library.get(name)
        if total is None:
            yield {"error": "pull model manifest: file does not exist"}
            return
        digest = hashlib.sha256(name.encode()).hexdigest()
        layer = {"status": f"pulling {digest[:12]}", "digest": f"sha256:{digest}", "total": total}
        here = self.fake.fetched
        while here.setdefault(name, 0) < total:
            yield layer | {"completed": here[name]}
            while not self.fake.may_write.is_set():
                self.fake.stay(self.request, LOOK_SECONDS)
            self.fake.stay(self.request, self.fake.word_seconds)
            here[name] = min(total, here[name] + PULLED_AT_ONCE)
        yield layer | {"completed": total}
        self.fake.models[name] = FakeModel(name, size=total)
        for status in ("verifying sha256 digest", "writing manifest", "success"):
            yield {"status": status}

    def create(self, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
        name = str(body["model"])
        name = name if ":" in name else f"{name}:latest"
        yield {"status": "parsing GGUF"}
        for digest in body["files"].values():
            if digest not in self.fake.blobs:
                yield {"error": f"blob {digest} not found"}
                return
            yield {"status": f"using existing layer {digest}"}
        self.fake.models[name] = FakeModel(name, template=body.get("template", BARE_TEMPLATE))
        for status in ("writing manifest", "success"):
            yield {"status": status}

    def blob(self, request: Request) -> None:
        digest = request.path.removeprefix("/api/blobs/")
        if request.method == "HEAD":
            return self.head(
                200 if digest in self.fake.blobs else 404, "text/plain", "Content-Length: 0"
            )
        data = request.body if isinstance(request.body, bytes) else b""
        if f"sha256:{hashlib.sha256(data).hexdigest()}" != digest:
            return self.send({"error": "digest mismatch"}, 400)
        self.fake.blobs.add(digest)
        return self.send("", 201)

    # Sending

    def report(self, body: dict[str, Any], steps: Iterator[dict[str, Any]]) -> None:
        """What is being done, step by step, or only how it ended."""
        if body.get("stream", True):
            return self.stream(map(json.dumps, steps))
        *_, last = steps
        return self.send(last, 500 if "error" in last else 200)

    def send(self, content: Any, status: int = 200, *, kind: str = "application/json") -> None:
        data = content.encode() if isinstance(content, str) else json.dumps(content).encode()
        self.head(status, kind, f"Content-Length: {len(data)}")
        self.wfile.write(data)

    def stream(self, lines: Iterable[str], kind: str = "application/x-ndjson") -> None:
        self.head(200, kind, "Transfer-Encoding: chunked")
        for line in lines:
            data = f"{line}\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.write(b"0\r\n\r\n")

    def head(self, status: int, kind: str, length: str) -> None:
        now = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
        first = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: {kind}\r\n"
        self.wfile.write(f"{first}Date: {now}\r\n{length}\r\n\r\n".encode())


def _line(model: FakeModel, content: str, *, done: bool = False) -> dict[str, Any]:
    said = {"role": "assistant", "content": content}
    return {"model": model.name, "created_at": stamp(), "message": said, "done": done}
