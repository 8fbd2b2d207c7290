"""Texts to vectors: the graph against the model it was made of, and damaged model files."""

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from index.embedding import (
    GRAPH_NAME,
    CrossEncoder,
    LocalEmbedder,
    TokenVectors,
    Vectors,
    export_graph,
)
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
def test_tokens_of_a_text_are_its_words(embedder: LocalEmbedder) -> None:
    found = embedder.embed_tokens(TEXTS)
    expected = embedder.embed(TEXTS)
    for text, each, vector in zip(TEXTS, found, expected, strict=True):
        assert np.abs(each.sentence - vector).max() < 1e-6
        assert each.tokens.shape == (len(each.spans), DIMENSIONS)
        assert np.linalg.norm(each.tokens, axis=1) == pytest.approx([1] * len(each.spans), abs=1e-5)
        read = "".join(text[start:end] for start, end in each.spans)
        letters = [character for character in text if character.isalnum()]
        assert [character for character in read if character.isalnum()] == letters[
            : sum(character.isalnum() for character in read)
        ]
    assert [TEXTS[1][start:end] for start, end in found[1].spans] == ["Ho", "ms"]
    assert found[2].spans == ()
    assert embedder.embed_tokens([]) == []


@needs_model
def test_a_token_means_what_its_sentence_makes_it_mean(embedder: LocalEmbedder) -> None:
    river, money, loan = embedder.embed_tokens(
        ["They sat on the bank of the river.", "The bank lent them money.", "A bank gave a loan."]
    )

    def bank(found: TokenVectors) -> Vectors:
        texts = {river: "They sat on the bank", money: "The bank", loan: "A bank"}
        end = len(texts[found])
        return found.tokens[[e for _, e in found.spans].index(end)]

    assert bank(money) @ bank(loan) > bank(money) @ bank(river)


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


@needs_model
def test_a_graph_of_an_earlier_version_is_replaced(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "dateline.onnx").write_bytes(b"one output")
    monkeypatch.setattr(
        "index.embedding._export", lambda _, target: shutil.copyfile(MODEL / GRAPH_NAME, target)
    )
    assert len(LocalEmbedder(folder).embed_tokens(["Homs"])[0].tokens) == 2
    assert [path.name for path in folder.glob("*.onnx")] == [GRAPH_NAME]


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


@pytest.mark.parametrize("make", [lambda path: None, Path.mkdir, Path.touch])
def test_a_folder_without_a_cross_encoder(tmp_path: Path, make: Any) -> None:
    make(tmp_path / "encoder")
    with pytest.raises(ModelFileError, match=r"can't be loaded: .*retrieval\.cross_encoder"):
        CrossEncoder(tmp_path / "encoder").scores("question", ["text"])
