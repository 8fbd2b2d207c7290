"""The Ollama backend against replies of a real server, replayed over a real socket."""

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import SHARED, WordEmbedder
from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.llms.ollama import Ollama
from recorded import RECORDINGS, Server, serve

from index.errors import ModelError, ModelUnreachableError
from index.settings import GenerationSettings, OllamaSettings, Settings
from qa.desk import Desk
from qa.models.ollama import OllamaServer, count_tokens, find_server, open_ollama, refuse_missing

pytestmark = pytest.mark.sockets
REAL = SHARED / "ollama" / "server"
FAULTS = SHARED / "ollama" / "faults"
NO_REAL = pytest.mark.skipif(not REAL.exists(), reason="the recordings in ../shared are absent")
GOLDEN = Path(__file__).parent / "golden"
ASKED = [
    ChatMessage(role=MessageRole.SYSTEM, content="Answer briefly."),
    ChatMessage(role=MessageRole.USER, content="How many — “212”?"),
]
RIGHT = "The ferry had 212 passengers."
MODEL = "qwen2.5-coder:1.5b"


def own(*names: str) -> list[Path]:
    return [RECORDINGS / f"{name}.json" for name in ("version", "tags", *names)]


def real(*names: str) -> list[Path]:
    return [REAL / f"{name}.json" for name in ("version", "tags", *names)]


def opened(server: Server, **settings: Any) -> Ollama:
    limits = OllamaSettings(connect_seconds=2, **settings)
    return open_ollama(find_server(server.url, limits), MODEL, limits, GenerationSettings())


@pytest.mark.parametrize(
    ("recordings", "models"),
    [
        pytest.param(real(), (MODEL,), marks=NO_REAL, id="real"),
        pytest.param(own(), (MODEL, "near:latest"), id="own"),
    ],
)
def test_finding_a_server(recordings: list[Path], models: tuple[str, ...]) -> None:
    with serve(*recordings) as server:
        found = find_server(server.url, OllamaSettings())
    assert found == OllamaServer(server.url, "0.24.0", models)


def test_the_address_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(*own()) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url.removeprefix("http://"))
        assert find_server(None, OllamaSettings()).url == server.url


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_server_that_says_nothing_is_given_up_after_the_connect_limit(silent: str) -> None:
    with pytest.raises(ModelUnreachableError, match="ollama serve") as raised:
        find_server(silent, OllamaSettings(connect_seconds=0.2))
    assert raised.value.retryable


def test_no_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with pytest.raises(ModelUnreachableError):
        find_server(url, OllamaSettings())


def test_something_else_that_answers_is_no_server() -> None:
    with serve(RECORDINGS / "tags.json") as server, pytest.raises(ModelUnreachableError):
        find_server(server.url, OllamaSettings())


@pytest.mark.parametrize(
    ("recordings", "text", "usage"),
    [
        pytest.param(real("chat-stream"), "212", (141, 4), marks=NO_REAL, id="real"),
        pytest.param(real("chat-non-ascii"), None, None, marks=NO_REAL, id="real-non-ascii"),
        pytest.param(own("chat-answer"), RIGHT, (321, 9), id="own"),
    ],
)
def test_streaming(recordings: list[Path], text: str | None, usage: tuple[int, int] | None) -> None:
    with serve(*recordings) as server:
        pieces = list(opened(server).stream_chat(ASKED))
    written = "".join(piece.delta or "" for piece in pieces)
    assert pieces[-1].message.content == written
    assert pieces[-1].raw["done"]
    if text is None:
        assert not written.isascii()
        assert "\ufffd" not in written
    else:
        counted = pieces[-1].raw["usage"]
        assert written == text
        assert (counted["prompt_tokens"], counted["completion_tokens"]) == usage


@pytest.mark.parametrize(
    ("recordings", "text"),
    [
        pytest.param(real("chat-whole"), "212", marks=NO_REAL, id="real"),
        pytest.param(own("chat-whole"), RIGHT, id="own"),
    ],
)
def test_a_whole_reply(recordings: list[Path], text: str) -> None:
    with serve(*recordings) as server:
        assert opened(server).chat(ASKED).message.content == text


def test_the_request_is_as_agreed() -> None:
    with serve(*own("chat-answer")) as server:
        list(opened(server).stream_chat(ASKED))
    (sent,) = server.bodies("/api/chat")
    assert sent == json.loads((GOLDEN / "ollama-request.json").read_text(encoding="utf-8"))


def test_every_limit_in_the_request_is_a_setting() -> None:
    settings = OllamaSettings(context_tokens=1024, keep_alive="1m")
    generation = GenerationSettings(answer_tokens=33, seed=5)
    with serve(*own("chat-answer")) as server:
        found = find_server(server.url, settings)
        list(open_ollama(found, "near", settings, generation).stream_chat(ASKED))
    (sent,) = server.bodies("/api/chat")
    assert (sent["model"], sent["keep_alive"]) == ("near", "1m")
    assert sent["options"] == {"temperature": 0.0, "num_ctx": 1024, "seed": 5, "num_predict": 33}


