"""What goes wrong with an Ollama server: each mishap has a sentence that says what to do.

Each is a recording or a real socket, and after each the next question on the same desk works.
"""

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from conftest import SHARED, WordEmbedder
from recorded import ANY, RECORDINGS, Reply, Server, load_replies, make_reply, serve

from index.errors import (
    ModelError,
    ModelUnreachableError,
    PromptTooLongError,
    ServerBusyError,
)
from index.sections import EvidenceSettings, OllamaSettings
from index.settings import Settings
from qa.answer import Answer, Extract
from qa.desk import Desk
from qa.models.ollama_server import find_server

pytestmark = pytest.mark.sockets
REAL = SHARED / "ollama" / "server"
FAULTS = SHARED / "ollama" / "faults"
NO_REAL = pytest.mark.skipif(not REAL.exists(), reason="the recordings in ../shared are absent")
QUESTION = "How many passengers were on the ferry?"
RIGHT = "The ferry had 212 passengers. [1]"
HTML = "<!doctype html><title>404</title><h1>Not here</h1>"
SOON = 1.5  # seconds; what a test waits for something that never comes
MakeDesk = Callable[..., Desk]


def own(name: str) -> Reply:
    (reply,) = load_replies(RECORDINGS / f"{name}.json")
    return reply


def real(path: Path) -> Reply | None:
    return load_replies(path)[0] if path.exists() else None


WELL = tuple(RECORDINGS / f"{name}.json" for name in ("version", "tags", "show", "ps-empty"))
ANSWER = own("chat-answer")


def at_chat(**how: Any) -> Reply:
    return make_reply("POST", "/api/chat", **how)


