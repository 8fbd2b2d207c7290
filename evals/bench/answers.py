"""How fast whole answers are: python -m evals.bench.answers --articles DIR --gold FILE [--limit N].

Each question that Dateline's model answers is put to LlamaIndex's `CitationQueryEngine` as well,
right after it, with the same model and embedding model: three chunks, cited in 512 tokens. What
Dateline refuses counts nowhere. Earlier questions of a conversation are asked first and aren't
timed; the engine, which follows none, gets the question as Dateline rewrote it to stand alone.
Prompt tokens that the model had to read are those that its cache did not have. Both find there
what the two of them left.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from llama_index.core import Document, VectorStoreIndex
from llama_index.core.llms import LLM
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.query_engine import CitationQueryEngine

from evals.bench import write_result
from evals.bench.meter import Cost, Meter
from evals.gold import GoldCase, GoldSet
from evals.metrics import percentile
from evals.program import add_model_options, end_with
from evals.references.__main__ import reference_settings
from evals.references.citation_engine import DeskEmbedding
from evals.report.console import aligned
from evals.sample import take_stratified
from index.embedding import Embedder
from index.errors import DatelineError
from index.settings import Settings
from qa.answer import Answer
from qa.desk import Desk
from qa.models.served import ServedModel, open_model

CHUNKS = 3
CITATION_TOKENS = 512


@dataclass(frozen=True, slots=True)
class Timed:
    """A question that both answered."""

    id: str
    dateline: Cost
    engine: Cost


@dataclass(slots=True)
class Timings:
    """What has been timed. `extract_seconds` are of every question in which something was found."""

    answered: list[Timed] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    extract_seconds: list[float] = field(default_factory=list)


def main(
    arguments: Sequence[str] | None = None,
    *,
    model_factory: Callable[[Settings], ServedModel] = open_model,
    embedder: Embedder | None = None,
) -> int:
    """Ask, print the table, write `results/answers.json`. Returns the exit code."""
    given = _parser().parse_args(arguments)
    gold = GoldSet(given.gold.stem, given.gold, given.articles)
    cases = gold.load()
    cases = take_stratified(cases, most=given.limit or len(cases))
    settings = reference_settings(gold, given.backend, given.model)
    desk, meter = open_metered(settings, model_factory, embedder)
    desk.warm_up()
    timings = time_cases(desk, meter, cases)
    figures = summarise(timings)
    about = {"gold": str(given.gold), "articles": len(desk.articles), "model": desk.model.name,
             "backend": desk.model.backend, "chunks": CHUNKS,
             "citation_tokens": CITATION_TOKENS}  # fmt: skip
    content = {**about, "figures": figures, **asdict(timings)}
    content["settings"] = settings.model_dump(mode="json")
    sys.stdout.write(f"{render(figures)}\n\n{write_result('answers', content)}\n")
    return 0


def open_metered(
    settings: Settings,
    model_factory: Callable[[Settings], ServedModel] = open_model,
    embedder: Embedder | None = None,
) -> tuple[Desk, Meter]:
    """A desk in line with its folder whose model's replies are metered."""
    model = model_factory(settings)
    meter = Meter(model.llm)
    metered = replace(model, llm=meter.llm)
    desk = Desk(settings, embedder=embedder, model_factory=lambda _: metered)
    desk.refresh()
    return desk, meter


def time_cases(desk: Desk, meter: Meter, cases: Sequence[GoldCase]) -> Timings:
    """Each question to Dateline and, where its model answers, to the engine. Some may fail."""
    engine = build_engine(desk, meter.llm)
    timings = Timings()
    for number, case in enumerate(cases, start=1):
        try:
            said = _time_case(desk, meter, engine, case, timings)
        except DatelineError as error:
            timings.failed.append(case.id)
            said = f"failed: {error}"
        sys.stderr.write(f"{number}/{len(cases)} {case.id} {said}\n")
    return timings


