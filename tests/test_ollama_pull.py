"""Getting models onto an Ollama server: pulls replayed from a real one, files registered."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from conftest import SHARED
from made_gguf import CHAT, write_gguf
from recorded import ANY, RECORDINGS, Reply, Server, load_replies, make_reply, serve

from index.errors import (
    DatelineError,
    FetchError,
    ModelError,
    ModelFileError,
    ModelUnreachableError,
)
from index.sections import OllamaSettings
from qa.models.ollama_pull import PullProgress, import_gguf, name_for, pull

pytestmark = pytest.mark.sockets
REAL = SHARED / "ollama"
NO_REAL = pytest.mark.skipif(not REAL.exists(), reason="the recordings in ../shared are absent")
GOLDEN = Path(__file__).parent / "golden"
Loader = Callable[[str], Reply]
LIMITS = OllamaSettings(connect_seconds=5)
REAL_NAME = "http://127.0.0.1:5001/library/smollm2:135m"
LAYERS = ["b179c9523d0e", "e3b2721cec51", "f02dd72bb242", "220cbc249776"]
# The SHA-256 of the file that `write_gguf` makes by default.
BLOB = "/api/blobs/sha256:b326d125e01b81f36403190582625968ac1b4509b718b5703ad08576ab824e1f"
WAIT_SECONDS = 10


def own(name: str) -> Reply:
    return load_replies(RECORDINGS / f"{name}.json")[0].for_any_model()


def real(name: str) -> Reply:
    folder = "server" if name in {"pull-offline", "create-from-blob"} else "pull"
    return load_replies(REAL / folder / f"{name}.json")[0].for_any_model()


def both(mine: str, theirs: str | None = None) -> list[Any]:
    """A recording of our own, and one of a real server, as (how it is loaded, its name)."""
    return [
        pytest.param(own, mine, id=f"own-{mine}"),
        pytest.param(real, theirs or mine, id=f"real-{theirs or mine}", marks=NO_REAL),
    ]


def pulled(reply: Reply, name: str = "near") -> list[PullProgress]:
    with serve(reply) as server:
        return list(pull(server.url, name, LIMITS))


def layers(steps: list[PullProgress]) -> list[str]:
    return list(dict.fromkeys(step.digest for step in steps if step.digest))


@NO_REAL
@pytest.mark.parametrize(
    ("name", "first", "digests"),
    [("pull-again", 98_362_432, LAYERS), ("pull-resumed", 18_874_368, LAYERS)],
)
def test_a_real_pull(name: str, first: int, digests: list[str]) -> None:
    steps = pulled(real(name), REAL_NAME)
    counted = [step for step in steps if step.completed_bytes is not None]
    assert (counted[0].completed_bytes, counted[0].total_bytes) == (first, 98_362_432)
    assert layers(steps) == digests
    assert [step.status for step in steps[-3:]] == [
        "verifying sha256 digest",
        "writing manifest",
        "success",
    ]


@NO_REAL
def test_a_real_pull_in_one_reply() -> None:
    assert pulled(real("pull-whole")) == [PullProgress("success")]


def test_a_pull_tells_how_far_each_layer_is() -> None:
    first, second = "pulling a1b2c3d4e5f6", "pulling b7c8d9e0f1a2"
    assert pulled(own("pull-layers")) == [
        PullProgress("pulling manifest"),
        PullProgress(first, "a1b2c3d4e5f6", 0, 4000),
        PullProgress(first, "a1b2c3d4e5f6", 1000, 4000),
        PullProgress(first, "a1b2c3d4e5f6", 4000, 4000),
        PullProgress(second, "b7c8d9e0f1a2", 20, 20),
        PullProgress("verifying sha256 digest"),
        PullProgress("writing manifest"),
        PullProgress("success"),
    ]


def test_a_pull_that_was_broken_off_goes_on() -> None:
    steps = pulled(own("pull-resumed"))
    assert (steps[1].completed_bytes, steps[-1].status) == (3000, "success")


@pytest.mark.parametrize("load", [own, pytest.param(real, marks=NO_REAL)])
@pytest.mark.parametrize(
    ("name", "kind", "says"),
    [
        ("pull-missing", ModelFileError, "There is no model near in the library"),
        ("pull-offline", FetchError, "can't reach the library for near (pull model manifest: Get"),
        ("pull-digest-mismatch", FetchError, "near arrived damaged. Run the same again: it starts"),
        ("pull-library-gone", FetchError, "Run the same again: it goes on where it stopped."),
    ],
)
def test_why_a_pull_failed_and_what_to_do(
    load: Loader, name: str, kind: type[DatelineError], says: str
) -> None:
    with pytest.raises(DatelineError) as raised:
        pulled(load(name))
    assert type(raised.value) is kind
    assert says in str(raised.value)


@pytest.mark.parametrize(
    ("name", "says"),
    [("pull-disk-full", "is full. Free some space"), ("pull-newer", "needs a newer version")],
)
def test_what_else_may_be_wrong_at_the_server(name: str, says: str) -> None:
    with pytest.raises(ModelFileError, match=says):
        pulled(own(name))


@pytest.mark.parametrize(("load", "name"), both("pull-library-gone"))
def test_what_does_not_move_is_still_shown(load: Loader, name: str) -> None:
    steps: list[PullProgress] = []
    with serve(load(name)) as server, pytest.raises(FetchError):
        for step in pull(server.url, "near", LIMITS):
            steps.append(step)
    assert steps[-1].completed_bytes == steps[-2].completed_bytes
    assert 0 < (steps[-1].completed_bytes or 0) < (steps[-1].total_bytes or 0)


@pytest.mark.parametrize(("load", "name"), both("pull-layers", "pull-closed"))
def test_closing_cancels_at_once(load: Loader, name: str) -> None:
    with serve(load(name).cut(4, "stall")) as server:
        with closing(pull(server.url, "near", LIMITS)) as steps:
            assert next(step for step in steps if step.completed_bytes).status.startswith("pulling")
        assert server.gone.wait(WAIT_SECONDS)


def test_closing_before_the_server_says_anything_cancels_too() -> None:
    with serve(own("pull-layers").cut(0, "stall")) as server:
        steps = pull(server.url, "near", LIMITS)
        assert next(steps) == next(steps) == PullProgress("asking the server")
        steps.close()
        assert server.gone.wait(WAIT_SECONDS)


@pytest.mark.parametrize("end", ["closed", "reset"])
@pytest.mark.parametrize(("load", "name"), both("pull-layers", "pull-closed"))
def test_a_server_that_goes_away_is_told(load: Loader, name: str, end: Any) -> None:
    with pytest.raises(FetchError, match="broke off before it was done. Run the same again"):
        pulled(load(name).cut(3, end))


@pytest.mark.parametrize(
    ("reply", "kind", "says"),
    [
        (make_reply("POST", "/api/pull", '{"status":"pulling"}\n'), FetchError, "broke off"),
        (make_reply("POST", "/api/pull", "<html>"), ModelError, "isn't JSON"),
        (make_reply("POST", "/api/pull", "[1]"), ModelUnreachableError, "isn't Ollama"),
        (make_reply("POST", "/api/tags", {}), ModelUnreachableError, "isn't Ollama"),
        (
            make_reply("POST", "/api/pull", {"error": "invalid model name"}, status=400),
            ModelError,
            "invalid model name",
        ),
        (
            make_reply("POST", "/api/pull", {"error": "no space left on device"}, status=500),
            ModelFileError,
            "Free some space",
        ),
        (
            make_reply("POST", "/api/pull", "", status=302, Location="http://192.0.2.1/"),
            ModelError,
            "redirects to http://192.0.2.1/",
        ),
        (make_reply("POST", "/api/pull", {"error": "odd \n\n thing"}), ModelError, "odd thing"),
    ],
)
def test_odd_replies(reply: Reply, kind: type[DatelineError], says: str) -> None:
    with pytest.raises(kind, match=says):
        pulled(reply)


def test_a_server_that_is_not_there_is_told() -> None:
    with serve() as server:
        pass
    with pytest.raises(ModelUnreachableError, match="doesn't answer at"):
        list(pull(server.url, "near", LIMITS))


def test_the_address_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(own("pull-layers")) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url.removeprefix("http://"))
        assert list(pull(None, "near", LIMITS))[-1].status == "success"


# Registering files


def registering(*others: Reply, known: bool = False, shown: str = "show") -> list[Reply]:
    """What a server answers to an import; `others` go first."""
    replies = list(others)
    replies += (
        [make_reply("HEAD", BLOB, "")] if known else [make_reply("POST", BLOB, "", status=201)]
    )
    return [*replies, own("create-from-blob"), own(shown)]


def imported(path: Path, *replies: Reply, template: str | None = None) -> list[PullProgress]:
    with serve(*replies) as server:
        return list(import_gguf(server.url, path, "near", LIMITS, template=template))


def requests(server: Server) -> list[Any]:
    """What was asked of the server, a file's bytes by their number."""
    bodies = [(f"{each.method} {each.path}", each.body) for each in server.seen]
    return [[ask, len(body) if isinstance(body, bytes) else body] for ask, body in bodies]


