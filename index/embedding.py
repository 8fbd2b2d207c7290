"""Texts to vectors: one for the whole text, and one for each of its tokens.

The model is loaded by sentence-transformers once, which turns it into an ONNX graph beside
the model's files (graph.py); every vector after that comes from ONNX Runtime. Importing
sentence-transformers and torch took 9 s on the machine this was written on, the graph 0.6 s,
so that a question need not wait for them; a test holds the two to nearly the same vectors.
"""

import hashlib
import json
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from index.errors import ModelFileError
from index.graph import GRAPH_NAME, WEIGHTS, open_graph, reason, silenced, unloadable

if TYPE_CHECKING:
    import onnxruntime
    import tokenizers

Vectors = NDArray[np.float32]

LIMITS = (
    ("sentence_bert_config.json", "max_seq_length"),
    ("tokenizer_config.json", "model_max_length"),
    ("config.json", "max_position_embeddings"),
)
MOST_TOKENS = 512  # a passage has some 100


@dataclass(frozen=True, slots=True, eq=False)
class TokenVectors:
    """A text's unit vector, shape (dimensions,), and those of its tokens, (tokens, dimensions).

    `spans` has the [start, end) of each token in the text. The tokens that the model adds are
    left out, and so is what lies beyond the length that it reads.
    """

    sentence: Vectors
    tokens: Vectors
    spans: tuple[tuple[int, int], ...]


class Embedder(Protocol):
    """Turns texts into unit vectors of one length. Safe to call from several threads."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the vectors would."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One unit vector a text, shape (len(texts), dimensions), float32."""

    def embed_tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        """The same vectors with those of the tokens, one `TokenVectors` a text."""


class LocalEmbedder:
    """A sentence-transformers model in a local folder. Loads on first use."""

    def __init__(self, folder: Path, *, threads: int = 0) -> None:
        """`folder` holds what sentence-transformers saved.

        So many texts are embedded at once as there are `threads`, each on one core; 0 takes all.
        """
        self._folder = folder
        self._threads = threads or _cores()
        self._loading = threading.Lock()

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the weights and of how they are used."""
        digest = hashlib.sha256(GRAPH_NAME.encode())
        for name in (WEIGHTS, "tokenizer.json", "modules.json"):
            path = self._folder / name
            if path.exists():
                digest.update(path.read_bytes())
        return digest.hexdigest()[:16]

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One unit vector a text, shape (len(texts), dimensions), float32."""
        if not texts:
            return np.zeros((0, 0), dtype=np.float32)
        return np.concatenate([vector for _, (vector,) in self._run(texts, ("vectors",))])

    def embed_tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        """The same vectors with those of the tokens, one `TokenVectors` a text."""
        return [
            _without_special(encoding, vector[0], tokens[0])
            for encoding, (vector, tokens) in self._run(texts, ("vectors", "token_vectors"))
        ]

    def load(self) -> None:
        """Load now instead of on first use. Raises ModelFileError where the model is damaged."""
        with self._loading:
            _ = self._session, self._tokenizer

    def _run(
        self, texts: Sequence[str], outputs: tuple[str, ...]
    ) -> "Iterator[tuple[tokenizers.Encoding, list[Vectors]]]":
        """The encoding and the outputs of each text, in order."""
        self.load()
        encoded = self._tokenizer.encode_batch([_without_surrogates(text) for text in texts])

        def run(encoding: "tokenizers.Encoding") -> list[Vectors]:
            tokens = np.array([encoding.ids], dtype=np.int64)
            found: list[Vectors] = self._session.run(list(outputs), {"input_ids": tokens})
            return found

        if len(encoded) == 1:  # a question: starting threads would only cost time
            yield encoded[0], run(encoded[0])
            return
        pool = ThreadPoolExecutor(self._threads)
        try:
            yield from zip(encoded, pool.map(run, encoded), strict=True)
        finally:  # stopped by Ctrl-C, it needn't finish the others
            pool.shutdown(cancel_futures=True)

    @cached_property
    def _tokenizer(self) -> "tokenizers.Tokenizer":
        from tokenizers import Tokenizer  # noqa: PLC0415 - only what embeds pays for it

        try:
            tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
            tokenizer.enable_truncation(_most_tokens(self._folder))
        except Exception as error:  # noqa: BLE001 - the tokenizer raises Exception itself
            raise unloadable(self._folder, error) from error
        tokenizer.no_padding()
        return tokenizer

    @cached_property
    def _session(self) -> "onnxruntime.InferenceSession":
        return open_graph(self._folder)


class CrossEncoder:
    """A sentence-transformers cross-encoder in a local folder. Loads on first use."""

    def __init__(self, folder: Path) -> None:
        """`folder` holds what sentence-transformers saved."""
        self._folder = folder
        self._loading = threading.Lock()

    def scores(self, question: str, texts: Sequence[str]) -> NDArray[np.float64]:
        """The model's score of each text, shape (texts,). Raises ModelFileError."""
        if not texts:
            return np.zeros(0)
        with self._loading:
            model = self._model
        pairs = [(question, text) for text in texts]
        found = np.asarray(model.predict(pairs, show_progress_bar=False), dtype=np.float64)
        if found.shape != (len(texts),):
            raise _unusable(self._folder, "gives more than one score a passage")
        return found

    @cached_property
    def _model(self) -> Any:
        from sentence_transformers import CrossEncoder as Model  # noqa: PLC0415 - seconds of import

        try:
            with silenced():
                return Model(str(self._folder), device="cpu", local_files_only=True)
        except Exception as error:  # noqa: BLE001 - what a damaged file raises shares no base class
            raise _unusable(self._folder, f"can't be loaded: {reason(error)}") from error


def _cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on every system
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _most_tokens(folder: Path) -> int:
    """How many tokens of a text the model reads, wherever its files say so."""
    found = [MOST_TOKENS]
    for name, key in LIMITS:
        path = folder / name
        limit = json.loads(path.read_text("utf-8")).get(key) if path.exists() else None
        found.append(limit or MOST_TOKENS)
    return min(found)


def _without_surrogates(text: str) -> str:
    """The text with half characters, which no tokenizer takes, as question marks in their place."""
    return text.encode("utf-8", "replace").decode()


def _without_special(
    encoding: "tokenizers.Encoding", vector: Vectors, tokens: Vectors
) -> TokenVectors:
    """The vectors of the text's own tokens: without padding and what the model adds."""
    own = [index for index, special in enumerate(encoding.special_tokens_mask) if not special]
    return TokenVectors(vector, tokens[own], tuple(encoding.offsets[index] for index in own))


def _unusable(folder: Path, why: str) -> ModelFileError:
    return ModelFileError(
        f"The cross-encoder in {folder} {why}. Set retrieval.cross_encoder to the folder of "
        "another, or leave it out."
    )