@pytest.fixture(autouse=True)
def _no_container(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the tests run."""
    monkeypatch.setattr("qa.models.server_client.in_container", lambda: False)


@pytest.fixture
def make_ollama_desk(settings: Settings) -> MakeDesk:
    """Makes a synced desk that asks the Ollama server at a URL."""

    def make(url: str, *, model: str | None = None, **limits: Any) -> Desk:
        limits = {"connect_seconds": 2, "context_tokens": 1024} | limits
        chosen = settings.model_copy(
            update={"backend": "ollama", "url": url, "model": model}
            | {"ollama": OllamaSettings(**limits)}
            # Set, so that nothing is measured before the question is asked.
            | {"evidence": EvidenceSettings(budget_tokens=170)}
        )
        desk = Desk(chosen, embedder=WordEmbedder())
        desk.refresh()
        return desk

    return make


def patience(reply: Reply) -> float:
    """The longest wait for the next words."""
    return SOON if reply.end == "stall" else 60


def assert_answers(desk: Desk) -> None:
    """The next question works."""
    answer = desk.ask(QUESTION)
    assert (answer.status, answer.text, answer.finished) == ("answered", RIGHT, True)


def assert_verbatim(answer: Answer) -> None:
    assert answer.citations
    for citation in answer.citations:
        with Path(citation.article_path).open(encoding="utf-8", newline="") as file:
            assert file.read()[citation.start : citation.end] == citation.quote


# Nobody there, or somebody else


@contextmanager
def nobody() -> Iterator[str]:
    """An address where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    yield f"http://127.0.0.1:{port}"


@contextmanager
def somebody(*replies: Reply) -> Iterator[str]:
    with serve(*replies) as server:
        yield server.url


DOES_NOT_ANSWER = r"^Ollama doesn't answer at http://127\.0\.0\.1:\d+\. .*ollama serve.*--url"
SOMETHING_ELSE = r"^What answers at http://127\.0\.0\.1:\d+ isn't Ollama\. Check the port.*--url"
ELSEWHERE = make_reply(ANY, ANY, "", status=301, Location="https://elsewhere.example/")


@pytest.mark.parametrize(
    ("there", "sentence"),
    [
        pytest.param(nobody, DOES_NOT_ANSWER, id="not-running-or-wrong-port"),
        pytest.param(
            lambda: somebody(Reply(ANY, ANY, (), end="stall")), DOES_NOT_ANSWER, id="silent"
        ),
        pytest.param(
            lambda: somebody(make_reply(ANY, ANY, HTML, status=404, content_type="text/html")),
            SOMETHING_ELSE,
            id="html-404",
        ),
        pytest.param(
            lambda: somebody(make_reply(ANY, ANY, {"detail": "Not Found"}, status=404)),
            SOMETHING_ELSE,
            id="json-404",
        ),
        pytest.param(
            lambda: somebody(make_reply(ANY, ANY, HTML, content_type="text/html")),
            SOMETHING_ELSE,
            id="html-200",
        ),
        pytest.param(
            lambda: somebody(make_reply(ANY, ANY, {"ok": True})), SOMETHING_ELSE, id="json-200"
        ),
        pytest.param(lambda: somebody(make_reply(ANY, ANY, [1])), SOMETHING_ELSE, id="json-list"),
        pytest.param(
            lambda: somebody(Reply(ANY, ANY, ((0, b"SSH-2.0-OpenSSH_9.2\r\n"),))),
            SOMETHING_ELSE,
            id="no-http",
        ),
        pytest.param(
            lambda: somebody(Reply(ANY, ANY, ((0, b"220 mail.example ESMTP\r\n\r\n"),))),
            SOMETHING_ELSE,
            id="no-http-either",
        ),
        pytest.param(
            lambda: somebody(ELSEWHERE),
            r"^Ollama at http://127\.0\.0\.1:\d+ redirects to https://elsewhere\.example/\..*--url",
            id="redirect",
        ),
    ],
)
def test_an_address_without_ollama(
    make_ollama_desk: MakeDesk, there: Callable[[], Any], sentence: str
) -> None:
    with there() as url:
        desk = make_ollama_desk(url, connect_seconds=SOON)
        with pytest.raises(ModelError, match=sentence):
            find_server(url, OllamaSettings(connect_seconds=SOON))
        with pytest.raises(ModelError, match=sentence):
            desk.ask(QUESTION)
    with serve(*WELL, ANSWER, port=urlsplit(url).port or 0):
        assert_answers(desk)


def test_nobody_there_may_be_because_of_a_container(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa.models.server_client.in_container", lambda: True)
    with nobody() as url:
        port = urlsplit(url).port
        sentence = rf"127\.0\.0\.1 is the container itself.*http://host\.docker\.internal:{port}"
        with pytest.raises(ModelUnreachableError, match=sentence):
            find_server(url, OllamaSettings())


@pytest.mark.parametrize("tls", [True, False])
def test_a_connection_that_is_not_secure(tls: bool) -> None:
    with serve(*WELL, tls=tls) as server:
        url = server.url.replace("http:", "https:")
        sentence = r"^The connection to Ollama at https://127\.0\.0\.1:\d+ isn't secure"
        with pytest.raises(ModelUnreachableError, match=sentence):
            find_server(url, OllamaSettings())


def test_a_server_that_goes_away_between_two_questions(make_ollama_desk: MakeDesk) -> None:
    with serve(*WELL, ANSWER) as server:
        desk = make_ollama_desk(server.url)
        assert_answers(desk)
    with pytest.raises(ModelUnreachableError, match=DOES_NOT_ANSWER):
        desk.ask(QUESTION)
    with serve(*WELL, ANSWER, port=urlsplit(server.url).port or 0):
        assert_answers(desk)


def test_a_model_that_is_not_there(make_ollama_desk: MakeDesk) -> None:
    with serve(*WELL, ANSWER) as server:
        sentence = r"has no model gone:1b\. Get it with: dateline models pull gone:1b"
        with pytest.raises(ModelError, match=sentence):
            make_ollama_desk(server.url, model="gone:1b").ask(QUESTION)
        assert_answers(make_ollama_desk(server.url))


# A refusal instead of an answer, or an answer that can't be used


NO_WORDS = [
    (
        "chat-missing-model",
        ModelError,
        r"has no model qwen2\.5-coder:1\.5b\. Get it with: dateline",
    ),
    ("chat-memory", ModelError, r"too little memory for qwen.*5\.6 GiB.*--model.*context"),
    ("chat-malformed", ModelError, r"refused the request: unexpected EOF"),
    ("chat-failed", ModelError, r"failed.*llama runner process has terminated.*Ask again"),
    ("chat-error-first", ModelError, r"broke off.*unexpected EOF.*Ask again"),
    ("chat-garbage", ModelError, r"isn't JSON.*address"),
    ("chat-empty", ModelError, r"empty answer.*Ask again"),
    ("chat-too-long-refused", PromptTooLongError, r"longer than the context.*context_tokens"),
    ("chat-too-long", PromptTooLongError, r"longer than the context.*context_tokens"),
]
ODD = [
    (ANSWER.cut(0), ModelError, r"broke off.*Ask again"),
    (ANSWER.cut(0, "reset"), ModelError, r"broke off.*Ask again"),
    (ANSWER.cut(0, "stall"), ModelError, rf"sent nothing for {SOON:g} seconds.*Ask again"),
    (at_chat(content="", status=302, Location="/login"), ModelError, r"redirects to /login.*--url"),
    (at_chat(content=HTML, content_type="text/html"), ModelError, r"isn't JSON.*address"),
    (at_chat(content=HTML, status=502, content_type="text/html"), ModelError, r"failed \(502"),
    (at_chat(content=b"[]\n"), ModelError, r"can't be read|isn't JSON|isn't Ollama"),
]
REAL_ONES = [
    ("chat-missing-model", ModelError, r"has no model"),
    ("chat-malformed", ModelError, r"refused the request: unexpected EOF"),
    ("chat-wrong-type", ModelError, r"refused the request: json: cannot unmarshal"),
    ("chat-think-true", ModelError, r"refused the request: .*does not support thinking"),
    ("chat-too-long", PromptTooLongError, r"longer than the context.*context_tokens"),
    ("chat-too-long-truncate-false", PromptTooLongError, r"longer than the context"),
]


@pytest.mark.parametrize(
    ("reply", "error", "sentence"),
    [
        *(pytest.param(own(name), *rest, id=name) for name, *rest in NO_WORDS),
        *(pytest.param(*row, id=f"odd-{number}") for number, row in enumerate(ODD)),
        *(
            pytest.param(real(REAL / f"{name}.json"), *rest, marks=NO_REAL, id=f"real-{name}")
            for name, *rest in REAL_ONES
        ),
    ],
)
def test_no_answer(
    make_ollama_desk: MakeDesk, reply: Reply, error: type[ModelError], sentence: str
) -> None:
    with serve(*WELL, reply.for_any_model(), ANSWER) as server:
        desk = make_ollama_desk(server.url, read_seconds=patience(reply))
        seen = []
        with pytest.raises(error, match=sentence) as raised:
            for event in desk.stream(QUESTION):
                seen.append(event)  # noqa: PERF402 - what came before the error counts
        assert server.url in str(raised.value)
        assert any(isinstance(event, Extract) for event in seen)
        assert_answers(desk)


# What was streamed stays


BROKEN_OFF = own("chat-broken-off")  # a whole sentence, and some words of another
BROKE_OFF = r"broke off in mid-answer"


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        pytest.param(
            own("chat-error-line"),
            rf"{BROKE_OFF} \(.*unexpected EOF\)\. Ask again",
            id="error-line",
        ),
        pytest.param(own("chat-not-done"), BROKE_OFF, id="no-last-line"),
        pytest.param(BROKEN_OFF, BROKE_OFF, id="closed"),
        pytest.param(replace(BROKEN_OFF, end="reset"), BROKE_OFF, id="reset"),
        pytest.param(
            replace(BROKEN_OFF, end="stall"), rf"sent nothing for {SOON:g} seconds", id="stall"
        ),
    ],
)
def test_an_answer_that_breaks_off(make_ollama_desk: MakeDesk, reply: Reply, reason: str) -> None:
    with serve(*WELL, reply, ANSWER) as server:
        desk = make_ollama_desk(server.url, read_seconds=patience(reply))
        answer = desk.ask(QUESTION)
        assert (answer.status, answer.text, answer.finished) == ("partial", RIGHT, False)
        assert re.search(reason, answer.reason or "")
        assert answer.extract is not None
        assert_verbatim(answer)
        assert_answers(desk)


