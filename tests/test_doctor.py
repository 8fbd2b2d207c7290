"""What `dateline doctor` says of the model and its server, over recorded replies."""

import json
from pathlib import Path
from typing import Any

import pytest
from fake_ollama import fake_ollama
from recorded import RECORDINGS, Reply, load_replies, make_reply, serve

from index.sections import EvidenceSettings, OllamaSettings
from index.settings import Settings
from qa.doctor import Finding, examine
from qa.models.served import open_model

pytestmark = pytest.mark.sockets
THERE = ("version", "tags", "ps-empty", "show")
CODER = "qwen2.5-coder:1.5b"


def recorded(*names: str) -> list[Path | Reply]:
    return [RECORDINGS / f"{name}.json" for name in names]


def shown(**changes: Any) -> Reply:
    """What the server shows of a model, some of its facts changed."""
    (reply,) = load_replies(RECORDINGS / "show.json")
    body = json.loads(reply.pieces[-1][1].partition(b"\r\n\r\n")[2].split(b"\r\n")[1])
    info = body["model_info"] | {f"qwen2.{name}": value for name, value in changes.items()}
    return make_reply("POST", "/api/show", body | {"model_info": info})


def findings(settings: Settings, *replies: Path | Reply, **changes: Any) -> dict[str, Finding]:
    """What is found with a server that gives these replies."""
    with serve(*replies) as server:
        chosen = {"backend": "ollama", "url": server.url, **changes}
        found = examine(settings.model_copy(update=chosen))
    return {each.what: each for each in found}


def test_the_server_and_its_model_are_told(settings: Settings) -> None:
    found = findings(settings, *recorded(*THERE), model=CODER)
    told = ("model server", "models there", "language model", "size", "context", "memory", "speed")
    assert all(found[what].is_well for what in told)
    assert found["model server"].sentence.startswith("Ollama 0.24.0 answers at http://127.0.0.1:")
    assert found["models there"].sentence == (
        "3 models. far:latest: runs on https://cloud.example: your questions and passages would go "
        "there."
    )
    assert found["language model"].sentence.startswith(f"Answers come from {CODER} (ollama, ")
    assert found["context"].sentence == "2,048 tokens, of 32,768 that it can take"
    assert found["memory"].sentence == "not loaded"
    assert found["speed"].sentence == "not measured yet. Measure it with: dateline models check"
    assert found["evidence"].sentence == "up to 170 tokens a question"


def test_a_measured_speed_is_told(settings: Settings) -> None:
    with fake_ollama() as fake:
        chosen = settings.model_copy(
            update={"backend": "auto", "url": fake.url, "evidence": EvidenceSettings()}
        )
        measure = open_model(chosen).measure
        assert measure is not None
        measure()
        found = {each.what: each for each in examine(chosen)}
    assert "not taken" not in found
    assert found["speed"].sentence.startswith("reads ")
    assert found["evidence"].sentence == "up to 2,000 tokens a question"
    assert found["memory"].sentence == "loaded in 1,841 MiB"


def nowhere() -> str:
    with fake_ollama() as fake:
        return fake.url


@pytest.mark.parametrize(
    ("backend", "is_named", "is_well"),
    [("ollama", True, False), ("auto", True, False), ("auto", False, True)],
)
def test_a_server_that_does_not_answer(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    backend: str,
    is_named: bool,
    is_well: bool,
) -> None:
    url = nowhere()
    monkeypatch.delenv("OLLAMA_HOST", raising=False)
    monkeypatch.setattr("qa.models.ollama_server.address_of", lambda _: url)
    chosen = {"backend": backend, "url": url if is_named else None}
    found = {each.what: each for each in examine(settings.model_copy(update=chosen))}
    assert found["model server"].is_well == is_well
    assert (
        f"Ollama doesn't answer at {url}. Start it with: ollama serve."
        in found["model server"].sentence
    )
    assert ("language model" in found) == (backend == "auto")


@pytest.mark.parametrize(
    ("shows", "model", "says"),
    [
        ("show-no-template", CODER, "Register its file again with: dateline models import"),
        ("show-cloud", "far", "set ollama.allow_cloud to true"),
        ("show-embedding", CODER, "Name another with --model."),
        ("show", "gone:1b", "Get it with: dateline models pull gone:1b"),
    ],
)
def test_a_model_that_cannot_be_used(settings: Settings, shows: str, model: str, says: str) -> None:
    replies = recorded("version", "tags", "ps-empty", shows)
    found = findings(settings, *replies, model=model)
    assert found["model server"].is_well
    assert not found["language model"].is_well
    assert says in found["language model"].sentence


@pytest.mark.parametrize(
    ("shows", "preference", "is_well", "says"),
    [
        ("show", ("other:1b",), True, "Get one with: dateline models pull other:1b."),
        ("show-no-template", ("near",), False, "near:latest was registered with Ollama without"),
    ],
)
def test_why_auto_takes_another(
    settings: Settings, shows: str, preference: tuple[str, ...], is_well: bool, says: str
) -> None:
    found = findings(
        settings,
        *recorded("version", "tags", "ps-empty", shows),
        backend="auto",
        ollama=OllamaSettings(preference=preference),
    )
    assert found["not taken"].is_well == is_well
    assert says in found["not taken"].sentence


def test_a_file_that_auto_takes_by_name_needs_no_reason(settings: Settings, tmp_path: Path) -> None:
    own = tmp_path / "own.gguf"
    own.write_bytes(b"GGUF" + bytes(64))
    found = findings(settings, *recorded(*THERE), backend="auto", model=str(own))
    assert found["language model"].is_well
    assert "not taken" not in found
    named = findings(settings, *recorded(*THERE), backend="auto", model="gone:1b")
    assert "dateline models pull gone:1b" in named["not taken"].sentence
    assert not named["language model"].is_well


@pytest.mark.parametrize(
    ("changes", "limits", "says"),
    [
        ({"context_length": 1024}, {}, "Name a model that can take more with --model"),
        ({"context_length": 1024}, {"context_tokens": 2048}, "ollama.context_tokens asks for"),
        ({"block_count": 10**12}, {}, "this machine has too little memory"),
    ],
)
def test_a_context_that_is_cut(
    settings: Settings, changes: dict[str, int], limits: dict[str, int], says: str
) -> None:
    replies = [shown(**changes), *recorded("version", "tags", "ps-empty")]
    found = findings(settings, *replies, model=CODER, ollama=OllamaSettings(**limits))
    assert not found["context"].is_well
    assert says in found["context"].sentence
    assert found["context"].sentence.startswith("1,024 tokens, of ")


def test_a_context_that_the_server_has_cut(settings: Settings) -> None:
    limits = OllamaSettings(context_tokens=4096)
    replies = recorded("version", "tags", "ps-loaded", "show")
    found = findings(settings, *replies, model=CODER, ollama=limits)
    assert found["memory"].sentence == "loaded in 991 MiB"
    assert found["context"].line == (
        "WRONG  context: 4,096 tokens, of 32,768 that it can take, but it is loaded with 2,048. "
        "Another program may have loaded it so. Run: dateline models check. If that changes "
        "nothing, set ollama.context_tokens to 2048"
    )
