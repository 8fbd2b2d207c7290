"""Benchmarks: how long answering takes, and stopping. Each writes JSON into `results/`."""

import json
from pathlib import Path
from typing import Any

from evals.machine import describe_machine

RESULTS = Path(__file__).parent / "results"


def write_result(name: str, content: dict[str, Any]) -> Path:
    """Write `results/<name>.json`, with the machine; returns its path."""
    path = RESULTS / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = {**content, "machine": describe_machine()}
    path.write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return path