@NO_REAL
@pytest.mark.parametrize(
    ("name", "reason"),
    [("runner-killed", rf"{BROKE_OFF} \(.*unexpected EOF\)"), ("server-killed", BROKE_OFF)],
)
def test_an_answer_that_breaks_off_in_its_first_sentence(
    make_ollama_desk: MakeDesk, name: str, reason: str
) -> None:
    with serve(*WELL, FAULTS / f"{name}.json", ANSWER) as server:
        desk = make_ollama_desk(server.url)
        answer = desk.ask(QUESTION)
        assert not answer.finished
        assert re.search(reason, answer.reason or "")
        assert answer.extract is not None
        assert answer.model_text.startswith("The ferry Aurelia left Port Hale at 06:40")
        assert "don't say" not in answer.text  # nobody knows whether they do
        assert_answers(desk)


# Busy


def test_a_busy_server_is_asked_again(make_ollama_desk: MakeDesk) -> None:
    busy = own("chat-busy")
    with serve(*WELL, busy, busy, ANSWER) as server:
        assert_answers(make_ollama_desk(server.url))
        assert len(server.bodies("/api/chat")) == 3


def test_a_busy_server_is_not_asked_for_ever(make_ollama_desk: MakeDesk) -> None:
    with serve(*WELL, own("chat-busy")) as server:
        desk = make_ollama_desk(server.url, busy_seconds=SOON)
        with pytest.raises(
            ServerBusyError, match=r"is busy.*maximum pending.*in a minute"
        ) as raised:
            desk.ask(QUESTION)
        assert raised.value.retryable
        server.replies.append(ANSWER)
        assert_answers(desk)


@NO_REAL
def test_a_real_busy_server(make_ollama_desk: MakeDesk) -> None:
    with serve(*WELL, FAULTS / "queue-full-2.json", ANSWER) as server:
        assert_answers(make_ollama_desk(server.url))


# Characters


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(own("chat-non-ascii"), id="own"),
        pytest.param(real(REAL / "chat-non-ascii.json"), marks=NO_REAL, id="real"),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_half_a_character_at_the_end_of_a_chunk(
    make_ollama_desk: MakeDesk, reply: Reply, size: int
) -> None:
    def written(server: Server) -> str:
        desk = make_ollama_desk(server.url)
        return "".join(piece.delta or "" for piece in desk.model.llm.stream_chat([]))

    with serve(*WELL, reply) as server:
        whole = written(server)
    with serve(*WELL, reply.rechunked(size)) as server:
        assert written(server) == whole
    assert not whole.isascii()
    assert "\ufffd" not in whole
