"""What the ledger on a server writes into its tables, and what the rows mean to a reader.

Each row carries the number of the commit that wrote it, its sequence, and the head says which
sequences count. Of the rows on one subject, an article or a file, the last that counts is valid.
"""

import hashlib
import json
import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from index.ledger import ArticleEntry, FileEntry, IndexedArticle, Manifest, Recipe
from index.passages import Passage
from index.rows import (
    article_facts,
    article_from,
    decode,
    encode,
    file_from,
    pack_signatures,
    passage_from,
    passage_row,
    unpack_signatures,
)
from index.tables import Row, pack, unpack

STEP_BITS = 20  # a writer's term has room for a million commits
PART_CHARACTERS = 4_000_000  # of an article's text in one row
IDS_A_ROW = 5000
DAMAGE = (ValueError, KeyError, TypeError, AttributeError, IndexError, struct.error, zlib.error)
GONE, GONE_ID = "", "gone."  # the entry of a subject that was dropped, and how its id begins
HEAD = "head"
INTENDED, LEFT = "intended", "left"  # ids of vectors: about to be written, and to be removed


@dataclass(frozen=True, slots=True)
class Head:
    """What the last commit left. `counting` has the spans of sequences, [first, last], that count.

    `term` is that of the writer who wrote this row; `changed_ns` is by the server's clock.
    """

    recipe: Recipe
    term: int
    sequence: int = 0
    generation: int | None = None  # None before the first commit
    is_complete: bool = False
    changed_ns: int = 0
    counting: tuple[tuple[int, int], ...] = ()

    def counts(self, sequence: int) -> bool:
        """Whether what was written under this sequence is to be read."""
        return any(first <= sequence <= last for first, last in self.counting)


def head_id(head: Head) -> str:
    """The id of a head's row: no two heads have one."""
    return f"{HEAD}.{head.term}.{head.sequence}"


def head_row(head: Head) -> Row:
    """A head as it is written."""
    return {"kind": HEAD, "head": json.dumps(asdict(head))}


def head_from(row: Row) -> Head:
    """The head that `head_row` made a row of. Raises one of `DAMAGE`."""
    raw = json.loads(str(row["head"]))
    counting = tuple((first, last) for first, last in raw["counting"])
    return Head(**{**raw, "recipe": Recipe(**raw["recipe"]), "counting": counting})


@dataclass(frozen=True, slots=True)
class Kept:
    """An article that counts, by which commit it was written, and in how many rows its text is."""

    sequence: int
    entry: ArticleEntry
    parts: int


@dataclass(frozen=True)
class State:
    """A finished state: what the head and the rows that count say."""

    head: Head
    articles: Mapping[str, Kept] = field(default_factory=dict)  # by id
    files: Mapping[str, tuple[int, FileEntry]] = field(default_factory=dict)  # by path

    def manifest(self) -> Manifest:
        """The state as the other stages know it."""
        by_path = sorted(self.articles.items(), key=_by_path)
        return Manifest(
            recipe=self.head.recipe,
            generation=self.head.generation or 0,
            is_complete=self.head.is_complete,
            files={path: self.files[path][1] for path in sorted(self.files)},
            articles={key: kept.entry for key, kept in by_path},
        )

    def entry_ids(self) -> set[str]:
        """Ids of the rows of its entries."""
        articles = {
            row_id(article_subject(key), kept.sequence) for key, kept in self.articles.items()
        }
        files = {row_id(file_subject(path), sequence) for path, (sequence, _) in self.files.items()}
        return articles | files

    def text_ids(self) -> set[str]:
        """Ids of the rows of its texts."""
        return {each for key, kept in self.articles.items() for each in text_ids(key, kept)}

    def keys_ids(self) -> set[str]:
        """Ids of the rows of its passages' keys."""
        return {row_id(key, kept.sequence) for key, kept in self.articles.items()}


def state_from(head: Head, rows: Iterable[Row]) -> State:
    """What the rows of the entries mean under this head. Raises one of `DAMAGE`."""
    latest: dict[str, tuple[int, str]] = {}
    for row in rows:
        subject, sequence = str(row["subject"]), int(row["sequence"])
        if head.counts(sequence) and sequence > latest.get(subject, (-1, ""))[0]:
            latest[subject] = sequence, str(row["entry"])
    articles: dict[str, Kept] = {}
    files: dict[str, tuple[int, FileEntry]] = {}
    for subject, (sequence, entry) in latest.items():
        if entry != GONE and subject.startswith("article."):
            key, path, version, passages, parts = json.loads(entry)
            articles[key] = Kept(sequence, ArticleEntry(path, version, passages), parts)
        elif entry != GONE:
            file = file_from(entry.encode())
            files[file.path] = sequence, file
    return State(head, articles, files)


def first_sequence(term: int) -> int:
    """Above all sequences of earlier terms."""
    return term << STEP_BITS


def row_id(subject: str, sequence: int) -> str:
    """The id of a commit's row on a subject."""
    return f"{subject}.{sequence}"


