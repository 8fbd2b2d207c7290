"""Texts to vectors.

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
from collections.abc import Sequence
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

GRAPH_NAME = "dateline.onnx"
OPSET = 18
log = logging.getLogger(__name__)


class Embedder(Protocol):
    """Turns texts into unit vectors of one length. Safe to call from several threads."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the vectors would."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One unit vector a text, shape (len(texts), dimensions), float32."""


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
        """One unit vector a text; longest texts first, so that a batch wastes little padding."""
        if not texts:
            return np.zeros((0, 0), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]), reverse=True)
        vectors: list[Vectors | None] = [None] * len(texts)
        for first in range(0, len(order), self._batch):
            chosen = order[first : first + self._batch]
            for index, vector in zip(chosen, self._run([texts[i] for i in chosen]), strict=True):
                vectors[index] = vector
        return np.stack([vector for vector in vectors if vector is not None])

    def load(self) -> None:
        """Load now instead of on first use. Raises ModelFileError where the model is damaged."""
        with self._loading:
            _ = self._session, self._tokenizer

    def _run(self, texts: list[str]) -> Vectors:
        self.load()
        encoded = self._tokenizer.encode_batch(texts)
        feed = {
            "input_ids": np.array([each.ids for each in encoded], dtype=np.int64),
            "attention_mask": np.array([each.attention_mask for each in encoded], dtype=np.int64),
        }
        vectors: Vectors = self._session.run(None, feed)[0]
        return vectors

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


def export_graph(folder: Path) -> Path:
    """Write the ONNX graph of the sentence-transformers model in `folder`, once.

    Takes some 15 seconds. Inputs `input_ids` and `attention_mask`, shape (texts, tokens);
    output: unit vectors, shape (texts, dimensions). Raises ModelFileError for a folder that
    sentence-transformers can't load.
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
    return graph


def _is_outdated(graph: Path) -> bool:
    """Whether the model has been replaced since its graph was made."""
    weights = graph.with_name("model.safetensors")
    return weights.exists() and weights.stat().st_mtime > graph.stat().st_mtime


def _unloadable(folder: Path, error: Exception) -> ModelFileError:
    what = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
    return ModelFileError(
        f"The embedding model in {folder} can't be loaded: {what}. Run: dateline models check"
    )


def _export(folder: Path, target: Path) -> None:
    import torch  # noqa: PLC0415 - seconds of import that only this needs
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415

    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True).eval()

    class Pipeline(torch.nn.Module):  # type: ignore[misc] # torch is only imported here
        """Tokens to a unit vector, with the model's own pooling."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model.requires_grad_(False)

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            features = {"input_ids": input_ids, "attention_mask": attention_mask}
            vectors = self.model(features)["sentence_embedding"]
            return torch.nn.functional.normalize(vectors, dim=1)

    example = torch.ones(2, 8, dtype=torch.long)
    axes = {0: "texts", 1: "tokens"}
    torch.onnx.export(
        Pipeline(),
        (example, example.clone()),
        str(target),
        input_names=["input_ids", "attention_mask"],
        output_names=["vectors"],
        dynamic_axes={"input_ids": axes, "attention_mask": axes, "vectors": {0: "texts"}},
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