@pytest.mark.parametrize(
    ("recording", "words", "message"),
    [
        pytest.param(FAULTS / "runner-killed.json", True, None, marks=NO_REAL, id="runner-killed"),
        pytest.param(FAULTS / "server-killed.json", True, None, marks=NO_REAL, id="server-killed"),
        pytest.param(REAL / "chat-missing-model.json", False, "not found", marks=NO_REAL),
        (RECORDINGS / "chat-error-line.json", True, "unexpected EOF"),
        (RECORDINGS / "chat-broken-off.json", True, None),
        (RECORDINGS / "chat-not-done.json", True, "broke off in mid-answer"),
        (RECORDINGS / "chat-missing-model.json", False, "not found"),
        (RECORDINGS / "chat-garbage.json", False, "failed"),
    ],
)
def test_what_goes_wrong_is_a_model_error(
    recording: Path, words: bool, message: str | None
) -> None:
    written = ""
    with serve(*own(), recording) as server:
        stream = opened(server).stream_chat(ASKED)
        with pytest.raises(ModelError, match=message):
            for piece in stream:
                written += piece.delta or ""
    assert bool(written) is words


def test_a_server_that_went_away_is_unreachable() -> None:
    with serve(*own("chat-answer")) as server:
        llm = opened(server)
    for ask in (lambda: list(llm.stream_chat(ASKED)), lambda: llm.chat(ASKED)):
        with pytest.raises(ModelUnreachableError, match="ollama serve"):
            ask()


def test_closing_the_stream_hangs_up(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    with serve(*own("chat-answer")) as server:
        # Enough pieces to fill what the system buffers once nobody reads.
        key = ("POST", "/api/chat")
        first, *_, last = server.replies[key]
        server.replies[key] = [first, *server.replies[key][1:2] * 200, last]
        server.pause = threading.Event()
        stream = opened(server).stream_chat(ASKED)
        assert next(stream).delta == "The"
        stream.close()
        server.pause.set()
        assert server.gone.wait(30)


@pytest.mark.parametrize(
    ("there", "wanted", "preference", "chosen"),
    [
        (("b", "a"), None, ("a", "b"), "a"),
        (("b",), None, ("a", "b"), "b"),
        (("c",), None, ("a", "b"), None),
        ((), None, ("a",), None),
        (("a", "c"), "c", ("a",), "c"),
        (("a",), "c", ("a",), None),  # what is wanted isn't replaced
        (("c:latest",), "c", (), "c:latest"),
        (("c:latest",), "c:latest", (), "c:latest"),
        (("c",), "c:latest", (), "c"),
        (("c:1b",), "c", (), None),
        (("a:latest",), None, ("a",), "a:latest"),
    ],
)
def test_choosing(
    there: tuple[str, ...], wanted: str | None, preference: tuple[str, ...], chosen: str | None
) -> None:
    assert OllamaServer("http://x", "1", there).choose(wanted, preference) == chosen


def test_a_missing_model_says_how_to_get_it() -> None:
    server = OllamaServer("http://x", "1", ("a", "b"))
    assert "ollama pull c." in str(refuse_missing(server, "c"))
    assert "a, b" in str(refuse_missing(server, None))
    assert "Models there: none." in str(refuse_missing(OllamaServer("http://x", "1", ()), "c"))


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("abc", 1), ("abcd", 2), ("éé", 2)])
def test_tokens_are_bounded_by_bytes(text: str, tokens: int) -> None:
    assert count_tokens(text) == tokens


@pytest.mark.parametrize(
    ("recordings", "status", "text", "finished"),
    [
        pytest.param(real("chat-stream"), "answered", "212 [1]", True, marks=NO_REAL),
        pytest.param(real("chat-refusal"), "abstained", None, True, marks=NO_REAL),
        (own("chat-answer"), "answered", f"{RIGHT} [1]", True),
        (own("chat-refusal"), "abstained", None, True),
        (own("chat-length"), "partial", f"{RIGHT} [1]", False),
        (own("chat-error-line"), "partial", f"{RIGHT} [1]", False),
        (own("chat-broken-off"), "partial", f"{RIGHT} [1]", False),
        (own("chat-not-done"), "partial", f"{RIGHT} [1]", False),
    ],
)
@pytest.mark.parametrize("backend", ["ollama", "auto"])
def test_the_whole_path(  # noqa: PLR0913, PLR0917 - a table's columns
    settings: Settings,
    backend: str,
    recordings: list[Path],
    status: str,
    text: str | None,
    finished: bool,
) -> None:
    with serve(*recordings) as server:
        chosen = settings.model_copy(update={"backend": backend, "url": server.url})
        desk = Desk(chosen, embedder=WordEmbedder())
        desk.refresh()
        answer = desk.ask("How many passengers were on the ferry?")
    assert (answer.status, answer.finished) == (status, finished)
    assert answer.text == (text or "The articles don't say.")
    assert (answer.backend, answer.model) == ("ollama", MODEL)
    if finished:
        assert answer.usage.prompt_tokens > 0
    for citation in answer.citations:
        with Path(citation.article_path).open(encoding="utf-8", newline="") as file:
            assert file.read()[citation.start : citation.end] == citation.quote


def test_an_error_before_the_first_word_reaches_the_asker(
    settings: Settings, make_desk: Callable[..., Desk]
) -> None:
    with serve(*own("chat-missing-model")) as server:
        chosen = settings.model_copy(update={"backend": "ollama", "url": server.url})
        desk = Desk(chosen, embedder=WordEmbedder())
        desk.refresh()
        with pytest.raises(ModelError, match="not found"):
            desk.ask("How many passengers were on the ferry?")
