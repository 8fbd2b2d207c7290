"""The articles of a library, for those who list, show or remove them."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from index.articles import Article
from index.clean import mark_boilerplate
from index.corpus import Corpus
from index.errors import InputError
from index.library import Library
from index.overview import Row, overview
from index.plan import plan_sync
from qa.filters import Filters

SHORTEST_ID = 4  # characters of an id that are enough, where they fit one article


def path_within(folder: Path, name: str) -> str:
    """A name without the articles folder before it, as the path in a citation has it."""
    path = Path(name)
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else name


def find_article(corpus: Corpus, name: str) -> Article:
    """The one article that is meant. Raises InputError where none is, or several are."""
    by_path = [each for each in corpus.articles.values() if each.path == name]
    by_id = [
        article
        for key, article in corpus.articles.items()
        if len(name) >= SHORTEST_ID and key.startswith(name)
    ]
    found = by_path or by_id
    if not found:
        raise InputError(f"There is no article {name}. See: dateline articles list")
    if len(found) > 1:
        ids = ", ".join(sorted(each.id for each in found)[:5])
        raise InputError(f"{name} stands for {len(found):,} articles ({ids} …). Name one id.")
    return found[0]


def path_to_remove(corpus: Corpus, name: str, folder: Path) -> str:
    """The file to remove; of a file with several articles only the whole can go."""
    if any(each.path == name for each in corpus.articles.values()) or name in corpus.manifest.files:
        return name
    article = find_article(corpus, name)
    if article.record is not None:
        raise InputError(
            f"{name} is one of several articles in {folder / article.path}. Take it out there, or "
            f"remove the whole file: dateline articles remove {article.path}"
        )
    return article.path


def list_rows(library: Library) -> tuple[Row, ...]:
    """What there is, and how it stands to the folder as it is now."""
    corpus = library.corpus()
    return overview(corpus, plan_sync(library.settings.articles, corpus.manifest))


def chosen(rows: tuple[Row, ...], corpus: Corpus, filters: Filters) -> tuple[Row, ...]:
    """Those that the filters let through; without filters, files without an article as well."""
    if filters == Filters():
        return rows
    allowed = np.flatnonzero(filters.allowed(corpus))
    passing = {corpus.passages[position].article_id for position in allowed}
    return tuple(row for row in rows if row.id in passing)


def plain(row: Row) -> dict[str, Any]:
    """The row as JSON has it."""
    return {**asdict(row), "published": row.published.isoformat() if row.published else None}


def details(corpus: Corpus, article: Article, row: Row) -> dict[str, Any]:
    """All that is known of an article, as JSON has it; spans are [start, end) of `text`."""
    boilerplate = mark_boilerplate(
        article.text, article.body_start, author=article.author, outlet=article.outlet
    )
    dates = [
        {**asdict(each), "first": each.first.isoformat(), "last": each.last.isoformat()}
        for each in article.dates
    ]
    return {
        **plain(row),
        "sha256": article.sha256,
        "text": article.text,
        "body_start": article.body_start,
        "boilerplate": [asdict(span) for span in boilerplate],
        "dates": dates,
        "passage_spans": [[each.start, each.end] for each in corpus.of_article[article.id]],
    }
