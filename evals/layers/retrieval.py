"""L1, retrieval: does the ranking put the passages with the evidence first?

It is the ranking that the engine reads its evidence from. Left out are questions that can't be
answered, since there is nothing to find, and questions with a history: what they ask stands only
once a model has rewritten them, and no model has a part in this layer.
"""

import time
from collections.abc import Sequence
from typing import Any

from evals.evidence import gold_spans, joined
from evals.gold import GoldCase
from evals.layer_measures import DEPTHS
from evals.layers.cases import OnProgress, asked, measure_cases, says, without_values
from evals.metrics import (
    Span,
    all_evidence,
    evidence_recall,
    leaked,
    ndcg,
    overlaps_any,
    reciprocal_rank,
    states_any,
)
from evals.results import DATELINE, Row, Section, Values
from index.corpus import Corpus
from index.sections import RetrievalSettings
from qa.desk import Desk
from qa.retrieve import HybridRetriever, RankedPassage

SHOWN = max(DEPTHS)
Gold = Sequence[Sequence[Span]]  # for each quote, the places where it stands


def measure_retrieval(
    desk: Desk,
    cases: Sequence[GoldCase],
    *,
    gold: str,
    on_progress: OnProgress,
    settings: RetrievalSettings | None = None,
) -> Section:
    """How the desk's retriever ranks the passages for each answerable question.

    With `settings`, as it would with these; the section is to be named after them then.
    """
    corpus, folder = desk.corpus, desk.settings.articles
    chosen_settings = settings or desk.settings.retrieval
    retriever = HybridRetriever(corpus, desk.library.embedder, chosen_settings)
    retriever.rank("warm up")

    def measure(case: GoldCase) -> Row:
        found = gold_spans(case, folder=folder)
        started = time.perf_counter()
        passages = retriever.rank(case.question, as_of=case.as_of).passages
        seconds = round(time.perf_counter() - started, 4)
        values = score_ranking(case, passages, found, corpus=corpus)
        details = _details(case, passages, found, corpus=corpus)
        return Row(case.id, case.kind, {**values, "seconds": seconds}, details)

    chosen = [case for case in cases if case.is_answerable and not case.history]
    rows = measure_cases(chosen, measure, failed=without_values, on_progress=on_progress)
    return Section("retrieval", gold, DATELINE, len(corpus.articles), rows)


def score_ranking(
    case: GoldCase, passages: Sequence[RankedPassage], gold: Gold, *, corpus: Corpus
) -> Values:
    """The columns of one case. `gold` has the spans of each of its quotes."""
    ranked = [_span(each, corpus) for each in passages]
    every = joined(gold)
    relevant = [overlaps_any(each, every) for each in ranked]
    # A quote that stands in several places is found at any of them.
    quotes = [_reached(spans, ranked) for spans in gold]
    facts = [_stating(fact, case, gold) for fact in case.answers]
    values: dict[str, float | None] = {
        "reciprocal_rank_10": reciprocal_rank(relevant, 10),
        "ndcg_10": ndcg(relevant, total=_count_relevant(every, corpus), k=10),
        # Nothing filters yet: `as_of` only says what "today" means.
        "leak": leaked([each.article for each in ranked], excluded=()),
    }
    for depth in DEPTHS:
        values[f"evidence_recall_{depth}"] = evidence_recall(ranked, quotes, depth)
        values[f"all_evidence_{depth}"] = all_evidence(ranked, facts, depth)
    return {name: None if value is None else float(value) for name, value in values.items()}


def _span(ranked: RankedPassage, corpus: Corpus) -> Span:
    passage = ranked.passage
    return Span(corpus.articles[passage.article_id].path, passage.start, passage.end)


def _reached(spans: Sequence[Span], ranked: Sequence[Span]) -> Span:
    """The place of a quote that comes first in the ranking; where none does, any."""
    reached = (span for passage in ranked for span in spans if passage.overlaps(span))
    return next(reached, spans[0])


def _stating(fact: Sequence[Any], case: GoldCase, gold: Gold) -> tuple[Span, ...]:
    quotes = zip(case.evidence, gold, strict=True)
    return joined([spans for evidence, spans in quotes if states_any(evidence.quote, fact)])


def _count_relevant(gold: Sequence[Span], corpus: Corpus) -> int:
    paths = {span.article for span in gold}
    return sum(
        overlaps_any(Span(article.path, passage.start, passage.end), gold)
        for key, article in corpus.articles.items()
        if article.path in paths
        for passage in corpus.of_article[key]
    )


def _details(
    case: GoldCase, passages: Sequence[RankedPassage], gold: Gold, *, corpus: Corpus
) -> dict[str, Any]:
    ranked = [_span(each, corpus) for each in passages]
    every = joined(gold)
    return {
        **asked(case),
        "passages": [
            {
                "article": span.article,
                "start": span.start,
                "end": span.end,
                "text": each.passage.text,
                "score": round(each.score, 4),
                "relevant": overlaps_any(span, every),
            }
            for each, span in list(zip(passages, ranked, strict=True))[:SHOWN]
        ],
        "wrong_because": _wrong_because(case, ranked, gold),
    }


def _wrong_because(case: GoldCase, ranked: Sequence[Span], gold: Gold) -> list[str]:
    return [
        f"no evidence among the first {SHOWN} passages for {says([fact])}"
        for fact in case.answers
        if not all_evidence(ranked, [_stating(fact, case, gold)], SHOWN)
    ]
