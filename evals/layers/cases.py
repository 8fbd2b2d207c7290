"""Case by case to rows. One broken case is a failed row, never the end of a run."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

from evals.evidence import describe_evidence
from evals.gold import GoldCase
from evals.results import Row
from index.errors import DatelineError

OnProgress = Callable[[int, int, Row], None]
log = logging.getLogger(__name__)


class RunEndedError(DatelineError):
    """Every further case would fail as this one did."""


def measure_cases(
    cases: Sequence[GoldCase],
    measure: Callable[[GoldCase], Row],
    *,
    failed: Callable[[GoldCase, str], Row],
    on_progress: OnProgress,
) -> tuple[Row, ...]:
    """A row for each case; `failed` makes it where there is only a reason why there is none.

    `on_progress` gets (done, total, last row). Raises RunEndedError where `measure` does.
    """
    rows: list[Row] = []
    for case in cases:
        rows.append(_row(case, measure, failed))
        on_progress(len(rows), len(cases), rows[-1])
    return tuple(rows)


def _row(
    case: GoldCase, measure: Callable[[GoldCase], Row], failed: Callable[[GoldCase, str], Row]
) -> Row:
    try:
        return measure(case)
    except RunEndedError:
        raise
    except DatelineError as error:
        return failed(case, str(error))
    except Exception as error:  # noqa: BLE001 - one case is an edge: the others go on
        log.warning("The case %s failed.", case.id, exc_info=True)
        return failed(case, f"{type(error).__name__}: {error}")


def without_values(case: GoldCase, reason: str) -> Row:
    """The row of a case that failed in a layer where nothing can be right or wrong."""
    return Row(case.id, case.kind, {}, asked(case), reason)


def asked(case: GoldCase) -> dict[str, Any]:
    """What was asked and where the answer stands, for the reader of a row."""
    return {"question": case.question, "gold_evidence": describe_evidence(case)}


def says(facts: Sequence[Sequence[object]]) -> str:
    """Facts in words: "5 km or 3 miles, and Homs"."""
    return ", and ".join(" or ".join(map(str, fact)) for fact in facts)
