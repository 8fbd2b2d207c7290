"""What a commit on a server writes and removes: pure, from the state before and the change."""

from collections.abc import Mapping
from dataclasses import dataclass

from index.ledger import Change, FileEntry
from index.server_rows import (
    Kept,
    State,
    article_entry,
    article_subject,
    file_entry,
    file_subject,
    gone_entry,
    keep,
    keys_row,
    row_id,
    text_ids,
)
from index.tables import Row


@dataclass(frozen=True, slots=True)
class Draft:
    """A commit in the making: rows to write, the state that they make, and what they replace."""

    entries: Mapping[str, Row]
    texts: Mapping[str, Row]
    keys: Mapping[str, Row]
    gone: tuple[str, ...]  # those of the entries that only say that something is gone
    articles: Mapping[str, Kept]
    files: Mapping[str, tuple[int, FileEntry]]
    passages: frozenset[str]  # ids of all that is put
    replaced: tuple[str, ...]  # articles that were there and are put or dropped
    replaced_files: tuple[str, ...]


def draft(before: State, change: Change, sequence: int) -> Draft:
    """The rows that make the change under this sequence."""
    texts: dict[str, Row] = {}
    articles = {key: kept for key, kept in before.articles.items() if key not in set(change.drop)}
    for indexed in change.put:
        kept, rows = keep(indexed, sequence)
        articles[indexed.article.id] = kept
        texts |= rows
    entered = {entry.path: (sequence, entry) for entry in change.files}
    removed = set(change.drop_files) - entered.keys()
    kept_files = {path: entry for path, entry in before.files.items() if path not in removed}
    put = [indexed.article.id for indexed in change.put]
    gone = _gone(before, articles, removed, sequence)
    return Draft(
        entries=_entries(put, articles, entered) | gone,
        texts=texts,
        keys={row_id(each.article.id, sequence): keys_row(each.passages) for each in change.put},
        gone=tuple(gone),
        articles=articles,
        files=kept_files | entered,
        passages=frozenset(passage.id for each in change.put for passage in each.passages),
        replaced=tuple(key for key in {*put, *change.drop} if key in before.articles),
        replaced_files=tuple(path for path in {*entered, *removed} if path in before.files),
    )


def replaced_entries(before: State, drafted: Draft) -> list[str]:
    """Ids of the entries whose place others have taken."""
    articles = [
        row_id(article_subject(key), before.articles[key].sequence) for key in drafted.replaced
    ]
    files = [row_id(file_subject(path), before.files[path][0]) for path in drafted.replaced_files]
    return articles + files


def replaced_texts(before: State, drafted: Draft) -> list[str]:
    """Ids of the texts whose place others have taken."""
    return [each for key in drafted.replaced for each in text_ids(key, before.articles[key])]


def replaced_keys(before: State, drafted: Draft) -> list[str]:
    """Ids of the keys whose place others have taken."""
    return [row_id(key, before.articles[key].sequence) for key in drafted.replaced]


def _entries(
    put: list[str], articles: Mapping[str, Kept], files: Mapping[str, tuple[int, FileEntry]]
) -> dict[str, Row]:
    rows: dict[str, Row] = {}
    for key in put:
        rows |= article_entry(key, articles[key])
    for sequence, entry in files.values():
        rows |= file_entry(entry, sequence)
    return rows


def _gone(
    before: State, articles: Mapping[str, Kept], files: set[str], sequence: int
) -> dict[str, Row]:
    rows: dict[str, Row] = {}
    for key in before.articles.keys() - articles.keys():
        rows |= gone_entry(article_subject(key), sequence)
    for path in files & before.files.keys():
        rows |= gone_entry(file_subject(path), sequence)
    return rows
