"""How long answers take: python -m evals.bench.latency --articles DIR [--questions FILE.jsonl].

Warm, in this process, stage by stage; then what a fresh process costs.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from evals import DEFAULT_GOLD
from evals.bench import write_result
from evals.bench.cold import ColdStart, time_command, time_import
from evals.bench.questions import BenchQuestion, load_questions
from evals.metrics import percentile
from evals.program import add_model_options, end_with
from evals.report.console import aligned
from index.errors import DatelineError
from index.settings import load_settings
from qa.answer import Answer
from qa.desk import Desk, open_desk

Measured = dict[str, list[float]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table, write `results/latency.json`. Returns the exit code."""
    given = _parser().parse_args(arguments)
    settings = load_settings(articles=given.articles, backend=given.backend, model=given.model)
    questions = load_questions(given.questions)
    desk = open_desk(settings=settings)
    desk.warm_up()
    answers = [answer for each in questions if (answer := _ask(desk, each)) is not None]
    measured = {**measure_answers(answers), "import_qa_seconds": time_import()}
    cold = time_command(given.articles, questions[0].question, *_model_options(given))
    sys.stdout.write(
        f"{len(answers)} of {len(questions)} questions answered or refused, "
        f"{desk.model.name} ({desk.model.backend})\n\n"
        f"{render_latency(measured)}\n\n{render_cold(cold)}\n\n"
    )
    about = {
        "questions": str(given.questions),
        "n": len(answers),
        "backend": desk.model.backend,
        "model": desk.model.name,
        "index": desk.corpus.fingerprint,
        "settings": settings.model_dump(mode="json"),
    }
    path = write_result("latency", {**about, "measured": measured, "cold": asdict(cold)})
    sys.stdout.write(f"{path}\n")
    return 0


def measure_answers(answers: Sequence[Answer]) -> Measured:
    """The figures of each answer, by name. A refusal before the model was asked has no prompt."""
    measured: Measured = {
        name: [value for each in answers if (value := getattr(each.timings, name)) is not None]
        for name in ("retrieve_seconds", "extract_seconds", "first_token_seconds", "total_seconds")
    }
    asked = [each.usage for each in answers if each.usage.llm_calls]
    measured["prompt_tokens"] = [float(each.prompt_tokens) for each in asked]
    measured["completion_tokens"] = [float(each.completion_tokens) for each in asked]
    return measured


def render_latency(measured: Measured) -> str:
    """A row for each figure: n, median, 95th percentile, highest."""
    rows: list[tuple[str, ...]] = [("", "n", "median", "p95", "highest")]
    for name, values in measured.items():
        figures = (percentile(values, share) for share in (0.5, 0.95, 1))
        cells = ("–" if figure is None else f"{figure:.4g}" for figure in figures)
        rows.append((name.replace("_", " "), str(len(values)), *cells))
    return aligned(rows)


def render_cold(cold: ColdStart) -> str:
    """The command line in words."""
    if cold.problem:
        return f"dateline ask, cold: not measured, {cold.problem}"
    answer = "–" if cold.answer_seconds is None else f"{cold.answer_seconds:.1f} s"
    return (
        f"dateline ask, cold: first output {cold.first_output_seconds:.1f} s, answer {answer}, "
        f"end {cold.total_seconds:.1f} s"
    )


def _ask(desk: Desk, question: BenchQuestion) -> Answer | None:
    conversation = desk.conversation()
    try:
        for earlier in question.history:
            conversation.ask(earlier, as_of=question.as_of, fresh=False)
        return conversation.ask(question.question, as_of=question.as_of, fresh=False)
    except DatelineError as error:
        sys.stderr.write(f"{question.id} failed: {error}\n")
        return None


def _model_options(given: argparse.Namespace) -> list[str]:
    model = ["--model", given.model] if given.model else []
    return ["--backend", given.backend, *model]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m evals.bench.latency", description=__doc__)
    parser.add_argument("--articles", type=Path, default=Path("articles"))
    parser.add_argument("--questions", type=Path, default=DEFAULT_GOLD)
    add_model_options(parser)
    return parser


if __name__ == "__main__":
    end_with(main)
