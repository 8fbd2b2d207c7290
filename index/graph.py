"""The ONNX graph of a sentence-transformers model, made once and kept beside the model's files.

It takes one text: texts of other lengths beside it would only be padding, and a text alone keeps
the processor's cores as busy, one text each. Its vectors are the same whatever else is embedded.

Matrices are multiplied in eight bits (quantize.py) where the model bears it.
"""

import contextlib
import io
import logging
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from index.errors import ModelFileError
from index.quantize import DOMAIN, even_out, quantize

if TYPE_CHECKING:
    import onnxruntime

    from index.embedding import Vectors

# The number is the version of the graph's outputs: a graph of another version isn't used.
GRAPH_NAME = "dateline-5.onnx"
OTHER_GRAPHS = "dateline*.onnx"
OPSET = 18
OUTPUTS = ("vectors", "token_vectors")
WEIGHTS = "model.safetensors"
# Models whose vectors come out farther from their own stay at single precision.
LEAST_COSINE = 0.995
SENTENCES = (
    "The ferry left the harbour at 06:40 on Monday with 212 passengers on board.",
    "Who signed the agreement?",
    "“We were not told,” said Dr. Amira Haddad, who heads the region's health authority.",
    "Prices rose by 4.3 percent in March, the most since 2019, the central bank reported; "
    "it had expected 3.1 percent, and left its rate where it was.",
)
log = logging.getLogger(__name__)


def open_graph(folder: Path) -> "onnxruntime.InferenceSession":
    """The graph of the model in `folder`, made first where there is none. Raises ModelFileError.

    Safe to run from several threads, each of which computes on one core.
    """
    graph = folder / GRAPH_NAME
    if not graph.exists() or _is_outdated(graph):
        export_graph(folder)
    try:
        return _session(str(graph))
    except Exception as error:  # noqa: BLE001 - its errors share no base class
        graph.unlink(missing_ok=True)
        raise ModelFileError(
            f"The embedding model's graph {graph} was damaged and has been removed. "
            "Try again: it is made anew."
        ) from error


def export_graph(folder: Path) -> Path:
    """Write the ONNX graph of the sentence-transformers model in `folder`, once.

    Takes some 15 seconds. Input `input_ids`, shape (1, tokens); outputs: unit vectors, `vectors`
    of shape (1, dimensions) and `token_vectors` of shape (1, tokens, dimensions). Graphs of other
    versions are removed. Raises ModelFileError for a folder that sentence-transformers can't load.
    """
    log.info("Preparing the embedding model in %s for fast use", folder)
    graph = folder / GRAPH_NAME
    unfinished = graph.with_suffix(f".{os.getpid()}.partial")
    try:
        with silenced():
            _export(folder, unfinished)
        unfinished.replace(graph)
    except Exception as error:  # noqa: BLE001 - what a damaged file raises shares no base class
        raise unloadable(folder, error) from error
    finally:
        with contextlib.suppress(OSError):  # there may be no such folder
            unfinished.unlink()
    for other in folder.glob(OTHER_GRAPHS):
        if other.name != GRAPH_NAME:
            with contextlib.suppress(OSError):  # another program may have it open
                other.unlink()
    return graph


def unloadable(folder: Path, error: Exception) -> ModelFileError:
    """The error to raise where a model can't be loaded."""
    return ModelFileError(
        f"The embedding model in {folder} can't be loaded: {reason(error)}. "
        "Run: dateline models check"
    )


def reason(error: Exception) -> str:
    """What a library's error says, in one line."""
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Keep the libraries' progress bars and warnings from the user."""
    from transformers.utils import logging as transformers_logging  # noqa: PLC0415 - seconds

    transformers_logging.disable_progress_bar()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _is_outdated(graph: Path) -> bool:
    """Whether the model has been replaced since its graph was made."""
    weights = graph.with_name(WEIGHTS)
    return weights.exists() and weights.stat().st_mtime > graph.stat().st_mtime


def _session(graph: str | bytes) -> "onnxruntime.InferenceSession":
    import onnxruntime  # noqa: PLC0415 - only what embeds pays for it

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1  # several texts keep the cores busy, not several threads one
    return onnxruntime.InferenceSession(
        graph,
        options,
        providers=["CPUExecutionProvider"],
        disabled_optimizers=["SkipLayerNormFusion"],  # slower on a CPU than what it fuses
    )


def _export(folder: Path, target: Path) -> None:
    import onnx  # noqa: PLC0415 - only making a graph needs it
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415 - seconds of import

    model = SentenceTransformer(
        str(folder),
        device="cpu",
        local_files_only=True,
        model_kwargs={"attn_implementation": "eager"},  # the others' graphs have more to do
    )
    model = model.float().eval().requires_grad_(False)
    exact = model.encode(list(SENTENCES), normalize_embeddings=True, show_progress_bar=False)
    single = _traced(model)
    even_out(model, SENTENCES)
    made = onnx.load_model_from_string(_traced(model))
    quantize(made.graph)
    made.opset_import.add(domain=DOMAIN, version=1)
    onnx.save(made, target)
    if _least_cosine(model, target, exact) < LEAST_COSINE:
        log.info("The model in %s doesn't bear eight bits: it stays as it is", folder)
        target.write_bytes(single)


def _least_cosine(model: Any, graph: Path, exact: "Vectors") -> float:
    session = _session(str(graph))
    tokens = [model.preprocess([text])["input_ids"].numpy() for text in SENTENCES]
    found = np.concatenate([session.run(["vectors"], {"input_ids": each})[0] for each in tokens])
    return float((found * exact).sum(axis=1).min())


def _traced(model: Any) -> bytes:
    import torch  # noqa: PLC0415 - seconds of import

    class Pipeline(torch.nn.Module):  # type: ignore[misc] # torch is only imported here
        """A text's tokens to its unit vector, with the model's own pooling, and one for each."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any) -> Any:
            mask = torch.ones_like(input_ids)
            found = self.model({"input_ids": input_ids, "attention_mask": mask})
            return tuple(
                torch.nn.functional.normalize(found[name], dim=-1)
                for name in ("sentence_embedding", "token_embeddings")
            )

    made = io.BytesIO()
    torch.onnx.export(
        Pipeline(),
        (torch.ones(1, 8, dtype=torch.long),),
        made,
        input_names=["input_ids"],
        output_names=list(OUTPUTS),
        dynamic_axes={"input_ids": {1: "tokens"}, "token_vectors": {1: "tokens"}},
        opset_version=OPSET,
        dynamo=False,
    )
    return made.getvalue()
