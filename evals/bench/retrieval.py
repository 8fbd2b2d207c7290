"""How good each part of retrieval is, and what it costs.

    python -m evals.bench.retrieval --data FOLDER [--work FOLDER] [--fit]

The gold questions stand among 300 invented articles and 300 public paragraphs; `--data` has
squad2-sample.json and ramdocs-half.jsonl, which are sets of their own. BM25 and the vectors
alone are asked the question as it is. `--work` keeps articles and stores for the next time.

`--fit` is how the shares of BM25 and of the reranker were chosen: each pair of a grid on each
set, and for each set the pair that is best on the others. Defence: a score is divided by its
best before the two are added, so that a share means the same for every question; BM25 alone
loses what is put in other words, the vectors alone lose names that they never learnt. The optimum
is flat (0.3 to 0.5 for BM25, 0.5 to 0.7 for the reranker), and five of six sets choose 0.4 for the
BM25 of the one left out. One pair ships for all: a share for each kind of text would be fitted to
the texts at hand.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from evals.bench import write_result
from evals.bench.retrieval_sets import DEPTH, Bench, Question, load_benches
from evals.measures import Measure, estimate, mean
from evals.metrics import percentile
from evals.program import end_with
from evals.report.console import aligned
from evals.results import Row
from index.embedding import Embedder, TokenVectors, Vectors
from index.sections import RetrievalSettings
from qa.rerank import LateInteraction
from qa.retrieve import HybridRetriever, Ranking

LEXICAL_SHARES = (0.3, 0.4, 0.5, 0.6, 0.7)
RERANK_SHARES = (0.0, 0.3, 0.5, 0.7, 1.0)
ALL_TOKENS = 10**7  # nothing is dropped between one pair of shares and the next
TIMED = 40  # questions that costs are measured over
MEASURES = tuple(
    Measure(name, title, definition, (name,), mean)
    for name, title, definition in (
        ("ndcg_10", "nDCG@10", "Mean over the questions."),
        ("recall_8", "recall@8", "Share of the gold among the first eight, mean over questions."),
    )
)

Rank = Callable[[Question], Sequence[int]]  # positions of passages, best first
Pair = tuple[float, float]


class Remembering:
    """An embedder that embeds each question once, so that a grid costs little more than a point."""

    def __init__(self, embedder: Embedder) -> None:
        """Single texts are questions."""
        self._embedder = embedder
        self._known: dict[str, TokenVectors] = {}
        self.fingerprint = embedder.fingerprint

    def embed(self, texts: Sequence[str]) -> Vectors:
        """As the embedder."""
        return self._embedder.embed(texts)

    def embed_tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        """As the embedder; what it gave for a single text is remembered."""
        if len(texts) != 1:
            return self._embedder.embed_tokens(texts)
        if texts[0] not in self._known:
            self._known[texts[0]] = self._embedder.embed_tokens(texts)[0]
        return [self._known[texts[0]]]


class Systems:
    """The ways to rank the passages of a bench; they share what has been embedded."""

    def __init__(self, bench: Bench) -> None:
        """Nothing is embedded yet."""
        self.bench = bench
        self.embedder = Remembering(bench.embedder)
        weigh = bench.corpus.lexical.inverse_document_frequency
        self._late = LateInteraction(self.embedder, weigh, most_tokens=ALL_TOKENS)

    def all(self, settings: RetrievalSettings) -> dict[str, Rank]:
        """Each way by its name."""
        ours = self.ours(settings)
        return {
            "BM25": lambda each: _order(self.bench.corpus.lexical.scores(each.text)),
            "dense": lambda each: _order(np.nan_to_num(self._nearest(each.text), nan=0.0)),
            "fused": lambda each: self._positions(ours.propose(each.text, as_of=each.as_of)),
            "fused, reranked": self.reranked(settings),
        }

    def reranked(self, settings: RetrievalSettings) -> Rank:
        """The whole of our ranking."""
        ours = self.ours(settings)
        return lambda each: self._positions(ours.rank(each.text, DEPTH, as_of=each.as_of))

    def ours(self, settings: RetrievalSettings) -> HybridRetriever:
        """Our retriever."""
        return HybridRetriever(self.bench.corpus, self.embedder, settings, reranker=self._late)

    def _nearest(self, text: str) -> np.ndarray[Any, Any]:
        vector = self.embedder.embed_tokens([text])[0].sentence
        return self.bench.corpus.nearest(vector, DEPTH)

    def _positions(self, ranking: Ranking) -> list[int]:
        return [self.bench.position[each.passage.id] for each in ranking.passages]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the tables, write `results/retrieval.json`. Returns the exit code."""
    given = _parser().parse_args(arguments)
    settings = RetrievalSettings()
    content: dict[str, Any] = {"settings": settings.model_dump(mode="json"), "sets": {}, "fit": {}}
    with _work_folder(given.work) as work:
        for bench in load_benches(work, data=given.data, limit=given.limit):
            systems = Systems(bench)
            costs = time_parts(bench, settings)
            found = {name: measure(bench, rank) for name, rank in systems.all(settings).items()}
            n, passages = len(bench.questions), len(bench.corpus.passages)
            content["sets"][bench.name] = {
                "questions": n, "passages": passages, "systems": found, "milliseconds": costs
            }  # fmt: skip
            sys.stdout.write(f"{bench.name}: {n} questions, {passages} passages\n")
            sys.stdout.write(f"{render_quality(found)}\n\n{render_costs(costs)}\n\n")
            sys.stdout.flush()
            if given.fit:
                content["fit"][bench.name] = grid(systems)
    if given.fit:
        sys.stdout.write(f"{render_fit(content['fit'])}\n\n")
    sys.stdout.write(f"{write_result('retrieval', content)}\n")
    return 0


