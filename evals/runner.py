"""Asks a desk the gold questions. One broken case is a failed case, never the end of the run."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from evals.gold import GoldCase, read_verbatim
from evals.score import NO_ANSWER, Score, score_answer
from index.errors import DatelineError
from qa.answer import Answer, Citation, Evidence, Finished
from qa.desk import Conversation, Desk

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CaseResult:
    """A case, the answer it got and its score; or why there is no answer.

    `earlier` has the answers to the case's history, `evidence` the best sentences found.
    """

    case: GoldCase
    answer: Answer | None
    earlier: tuple[Answer, ...]
    evidence: tuple[Citation, ...]
    failure: str | None
    score: Score


@dataclass(frozen=True, slots=True)
class RunResult:
    """All cases of a run, in the order of the gold file."""

    name: str
    started: datetime
    seconds: float
    backend: str
    model: str
    index: str
    results: tuple[CaseResult, ...]


OnProgress = Callable[[int, int, CaseResult], None]


def run(desk: Desk, cases: Sequence[GoldCase], on_progress: OnProgress | None = None) -> RunResult:
    """The results of all cases, the model warm. `on_progress` gets (done, total, last result).

    Raises DatelineError where the desk can't answer anything: before the first question.
    """
    desk.warm_up()
    started, clock = datetime.now(UTC), time.perf_counter()
    results: list[CaseResult] = []
    for case in cases:
        results.append(run_case(desk, case))
        if on_progress is not None:
            on_progress(len(results), len(cases), results[-1])
    return RunResult(
        name=f"{started:%Y%m%d-%H%M%S}-{desk.model.backend}",
        started=started,
        seconds=round(time.perf_counter() - clock, 1),
        backend=desk.model.backend,
        model=desk.model.name,
        index=desk.corpus.fingerprint,
        results=tuple(results),
    )


def run_case(desk: Desk, case: GoldCase) -> CaseResult:
    """One case: its history first, then its question, in one conversation."""
    conversation = desk.conversation()
    earlier: list[Answer] = []
    try:
        for question in case.history:
            earlier.append(_ask(conversation, question, as_of=case.as_of)[0])
        answer, evidence = _ask(conversation, case.question, as_of=case.as_of)
        folder = desk.settings.articles
        score = score_answer(case, answer, articles=folder, read=read_verbatim)
    except DatelineError as error:
        return CaseResult(case, None, tuple(earlier), (), str(error), NO_ANSWER)
    except Exception as error:  # noqa: BLE001 - one case is an edge: the others go on
        log.warning("The case %s failed.", case.id, exc_info=True)
        reason = f"{type(error).__name__}: {error}"
        return CaseResult(case, None, tuple(earlier), (), reason, NO_ANSWER)
    return CaseResult(case, answer, tuple(earlier), evidence, None, score)


def _ask(
    conversation: Conversation, question: str, *, as_of: date | None
) -> tuple[Answer, tuple[Citation, ...]]:
    """The answer, and what was found to read."""
    evidence: tuple[Citation, ...] = ()
    for event in conversation.stream(question, as_of=as_of, fresh=False):
        if isinstance(event, Evidence):
            evidence = event.citations
        elif isinstance(event, Finished):
            return event.answer, evidence
    raise RuntimeError("A stream of events ended without its answer.")
