"""Articles as plain text for a terminal: a table of them, or one with what is left out of it."""

from collections.abc import Iterator, Sequence
from itertools import chain

from index.articles import Article
from index.clean import mark_boilerplate
from index.corpus import Corpus
from index.overview import Row
from qa.show import counted, one_line, shorten, show_path, table

TITLE_CHARACTERS = 60
UNKNOWN = "-"


def show_rows(rows: Sequence[Row]) -> Iterator[str]:
    """A table of the articles, and how many there are."""
    articles = [row for row in rows if row.id is not None]
    head = ("ID", "DATE", "OUTLET", "TITLE", "PASSAGES", "STATUS", "PATH")
    if articles:
        yield from table([head, *(_cells(row) for row in articles)])
    others = [row for row in rows if row.id is None]
    if others:
        yield ""
        yield "Without an article:"
        yield from table([(f"  {_place(row)}", _told(row)) for row in others])
    passages = sum(row.passages for row in articles)
    yield f"{counted(len(articles), 'article')}, {counted(passages, 'passage')}."


def show_row(row: Row) -> Iterator[str]:
    """What is known of an article, a line each."""
    facts = [
        ("Title", row.title),
        ("Outlet", row.outlet),
        ("Author", row.author),
        ("Date", row.published),
        ("Address", row.url),
        ("Language", row.language),
        ("File", _place(row)),
        ("ID", row.id),
        ("Status", row.status),
        ("Reprints", counted(row.reprints, "other article") if row.reprints else None),
    ]
    yield from table([(name, one_line(str(value))) for name, value in facts if value is not None])


def show_article(corpus: Corpus, article: Article, *, spans: bool) -> Iterator[str]:
    """The article's text; with `spans`, each passage and each part that is left out instead."""
    yield ""
    if not spans:
        yield from (one_line(line) for line in article.text[article.body_start :].splitlines())
        return
    boilerplate = mark_boilerplate(
        article.text, article.body_start, author=article.author, outlet=article.outlet
    )
    passages = ((each.start, each.end, "passage") for each in corpus.of_article[article.id])
    left_out = ((each.start, each.end, f"left out: {each.reason}") for each in boilerplate)
    for start, end, what in sorted(chain(passages, left_out)):
        yield f"{start:,} to {end:,}, {what}"
        yield f"    {one_line(article.text[start:end])}"


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.id or "",
        str(row.published or UNKNOWN),
        one_line(row.outlet or UNKNOWN),
        shorten(row.title or UNKNOWN, TITLE_CHARACTERS),
        f"{row.passages:,}",
        _state(row),
        _place(row),
    )


def _state(row: Row) -> str:
    if row.reprints:
        return f"{row.status}, also in {counted(row.reprints, 'other')}"
    return row.status


def _told(row: Row) -> str:
    return row.status if row.reason is None else f"{row.status}. {one_line(row.reason)}"


def _place(row: Row) -> str:
    path = show_path(row.path)
    return path if row.record is None else f"{path}, {one_line(row.record)}"
