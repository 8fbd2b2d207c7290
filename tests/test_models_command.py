"""`dateline models` with a server that behaves as Ollama does."""

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import REPOSITORY
from fake_ollama import BARE_TEMPLATE, FakeModel, FakeOllama, fake_ollama
from made_gguf import CHAT, write_gguf

from qa import cli, models_command

pytestmark = pytest.mark.sockets
Run = Callable[..., tuple[int, str, str]]
PATIENCE_SECONDS = 60


@pytest.fixture
def ollama(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeOllama]:
    """A server with three models, whose library has one more."""
    models = [
        FakeModel("chats:1b"),
        FakeModel("bare:latest", template=BARE_TEMPLATE),
        FakeModel("far:latest", remote_host="https://cloud.example"),
    ]
    with fake_ollama(*models) as fake:
        fake.library["near:1b"] = 5000
        monkeypatch.setenv("OLLAMA_HOST", fake.url)
        yield fake


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `dateline` with these words: (exit code, stdout, stderr)."""
    monkeypatch.setenv("DATELINE_MODELS_FOLDER", "models")

    def run_it(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["dateline", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run_it


@pytest.fixture
def no_server(monkeypatch: pytest.MonkeyPatch) -> str:
    """An address where nothing answers."""
    with fake_ollama() as fake:
        url = fake.url
    monkeypatch.setenv("OLLAMA_HOST", url)
    return url


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_servers_models_are_listed_after_the_files(run: Run, ollama: FakeOllama) -> None:
    code, out, _ = run("models", "list")
    assert code == 0
    files, _, served = out.partition("\n\n")
    assert "qwen2.5-coder-1.5b-instruct  (language, default, 1,066 MiB, not fetched)" in files
    heading, *lines = served.splitlines()
    assert heading == f"On Ollama 0.24.0 at {ollama.url}:"
    found = {line.split("  ")[0]: line for line in lines}
    assert list(found) == ["chats:1b", "bare:latest", "far:latest"]
    assert "MiB" in found["chats:1b"]
    assert "context up to " in found["chats:1b"]
    assert found["chats:1b"].endswith(", not loaded)")
    assert "without its chat template" in found["bare:latest"]
    assert "runs on https://cloud.example" in found["far:latest"]


def test_without_a_server_the_list_says_so(run: Run, no_server: str) -> None:
    code, out, _ = run("models", "list")
    assert code == 0
    assert f"Ollama doesn't answer at {no_server}." in out


@pytest.mark.parametrize("backend", ["embedded", "openai"])
def test_another_backend_asks_no_ollama(run: Run, ollama: FakeOllama, backend: str) -> None:
    _, out, _ = run("--backend", backend, "models", "list")
    assert "Ollama" not in out
    code, _, err = run("--backend", backend, "models", "pull", "near:1b")
    assert (code, "near:1b" in ollama.models) == (1, False)
    assert "There is no model named near:1b." in err


@pytest.mark.parametrize("backend", ["auto", "ollama"])
def test_a_name_of_ollamas_is_pulled_there(run: Run, ollama: FakeOllama, backend: str) -> None:
    code, out, err = run("--backend", backend, "models", "pull", "near:1b")
    assert (code, out) == (0, f"near:1b is on Ollama at {ollama.url}\n")
    assert "near:1b" in ollama.models
    told = [line for line in err.splitlines() if "\r" not in line]
    assert [told[0], told[-1]] == ["pulling manifest", "success"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("no-such-model", "There is no model no-such-model in the library."),
        ("hf.co/owner/repo:Q4_K_M", "There is no model hf.co/owner/repo:Q4_K_M in the library."),
        ("missing.gguf", "There is no model at missing.gguf."),
        ("./missing", "There is no model named ./missing."),
    ],
)
def test_a_name_that_nobody_knows(run: Run, ollama: FakeOllama, name: str, says: str) -> None:
    code, out, err = run("models", "pull", name)
    assert (code, out) == (1, "")
    assert says in err


def test_without_a_server_an_unknown_name_is_explained(run: Run, no_server: str) -> None:
    code, _, err = run("models", "pull", "near:1b")
    assert code == 1
    assert "near:1b is none of Dateline's own models (qwen2.5-coder-1.5b-instruct, " in err
    assert f"Ollama doesn't answer at {no_server}." in err


@pytest.fixture
def heeds_ctrl_c() -> Iterator[None]:
    """Tests started in a shell's background ignore Ctrl+C, and what they start would too."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeds_ctrl_c")
