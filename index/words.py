"""Articles to their words: the terms of each passage, the words and short forms of each article.

All that is told of words when a corpus is opened comes from here. Reading 200,000 passages takes
half a minute, so what was read is kept beside the index, article by article, and only new and
changed articles are read again (words_cache.py).
"""

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from index.aliases import find_aliases
from index.articles import Article
from index.lexical import TermCounts, stem, tells, words_in
from index.passages import Passage
from index.ragged import Ragged

ARTICLES_AT_ONCE = 1000  # counted together: 20,000 passages take some 50 MB
Aliases = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ReadArticle:
    """An article with its passages; `version` changes with anything that is read here."""

    version: str
    article: Article
    passages: Sequence[Passage]


@dataclass(frozen=True, eq=False)
class WordTable:
    """The words of some articles, in their order.

    `forms` are the words of the texts as they are written, `stems` those of all words; both are
    numbered, and `stem_of` has the stem of each form. Of each article: how many `passages` it has,
    the forms that its text has (`written`), its `aliases`. Of each passage: `counts`, pairs of a
    stem and how often it is there, words that tell nothing left out.
    """

    versions: tuple[str, ...]
    forms: tuple[str, ...]
    stems: tuple[str, ...]
    stem_of: NDArray[np.int32]
    passages: NDArray[np.int64]
    written: Ragged
    counts: Ragged
    aliases: tuple[Aliases, ...]

    @cached_property
    def term_counts(self) -> TermCounts:
        """The terms of the passages, for BM25."""
        return TermCounts(_numbered(self.stems), self.counts)

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word of the articles, in lower case."""
        return frozenset(form.casefold() for form in self.forms)

    @cached_property
    def common_words(self) -> frozenset[str]:
        """Words that some article writes in lower case."""
        return frozenset(form for form in self.forms if form.islower())

    @cached_property
    def word_stems(self) -> frozenset[str]:
        """The stems of all words of the articles."""
        return frozenset(self.stems[number] for number in np.unique(self.stem_of))

    @cached_property
    def all_aliases(self) -> Mapping[str, str]:
        """Short forms and what they stand for, as the first article that has one spells it out."""
        found: dict[str, str] = {}
        for own in self.aliases:
            for short, long_form in own:
                found.setdefault(short, long_form)
        return found

    def take(self, rows: NDArray[np.int64]) -> "WordTable":
        """The table of these articles, in this order, without words that none of them has."""
        of_article = Ragged.of(self.passages, np.arange(len(self.counts)))
        chosen = replace(
            self,
            versions=tuple(self.versions[row] for row in rows),
            passages=self.passages[rows],
            written=self.written.take(rows),
            counts=self.counts.take(of_article.take(rows).values),
            aliases=tuple(self.aliases[row] for row in rows),
        )
        return chosen._compact()

    def _compact(self) -> "WordTable":
        has_form = np.zeros(len(self.forms), dtype=bool)
        has_form[self.written.values] = True
        has_stem = np.zeros(len(self.stems), dtype=bool)
        has_stem[self.stem_of[has_form]] = True
        has_stem[self.counts.values[:, 0]] = True
        form, stem_ = (_renumbered(each) for each in (has_form, has_stem))
        pairs = self.counts.values.copy()
        pairs[:, 0] = stem_[pairs[:, 0]]
        return replace(
            self,
            forms=tuple(self.forms[number] for number in np.flatnonzero(has_form)),
            stems=tuple(self.stems[number] for number in np.flatnonzero(has_stem)),
            stem_of=stem_[self.stem_of[has_form]],
            written=Ragged(self.written.firsts, form[self.written.values]),
            counts=Ragged(self.counts.firsts, pairs),
        )


NO_WORDS = WordTable(
    versions=(),
    forms=(),
    stems=(),
    stem_of=np.zeros(0, np.int32),
    passages=np.zeros(0, np.int64),
    written=Ragged.of([], np.zeros(0, np.int32)),
    counts=Ragged.of([], np.zeros((0, 2), np.int32)),
    aliases=(),
)


def read_words(articles: Sequence[ReadArticle], known: WordTable = NO_WORDS) -> WordTable:
    """The table `known` with these articles behind its own."""
    forms = _Forms(known)
    parts = [known]
    for first in range(0, len(articles), ARTICLES_AT_ONCE):
        parts.append(_read(articles[first : first + ARTICLES_AT_ONCE], forms))
    return WordTable(
        versions=tuple(version for each in parts for version in each.versions),
        forms=tuple(forms),
        stems=tuple(forms.stems),
        stem_of=np.array(forms.stem_of, dtype=np.int32),
        passages=np.concatenate([each.passages for each in parts]),
        written=Ragged.joined([each.written for each in parts]),
        counts=Ragged.joined([each.counts for each in parts]),
        aliases=tuple(own for each in parts for own in each.aliases),
    )


class _Forms(dict[str, int]):
    """The number of each word as it is written; a word is numbered when it is first asked for."""

    def __init__(self, known: WordTable) -> None:
        super().__init__(_numbered(known.forms))
        self.stems = _numbered(known.stems)
        self.stem_of = known.stem_of.tolist()
        self.telling = [tells(form) for form in known.forms]

    def __missing__(self, form: str) -> int:
        number = self[form] = len(self)
        self.stem_of.append(self.stems.setdefault(stem(form), len(self.stems)))
        self.telling.append(tells(form))
        return number


def _read(articles: Sequence[ReadArticle], forms: _Forms) -> WordTable:
    """A table of these articles alone, in the numbers of `forms`."""
    number = forms.__getitem__
    written: list[list[int]] = []
    tokens, lengths = array("i"), []
    for each in articles:
        written.append(sorted(set(map(number, words_in(each.article.text)))))
        for passage in each.passages:
            before = len(tokens)
            tokens.extend(map(number, words_in(passage.indexed_text)))
            lengths.append(len(tokens) - before)
    flat = np.array([form for own in written for form in own], dtype=np.int32)
    return replace(
        NO_WORDS,
        versions=tuple(each.version for each in articles),
        passages=np.array([len(each.passages) for each in articles], dtype=np.int64),
        written=Ragged.of([len(own) for own in written], flat),
        counts=_counted(Ragged.of(lengths, np.array(tokens, dtype=np.int32)), forms),
        aliases=tuple(_aliases(each.article) for each in articles),
    )


def _counted(tokens: Ragged, forms: _Forms) -> Ragged:
    """Rows of words to rows of (stem, how often), by number of the stem."""
    kept = np.array(forms.telling, dtype=bool)[tokens.values]
    rows = np.repeat(np.arange(len(tokens)), tokens.lengths)[kept]
    stems = np.array(forms.stem_of, dtype=np.int64)[tokens.values[kept]]
    size = max(1, len(forms.stems))
    keys, counts = np.unique(rows * size + stems, return_counts=True)
    lengths = np.bincount(keys // size, minlength=len(tokens))
    return Ragged.of(lengths, np.stack([keys % size, counts], axis=1).astype(np.int32))


def _aliases(article: Article) -> Aliases:
    return tuple(find_aliases(article.text[article.body_start :]).items())


def _numbered(words: Sequence[str]) -> dict[str, int]:
    return {word: number for number, word in enumerate(words)}


def _renumbered(kept: NDArray[np.bool_]) -> NDArray[np.int32]:
    """The new number of each that is kept."""
    return np.cumsum(kept, dtype=np.int32) - np.int32(1)
