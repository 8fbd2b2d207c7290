"""The Ollama backend against replies of a real server, replayed over a real socket."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import SHARED, WordEmbedder, scripted_model
from fake_ollama import FakeModel, fake_ollama
from llama_index.core.base.llms.types import ChatMessage, MessageRole
from recorded import RECORDINGS, Server, serve

from index.errors import ModelError
from index.sections import EvidenceSettings, GenerationSettings, OllamaSettings
from index.settings import Settings, load_settings
from qa.desk import Desk
from qa.models.ollama import OllamaLLM, choose_context, open_ollama
from qa.models.ollama_server import (
    ListedModel,
    OllamaServer,
    ShownModel,
    address_of,
    find_server,
    refuse_unfit,
    usable_model,
)
from qa.models.served import ServedModel

pytestmark = pytest.mark.sockets
REAL = SHARED / "ollama" / "server"
NO_REAL = pytest.mark.skipif(not REAL.exists(), reason="the recordings in ../shared are absent")
GOLDEN = Path(__file__).parent / "golden"
ASKED = [
    ChatMessage(role=MessageRole.SYSTEM, content="Answer briefly."),
    ChatMessage(role=MessageRole.USER, content="How many — “212”?"),
]
RIGHT = "The ferry had 212 passengers."
MODEL = "qwen2.5-coder:1.5b"
GIBIBYTE = 1024**3


def own(*names: str) -> list[Path]:
    return [RECORDINGS / f"{name}.json" for name in ("version", "tags", "show", *names)]


def real(*names: str) -> list[Path]:
    return [REAL / f"{name}.json" for name in ("version", "tags", "show", *names)]


def settings_for(server: Server, **sections: Any) -> Settings:
    return load_settings(
        backend="ollama",
        url=server.url,
        models_folder=Path("models"),
        **{"evidence": EvidenceSettings(budget_tokens=170), **sections},
    )


def opened(server: Server, **sections: Any) -> ServedModel:
    return open_ollama(settings_for(server, **sections))


@pytest.mark.parametrize(
    ("recordings", "models"),
    [
        pytest.param(real(), (MODEL,), marks=NO_REAL, id="real"),
        pytest.param(own(), (MODEL, "far:latest", "near:latest"), id="own"),
    ],
)
def test_finding_a_server(recordings: list[Path], models: tuple[str, ...]) -> None:
    with serve(*recordings) as server:
        found = find_server(server.url, OllamaSettings())
    assert (found.url, found.version) == (server.url, "0.24.0")
    assert sorted(each.name for each in found.models) == sorted(models)
    assert found.find(MODEL).quantisation == "Q4_K_M"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("given", "address"),
    [
        (None, "http://127.0.0.1:11434"),
        ("", "http://127.0.0.1:11434"),
        ("box", "http://box:11434"),
        ("box:8000", "http://box:8000"),
        (":8000", "http://127.0.0.1:8000"),
        ("http://box", "http://box"),
        ("https://box:8443", "https://box:8443"),
        ("http://box:8000/ollama/", "http://box:8000/ollama"),
        ("[::1]:8000", "http://[::1]:8000"),
        ("0.0.0.0:8000", "http://127.0.0.1:8000"),
        ("[::]:8000", "http://[::1]:8000"),
    ],
)
def test_addresses_as_ollama_takes_them(
    monkeypatch: pytest.MonkeyPatch, given: str | None, address: str
) -> None:
    monkeypatch.delenv("OLLAMA_HOST", raising=False)
    assert address_of(given) == address
    if given is not None:
        monkeypatch.setenv("OLLAMA_HOST", given)
        assert address_of(None) == address


def test_a_proxy_in_the_environment_is_not_used_for_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("HTTP_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with serve(*own()) as server:
        assert find_server(server.url, OllamaSettings()).version == "0.24.0"


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
        pieces = [piece for piece in opened(server).llm.stream_chat(ASKED) if piece.raw]
    written = "".join(piece.delta or "" for piece in pieces)
    assert pieces[-1].message.content == written
    raw: Any = pieces[-1].raw
    assert raw["choices"][0]["finish_reason"]
    assert raw["timings"].keys() == {"prompt_per_second", "predicted_per_second"}
    if text is None:
        assert raw["timings"]["predicted_per_second"] > 0
        assert not written.isascii()
        assert "\ufffd" not in written
    else:
        assert written == text
        assert tuple(raw["usage"].values()) == usage


@pytest.mark.parametrize(
    "recordings",
    [pytest.param(real("chat-logprobs"), marks=NO_REAL, id="real"), own("chat-logprobs")],
)
def test_log_probabilities_have_openais_shape(recordings: list[Path]) -> None:
    with serve(*recordings) as server:
        pieces = [each for each in opened(server).llm.stream_chat(ASKED) if each.delta]
    raw: Any = pieces[0].raw
    (token,) = raw["choices"][0]["logprobs"]["content"]
    assert token["token"] == pieces[0].delta
    assert {"token", "logprob"} <= token["top_logprobs"][0].keys()


def test_a_whole_reply_is_the_stream_joined() -> None:
    with serve(*own("chat-answer")) as server:
        assert opened(server).llm.chat(ASKED).message.content == RIGHT


def test_the_requests_are_as_agreed() -> None:
    """Every request of a session, in order; a change in how the server is called shows here."""
    with serve(*own("chat-answer")) as server:
        model = opened(server)
        list(model.llm.stream_chat(ASKED, **model.options))
        model.load()
        sent = [
            {"method": each.method, "path": each.path, "body": each.body} for each in server.seen
        ]
    golden = json.loads((GOLDEN / "ollama-requests.json").read_text(encoding="utf-8"))
    assert sent == golden


def test_every_limit_in_the_request_is_a_setting() -> None:
    sections = {
        "ollama": OllamaSettings(context_tokens=1024, keep_alive="1m"),
        "generation": GenerationSettings(answer_tokens=33, seed=5),
    }
    with serve(*own("chat-answer")) as server:
        list(opened(server, **sections).llm.stream_chat(ASKED))
        (sent,) = server.bodies("/api/chat")
    assert sent["keep_alive"] == "1m"
    assert sent["options"] == {"temperature": 0, "num_ctx": 1024, "seed": 5, "num_predict": 33}


def test_closing_the_stream_hangs_up() -> None:
    with serve(*own("chat-answer")) as server:
        server.pause = threading.Event()
        stream = opened(server).llm.stream_chat(ASKED)
        assert next(each.delta for each in stream if each.delta) == "The"
        stream.close()  # type: ignore[attr-defined]
        server.pause.set()
        assert server.gone.wait(30)


def named(*names: str, remote: str | None = None) -> tuple[ListedModel, ...]:
    return tuple(ListedModel(name, remote_host=remote) for name in names)


@pytest.mark.parametrize(
    ("there", "wanted", "preference", "chosen"),
    [
        (named("b", "a"), None, ("a", "b"), "a"),
        (named("b"), None, ("a", "b"), "b"),
        (named("c"), None, ("a", "b"), None),
        ((), None, ("a",), None),
        (named("a", "c"), "c", ("a",), "c"),
        (named("a"), "c", ("a",), None),  # what is wanted isn't replaced
        (named("c:latest"), "c", (), "c:latest"),
        (named("c:latest"), "c:latest", (), "c:latest"),
        (named("c"), "c:latest", (), "c"),
        (named("c:1b"), "c", (), None),
        (named("a:latest"), None, ("a",), "a:latest"),
        (named("a:3b-text", "a:3b-instruct-q8_0"), None, ("a:3b",), "a:3b-instruct-q8_0"),
        (named("a:3b-text"), None, ("a:3b",), None),  # it only goes on writing
        (named("a", remote="cloud"), None, ("a",), None),  # never a cloud's by itself
        (named("a", remote="cloud"), "a", (), "a"),
    ],
)
def test_choosing(
    there: tuple[ListedModel, ...],
    wanted: str | None,
    preference: tuple[str, ...],
    chosen: str | None,
) -> None:
    found = OllamaServer("http://x", "1", there).choose(wanted, preference)
    assert (found.name if found else None) == chosen


def test_a_missing_model_says_how_to_get_it() -> None:
    server = OllamaServer("http://x", "1", named("a", "b"))
    with pytest.raises(ModelError, match="dateline models pull c"):
        usable_model(server, OllamaSettings(), "c")
    with pytest.raises(ModelError, match="dateline models pull qwen.*a, b"):
        usable_model(server, OllamaSettings(), None)


def shown(**changes: Any) -> ShownModel:
    facts = {
        "template": "{{ .System }} {{ .Prompt }}",
        "can_chat": True,
        "remote_host": None,
        "context_limit": 32768,
        "cache_bytes_a_token": 28 * 2 * 128 * 4,
    }
    return ShownModel(**{**facts, **changes})


@pytest.mark.parametrize(
    ("model", "facts", "says"),
    [
        (ListedModel("m"), {"template": "{{ .Prompt }}"}, "dateline models import"),
        (ListedModel("m"), {"can_chat": False}, "only makes embeddings"),
        (ListedModel("m", family="nomic-bert"), {}, "only makes embeddings"),
        (ListedModel("m", remote_host="far.example"), {}, "far.example.*allow_cloud"),
        (ListedModel("m"), {"remote_host": "far.example"}, "would leave this machine"),
    ],
)
def test_a_model_that_is_unfit_is_refused(
    model: ListedModel, facts: dict[str, Any], says: str
) -> None:
    server = OllamaServer("http://x", "1", (model,))
    with pytest.raises(ModelError, match=says):
        refuse_unfit(server, model, shown(**facts), OllamaSettings())


def test_a_clouds_model_is_used_once_the_user_has_agreed() -> None:
    model = ListedModel("m", remote_host="far.example")
    server = OllamaServer("http://x", "1", (model,))
    refuse_unfit(server, model, shown(), OllamaSettings(allow_cloud=True))


@pytest.mark.parametrize(
    ("recordings", "says"),
    [
        pytest.param(
            [REAL / "version.json", REAL / "tags-two.json", REAL / "show-no-template.json"],
            "chat template",
            marks=NO_REAL,
        ),
        (
            [RECORDINGS / f"{name}.json" for name in ("version", "tags", "show-no-template")],
            "chat template",
        ),
    ],
)
def test_a_model_without_its_template_is_refused(recordings: list[Path], says: str) -> None:
    with serve(*recordings) as server, pytest.raises(ModelError, match=says):
        opened(server)


@pytest.mark.parametrize(
    ("sections", "facts", "memory", "context"),
    [
        ({}, {}, None, 7168),  # the largest evidence, a long question and the answer
        ({"evidence": EvidenceSettings(budget_tokens=170)}, {}, None, 2048),
        ({"evidence": EvidenceSettings(budget_tokens=8000)}, {}, None, 25600),
        ({}, {"context_limit": 2048}, None, 2048),
        ({}, {}, GIBIBYTE, 4096),
        ({}, {"cache_bytes_a_token": 131072}, 4 * GIBIBYTE, 4096),
        ({}, {"cache_bytes_a_token": 131072}, GIBIBYTE, 1024),
        ({}, {"cache_bytes_a_token": None}, GIBIBYTE, 7168),
        ({"ollama": OllamaSettings(context_tokens=900)}, {}, None, 900),
        ({"ollama": OllamaSettings(context_tokens=9000)}, {"context_limit": 4096}, None, 4096),
        ({}, {"context_limit": None}, None, 4096),
    ],
)
def test_the_context_is_what_the_largest_prompt_needs(
    sections: dict[str, Any], facts: dict[str, Any], memory: int | None, context: int
) -> None:
    assert choose_context(load_settings(**sections), shown(**facts), memory=memory) == context


@pytest.fixture
def asked_of(settings: Settings) -> Any:
    def ask(server: Server, question: str, **changes: Any) -> Any:
        chosen = settings.model_copy(update={"backend": "ollama", "url": server.url, **changes})
        desk = Desk(chosen, embedder=WordEmbedder())
        desk.refresh()
        return desk.ask(question)

    return ask


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
    asked_of: Any,
    backend: str,
    recordings: list[Path],
    status: str,
    text: str | None,
    finished: bool,
) -> None:
    with serve(*recordings) as server:
        answer = asked_of(server, "How many passengers were on the ferry?", backend=backend)
    assert (answer.status, answer.finished) == (status, finished)
    assert answer.text == (text or "The articles don't say.")
    assert (answer.backend, answer.model) == ("ollama", MODEL)
    if finished:
        assert answer.usage.prompt_tokens > 0
    for citation in answer.citations:
        with Path(citation.article_path).open(encoding="utf-8", newline="") as file:
            assert file.read()[citation.start : citation.end] == citation.quote


@pytest.fixture
def served() -> Iterator[Server]:
    with serve(*own("chat-answer")) as server:
        yield server


def test_who_answers_is_told_in_one_line(served: Server) -> None:
    model = opened(served)
    assert model.description == (
        f"Answers come from {MODEL} (ollama, version 0.24.0 at {served.url})."
    )


def test_what_is_told_of_a_model() -> None:
    with serve(*own("ps-loaded")) as server:
        status = opened(server).status()
    assert status.loaded
    assert status.quantisation == "Q4_K_M"
    assert status.context_limit == 32768
    assert status.memory_bytes


def test_it_can_be_taken_into_a_llamaindex_program(served: Server) -> None:
    llm = opened(served).llm
    assert isinstance(llm, OllamaLLM)
    assert llm.metadata.is_chat_model
    assert llm.complete("How many?").text == RIGHT


@pytest.mark.parametrize(
    "written",
    [
        RIGHT,
        f"{RIGHT} It sank off Cape Dorn.",
        "It had 300 passengers.",
        "NOT IN THE ARTICLES",
        f"<think>Let me see.</think>{RIGHT} [3]",
    ],
)
def test_the_answers_path_is_one(settings: Settings, written: str) -> None:
    """The same evidence gives the same messages; the same words, the same citations."""
    question = "How many passengers were on the ferry?"
    scripted = scripted_model(written)
    here = Desk(settings, embedder=WordEmbedder(), model_factory=lambda _: scripted)
    here.refresh()
    expected = here.ask(question)
    with fake_ollama(FakeModel(write=lambda messages: written)) as fake:
        chosen = settings.model_copy(update={"backend": "ollama", "url": fake.url})
        answer = Desk(chosen, embedder=WordEmbedder()).ask(question)
    (messages,) = scripted.llm.prompts
    assert fake.asked[-1]["messages"] == [
        {"role": each.role.value, "content": each.content} for each in messages
    ]
    for told in ("text", "status", "reason", "citations", "disagreements", "extract"):
        assert getattr(answer, told) == getattr(expected, told)
    verdicts = [(each.text, each.citations, each.verdict) for each in answer.sentences]
    assert verdicts == [(each.text, each.citations, each.verdict) for each in expected.sentences]


def test_a_reply_that_took_more_than_was_thought_corrects_the_count(settings: Settings) -> None:
    with serve(*own("chat-answer")) as server:
        model = opened(server)
        before = model.prompt_tokens(ASKED)
        model.llm.chat(ASKED)
    assert before < 321 == model.prompt_tokens(ASKED)


@pytest.mark.parametrize(
    ("recordings", "text"),
    [pytest.param(real("chat-stream"), "212", marks=NO_REAL), (own("chat-answer"), RIGHT)],
)
def test_a_reply_at_the_recorded_times(recordings: list[Path], text: str) -> None:
    with serve(*recordings, timed=True) as server:
        assert opened(server).llm.chat(ASKED).message.content == text
