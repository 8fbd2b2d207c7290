"""Texts to vectors: one for the whole text, and one for each of its tokens.

The model is loaded by sentence-transformers once, which turns it into an ONNX graph beside
the model's files; every vector after that comes from ONNX Runtime. Importing
sentence-transformers and torch took 9 s on the machine this was written on, the graph 0.6 s,
so that a question need not wait for them; a test holds the two to the same vectors.
"""

import contextlib
import hashlib
import json
import logging
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from index.errors import ModelFileError

if TYPE_CHECKING:
    import onnxruntime
    import tokenizers

Vectors = NDArray[np.float32]

# The number is the version of the graph's outputs: a graph of another version isn't used.
GRAPH_NAME = "dateline-2.onnx"
OTHER_GRAPHS = "dateline*.onnx"
OPSET = 18
log = logging.getLogger(__name__)


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

    def __init__(self, folder: Path, *, batch: int = 32) -> None:
        """`folder` holds what sentence-transformers saved; `batch` texts are embedded at once."""
        self._folder = folder
        self._batch = batch
        self._loading = threading.Lock()

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the weights and of how they are used."""
        digest = hashlib.sha256()
        for name in ("model.safetensors", "tokenizer.json", "modules.json"):
            path = self._folder / name
            if path.exists():
                digest.update(path.read_bytes())
        return digest.hexdigest()[:16]

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One unit vector a text, shape (len(texts), dimensions), float32."""
        if not texts:
            return np.zeros((0, 0), dtype=np.float32)
        found: dict[int, Vectors] = {}
        for chosen, _, (vectors,) in self._batches(texts, ("vectors",)):
            found.update(zip(chosen, vectors, strict=True))
        return np.stack([found[index] for index in range(len(texts))])

    def embed_tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        """The same vectors with those of the tokens, one `TokenVectors` a text."""
        found: dict[int, TokenVectors] = {}
        for chosen, encoded, outputs in self._batches(texts, ("vectors", "token_vectors")):
            for index, encoding, vector, tokens in zip(chosen, encoded, *outputs, strict=True):
                found[index] = _without_special(encoding, vector, tokens)
        return [found[index] for index in range(len(texts))]

    def load(self) -> None:
        """Load now instead of on first use. Raises ModelFileError where the model is damaged."""
        with self._loading:
            _ = self._session, self._tokenizer

    def _batches(
        self, texts: Sequence[str], outputs: tuple[str, ...]
    ) -> "Iterator[tuple[list[int], list[tokenizers.Encoding], list[Vectors]]]":
        """Positions, encodings and outputs, batch by batch.

        The longest texts come first, so that a batch wastes little on padding.
        """
        self.load()
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]), reverse=True)
        for first in range(0, len(order), self._batch):
            chosen = order[first : first + self._batch]
            encoded = self._tokenizer.encode_batch([texts[index] for index in chosen])
            feed = {
                name: np.array([getattr(each, own) for each in encoded], dtype=np.int64)
                for name, own in (("input_ids", "ids"), ("attention_mask", "attention_mask"))
            }
            yield chosen, encoded, self._session.run(list(outputs), feed)

    @cached_property
    def _tokenizer(self) -> "tokenizers.Tokenizer":
        from tokenizers import Tokenizer  # noqa: PLC0415 - only what embeds pays for it

        settings = self._folder / "sentence_bert_config.json"
        try:
            limits = json.loads(settings.read_text("utf-8")) if settings.exists() else {}
            tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        except Exception as error:  # noqa: BLE001 - the tokenizer raises Exception itself
            raise _unloadable(self._folder, error) from error
        tokenizer.enable_truncation(limits.get("max_seq_length") or 512)
        tokenizer.enable_padding()
        return tokenizer

    @cached_property
    def _session(self) -> "onnxruntime.InferenceSession":
        import onnxruntime  # noqa: PLC0415 - only what embeds pays for it

        graph = self._folder / GRAPH_NAME
        if not graph.exists() or _is_outdated(graph):
            export_graph(self._folder)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = os.cpu_count() or 1
        try:
            return onnxruntime.InferenceSession(
                str(graph), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # noqa: BLE001 - its errors share no base class
            graph.unlink(missing_ok=True)
            raise ModelFileError(
                f"The embedding model's graph {graph} was damaged and has been removed. "
                "Try again: it is made anew."
            ) from error


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
            with _silenced():
                return Model(str(self._folder), device="cpu", local_files_only=True)
        except Exception as error:  # noqa: BLE001 - what a damaged file raises shares no base class
            raise _unusable(self._folder, f"can't be loaded: {_reason(error)}") from error


def export_graph(folder: Path) -> Path:
    """Write the ONNX graph of the sentence-transformers model in `folder`, once.

    Takes some 15 seconds. Inputs `input_ids` and `attention_mask`, shape (texts, tokens);
    outputs: unit vectors, `vectors` of shape (texts, dimensions) and `token_vectors` of shape
    (texts, tokens, dimensions). Graphs of other versions are removed. Raises ModelFileError for
    a folder that sentence-transformers can't load.
    """
    log.info("Preparing the embedding model in %s for fast use", folder)
    graph = folder / GRAPH_NAME
    unfinished = graph.with_suffix(f".{os.getpid()}.partial")
    try:
        with _silenced():
            _export(folder, unfinished)
        unfinished.replace(graph)
    except Exception as error:  # noqa: BLE001 - what a damaged file raises shares no base class
        raise _unloadable(folder, error) from error
    finally:
        with contextlib.suppress(OSError):  # there may be no such folder
            unfinished.unlink()
    for other in folder.glob(OTHER_GRAPHS):
        if other.name != GRAPH_NAME:
            with contextlib.suppress(OSError):  # another program may have it open
                other.unlink()
    return graph


def _without_special(
    encoding: "tokenizers.Encoding", vector: Vectors, tokens: Vectors
) -> TokenVectors:
    """The vectors of the text's own tokens: without padding and what the model adds."""
    own = [index for index, special in enumerate(encoding.special_tokens_mask) if not special]
    return TokenVectors(vector, tokens[own], tuple(encoding.offsets[index] for index in own))


def _is_outdated(graph: Path) -> bool:
    """Whether the model has been replaced since its graph was made."""
    weights = graph.with_name("model.safetensors")
    return weights.exists() and weights.stat().st_mtime > graph.stat().st_mtime


def _unloadable(folder: Path, error: Exception) -> ModelFileError:
    return ModelFileError(
        f"The embedding model in {folder} can't be loaded: {_reason(error)}. "
        "Run: dateline models check"
    )


def _unusable(folder: Path, why: str) -> ModelFileError:
    return ModelFileError(
        f"The cross-encoder in {folder} {why}. Set retrieval.cross_encoder to the folder of "
        "another, or leave it out."
    )


def _reason(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]


def _export(folder: Path, target: Path) -> None:
    import torch  # noqa: PLC0415 - seconds of import that only this needs
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415

    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True).eval()

    class Pipeline(torch.nn.Module):  # type: ignore[misc] # torch is only imported here
        """Tokens to a unit vector, with the model's own pooling, and to one for each."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model.requires_grad_(False)

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            found = self.model({"input_ids": input_ids, "attention_mask": attention_mask})
            return tuple(
                torch.nn.functional.normalize(found[name], dim=-1)
                for name in ("sentence_embedding", "token_embeddings")
            )

    example = torch.ones(2, 8, dtype=torch.long)
    axes = {0: "texts", 1: "tokens"}
    torch.onnx.export(
        Pipeline(),
        (example, example.clone()),
        str(target),
        input_names=["input_ids", "attention_mask"],
        output_names=["vectors", "token_vectors"],
        dynamic_axes={
            "input_ids": axes,
            "attention_mask": axes,
            "vectors": {0: "texts"},
            "token_vectors": axes,
        },
        opset_version=OPSET,
        dynamo=False,
    )


@contextlib.contextmanager
def _silenced() -> Any:
    """Keep the exporter's progress bars and tracer warnings from the user."""
    import warnings  # noqa: PLC0415

    from transformers.utils import logging as transformers_logging  # noqa: PLC0415

    transformers_logging.disable_progress_bar()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
