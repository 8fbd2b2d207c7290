"""The fake Ollama server against replies of a real one, and through the official client."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import ollama
import pytest
from conftest import SHARED
from fake_ollama import (
    REFUSAL,
    FakeModel,
    FakeOllama,
    copy_nearest,
    count_tokens,
    fake_ollama,
)
from recorded import load_replies

pytestmark = pytest.mark.sockets
REAL = SHARED / "ollama" / "server"
NO_REAL = pytest.mark.skipif(not REAL.exists(), reason="the recordings in ../shared are absent")
NAME = FakeModel().name
ASKED = [
    {"role": "system", "content": "Answer briefly."},
    {
        "role": "user",
        "content": "[1] The ferry had 212 passengers.\n\nQuestion: How many passengers?",
    },
]


@pytest.fixture
def fake() -> Iterator[FakeOllama]:
    with fake_ollama() as running:
        yield running


@pytest.fixture
def client(fake: FakeOllama) -> Iterator[ollama.Client]:
    with ollama.Client(fake.url) as opened:
        yield opened


def last_line(reply: bytes | str) -> Any:
    """What the last line of a reply's body says, chunk sizes left out."""
    text = reply.decode() if isinstance(reply, bytes) else reply
    return json.loads([line for line in text.splitlines() if line.startswith("{")][-1])


def shape(value: Any) -> Any:
    """The names in a value, without what they stand for."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    return [shape(value[0])] if isinstance(value, list) and value else type(value).__name__


def not_in(real: Any, made: Any) -> list[str]:
    """The names that the fake has and the real one hasn't."""
    if isinstance(made, list) and made:
        return not_in(real[0], made[0])
    if not isinstance(made, dict):
        return [] if real == made or {real, made} == {"int", "float"} else [f"{made}!={real}"]
    extra = [name for name in made if name not in real]
    inner = [name for key in made if key in real for name in not_in(real[key], made[key])]
    return extra + inner


@NO_REAL
@pytest.mark.parametrize(
    "recording",
    [
        "version", "tags", "ps-loaded", "show-missing", "chat-missing-model", "chat-stream",
        "chat-whole", "chat-logprobs", "load", "unload", "chat-think-true", "delete-missing",
        "openai-missing-model",
    ],
)  # fmt: skip
def test_its_replies_have_the_shape_of_real_ones(fake: FakeOllama, recording: str) -> None:
    recorded = json.loads((REAL / f"{recording}.json").read_text(encoding="utf-8"))
    (reply,) = load_replies(REAL / f"{recording}.json")
    asked = recorded["request"]
    fake.models["qwen2.5-coder:1.5b"] = FakeModel("qwen2.5-coder:1.5b")
    fake.models["qwen2.5-coder:1.5b"].load(2048, 60)
    del fake.models[NAME]
    made = httpx.request(asked["method"], fake.url + asked["path"], content=asked["body"])
    real = last_line(b"".join(data for _, data in reply.pieces))
    assert made.status_code == recorded["response"]["status"]
    assert not not_in(shape(real), shape(last_line(made.text)))


def test_the_official_client_understands_it(fake: FakeOllama, client: ollama.Client) -> None:
    assert [model.model for model in client.list().models] == [NAME]
    assert client.show(NAME).modelinfo["qwen2.context_length"] == 32768
    whole = client.chat(NAME, ASKED, options={"num_ctx": 512}, keep_alive="30m")
    pieces = list(client.chat(NAME, ASKED, stream=True, options={"num_ctx": 512}))
    assert whole.message.content == "The ferry had 212 passengers."
    assert "".join(piece.message.content for piece in pieces) == whole.message.content
    assert whole.prompt_eval_count == sum(count_tokens(m["content"]) + 5 for m in ASKED)
    (running,) = client.ps().models
    assert (running.name, running.context_length, fake.reloads) == (NAME, 512, 0)


def test_another_context_loads_the_model_anew(fake: FakeOllama, client: ollama.Client) -> None:
    for context in (512, 512, 1024, 1024):
        client.chat(NAME, ASKED, options={"num_ctx": context})
    assert fake.reloads == 1


def test_a_long_prompt_is_cut_without_a_word(fake: FakeOllama, client: ollama.Client) -> None:
    long = [*ASKED[:1], {"role": "user", "content": "word " * 600 + "\nQuestion: How many?"}]
    assert client.chat(NAME, long, options={"num_ctx": 512}).prompt_eval_count == 512
    refused = httpx.post(
        f"{fake.url}/api/chat",
        json={"model": NAME, "messages": long, "options": {"num_ctx": 512}, "truncate": False},
    )
    assert (refused.status_code, refused.json()) == (
        400, {"error": "the input length exceeds the context length"},
    )  # fmt: skip


