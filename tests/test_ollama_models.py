"""What an Ollama server has, from replies of a real one and from some of our own."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import SHARED
from recorded import RECORDINGS, Reply, load_replies, make_reply, serve

from index.errors import ModelUnreachableError
from index.sections import OllamaSettings
from qa.models.ollama_models import ServedEntry, list_served
from qa.models.ollama_server import ListedModel, OllamaServer, find_server

pytestmark = pytest.mark.sockets
REAL = SHARED / "ollama"
NO_REAL = pytest.mark.skipif(not REAL.exists(), reason="the recordings in ../shared are absent")
LIMITS = OllamaSettings(connect_seconds=5)
FROM_TAGS = ServedEntry(
    name="qwen2.5-coder:1.5b",
    size_bytes=1_117_321_317,
    parameters="1.8B",
    quantisation="Q4_K_M",
    remote_host=None,
    can_chat=True,
    context_limit=32768,
)
LOADED: dict[str, Any] = {"is_loaded": True, "memory_bytes": 1_038_817_792, "context_tokens": 2048}
CODER = ListedModel("qwen2.5-coder:1.5b", family="qwen2")


def entries(*recordings: Path | Reply) -> list[ServedEntry]:
    with serve(*recordings) as server:
        return list(list_served(find_server(server.url, LIMITS), LIMITS))


def running(date: str | None) -> list[ServedEntry]:
    """One model, loaded until 00:30, listed at this time of the server's."""
    recorded = {"models": [{"model": CODER.name, "expires_at": "2001-01-01T00:30:00.5+00:00"}]}
    reply = make_reply("GET", "/api/ps", recorded, **({"Date": date} if date else {}))
    with serve(reply, RECORDINGS / "show.json") as server:
        return list(list_served(OllamaServer(server.url, "0.24.0", (CODER,)), LIMITS))


@NO_REAL
@pytest.mark.parametrize(
    ("ps", "loaded"), [("ps-empty", {}), ("ps-loaded", LOADED), ("ps-after-unload", {})]
)
def test_a_real_servers_model(ps: str, loaded: dict[str, Any]) -> None:
    recordings = [REAL / "server" / f"{name}.json" for name in ("version", "tags", ps, "show")]
    assert entries(*recordings) == [replace(FROM_TAGS, **loaded)]


@NO_REAL
def test_real_models_with_and_without_a_template() -> None:
    names = ("version", "tags-two", "ps-empty", "show")
    (shown,) = load_replies(REAL / "server" / "show-no-template.json")
    bare_shown = replace(shown, model="dateline-test:latest")
    bare, whole = entries(bare_shown, *[REAL / "server" / f"{name}.json" for name in names])
    assert (bare.name, bare.has_bare_template) == ("dateline-test:latest", True)
    assert whole == FROM_TAGS


@NO_REAL
def test_a_real_model_that_was_pulled() -> None:
    recordings = [REAL / "pull" / "tags-after-pull.json", REAL / "pull" / "show-small.json"]
    recordings += [REAL / "server" / f"{name}.json" for name in ("version", "ps-empty", "show")]
    small, _ = entries(*recordings)
    assert small.name == "127.0.0.1:5001/library/smollm2:135m"
    assert (small.parameters, small.quantisation, small.context_limit) == ("134.52M", "Q4_1", 8192)
    assert not small.has_bare_template


@pytest.mark.parametrize(
    ("recording", "can_chat", "bare"),
    [("show", True, False), ("show-embedding", False, True), ("show-no-template", True, True)],
)
def test_what_a_model_can_do(recording: str, can_chat: bool, bare: bool) -> None:
    names = ("version", "tags", "ps-empty", recording)
    coder, far, _ = entries(*[RECORDINGS / f"{name}.json" for name in names])
    assert (coder.can_chat, coder.has_bare_template) == (can_chat, bare)
    assert (coder.context_limit, far.context_limit) == (32768, None)
    assert (coder.remote_host, far.remote_host) == (None, "https://cloud.example")


def test_a_cloud_is_not_asked_about_its_model() -> None:
    names = ("version", "tags", "ps-empty", "show")
    with serve(*[RECORDINGS / f"{name}.json" for name in names]) as server:
        list_served(find_server(server.url, LIMITS), LIMITS)
    asked = [body["model"] for body in server.bodies("/api/show")]
    assert sorted(asked) == ["near:latest", "qwen2.5-coder:1.5b"]


def test_an_older_server_tells_no_abilities_but_a_family() -> None:
    shown = {"template": "{{ .Prompt }}", "model_info": {"general.architecture": "nomic-bert"}}
    replies = [make_reply("POST", "/api/show", shown), RECORDINGS / "ps-empty.json"]
    with serve(*replies) as server:
        model = ListedModel("nomic-embed-text:latest", family="nomic-bert")
        (entry,) = list_served(OllamaServer(server.url, "0.1.0", (model,)), LIMITS)
    assert not entry.can_chat


@pytest.mark.parametrize(
    ("date", "is_loaded"),
    [
        ("Mon, 01 Jan 2001 00:29:00 GMT", True),
        ("Mon, 01 Jan 2001 00:30:00 GMT", False),  # within the second
        ("Mon, 01 Jan 2001 00:31:00 GMT", False),
        ("some day", False),
        (None, False),  # then by this machine's clock
    ],
)
def test_the_servers_own_clock_says_what_is_loaded(date: str | None, is_loaded: bool) -> None:
    (entry,) = running(date)
    assert entry.is_loaded == is_loaded


@pytest.mark.parametrize(
    "folder", [RECORDINGS, pytest.param(REAL / "server", marks=NO_REAL)], ids=["own", "real"]
)
def test_a_model_that_is_not_shown_is_listed_all_the_same(folder: Path) -> None:
    (missing,) = load_replies(folder / "show-missing.json")
    with serve(RECORDINGS / "ps-empty.json", missing.for_any_model()) as server:
        (entry,) = list_served(OllamaServer(server.url, "0.24.0", (CODER,)), LIMITS)
    assert (entry.name, entry.can_chat, entry.context_limit) == (CODER.name, True, None)


@pytest.mark.parametrize("content", ["[]", '{"models": null}', '{"models": [{}]}'])
def test_something_else_that_answers_is_told(content: str) -> None:
    reply = make_reply("GET", "/api/ps", content)
    with serve(reply) as server, pytest.raises(ModelUnreachableError, match="isn't Ollama"):
        list_served(OllamaServer(server.url, "", ()), LIMITS)
