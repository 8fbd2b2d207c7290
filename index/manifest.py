"""What an index holds and how it was made, as plain values."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any

from index.articles import BadFile

STORE_FORMAT = 1


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
        """Short hash that names the index's folder."""
        content = {**asdict(self), "embedding_model": ""}  # the weights count, not their name
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class FileEntry:
    """An indexed file as it was when it was read."""

    article_id: str
    sha256: str
    size: int
    mtime_ns: int
    record: str
    passages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BadEntry:
    """A file that was passed over, as it was then."""

    size: int
    mtime_ns: int
    reason: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """Which files the index holds. `generation` grows with every commit."""

    recipe: Recipe
    generation: int = 0
    files: dict[str, FileEntry] = field(default_factory=dict)
    bad: dict[str, BadEntry] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """Changes with the recipe and with any article's content."""
        contents = sorted((path, entry.sha256) for path, entry in self.files.items())
        both = json.dumps([self.recipe.fingerprint, contents])
        return hashlib.sha256(both.encode()).hexdigest()[:16]

    @property
    def bad_files(self) -> tuple[BadFile, ...]:
        """The files that were passed over, in order of their paths."""
        return tuple(BadFile(path, self.bad[path].reason) for path in sorted(self.bad))


def manifest_from(raw: dict[str, Any]) -> Manifest:
    """The manifest that `asdict` made `raw` of. Raises KeyError, TypeError or AttributeError."""
    return Manifest(
        recipe=Recipe(**raw["recipe"]),
        generation=raw["generation"],
        files={
            path: FileEntry(**{**entry, "passages": tuple(entry["passages"])})
            for path, entry in raw["files"].items()
        },
        bad={path: BadEntry(**entry) for path, entry in raw["bad"].items()},
    )
