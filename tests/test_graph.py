"""The graph against the model it was made of, and graphs that are damaged, old or of another kind.

The models here are tiny and their weights are drawn at random; test_embedding.py has the real one.
"""

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from index import graph
from index.embedding import LocalEmbedder
from index.errors import ModelFileError
from index.graph import GRAPH_NAME, WEIGHTS, export_graph, open_graph

DIMENSIONS = 32
TEXTS = ["The ferry left at 06:40.", "Who signed it?", "", "x", "a b c " * 40]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of two layers that knows letters and figures, with its graph."""
    folder = tmp_path_factory.mktemp("graph") / "model"
    make_model(folder)
    export_graph(folder)
    return folder


@pytest.fixture
def copy(model: Path, tmp_path: Path) -> Path:
    """The model in a folder that a test may change."""
    return shutil.copytree(model, tmp_path / "copy")


def make_model(folder: Path) -> None:
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    torch.manual_seed(7)
    bare = folder.with_name("bare")
    bare.mkdir()
    letters = "abcdefghijklmnopqrstuvwxyz0123456789.,:;'"
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters]
    vocabulary += [f"##{letter}" for letter in letters]
    (bare / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    BertTokenizerFast(str(bare / "vocab.txt")).save_pretrained(bare)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=DIMENSIONS,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=2 * DIMENSIONS,
        max_position_embeddings=64,
        initializer_range=0.2,
    )
    bert = BertModel(config)
    bert.save_pretrained(bare)
    words = Transformer(str(bare), max_seq_length=64)
    SentenceTransformer(modules=[words, Pooling(DIMENSIONS)], device="cpu").save(str(folder))


def single_precision(folder: Path) -> np.ndarray[Any, Any]:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    return np.asarray(model.encode(TEXTS, normalize_embeddings=True))


def cosines(folder: Path) -> np.ndarray[Any, Any]:
    found = LocalEmbedder(folder).embed(TEXTS)
    return np.asarray((found * single_precision(folder)).sum(axis=1))


def test_the_graph_gives_the_vectors_of_the_model(model: Path) -> None:
    assert cosines(model) == pytest.approx([1] * len(TEXTS), abs=1e-4)


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
