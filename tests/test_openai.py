"""The backend for servers that speak OpenAI's protocol, over a real socket."""

import json
import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import SHARED, WordEmbedder, scripted_model
from llama_index.core.base.llms.types import ChatMessage, MessageRole
from pydantic import SecretStr
from recorded import RECORDINGS, Reply, Server, load_replies, make_reply, serve

from index.errors import (
    ModelError,
    ModelUnreachableError,
    PromptTooLongError,
    ServerBusyError,
)
from index.sections import OpenAISettings
from index.settings import Settings
from qa.answer import Answer
from qa.desk import Desk
from qa.models.openai import open_openai
from qa.models.openai_server import OpenAIModel, address_of, find_model
from qa.models.served import ServedModel

pytestmark = pytest.mark.sockets
REAL = SHARED / "ollama" / "server"
NO_REAL = pytest.mark.skipif(not REAL.exists(), reason="the recordings in ../shared are absent")
GOLDEN = Path(__file__).parent / "golden"
CHAT = "/v1/chat/completions"
ASKED = [
    ChatMessage(role=MessageRole.SYSTEM, content="Answer briefly."),
    ChatMessage(role=MessageRole.USER, content="How many — “212”?"),
]
RIGHT = "The ferry had 212 passengers."
KEY = "sk-a-key-that-nobody-may-see"
Given = Path | Reply


def own(name: str) -> Reply:
    """A recording of ours."""
    (reply,) = load_replies(RECORDINGS / f"openai-{name}.json")
    return reply


def real(name: str) -> Path:
    return REAL / f"openai-{name}.json"


def listing(content: Any, **known: Any) -> Reply:
    return make_reply("GET", "/v1/models", content, **known)


def said(content: Any, status: int = 200, **known: Any) -> Reply:
    return make_reply("POST", CHAT, content, status=status, **known)


def failing(status: int, message: str) -> Reply:
    """An error as vLLM words it."""
    return said({"error": {"message": message, "code": status}}, status)


def streamed(*events: Any) -> Reply:
    """A stream of these events that ends as it should."""
    lines = (f"data: {each if isinstance(each, str) else json.dumps(each)}\n\n" for each in events)
    return said("".join(lines), content_type="text/event-stream")


def chunk(content: str, ending: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": {"content": content}, "finish_reason": ending}
    return {"created": 1795383325.5, "choices": [choice]}  # some servers' times aren't whole


@pytest.fixture
def opened(settings: Settings) -> Callable[..., ServedModel]:
    """Opens the model on a server."""

    def open_it(server: Server | str, model: str | None = None, **limits: Any) -> ServedModel:
        url = server if isinstance(server, str) else server.url
        chosen = OpenAISettings(**{"connect_seconds": 30, "busy_seconds": 30, **limits})
        return open_openai(
            settings.model_copy(update={"url": url, "model": model, "openai": chosen})
        )

    return open_it


def ask(model: ServedModel) -> str:
    return "".join(piece.delta or "" for piece in model.llm.stream_chat(ASKED, **model.options))


# Finding the server and its model


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("host:8000", "http://host:8000"),
        ("host", "http://host"),
        (" http://host:8000/ ", "http://host:8000"),
        ("http://host:8000/v1", "http://host:8000"),
        ("host:8000/v1/", "http://host:8000"),
        ("host:8000/v1/chat/completions", "http://host:8000"),
        ("https://host/models/news/v1", "https://host/models/news"),
        ("HTTPS://Host:8443", "https://host:8443"),
        ("127.0.0.1:1234", "http://127.0.0.1:1234"),
        ("[::1]:8000/v1", "http://[::1]:8000"),
        ("http://0.0.0.0:8000", "http://127.0.0.1:8000"),
        ("[::]:8000", "http://[::1]:8000"),
    ],
)
def test_the_address_may_be_given_in_any_form(given: str, address: str) -> None:
    assert address_of(given) == address


@pytest.mark.parametrize(
    "given",
    [
        "",
        "  ",
        "http://",
        "ftp://host",
        "host:port",
        "http://a:secret@host",
        "http://h/v1?key=secret",
    ],
)
def test_what_is_no_address(given: str) -> None:
    with pytest.raises(ModelError, match="http://host:8000") as raised:
        address_of(given)
    assert "secret" not in str(raised.value)


