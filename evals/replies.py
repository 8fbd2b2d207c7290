"""What a model said, kept by what it was asked: the stages behind it can change without a new call.

The key is the prompt itself, so that a reply is good for as long as the prompt, its options and the
model stay, whatever else changes. A change to `qa/models/` isn't noticed: remove the file then.
"""

import hashlib
import json
import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseGen,
    CompletionResponse,
    CompletionResponseGen,
    LLMMetadata,
    MessageRole,
)
from llama_index.core.llms import LLM, CustomLLM
from pydantic import PrivateAttr, SerializeAsAny

from index.errors import InputError
from index.settings import Settings
from qa.models.served import ServedModel
from qa.prompt import instructions


class ReplyStore:
    """Values by key in one SQLite file. To be closed."""

    def __init__(self, path: Path) -> None:
        """The file is made where there is none. Raises InputError where it can't be used."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # A model is asked in other threads than this one, though never in two at a time.
            self._file = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._file.execute("PRAGMA journal_mode=WAL")
            self._file.execute("CREATE TABLE IF NOT EXISTS kept (key TEXT PRIMARY KEY, value TEXT)")
        except (OSError, sqlite3.Error) as error:
            raise InputError(f"Replies can't be kept in {path}: {error}. Remove it.") from error

    def find(self, key: str) -> Any:
        """The value, as JSON has it; None where there is none."""
        row = self._file.execute("SELECT value FROM kept WHERE key = ?", (key,)).fetchone()
        return json.loads(row[0]) if row else None

    def keep(self, key: str, value: Any) -> None:
        """Write a value down at once."""
        written = json.dumps(value, ensure_ascii=False, default=str)
        self._file.execute("INSERT OR REPLACE INTO kept VALUES (?, ?)", (key, written))

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class RememberedModel:
    """A model that is asked each prompt once. It is loaded when something new comes up."""

    def __init__(self, model: ServedModel, settings: Settings, store: ReplyStore) -> None:
        """`settings` are those the model was opened with."""
        self._inner = model
        self._store = store
        self._identity = _identity(model, settings)
        self._is_ready = False
        self._owed = 0.0
        llm = RememberingLLM(inner=model.llm, remembered=self)
        self.model = replace(model, llm=llm, count_tokens=self._count_tokens)

    def take_seconds(self) -> float:
        """What to add to the time of what was asked since the last call, in seconds.

        Replies that were kept took as long as they did when the model gave them; loading the
        model took no part in any answer.
        """
        taken, self._owed = self._owed, 0.0
        return taken

    def find(self, asked: Mapping[str, Any]) -> Any:
        """What was kept for this, or None; its seconds are owed."""
        found = self._store.find(self._key(asked))
        if found is not None:
            self._owed += found["seconds"]
        return found

    def keep(self, asked: Mapping[str, Any], given: Mapping[str, Any], seconds: float) -> None:
        """Keep what was given to this."""
        self._store.keep(self._key(asked), {**given, "seconds": round(seconds, 3)})

    def get_ready(self) -> None:
        """Load the model and have it read what every prompt begins with, once."""
        if not self._is_ready:
            started = time.perf_counter()
            self._inner.warm_up(instructions())
            self._is_ready = True
            self._owed -= time.perf_counter() - started

    def _count_tokens(self, text: str) -> int:
        key = self._key({"tokens": text})
        count: int | None = self._store.find(key)
        if count is None:
            self.get_ready()
            count = self._inner.count_tokens(text)
            self._store.keep(key, count)
        return count

    def _key(self, asked: Mapping[str, Any]) -> str:
        whole = json.dumps([self._identity, asked], sort_keys=True)
        return hashlib.sha256(whole.encode()).hexdigest()


class WrappedLLM(CustomLLM):
    """Another LLM, with something done on the way."""

    inner: SerializeAsAny[LLM]

    @property
    def metadata(self) -> LLMMetadata:
        """The other LLM's."""
        return self.inner.metadata

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """The other LLM's."""
        return self.inner.complete(prompt, formatted, **kwargs)

    def stream_complete(
        self, prompt: str, formatted: bool = False, **kwargs: Any
    ) -> CompletionResponseGen:
        """The other LLM's."""
        return self.inner.stream_complete(prompt, formatted, **kwargs)


class RememberingLLM(WrappedLLM):
    """Replies to conversations from what was kept; a stream that is closed early isn't kept."""

    _remembered: RememberedModel = PrivateAttr()

    def __init__(self, *, inner: LLM, remembered: RememberedModel) -> None:
        """Ask `inner` what isn't kept."""
        super().__init__(inner=inner)
        self._remembered = remembered

    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """The whole reply."""
        asked = _asked("chat", messages, kwargs)
        found = self._remembered.find(asked)
        if found is not None:
            return ChatResponse(message=_assistant(found["text"]), raw=found["raw"])
        self._remembered.get_ready()
        started = time.perf_counter()
        response = self.inner.chat(messages, **kwargs)
        given = {"text": response.message.content or "", "raw": _plain(response.raw)}
        self._remembered.keep(asked, given, time.perf_counter() - started)
        return response

    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        """The reply in the pieces that it came in."""
        asked = _asked("stream", messages, kwargs)

        def replay(pieces: Sequence[Sequence[Any]]) -> ChatResponseGen:
            content = ""
            for delta, raw in pieces:
                content += delta
                yield ChatResponse(message=_assistant(content), delta=delta, raw=raw)

        def record() -> ChatResponseGen:
            self._remembered.get_ready()
            pieces = []
            # Only the waiting counts: what the reader does meanwhile, it does again next time.
            waited, since = 0.0, time.perf_counter()
            with closing(self.inner.stream_chat(messages, **kwargs)) as responses:
                for response in responses:
                    waited += time.perf_counter() - since
                    pieces.append((response.delta or "", _plain(response.raw)))
                    yield response
                    since = time.perf_counter()
            waited += time.perf_counter() - since
            self._remembered.keep(asked, {"pieces": pieces}, waited)

        found = self._remembered.find(asked)
        return record() if found is None else replay(found["pieces"])


def _asked(how: str, messages: Sequence[ChatMessage], options: Mapping[str, Any]) -> dict[str, Any]:
    plain = [[message.role.value, message.content] for message in messages]
    return {"how": how, "messages": plain, "options": dict(options)}


def _identity(model: ServedModel, settings: Settings) -> list[Any]:
    """What else a reply depends on, beside what is asked."""
    path = getattr(model.llm, "model_path", None)
    status = Path(path).stat() if path else None
    backend = getattr(settings, model.backend, None)
    return [
        model.backend,
        model.name,
        [status.st_size, status.st_mtime_ns] if status else None,
        backend.model_dump(mode="json") if backend else None,
        [settings.generation.answer_tokens, settings.generation.seed],
        version("xllamacpp"),
    ]


def _plain(raw: Any) -> Any:
    return raw if isinstance(raw, dict) else {}


def _assistant(content: str) -> ChatMessage:
    return ChatMessage(role=MessageRole.ASSISTANT, content=content)
