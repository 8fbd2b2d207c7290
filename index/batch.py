"""What a sync has read and not committed yet: its passages are embedded, each wording once.

An interrupted sync goes on from the last commit. More commits cost more, fewer lose more.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np

from index.embedding import Embedder, Vectors
from index.files import BadFile
from index.ledger import Change, FileEntry, IndexedArticle, Manifest
from index.passages import Passage
from index.store import Store

PASSAGES_A_COMMIT = 2000
SECONDS_A_COMMIT = 30.0
PASSAGES_AT_ONCE = 256  # progress is told after each


class Batch:
    """Articles on their way into the store, which must be held by `store.writing()`.

    `embedded` and `reused` count passages: those whose vector was made, and those whose was known.
    `on_embedded` is told how many articles have got their vectors.
    """

    def __init__(
        self,
        store: Store,
        embedder: Embedder,
        manifest: Manifest,
        on_embedded: Callable[[int], None],
        *,
        reuses: bool = True,
    ) -> None:
        """`manifest` is the store's last finished state; `reuses` takes vectors that it has."""
        self._reuses = reuses
        self.manifest = manifest
        self.embedded = self.reused = 0
        self._store, self._embedder, self._on_embedded = store, embedder, on_embedded
        self._ids = set(manifest.articles)  # of the articles that will answer
        self._start_anew()

    def _start_anew(self) -> None:
        self._waiting: dict[str, IndexedArticle] = {}
        self._unembedded: list[IndexedArticle] = []
        self._vectors: dict[str, Vectors] = {}  # by `Passage.key`
        self._drop: set[str] = set()
        self._files: dict[str, FileEntry] = {}
        self._drop_files: set[str] = set()
        self._begun = time.monotonic()

    @property
    def answers(self) -> bool:
        """Whether a commit would leave any article that answers."""
        return bool(self._ids)

    @property
    def bad_files(self) -> tuple[BadFile, ...]:
        """Files and records that were passed over, those of earlier syncs among them."""
        files = {**self.manifest.files, **self._files}
        kept = {path: entry for path, entry in files.items() if path not in self._drop_files}
        return replace(self.manifest, files=kept).bad_files

    def put(self, article: IndexedArticle) -> None:
        """Take an article in. Another one under the same id gives way to it."""
        key = article.article.id
        self.take_back((key,))
        self._waiting[key] = article
        self._ids.add(key)
        self._drop.discard(key)
        self._unembedded.append(article)
        if _passages(self._unembedded) >= PASSAGES_AT_ONCE:
            self._embed()

    def take_back(self, articles: Iterable[str]) -> None:
        """Forget articles that were put and aren't committed yet."""
        for key in articles:
            found = self._waiting.pop(key, None)
            if found is not None and key not in self.manifest.articles:
                self._ids.discard(key)

    def drop(self, articles: Iterable[str]) -> None:
        """Take articles out of the store."""
        gone = set(articles)
        self.take_back(gone)
        self._drop |= gone & self.manifest.articles.keys()
        self._ids -= gone

    def note(self, entry: FileEntry) -> None:
        """Remember a file as it was read."""
        self._files[entry.path] = entry
        self._drop_files.discard(entry.path)

    def forget(self, path: str) -> None:
        """Forget a file: it is gone, or what is known of it isn't all that is in it."""
        self._files.pop(path, None)
        if path in self.manifest.files:
            self._drop_files.add(path)

    @property
    def is_due(self) -> bool:
        """Whether so much is waiting, or for so long, that it should be committed."""
        late = time.monotonic() - self._begun >= SECONDS_A_COMMIT
        much = _passages(self._waiting.values()) >= PASSAGES_A_COMMIT
        return self.answers and not self._is_empty and (much or late)

    def commit(self, *, is_complete: bool = False) -> Manifest:
        """Embed and store what is waiting; the state that answers from then on."""
        self._embed()
        if self._is_empty and self.manifest.is_complete >= is_complete:
            return self.manifest
        articles = tuple(self._waiting.values())
        if articles:
            self._store.put(articles, [self._of(article.passages) for article in articles])
        self.manifest = self._store.commit(
            Change(
                put=articles,
                drop=tuple(sorted(self._drop)),
                files=tuple(self._files.values()),
                drop_files=tuple(sorted(self._drop_files)),
                is_complete=is_complete,
            )
        )
        self._start_anew()
        return self.manifest

    @property
    def _is_empty(self) -> bool:
        return not (self._waiting or self._drop or self._files or self._drop_files)

    def _embed(self) -> None:
        """Find or make the vectors of what has none yet."""
        passages = [passage for article in self._unembedded for passage in article.passages]
        texts = {passage.key: passage.indexed_text for passage in passages}
        missing = [key for key in texts if key not in self._vectors]
        if missing and self._reuses:
            self._vectors.update(self._store.known_vectors(missing))
        new = [key for key in missing if key not in self._vectors]
        if new:
            vectors = self._embedder.embed([texts[key] for key in new])
            self._vectors.update(zip(new, vectors, strict=True))
        self.embedded += len(new)
        self.reused += len(passages) - len(new)
        self._on_embedded(len(self._unembedded))
        self._unembedded = []

    def _of(self, passages: Sequence[Passage]) -> Vectors:
        return np.stack([self._vectors[passage.key] for passage in passages])


def _passages(articles: Iterable[IndexedArticle]) -> int:
    return sum(len(article.passages) for article in articles)
