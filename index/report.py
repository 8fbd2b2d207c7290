"""What a sync did, told from the manifests before and after it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from index.files import BadFile
from index.ledger import Manifest

Versions = dict[str, str]  # of a file's articles, by their ids


@dataclass(frozen=True, slots=True)
class Renamed:
    """A file that is gone, and a new one with the same content."""

    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncReport:
    """What a sync did, by path relative to the articles folder.

    `unchanged` counts files; `articles` and `passages` are those that answer now. `embedded` and
    `reused` count passages of this sync: those whose vector was made, and those whose was known.
    """

    new: tuple[str, ...]
    changed: tuple[str, ...]
    deleted: tuple[str, ...]
    unchanged: int
    bad: tuple[BadFile, ...]
    passages: int
    renamed: tuple[Renamed, ...] = ()
    articles: int = 0
    embedded: int = 0
    reused: int = 0

    @property
    def did_something(self) -> bool:
        """Whether the store is other than it was."""
        return bool(self.new or self.changed or self.deleted or self.renamed)


def build_report(
    before: Manifest,
    after: Manifest,
    *,
    unreadable: Iterable[BadFile] = (),
    embedded: int = 0,
    reused: int = 0,
) -> SyncReport:
    """What lies between two states; `unreadable` are folders that couldn't be looked into."""
    old, new = by_path(before), by_path(after)
    renamed = _renamed(before, after, gone=old.keys() - new.keys(), come=new.keys() - old.keys())
    moved = {path for pair in renamed for path in (pair.old, pair.new)}
    return SyncReport(
        new=tuple(sorted(new.keys() - old.keys() - moved)),
        changed=tuple(sorted(path for path in new if old.get(path, new[path]) != new[path])),
        deleted=tuple(sorted(old.keys() - new.keys() - moved)),
        unchanged=sum(old.get(path) == versions for path, versions in new.items()),
        bad=(*unreadable, *after.bad_files),
        passages=after.passages,
        renamed=renamed,
        articles=len(after.articles),
        embedded=embedded,
        reused=reused,
    )


def by_path(manifest: Manifest) -> Mapping[str, Versions]:
    """The articles of each file that has any."""
    found: dict[str, Versions] = defaultdict(dict)
    for key, entry in manifest.articles.items():
        found[entry.path][key] = entry.version
    return dict(found)


def _renamed(
    before: Manifest, after: Manifest, *, gone: Iterable[str], come: Iterable[str]
) -> tuple[Renamed, ...]:
    """Pairs of equal content, each path in one pair at most."""
    left: dict[str, list[str]] = defaultdict(list)
    for path in sorted(gone, reverse=True):
        entry = before.files.get(path)
        if entry is not None and entry.sha256 is not None and path not in after.files:
            left[entry.sha256].append(path)
    found = []
    for path in sorted(come):
        entry = after.files.get(path)
        same = left.get(entry.sha256) if entry is not None and entry.sha256 else None
        if same:
            found.append(Renamed(same.pop(), path))
    return tuple(found)
