"""BM25 over passages, with a mask that no filter leaks through."""

import logging
import math
import re
import threading
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import bm25s
import numpy as np
import snowballstemmer
from numpy.typing import NDArray

from index.characters import fold_invisible

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
_STEMMER = snowballstemmer.stemmer("english")
_STEMMING = threading.Lock()  # it keeps the word it is at in itself


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """The word's stem, lower-cased; a possessive's ending goes first."""
    with _STEMMING:
        stemmed: str = _STEMMER.stemWord(word.casefold())
    return stemmed


def terms(text: str) -> list[str]:
    """The stems of the words that say what a text is about, in order, with repetitions."""
    found = WORD.findall(fold_invisible(text).replace("\u2019", "'"))
    words = (word.casefold() for word in found)
    return [stem(word) for word in words if word not in STOP_WORDS and word != "s"]


class LexicalIndex:
    """BM25 (Robertson & Zaragoza 2009; Lucene's variant, k1 = 1.2, b = 0.75)."""

    def __init__(self, texts: Sequence[str]) -> None:
        """Index the texts; position in `texts` is the id of each."""
        self._size = len(texts)
        documents = [terms(text) or [""] for text in texts]
        self._frequencies = Counter(term for document in documents for term in set(document))
        self._retriever = bm25s.BM25(method="lucene", k1=1.2, b=0.75)
        if documents:
            self._retriever.index(documents, show_progress=False)

    def document_frequency(self, term: str) -> int:
        """How many of the texts have this term."""
        return self._frequencies[term]

    def inverse_document_frequency(self, term: str) -> float:
        """How much a term tells, above 0: Lucene's log(1 + (N - n + 0.5) / (n + 0.5))."""
        having = self._frequencies[term]
        return math.log(1 + (self._size - having + 0.5) / (having + 0.5))

    def scores(self, query: str, allowed: NDArray[np.bool_] | None = None) -> NDArray[np.float64]:
        """BM25 of each text, shape (texts,); 0 where nothing matches or `allowed` is False."""
        known = [term for term in terms(query) if term in self._frequencies]
        if not known or not self._size:
            return np.zeros(self._size)
        found = np.asarray(self._retriever.get_scores(known), dtype=np.float64)
        return found if allowed is None else np.where(allowed, found, 0.0)