def build_engine(desk: Desk, llm: LLM) -> CitationQueryEngine:
    """LlamaIndex's engine over the desk's articles, its own defaults but for the chunks."""
    index = VectorStoreIndex.from_documents(
        [Document(text=each.text) for each in desk.articles],
        transformations=[SentenceSplitter()],
        embed_model=DeskEmbedding(desk.library.embedder),
    )
    return CitationQueryEngine.from_args(
        index, llm=llm, similarity_top_k=CHUNKS, citation_chunk_size=CITATION_TOKENS
    )


def summarise(timings: Timings) -> dict[str, float | None]:
    """The figures by name, in the order that they are told in; None where nothing was timed."""
    ours = [each.dateline for each in timings.answered]
    theirs = [each.engine for each in timings.answered]
    figures: dict[str, float | None] = {
        "answered": len(ours),
        "refused": len(timings.refused),
        "failed": len(timings.failed),
    }
    for name, costs in (("dateline", ours), ("engine", theirs)):
        seconds = [each.seconds for each in costs]
        read = [each.read_tokens for each in costs if each.read_tokens is not None]
        median, high = percentile(seconds, 0.5), percentile(seconds, 0.95)
        figures |= {
            f"{name}_median_seconds": median,
            f"{name}_p95_seconds": high,
            f"{name}_p95_over_median": _ratio(high, median),
            f"{name}_median_prompt_tokens": percentile([e.prompt_tokens for e in costs], 0.5),
            f"{name}_median_read_tokens": percentile(read, 0.5),
            f"{name}_most_read_tokens": percentile(read, 1),
            f"{name}_mean_calls": _ratio(sum(e.calls for e in costs), len(costs)),
            f"{name}_most_calls": percentile([e.calls for e in costs], 1),
        }
    faster = _ratio(figures["engine_median_seconds"], figures["dateline_median_seconds"])
    figures["times_faster"] = faster
    figures["extract_median_seconds"] = percentile(timings.extract_seconds, 0.5)
    figures["extract_most_seconds"] = percentile(timings.extract_seconds, 1)
    return figures


def render(figures: dict[str, float | None]) -> str:
    """A line for each figure of both systems, and those of Dateline alone."""
    rows = [("", "dateline", "engine")]
    for name in [each.removeprefix("engine_") for each in figures if each.startswith("engine_")]:
        ours, theirs = (_shown(figures[f"{system}_{name}"]) for system in ("dateline", "engine"))
        rows.append((name.replace("_", " "), ours, theirs))
    rows += [
        (name.replace("_", " "), _shown(value), "")
        for name, value in figures.items()
        if not name.startswith(("dateline_", "engine_"))
    ]
    return aligned(rows)


def _time_case(
    desk: Desk, meter: Meter, engine: CitationQueryEngine, case: GoldCase, timings: Timings
) -> str:
    talk = desk.conversation()
    for earlier in case.history:
        talk.ask(earlier, as_of=case.as_of, fresh=False)
    answer, ours = meter.time(lambda: talk.ask(case.question, as_of=case.as_of, fresh=False))
    if answer.extract is not None and answer.timings.extract_seconds is not None:
        timings.extract_seconds.append(answer.timings.extract_seconds)
    if not _answers(answer):
        timings.refused.append(case.id)
        return "refused"
    _, theirs = meter.time(lambda: engine.query(answer.standalone_question))
    timings.answered.append(Timed(case.id, ours, theirs))
    return f"{ours.seconds:.1f} s, engine {theirs.seconds:.1f} s"


def _answers(answer: Answer) -> bool:
    return answer.status != "abstained" and answer.usage.llm_calls > 0


def _ratio(part: float | None, whole: float | None) -> float | None:
    return round(part / whole, 3) if part is not None and whole else None


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _count(given: str) -> int:
    if not given.isdecimal() or int(given) < 1:
        raise argparse.ArgumentTypeError(f"{given} is no number of questions; give 1 or more")
    return int(given)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m evals.bench.answers", description="How fast whole answers are."
    )
    parser.add_argument("--articles", type=Path, required=True)
    parser.add_argument("--gold", type=Path, required=True, help="gold questions about them")
    parser.add_argument("--limit", type=_count, help="at most so many questions, of all kinds")
    add_model_options(parser)
    return parser


if __name__ == "__main__":
    end_with(main)
