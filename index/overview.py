"""What there is: a row for each article and each file that gave none, with how it stands."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from index.articles import Article
from index.corpus import Corpus
from index.plan import Plan

Status = Literal["indexed", "changed", "deleted", "not indexed", "passed over"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An article, or a file without one. `reprints` counts others with nearly the same text.

    `changed` and `deleted` are files that answer as they were until the next sync. What a file
    without an article doesn't have is None.
    """

    path: str
    status: Status
    id: str | None = None
    record: str | None = None
    title: str | None = None
    outlet: str | None = None
    author: str | None = None
    published: date | None = None
    language: str | None = None
    url: str | None = None
    passages: int = 0
    reprints: int = 0
    reason: str | None = None


def overview(corpus: Corpus, plan: Plan) -> tuple[Row, ...]:
    """All rows by path; `plan` is what a sync would do now."""
    return tuple(sorted(_rows(corpus, plan), key=lambda row: (row.path, row.record or "")))


def _rows(corpus: Corpus, plan: Plan) -> Iterator[Row]:
    indexed = {article.path for article in corpus.articles.values()}
    read, drop = {file.path for file in plan.read}, set(plan.drop)
    clusters = corpus.article_clusters
    sizes = Counter(clusters.values())
    for key, article in corpus.articles.items():
        yield _row(
            article,
            status=_status(article.path, read, drop),
            passages=len(corpus.of_article[key]),
            reprints=sizes[clusters[key]] - 1,
        )
    for bad in (*corpus.manifest.bad_files, *plan.unreadable):
        if bad.path not in read | drop:
            yield Row(path=bad.path, record=bad.record, status="passed over", reason=bad.reason)
    for path in sorted(read - indexed):
        yield Row(path=path, status="not indexed")


def _row(article: Article, *, status: Status, passages: int, reprints: int) -> Row:
    return Row(
        path=article.path,
        status=status,
        id=article.id,
        record=article.record,
        title=article.title,
        outlet=article.outlet,
        author=article.author,
        published=article.published,
        language=article.language,
        url=article.url,
        passages=passages,
        reprints=reprints,
    )


def _status(path: str, read: set[str], drop: set[str]) -> Status:
    if path in drop:
        return "deleted"
    return "changed" if path in read else "indexed"
