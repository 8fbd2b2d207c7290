"""One measurement of the scale bench, in a process of its own: `main` reads JSON, writes JSON."""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evals.machine import peak_memory_mb
from evals.metrics import percentile
from index.corpus import load_corpus
from index.embedding import Vectors
from index.library import Library
from index.sections import RetrievalSettings
from index.settings import load_settings
from qa.filters import Filters, build_mask
from qa.retrieve import HybridRetriever

NEAREST = 10  # of recall
TIE = 1e-6  # cosines this far apart are equal


@dataclass(frozen=True, slots=True)
class Request:
    """What to measure: the store at `store`, by these questions; no questions time the opening."""

    store: str
    questions: tuple[str, ...]


def measure(request: Request) -> dict[str, Any]:
    """Seconds of opening, milliseconds of searching, resident memory, recall of the vectors."""
    library = Library(load_settings(articles=Path("made"), store=request.store))
    vectors_of = library.embedder.embed  # loaded before the clock runs
    vectors_of(["warm up"])
    before = peak_memory_mb()
    started = time.perf_counter()
    corpus = load_corpus(library.store)
    assert corpus is not None
    loaded = time.perf_counter()
    ours = HybridRetriever(corpus, library.embedder, RetrievalSettings())
    ours.propose("Which storm closed the harbour?")
    opened = time.perf_counter()
    found: dict[str, Any] = {
        "passages": len(corpus.passages),
        "articles": len(corpus.articles),
        "load_seconds": round(loaded - started, 3),
        "first_search_seconds": round(opened - loaded, 3),
        "resident_before_mb": before,
    }
    if request.questions:
        found |= _searched(ours, list(request.questions))
        found["resident_mb"] = peak_memory_mb()
        found |= _recall(ours, vectors_of(list(request.questions)))
        found["resident_with_graph_mb"] = peak_memory_mb()
    return found


def _searched(ours: HybridRetriever, questions: list[str]) -> dict[str, Any]:
    """Milliseconds of the whole search and of its parts."""
    corpus = ours.corpus
    everything = build_mask(corpus, Filters())
    outlet = build_mask(corpus, Filters(outlets=corpus.outlets[:1]))
    vector = ours.propose(questions[0]).query_vector
    parts: dict[str, Callable[[str], Any]] = {
        "search": ours.propose,
        "search in one outlet": lambda question: ours.propose(
            question, filters=Filters(outlets=corpus.outlets[:1])
        ),
        "BM25": corpus.lexical.scores,
        "vectors": lambda _: ours.cosines(vector, everything),
        "vectors of one outlet": lambda _: ours.cosines(vector, outlet),
    }
    return {"milliseconds": {name: _timed(run, questions) for name, run in parts.items()}}


def _timed(run: Callable[[str], Any], questions: list[str]) -> dict[str, float]:
    taken = []
    for question in questions:
        started = time.perf_counter()
        run(question)
        taken.append(1000 * (time.perf_counter() - started))
    return {name: round(percentile(taken, share) or 0, 2) for name, share in SHARES.items()}


SHARES = {"median": 0.5, "p95": 0.95, "highest": 1.0}


def _recall(ours: HybridRetriever, vectors: Vectors) -> dict[str, Any]:
    """Share of the ten nearest, told by all cosines, that the retriever and Chroma's graph find."""
    corpus, everything = ours.corpus, build_mask(ours.corpus, Filters())
    used, graph, taken = [], [], []
    for vector in vectors:
        exact = np.asarray(corpus.vectors @ vector, dtype=np.float64)
        used.append(_hits(exact, ours.cosines(vector, everything)))
        started = time.perf_counter()
        found = corpus.nearest(vector, 10 * NEAREST)
        taken.append(1000 * (time.perf_counter() - started))
        graph.append(_hits(exact, found))
    return {
        f"recall_{NEAREST}": round(float(np.mean(used)), 4),
        f"graph_recall_{NEAREST}": round(float(np.mean(graph)), 4),
        "graph_milliseconds": {n: round(percentile(taken, s) or 0, 2) for n, s in SHARES.items()},
    }


def _hits(exact: np.ndarray[Any, Any], found: np.ndarray[Any, Any]) -> float:
    """Share of the ten nearest that are the ten best by `found`; any of equally near ones do."""
    count = min(NEAREST, len(exact))
    tenth = np.partition(exact, -count)[-count]
    best = exact[np.argsort(-np.nan_to_num(found, nan=-2.0))[:count]]
    nearer, as_near = exact > tenth + TIE, np.abs(best - tenth) <= TIE
    hits = (best > tenth + TIE).sum() + min(as_near.sum(), count - nearer.sum())
    return float(hits) / count


def main() -> int:
    """Read a request from standard input, write what was measured. Returns the exit code."""
    given = json.load(sys.stdin)
    found = measure(Request(given["store"], tuple(given["questions"])))
    sys.stdout.write(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
