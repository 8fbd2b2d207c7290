"""Which model is taken, and what is said where none can be."""

import socket
from pathlib import Path
from typing import Any

import pytest
from conftest import scripted_model
from recorded import RECORDINGS, serve

from index.errors import ModelError, ModelFileError, ModelUnreachableError
from index.sections import OllamaSettings
from index.settings import Settings
from qa.models.served import open_embedded, open_model

pytestmark = pytest.mark.sockets
THERE = [RECORDINGS / f"{name}.json" for name in ("version", "tags", "show")]


@pytest.fixture
def nowhere() -> str:
    """An address at which nothing answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return f"http://127.0.0.1:{port}"


@pytest.fixture
def with_a_file(settings: Settings) -> Settings:
    """Settings whose default embedded model lies in the cache, by its name only."""
    folder = settings.models_folder
    folder.mkdir(parents=True)
    own = folder / "own.gguf"
    own.write_bytes(b"GGUF" + bytes(64))
    return settings.model_copy(update={"model": str(own)})


def changed(settings: Settings, **changes: Any) -> Settings:
    return settings.model_copy(update=changes)


def test_the_embedded_model_is_opened_without_loading_it(with_a_file: Settings) -> None:
    for open_it in (open_model, open_embedded):
        model = open_it(with_a_file)
        assert (model.backend, model.name) == ("embedded", with_a_file.model)
        assert model.context_tokens == with_a_file.embedded.context_tokens
        assert not model.llm.is_loaded  # type: ignore[attr-defined]


def test_auto_takes_the_embedded_model_where_nothing_answers(
    with_a_file: Settings, nowhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = open_model(changed(with_a_file, backend="auto", url=nowhere))
    assert named.backend == "embedded"
    assert f"Ollama doesn't answer at {nowhere}" in named.description
    monkeypatch.setattr("qa.models.ollama_server.address_of", lambda url: nowhere)
    monkeypatch.delenv("OLLAMA_HOST", raising=False)
    unnamed = open_model(changed(with_a_file, backend="auto"))
    assert unnamed.description.endswith("(embedded). No Ollama server answers.")


@pytest.mark.parametrize(
    ("preference", "backend", "name"),
    [
        (("near",), "ollama", "near:latest"),
        (("absent", "qwen2.5-coder:1.5b"), "ollama", "qwen2.5-coder:1.5b"),
    ],
)
def test_auto_takes_ollama_where_it_has_a_preferred_model(
    settings: Settings, preference: tuple[str, ...], backend: str, name: str
) -> None:
    limits = OllamaSettings(preference=preference)
    with serve(*THERE) as server:
        model = open_model(changed(settings, backend="auto", url=server.url, ollama=limits))
    assert (model.backend, model.name) == (backend, name)
    assert model.description == (
        f"Answers come from {name} (ollama, version 0.24.0 at {server.url})."
    )


@pytest.mark.parametrize("preference", [(), ("absent",), ("far",)])
def test_auto_never_takes_a_model_that_is_absent_or_in_a_cloud(
    with_a_file: Settings, preference: tuple[str, ...]
) -> None:
    limits = OllamaSettings(preference=preference)
    with serve(*THERE) as server:
        wanted = changed(with_a_file, backend="auto", url=server.url, ollama=limits)
        assert open_model(wanted).backend == "embedded"


@pytest.mark.parametrize(
    ("name", "says"), [("absent", "dateline models pull absent"), ("far", "allow_cloud")]
)
def test_ollama_without_the_model_that_is_wanted_says_how_to_get_it(
    settings: Settings, name: str, says: str
) -> None:
    with serve(*THERE) as server:
        wanted = changed(settings, backend="ollama", url=server.url, model=name)
        with pytest.raises(ModelError, match=says):
            open_model(wanted)


def test_ollama_that_does_not_answer_is_no_reason_for_another_model(
    with_a_file: Settings, nowhere: str
) -> None:
    with pytest.raises(ModelUnreachableError, match="--backend embedded"):
        open_model(changed(with_a_file, backend="ollama", url=nowhere))


def test_openai_needs_an_address(settings: Settings) -> None:
    with pytest.raises(ModelError, match="--url http://host:8000"):
        open_model(changed(settings, backend="openai"))


@pytest.mark.parametrize("name", ["no-such-model", "missing/file.gguf"])
def test_an_unknown_model_is_a_clear_error(settings: Settings, name: str) -> None:
    with pytest.raises(ModelFileError, match=Path(name).name):
        open_model(changed(settings, model=name))


def test_warming_up_ollama_reads_one_piece() -> None:
    with serve(*THERE, RECORDINGS / "chat-answer.json") as server:
        settings = Settings(backend="ollama", url=server.url, ollama=OllamaSettings())
        open_model(settings).warm_up([])
        assert len(server.bodies("/api/chat")) == 1


def test_a_served_model_is_frozen() -> None:
    with pytest.raises(AttributeError):
        scripted_model().name = "other"  # type: ignore[misc]