def article_subject(key: str) -> str:
    """What names an article's entries."""
    return f"article.{key}"


def file_subject(path: str) -> str:
    """What names a file's entries: its path may be long and hold anything."""
    return f"file.{hashlib.sha256(encode(path)).hexdigest()[:24]}"


def article_entry(key: str, kept: Kept) -> dict[str, Row]:
    """The row of an article's entry, by its id."""
    entry = (key, kept.entry.path, kept.entry.version, kept.entry.passages, kept.parts)
    return _entry(article_subject(key), kept.sequence, json.dumps(entry))


def file_entry(entry: FileEntry, sequence: int) -> dict[str, Row]:
    """The row of a file's entry, by its id."""
    return _entry(file_subject(entry.path), sequence, json.dumps(asdict(entry)))


def gone_entry(subject: str, sequence: int) -> dict[str, Row]:
    """The row that says that a subject was dropped, by its id."""
    return {f"{GONE_ID}{row_id(subject, sequence)}": _row(subject, sequence, GONE)}


def text_ids(key: str, kept: Kept) -> list[str]:
    """Ids of the rows that an article's text is in, in order."""
    return [f"{key}.{kept.sequence}.{part}" for part in range(kept.parts)]


def keep(indexed: IndexedArticle, sequence: int) -> tuple[Kept, dict[str, Row]]:
    """An article as a commit keeps it, and the rows of its text by their ids."""
    article = indexed.article
    packed = _pack_article(indexed)
    parts = [
        packed[first : first + PART_CHARACTERS] for first in range(0, len(packed), PART_CHARACTERS)
    ]
    entry = ArticleEntry(article.path, article.version, len(indexed.passages))
    kept = Kept(sequence, entry, len(parts))
    ids = text_ids(article.id, kept)
    return kept, {each: {"text": part} for each, part in zip(ids, parts, strict=True)}


def article_of(rows: Sequence[Row]) -> IndexedArticle:
    """The article whose text is in these rows, in order. Raises one of `DAMAGE`."""
    content = json.loads(unpack("".join(str(row["text"]) for row in rows)))
    article = article_from(encode(content["facts"]), content["text"])
    passages = tuple(
        passage_from((*plain, bytes.fromhex(sentences), encode(header)), article)
        for *plain, sentences, header in content["passages"]
    )
    return IndexedArticle(
        article, passages, unpack_signatures(bytes.fromhex(content["signatures"]))
    )


def keys_row(passages: Iterable[Passage]) -> Row:
    """The ids of an article's passages and their keys."""
    return {"keys": pack("\n".join(f"{passage.id} {passage.key}" for passage in passages))}


def keys_from(row: Row) -> dict[str, str]:
    """The key of each passage by its id. Raises one of `DAMAGE`."""
    pairs = (line.split(" ") for line in unpack(str(row["keys"])).splitlines())
    return {passage: key for passage, key in pairs}  # noqa: C416 - it checks that they are pairs


def ids_rows(kind: str, ids: Iterable[str], sequence: int, name: str) -> dict[str, Row]:
    """Rows that hold ids of vectors, by their own ids, which the name tells apart."""
    ordered = sorted(ids)
    return {
        f"{kind}.{sequence}.{name}.{first}": {
            "kind": kind,
            "sequence": sequence,
            **ids_value(ordered[first : first + IDS_A_ROW]),
        }
        for first in range(0, len(ordered), IDS_A_ROW)
    }


def ids_value(ids: Iterable[str]) -> Row:
    """The ids in a row that `ids_rows` makes."""
    return {"ids": pack("\n".join(ids))}


def ids_from(row: Row) -> list[str]:
    """The ids that a row holds. Raises one of `DAMAGE`."""
    return unpack(str(row["ids"])).splitlines()


def _by_path(article: tuple[str, Kept]) -> tuple[str, str]:
    key, kept = article
    return kept.entry.path, key


def is_leaving(row: Row, head: Head) -> bool:
    """Whether the ids in a row are of vectors to be removed.

    A commit takes up all that was intended before, and says anew what is left.
    """
    sequence = int(row.get("sequence", 0))
    if row["kind"] == INTENDED:
        return sequence > head.sequence
    return row["kind"] == LEFT and sequence == head.sequence


def _entry(subject: str, sequence: int, entry: str) -> dict[str, Row]:
    return {row_id(subject, sequence): _row(subject, sequence, entry)}


def _row(subject: str, sequence: int, entry: str) -> Row:
    return {"subject": subject, "sequence": sequence, "entry": entry}


def _pack_article(indexed: IndexedArticle) -> str:
    """An article with all that was read of it; its passages' texts are its own."""
    rows: list[tuple[Any, ...]] = [passage_row(passage) for passage in indexed.passages]
    content = {
        "facts": decode(article_facts(indexed.article)),
        "text": indexed.article.text,
        "passages": [(*row[:-2], row[-2].hex(), decode(row[-1])) for row in rows],
        "signatures": pack_signatures(indexed.signatures).hex(),
    }
    return pack(json.dumps(content))
