"""The live suite, `pytest -m ollama`: does Dateline work with the server that OLLAMA_HOST names?

The model is DATELINE_MODEL's, or a preferred one that is there. What is asserted holds for any
sensible model; what was found is told at the end. `test_ollama_live_on_fake` runs all of it
against a fake server, with and without faults.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import WordEmbedder
from live_report import LiveReport
from llama_index.core.base.llms.types import ChatMessage, MessageRole

from index.errors import ModelError
from index.sections import EvidenceSettings
from index.settings import Settings
from qa.answer import Answer, Evidence, Extract, Finished, Sentence, Token
from qa.desk import Desk
from qa.models.ollama_server import OllamaServer, address_of, find_server

pytestmark = [pytest.mark.ollama, pytest.mark.timeout(1800)]

PASSENGERS = "How many passengers were on the ferry Aurelia?"
FEE = "By how much will the harbour fee of Port Hale be raised?"
CUTTER = "Which cutter towed the ferry back?"
# Each with what its citations must hold.
ASKED = {PASSENGERS: "212", FEE: "4 percent", CUTTER: "Merel"}
NOT_TOLD = ("What is the capital of Australia?", "How much did the repair of the engine cost?")
LONG = [ChatMessage(role=MessageRole.USER, content="Count from 1 to 2000, all numbers in words.")]
LONG_TOKENS = 1500
LIGHTHOUSES = {
    "Ardmore": 1851, "Brevik": 1867, "Calder": 1872, "Dunmore": 1889, "Elling": 1893,
    "Farsund": 1901, "Gorse": 1912, "Hadley": 1926, "Inver": 1934, "Jarlow": 1947,
}  # fmt: skip


@dataclass
class Live:
    """A server to be tested, and what is found out about it."""

    url: str
    settings: Settings
    report: LiveReport
    least_patience: float = 10  # seconds

    def desk(self, articles: Path | None = None, **limits: Any) -> Desk:
        """A synced desk that asks the server; `limits` are settings of the section ollama."""
        ollama = self.settings.ollama.model_copy(update=limits)
        changes: dict[str, Any] = {"ollama": ollama, "backend": "ollama", "url": self.url}
        changes["evidence"] = EvidenceSettings()  # as much as the server is fast enough for
        if articles is not None:
            changes |= {"articles": articles, "store": str(articles.parent / "another store")}
        desk = Desk(self.settings.model_copy(update=changes), embedder=WordEmbedder())
        desk.refresh()
        return desk

    def ask(self, desk: Desk, question: str) -> Answer:
        """The answer, counted in, its quotes looked up."""
        return self.take(desk.ask(question))

    def take(self, answer: Answer) -> Answer:
        """Count an answer in. Its quotes must stand in the articles."""
        self.report.add(answer)
        for citation in answer.citations:
            with Path(citation.article_path).open(encoding="utf-8", newline="") as file:
                assert file.read()[citation.start : citation.end] == citation.quote
        return answer

    def running(self, desk: Desk) -> tuple[dict[str, Any], datetime]:
        """The model's entry among those in memory, and the server's own time."""
        reply = httpx.get(f"{self.url}/api/ps", timeout=30, trust_env=False).raise_for_status()
        entries = {each["model"]: each for each in reply.json()["models"]}
        assert desk.model.name in entries, f"{desk.model.name} isn't among those in memory"
        self.report.see(entries[desk.model.name])
        return entries[desk.model.name], parsedate_to_datetime(reply.headers["date"])


def meet(url: str, settings: Settings, report: LiveReport) -> Live:
    """The server, with a model to use. Skips the test where there is none."""
    if not report.absent:
        try:
            server = find_server(url, settings.ollama)
        except ModelError as error:
            report.absent = f"There is no Ollama server to test. {error}"
        else:
            report.absent = lacks_model(server, settings)
    if report.absent:
        pytest.skip(report.absent)
    report.server = f"Ollama {server.version} at {server.url}"
    return Live(server.url, settings, report)


def lacks_model(server: OllamaServer, settings: Settings) -> str:
    """What to do where the server has no model to test; empty where it has."""
    if server.choose(settings.model, settings.ollama.preference):
        return ""
    there = ", ".join(model.name for model in server.models) or "none"
    wanted = settings.model or f"any of {', '.join(settings.ollama.preference)}"
    return f"Ollama at {server.url} hasn't {wanted}. Name one in DATELINE_MODEL; there: {there}."


@pytest.fixture
def live(settings: Settings, live_report: LiveReport) -> Live:
    return meet(address_of(None), settings, live_report)


def quotes(answer: Answer) -> str:
    return " ".join(citation.quote for citation in answer.citations)


def test_health(live: Live) -> None:
    desk = live.desk()
    desk.warm_up()
    model, status = desk.model, desk.model.status()
    live.running(desk)
    live.report.model, live.report.context_tokens = model.name, model.context_tokens
    live.report.status = status
    assert model.name in model.description
    assert live.url in model.description
    assert status.loaded
    assert status.size_bytes
    assert status.memory_bytes
    assert status.quantisation
    assert 512 <= model.context_tokens <= (status.context_limit or 0)


def test_ask(live: Live) -> None:
    desk = live.desk()
    desk.warm_up()
    for question, told in ASKED.items():
        answer = live.ask(desk, question)
        assert (answer.status, answer.finished) == ("answered", True), answer
        assert told in quotes(answer)
        assert all(sentence.citations for sentence in answer.sentences)
        assert 0 < answer.usage.prompt_tokens < desk.model.context_tokens
        assert answer.usage.completion_tokens > 0
    live.report.status = status = desk.model.status()
    assert status.reading_speed
    assert status.writing_speed


def test_stream(live: Live) -> None:
    events = list(live.desk().stream(PASSENGERS))
    words = [
        number for number, event in enumerate(events) if isinstance(event, Token) and event.text
    ]
    shown = [number for number, event in enumerate(events) if isinstance(event, Sentence)]
    assert isinstance(events[0], Evidence)
    assert isinstance(events[1], Extract)
    assert isinstance(events[-1], Finished)
    assert len(words) > 1, "the answer came in one piece"
    assert 1 < words[0] < shown[0] < len(events) - 1
    answer = live.take(events[-1].answer)
    first, total = answer.timings.first_token_seconds, answer.timings.total_seconds
    assert first is not None
    assert total is not None
    assert first <= total


def test_stop(live: Live) -> None:
    usual = live.ask(live.desk(), PASSENGERS).timings.total_seconds or 0
    # A server that went on with what nobody waits for would keep the next one waiting for longer.
    desk = live.desk(read_seconds=max(live.least_patience, 5 * usual))
    stream = desk.stream(FEE)
    for event in stream:
        if isinstance(event, Token) and event.text:
            break
    stream.close()  # type: ignore[attr-defined]
    assert live.ask(desk, CUTTER).finished
    with closing(desk.model.llm.stream_chat(LONG, max_tokens=LONG_TOKENS)) as pieces:
        begun = "".join(piece.delta or "" for piece in islice(pieces, 50))
    assert begun
    assert live.ask(desk, FEE).finished


def test_cancel_while_the_prompt_is_read(live: Live) -> None:
    desk = live.desk()
    stream = desk.stream(PASSENGERS)
    for event in stream:
        if isinstance(event, Token):
            if event.text:
                live.report.note("The prompt was read before a cancelling could come in between.")
            break
    stream.close()  # type: ignore[attr-defined]
    assert live.ask(desk, FEE).finished


def test_follow_up(live: Live) -> None:
    talk = live.desk().conversation()
    live.take(talk.ask(CUTTER))
    answer = live.take(talk.ask("When was it bought?"))
    assert "Merel" in answer.standalone_question
    assert answer.status != "abstained", answer
    assert "1998" in quotes(answer)


def test_what_the_articles_do_not_say(live: Live) -> None:
    desk = live.desk()
    for question in NOT_TOLD:
        answer = live.ask(desk, question)
        assert (answer.status, answer.citations, answer.finished) == ("abstained", (), True), answer
        assert answer.reason


def test_missing_model(live: Live) -> None:
    settings = live.settings.model_copy(update={"model": "no-such-model:1b"})
    desk = Live(live.url, settings, live.report).desk()
    with pytest.raises(
        ModelError, match=r"no-such-model:1b.*dateline models pull no-such-model:1b"
    ):
        desk.ask(PASSENGERS)


@pytest.mark.parametrize("context_tokens", [512, 1024])
def test_small_context(live: Live, context_tokens: int) -> None:
    desk = live.desk(context_tokens=context_tokens)
    desk.warm_up()
    long = f"{PASSENGERS} {'Port Hale, Cape Dorn, the harbour office and the coastguard; ' * 12}?"
    for question in (*ASKED, long):
        answer = live.ask(desk, question)
        assert answer.finished
        assert answer.usage.llm_calls <= 1
        assert answer.usage.prompt_tokens < context_tokens
        if context_tokens >= 1024 and question in ASKED:
            assert answer.status == "answered", answer
    running, _ = live.running(desk)
    assert running["context_length"] == context_tokens == desk.model.context_tokens


def test_ten_at_once(live: Live, tmp_path: Path) -> None:
    folder = tmp_path / "lighthouses"
    folder.mkdir()
    for place, year in LIGHTHOUSES.items():
        (folder / f"{place}.txt").write_text(
            f"The lighthouse of {place}\n\nThe lighthouse of {place} was built in {year}. It has "
            f"a white tower, and a keeper lives in the house beside it.\n",
            encoding="utf-8",
        )
    desk = live.desk(folder)
    desk.model  # noqa: B018 - opened before, not by ten at once

    def ask(place: str) -> Answer:
        return desk.ask(f"When was the lighthouse of {place} built?")

    with ThreadPoolExecutor(len(LIGHTHOUSES)) as pool:
        answers = list(pool.map(ask, LIGHTHOUSES))
    for (place, year), answer in zip(LIGHTHOUSES.items(), answers, strict=True):
        live.take(answer)
        assert (answer.status, answer.finished) == ("answered", True), answer
        assert {Path(citation.article_path).stem for citation in answer.citations} == {place}
        assert str(year) in quotes(answer)


def test_keep_alive(live: Live) -> None:
    desk = live.desk()
    live.ask(desk, PASSENGERS)
    running, now = live.running(desk)
    expires = datetime.fromisoformat(running["expires_at"])
    assert expires - now > timedelta(minutes=20), "the model would be unloaded soon"


def test_the_model_is_not_loaded_anew(live: Live) -> None:
    desk = live.desk()
    desk.warm_up()
    talk = desk.conversation()
    asked: list[Callable[[], Answer]] = [
        lambda: desk.ask(PASSENGERS),
        lambda: desk.ask(NOT_TOLD[1]),
        lambda: talk.ask(CUTTER),
        lambda: talk.ask("Who said so, and what else is known about it?"),
    ]
    contexts = [live.running(desk)[0]["context_length"]]
    for ask in asked:
        live.take(ask())
        contexts.append(live.running(desk)[0]["context_length"])
    assert set(contexts) == {desk.model.context_tokens}
