"""`report.json`: everything a run was and found, to be read again and compared."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from evals.machine import describe_machine
from evals.metrics import Share
from evals.report import explain
from evals.runner import CaseResult, RunResult
from evals.summary import summarise
from index.settings import Settings

REPORT_FORMAT = 1


def write_report(run: RunResult, *, settings: Settings, gold: Path, folder: Path) -> Path:
    """Write `<folder>/<run>/report.json` and return its path."""
    path = folder / run.name / "report.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    content = describe_run(run, settings=settings, gold=gold)
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return path


def describe_run(run: RunResult, *, settings: Settings, gold: Path) -> dict[str, Any]:
    """The run as plain data."""
    summary = summarise(run.results)
    return {
        "format": REPORT_FORMAT,
        "run": run.name,
        "started": run.started.isoformat(timespec="seconds"),
        "seconds": run.seconds,
        "gold": str(gold),
        "n": len(run.results),
        "excluded_from_all_but_right": {
            each.case.id: each.failure for each in run.results if each.failure is not None
        },
        "backend": run.backend,
        "model": run.model,
        "index": run.index,
        "seed": settings.generation.seed,
        "settings": settings.model_dump(mode="json"),
        "machine": describe_machine(),
        "intervals": "Wilson, 95 %",
        "measures": {name: _share(share) for name, share in summary.measures.items()},
        "kinds": [
            {**asdict(row), "right": _share(row.right)} for row in (*summary.rows, summary.whole)
        ],
        "cases": [_case(each) for each in run.results],
    }


def _share(share: Share) -> dict[str, Any]:
    return {
        "hits": share.hits,
        "n": share.total,
        "value": share.value,
        "interval": share.interval,
    }


def _case(result: CaseResult) -> dict[str, Any]:
    case = asdict(result.case)
    answer = result.answer
    return {
        **case,
        "as_of": result.case.as_of.isoformat() if result.case.as_of else None,
        "score": asdict(result.score),
        "wrong_because": explain(result),
        "failure": result.failure,
        "answer": answer.to_dict() if answer else None,
        "model_text": answer.model_text if answer else None,
        "found": [asdict(each) for each in result.evidence],
        "earlier": [each.to_dict() for each in result.earlier],
    }
