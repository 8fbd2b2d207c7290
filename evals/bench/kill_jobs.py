"""The processes that `evals.bench.kill` kills: each job of a line on stdin in a fork of its own.

For each line the process id goes to stdout, and after one more line how it ended: 0, or minus the
signal. Until then nobody has waited for the process, so that its id can't be another's.
"""

import importlib
import json
import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypedDict

from evals.bench.made_news import MadeEmbedder
from index import batch
from index.articles import Article
from index.corpus import Corpus
from index.errors import StoreError
from index.health import examine_index
from index.library import Library
from index.passages import build_passages
from index.settings import Settings

MARKS = "phase"
# Small, so that a sync has many commits to be killed between.
PASSAGES_A_COMMIT, PASSAGES_AT_ONCE = 40, 10
PASSAGE_WORDS = 30
PHASES = {
    "embed": "embedding",
    "intend": "noting ids",
    "upsert": "writing vectors",
    "commit": "committing",
    "delete": "removing vectors",
    "forget": "forgetting ids",
    "rebuild": "compacting",
    "settle": "compacting",
}


class Answers(TypedDict):
    """What a reader finds: texts by name, and what is wrong."""

    texts: dict[str, str]
    problems: list[str]


def name_of(article: Article) -> str:
    """What tells an article from all others, and stays when its text changes."""
    return article.path if article.record is None else f"{article.path}#{article.record}"


def sync(place: Path) -> None:
    """Sync, and keep telling in a file what is being done."""
    library: Any = _open(place)
    marks = os.open(place / MARKS, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    library.embedder = _Marked(library.embedder, marks)
    library.store.ledger = _Marked(library.store.ledger, marks)
    library.store.vectors = _Marked(library.store.vectors, marks)
    _mark(marks, "reading")
    library.sync()


def read(place: Path) -> None:
    """Write what answers, and what is wrong with it, as JSON beside the store."""
    library = _open(place)
    problems = [
        finding.line
        for finding in examine_index(library)
        # A sync that was killed is at work still, as far as the folder is concerned.
        if not finding.is_well and finding.what != "index"
    ]
    texts: dict[str, str] = {}
    try:
        corpus = library.corpus()
    except StoreError as error:
        problems.append(str(error))
    else:
        texts = {name_of(article): article.text for article in corpus.articles.values()}
        problems += _unsound(corpus)
    answers = Answers(texts=texts, problems=problems)
    (place / "answers.json").write_text(json.dumps(answers), encoding="utf-8")


def main() -> None:
    """Do each job in a fork."""
    batch.PASSAGES_A_COMMIT, batch.PASSAGES_AT_ONCE = PASSAGES_A_COMMIT, PASSAGES_AT_ONCE
    while line := sys.stdin.readline():
        process = os.fork()
        if process == 0:
            _work(json.loads(line))
        sys.stdout.write(f"{process}\n")
        sys.stdout.flush()
        sys.stdin.readline()
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])}\n")
        sys.stdout.flush()


def _work(order: dict[str, str]) -> None:
    try:
        {"sync": sync, "read": read}[order["job"]](Path(order["place"]))
    except BaseException:  # noqa: BLE001 - the fork must end here, whatever happens
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _open(place: Path) -> Library:
    settings = Settings(
        articles=place / "articles",
        store=str(place / "store"),
        index={"passage_words": PASSAGE_WORDS},
    )
    return Library(settings, MadeEmbedder())


def _unsound(corpus: Corpus) -> Iterator[str]:
    """Passages that aren't their article's, and those that their own vector doesn't find."""
    for article in corpus.articles.values():
        if corpus.of_article[article.id] != build_passages(article, words=PASSAGE_WORDS):
            yield f"{article.path} has other passages than its text"
    vectors = MadeEmbedder().embed([passage.indexed_text for passage in corpus.passages])
    for passage, vector in zip(corpus.passages, vectors, strict=True):
        found = corpus.store.vectors.nearest(vector, 1)
        if not found or found[0][1] < 1 - 1e-5:
            yield f"{passage.id} isn't found by its own vector"


class _Marked:
    """Does what another does, and marks what it is doing."""

    def __init__(self, inner: Any, marks: int) -> None:
        self._inner, self._marks = inner, marks

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in PHASES:
            return found

        def call(*args: Any) -> Any:
            _mark(self._marks, PHASES[name])
            try:
                return found(*args)
            finally:
                _mark(self._marks, "reading")

        return call


def _mark(marks: int, phase: str) -> None:
    os.pwrite(marks, f"{phase:20}".encode(), 0)


if __name__ == "__main__":
    importlib.import_module("chromadb")  # a second, which each fork would need otherwise
    main()
