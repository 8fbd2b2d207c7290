"""A tiny sentence-transformers model whose weights are drawn at random."""

from pathlib import Path

DIMENSIONS = 32


def make_model(folder: Path) -> None:
    """Save a model of two layers that knows letters and figures, and reads 64 tokens."""
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