def test_the_server_must_be_named(settings: Settings) -> None:
    with pytest.raises(ModelError, match="--url http://host:8000"):
        open_openai(settings)


@pytest.mark.parametrize(
    ("replies", "wanted", "name", "context_tokens"),
    [
        pytest.param(
            [real("models")], None, "qwen2.5-coder:1.5b", None, marks=NO_REAL, id="ollama"
        ),
        pytest.param([own("models")], None, "written-1b", 8192, id="vllm"),
        pytest.param([own("models")], "written-1b", "written-1b", 8192, id="vllm-named"),
        pytest.param([own("models-adapter")], "written-news", "written-news", 8192, id="adapter"),
        pytest.param([own("models-llamacpp")], None, "written.gguf", 6144, id="llama.cpp"),
        pytest.param(
            [own("models-llamacpp-older"), own("props")], None, "written.gguf", 3072, id="props"
        ),
        pytest.param([own("models-llamacpp-older")], None, "written.gguf", None, id="no-props"),
    ],
)
def test_the_model_and_its_context(
    opened: Callable[..., ServedModel],
    replies: list[Given],
    wanted: str | None,
    name: str,
    context_tokens: int | None,
) -> None:
    with serve(*replies) as server:
        found = find_model(server.url, wanted, OpenAISettings())
        model = opened(f"{server.url}/v1", wanted, context_tokens=1234)
    assert found == OpenAIModel(name, context_tokens)
    assert (model.name, model.context_tokens) == (name, context_tokens or 1234)
    assert model.llm.metadata.context_window == model.context_tokens
    assert server.url in model.description


@pytest.mark.parametrize(
    ("names", "wanted", "message"),
    [
        (["a", "b"], "c", "no model c. Models there: a, b."),
        (["a", "b"], None, "--model .* Models there: a, b."),
        ([], None, "Models there: none."),
        ([f"m{number}" for number in range(25)], None, "m19 and 5 more."),
    ],
)
def test_a_model_that_can_only_be_named(names: list[str], wanted: str | None, message: str) -> None:
    listed = listing({"data": [{"id": name} for name in names]})
    with serve(listed) as server, pytest.raises(ModelError, match=message):
        find_model(server.url, wanted, OpenAISettings())


@pytest.mark.parametrize(
    ("reply", "error", "message"),
    [
        (listing(["written-1b"]), ModelUnreachableError, "doesn't speak OpenAI's protocol"),
        (listing({"data": "x"}), ModelUnreachableError, "doesn't speak OpenAI's protocol"),
        (listing("Not Found", status=404), ModelUnreachableError, "doesn't speak OpenAI's"),
        (listing("<html>It works</html>"), ModelError, "isn't JSON"),
        (listing({"error": "Unauthorized"}, status=401), ModelError, "DATELINE_OPENAI__API_KEY"),
        (
            listing("", status=307, Location="http://elsewhere/"),
            ModelError,
            "redirects to http://e",
        ),
        (listing({"error": "x"}, status=500), ModelError, "failed"),
        (listing("x").cut(0, "stall"), ModelUnreachableError, "doesn't answer"),
        (listing("x").cut(0, "reset"), ModelError, "broke off"),
    ],
)
def test_what_is_no_server_to_ask(reply: Reply, error: type[ModelError], message: str) -> None:
    limits = OpenAISettings(connect_seconds=0.3 if reply.end == "stall" else 30)
    with serve(reply) as server, pytest.raises(error, match=message):
        find_model(server.url, None, limits)


def test_a_server_that_is_still_loading_is_asked_again() -> None:
    loading = listing({"error": {"code": 503, "message": "Loading model"}}, status=503)
    with serve(loading, own("models-llamacpp")) as server:
        assert find_model(server.url, None, OpenAISettings()).name == "written.gguf"
    with serve(loading) as server, pytest.raises(ServerBusyError, match="Loading model"):
        find_model(server.url, None, OpenAISettings(busy_seconds=0.1))