def test_ctrl_c_cancels_a_pull_and_says_that_it_can_go_on(ollama: FakeOllama, run: Run) -> None:
    ollama.may_write.clear()
    command = [sys.executable, "-m", "qa", "models", "pull", "near:1b"]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as pulling:
        wait_for(lambda: "near:1b" in ollama.fetched)
        pulling.send_signal(signal.SIGINT)
        _, err = pulling.communicate(timeout=PATIENCE_SECONDS)
    assert pulling.returncode == 130
    assert err.endswith("run the same again. It goes on where it stopped.\n")
    wait_for(lambda: ollama.hang_ups == 1)
    ollama.may_write.set()
    assert run("models", "pull", "near:1b")[0] == 0


def test_a_file_is_registered_under_its_name(run: Run, ollama: FakeOllama, tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "My Chat.gguf")
    code, out, _ = run("models", "import", str(path))
    assert code == 0
    assert out == (
        f"Ollama at {ollama.url} has my-chat now. Use it with: --backend ollama --model my-chat\n"
    )
    assert "<|im_start|>" in ollama.models["my-chat:latest"].template


def test_a_file_is_registered_as_the_user_says(
    run: Run, ollama: FakeOllama, tmp_path: Path
) -> None:
    base = {key: value for key, value in CHAT.items() if key != "tokenizer.chat_template"}
    words = ["models", "import", str(write_gguf(tmp_path / "base.gguf", base)), "--name", "mine"]
    code, _, err = run(*words)
    assert code == 1
    assert "--template FILE" in err
    template = tmp_path / "chat.tmpl"
    template.write_text("{{ .System }} {{ .Prompt }}", encoding="utf-8")
    code, _, _ = run(*words, "--template", str(template))
    assert code == 0
    assert ollama.models["mine:latest"].template == "{{ .System }} {{ .Prompt }}"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["qwen2.5-coder-1.5b-instruct"], "dateline models pull qwen2.5-coder-1.5b-instruct"),
        (["nowhere.gguf"], "There is no model at nowhere.gguf."),
        (["text.gguf"], "is not a GGUF model file"),
        (["folder"], "is a folder. Name a .gguf file."),
        (["chat.gguf", "--template", "none.tmpl"], "The template none.tmpl can't be read"),
    ],
)
def test_what_cannot_be_registered(
    run: Run, ollama: FakeOllama, tmp_path: Path, words: list[str], says: str
) -> None:
    write_gguf(tmp_path / "chat.gguf")
    (tmp_path / "text.gguf").write_text("a text", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "config.json").touch()
    code, out, err = run("models", "import", *words)
    assert (code, out) == (1, "")
    assert says in err
    assert ollama.blobs == set()


def test_checking_measures_the_model_that_answers(run: Run, ollama: FakeOllama) -> None:
    code, out, _ = run("--backend", "ollama", "--model", "chats:1b", "models", "check")
    assert code == 0
    assert f"chats:1b (ollama, version 0.24.0 at {ollama.url})" in out
    assert "tokens a second" in out
    assert "tokens of evidence" in out
    first = len(ollama.asked)
    assert first == 2
    run("--backend", "ollama", "--model", "chats:1b", "models", "check")
    assert len(ollama.asked) == 2 * first  # measured anew
    run("--backend", "ollama", "--model", "chats:1b", "models", "check", "--no-speed")
    assert len(ollama.asked) == 2 * first


@pytest.fixture
def ask_at_a_terminal(
    run: Run, articles: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], tuple[int, str, str]]:
    """Asks a question that needs no model, with a model that is missing, and `says` yes or no."""

    def ask(says: str) -> tuple[int, str, str]:
        monkeypatch.setattr(models_command, "is_at_terminal", lambda: True)
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{says}\n"))
        words = ["--articles", str(articles), "--backend", "ollama", "--model", "near:1b"]
        monkeypatch.setattr(cli, "_sync", lambda *desk, **options: None)
        monkeypatch.setattr(cli, "_answer", lambda *desk, **options: None)
        return run(*words, "ask", "Who?")

    return ask


def test_a_missing_model_is_offered(
    ask_at_a_terminal: Callable[[str], tuple[int, str, str]], ollama: FakeOllama
) -> None:
    code, _, err = ask_at_a_terminal("n")
    assert code == 1
    assert "Fetch near:1b now?" in err
    assert ollama.find("near:1b") is None
    code, _, err = ask_at_a_terminal("y")
    assert code == 0
    assert ollama.find("near:1b") is not None
    assert "Answers come from near:1b" in err


def test_nobody_is_asked_where_nobody_is_there(
    run: Run, articles: Path, ollama: FakeOllama
) -> None:
    words = ["--articles", str(articles), "--backend", "ollama", "--model", "near:1b"]
    code, _, err = run(*words, "ask", "Who?")
    assert code == 1
    assert "dateline models pull near:1b" in err
    assert "Fetch near:1b now?" not in err
