"""From files to a batch: reads what a plan names, and tells for each file what became of it."""

import logging
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from index.articles import Article, read_articles
from index.batch import Batch
from index.duplicates import sign
from index.files import ArticleFile, BadFile, hash_file, os_reason, status_of
from index.ledger import FileEntry, IndexedArticle
from index.passages import build_passages
from index.plan import Plan, is_too_big
from index.progress import Tally
from index.report import Versions, by_path

TRIES = 2  # at a file that changes while it is read
NO_PASSAGES = "It has no text but boilerplate."
NO_ARTICLES = "There are no articles in it."
CHANGING = "It changed while it was read. The next sync reads it again."
log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Found:
    """What reading a file once has given."""

    articles: set[str] = field(default_factory=set)  # ids
    put: list[str] = field(default_factory=list)  # of them, those that are new or changed
    text_bytes: int = 0
    flaws: list[BadFile] = field(default_factory=list)


class Intake:
    """Reads files into a batch, and has the batch committed whenever that is due."""

    def __init__(self, folder: Path, batch: Batch, tally: Tally) -> None:
        """`batch` goes where the articles are to be stored."""
        self._folder, self._batch, self._tally = folder, batch, tally
        self._words = batch.manifest.recipe.passage_words
        self._torn: set[str] = set()  # files of which a part has been committed

    def run(self, plan: Plan) -> None:
        """Do all of the plan but the last commit."""
        self._entries = {} if plan.anew else plan.manifest.files
        self._before, self._anew = by_path(plan.manifest), plan.anew
        for entry in plan.settled:
            self._batch.note(entry)
        # What may be a gone file under another name comes first: its vectors are still there.
        gone = [plan.manifest.files[path] for path in plan.drop if path in plan.manifest.files]
        sizes = {entry.size for entry in gone}
        for file in (file for file in plan.read if file.size in sizes):
            self._take(file)
        for path in plan.drop:
            self._lose(path)
        for file in (file for file in plan.read if file.size not in sizes):
            self._take(file)

    def _take(self, file: ArticleFile) -> None:
        """Read a file. One that can't be opened, or keeps changing, stays as it was."""
        put, reason = 0, None
        try:
            tried = self._try(file.path)
            put, reason = (0, CHANGING) if tried is None else (tried, None)
        except FileNotFoundError:
            self._lose(file.path)
        except OSError as error:
            reason = os_reason(error)
        if reason is not None:
            now = time.time_ns()
            self._batch.note(
                FileEntry(file.path, file.size, file.mtime_ns, now, None, reason=reason)
            )
        self._tally.end_file(put)
        if self._batch.is_due:
            self._batch.commit()

    def _lose(self, path: str) -> None:
        self._batch.drop(self._known(path))
        self._batch.forget(path)

    def _try(self, path: str) -> int | None:
        """How many articles were put; None where the file changed under every reading."""
        for _ in range(TRIES):
            read_at = time.time_ns()
            before = status_of(self._folder, path)
            sha256 = None if is_too_big(before) else hash_file(self._folder, path)
            entry = FileEntry(path, before.size, before.mtime_ns, read_at, sha256)
            if self._is_known(entry):
                return 0
            found = self._read(entry)
            if status_of(self._folder, path) == before:
                self._finish(entry, found)
                return len(found.put)
            self._batch.take_back(found.put)
        return None

    def _is_known(self, entry: FileEntry) -> bool:
        """Whether the file has the content that it had when it was last read: it was touched."""
        known = self._entries.get(entry.path)
        is_same = known is not None and known.sha256 == entry.sha256 is not None
        if known is None or not is_same or entry.path in self._torn:
            return False
        renewed = replace(
            known, size=entry.size, mtime_ns=entry.mtime_ns, read_at_ns=entry.read_at_ns
        )
        self._batch.note(renewed)
        return True

    def _read(self, entry: FileEntry) -> _Found:
        found, known = _Found(), self._known(entry.path)
        for article in read_articles(self._folder, entry.path, entry.sha256):
            if isinstance(article, BadFile):
                found.flaws.append(article)
                continue
            found.text_bytes += len(article.text)
            if known.get(article.id) == article.version and not self._anew:
                found.articles.add(article.id)
                continue
            self._put(article, found)
            self._tally.expect(len(found.put), found.text_bytes, entry.size)
            if self._batch.is_due:
                self._torn.add(entry.path)
                self._batch.forget(entry.path)
                self._batch.commit()
        return found

    def _put(self, article: Article, found: _Found) -> None:
        indexed = self._index(article)
        if isinstance(indexed, BadFile):
            found.flaws.append(indexed)
            return
        found.articles.add(article.id)
        found.put.append(article.id)
        self._batch.put(indexed)

    def _index(self, article: Article) -> IndexedArticle | BadFile:
        try:
            passages = build_passages(article, words=self._words)
            texts = [article.text[article.body_start :], *(passage.text for passage in passages)]
            signatures = sign(texts)
        except Exception as error:  # noqa: BLE001 - an edge: no article may end a sync
            log.debug("%s", article.path, exc_info=True)
            reason = f"It can't be cut into passages: {error or type(error).__name__}."
            return BadFile(article.path, reason, article.record)
        if not passages:
            return BadFile(article.path, NO_PASSAGES, article.record)
        return IndexedArticle(article, passages, signatures)

    def _finish(self, entry: FileEntry, found: _Found) -> None:
        """The file was read to its end: what of it wasn't there any more is dropped."""
        self._batch.drop(self._known(entry.path).keys() - found.articles)
        flaws, reason = list(found.flaws), None
        if not found.articles:
            whole = next((flaw for flaw in flaws if flaw.record is None), None)
            if whole is not None:
                flaws.remove(whole)
                reason = whole.reason
            elif not flaws:
                reason = NO_ARTICLES
        self._batch.note(replace(entry, reason=reason, flaws=tuple(flaws)))

    def _known(self, path: str) -> Versions:
        """The articles that the store has of a file."""
        if path not in self._torn:
            return self._before.get(path, {})
        articles = self._batch.manifest.articles
        return {key: entry.version for key, entry in articles.items() if entry.path == path}
