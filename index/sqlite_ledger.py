"""The ledger in a folder: one SQLite file, in which a commit is a transaction.

Each call opens the file anew, which takes a tenth of a millisecond: so it may be used from any
thread and after a fork, and a file that was replaced is never read from memory.
"""

import contextlib
import secrets
import sqlite3
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from index.errors import StoreError
from index.ledger import ArticleEntry, Change, FileEntry, IndexedArticle, Manifest, Recipe
from index.rows import (
    article_facts,
    article_from,
    decode,
    encode,
    file_facts,
    file_from,
    pack_signatures,
    passage_from,
    passage_row,
    recipe_facts,
    recipe_from,
    unpack_signatures,
)
from index.store_errors import failure

LEDGER = "ledger.sqlite3"
# A reader holds a commit up while it loads, some seconds at 200,000 passages; a commit its readers.
BUSY_SECONDS = 60
VARIABLES_A_CALL = 500  # SQLite took at most 999 before 3.32
SCHEMA_VERSION = 1
# What tells a reader what there is stands apart from what is long.
SCHEMA = """
CREATE TABLE head (one INTEGER PRIMARY KEY, recipe BLOB, generation INTEGER, is_complete INTEGER);
CREATE TABLE file (path BLOB PRIMARY KEY, facts BLOB) WITHOUT ROWID;
CREATE TABLE article (number INTEGER PRIMARY KEY, id TEXT UNIQUE, path BLOB, version TEXT,
    passages INTEGER);
CREATE TABLE content (article INTEGER PRIMARY KEY, facts BLOB, signatures BLOB, text BLOB);
CREATE TABLE passage (article INTEGER, position INTEGER, id TEXT UNIQUE, key TEXT, start INTEGER,
    end INTEGER, sentences BLOB, header BLOB, PRIMARY KEY (article, position)) WITHOUT ROWID;
CREATE INDEX passage_by_key ON passage (key);
CREATE TABLE left_over (id TEXT PRIMARY KEY) WITHOUT ROWID;
"""
COUNTS = "EXISTS (SELECT 1 FROM passage WHERE passage.id = left_over.id)"
DAMAGE = (sqlite3.Error, struct.error, OSError, ValueError, KeyError, TypeError, AttributeError)


class SqliteLedger:
    """A `Ledger` in `folder`/ledger.sqlite3, with a rollback journal."""

    def __init__(self, folder: Path, recipe: Recipe) -> None:
        """`folder` is created on the first write; `recipe` is what a new ledger is of."""
        self._folder = folder
        self._recipe = recipe
        self._file = folder / LEDGER

    def generation(self) -> int | None:
        """The number of the last commit; None before the first. A new ledger has other numbers."""
        with self._reading() as connection:
            return None if connection is None else _generation(connection)

    def read_manifest(self) -> Manifest | None:
        """The last finished state; None before the first commit."""
        with self._reading() as connection:
            return None if connection is None else _manifest(connection)

    def load(self) -> tuple[Manifest, Iterator[IndexedArticle]] | None:
        """The last finished state with its articles, all read, by path and id."""
        with self._reading() as connection:
            manifest = None if connection is None else _manifest(connection)
            if connection is None or manifest is None:
                return None
            return manifest, iter(tuple(_articles(connection)))

    def keys(self, keys: Sequence[str]) -> Mapping[str, str]:
        """For each `Passage.key` that is known, the id of a passage whose vector is the same."""
        found: dict[str, str] = {}
        with self._reading() as connection:
            if connection is not None:
                for marks, chosen in _chunks(keys):
                    query = f"SELECT key, id FROM passage WHERE key IN ({marks})"
                    found.update(connection.execute(query, chosen))
        return found

    def intend(self, passages: Sequence[str]) -> None:
        """Note ids whose vectors are about to be written, in case no commit follows."""
        with self._writing() as connection:
            _leave_over(connection, passages)

    def commit(self, change: Change) -> Manifest:
        """Make the change in one transaction, and tell what is there now."""
        with self._writing() as connection:
            _drop(connection, [*change.drop, *(each.article.id for each in change.put)])
            for indexed in change.put:
                _put(connection, indexed)
            connection.execute(f"DELETE FROM left_over WHERE {COUNTS}")
            _change_files(connection, change)
            _count_commit(connection, is_complete=change.is_complete)
            manifest = _manifest(connection)
            assert manifest is not None
            return manifest

    def left_over(self) -> tuple[str, ...]:
        """Ids whose vectors are to be removed: intended and not committed, replaced or dropped."""
        query = f"SELECT id FROM left_over WHERE NOT {COUNTS} ORDER BY id"
        with self._reading() as connection:
            return () if connection is None else tuple(row[0] for row in connection.execute(query))

    def forget(self, passages: Sequence[str]) -> None:
        """Their vectors are gone."""
        with self._writing() as connection:
            connection.executemany("DELETE FROM left_over WHERE id = ?", ((i,) for i in passages))

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        """One state for all that is read; None where nothing was written yet."""
        with self._failing():
            if not self._file.exists():
                yield None
                return
            with _connected(self._file, "rw") as connection:
                connection.execute("BEGIN")
                yield connection if _is_made(connection) else None
                connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all that is done in it, or nothing."""
        with self._failing():
            self._folder.mkdir(parents=True, exist_ok=True)
            with _connected(self._file, "rwc") as connection:
                # EXTRA: a commit that was told is there after a power cut, since vectors are
                # removed on the strength of it.
                connection.execute("PRAGMA synchronous = EXTRA")
                connection.execute("BEGIN IMMEDIATE")
                if not _is_made(connection):
                    _make(connection, self._recipe)
                yield connection
                connection.execute("COMMIT")

    @contextlib.contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except StoreError:
            raise
        except DAMAGE as error:
            raise failure(self._folder, error) from error


def read_head(folder: Path) -> tuple[Recipe, bool] | None:
    """The recipe of the ledger in `folder` and whether it is complete; None without one.

    Raises sqlite3.Error, OSError, ValueError or TypeError where it is damaged.
    """
    if not (folder / LEDGER).exists():
        return None
    with _connected(folder / LEDGER, "rw") as connection:
        if not _is_made(connection):
            return None
        recipe, is_complete = connection.execute("SELECT recipe, is_complete FROM head").fetchone()
        return recipe_from(recipe), bool(is_complete)


@contextlib.contextmanager
def _connected(file: Path, mode: str) -> Iterator[sqlite3.Connection]:
    """A connection, closed in the end; what wasn't committed is undone then."""
    address = f"{file.absolute().as_uri()}?mode={mode}"
    connection = sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


