"""Metrics: pure functions, a file for each family. One that doesn't apply is None, never 0."""

from evals.metrics.agreement import kappa
from evals.metrics.calibration import ReliabilityBin, calibration_error, reliability
from evals.metrics.citation import (
    CitationScores,
    CitedSentence,
    citation_scores,
    is_supported,
    unsupported_rate,
    unsupported_said,
)
from evals.metrics.cited_article import cited_article_right
from evals.metrics.detection import f1, precision, recall
from evals.metrics.exact import is_right
from evals.metrics.fact_recall import fact_recall, missing_facts
from evals.metrics.forbidden import said_forbidden
from evals.metrics.matching import Alternative, Fact, Quantity, states, states_any
from evals.metrics.number_exact import number_exact
from evals.metrics.percentile import percentile
from evals.metrics.quote_validity import quote_is_valid, quote_validity
from evals.metrics.refusal import (
    Decision,
    false_refusal_rate,
    refusal_f1,
    refusal_precision,
    refusal_recall,
)
from evals.metrics.retrieval import (
    all_evidence,
    evidence_recall,
    leaked,
    ndcg,
    reciprocal_rank,
)
from evals.metrics.risk_coverage import RiskPoint, risk_coverage, risk_coverage_area
from evals.metrics.share import Share, wilson_interval
from evals.metrics.spans import Quote, Span, overlaps_any
from evals.metrics.token_f1 import token_f1

__all__ = [
    "Alternative",
    "CitationScores",
    "CitedSentence",
    "Decision",
    "Fact",
    "Quantity",
    "Quote",
    "ReliabilityBin",
    "RiskPoint",
    "Share",
    "Span",
    "all_evidence",
    "calibration_error",
    "citation_scores",
    "cited_article_right",
    "evidence_recall",
    "f1",
    "fact_recall",
    "false_refusal_rate",
    "is_right",
    "is_supported",
    "kappa",
    "leaked",
    "missing_facts",
    "ndcg",
    "number_exact",
    "overlaps_any",
    "percentile",
    "precision",
    "quote_is_valid",
    "quote_validity",
    "recall",
    "reciprocal_rank",
    "refusal_f1",
    "refusal_precision",
    "refusal_recall",
    "reliability",
    "risk_coverage",
    "risk_coverage_area",
    "said_forbidden",
    "states",
    "states_any",
    "token_f1",
    "unsupported_rate",
    "unsupported_said",
    "wilson_interval",
]
