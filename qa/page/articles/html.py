"""The room "Articles" to HTML. Pure functions; every text from outside goes through `show`."""

from collections import Counter
from collections.abc import Iterable, Sequence

from index.adding import Added
from index.articles import Article
from index.clean import BoilerplateSpan
from index.overview import Row, Status
from index.report import SyncReport
from qa.page.articles.choice import COLUMNS, Choice, Column, choose, title_of
from qa.page.ask.render import line_html
from qa.page.ask.sources import byline, written_date
from qa.page.ask.steering import show, show_in_attribute

HEADINGS: dict[Column, str] = {
    "title": "Title", "outlet": "Outlet", "published": "Date", "passages": "Passages",
    "status": "Status",
}  # fmt: skip
STATUS_WORDS: dict[Status, str] = {
    "indexed": "can be asked",
    "changed": "changed since it was read",
    "deleted": "deleted since it was read",
    "not indexed": "not read yet",
    "passed over": "passed over",
}
BEHIND: tuple[tuple[Status, str], ...] = (
    ("not indexed", "new"), ("changed", "changed"), ("deleted", "deleted"),
)  # fmt: skip
UP_TO_DATE = "Everything in the folder has been read."
NOTHING_FOUND = "No article fits."
NOTHING_OPEN = "Choose an article to read it here."
FILE_HEAD = "the file's head"
LEFT_OUT = "Grey text is left out: no answer is made from it."
ALL_KEPT = "Nothing of this text is left out."


def notice_html(rows: Iterable[Row]) -> str:
    """How the folder stands to what was last read of it."""
    files = Counter(status for _, status in {(row.path, row.status) for row in rows})
    behind = [f"{files[status]:,} {word}" for status, word in BEHIND if files[status]]
    if not behind:
        return line_html(UP_TO_DATE)
    number = sum(files[status] for status, _ in BEHIND)
    words = "1 file isn't" if number == 1 else f"{number:,} files aren't"
    return line_html(f"{words} as last read: {', '.join(behind)}.", problem=True)


def progress_html(done: int, total: int) -> str:
    """How far reading the changes is."""
    words = f"Reading the changes: {done:,} of {total:,}" if total else "Reading the changes"
    bar = f'<progress max="{max(total, 1)}" value="{min(done, total)}" aria-label="Articles read">'
    return f"{line_html(words, busy=True)}{bar}</progress>"


def synced_words(report: SyncReport) -> str:
    """What reading the changes came to."""
    counts = (
        (len(report.new), "new"), (len(report.changed), "changed"),
        (len(report.deleted), "deleted"), (len(report.renamed), "renamed"),
    )  # fmt: skip
    done = [f"{number:,} {word}" for number, word in counts if number]
    bad = f" {len(report.bad):,} passed over; the list says why." if report.bad else ""
    return f"Done: {', '.join(done) if done else 'nothing had changed'}.{bad}"


def table_html(rows: Sequence[Row], choice: Choice) -> str:
    """The list. Where it is narrow a row is a block, so the roles are written out."""
    found = choose(rows, choice)
    caption = f"{len(found):,} of {len(rows):,}" if len(found) < len(rows) else f"{len(rows):,}"
    head = "".join(_heading(column, choice) for column in COLUMNS)
    body = "".join(_row(row) for row in found[: choice.shown])
    none = "" if found else f'<p class="dl-none">{NOTHING_FOUND}</p>'
    rest = len(found) - choice.shown
    more = f'<button type="button" class="dl-more">Show more ({rest:,} left)</button>'
    return (
        f'<p class="dl-count" id="dl-count" role="status">Articles and files: {caption}</p>'
        '<table class="dl-list" role="table" aria-labelledby="dl-count">'
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead>'
        f'<tbody role="rowgroup">{body}</tbody></table>{none}{more if rest > 0 else ""}'
    )


def added_words(name: str, added: Added) -> str:
    """What became of a file that was brought."""
    articles = "1 article" if added.articles == 1 else f"{added.articles:,} articles"
    if added.was_there:
        return f"{name} is among the articles already."
    other = f", under the name {added.path}" if added.path != name else ""
    return f"{name} was taken{other}: {articles}."