def measure(bench: Bench, rank: Rank) -> dict[str, dict[str, float | None]]:
    """Each measure over the questions of a bench, with its 95 % interval."""
    rows = [Row(each.id, "", bench.score(each, rank(each)), {}) for each in bench.questions]
    found = {}
    for each in MEASURES:
        value = estimate(each, rows)
        found[each.name] = {"value": value.value, "low": value.low, "high": value.high}
    return found


def time_parts(bench: Bench, settings: RetrievalSettings) -> dict[str, float]:
    """What each part takes in this process, in milliseconds, warm: the median over questions."""
    corpus, embedder = bench.corpus, bench.embedder
    ours = HybridRetriever(corpus, embedder, settings)
    ours.rank("warm up")
    taken: dict[str, list[float]] = {}
    for text in (each.text for each in bench.questions[:TIMED]):
        vector = _timed(taken, "embed the question", partial(embedder.embed, [text]))[0]
        _timed(taken, "BM25", partial(corpus.lexical.scores, text))
        _timed(taken, "nearest vectors", partial(corpus.nearest, vector, DEPTH))
        proposed = _timed(taken, "propose, all of it", partial(ours.propose, text))
        # The first time, passages that no earlier question brought up have to be embedded.
        for name in ("rerank, as it comes", "rerank, passages known"):
            _timed(taken, name, partial(ours.refine, proposed))
    return {name: round(1000 * (percentile(each, 0.5) or 0), 1) for name, each in taken.items()}


def grid(systems: Systems) -> dict[str, float]:
    """For each pair of shares, the mean of all measures."""
    found = {}
    for lexical, rerank in product(LEXICAL_SHARES, RERANK_SHARES):
        settings = RetrievalSettings(lexical_weight=lexical, rerank_weight=rerank)
        values = measure(systems.bench, systems.reranked(settings)).values()
        found[f"{lexical}, {rerank}"] = round(
            float(np.mean([each["value"] or 0.0 for each in values])), 4
        )
    return found


def render_quality(found: Mapping[str, Mapping[str, Mapping[str, float | None]]]) -> str:
    """A line for each way to rank."""
    rows = [("", *(each.title for each in MEASURES))]
    for name, values in found.items():
        rows.append((name, *(_interval(values[each.name]) for each in MEASURES)))
    return aligned(rows)


def render_costs(costs: Mapping[str, float]) -> str:
    """A line for each part."""
    return aligned([("", "ms"), *((name, f"{cost:.1f}") for name, cost in costs.items())])


def render_fit(fit: Mapping[str, Mapping[str, float]]) -> str:
    """For each set: the best pair, and what the pair that is best on the others gets on it."""
    rows: list[tuple[str, ...]] = [("BM25, reranker", "best pair", "gets", "others' pair", "gets")]
    for held_out, values in fit.items():
        others = [each for name, each in fit.items() if name != held_out]
        own, given = _best([values]), _best(others or [values])
        rows.append((held_out, own, f"{values[own]:.3f}", given, f"{values[given]:.3f}"))
    every = list(fit.values())
    best = _best(every)
    rows.append(("all", best, f"{np.mean([each[best] for each in every]):.3f}", "", ""))
    return aligned(rows)


def _best(fits: Sequence[Mapping[str, float]]) -> str:
    return max(fits[0], key=lambda pair: float(np.mean([each[pair] for each in fits])))


def _interval(value: Mapping[str, float | None]) -> str:
    shown = {name: "–" if each is None else f"{each:.3f}" for name, each in value.items()}
    return "{value} [{low}, {high}]".format(**shown)


def _order(scores: np.ndarray[Any, Any]) -> list[int]:
    return [int(each) for each in np.argsort(-scores, kind="stable")[:DEPTH] if scores[each] > 0]


def _timed(taken: dict[str, list[float]], name: str, run: Callable[[], Any]) -> Any:
    started = time.perf_counter()
    found = run()
    taken.setdefault(name, []).append(time.perf_counter() - started)
    return found


@contextmanager
def _work_folder(given: Path | None) -> Iterator[Path]:
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m evals.bench.retrieval", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the two public samples")
    parser.add_argument("--work", type=Path, help="kept folder for articles and stores")
    parser.add_argument("--limit", type=int, default=400, help="most questions of a public set")
    parser.add_argument("--fit", action="store_true", help="the grid of shares as well")
    return parser


if __name__ == "__main__":
    end_with(main)
