"""How right and how fast the answers are: gold questions, metrics, runs, reports.

gold, sets → layers, references → rows (metrics/) → measures → record, report, compare, baseline

`pytest evals/` and `dateline eval` run this, put together in suite.py; bench/ measures time and
memory: `python -m evals.bench.latency`.
"""

from pathlib import Path

EVALS = Path(__file__).parent
DEFAULT_GOLD = EVALS / "gold" / "briefs.jsonl"
RESULTS = EVALS / "results"
# Judges the answers where one is asked for; never the model that is under test.
DEFAULT_JUDGE = "qwen2.5-coder-0.5b-instruct"
