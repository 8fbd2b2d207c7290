"""llama.cpp inside this process: loading, generating, counting tokens, stopping.

xllamacpp also answers HTTP on a loopback port of its own choice, which is the only way to its
tokenizer; a random key keeps other users of the machine out of it.
"""

import contextlib
import json
import os
import queue
import secrets
import threading
from collections.abc import Generator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from index.errors import ModelError, ModelFileError, PromptTooLongError

if TYPE_CHECKING:
    import xllamacpp

# llama.cpp looks whether to stop after each batch of the prompt. At 16 tokens that is every
# half second on two slow cores, and reading was as fast as with 2,048.
BATCH_TOKENS = 16
# Prompts of earlier conversations that are kept beside the current one, in MiB.
PROMPT_CACHE_MIB = 256
TOKENIZE_SECONDS = 30
_END = object()


class LlamaCpp:
    """One loaded model. Several threads may use it; it serves one request at a time."""

    def __init__(self, model: Path, *, context_tokens: int, threads: int) -> None:
        """Nothing is loaded yet. `threads` 0 takes every core."""
        self.model = model
        self.context_tokens = context_tokens
        self._threads = threads or _available_cores()
        self._key = secrets.token_hex(16)
        self._loading = threading.Lock()
        self._server: xllamacpp.Server | None = None
        self.count_tokens = lru_cache(maxsize=4096)(self._count_tokens)

    @property
    def is_loaded(self) -> bool:
        """Whether the model is in memory."""
        return self._server is not None

    def load(self) -> "xllamacpp.Server":
        """The running model; loads it on the first call. Raises ModelFileError if it can't be."""
        with self._loading:
            if self._server is None:
                self._server = self._start()
            return self._server

    def stream(
        self, request: dict[str, Any], *, chat: bool
    ) -> Generator[dict[str, Any], None, None]:
        """The reply in pieces. Closing the iterator stops the model before it returns."""
        server = self.load()
        handle = server.handle_chat_completions if chat else server.handle_completions
        pieces: queue.SimpleQueue[Any] = queue.SimpleQueue()
        stopped = threading.Event()

        def receive(piece: dict[str, Any]) -> bool:
            pieces.put(piece)
            return stopped.is_set()

        def work() -> None:
            try:
                handle({**request, "stream": True, "return_progress": True}, receive)
            except Exception as error:  # noqa: BLE001 - handed to the reader's thread
                pieces.put(error)
            pieces.put(_END)

        worker = threading.Thread(target=work, name="llama.cpp request", daemon=True)
        worker.start()
        try:
            while (piece := pieces.get()) is not _END:
                if isinstance(piece, Exception):
                    raise _model_error(str(piece)) from piece
                _refuse_error(piece)
                yield piece
        finally:
            stopped.set()
            worker.join()

    def _count_tokens(self, text: str) -> int:
        server = self.load()
        try:
            reply = httpx.post(
                f"{server.listening_address}/tokenize",
                json={"content": text, "add_special": False},
                headers={"Authorization": f"Bearer {self._key}"},
                timeout=TOKENIZE_SECONDS,
                trust_env=False,
            )
            reply.raise_for_status()
            return len(reply.json()["tokens"])
        except (httpx.HTTPError, ValueError, KeyError) as error:
            raise ModelError(f"The embedded model's tokenizer failed: {error}") from error

    def _start(self) -> "xllamacpp.Server":
        import xllamacpp  # noqa: PLC0415 - only what generates pays for it

        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(self.model)
        parameters.n_ctx = self.context_tokens
        parameters.n_parallel = 1
        parameters.n_batch = parameters.n_ubatch = BATCH_TOKENS
        parameters.cpuparams.n_threads = self._threads
        parameters.cpuparams_batch.n_threads = self._threads
        parameters.cache_ram_mib = PROMPT_CACHE_MIB
        parameters.api_keys = [self._key]
        parameters.verbosity = -1
        parameters.warmup = False
        try:
            return xllamacpp.Server(parameters)
        except RuntimeError as error:
            raise ModelFileError(
                f"The model {self.model} can't be loaded: {error}. Run: dateline models check"
            ) from error


def _available_cores() -> int:
    with contextlib.suppress(AttributeError):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _refuse_error(reply: dict[str, Any]) -> None:
    if "error" in reply or "code" in reply:
        raise _model_error(json.dumps(reply))


def _model_error(what: str) -> ModelError:
    with contextlib.suppress(ValueError, AttributeError):
        parsed = json.loads(what)
        parsed = parsed.get("error", parsed)
        if parsed.get("type") == "exceed_context_size_error":
            return PromptTooLongError(
                f"The prompt is longer than the model's context of {parsed.get('n_ctx')} tokens. "
                "Raise embedded.context_tokens or lower evidence.budget_tokens."
            )
        what = parsed.get("message", what)
    return ModelError(f"The embedded model failed: {what}")
