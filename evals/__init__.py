"""How right and how fast the answers are: gold questions, metrics, runs, reports.

gold → runner → score (metrics/) → summary → report, record        `pytest evals/`, `dateline eval`
bench/                                                             `python -m evals.bench.latency`
"""

from pathlib import Path

EVALS = Path(__file__).parent
DEFAULT_GOLD = EVALS / "gold" / "briefs.jsonl"
RESULTS = EVALS / "results"