@pytest.mark.parametrize("known", [True, False])
def test_the_requests_of_an_import_are_as_agreed(tmp_path: Path, known: bool) -> None:
    path = write_gguf(tmp_path / "chat.gguf")
    with serve(*registering(known=known)) as server:
        steps = list(import_gguf(server.url, path, "near", LIMITS))
    golden = json.loads((GOLDEN / "ollama-import.json").read_text(encoding="utf-8"))
    if known:
        golden = [each for each in golden if each[0] != f"POST {BLOB}"]
    assert requests(server) == golden
    uploads = [each for each in server.seen if each.path == BLOB and each.method == "POST"]
    assert [each.body for each in uploads] == ([] if known else [path.read_bytes()])
    size = path.stat().st_size
    assert steps[0] == PullProgress("reading chat.gguf", "", size, size)
    assert ("uploading chat.gguf" in [step.status for step in steps]) != known
    assert steps[-1].status == "success"


def test_the_request_of_a_pull_is_as_agreed() -> None:
    with serve(own("pull-layers")) as server:
        list(pull(server.url, "near:1b", LIMITS))
        list(pull(server.url, REAL_NAME, LIMITS))
    golden = json.loads((GOLDEN / "ollama-pull.json").read_text(encoding="utf-8"))
    assert requests(server) == golden


