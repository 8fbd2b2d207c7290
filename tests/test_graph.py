"""The graph against the model it was made of, and graphs that are damaged, old or of another kind.

The models here are tiny and their weights are drawn at random; test_embedding.py has the real one.
"""

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_model import DIMENSIONS, make_model

from index import graph
from index.embedding import LocalEmbedder
from index.errors import ModelFileError
from index.graph import (
    GRAPH_NAME,
    LEAST_COSINE,
    SENTENCES,
    WEIGHTS,
    export_graph,
    open_graph,
)

TEXTS = [*SENTENCES, "", "x", "a b c " * 40]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model with its graph."""
    folder = tmp_path_factory.mktemp("graph") / "model"
    make_model(folder)
    export_graph(folder)
    return folder


@pytest.fixture
def copy(model: Path, tmp_path: Path) -> Path:
    """The model in a folder that a test may change."""
    return shutil.copytree(model, tmp_path / "copy")


def single_precision(folder: Path) -> np.ndarray[Any, Any]:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    return np.asarray(model.encode(TEXTS, normalize_embeddings=True))


def cosines(folder: Path) -> np.ndarray[Any, Any]:
    found = LocalEmbedder(folder).embed(TEXTS)
    return np.asarray((found * single_precision(folder)).sum(axis=1))


def operations(folder: Path) -> set[str]:
    import onnx

    return {node.op_type for node in onnx.load(str(folder / GRAPH_NAME)).graph.node}


def test_eight_bits_give_nearly_the_vectors_of_the_model(model: Path) -> None:
    assert "DynamicQuantizeMatMul" in operations(model)
    found = cosines(model)
    assert LEAST_COSINE < found.min() < 1 - 1e-6
    assert found.max() < 1 + 1e-5


def test_a_model_that_does_not_bear_eight_bits_stays_as_it_is(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph, "LEAST_COSINE", 1.1)
    export_graph(copy)
    assert "DynamicQuantizeMatMul" not in operations(copy)
    assert cosines(copy) == pytest.approx([1] * len(TEXTS), abs=1e-4)


def test_a_folder_gets_the_graph_and_nothing_else(model: Path) -> None:
    assert [path.name for path in model.glob("dateline*")] == [GRAPH_NAME]
    outputs = [(each.name, each.shape[-1]) for each in open_graph(model).get_outputs()]
    assert outputs == [("vectors", DIMENSIONS), ("token_vectors", DIMENSIONS)]


def test_a_damaged_graph_is_removed(copy: Path) -> None:
    (copy / GRAPH_NAME).write_bytes(b"damaged")
    with pytest.raises(ModelFileError, match="has been removed. Try again"):
        open_graph(copy)
    assert not (copy / GRAPH_NAME).exists()


def test_a_graph_older_than_the_model_is_made_anew(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.utime(copy / GRAPH_NAME, ((copy / WEIGHTS).stat().st_mtime - 1,) * 2)
    exported: list[Path] = []

    def export(folder: Path) -> None:
        exported.append(folder)
        os.utime(copy / GRAPH_NAME)

    monkeypatch.setattr(graph, "export_graph", export)
    open_graph(copy)
    open_graph(copy)
    assert exported == [copy]


def test_a_graph_of_an_earlier_version_is_replaced(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (copy / GRAPH_NAME).rename(copy / "kept")
    (copy / "dateline-2.onnx").write_bytes(b"of batches")
    monkeypatch.setattr(graph, "_export", lambda _, target: shutil.copyfile(copy / "kept", target))
    open_graph(copy)
    assert [path.name for path in copy.glob("*.onnx")] == [GRAPH_NAME]


def test_what_was_not_finished_is_not_left(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(_: Path, target: Path) -> None:
        target.write_bytes(b"half")
        raise OSError("No space left on device")

    (copy / GRAPH_NAME).unlink()
    monkeypatch.setattr(graph, "_export", stop)
    with pytest.raises(ModelFileError, match="No space left on device"):
        open_graph(copy)
    assert list(copy.glob("dateline*")) == []


@pytest.mark.parametrize("make", [lambda path: None, Path.mkdir, Path.touch])
def test_a_folder_without_a_model(tmp_path: Path, make: Any) -> None:
    make(tmp_path / "model")
    with pytest.raises(ModelFileError, match=r"can't be loaded: .*dateline models check"):
        export_graph(tmp_path / "model")
