"""Texts to vectors: the default model's, and what is said of damaged model files."""

import json
import shutil
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from index.embedding import CrossEncoder, LocalEmbedder, TokenVectors, Vectors
from index.errors import ModelFileError
from index.graph import GRAPH_NAME, LEAST_COSINE
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
    "half a character: \ud800, as a JSON file may have it",
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
    """The real model, its graph made first where there is none yet."""
    return LocalEmbedder(MODEL, threads=3)


@needs_model
def test_vectors_are_nearly_those_of_sentence_transformers(embedder: LocalEmbedder) -> None:
    from sentence_transformers import SentenceTransformer

    texts = TEXTS[:-1]  # it doesn't take half characters
    found = embedder.embed(texts)
    model = SentenceTransformer(str(MODEL), device="cpu", local_files_only=True)
    expected = model.encode(texts, normalize_embeddings=True)
    assert found.shape == expected.shape == (len(texts), DIMENSIONS)
    assert (found * expected).sum(axis=1).min() > LEAST_COSINE


@needs_model
def test_vectors_are_unit_vectors_that_mean_something(embedder: LocalEmbedder) -> None:
    vectors = embedder.embed(TEXTS)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1] * len(TEXTS), abs=1e-5)
    ferry, boat, council = vectors[0], vectors[5], vectors[6]
    assert ferry @ boat > ferry @ council


@needs_model
@pytest.mark.parametrize("threads", [0, 1, 2, 64])
def test_a_text_has_its_vector_whatever_is_embedded_with_it(
    embedder: LocalEmbedder, threads: int
) -> None:
    expected = embedder.embed(TEXTS)
    order = [3, 0, 6, 1, 5, 2, 4, 7]
    found = LocalEmbedder(MODEL, threads=threads).embed([TEXTS[index] for index in order])
    assert (found == expected[order]).all()
    for text, vector in zip(TEXTS, expected, strict=True):
        assert (embedder.embed([text])[0] == vector).all()


@needs_model
def test_several_threads_may_embed_at_once(embedder: LocalEmbedder) -> None:
    expected = embedder.embed(TEXTS)
    fresh, found = LocalEmbedder(MODEL), dict[int, Vectors]()
    threads = [
        threading.Thread(target=lambda n=n: found.update({n: fresh.embed(TEXTS)}))  # type: ignore[misc]
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all((found[n] == expected).all() for n in range(4))


@needs_model
def test_stopped_it_leaves_the_other_texts_alone() -> None:
    class Session:
        runs = 0

        def run(self, outputs: list[str], feed: dict[str, Any]) -> None:
            self.runs += 1
            raise KeyboardInterrupt

    session = Session()
    stopped = LocalEmbedder(MODEL, threads=1)
    stopped.__dict__["_session"] = session
    with pytest.raises(KeyboardInterrupt):
        stopped.embed(["text"] * 1000)
    assert session.runs < 1000


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


def test_fingerprint_is_of_the_graph_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"a")
    before = LocalEmbedder(tmp_path).fingerprint
    monkeypatch.setattr("index.embedding.GRAPH_NAME", "dateline-1000.onnx")
    assert LocalEmbedder(tmp_path).fingerprint != before


@pytest.mark.parametrize(
    ("files", "tokens"),
    [
        ({}, 512),
        ({"sentence_bert_config.json": {"max_seq_length": 256}}, 256),
        ({"sentence_bert_config.json": {"max_seq_length": None}}, 512),
        ({"sentence_bert_config.json": {}, "tokenizer_config.json": {"model_max_length": 64}}, 64),
        ({"tokenizer_config.json": {"model_max_length": 10**30}}, 512),
        ({"config.json": {"max_position_embeddings": 128}}, 128),
    ],
)
@needs_model
def test_no_more_tokens_than_the_model_reads(
    tmp_path: Path, files: dict[str, dict[str, Any]], tokens: int
) -> None:
    shutil.copyfile(MODEL / "tokenizer.json", tmp_path / "tokenizer.json")
    for name, content in files.items():
        (tmp_path / name).write_text(json.dumps(content), encoding="utf-8")
    read: list[int] = []

    class Session:
        def run(self, outputs: list[str], feed: dict[str, Any]) -> list[Any]:
            read.append(feed["input_ids"].shape[1])
            return [np.zeros((1, DIMENSIONS), dtype=np.float32)]

    embedder = LocalEmbedder(tmp_path)
    embedder.__dict__["_session"] = Session()
    embedder.embed(["word " * 1000])
    assert read == [tokens]


@pytest.mark.parametrize("make", [lambda path: None, Path.mkdir, Path.touch])
def test_a_folder_without_a_cross_encoder(tmp_path: Path, make: Any) -> None:
    make(tmp_path / "encoder")
    with pytest.raises(ModelFileError, match=r"can't be loaded: .*retrieval\.cross_encoder"):
        CrossEncoder(tmp_path / "encoder").scores("question", ["text"])