@NO_REAL
def test_a_real_server_makes_a_model_of_a_file_it_has(tmp_path: Path) -> None:
    known, _, created = (
        load_replies(REAL / "server" / f"{name}.json")[0].for_any_model()
        for name in ("blob-head-known", "blob-head-unknown", "create-from-blob")
    )
    path = write_gguf(tmp_path / "chat.gguf")
    at_hand = Reply("HEAD", BLOB, known.pieces)
    (shown,) = load_replies(REAL / "pull" / "show-small.json")
    steps = imported(path, at_hand, created, shown.for_any_model())
    parsed, layer, written, done = [step.status for step in steps[-4:]]
    assert (parsed, written, done) == ("parsing GGUF", "writing manifest", "success")
    assert layer.startswith("using existing layer sha256:cc324af070c2")


@NO_REAL
def test_a_real_server_that_lacks_a_file_is_sent_it(tmp_path: Path) -> None:
    unknown = load_replies(REAL / "server" / "blob-head-unknown.json")[0]
    bare = load_replies(REAL / "server" / "show-no-template.json")[0].for_any_model()
    path = write_gguf(tmp_path / "chat.gguf")
    replies = [Reply("HEAD", BLOB, unknown.pieces), *registering()[:-1], bare]
    with pytest.raises(ModelError, match="without its chat template"):
        imported(path, *replies)


def test_a_template_of_the_users_own_goes_along(tmp_path: Path) -> None:
    base = {key: value for key, value in CHAT.items() if key != "tokenizer.chat_template"}
    path = write_gguf(tmp_path / "base.gguf", base)
    text = "{{ .System }}{{ .Prompt }}"
    head = make_reply(ANY, ANY, "")
    with serve(head, own("create-from-blob"), own("show")) as server:
        list(import_gguf(server.url, path, "near", LIMITS, template=text))
    (sent,) = server.bodies("/api/create")
    assert (sent["template"], sent["parameters"]) == (text, {"stop": ["<|im_end|>"]})


@pytest.mark.parametrize(
    ("metadata", "template", "says"),
    [
        ({}, None, "no chat template"),
        ({"tokenizer.chat_template": "{{ messages[0].content }}"}, None, "--template FILE"),
        (CHAT, "{{ .Prompt }}", "no place for the instructions"),
        (CHAT | {"split.count": 3}, None, "is one of 3 parts"),
    ],
)
def test_nothing_is_sent_of_what_could_not_answer(
    tmp_path: Path, metadata: dict[str, Any], template: str | None, says: str
) -> None:
    path = write_gguf(tmp_path / "m.gguf", metadata)
    with serve() as server, pytest.raises(ModelFileError, match=says):
        list(import_gguf(server.url, path, "near", LIMITS, template=template))
    assert server.seen == []


@pytest.mark.parametrize(
    ("replies", "kind", "says"),
    [
        ([own("create-failed")], ModelError, "refused near: invalid file magic"),
        ([make_reply("POST", BLOB, {"error": "digest"}, status=400)], ModelError, "digest"),
        (
            [make_reply("POST", BLOB, {"error": "odd"}, status=500)],
            ModelError,
            "refused m.gguf: odd",
        ),
        ([make_reply("POST", BLOB, "").cut(0)], FetchError, "Run the same again.$"),
        ([own("create-from-blob").cut(2)], FetchError, "Run the same again.$"),
        ([own("show-no-template")], ModelError, "without its chat template"),
    ],
)
def test_why_an_import_failed(
    tmp_path: Path, replies: list[Reply], kind: type[DatelineError], says: str
) -> None:
    path = write_gguf(tmp_path / "m.gguf")
    with pytest.raises(kind, match=says):
        imported(path, *replies, *registering())


def test_closing_in_mid_upload_cancels(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "m.gguf")
    waits = make_reply("POST", BLOB, "", status=201).cut(0, "stall")
    with serve(waits) as server:
        with closing(import_gguf(server.url, path, "near", LIMITS)) as steps:
            assert next(each for each in steps if each.status == "uploading m.gguf").total_bytes
        assert server.gone.wait(WAIT_SECONDS)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("Qwen2.5-Coder-1.5B-Instruct-Q4_K_M.gguf", "qwen2.5-coder-1.5b-instruct-q4_k_m"),
        ("My Model (copy).gguf", "my-model-copy"),
        ("…….gguf", "model"),
        ("x" * 200 + ".gguf", "x" * 80),
    ],
)
def test_a_file_names_its_model(file: str, name: str) -> None:
    assert name_for(Path("models") / file) == name
