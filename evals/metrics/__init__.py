"""Metrics: pure functions, one file each. Where a metric does not apply it is None, never 0."""

from evals.metrics.cited_article import cited_article_right
from evals.metrics.exact import is_right
from evals.metrics.fact_recall import fact_recall, missing_facts
from evals.metrics.matching import states, states_any
from evals.metrics.percentile import percentile
from evals.metrics.quote_validity import quote_is_valid, quote_validity
from evals.metrics.refusal import (
    Decision,
    false_refusal_rate,
    refusal_precision,
    refusal_recall,
)
from evals.metrics.share import Share, wilson_interval

__all__ = [
    "Decision",
    "Share",
    "cited_article_right",
    "fact_recall",
    "false_refusal_rate",
    "is_right",
    "missing_facts",
    "percentile",
    "quote_is_valid",
    "quote_validity",
    "refusal_precision",
    "refusal_recall",
    "states",
    "states_any",
    "wilson_interval",
]