def test_hanging_up_ends_the_answer(fake: FakeOllama, client: ollama.Client) -> None:
    stream = client.chat(NAME, [{"role": "user", "content": "Count."}], stream=True)
    assert next(stream).message.content == "1"
    stream.close()
    assert client.chat(NAME, ASKED).message.content
    assert fake.hang_ups == 1


@pytest.mark.parametrize("parallel", [1, 3])
def test_as_many_at_once_as_it_has_slots(parallel: int) -> None:
    with fake_ollama(parallel=parallel) as fake, ThreadPoolExecutor(6) as pool:

        def ask(_: int) -> str | None:
            with ollama.Client(fake.url) as client:
                return client.chat(NAME, ASKED).message.content

        fake.may_write.clear()
        answers = pool.map(ask, range(6))
        while len(fake.line) < 6 or fake.most_at_once < parallel:
            time.sleep(0.01)
        fake.may_write.set()
        assert len(set(answers)) == 1
    assert fake.most_at_once == parallel


def test_busy(fake: FakeOllama, client: ollama.Client) -> None:
    fake.busy = 1
    with pytest.raises(ollama.ResponseError, match="maximum pending requests") as raised:
        client.chat(NAME, ASKED)
    assert raised.value.status_code == 503
    assert client.chat(NAME, ASKED).message.content


def test_loading_and_unloading(client: ollama.Client) -> None:
    assert client.chat(NAME, [], keep_alive="30m").done_reason == "load"
    assert client.ps().models
    assert client.chat(NAME, [], keep_alive=0).done_reason == "unload"
    assert not client.ps().models


def test_a_pull_goes_on_where_it_stopped(fake: FakeOllama, client: ollama.Client) -> None:
    fake.library["new:1b"] = 5000
    steps = client.pull("new:1b", stream=True)
    for step in steps:
        if (step.completed or 0) > 2000:
            break
    steps.close()
    done = [step.completed for step in client.pull("new:1b", stream=True) if step.completed]
    assert done[0] > 1000
    assert done[-1] == 5000
    assert fake.find("new:1b")
    with pytest.raises(ollama.ResponseError, match="file does not exist"):
        client.pull("unknown")


def test_a_file_becomes_a_model(fake: FakeOllama, client: ollama.Client, tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(b"GGUF and so on")
    digest = client.create_blob(file)
    client.create("bare", files={"model.gguf": digest})
    client.create("made", files={"model.gguf": digest}, template="{{ .System }}{{ .Prompt }}")
    assert client.show("bare").template == "{{ .Prompt }}"
    assert client.show("made").template == "{{ .System }}{{ .Prompt }}"
    client.delete("made")
    with pytest.raises(ollama.ResponseError, match="not found"):
        client.show("made")


def test_a_bare_template_loses_the_system_message(client: ollama.Client, fake: FakeOllama) -> None:
    whole = client.chat(NAME, ASKED).prompt_eval_count
    fake.models[NAME].template = "{{ .Prompt }}"
    assert client.chat(NAME, ASKED).prompt_eval_count < whole


@pytest.mark.parametrize("stream", [True, False])
def test_it_speaks_openai_too(fake: FakeOllama, stream: bool) -> None:
    assert httpx.get(f"{fake.url}/v1/models").json()["data"][0]["id"] == NAME
    request = {"model": NAME, "messages": ASKED, "stream": stream, "logprobs": True}
    reply = httpx.post(f"{fake.url}/v1/chat/completions", json=request).text
    if stream:
        chunks = [json.loads(line[6:]) for line in reply.splitlines() if line.startswith("data: {")]
        text = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)
        assert reply.endswith("data: [DONE]\n\n")
        assert chunks[0]["choices"][0]["logprobs"]["content"][0]["token"] == "The"
    else:
        text = json.loads(reply)["choices"][0]["message"]["content"]
    assert text == "The ferry had 212 passengers."


FERRY = "Article 1 (2025-03-03): The ferry Aurelia left with 212 passengers. Its engine failed."


@pytest.mark.parametrize(
    ("asked", "written"),
    [
        (f"Excerpts:\n{FERRY}\nQuestion: How many passengers left?\nAnswer in a full sentence:",
         "The ferry Aurelia left with 212 passengers."),
        (f"Excerpts:\n{FERRY}\nQuestion: What is the capital of Australia?\nAnswer:", REFUSAL),
        ("Conversation:\nQuestion: Who?\nAnswer: X\nLast question: When?\nRewritten:", REFUSAL),
    ],
)  # fmt: skip
def test_what_it_writes(asked: str, written: str) -> None:
    assert copy_nearest([{"role": "user", "content": asked}]) == written


@pytest.mark.parametrize(
    ("text", "tokens"), [("", 0), ("The ferry", 2), ("212", 3), ("passengers", 2), ("Zü", 3)]
)
def test_how_it_counts(text: str, tokens: int) -> None:
    assert count_tokens(text) == tokens
