"""Looks over an index: ledger, vectors and folder against each other. Changes nothing."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from index.embedding import Embedder
from index.errors import DatelineError
from index.files import BadFile, hash_file
from index.ledger import IndexedArticle, Manifest
from index.library import Library
from index.plan import Plan, plan_sync
from index.store import Store

SYNC = "Run: dateline index"
ANEW = "Run: dateline index --anew"
SAMPLE, SEED = 20, 7
MADE_ANEW = 4  # vectors of the sample that are embedded once more
SAME_VECTOR = 0.999  # a cosine; the same text and model
NAMED = 3  # examples in a sentence


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, and a sentence about it."""

    what: str
    is_well: bool
    sentence: str

    @property
    def line(self) -> str:
        """The finding in one line."""
        return f"{'well ' if self.is_well else 'WRONG'}  {self.what}: {self.sentence}"


def examine_index(library: Library) -> Iterator[Finding]:
    """What is to be said of a library's own index. Raises StoreError where it can't be read."""
    loaded = library.store.load()
    if loaded is None:
        yield Finding("index", False, f"Nothing is indexed with these settings. {SYNC}")
    else:
        manifest, articles = loaded
        yield from examine_folder(library.settings.articles, manifest)
        yield from examine_ledger(manifest, articles)
        yield from examine_vectors(library.store, articles, library.embedder)
        yield from (Finding(_name(bad), False, bad.reason) for bad in manifest.bad_files)
    yield from _others(library.store)


def examine_folder(folder: Path, manifest: Manifest) -> Iterator[Finding]:
    """The folder against the manifest: every file's content, whatever its date says."""
    plan = plan_sync(folder, manifest)
    changed = len(plan.read) + len(plan.drop)
    if not manifest.is_complete:
        yield Finding("index", False, f"The last sync didn't come to its end. {SYNC}")
    elif changed:
        counted = "1 file has changed" if changed == 1 else f"{changed:,} files have changed"
        yield Finding("index", False, f"{counted} since the last sync. {SYNC}")
    else:
        counts = f"{len(manifest.articles):,} articles, {manifest.passages:,} passages"
        yield Finding("index", True, f"In line with {folder} ({counts}).")
    silent = _silently_changed(folder, manifest, plan)
    if silent:
        told = f"{_some(silent)} changed, with the size and date of before. {ANEW}"
        yield Finding("files", False, told)
    for bad in plan.unreadable:
        yield Finding(bad.path, False, bad.reason)


def examine_ledger(manifest: Manifest, articles: Sequence[IndexedArticle]) -> Iterator[Finding]:
    """Whether counts agree, ids are single, and passages are what their articles say."""
    wrong = []
    ids = Counter(passage.id for each in articles for passage in each.passages)
    twice = [key for key, count in ids.items() if count > 1]
    if twice:
        wrong.append(f"ids that stand twice ({_some(twice)})")
    counted = {each.article.id: len(each.passages) for each in articles}
    if counted != {key: entry.passages for key, entry in manifest.articles.items()}:
        wrong.append("other counts of passages than the articles have")
    torn = [
        passage.id
        for each in articles
        for passage in each.passages
        if each.article.text[passage.start : passage.end] != passage.text
    ]
    if torn:
        wrong.append(f"passages that their articles don't have ({_some(torn)})")
    if wrong:
        yield Finding("ledger", False, f"It has {'; '.join(wrong)}. {ANEW}")
    else:
        yield Finding("ledger", True, f"{len(ids):,} passages, each where its article has it.")


def examine_vectors(
    store: Store, articles: Sequence[IndexedArticle], embedder: Embedder
) -> Iterator[Finding]:
    """Whether each passage has its vector, no other is there, and a sample finds itself."""
    texts = {p.id: p.indexed_text for each in articles for p in each.passages}
    there = set(store.vectors.ids())
    missing = sorted(texts.keys() - there)
    left_over = set(store.ledger.left_over())
    orphans = sorted(there - texts.keys() - left_over)
    if missing:
        yield Finding("vectors", False, f"{_some(missing)} missing. {ANEW}")
    elif orphans:
        yield Finding("vectors", False, f"{len(orphans):,} belong to no article. {ANEW}")
    else:
        # What an interrupted sync left is known, never answers, and goes with the next sync.
        yield Finding("vectors", True, f"{len(texts):,}, one a passage.")
    both = sorted(there & texts.keys())
    sample = random.Random(SEED).sample(both, min(SAMPLE, len(both)))
    if sample:
        yield _sampled(store, {key: texts[key] for key in sample}, embedder)


def _sampled(store: Store, sample: dict[str, str], embedder: Embedder) -> Finding:
    stored = store.vectors.fetch(list(sample))
    lost = []
    for key, vector in stored.items():
        nearest = store.vectors.nearest(vector, 1)
        # Another passage of the same words may stand first.
        if not nearest or nearest[0][1] < SAME_VECTOR:
            lost.append(key)
    if lost:
        return Finding("search", False, f"{_some(lost)} not found by their own vectors. {ANEW}")
    keys = list(sample)[:MADE_ANEW]
    anew = embedder.embed([sample[key] for key in keys])
    if any(
        np.dot(stored[key], vector) < SAME_VECTOR for key, vector in zip(keys, anew, strict=True)
    ):
        told = f"The embedding model makes other vectors now than those stored. {ANEW}"
        return Finding("search", False, told)
    return Finding("search", True, f"{len(sample)} vectors, picked at random, find themselves.")


def _silently_changed(folder: Path, manifest: Manifest, plan: Plan) -> list[str]:
    """Files whose content is another although size and date are those of before."""
    known = {file.path for file in plan.read} | set(plan.drop)
    found = []
    for path, entry in manifest.files.items():
        if entry.sha256 is not None and path not in known:
            try:
                if hash_file(folder, path) != entry.sha256:
                    found.append(path)
            except OSError:
                continue  # its folder's own finding says so
    return found


def _others(store: Store) -> Iterator[Finding]:
    try:
        others = store.others()
    except DatelineError as error:
        yield Finding("other indexes", False, str(error))
        return
    if others:
        counted = "1 index" if len(others) == 1 else f"{len(others)} indexes"
        size = sum(other.bytes or 0 for other in others) / 1e6
        told = f"{counted} of other settings, {size:,.0f} MB. Remove with: dateline index --prune"
        yield Finding("other indexes", True, told)


def _name(bad: BadFile) -> str:
    return bad.path if bad.record is None else f"{bad.path}, {bad.record}"


def _some(names: Sequence[str]) -> str:
    """The first few, and how many more."""
    shown = ", ".join(names[:NAMED])
    return shown if len(names) <= NAMED else f"{shown} and {len(names) - NAMED:,} more"
