"""The ledger: which articles an index holds, with all that was read of them but their vectors.

What isn't in the ledger doesn't exist, whatever vectors are there. A commit changes articles one
by one and wholly: a reader sees the old one or the new one, never something of both.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Protocol

from index.articles import Article
from index.duplicates import Signatures
from index.files import BadFile
from index.passages import Passage

STORE_FORMAT = 2


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that shapes an index. Equal recipes make equal indexes of equal articles."""

    embedding_model: str
    embedding_fingerprint: str
    passage_words: int
    passage_format: int
    store_format: int = STORE_FORMAT

    @property
    def fingerprint(self) -> str:
        """Short hash that names the index."""
        content = {**asdict(self), "embedding_model": ""}  # the weights count, not their name
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file as it was when it was read, at `read_at_ns` by the machine's clock.

    `reason` says why nothing was taken from it; `flaws` are records that were passed over in a
    file whose others were taken. `sha256` is None where the file couldn't be read.
    """

    path: str
    size: int
    mtime_ns: int
    read_at_ns: int
    sha256: str | None
    reason: str | None = None
    flaws: tuple[BadFile, ...] = ()


@dataclass(frozen=True, slots=True)
class ArticleEntry:
    """An article that answers: the file it is from and the version of it that was indexed."""

    path: str
    version: str
    passages: int


@dataclass(frozen=True)
class Manifest:
    """The finished state of an index. `generation` grows with every commit.

    `is_complete` is False while the first sync under this recipe hasn't come to its end.
    `files` is by path, `articles` by id.
    """

    recipe: Recipe
    generation: int = 0
    is_complete: bool = False
    files: Mapping[str, FileEntry] = field(default_factory=dict)
    articles: Mapping[str, ArticleEntry] = field(default_factory=dict)

    @cached_property
    def fingerprint(self) -> str:
        """Changes with the recipe and with any article's content."""
        contents = sorted((key, entry.version) for key, entry in self.articles.items())
        both = json.dumps([self.recipe.fingerprint, contents])
        return hashlib.sha256(both.encode()).hexdigest()[:16]

    @cached_property
    def bad_files(self) -> tuple[BadFile, ...]:
        """Files and records that were passed over, in order of their paths."""
        found: list[BadFile] = []
        for path, entry in sorted(self.files.items()):
            if entry.reason is not None:
                found.append(BadFile(path, entry.reason))
            found.extend(entry.flaws)
        return tuple(found)

    @cached_property
    def passages(self) -> int:
        """How many passages the articles have."""
        return sum(entry.passages for entry in self.articles.values())


@dataclass(frozen=True, slots=True, eq=False)
class IndexedArticle:
    """An article with its passages, and the MinHash signatures of its text and of each of them.

    `signatures` is `duplicates.sign([text, *passages])`, shape (1 + passages, PERMUTATIONS).
    """

    article: Article
    passages: tuple[Passage, ...]
    signatures: Signatures


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one commit does. An article put under an id that is there takes its place.

    `is_complete` marks the end of a sync.
    """

    put: Sequence[IndexedArticle] = ()
    drop: Sequence[str] = ()  # article ids
    files: Sequence[FileEntry] = ()
    drop_files: Sequence[str] = ()  # paths; their articles are dropped by `drop`
    is_complete: bool = False


class Ledger(Protocol):
    """Safe to read from several threads and processes; written by the one that holds the lock.

    Every method raises StoreError where the ledger is damaged or can't be written.
    """

    def generation(self) -> int | None:
        """The number of the last commit, cheaply; None before the first."""

    def read_manifest(self) -> Manifest | None:
        """The last finished state; None before the first commit."""

    def load(self) -> tuple[Manifest, Iterator[IndexedArticle]] | None:
        """The last finished state with its articles, of one and the same commit, by path."""

    def keys(self, keys: Sequence[str]) -> Mapping[str, str]:
        """For each `Passage.key` that is known, the id of a passage whose vector is the same."""

    def intend(self, passages: Sequence[str]) -> None:
        """Note ids whose vectors are about to be written, in case no commit follows."""

    def commit(self, change: Change) -> Manifest:
        """Make the change in one step. Intended ids that it puts are theirs from then on.

        Ids of passages that no longer count are kept as left over until `forget` is told.
        """

    def left_over(self) -> tuple[str, ...]:
        """Ids whose vectors are to be removed: intended and not committed, replaced or dropped."""

    def forget(self, passages: Sequence[str]) -> None:
        """Their vectors are gone."""
