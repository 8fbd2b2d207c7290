"""Texts to vectors: the graph against the model it was made of, and damaged model files."""

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from index.embedding import GRAPH_NAME, LocalEmbedder, export_graph
from index.errors import ModelFileError
from index.settings import default_models_folder

MODEL = default_models_folder() / "all-MiniLM-L6-v2"
DIMENSIONS = 384
TEXTS = [
    "The ferry Aurelia left Port Hale at 06:40 on Monday with 212 passengers.",
    "Homs",
    "",
    "⛴️ naïve Größe 港",
    "The cutter towed it back. " * 100,  # far longer than the model reads
    "A boat was leaving the harbour in the morning.",
    "The council raised the fee by 4 percent.",
]

needs_model = pytest.mark.skipif(not MODEL.is_dir(), reason="the embedding model isn't here")
NAMES = (
    "1_Pooling",
    "config.json",
    "config_sentence_transformers.json",
    "model.safetensors",
    "modules.json",
    "sentence_bert_config.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.txt",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that has what the real model's has, as links, and no graph yet."""
    folder = tmp_path / "model"
    folder.mkdir()
    for name in NAMES:
        if (MODEL / name).exists():
            (folder / name).symlink_to(MODEL / name)
    return folder


@pytest.fixture(scope="module")
def embedder() -> LocalEmbedder:
    """The real model, with the graph that lies beside it."""
    return LocalEmbedder(MODEL, batch=3)


@needs_model
def test_graph_gives_the_vectors_of_sentence_transformers(folder: Path) -> None:
    from sentence_transformers import SentenceTransformer

    found = LocalEmbedder(folder, batch=3).embed(TEXTS)
    model = SentenceTransformer(str(MODEL), device="cpu", local_files_only=True)
    expected = model.encode(TEXTS, normalize_embeddings=True)
    assert found.shape == expected.shape == (len(TEXTS), DIMENSIONS)
    assert (found * expected).sum(axis=1) == pytest.approx([1] * len(TEXTS), abs=1e-4)
    assert [path.name for path in folder.iterdir() if not path.is_symlink()] == [GRAPH_NAME]


@needs_model
def test_vectors_are_unit_vectors_that_mean_something(embedder: LocalEmbedder) -> None:
    vectors = embedder.embed(TEXTS)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1] * len(TEXTS), abs=1e-5)
    ferry, boat, council = vectors[0], vectors[5], vectors[6]
    assert ferry @ boat > ferry @ council


@needs_model
@pytest.mark.parametrize("batch", [1, 2, 64])
def test_neither_batch_nor_order_matters(embedder: LocalEmbedder, batch: int) -> None:
    expected = embedder.embed(TEXTS)
    order = [3, 0, 6, 1, 5, 2, 4]
    found = LocalEmbedder(MODEL, batch=batch).embed([TEXTS[index] for index in order])
    assert np.abs(found - expected[order]).max() < 1e-5


@needs_model
def test_no_texts(embedder: LocalEmbedder) -> None:
    assert len(embedder.embed([])) == 0


@needs_model
def test_a_damaged_graph_is_removed(folder: Path) -> None:
    (folder / GRAPH_NAME).write_bytes(b"damaged")
    embedder = LocalEmbedder(folder)
    with pytest.raises(ModelFileError, match="has been removed. Try again"):
        embedder.embed(["text"])
    assert not (folder / GRAPH_NAME).exists()


@needs_model
def test_a_graph_older_than_the_model_is_made_anew(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights, graph = folder / "model.safetensors", folder / GRAPH_NAME
    shutil.copyfile(MODEL / GRAPH_NAME, graph)
    os.utime(graph, (weights.stat().st_mtime - 1,) * 2)
    exported: list[Path] = []

    def export(target: Path) -> None:
        exported.append(target)
        os.utime(graph)

    monkeypatch.setattr("index.embedding.export_graph", export)
    LocalEmbedder(folder).load()
    LocalEmbedder(folder).load()
    assert exported == [folder]


def copy_small_files(folder: Path) -> Path:
    """A model that lacks nothing but whole weights and a graph."""
    folder.mkdir()
    for name in NAMES:
        source = MODEL / name
        if source.is_dir():
            shutil.copytree(source, folder / name)
        elif source.exists() and name != "model.safetensors":
            shutil.copyfile(source, folder / name)
    return folder


@needs_model
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("model.safetensors", None),
        ("model.safetensors", b""),
        ("model.safetensors", b"damaged" * 100),
        ("config.json", b"{"),
        ("modules.json", b"[]"),
    ],
)
def test_a_damaged_model_is_told(tmp_path: Path, name: str, content: bytes | None) -> None:
    folder = copy_small_files(tmp_path / "model")
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(ModelFileError, match=r"can't be loaded: .*dateline models check"):
        LocalEmbedder(folder).embed(["text"])
    assert list(folder.glob("dateline*")) == []


@needs_model
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("tokenizer.json", None),
        ("tokenizer.json", b"{}"),
        ("tokenizer.json", b"\xff"),
        ("sentence_bert_config.json", b"{"),
    ],
)
def test_a_damaged_tokenizer_is_told(folder: Path, name: str, content: bytes | None) -> None:
    (folder / GRAPH_NAME).symlink_to(MODEL / GRAPH_NAME)
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(ModelFileError, match=r"can't be loaded: .*dateline models check"):
        LocalEmbedder(folder).embed(["text"])


@pytest.mark.parametrize("make", [lambda path: None, Path.mkdir, Path.touch])
def test_a_folder_without_a_model(tmp_path: Path, make: Any) -> None:
    make(tmp_path / "model")
    with pytest.raises(ModelFileError, match=r"can't be loaded: .*dateline models check"):
        export_graph(tmp_path / "model")


def test_fingerprint_is_of_the_weights(tmp_path: Path) -> None:
    def fingerprint(**files: bytes) -> str:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        for name, content in files.items():
            (folder / name.replace("_", ".")).write_bytes(content)
        return LocalEmbedder(folder).fingerprint

    first = fingerprint(model_safetensors=b"a", tokenizer_json=b"b")
    assert first == fingerprint(model_safetensors=b"a", tokenizer_json=b"b", README_md=b"c")
    assert first != fingerprint(model_safetensors=b"x", tokenizer_json=b"b")
    assert first != fingerprint(model_safetensors=b"a", tokenizer_json=b"x")
