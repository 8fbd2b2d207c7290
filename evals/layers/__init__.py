"""The layers that are measured, each alone: retrieval, extract, answers."""

from evals.layers.answers import measure_answers
from evals.layers.extract import measure_extract
from evals.layers.retrieval import measure_retrieval

__all__ = ["measure_answers", "measure_extract", "measure_retrieval"]
