"""Spans and articles of a corpus as the citations and references of an answer.

A title or outlet that tells a model what to answer is no headline and no name: it isn't shown.
"""

from pathlib import Path

from index.articles import Article
from index.corpus import Corpus
from qa.answer import ArticleReference, Citation
from qa.evidence import EvidenceSentence
from qa.inert import is_instruction_line


class Sources:
    """Makes citations; `folder` is the articles folder as the user gave it."""

    def __init__(self, corpus: Corpus, folder: Path) -> None:
        """Paths are given as seen from where the program runs."""
        self._corpus = corpus
        self._folder = folder

    def citation(self, span: EvidenceSentence, number: int | None) -> Citation:
        """The span as a citation, its quote taken from the article's own text."""
        article = self._corpus.articles[span.article_id]
        return Citation(
            number=number,
            article_id=article.id,
            article_path=self.path(article),
            title=shown_title(article),
            outlet=shown_outlet(article),
            published=_iso(article),
            quote=article.text[span.start : span.end],
            start=span.start,
            end=span.end,
        )

    def reference(self, article_id: str) -> ArticleReference:
        """The article as one that came close."""
        article = self._corpus.articles[article_id]
        return ArticleReference(
            article_id=article.id,
            article_path=self.path(article),
            title=shown_title(article),
            outlet=shown_outlet(article),
            published=_iso(article),
        )

    def path(self, article: Article) -> str:
        """Where the article lies."""
        return (self._folder / article.path).as_posix()


def shown_title(article: Article) -> str:
    """The title, or the file's path in its folder where the title is an instruction."""
    return article.path if is_instruction_line(article.title) else article.title


def shown_outlet(article: Article) -> str | None:
    """The outlet; None where it isn't known or is an instruction."""
    if article.outlet is None or is_instruction_line(article.outlet):
        return None
    return article.outlet


def _iso(article: Article) -> str | None:
    return article.published.isoformat() if article.published else None
