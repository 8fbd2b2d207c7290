"""How soon the model is free after a stream is closed: python -m evals.bench.cancel.

A stream is closed while the model reads a long prompt, and while it writes; then a one-word
question is put to it. What that takes more than on an idle model is the time it was not free.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Literal

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, MessageRole

from evals.bench import write_result
from evals.program import add_model_options, end_with
from evals.report.console import aligned
from index.settings import load_settings
from qa.models.served import ServedModel, open_model

Moment = Literal["reading", "writing"]
PROMPT_ITEMS = 175  # some 1,000 tokens: ten seconds of reading on two cores
READING_SECONDS = 1.5
WRITTEN_PIECES = 5


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Seconds that closing took, and that the next question then waited beyond an idle model's."""

    moment: Moment
    close_seconds: float
    wait_seconds: float

    @property
    def free_after_seconds(self) -> float:
        """From closing until the model was free."""
        return self.close_seconds + self.wait_seconds


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table, write `results/cancel.json`. Returns the exit code."""
    given = _parser().parse_args(arguments)
    settings = load_settings(backend=given.backend, model=given.model)
    model = open_model(settings)
    _time_probe(model, 0)  # loads the model
    idle = statistics.median(_time_probe(model, number) for number in range(1, 4))
    moments: tuple[Moment, ...] = ("reading", "writing")
    found = [
        measure(model, moment, number=number, idle_seconds=idle)
        for moment in moments
        for number in range(given.times)
    ]
    sys.stdout.write(f"{model.name} ({model.backend})\n\n{render(found)}\n")
    content = {
        "backend": model.backend,
        "model": model.name,
        "idle_probe_seconds": idle,
        "cancellations": [asdict(each) for each in found],
    }
    sys.stdout.write(f"\n{write_result('cancel', content)}\n")
    return 0


def measure(
    model: ServedModel, moment: Moment, *, number: int, idle_seconds: float
) -> Cancellation:
    """Close one stream at that moment. `number` makes the prompt one that no cache knows."""
    with closing(model.llm.stream_chat(_prompt(moment, number))) as stream:
        _run_until(stream, moment)
        started = time.perf_counter()
    closed = time.perf_counter() - started
    waited = _time_probe(model, 100 + number) - idle_seconds
    return Cancellation(moment, round(closed, 3), round(max(0.0, waited), 3))


def render(found: Sequence[Cancellation]) -> str:
    """A row for each moment: how often, median and longest."""
    rows = [("closed while", "n", "median s", "longest s")]
    for moment in dict.fromkeys(each.moment for each in found):
        seconds = [each.free_after_seconds for each in found if each.moment == moment]
        median = f"{statistics.median(seconds):.2f}"
        rows.append((moment, str(len(seconds)), median, f"{max(seconds):.2f}"))
    return aligned(rows)


def _prompt(moment: Moment, number: int) -> list[ChatMessage]:
    if moment == "writing":
        return [_user(f"Count aloud from {number + 1} to one thousand, in words.")]
    words = " ".join(f"item{number}-{position}" for position in range(PROMPT_ITEMS))
    return [_user(f"Run {number}. {words}\nWhat is this list about?")]


def _run_until(stream: Iterator[ChatResponse], moment: Moment) -> None:
    """Read on until the model has read for a while, or written a few words."""
    started, written = time.perf_counter(), 0
    for response in stream:
        written += bool(response.delta)
        reading = time.perf_counter() - started
        if written >= WRITTEN_PIECES or (moment == "reading" and reading >= READING_SECONDS):
            return
    raise RuntimeError("The model was done before it could be stopped.")


def _time_probe(model: ServedModel, number: int) -> float:
    started = time.perf_counter()
    model.llm.chat([_user(f"{number}?")], max_tokens=1)
    return time.perf_counter() - started


def _user(text: str) -> ChatMessage:
    return ChatMessage(role=MessageRole.USER, content=text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m evals.bench.cancel", description=__doc__)
    add_model_options(parser)
    parser.add_argument("--times", type=int, default=5)
    return parser


if __name__ == "__main__":
    end_with(main)
