"""`report.json`: everything a run was and found, to be read again and compared.

The rows are what counts; the measures beside them are for readers of the file and are computed
anew from the rows whenever a run is read.
"""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from evals import RESULTS
from evals.estimates import estimate_of
from evals.layer_measures import MEASURES
from evals.measures import CONFIDENCE, RESAMPLES, SEED
from evals.results import Row, Run, Section
from index.errors import InputError

REPORT_FORMAT = 2
REPORT_NAME = "report.json"
_RUN = TypeAdapter(Run)


def write_run(run: Run, folder: Path) -> Path:
    """Write `<folder>/<run>/report.json` and return its path."""
    path = folder / run.name / REPORT_NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    content = json.dumps(describe_run(run), ensure_ascii=False, allow_nan=False, indent=1)
    path.write_text(content + "\n", encoding="utf-8")
    return path


def read_run(path: Path) -> Run:
    """The run that a `report.json`, or the folder of one, tells of. Raises InputError."""
    file = path / REPORT_NAME if path.is_dir() else path
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"The report {file} can't be read: {error.strerror or error}.") from error
    except json.JSONDecodeError as error:
        where = f"{file}, line {error.lineno}"
        raise InputError(
            f"{where}: this is no report: {error.msg}. Name a {REPORT_NAME}."
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(f"{file} is no report: it isn't UTF-8. Name a {REPORT_NAME}.") from error
    _check_format(content, file)
    try:
        return _RUN.validate_python(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise InputError(
            f"{file} is no whole report: {where}: {first['msg']}. Make the run again with: "
            "dateline eval run"
        ) from error


def find_run(name: str, results: Path = RESULTS) -> Path:
    """The report that is meant by a run's name below `results`, a folder or a file.

    Raises InputError, with the runs there are, where none is.
    """
    for path in (results / name, Path(name)):
        if (path / REPORT_NAME).is_file() or path.is_file():
            return path
    names = sorted((each.parent.name for each in results.glob(f"*/{REPORT_NAME}")), reverse=True)
    there = f"The newest in {results}: {', '.join(names[:5])}." if names else f"{results} has none."
    raise InputError(f"There is no run {name}. Name a run, its folder or its report. {there}")


def last_run(run: Run, results: Path = RESULTS) -> Run | None:
    """The newest earlier run below `results` with the same model and a section in common.

    Reports that can't be read, of another format for one, are passed over.
    """
    own = {section.name for section in run.sections}
    earlier: list[Run] = []
    for path in results.glob(f"*/{REPORT_NAME}"):
        try:
            other = read_run(path)
        except InputError:
            continue
        same_model = (other.backend, other.model) == (run.backend, run.model)
        shared = own & {section.name for section in other.sections}
        if same_model and shared and other.name != run.name and other.started < run.started:
            earlier.append(other)
    return max(earlier, key=lambda each: each.started, default=None)


def describe_run(run: Run) -> dict[str, Any]:
    """The run as plain data, its measures with their intervals among it."""
    return {
        "format": REPORT_FORMAT,
        "name": run.name,
        "started": run.started.isoformat(),
        "seconds": run.seconds,
        "backend": run.backend,
        "model": run.model,
        "seed": run.seed,
        "machine": dict(run.machine),
        "settings": dict(run.settings),
        "intervals": {"confidence": CONFIDENCE, "resamples": RESAMPLES, "seed": SEED},
        "sections": [_section(each) for each in run.sections],
    }


def _section(section: Section) -> dict[str, Any]:
    return {
        "layer": section.layer,
        "gold": section.gold,
        "system": section.system,
        "articles": section.articles,
        "n": len(section.rows),
        "failed": {row.id: row.failure for row in section.rows if row.failure is not None},
        "measures": _measures(section),
        "rows": [_row(each) for each in section.rows],
    }


def _measures(section: Section) -> dict[str, Any]:
    found = {}
    for measure in MEASURES[section.layer]:
        measured = estimate_of(measure, section.rows)
        if measured.n:
            bounds = (measured.low, measured.high)
            found[measure.name] = {
                "value": _finite(measured.value),
                "interval": [_finite(each) for each in bounds],
                "n": measured.n,
            }
    return found


def _row(row: Row) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": row.kind,
        "values": {name: _finite(value) for name, value in row.values.items()},
        "details": _plain(row.details),
        "failure": row.failure,
    }


def _finite(value: float | None) -> float | None:
    """JSON has no word for infinity."""
    return None if value is None or not math.isfinite(value) else float(value)


def _plain(value: Any) -> Any:
    """Lists and dictionaries all the way down."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(each) for each in value]
    return _finite(value) if isinstance(value, float) else value


def _check_format(content: Any, file: Path) -> None:
    found = content.get("format") if isinstance(content, dict) else None
    if found is None:
        raise InputError(f"{file} is no report: it names no format. Name a {REPORT_NAME}.")
    if found != REPORT_FORMAT:
        raise InputError(
            f"{file} is a report of format {found}; this version reads format {REPORT_FORMAT}. "
            "Make the run again with: dateline eval run"
        )
