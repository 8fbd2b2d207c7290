"""Made articles for benchmarks of the index, and an embedder that costs next to nothing."""

import random
from collections.abc import Sequence
from pathlib import Path
from zlib import crc32

import numpy as np

from index.embedding import TokenVectors, Vectors
from index.lexical import WORD

DIMENSIONS = 384  # as those of the default model
SENTENCES_A_PARAGRAPH = 4
WHO = (
    "The harbour office", "Mayor Ruth Alder", "A spokesman of the coastguard", "The ferry line",
    "The union of dockers", "Captain Jon Ferris", "The town council", "Engineers of the dam",
    "The ministry of works", "Two witnesses", "The northern railway", "A court in Port Hale",
)  # fmt: skip
DID = (
    "said that", "announced on {day} that", "denied that", "confirmed to reporters that",
    "wrote in a letter of {number} pages that", "told the {number} people in the hall that",
)  # fmt: skip
WHAT = (
    "the bridge at {place} stays shut", "{number} passengers were brought ashore at {place}",
    "the fee rises by {number} percent", "work at {place} begins in {number} days",
    "the dam near {place} holds {number} million litres", "{number} boats were lost off {place}",
    "the road to {place} was open again", "nobody at {place} had been warned",
)  # fmt: skip
WHY = (
    "after the storm of {day}", "because the engine had failed", "as the water fell",
    "although the inspectors had asked for {number} more", "for the first time since {year}",
)  # fmt: skip
PLACES = ("Port Hale", "Cape Dorn", "Brenn", "Corran", "Holm Park", "Tessel", "Arkley", "Lunde")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class MadeEmbedder:
    """A vector is a text's words, hashed: texts that share words are near, others aren't."""

    def __init__(self, fingerprint: str = "made-words-1") -> None:
        """`fingerprint` may be that of a model whose vectors these are to stand for."""
        self.fingerprint = fingerprint

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One unit vector a text, shape (len(texts), DIMENSIONS), float32."""
        vectors = np.full((len(texts), DIMENSIONS), 1e-3, dtype=np.float32)
        for number, text in enumerate(texts):
            places = [crc32(word.encode()) % DIMENSIONS for word in WORD.findall(text)]
            vectors[number] += np.bincount(places, minlength=DIMENSIONS)
        unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit

    def embed_tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        """The same vectors; a text is its own and only token."""
        return [
            TokenVectors(vector, vector[np.newaxis], ((0, len(text)),))
            for vector, text in zip(self.embed(texts), texts, strict=True)
        ]


def make_article(chance: random.Random, *, paragraphs: int) -> str:
    """An article in Markdown with front matter; no two are alike."""
    day = f"20{chance.randrange(15, 26)}-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}"
    head = f"---\ntitle: {_filled(chance.choice(WHAT), chance)}\noutlet: The Hale Gazette\n"
    body = "\n\n".join(
        " ".join(_sentence(chance) for _ in range(SENTENCES_A_PARAGRAPH)) for _ in range(paragraphs)
    )
    return f"{head}published: {day}\n---\n\n{body}\n"


def write_articles(folder: Path, count: int, *, paragraphs: int, seed: int) -> None:
    """Fill a folder with made articles, a hundred a sub-folder."""
    chance = random.Random(seed)
    for number in range(count):
        path = folder / f"{number // 100:03}" / f"{number:05}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(make_article(chance, paragraphs=paragraphs), encoding="utf-8")


def _sentence(chance: random.Random) -> str:
    parts = [chance.choice(each) for each in (WHO, DID, WHAT, WHY)]
    return f"{_filled(' '.join(parts), chance)}."


def _filled(template: str, chance: random.Random) -> str:
    return template.format(
        place=chance.choice(PLACES),
        day=chance.choice(DAYS),
        number=chance.randrange(2, 9000),
        year=chance.randrange(1900, 2015),
    )