# Asking


@pytest.mark.parametrize(
    ("replies", "text", "tokens"),
    [
        pytest.param(
            [real("models"), real("chat-stream")], "212", (141, 4), marks=NO_REAL, id="real"
        ),
        pytest.param([own("models"), own("chat-answer")], RIGHT, (321, 9), id="vllm"),
        pytest.param([own("models"), own("chat-counting")], RIGHT, (321, 7), id="counting"),
        pytest.param([own("models"), own("chat-non-ascii")], "The fare was €4.", (321, 9)),
        pytest.param(
            [own("models"), own("chat-non-ascii").rechunked(7)], "The fare was €4.", (321, 9)
        ),
        pytest.param([own("models"), own("chat-length")], f"{RIGHT} It", (321, 9), id="length"),
    ],
)
def test_streaming(
    opened: Callable[..., ServedModel], replies: list[Given], text: str, tokens: tuple[int, int]
) -> None:
    with serve(*replies) as server:
        pieces = [piece for piece in opened(server).llm.stream_chat(ASKED) if piece.raw]
    assert "".join(piece.delta or "" for piece in pieces) == pieces[-1].message.content == text
    told = [piece.raw["usage"] for piece in pieces if "usage" in piece.raw]
    assert [(each["prompt_tokens"], each["completion_tokens"]) for each in told] == [tokens]


def test_a_reply_that_took_more_than_was_thought_corrects_the_count(
    opened: Callable[..., ServedModel],
) -> None:
    with serve(own("models"), own("chat-answer")) as server:
        model = opened(server)
        before = model.prompt_tokens(ASKED)
        model.llm.chat(ASKED)
    assert before < 321 == model.prompt_tokens(ASKED)


def test_what_comes_with_the_words(opened: Callable[..., ServedModel]) -> None:
    replies = [own("models"), own("chat-answer"), own("chat-thought-first"), own("chat-counting")]
    with serve(*replies) as server:
        model = opened(server)
        plain, thoughtful, timed = (
            [piece.raw for piece in model.llm.stream_chat(ASKED) if piece.raw] for _ in range(3)
        )
    for raws in (plain, thoughtful):  # those of the thoughts are left out
        choices = [choice for raw in raws for choice in raw.get("choices", ())]
        listed = [each["logprobs"]["content"][0] for each in choices if "logprobs" in each]
        assert "".join(each["token"] for each in listed) == RIGHT
        assert listed[0]["top_logprobs"][1] == {
            "token": "NOT",
            "logprob": -2.5,
            "bytes": [78, 79, 84],
        }
    assert [raw["timings"] for raw in timed if "timings" in raw] == [
        {"prompt_per_second": 640.5, "predicted_per_second": 41.5}
    ]


def test_the_request_is_as_agreed(opened: Callable[..., ServedModel]) -> None:
    with serve(own("models"), own("chat-answer")) as server:
        assert ask(opened(server)) == RIGHT
    (sent,) = server.bodies(CHAT)
    assert sent == json.loads((GOLDEN / "openai-request.json").read_text(encoding="utf-8"))


