"""What each stage of an answer took, gave and rejected, for those who want to know why."""

import time
from dataclasses import asdict
from typing import Any

from qa.evidence import EvidenceSentence
from qa.retrieve import Ranking
from qa.review import Review


class Trace:
    """Collects the stages of one answer, in the order they ran."""

    def __init__(self) -> None:
        """The clock starts now."""
        self.started = time.perf_counter()
        self._stages: list[dict[str, Any]] = []
        self._last = self.started

    @property
    def elapsed(self) -> float:
        """Seconds since the question was taken."""
        return round(time.perf_counter() - self.started, 3)

    def note(self, stage: str, **facts: Any) -> None:
        """A stage has ended; what it did goes into `facts`, as JSON has it."""
        now = time.perf_counter()
        self._stages.append({"stage": stage, "seconds": round(now - self._last, 3), **facts})
        self._last = now

    def to_dict(self) -> dict[str, Any]:
        """The stages as plain data."""
        return {"stages": self._stages}


def explain_ranking(ranking: Ranking) -> dict[str, Any]:
    """Ranked passages for a trace."""
    return {
        "passages": [
            {
                "article_id": ranked.passage.article_id,
                "start": ranked.passage.start,
                "end": ranked.passage.end,
                "score": round(ranked.score, 4),
                "duplicates": list(ranked.duplicates),
            }
            for ranked in ranking.passages
        ]
    }


def explain_span(span: EvidenceSentence) -> dict[str, Any]:
    """A sentence of the evidence for a trace."""
    return {**asdict(span), "score": round(span.score, 4)}


def explain_review(review: Review) -> dict[str, Any]:
    """What came of a sentence, and why, for a trace."""
    return {
        "verdict": review.verdict,
        "support": review.support,
        "reason": review.reason,
        "missing": list(review.missing),
        "signals": asdict(review.signals) if review.signals else None,
        "quotes": [explain_span(span) for span in review.spans],
    }