def _is_made(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("PRAGMA user_version").fetchone()[0])


def _make(connection: sqlite3.Connection, recipe: Recipe) -> None:
    for statement in SCHEMA.split(";")[:-1]:
        connection.execute(statement)
    connection.execute("INSERT INTO head VALUES (1, ?, NULL, 0)", (recipe_facts(recipe),))
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _generation(connection: sqlite3.Connection) -> int | None:
    found: int | None = connection.execute("SELECT generation FROM head").fetchone()[0]
    return found


def _manifest(connection: sqlite3.Connection) -> Manifest | None:
    head = "SELECT recipe, generation, is_complete FROM head"
    recipe, generation, is_complete = connection.execute(head).fetchone()
    if generation is None:
        return None
    files = connection.execute("SELECT path, facts FROM file ORDER BY path")
    articles = connection.execute(
        "SELECT id, path, version, passages FROM article ORDER BY path, id"
    )
    return Manifest(
        recipe=recipe_from(recipe),
        generation=generation,
        is_complete=bool(is_complete),
        files={decode(path): file_from(facts) for path, facts in files},
        articles={
            key: ArticleEntry(decode(path), version, passages)
            for key, path, version, passages in articles
        },
    )


def _articles(connection: sqlite3.Connection) -> Iterator[IndexedArticle]:
    rows = connection.execute(
        "SELECT number, facts, text, signatures FROM article JOIN content ON article = number"
        " ORDER BY path, id"
    )
    for number, facts, text, signatures in rows:
        article = article_from(facts, decode(text))
        own = connection.execute(
            "SELECT id, position, start, end, sentences, header FROM passage WHERE article = ?"
            " ORDER BY position",
            (number,),
        )
        passages = tuple(passage_from(row, article) for row in own)
        yield IndexedArticle(article, passages, unpack_signatures(signatures))


def _drop(connection: sqlite3.Connection, articles: Sequence[str]) -> None:
    """Remove articles; the ids of their passages are left over."""
    for article in articles:
        found = connection.execute("SELECT number FROM article WHERE id = ?", (article,)).fetchone()
        if found is None:
            continue
        own = connection.execute("SELECT id FROM passage WHERE article = ?", found).fetchall()
        _leave_over(connection, (row[0] for row in own))
        for table, column in (
            ("passage", "article"),
            ("content", "article"),
            ("article", "number"),
        ):
            connection.execute(f"DELETE FROM {table} WHERE {column} = ?", found)


def _put(connection: sqlite3.Connection, indexed: IndexedArticle) -> None:
    article, passages = indexed.article, indexed.passages
    number = connection.execute(
        "INSERT INTO article (id, path, version, passages) VALUES (?, ?, ?, ?)",
        (article.id, encode(article.path), article.version, len(passages)),
    ).lastrowid
    connection.execute(
        "INSERT INTO content VALUES (?, ?, ?, ?)",
        (number, article_facts(article), pack_signatures(indexed.signatures), encode(article.text)),
    )
    connection.executemany(
        "INSERT INTO passage (article, key, id, position, start, end, sentences, header)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        ((number, passage.key, *passage_row(passage)) for passage in passages),
    )


def _change_files(connection: sqlite3.Connection, change: Change) -> None:
    _remove_files(connection, change.drop_files)
    rows: Iterable[FileEntry] = change.files
    connection.executemany(
        "INSERT OR REPLACE INTO file VALUES (?, ?)",
        ((encode(entry.path), file_facts(entry)) for entry in rows),
    )


def _remove_files(connection: sqlite3.Connection, paths: Sequence[str]) -> None:
    connection.executemany("DELETE FROM file WHERE path = ?", ((encode(path),) for path in paths))


def _count_commit(connection: sqlite3.Connection, *, is_complete: bool) -> None:
    """Raise the generation. A new ledger's first is drawn, so that it is never taken for an old
    one that lay in the same place."""
    connection.execute(
        "UPDATE head SET generation = ifnull(generation, ?) + 1, is_complete = max(is_complete, ?)",
        (secrets.randbelow(2**31), is_complete),
    )


def _leave_over(connection: sqlite3.Connection, passages: Iterable[str]) -> None:
    connection.executemany("INSERT OR IGNORE INTO left_over VALUES (?)", ((i,) for i in passages))


def _chunks(values: Sequence[str]) -> Iterator[tuple[str, Sequence[Any]]]:
    """The values, some at a time, with as many question marks."""
    for first in range(0, len(values), VARIABLES_A_CALL):
        chosen = values[first : first + VARIABLES_A_CALL]
        yield ",".join("?" * len(chosen)), chosen
