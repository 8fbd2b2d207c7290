"""BM25 over passages, with a mask that no filter leaks through."""

import logging
import math
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import bm25s
import numpy as np
import snowballstemmer
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from index.characters import fold_invisible
from index.ragged import Ragged

WORD = re.compile(r"\w+(?:[.,]\d+)*")
# Words that say nothing of what a text is about. Question words are among them: a passage
# isn't better for saying "how".
STOP_WORDS = frozenset(
    """a about after again all also am an and any are as at be because been before being between
    both but by can could did do does doing down during each far few for from further had has have
    having he her here hers him his how i if in into is it its itself just many me more most much
    my no nor not now of off on once one only or other our out over own said same say says she
    should so some such than that the their them then there these they this those through to too
    under until up upon us very was we were what when where which while who whom whose why will
    with would you your""".split()  # noqa: SIM905 - a list of 150 strings reads worse
)
logging.getLogger("bm25s").setLevel(logging.WARNING)  # it reports each index it builds
K1, B = 1.2, 0.75
_STEMMER = snowballstemmer.stemmer("english")
_STEMMING = threading.Lock()  # it keeps the word it is at in itself


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """The word's stem, lower-cased; a possessive's ending goes first."""
    with _STEMMING:
        stemmed: str = _STEMMER.stemWord(word.casefold())
    return stemmed


def words_in(text: str) -> list[str]:
    """The words of a text as they are written, in order, with repetitions."""
    return WORD.findall(fold_invisible(text))


def tells(word: str) -> bool:
    """Whether a word says what a text is about: it is no stop word, nor what "'s" leaves."""
    folded = word.casefold()
    return folded not in STOP_WORDS and folded != "s"


def terms(text: str) -> list[str]:
    """The stems of the words that say what a text is about, in order, with repetitions."""
    return [stem(word) for word in words_in(text) if tells(word)]


@dataclass(frozen=True, slots=True, eq=False)
class TermCounts:
    """How often each text has which terms.

    A row a text, of pairs: a term's number in `vocabulary`, and how often the text has it.
    """

    vocabulary: Mapping[str, int]
    rows: Ragged


class LexicalIndex:
    """BM25 (Robertson & Zaragoza 2009; Lucene's variant, k1 = 1.2, b = 0.75)."""

    def __init__(self, counts: TermCounts) -> None:
        """Position of a row in `counts` is the id of a text. Scores are bm25s's to the last bit.

        bm25s itself counts text by text, half a minute for 200,000; here it is done at once.
        """
        self._size = len(counts.rows)
        self._vocabulary = counts.vocabulary
        terms_of = counts.rows.values[:, 0]
        self._frequencies = np.bincount(terms_of, minlength=len(counts.vocabulary))
        self._retriever = bm25s.BM25(method="lucene", k1=K1, b=B)
        self._retriever.vocab_dict = counts.vocabulary
        self._retriever.nonoccurrence_array = None
        self._retriever.scores = self._scored(counts.rows)

    def document_frequency(self, term: str) -> int:
        """How many of the texts have this term."""
        number = self._vocabulary.get(term)
        return 0 if number is None else int(self._frequencies[number])

    def inverse_document_frequency(self, term: str) -> float:
        """How much a term tells, above 0: Lucene's log(1 + (N - n + 0.5) / (n + 0.5))."""
        return self._inverse(self.document_frequency(term))

    def scores(self, query: str, allowed: NDArray[np.bool_] | None = None) -> NDArray[np.float64]:
        """BM25 of each text, shape (texts,); 0 where nothing matches or `allowed` is False."""
        known = [term for term in terms(query) if self.document_frequency(term)]
        if not known:
            return np.zeros(self._size)
        found = np.asarray(self._retriever.get_scores(known), dtype=np.float64)
        return found if allowed is None else np.where(allowed, found, 0.0)

    def _inverse(self, having: int) -> float:
        return math.log(1 + (self._size - having + 0.5) / (having + 0.5))

    def _scored(self, rows: Ragged) -> dict[str, Any]:
        """What bm25s keeps: each term's share in the score of each text, a column a term."""
        terms_of, counts = rows.values[:, 0], rows.values[:, 1].astype(np.float32)
        lengths = np.bincount(np.repeat(np.arange(self._size), rows.lengths), counts, self._size)
        lengths = np.maximum(lengths, 1)  # bm25s is given an empty word for an empty text
        average = lengths.mean() if self._size else 1.0
        shares = np.repeat(K1 * ((1 - B) + B * lengths / average), rows.lengths)
        shares += counts
        np.divide(counts, shares, out=shares)
        shares *= self._weights()[terms_of]
        shape = (self._size, len(self._vocabulary))
        table = csr_matrix((shares.astype(np.float32), terms_of, rows.firsts), shape).tocsc()
        return {
            "data": table.data,
            "indices": table.indices,
            "indptr": table.indptr,
            "num_docs": self._size,
        }

    def _weights(self) -> NDArray[np.float32]:
        """The inverse document frequency of each term."""
        known, where = np.unique(self._frequencies, return_inverse=True)
        return np.array([self._inverse(int(having)) for having in known], dtype=np.float32)[where]
