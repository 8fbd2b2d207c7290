"""How searching grows with the archive: time, memory and recall from 1,000 passages to 200,000.

    python -m evals.bench.scale --data FOLDER --work FOLDER [--most 200000]

`--data` has squad2-sample.json and ramdocs-half.jsonl, whose sentences are recombined. `--work`
keeps vectors, store and what was measured: started again, the bench goes on where it was. Each size
is opened twice in processes of their own, without derived data and with it, and asked in the
second. Everything is in one process, warm, the question's embedding included.
"""

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.bench import RESULTS, write_result
from evals.bench.scale_articles import Pool, load_pool, make_questions
from evals.bench.scale_plot import plot_scale
from evals.bench.scale_store import VectorFile, grow
from evals.program import end_with
from evals.report.console import aligned
from index.library import Library
from index.settings import Settings, load_settings

SIZES = (1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000)
QUESTIONS = 200

Measured = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Bench:
    """Where everything is."""

    work: Path
    settings: Settings
    pool: Pool

    def run(self, most: int) -> Measured:
        """What was measured, by size; sizes that were measured before are passed over."""
        library = Library(self.settings)
        made_by = library.store.recipe.fingerprint  # other passages, other vectors and figures
        kept = self.work / f"measured-{made_by}.json"
        measured: Measured = json.loads(kept.read_text()) if kept.exists() else {}
        vectors = VectorFile(self.work / f"vectors-{made_by}.f4", library.embedder)
        for size in (each for each in SIZES if each <= most and str(each) not in measured):
            grow(library.store, self.pool, vectors, self.settings, size)
            measured[str(size)] = self._measure(library)
            kept.write_text(json.dumps(measured, indent=1))
            sys.stdout.write(f"{size} passages: {json.dumps(measured[str(size)])}\n")
            sys.stdout.flush()
        return measured

    def _measure(self, library: Library) -> dict[str, Any]:
        cache = library.store.cache_folder
        if cache is not None:
            shutil.rmtree(cache, ignore_errors=True)
        cold = self._in_a_process([])
        seconds = cold["load_seconds"] + cold["first_search_seconds"]
        warm = self._in_a_process(make_questions(self.pool, QUESTIONS))
        return {**warm, "first_opening_seconds": round(seconds, 3)}

    def _in_a_process(self, questions: Sequence[str]) -> dict[str, Any]:
        request = {"store": self.settings.store, "questions": list(questions)}
        done = subprocess.run(
            [sys.executable, "-m", "evals.bench.scale_reader"],
            input=json.dumps(request),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        found: dict[str, Any] = json.loads(done.stdout)
        return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table, write results and plot. Returns the exit code."""
    given = _parser().parse_args(arguments)
    given.work.mkdir(parents=True, exist_ok=True)
    settings = load_settings(articles=given.work / "made", store=str(given.work / "store"))
    measured = Bench(given.work, settings, load_pool(given.data)).run(given.most)
    sys.stdout.write(f"\n{render(measured)}\n\n")
    content = {"questions": QUESTIONS, "settings": settings.model_dump(mode="json")}
    sys.stdout.write(f"{write_result('scale', {**content, 'sizes': measured})}\n")
    for path in plot_scale(measured, RESULTS):
        sys.stdout.write(f"{path}\n")
    return 0


def render(measured: Mapping[str, Mapping[str, Any]]) -> str:
    """A row for each size."""
    heads = ("passages", "search ms", "p95", "one outlet p95", "BM25 p95", "vectors p95")
    rows: list[tuple[str, ...]] = [
        (*heads, "recall@10", "graph's", "graph ms p95", "open s", "first time s", "MB")
    ]
    for each in measured.values():
        taken = each["milliseconds"]
        parts = ("search in one outlet", "BM25", "vectors")
        rows.append(
            (
                f"{each['passages']:,}",
                f"{taken['search']['median']:.1f}",
                f"{taken['search']['p95']:.1f}",
                *(f"{taken[part]['p95']:.1f}" for part in parts),
                f"{each['recall_10']:.4f}",
                f"{each['graph_recall_10']:.4f}",
                f"{each['graph_milliseconds']['p95']:.1f}",
                f"{each['load_seconds'] + each['first_search_seconds']:.1f}",
                f"{each['first_opening_seconds']:.1f}",
                f"{each['resident_mb']:.0f}",
            )
        )
    return aligned(rows)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m evals.bench.scale", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the two public samples")
    parser.add_argument("--work", type=Path, required=True, help="kept folder for all that is made")
    parser.add_argument("--most", type=int, default=SIZES[-1], help="largest size, in passages")
    return parser


if __name__ == "__main__":
    end_with(main)
