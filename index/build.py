"""Brings a store in line with its folder of articles: what is new, changed or gone."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from index.articles import Article, ArticleFile, BadFile, list_files, read_article
from index.embedding import Embedder
from index.errors import ArticlesError
from index.passages import PASSAGE_FORMAT, Passage, build_passages
from index.settings import IndexSettings
from index.store import BadEntry, FileEntry, Manifest, Recipe, Store, passages_missing

# An interrupted sync goes on from the last commit; more commits cost more, fewer lose more.
PASSAGES_A_COMMIT = 2000
log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]  # articles done, articles to do


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync did, by path relative to the articles folder."""

    new: tuple[str, ...]
    changed: tuple[str, ...]
    deleted: tuple[str, ...]
    unchanged: int
    bad: tuple[BadFile, ...]
    passages: int

    @property
    def did_something(self) -> bool:
        """Whether the store is other than it was."""
        return bool(self.new or self.changed or self.deleted)


@dataclass(frozen=True, slots=True)
class Plan:
    """What there is to do: files to read, paths to drop, and the files that stay as they are."""

    read: tuple[ArticleFile, ...]
    drop: tuple[str, ...]
    manifest: Manifest

    @property
    def is_empty(self) -> bool:
        """Whether folder and store agree."""
        return not self.read and not self.drop


def build_recipe(settings: IndexSettings, embedder: Embedder) -> Recipe:
    """What shapes the index under these settings."""
    return Recipe(
        embedding_model=settings.embedding_model,
        embedding_fingerprint=embedder.fingerprint,
        passage_words=settings.passage_words,
        passage_format=PASSAGE_FORMAT,
    )


def plan_sync(folder: Path, manifest: Manifest) -> Plan:
    """Compare the folder with the manifest by size and time of change; nothing is read yet."""
    files = {file.path: file for file in list_files(folder)}
    known = {
        **{path: (entry.size, entry.mtime_ns) for path, entry in manifest.files.items()},
        **{path: (entry.size, entry.mtime_ns) for path, entry in manifest.bad.items()},
    }
    read = tuple(
        file for path, file in files.items() if known.get(path) != (file.size, file.mtime_ns)
    )
    return Plan(read, tuple(path for path in known if path not in files), manifest)


def sync(
    folder: Path,
    store: Store,
    embedder: Embedder,
    settings: IndexSettings,
    on_progress: Progress | None = None,
) -> SyncReport:
    """Bring the store in line with the folder. Hold `store.writing()` around it.

    Raises ArticlesError where the folder is missing or nothing in it can be read as an article;
    then the store stays as it was.
    """
    manifest = store.read_manifest() or Manifest(store.recipe)
    if manifest.files and passages_missing(store, manifest):
        log.warning("Vectors are missing from %s; reading all articles anew", store.folder)
        manifest = replace(manifest, files={}, bad={})
    plan = plan_sync(folder, manifest)
    if plan.is_empty:
        _refuse_nothing(folder, manifest)
        return _report(plan, manifest)
    work = _Work(folder, store, embedder, settings)
    finished = work.run(plan, on_progress or (lambda done, total: None))
    return _report(plan, finished)


class _Work:
    """One sync under way: reads, embeds in batches, and commits as it goes."""

    def __init__(
        self, folder: Path, store: Store, embedder: Embedder, settings: IndexSettings
    ) -> None:
        self.folder, self.store, self.embedder, self.settings = folder, store, embedder, settings
        self.waiting: list[tuple[ArticleFile, Article, tuple[Passage, ...]]] = []

    def run(self, plan: Plan, on_progress: Progress) -> Manifest:
        manifest = _without(plan.manifest, plan.drop)
        for done, file in enumerate(plan.read):
            on_progress(done, len(plan.read))
            manifest = self._take(file, manifest)
            if sum(len(passages) for _, _, passages in self.waiting) >= PASSAGES_A_COMMIT:
                manifest = self.store.commit(self._flush(manifest))
        manifest = self._flush(manifest)
        _refuse_nothing(self.folder, manifest)
        manifest = self.store.commit(manifest)
        self.store.remove_leftovers(manifest)
        on_progress(len(plan.read), len(plan.read))
        return manifest

    def _take(self, file: ArticleFile, manifest: Manifest) -> Manifest:
        article = read_article(self.folder, file.path)
        if isinstance(article, BadFile):
            bad = BadEntry(file.size, file.mtime_ns, article.reason)
            return _with(_without(manifest, (file.path,)), bad={file.path: bad})
        known = manifest.files.get(file.path)
        if known and known.sha256 == article.sha256:  # touched, not changed
            touched = replace(known, size=file.size, mtime_ns=file.mtime_ns)
            return _with(manifest, files={file.path: touched})
        passages = build_passages(article, words=self.settings.passage_words)
        if not passages:
            bad = BadEntry(file.size, file.mtime_ns, "It has no text but boilerplate.")
            return _with(_without(manifest, (file.path,)), bad={file.path: bad})
        self.waiting.append((file, article, passages))
        return manifest

    def _flush(self, manifest: Manifest) -> Manifest:
        """Embed and store what is waiting; returns the manifest that names it."""
        texts = [passage.indexed_text for _, _, passages in self.waiting for passage in passages]
        vectors = self.embedder.embed(texts)
        entries: dict[str, FileEntry] = {}
        first = 0
        for file, article, passages in self.waiting:
            record = self.store.put(article, passages, vectors[first : first + len(passages)])
            first += len(passages)
            entries[file.path] = FileEntry(
                article_id=article.id,
                sha256=article.sha256,
                size=file.size,
                mtime_ns=file.mtime_ns,
                record=record,
                passages=tuple(passage.id for passage in passages),
            )
        self.waiting.clear()
        return _with(_without(manifest, tuple(entries)), files=entries)


def _with(
    manifest: Manifest,
    *,
    files: dict[str, FileEntry] | None = None,
    bad: dict[str, BadEntry] | None = None,
) -> Manifest:
    return replace(
        manifest, files={**manifest.files, **(files or {})}, bad={**manifest.bad, **(bad or {})}
    )


def _without(manifest: Manifest, paths: tuple[str, ...]) -> Manifest:
    gone = set(paths)
    return replace(
        manifest,
        files={path: entry for path, entry in manifest.files.items() if path not in gone},
        bad={path: entry for path, entry in manifest.bad.items() if path not in gone},
    )


def _refuse_nothing(folder: Path, manifest: Manifest) -> None:
    if manifest.files:
        return
    if not manifest.bad:
        raise ArticlesError(
            f"There are no .txt or .md articles in {folder}. Put some there, or name another "
            "folder with --articles."
        )
    reasons = "".join(f"\n  {bad.path}: {bad.reason}" for bad in manifest.bad_files)
    raise ArticlesError(f"None of the files in {folder} could be read as an article:{reasons}")


def _report(plan: Plan, finished: Manifest) -> SyncReport:
    before, after = plan.manifest.files, finished.files
    return SyncReport(
        new=tuple(sorted(path for path in after if path not in before)),
        changed=tuple(
            sorted(p for p in after if p in before and after[p].sha256 != before[p].sha256)
        ),
        deleted=tuple(sorted(path for path in before if path not in after)),
        unchanged=sum(p in before and after[p].sha256 == before[p].sha256 for p in after),
        bad=finished.bad_files,
        passages=sum(len(entry.passages) for entry in after.values()),
    )