def test_nothing_of_the_environment_is_sent(
    opened: Callable[..., ServedModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    import tiktoken.registry

    nowhere = "http://127.0.0.1:9"
    for name, value in {
        "OPENAI_API_KEY": "of-the-environment",
        "OPENAI_ADMIN_KEY": "of-the-environment",
        "OPENAI_ORG_ID": "of-the-environment",
        "OPENAI_PROJECT_ID": "of-the-environment",
        "OPENAI_CUSTOM_HEADERS": "X-Of: the-environment\nAuthorization: of-the-environment",
        "OPENAI_BASE_URL": nowhere,
        "OPENAI_API_BASE": nowhere,
        "HTTP_PROXY": nowhere,
        "ALL_PROXY": nowhere,
    }.items():
        monkeypatch.setenv(name, value)
    tiktoken.registry.ENCODINGS.clear()
    with serve(own("models"), own("chat-answer")) as server:
        assert ask(opened(server)) == RIGHT
    assert [request.path for request in server.seen] == ["/v1/models", CHAT]
    for request in server.seen:
        assert "environment" not in str(request.headers)
        assert request.headers["authorization"] == "Bearer none"
        assert request.headers.keys() - {"content-type", "content-length"} == {
            "accept", "accept-encoding", "authorization", "connection", "host", "user-agent"
        }  # fmt: skip
    assert not tiktoken.registry.ENCODINGS  # it would fetch its tables from the network


def test_nobody_sees_the_key(
    opened: Callable[..., ServedModel], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with serve(own("models"), own("chat-answer"), failing(401, f"Wrong key {KEY}")) as server:
        model = opened(server, api_key=SecretStr(f"{KEY}\n"))
        assert ask(model) == RIGHT
        with pytest.raises(ModelError, match="asks for a key") as raised:
            ask(model)
    assert {each.headers["authorization"] for each in server.seen} == {f"Bearer {KEY}"}
    shown = (raised.value, caplog.text, model, model.llm, model.llm.to_dict(), model.description)
    assert KEY not in "".join(map(repr, shown))


def test_a_key_that_is_none(opened: Callable[..., ServedModel]) -> None:
    with serve(own("models")) as server, pytest.raises(ModelError, match="openai.api_key"):
        opened(server, api_key=SecretStr("a\r\nb"))
    assert not server.seen


NO_LOGPROBS = failing(400, "Please remove 'logprobs'/'top_logprobs' from your request.")
NO_OTHERS = said(
    {"detail": [{"loc": ["body", name], "msg": "Extra inputs are not permitted"} for name in (
        "seed", "stream_options", "chat_template_kwargs")]}, 422
)  # fmt: skip


@pytest.mark.parametrize(
    ("refusals", "left_out"),
    [
        ([NO_LOGPROBS], {"logprobs", "top_logprobs"}),
        ([NO_OTHERS], {"seed", "stream_options", "chat_template_kwargs"}),
        (
            [NO_LOGPROBS, NO_OTHERS],
            {"logprobs", "top_logprobs", "seed", "stream_options", "chat_template_kwargs"},
        ),
        (
            [streamed({"error": {"message": "no logprobs here", "code": 400}})],
            {"logprobs", "top_logprobs"},
        ),
    ],
)
def test_what_a_server_refuses_is_left_out_from_then_on(
    opened: Callable[..., ServedModel], refusals: list[Reply], left_out: set[str]
) -> None:
    with serve(own("models"), *refusals, own("chat-answer")) as server:
        model = opened(server)
        assert [ask(model), ask(model)] == [RIGHT, RIGHT]
    first, *_, last_but_one, last = server.bodies(CHAT)
    assert len(server.bodies(CHAT)) == len(refusals) + 2
    assert first.keys() - last.keys() == left_out
    assert last_but_one == last


@pytest.mark.parametrize("ending", ["stop", None])
def test_an_empty_reply(opened: Callable[..., ServedModel], ending: str | None) -> None:
    silence = streamed(chunk(""), chunk(" ", ending), "[DONE]")
    with serve(own("models"), silence) as server, pytest.raises(ModelError, match="empty answer"):
        ask(opened(server))


def test_thinking_until_the_end(opened: Callable[..., ServedModel]) -> None:
    remedy = "120 tokens.*generation.answer_tokens"
    with (
        serve(own("models"), own("chat-thoughts")) as server,
        pytest.raises(ModelError, match=remedy),
    ):
        ask(opened(server))


WORDS = (chunk("The"), chunk(" ferry"))
TOO_LONG = (
    "This model's maximum context length is 8192 tokens. However, you requested 9120 tokens.",
    "The input (9000 tokens) is longer than the model's maximum context length (8192 tokens).",
)
TOO_LONG_LLAMA_CPP = {
    "error": {
        "code": 400,
        "message": "request (9000 tokens) exceeds the available context size (6144 tokens)",
        "type": "exceed_context_size_error",
    }
}


@pytest.mark.parametrize(
    ("reply", "words", "error", "message"),
    [
        (own("chat-answer").cut(4), True, ModelError, "broke off in mid-answer. Ask again"),
        (own("chat-answer").cut(4, "reset"), True, ModelError, "broke off in mid-answer"),
        (own("chat-answer").cut(0), False, ModelError, "broke off in mid-answer"),
        (own("chat-answer").cut(4, "stall"), True, ModelError, "sent nothing for 1 seconds"),
        (own("chat-answer").cut(0, "stall"), False, ModelError, "sent nothing for 1 seconds"),
        (own("chat-not-done"), True, ModelError, "broke off in mid-answer"),
        (own("chat-error"), True, ModelError, "mid-answer .EngineCore died."),
        (own("chat-error-first"), False, PromptTooLongError, "longer than the context"),
        (streamed(*WORDS, chunk("", "abort")), True, ModelError, "mid-answer .abort."),
        (streamed(*WORDS, [1, 2], "[DONE]"), True, ModelError, "can't be read"),
        (streamed(*WORDS, "<html>"), True, ModelError, "isn't JSON"),
        (streamed("<html>"), False, ModelError, "isn't JSON"),
        (streamed([1]), False, ModelUnreachableError, "doesn't speak OpenAI's protocol"),
        (said("<html>It works</html>", content_type="text/html"), False, ModelError, "empty"),
        (failing(400, TOO_LONG[0]), False, PromptTooLongError, "openai.context_tokens"),
        (failing(400, TOO_LONG[1]), False, PromptTooLongError, "openai.context_tokens"),
        (said(TOO_LONG_LLAMA_CPP, 400), False, PromptTooLongError, "openai.context_tokens"),
        (failing(400, "System role not supported"), False, ModelError, "System role not"),
        (failing(404, "The model `x` does not exist."), False, ModelError, "no model written-1b"),
        (said({"detail": "Not Found"}, 404), False, ModelUnreachableError, "OpenAI's protocol"),
        (failing(401, "Unauthorized"), False, ModelError, "DATELINE_OPENAI__API_KEY"),
        (failing(500, "CUDA out of memory"), False, ModelError, "too little memory for written-1b"),
        (failing(500, "device-side assert"), False, ModelError, "500: device-side assert"),
        (failing(503, "Overloaded"), False, ServerBusyError, "Overloaded"),
        (said("", 302, Location="http://elsewhere/"), False, ModelError, "redirects to http://e"),
    ],
)
def test_what_goes_wrong(
    opened: Callable[..., ServedModel],
    reply: Reply,
    words: bool,
    error: type[ModelError],
    message: str,
) -> None:
    written = ""
    with serve(own("models"), reply, own("chat-answer")) as server:
        model = opened(server, read_seconds=1 if reply.end == "stall" else 30, busy_seconds=0)
        stream = model.llm.stream_chat(ASKED, **model.options)
        with pytest.raises(error, match=message) as raised:
            for piece in stream:
                written += piece.delta or ""
        assert ask(model) == RIGHT  # after any of these the next question works
    assert type(raised.value) is error
    assert server.url in str(raised.value)
    assert written.startswith("The") is words


def test_a_busy_server_is_asked_again(opened: Callable[..., ServedModel]) -> None:
    busy = failing(503, "Loading model")
    with serve(own("models"), busy, busy, own("chat-answer")) as server:
        assert ask(opened(server)) == RIGHT
    assert len(server.bodies(CHAT)) == 3


def test_a_server_that_went_away_is_unreachable(opened: Callable[..., ServedModel]) -> None:
    with serve(own("models")) as server:
        model = opened(server)
    with pytest.raises(ModelUnreachableError, match="doesn't answer"):
        ask(model)


def test_a_certificate_that_nobody_vouches_for(opened: Callable[..., ServedModel]) -> None:
    with (
        serve(own("models"), tls=True) as server,
        pytest.raises(ModelUnreachableError, match="isn't secure.*self-signed"),
    ):
        opened(server)


@pytest.mark.parametrize("pieces", [0, 3])
def test_closing_the_stream_hangs_up(opened: Callable[..., ServedModel], pieces: int) -> None:
    """Also where the server still reads the prompt and has sent nothing."""
    with serve(own("models"), own("chat-answer").cut(pieces, "stall")) as server:
        stream = opened(server).llm.stream_chat(ASKED)
        for piece in stream:
            if len(server.seen) == 2 and (piece.delta or not pieces):
                break
        stream.close()
        assert server.gone.wait(30)


def test_warming_up_has_the_prompt_read_and_no_more(opened: Callable[..., ServedModel]) -> None:
    with serve(own("models"), own("chat-length"), streamed("[DONE]")) as server:
        model = opened(server)
        model.warm_up(ASKED)
        model.warm_up(ASKED)  # a reply without a word is no failure here
    for sent in server.bodies(CHAT):
        assert (sent["max_tokens"], sent["messages"][0]["content"]) == (1, "Answer briefly.")


def test_several_at_once(opened: Callable[..., ServedModel]) -> None:
    """One user's stop doesn't stop another's answer."""
    with serve(own("models"), own("chat-answer")) as server:
        model = opened(server)
        server.pause = threading.Event()
        stopped = model.llm.stream_chat(ASKED)
        next(stopped)
        answers: list[str] = []
        others = [threading.Thread(target=lambda: answers.append(ask(model))) for _ in range(3)]
        for other in others:
            other.start()
        stopped.close()
        server.pause.set()
        for other in others:
            other.join()
    assert answers == [RIGHT] * 3


# The whole path


def told(answer: Answer) -> Iterator[Any]:
    """What is the same whoever wrote the words."""
    yield from (answer.status, answer.text, answer.reason, answer.finished, answer.model_text)
    for sentence in answer.sentences:
        yield (sentence.text, sentence.citations, sentence.verdict)
    for citation in answer.citations:
        yield (citation.number, citation.article_path, citation.start, citation.end)


def asked(settings: Settings, open_it: Callable[[Settings], ServedModel]) -> tuple[Desk, Answer]:
    desk = Desk(settings, embedder=WordEmbedder(), model_factory=open_it)
    desk.refresh()
    return desk, desk.ask("How many passengers were on the ferry?")


@pytest.mark.parametrize(
    ("replies", "text", "status"),
    [
        pytest.param(
            [real("models"), real("chat-stream")], "212", "answered", marks=NO_REAL, id="real"
        ),
        pytest.param([own("models"), own("chat-answer")], RIGHT, "answered", id="answer"),
        pytest.param(
            [own("models"), own("chat-refusal")], "NOT IN THE ARTICLES", "abstained", id="refusal"
        ),
    ],
)
def test_the_same_words_get_the_same_citations_and_verdicts(
    settings: Settings, replies: list[Given], text: str, status: str
) -> None:
    with serve(*replies) as server:
        chosen = settings.model_copy(update={"backend": "openai", "url": server.url})
        _, answer = asked(chosen, open_openai)
    scripted = scripted_model(text)
    _, expected = asked(settings, lambda _: scripted)
    assert list(told(answer)) == list(told(expected))
    assert (answer.status, answer.backend) == (status, "openai")
    assert answer.usage.prompt_tokens > 0
    sent = server.bodies(CHAT)[-1]["messages"]
    prompts = [
        {"role": message.role.value, "content": message.content}
        for message in scripted.llm.prompts[-1]
    ]
    assert sent == prompts


@pytest.mark.parametrize(
    "reply",
    [own("chat-error"), own("chat-not-done"), own("chat-length").cut(8), own("chat-length")],
)
def test_what_was_streamed_stays(settings: Settings, reply: Reply) -> None:
    with serve(own("models"), reply) as server:
        chosen = settings.model_copy(update={"backend": "openai", "url": server.url})
        _, answer = asked(chosen, open_openai)
    assert (answer.status, answer.finished) == ("partial", False)
    assert answer.text.startswith(RIGHT)
    assert answer.extract is not None


def test_an_error_before_the_first_word_reaches_the_asker(settings: Settings) -> None:
    with serve(own("models"), failing(500, "device-side assert")) as server:
        chosen = settings.model_copy(update={"backend": "openai", "url": server.url})
        with pytest.raises(ModelError, match="device-side assert"):
            asked(chosen, open_openai)
