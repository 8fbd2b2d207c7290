"""Spans and articles of a corpus as the citations and references of an answer."""

from pathlib import Path

from index.articles import Article
from index.corpus import Corpus
from qa.answer import ArticleReference, Citation
from qa.evidence import EvidenceSentence


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
            title=article.title,
            outlet=article.outlet,
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
            title=article.title,
            outlet=article.outlet,
            published=_iso(article),
        )

    def path(self, article: Article) -> str:
        """Where the article lies."""
        return (self._folder / article.path).as_posix()


def _iso(article: Article) -> str | None:
    return article.published.isoformat() if article.published else None
