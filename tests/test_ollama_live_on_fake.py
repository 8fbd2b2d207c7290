"""The live suite against a fake server: it passes, and what a server may do wrong fails it."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import test_ollama_live as suite
from fake_ollama import FakeModel, FakeOllama, fake_ollama
from live_report import LiveReport
from test_ollama_live import Live, meet

from index.errors import ModelError
from index.settings import Settings
from qa.answer import Token

pytestmark = pytest.mark.sockets
globals().update({name: test for name, test in vars(suite).items() if name.startswith("test_")})


@pytest.fixture(autouse=True)
def _no_model_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATELINE_MODEL", raising=False)


@pytest.fixture
def fake() -> Iterator[FakeOllama]:
    with fake_ollama() as running:
        yield running


@pytest.fixture
def live(fake: FakeOllama, settings: Settings) -> Live:
    return meet(fake.url, settings, LiveReport())


def test_a_model_that_stays_is_loaded_once(live: Live, fake: FakeOllama) -> None:
    suite.test_the_model_is_not_loaded_anew(live)
    assert fake.reloads == 0


def test_who_hangs_up_is_noted(live: Live, fake: FakeOllama) -> None:
    suite.test_stop(live)
    assert fake.hang_ups == 2


def test_a_prompt_that_is_being_read_can_be_given_up(live: Live, fake: FakeOllama) -> None:
    desk = live.desk()
    live.ask(desk, suite.FEE)
    read = len(fake.read)
    fake.may_read.clear()
    stream = desk.stream(suite.PASSENGERS)
    first = next(event for event in stream if isinstance(event, Token))
    stream.close()  # type: ignore[attr-defined]
    while not fake.hang_ups:
        time.sleep(0.01)
    fake.may_read.set()
    assert not first.text
    assert live.ask(desk, suite.CUTTER).status == "answered"
    assert len(fake.read) == read + 1


def test_one_at_a_time_is_enough(live: Live, fake: FakeOllama, tmp_path: Path) -> None:
    fake.parallel = 4
    suite.test_ten_at_once(live, tmp_path)
    assert fake.most_at_once == live.settings.ollama.at_once


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        ("cuts", "test_small_context"),
        ("deaf", "test_stop"),
        ("shrinks", "test_the_model_is_not_loaded_anew"),
        ("shrinks", "test_small_context"),
        ("forgets", "test_keep_alive"),
        ("wanders", "test_ask"),
        ("wanders", "test_ten_at_once"),
        ("lumps", "test_stream"),
    ],
)
def test_a_fault_fails_the_suite(settings: Settings, tmp_path: Path, fault: str, name: str) -> None:
    wanted = {"context_tokens": 1024} if name == "test_small_context" else {}
    place = {"tmp_path": tmp_path} if name == "test_ten_at_once" else {}
    with fake_ollama(faults=frozenset({fault})) as fake:
        live = Live(fake.url, settings, LiveReport(), least_patience=1)
        with pytest.raises((AssertionError, ModelError)):
            getattr(suite, name)(live, **wanted, **place)


def test_without_a_server_it_is_skipped(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa.models.server_client.in_container", lambda: False)
    with fake_ollama() as gone:
        pass
    with pytest.raises(
        pytest.skip.Exception, match=r"There is no Ollama server to test.*ollama serve"
    ):
        meet(gone.url, settings, LiveReport())


def test_without_a_model_it_is_skipped(settings: Settings) -> None:
    with (
        fake_ollama(FakeModel("other:1b")) as fake,
        pytest.raises(pytest.skip.Exception, match=r"DATELINE_MODEL; there: other:1b"),
    ):
        meet(fake.url, settings, LiveReport())


def test_it_tells_what_it_found(live: Live) -> None:
    suite.test_health(live)
    suite.test_ask(live)
    told = "\n".join(live.report.lines)
    assert f"Ollama 0.24.0 at {live.url}" in told
    for found in (FakeModel().name, "Q4_K_M", "32,768 tokens", "1.9 GB"):
        assert found in told
    assert "3 answered" in told
    assert "not told" not in told
    assert not LiveReport().lines
