"""What every test may use: a folder of articles, the honest fakes, and closed sockets."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from live_report import LiveReport
from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseGen,
    CompletionResponse,
    CompletionResponseGen,
    LLMMetadata,
    MessageRole,
)
from llama_index.core.llms import CustomLLM
from pydantic import PrivateAttr

from index.embedding import TokenVectors, Vectors
from index.lexical import WORD, terms
from index.settings import Settings, load_settings
from qa.desk import Desk
from qa.models.ollama_server import address_of
from qa.models.served import ServedModel

REPOSITORY = Path(__file__).parents[1]
SHARED = REPOSITORY.parent / "shared"
OPEN_SOCKETS = {"model", "browser", "ollama", "sockets"}
LIVE_REPORT = pytest.StashKey[LiveReport]()


def pytest_configure(config: pytest.Config) -> None:
    """Room for what the live suite finds."""
    config.stash[LIVE_REPORT] = LiveReport()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Tell what the live suite found."""
    if lines := config.stash[LIVE_REPORT].lines:
        terminalreporter.section("what the live suite found")
        for line in lines:
            terminalreporter.write_line(line)


@pytest.fixture
def live_report(pytestconfig: pytest.Config) -> LiveReport:
    """What the live suite finds, told at the end of the session."""
    return pytestconfig.stash[LIVE_REPORT]


@pytest.fixture(autouse=True)
def _closed_sockets(request: pytest.FixtureRequest) -> Iterator[None]:
    """Nothing leaves the machine; most tests open no socket at all."""
    import pytest_socket

    markers = {marker.name for marker in request.node.iter_markers()}
    if OPEN_SOCKETS & markers:
        named = [urlsplit(address_of(None)).hostname or ""] if "ollama" in markers else []
        allowed = ["127.0.0.1", "::1", *named]
        pytest_socket.socket_allow_hosts(allowed, allow_unix_socket=True)
    else:
        pytest_socket.disable_socket(allow_unix_socket=True)
    yield
    pytest_socket.enable_socket()


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test runs in a folder of its own, so that no store or setting of the user's counts."""
    monkeypatch.chdir(tmp_path)


class WordEmbedder:
    """An honest fake: texts that share words are near, others aren't. Counts what it embeds."""

    fingerprint = "words-1"
    dimensions = 256

    def __init__(self) -> None:
        self.embedded: list[str] = []

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.embedded.extend(texts)
        vectors = np.full((len(texts), self.dimensions), 1e-3, dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for term in terms(text):
                row[sum(term.encode()) * 31 % self.dimensions] += 1.0
        normalised: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return normalised

    def embed_tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        """A token is a word, whose vector is what `embed` gives for it alone."""
        found = []
        for sentence, text in zip(self.embed(texts), texts, strict=True):
            spans = tuple(word.span() for word in WORD.finditer(text))
            tokens = np.full((len(spans), self.dimensions), 1e-3, dtype=np.float32)
            for row, (start, end) in zip(tokens, spans, strict=True):
                for term in terms(text[start:end]):
                    row[sum(term.encode()) * 31 % self.dimensions] += 1.0
            tokens /= np.linalg.norm(tokens, axis=1, keepdims=True)
            found.append(TokenVectors(sentence, tokens, spans))
        return found


class ScriptedLLM(CustomLLM):
    """An honest fake: gives its replies in order, word by word, and keeps every prompt."""

    replies: list[str]
    _prompts: list[list[ChatMessage]] = PrivateAttr(default_factory=list)
    _closed: list[bool] = PrivateAttr(default_factory=list)

    @property
    def prompts(self) -> list[list[ChatMessage]]:
        return self._prompts

    @property
    def closed_early(self) -> bool:
        """Whether the last stream was closed before its end."""
        return self._closed[-1]

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(context_window=2048, is_chat_model=True, model_name="scripted")

    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        self._prompts.append(list(messages))
        return ChatResponse(message=_assistant(self.replies.pop(0)), raw={})

    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        self._prompts.append(list(messages))
        reply = self.replies.pop(0)

        def words() -> ChatResponseGen:
            self._closed.append(True)
            content = ""
            for word in reply.split(" "):
                delta = word if not content else f" {word}"
                content += delta
                yield ChatResponse(message=_assistant(content), delta=delta, raw={})
            usage = {"prompt_tokens": 100, "completion_tokens": len(reply.split())}
            yield ChatResponse(message=_assistant(content), delta="", raw={"usage": usage})
            self._closed[-1] = False

        return words()

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        raise NotImplementedError

    def stream_complete(
        self, prompt: str, formatted: bool = False, **kwargs: Any
    ) -> CompletionResponseGen:
        raise NotImplementedError


def scripted_model(*replies: str) -> ServedModel:
    """A model that gives these replies; `.llm.prompts` has what it was asked."""
    return ServedModel(
        backend="embedded",
        name="scripted",
        llm=ScriptedLLM(replies=list(replies)),
        context_tokens=2048,
        count_tokens=lambda text: len(text) // 4 + 1,
        warm_up=lambda messages: None,
    )


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    """A folder of three short articles of our own; two of them differ on a distance."""
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "ferry.md").write_text(
        "---\ntitle: Ferry towed back to Port Hale\noutlet: The Hale Gazette\n"
        "author: Ida Brook\npublished: 2025-03-03\n---\n\n"
        "The ferry Aurelia left Port Hale at 06:40 on Monday with 212 passengers, the Hale "
        "Harbour Office (HHO) said. Its engine failed nine kilometres off Cape Dorn.\n\n"
        "Captain Jon Ferris said that nobody was hurt. He thanked the crew of the cutter Merel, "
        "which towed the ferry back by 13:15.\n",
        encoding="utf-8",
    )
    (folder / "cutter.txt").write_text(
        "Cutter Merel brings ferry home\n\n"
        "The coastguard cutter Merel reached the Aurelia some 12 km off Cape Dorn, said Lena "
        "Marsh of the coastguard. The cutter was bought in 1998.\n\n"
        "See also: Ten walks along the coast\n\nSource link\n",
        encoding="utf-8",
    )
    (folder / "council.txt").write_text(
        "The town council of Port Hale voted on Tuesday to raise the harbour fee by 4 percent. "
        "Mayor Ruth Alder called the step overdue.\n",
        encoding="utf-8",
    )
    return folder


@pytest.fixture
def settings(articles: Path, tmp_path: Path) -> Settings:
    """Settings over `articles`, with a store and a model folder of the test's own."""
    return load_settings(
        articles=articles,
        store=str(tmp_path / "store"),
        backend="embedded",
        models_folder=tmp_path / "models",
        evidence={"budget_tokens": 170},  # so that no server's speed is measured first
    )


@pytest.fixture
def make_desk(settings: Settings) -> Callable[..., Desk]:
    """Makes a synced desk whose model gives the replies passed."""

    def make(*replies: str, **changes: Any) -> Desk:
        model = scripted_model(*replies)
        changed = settings.model_copy(update=changes)
        desk = Desk(changed, embedder=WordEmbedder(), model_factory=lambda _: model)
        desk.refresh()
        return desk

    return make


def _assistant(content: str) -> ChatMessage:
    return ChatMessage(role=MessageRole.ASSISTANT, content=content)
