"""Every reply recorded from a real server, of an endpoint that is called, read as it should be."""

import json
import socket
from http.client import HTTPResponse, IncompleteRead
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from conftest import SHARED
from llama_index.core.base.llms.types import ChatMessage, MessageRole
from recorded import RECORDINGS, load_replies, serve

from index.errors import DatelineError
from index.sections import OllamaSettings, OpenAISettings
from qa.models.ollama import OllamaLLM
from qa.models.ollama_models import list_served
from qa.models.ollama_pull import pull
from qa.models.ollama_server import ListedModel, OllamaServer, find_server, show_model
from qa.models.openai import OpenAICompatibleLLM

pytestmark = pytest.mark.sockets
REAL = SHARED / "ollama"
LIMITS = OllamaSettings(busy_seconds=0)
CHATS = frozenset({"/api/chat", "/v1/chat/completions"})
# What is asked of a server otherwise: its management has tests of its own.
ELSEWHERE = frozenset({"/api/create", "/api/blobs"})
NOT_CALLED = frozenset({
    "/", "/api/copy", "/api/delete", "/api/embed", "/api/generate", "/api/nothing", "/v1/models",
})  # fmt: skip


def scenarios() -> list[Path]:
    folders = [REAL / name for name in ("server", "faults", "pull")]
    return [path for folder in folders for path in sorted(folder.glob("*.json"))]


def path_of(recording: Path) -> str:
    asked: str = json.loads(recording.read_text(encoding="utf-8"))["request"]["path"]
    return "/api/blobs" if asked.startswith("/api/blobs") else asked


def body_of(recording: Path) -> tuple[int, str]:
    """The status of the recorded reply and its body, chunks joined."""
    (reply,) = load_replies(recording)
    raw = b"".join(data for _, data in reply.pieces)
    response = HTTPResponse(cast(socket.socket, SimpleNamespace(makefile=lambda _: BytesIO(raw))))
    response.begin()
    try:
        return response.status, response.read().decode()
    except IncompleteRead as error:
        return response.status, error.partial.decode()


def words_in(path: str, body: str) -> str:
    """What the recorded model wrote, read off without any code of ours that is tested."""
    lines = [line.removeprefix("data: ") for line in body.splitlines()]
    entries = [json.loads(line) for line in lines if line.startswith("{")]
    if path == "/api/chat":
        return "".join((each.get("message") or {}).get("content", "") for each in entries)
    return "".join(c["delta"].get("content", "") for e in entries for c in e.get("choices", ()))


def asked_of(url: str, path: str) -> tuple[str, DatelineError | None]:
    """What a model wrote, and what went wrong after that."""
    facts = {"model_name": "qwen2.5-coder:1.5b", "url": url, "context_tokens": 1024}
    llm: Any = (
        OllamaLLM(**facts, limits=LIMITS)
        if path == "/api/chat"
        else OpenAICompatibleLLM(**facts, limits=OpenAISettings(busy_seconds=0))
    )
    written = ""
    try:
        for piece in llm.stream_chat([ChatMessage(role=MessageRole.USER, content="How many?")]):
            written += piece.delta or ""
    except DatelineError as error:
        return written, error
    return written, None


CHAT_FILES = [path for path in scenarios() if path_of(path) in CHATS]


@pytest.mark.skipif(not REAL.exists(), reason="the recordings in ../shared are absent")
@pytest.mark.parametrize("recording", CHAT_FILES, ids=lambda path: path.stem)
def test_a_chat_is_read_to_the_last_word(recording: Path) -> None:
    path = path_of(recording)
    status, body = body_of(recording)
    (reply,) = load_replies(recording)
    with serve(reply.for_any_model()) as server:
        written, error = asked_of(server.url, path)
    if status != 200:
        assert not written
        assert error is not None
        return
    assert written == words_in(path, body)
    is_whole = '"done":true' in body or "[DONE]" in body
    is_cut = '"prompt_eval_count":1024' in body
    assert (error is None) == (is_whole and not is_cut and bool(written.strip()))


@pytest.mark.skipif(not REAL.exists(), reason="the recordings in ../shared are absent")
def test_no_recording_is_left_out() -> None:
    read = CHATS | {"/api/version", "/api/tags", "/api/show", "/api/ps", "/api/pull"}
    assert {path_of(path) for path in scenarios()} <= read | ELSEWHERE | NOT_CALLED


def others(path: str) -> list[Any]:
    found = [each for each in scenarios() if path_of(each) == path]
    return [pytest.param(each, id=each.stem) for each in found] or [
        pytest.param(None, marks=pytest.mark.skip(reason="the recordings in ../shared are absent"))
    ]


@pytest.mark.parametrize("recording", others("/api/tags"))
def test_lists_of_models(recording: Path) -> None:
    with serve(RECORDINGS / "version.json", recording) as server:
        found = find_server(server.url, LIMITS)
    listed = json.loads(body_of(recording)[1])["models"]
    assert [each.name for each in found.models] == [each["model"] for each in listed]
    assert [each.size_bytes for each in found.models] == [each["size"] for each in listed]


@pytest.mark.parametrize("recording", others("/api/version"))
def test_versions(recording: Path) -> None:
    with serve(recording, RECORDINGS / "tags.json") as server:
        version = find_server(server.url, LIMITS).version
    assert version == json.loads(body_of(recording)[1])["version"]


@pytest.mark.parametrize("recording", others("/api/show"))
def test_what_is_shown_of_a_model(recording: Path) -> None:
    status, body = body_of(recording)
    (reply,) = load_replies(recording)
    with serve(reply.for_any_model()) as server:
        place = OllamaServer(server.url, "0", ())
        if status != 200:
            with pytest.raises(DatelineError, match="has no model"):
                show_model(place, "no-such-model", LIMITS)
            return
        shown = show_model(place, "it", LIMITS)
    told = json.loads(body)
    assert shown.template == told["template"]
    assert shown.can_chat == ("completion" in told["capabilities"])
    family = told["model_info"]["general.architecture"]
    assert shown.context_limit == told["model_info"][f"{family}.context_length"]


@pytest.mark.parametrize("recording", others("/api/ps"))
def test_what_is_loaded(recording: Path) -> None:
    running = json.loads(body_of(recording)[1])["models"]
    name = "qwen2.5-coder:1.5b"
    with serve(recording, RECORDINGS / "show.json") as server:
        place = OllamaServer(server.url, "0", (ListedModel(name),))
        (entry,) = list_served(place, LIMITS)
    if recording.stem == "ps-loaded":
        assert entry.is_loaded
        assert entry.context_tokens == running[0]["context_length"]
    else:  # none, or one whose time is over
        assert not entry.is_loaded


@pytest.mark.parametrize("recording", others("/api/pull"))
def test_pulls(recording: Path) -> None:
    _, body = body_of(recording)
    (reply,) = load_replies(recording)
    lines = [json.loads(line) for line in body.splitlines() if line.startswith("{")]
    told: list[Any] = []
    failed = None
    with serve(reply.for_any_model()) as server:
        try:
            told.extend(pull(server.url, "smollm2:135m", LIMITS))
        except DatelineError as error:
            failed = error
    assert (failed is None) == (lines[-1].get("status") == "success")
    counted = [each["completed"] for each in lines if each.get("completed")]
    assert max((each.completed_bytes or 0 for each in told), default=0) == max(counted, default=0)
