"""Brings a store in line with its folder of articles: what is new, changed, renamed or gone."""

import logging
from collections.abc import Sequence
from pathlib import Path

from index.batch import Batch
from index.embedding import Embedder
from index.errors import ArticlesError, StoreError
from index.files import BadFile
from index.formats import SUFFIXES
from index.intake import Intake
from index.ledger import Manifest, Recipe
from index.passages import PASSAGE_FORMAT
from index.plan import plan_sync
from index.progress import Progress, Tally
from index.report import SyncReport, build_report
from index.sections import IndexSettings
from index.store import Store

MOST_REASONS = 20
log = logging.getLogger(__name__)


def build_recipe(settings: IndexSettings, embedder: Embedder) -> Recipe:
    """What shapes the index under these settings."""
    return Recipe(
        embedding_model=settings.embedding_model,
        embedding_fingerprint=embedder.fingerprint,
        passage_words=settings.passage_words,
        passage_format=PASSAGE_FORMAT,
    )


def sync(
    folder: Path,
    store: Store,
    embedder: Embedder,
    on_progress: Progress | None = None,
    *,
    anew: bool = False,
) -> SyncReport:
    """Bring the store in line with the folder. Hold `store.writing()` around it.

    `anew` reads and embeds everything once more and removes vectors that belong to no article.
    Raises ArticlesError where the folder is missing or nothing in it can be read as an article;
    then what answered before answers still.
    """
    before = store.read_manifest() or Manifest(store.recipe)
    is_whole = not before.articles or store.is_whole()
    if not is_whole:
        log.warning("Not all vectors of %s are there; reading all articles anew", store.place)
    plan = plan_sync(folder, before, anew=anew or not is_whole)
    tally = Tally(len(plan.read), on_progress)
    batch = Batch(store, embedder, before, tally.advance, reuses=not anew)
    Intake(folder, batch, tally).run(plan)
    if not batch.answers:
        raise _nothing_to_index(folder, batch.bad_files)
    after = batch.commit(is_complete=True)
    _put_in_order(store, anew=plan.anew)
    tally.finish()
    counts = {"embedded": batch.embedded, "reused": batch.reused}
    return build_report(before, after, unreadable=plan.unreadable, **counts)


def _put_in_order(store: Store, *, anew: bool) -> None:
    """Compact the vectors. All is committed by now: where that fails, the next sync does it.

    After a sync `anew`, vectors that no passage has are removed, and their graph is made once more.
    """
    try:
        if anew:
            _remove_orphans(store)
            store.vectors.rebuild()
        else:
            store.compact()
    except StoreError as error:
        log.warning("The vectors of %s couldn't be put in order: %s", store.place, error)


def _remove_orphans(store: Store) -> None:
    loaded = store.load()
    kept = {passage.id for each in loaded[1] for passage in each.passages} if loaded else set()
    store.vectors.delete([key for key in store.vectors.ids() if key not in kept])


def _nothing_to_index(folder: Path, bad: Sequence[BadFile]) -> ArticlesError:
    if not bad:
        return ArticlesError(
            f"There are no articles in {folder}. Put some there ({', '.join(SUFFIXES)}), or name "
            "another folder with --articles."
        )
    reasons = "".join(f"\n  {each.path}: {each.reason}" for each in bad[:MOST_REASONS])
    more = f"\n  and {len(bad) - MOST_REASONS:,} more" if len(bad) > MOST_REASONS else ""
    return ArticlesError(
        f"None of the files in {folder} could be read as an article:{reasons}{more}"
    )
