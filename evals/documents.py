"""Retrieval of whole documents, as public sets with judged documents score it.

A document stands where its best passage does. Measures have the names of the retrieval layer, with
documents in the place of passages.
"""

import time
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from evals.gold import GoldCase
from evals.layers.cases import OnProgress, measure_cases, without_values
from evals.metrics import ndcg, reciprocal_rank
from evals.results import DATELINE, Row, Section
from qa.desk import Desk
from qa.retrieve import HybridRetriever

PASSAGES = 200  # enough for ten documents, however many passages of one come first
DEPTHS = (1, 3, 5, 10)


def measure_documents(
    desk: Desk,
    cases: Sequence[GoldCase],
    relevant: Mapping[str, frozenset[str]],
    *,
    gold: str,
    on_progress: OnProgress,
) -> Section:
    """How the desk ranks the documents for each case that has relevant ones; named by file."""
    retriever = HybridRetriever(desk.corpus, desk.library.embedder, desk.settings.retrieval)
    retriever.rank("warm up")
    names = {key: PurePath(each.path).name for key, each in desk.corpus.articles.items()}

    def measure(case: GoldCase) -> Row:
        started = time.perf_counter()
        passages = retriever.rank(case.question, PASSAGES).passages
        seconds = round(time.perf_counter() - started, 4)
        ranked = list(dict.fromkeys(names[each.passage.article_id] for each in passages))
        values = score_documents(ranked, relevant[case.id])
        return Row(
            case.id, case.kind, {**values, "seconds": seconds}, _details(case, ranked, relevant)
        )

    chosen = [case for case in cases if relevant.get(case.id)]
    rows = measure_cases(chosen, measure, failed=without_values, on_progress=on_progress)
    return Section("retrieval", f"{gold}-documents", DATELINE, len(desk.corpus.articles), rows)


def score_documents(ranked: Sequence[str], relevant: frozenset[str]) -> dict[str, float | None]:
    """The columns of one query: recall at each depth, reciprocal rank and nDCG of the first ten."""
    hits = [name in relevant for name in ranked]
    values: dict[str, float | None] = {
        f"evidence_recall_{k}": sum(hits[:k]) / len(relevant) for k in DEPTHS
    }
    values["reciprocal_rank_10"] = reciprocal_rank(hits, 10)
    values["ndcg_10"] = ndcg(hits, total=len(relevant), k=10)
    return values


def _details(
    case: GoldCase, ranked: Sequence[str], relevant: Mapping[str, frozenset[str]]
) -> dict[str, Any]:
    wanted, first = relevant[case.id], ranked[: max(DEPTHS)]
    missing = sorted(wanted - set(first))
    return {
        "question": case.question,
        "passages": [{"article": each, "text": "", "relevant": each in wanted} for each in first],
        "wrong_because": [f"not among the first {max(DEPTHS)}: {each}" for each in missing],
    }
