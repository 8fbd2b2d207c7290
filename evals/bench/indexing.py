"""How fast passages are embedded and indexed, beside LlamaIndex with the same passages and model.

    python -m evals.bench.indexing --data FOLDER [--passages N]

LlamaIndex's is `IngestionPipeline` with `HuggingFaceEmbedding` and `ChromaVectorStore`, all at
their defaults. The passages are those of the paragraphs of squad2-sample.json and
ramdocs-half.jsonl in `--data`, made beforehand, in the order of the articles. Both take the same
ones in turns, and who begins changes, so that whatever else the machine does falls on both.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from evals.bench import write_result
from evals.distractors import RAMDOCS, SQUAD
from evals.program import end_with
from evals.report.console import aligned
from evals.sets import load_set
from index.articles import read_articles
from index.batch import Batch
from index.build import build_recipe
from index.catalogue import locate
from index.duplicates import sign
from index.embedding import LocalEmbedder, Vectors
from index.errors import InputError
from index.files import BadFile, list_files
from index.ledger import IndexedArticle, Manifest
from index.passages import build_passages
from index.settings import Settings, load_settings
from index.store import Store, open_store

PASSAGES_A_TURN = 500  # a sync commits 2,000 at once, or what 30 seconds give
LEAST_RATIO = 2.5
RESAMPLES, SEED = 10_000, 7
Turn = Sequence[IndexedArticle]


class Side(Protocol):
    """One way to embed and index."""

    name: str

    def index(self, turn: Turn) -> None:
        """Embed the passages of these articles and store them, so that they can be found."""

    def finish(self) -> None:
        """What there is to do after the last turn."""

    def vectors(self, ids: Sequence[str]) -> Vectors:
        """What was stored."""


class Ours:
    """What `dateline index` does once the files are read."""

    name = "Dateline"

    def __init__(self, folder: Path, settings: Settings) -> None:
        """The store is made in `folder`, and held as a sync holds it. The model is loaded."""
        model = locate(settings.index.embedding_model, folder=settings.models_folder)
        self._embedder = LocalEmbedder(model)
        self._embedder.load()
        recipe = build_recipe(settings.index, self._embedder)
        self._store: Store = open_store(str(folder), folder, recipe)
        self._batch = Batch(self._store, self._embedder, Manifest(recipe), lambda _: None)
        self._held = ExitStack()
        self._held.enter_context(self._store.writing())

    def index(self, turn: Turn) -> None:
        """Embed, store, commit."""
        for article in turn:
            self._batch.put(article)
        self._batch.commit()

    def finish(self) -> None:
        """Mark the index as complete, write the graph of its vectors and let go of the store."""
        self._batch.commit(is_complete=True)
        self._store.compact()
        self._held.close()

    def vectors(self, ids: Sequence[str]) -> Vectors:
        """What was stored."""
        found = self._store.vectors.fetch(ids)
        return np.stack([found[each] for each in ids])


class LlamaIndexPipeline:
    """LlamaIndex's pipeline at its defaults, in a folder of Chroma's."""

    name = "LlamaIndex"

    def __init__(self, folder: Path, settings: Settings) -> None:
        """The model is loaded. Raises InputError where the integrations aren't installed."""
        import chromadb  # noqa: PLC0415 - seconds of import

        try:
            from llama_index.core.ingestion import IngestionPipeline  # noqa: PLC0415
            from llama_index.embeddings.huggingface import HuggingFaceEmbedding  # noqa: PLC0415
            from llama_index.vector_stores.chroma import ChromaVectorStore  # noqa: PLC0415
        except ImportError as error:
            raise InputError(
                "LlamaIndex's integrations aren't installed. Run: pip install "
                "llama-index-embeddings-huggingface llama-index-vector-stores-chroma"
            ) from error
        model = locate(settings.index.embedding_model, folder=settings.models_folder)
        client = chromadb.PersistentClient(
            str(folder), chromadb.config.Settings(anonymized_telemetry=False)
        )
        self._collection = client.get_or_create_collection("passages")
        self._pipeline = IngestionPipeline(
            transformations=[HuggingFaceEmbedding(model_name=str(model))],
            vector_store=ChromaVectorStore(chroma_collection=self._collection),
        )

    def index(self, turn: Turn) -> None:
        """Embed and store."""
        from llama_index.core.schema import TextNode  # noqa: PLC0415 - seconds of import

        passages = [passage for each in turn for passage in each.passages]
        nodes = [TextNode(id_=passage.id, text=passage.indexed_text) for passage in passages]
        self._pipeline.run(nodes=nodes)

    def finish(self) -> None:
        """Nothing."""

    def vectors(self, ids: Sequence[str]) -> Vectors:
        """What was stored."""
        found = self._collection.get(ids=list(ids), include=["embeddings"])
        rows = dict(zip(found["ids"], np.asarray(found["embeddings"]), strict=True))
        return np.stack([rows[each] for each in ids]).astype(np.float32)