def said_html(lines: Sequence[str], *, problem: bool = False) -> str:
    """What was done, a line each; the last one may tell of a problem."""
    return "".join(
        line_html(line, problem=problem and number == len(lines))
        for number, line in enumerate(lines, start=1)
    )


def article_html(
    article: Article,
    row: Row | None,
    spans: Iterable[BoilerplateSpan],
    *,
    together: int = 1,
    removable: bool = False,
) -> str:
    """An article's text, whole and untouched, with what is left out set apart.

    `together` counts the articles of its file.
    """
    head = [BoilerplateSpan(0, article.body_start, FILE_HEAD)] if article.body_start else []
    left_out = [*head, *spans]
    note = LEFT_OUT if left_out else ALL_KEPT
    stands = f'<p class="dl-note">This file is {STATUS_WORDS[row.status]}.</p>' if (
        row is not None and row.status in {"changed", "deleted"}
    ) else ""  # fmt: skip
    published = article.published.isoformat() if article.published else None
    return (
        '<article class="dl-reader"><h2 tabindex="-1" dir="auto">'
        f"{show(article.title or article.path)}</h2>"
        f'<p class="dl-byline">{byline(article.outlet, published)}</p>'
        f'<p class="dl-note" dir="auto">{show(article.path)}</p>{stands}'
        f"{_removing(article, together) if removable else ''}"
        f'<p class="dl-note">{note}</p>'
        f'<div class="dl-whole" dir="auto">{_set_apart(article.text, left_out)}</div></article>'
    )


def nothing_open_html(words: str = NOTHING_OPEN) -> str:
    """Where no article is open."""
    return f'<p class="dl-none">{show(words)}</p>'


def _removing(article: Article, together: int) -> str:
    path = f"<bdi>{show(article.path)}</bdi>"
    what = path if together == 1 else f"{path} with all {together:,} articles in it"
    return (
        '<p><button type="button" class="dl-remove">Remove</button></p>'
        '<div class="dl-sure" role="group" aria-label="Remove this file" hidden>'
        f'<p dir="auto">Take {what} out of the folder? It is kept aside in its hidden folder'
        " .removed.</p>"
        f'<button type="button" data-path="{show_in_attribute(article.path)}">Remove it</button>'
        '<button type="button">Leave it</button></div>'
    )


def _heading(column: Column, choice: Choice) -> str:
    order = ("descending" if choice.is_falling else "ascending") if (
        column == choice.column
    ) else "none"  # fmt: skip
    return (
        f'<th role="columnheader" scope="col" aria-sort="{order}">'
        f'<button type="button" data-column="{column}">{HEADINGS[column]}</button></th>'
    )


def _row(row: Row) -> str:
    name = f'<span dir="auto">{show(title_of(row))}</span>'
    if row.id is not None:
        name = f'<button type="button" data-id="{show_in_attribute(row.id)}">{name}</button>'
    published = written_date(row.published.isoformat()) if row.published else None
    cells = (row.outlet or "", published or "")
    rest = "".join(f'<td role="cell" dir="auto">{show(words)}</td>' for words in cells)
    # Where it is narrow, the number stands without its column's heading.
    unit = " passage" if row.passages == 1 else " passages"
    number = f'{row.passages:,}<span class="dl-unit">{unit}</span>' if row.id else ""
    rest += f'<td role="cell">{number}</td>'
    status = STATUS_WORDS[row.status] + (f": {row.reason}" if row.reason else "")
    return (
        f'<tr role="row"><th role="rowheader" scope="row">{name}</th>{rest}'
        f'<td role="cell" dir="auto">{show(status)}</td></tr>'
    )


def _set_apart(text: str, spans: Iterable[BoilerplateSpan]) -> str:
    pieces, at = [], 0
    for span in sorted(spans, key=lambda each: each.start):
        start = max(span.start, at)
        if span.end <= start:
            continue
        pieces.append(show(text[at:start]))
        reason = show_in_attribute(f"Left out: {span.reason}")
        pieces.append(f'<span class="dl-left-out" title="{reason}">{show(text[start : span.end])}')
        pieces.append("</span>")
        at = span.end
    return "".join([*pieces, show(text[at:])])
