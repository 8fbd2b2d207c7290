"""What a server of the tests sends: recorded replies, and replies of our own.

A recording is a scenario or a conversation as ../shared/ollama/README.md describes them;
`tests/recordings` has some of our own in the same format, for where that folder is absent.
"""

import base64
import json
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any, Literal

RECORDINGS = Path(__file__).parent / "recordings"
ANY = "*"  # a method or path that answers whatever isn't answered otherwise
End = Literal["closed", "kept", "reset", "stall"]


@dataclass(frozen=True)
class Reply:
    """What a request gets: (milliseconds since the request, bytes), and how the connection ends.

    `kept` waits for the next request, `stall` sends nothing more until `Server.released`.
    """

    method: str
    path: str
    pieces: tuple[tuple[int, bytes], ...]
    model: str | None = None  # answers requests that name this model; None answers any
    end: End = "closed"

    def cut(self, pieces: int, end: End = "closed") -> "Reply":
        """The same, but the connection ends after so many pieces."""
        return replace(self, pieces=self.pieces[:pieces], end=end)

    def stretched(self, times: int) -> "Reply":
        """The same with its second piece sent so many times."""
        first, second, *rest = self.pieces
        return replace(self, pieces=(first, *[second] * times, *rest))

    def rechunked(self, size: int) -> "Reply":
        """The same in HTTP chunks of `size` bytes, wherever that cuts lines and characters."""
        head, body = _dechunked(b"".join(data for _, data in self.pieces))
        cuts = (body[start : start + size] for start in range(0, len(body), size))
        chunks = [b"%x\r\n%s\r\n" % (len(cut), cut) for cut in cuts]
        return replace(self, pieces=tuple((0, data) for data in (head, *chunks, b"0\r\n\r\n")))

    def for_any_model(self) -> "Reply":
        """The same, whatever model the request names."""
        return replace(self, model=None)


def make_reply(  # noqa: PLR0913 - what a reply has
    method: str,
    path: str,
    content: Any,
    *,
    status: int = 200,
    content_type: str = "application/json",
    **headers: str,
) -> Reply:
    """A reply of our own. `content` goes as it is where it is text or bytes, else as JSON."""
    if isinstance(content, str):
        content = content.encode()
    elif not isinstance(content, bytes):
        content = json.dumps(content).encode()
    head = {"Content-Type": content_type, "Content-Length": str(len(content)), **headers}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in head.items()]
    start = "\r\n".join([f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *lines])
    return Reply(method, path, ((0, f"{start}\r\nConnection: close\r\n\r\n".encode() + content),))


def load_replies(path: Path) -> list[Reply]:
    """The replies of a recording: one of a scenario, one for each request of a conversation."""
    recorded = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(recorded, dict):
        request = recorded["request"]
        pieces = tuple((piece["ms"], _bytes_of(piece)) for piece in recorded["response"]["raw"])
        return [Reply(request["method"], request["path"], pieces, _model_in(request["body"]))]
    replies: list[Reply] = []
    request = ""
    for each in recorded:
        if each["from"] == "client":
            request += each["text"]
            continue
        if request:
            method, path_asked, _ = request.split(" ", 2)
            _, _, body = request.partition("\r\n\r\n")
            replies.append(Reply(method, path_asked, (), _model_in(body), "kept"))
            request = ""
        if not each.get("text", "").startswith("[Errno"):  # a note of who recorded
            sent = (*replies[-1].pieces, (each["ms"], _bytes_of(each)))
            replies[-1] = replace(replies[-1], pieces=sent)
    return replies


def _bytes_of(piece: dict[str, Any]) -> bytes:
    text: str | None = piece.get("text")
    return base64.b64decode(piece["base64"]) if text is None else text.encode()


def json_or_bytes(body: bytes) -> Any:
    """What a body says; the body itself where it isn't JSON, None where it is empty."""
    try:
        return json.loads(body) if body else None
    except ValueError:
        return body


def _model_in(body: str) -> str | None:
    said = json_or_bytes(body.encode())
    return said.get("model") if isinstance(said, dict) else None


def _dechunked(reply: bytes) -> tuple[bytes, bytes]:
    head, _, rest = reply.partition(b"\r\n\r\n")
    body = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        body, rest = body + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
    return head + b"\r\n\r\n", body