@dataclass(frozen=True)
class Speeds:
    """Seconds of each side for each turn; `cosines` are between what the two stored."""

    passages: int
    seconds: dict[str, list[float]]
    cosines: Vectors

    @property
    def per_second(self) -> dict[str, float]:
        """Passages a second, by side."""
        return {name: self.passages / sum(each) for name, each in self.seconds.items()}

    @property
    def ratio(self) -> float:
        """How many times as fast ours is."""
        theirs, ours = (self.seconds[side.name] for side in (LlamaIndexPipeline, Ours))
        return sum(theirs) / sum(ours)

    @property
    def interval(self) -> tuple[float, float]:
        """The ratio's 95 % interval, the turns being drawn anew (bootstrap)."""
        names = (LlamaIndexPipeline.name, Ours.name)
        both = np.array([self.seconds[name] for name in names])
        drawn = np.random.default_rng(SEED).integers(both.shape[1], size=(RESAMPLES, both.shape[1]))
        theirs, ours = both[:, drawn].sum(axis=2)
        low, high = np.quantile(theirs / ours, [0.025, 0.975])
        return float(low), float(high)


def measure(turns: Sequence[Turn], sides: Sequence[Side]) -> Speeds:
    """Have both sides index all turns. The first turn warms them up and isn't counted."""
    for side in sides:
        side.index(turns[0])
    seconds: dict[str, list[float]] = {side.name: [] for side in sides}
    for number, turn in enumerate(turns[1:]):
        for side in sides if number % 2 else reversed(sides):
            seconds[side.name].append(_timed(lambda: side.index(turn)))  # noqa: B023 - called now
    for side in sides:
        seconds[side.name][-1] += _timed(side.finish)
    ids = [passage.id for turn in turns for each in turn for passage in each.passages]
    first, second = (side.vectors(ids) for side in sides)
    return Speeds(sum(map(_size, turns[1:])), seconds, (first * second).sum(axis=1))


def make_turns(data: Path, folder: Path, settings: Settings, *, most: int) -> list[Turn]:
    """The articles of the public samples, with their passages, some 500 passages a turn."""
    turns: list[list[IndexedArticle]] = [[]]
    for each in _read(data, folder, settings.index.passage_words):
        if _size(turns[-1]) >= PASSAGES_A_TURN:
            if sum(map(_size, turns)) >= most:
                break
            turns.append([])
        turns[-1].append(each)
    if len(turns) < 3:
        raise InputError(f"{most} passages are too few. Ask for {3 * PASSAGES_A_TURN} or more.")
    return list(turns)


def render(found: Speeds) -> str:
    """A line for each side, and how the two compare."""
    rows = [("", "passages/s"), *((name, f"{each:.1f}") for name, each in found.per_second.items())]
    low, high = found.interval
    return (
        f"{aligned(rows)}\n\n{found.passages:,} passages in {len(found.seconds[Ours.name])} turns: "
        f"{found.ratio:.2f} times as fast [{low:.2f}, {high:.2f}]\n"
        f"cosine between the two: mean {found.cosines.mean():.4f}, "
        f"lowest {found.cosines.min():.4f}\n"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table, write `results/indexing.json`. Returns the exit code."""
    given = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory() as made:
        work = Path(made)
        settings = load_settings(articles=work)
        turns = make_turns(given.data, work, settings, most=given.passages)
        sides = (Ours(work / "ours", settings), LlamaIndexPipeline(work / "theirs", settings))
        found = measure(turns, sides)
    sys.stdout.write(render(found))
    content: dict[str, Any] = {
        "passages": found.passages,
        "seconds": found.seconds,
        "passages_per_second": found.per_second,
        "ratio": found.ratio,
        "interval": found.interval,
        "cosine": {"mean": float(found.cosines.mean()), "lowest": float(found.cosines.min())},
    }
    sys.stdout.write(f"{write_result('indexing', content)}\n")
    return 0 if found.ratio >= LEAST_RATIO else 1


def _read(data: Path, folder: Path, words: int) -> Iterator[IndexedArticle]:
    for name, path in (("squad", data / SQUAD), ("ramdocs", data / RAMDOCS)):
        articles = folder / name
        load_set(name, path).write_documents(articles)
        for file in list_files(articles).files:
            for article in read_articles(articles, file.path):
                if isinstance(article, BadFile):
                    continue
                passages = build_passages(article, words=words)
                texts = [article.text[article.body_start :], *(each.text for each in passages)]
                if passages:
                    yield IndexedArticle(article, passages, sign(texts))


def _size(turn: Turn) -> int:
    return sum(len(each.passages) for each in turn)


def _timed(run: Callable[[], None]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m evals.bench.indexing", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the two public samples")
    parser.add_argument("--passages", type=int, default=10_000, help="at most so many, or all")
    return parser


if __name__ == "__main__":
    end_with(main)
