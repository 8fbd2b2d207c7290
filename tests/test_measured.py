"""What is measured of a served model, how it is kept, and what follows from it."""

import itertools
import json
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, MessageRole

from index.sections import EvidenceSettings
from qa.models import measured
from qa.models.base import Piece, PieceLLM
from qa.models.measured import TRIFLE, Gauge, Measured, MeasuredFile, measure
from qa.prompt import instructions, load_prompt

SAMPLE_BYTES = len(load_prompt("sample").encode())


class Counting(PieceLLM):
    """Tells 100 tokens for the fixed part and one for every four bytes of the rest."""

    model_name: str = "counting"
    tells_usage: bool = True
    calls: list[str] = []  # noqa: RUF012 - pydantic copies it

    def pieces(
        self, messages: Sequence[ChatMessage], options: Mapping[str, Any]
    ) -> Generator[Piece, None, None]:
        text = messages[-1].content or ""
        self.calls.append(text)
        yield "", {}
        for number in range(int(options["max_tokens"])):
            yield f"w{number} ", {}
        read = 100 + (0 if text == TRIFLE else len(text.encode()) // 4)
        usage = {"prompt_tokens": read, "completion_tokens": options["max_tokens"]}
        yield "", {"usage": usage} if self.tells_usage else {}


@pytest.fixture(autouse=True)
def ticking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look at the clock is two seconds later than the one before."""
    seconds = itertools.count(step=2)
    clock = SimpleNamespace(perf_counter=lambda: float(next(seconds)))
    monkeypatch.setattr(measured, "time", clock)


def gauge_of(llm: PieceLLM, folder: Path, key: str = "server model") -> Gauge:
    return Gauge(llm, key, MeasuredFile(folder))


def asked(text: str) -> list[ChatMessage]:
    return [*instructions(), ChatMessage(role=MessageRole.USER, content=text)]


def test_measuring() -> None:
    found = measure(Counting())
    assert found.fixed_tokens == 100
    assert found.tokens_a_byte == pytest.approx(0.25, abs=0.001)
    assert found.reading_speed == pytest.approx(SAMPLE_BYTES / 4 / 2, abs=0.5)
    assert found.writing_speed == pytest.approx(15 / 2, abs=0.1)


def test_what_is_read_fits_a_small_context() -> None:
    llm = Counting(calls=[], context_tokens=300)
    assert measure(llm).tokens_a_byte
    assert len(llm.calls[-1]) < SAMPLE_BYTES / 2
    assert measure(Counting(calls=[], context_tokens=100)) == Measured(100)


def test_a_server_that_tells_no_tokens_leaves_everything_unknown() -> None:
    assert measure(Counting(tells_usage=False)) == Measured()


def test_it_is_measured_once_and_kept(tmp_path: Path) -> None:
    llm = Counting(calls=[])
    first = gauge_of(llm, tmp_path).measure()
    assert len(llm.calls) == 2
    later = gauge_of(llm, tmp_path)
    assert later.known == later.measure() == first
    assert len(llm.calls) == 2
    later.measure(anew=True)
    assert len(llm.calls) == 4


def test_each_model_has_its_own(tmp_path: Path) -> None:
    gauge_of(Counting(calls=[]), tmp_path).measure()
    assert gauge_of(Counting(calls=[]), tmp_path, "another").known == Measured()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"a": 1}'])
def test_a_broken_file_is_measured_anew(tmp_path: Path, content: str) -> None:
    file = tmp_path / "measured.json"
    file.write_text(content, encoding="utf-8")
    gauge_of(Counting(calls=[]), tmp_path).measure()
    assert any("fixed_tokens" in str(each) for each in json.loads(file.read_text()).values())


def test_an_entry_of_another_version_is_nothing(tmp_path: Path) -> None:
    kept = MeasuredFile(tmp_path)
    kept.write("key", Measured(1, 0.2, 3.0, 4.0))
    file = tmp_path / "measured.json"
    file.write_text(file.read_text().replace("fixed_tokens", "something"), encoding="utf-8")
    assert kept.read("key") is None


@pytest.mark.parametrize(
    ("speed", "budget"), [(None, 170), (10.0, 170), (100.0, 300), (5000.0, 2000)]
)
def test_evidence_follows_the_reading_speed(
    tmp_path: Path, speed: float | None, budget: int
) -> None:
    gauge = gauge_of(Counting(calls=[]), tmp_path)
    MeasuredFile(tmp_path).write(gauge._key, Measured(100, 0.25, speed, 20.0))
    known = gauge_of(Counting(calls=[]), tmp_path)
    assert known.evidence_tokens(EvidenceSettings()) == budget
    assert known.evidence_tokens(EvidenceSettings(budget_tokens=99)) == 99


def test_what_is_set_needs_no_measuring(tmp_path: Path) -> None:
    llm = Counting(calls=[])
    assert gauge_of(llm, tmp_path).evidence_tokens(EvidenceSettings(budget_tokens=500)) == 500
    assert not llm.calls


def test_the_fixed_part_is_exact_once_measured(tmp_path: Path) -> None:
    gauge = gauge_of(Counting(calls=[]), tmp_path)
    unmeasured = gauge.most(asked("How many?"))
    gauge.measure()
    assert gauge.most(asked("")) == 100
    assert gauge.most(asked("How many?")) < unmeasured
    rewriting = [ChatMessage(role=MessageRole.SYSTEM, content="Something else.")]
    assert gauge.most(rewriting) > 64  # other instructions aren't those that were measured


@pytest.mark.parametrize("tokens", [0, 50, 5000])
def test_a_reply_that_took_more_corrects_the_most(tokens: int) -> None:
    gauge = Gauge(Counting(calls=[]), "key", MeasuredFile(Path("nowhere")))
    before = gauge.most(asked("How many?"))
    gauge.correct(asked("How many?"), tokens)
    assert gauge.most(asked("How many?")) == max(before, tokens)
