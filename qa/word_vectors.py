"""The telling words of a text, each with a vector of its meaning in that text."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from index.characters import fold_invisible
from index.embedding import Embedder, TokenVectors, Vectors
from index.lexical import STOP_WORDS, WORD

MOST_SEEN = 4096  # texts whose words are kept; about 50 kB each


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a text that tell, with a unit vector each, shape (words, dimensions).

    `whole` is the vector of the text.
    """

    words: tuple[str, ...]
    vectors: Vectors
    whole: Vectors


class WordReader:
    """Gives the words of texts, and keeps them."""

    def __init__(self, embedder: Embedder) -> None:
        """`embedder` gives each token its vector."""
        self._embedder = embedder
        self._seen: dict[str, Words] = {}

    def of(self, text: str) -> Words:
        """The telling words of a text with their vectors."""
        found = self._seen.get(text)
        return found or self.read([text])[0]

    def read(self, texts: Sequence[str]) -> list[Words]:
        """The words of several texts, whose vectors are made in one go where they are new."""
        new = [text for text in dict.fromkeys(texts) if text not in self._seen]
        found = {text: self._seen[text] for text in texts if text in self._seen}
        if len(self._seen) > MOST_SEEN:
            self._seen.clear()
        folded = [fold_invisible(text) for text in new]
        encoded = self._embedder.embed_tokens(folded) if folded else ()
        for text, seen, each in zip(new, folded, encoded, strict=True):
            self._seen[text] = found[text] = _telling_words(seen, each)
        return [found[text] for text in texts]


def _telling_words(text: str, encoded: TokenVectors) -> Words:
    """The words that aren't stop words, each with the mean of its tokens' vectors."""
    spans = np.array(encoded.spans).reshape(-1, 2)
    words, vectors = [], []
    for match in WORD.finditer(text):
        if match.group().casefold() in STOP_WORDS or len(match.group()) < 2:
            continue
        inside = (spans[:, 0] < match.end()) & (spans[:, 1] > match.start())
        if inside.any():
            vector = encoded.tokens[inside].mean(axis=0)
            words.append(match.group())
            vectors.append(vector / np.linalg.norm(vector))
    return Words(tuple(words), np.array(vectors, dtype=np.float32), encoded.sentence)
