"""What each stage earns and costs: python -m evals.bench.ablation [--gold NAME]... [--most N].

A stratified sample of the development sets is answered as it is, and again with one stage off at
a time. The model is asked only where its prompt changes; what it said before is kept, also for
the next run, and counts with the time that it took then. A column says how many right answers
are lost without the stage, and how many are won. That of the calibrated refusal is kind to
questions of the set `calibration`, whose answers its weights were fitted on.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from evals.bench import write_result
from evals.bench.switches import AS_IT_IS, SWITCHES, Switch
from evals.gold import CALIBRATION, GOLD_SETS, REDTEAM, GoldCase, choose_sets
from evals.metrics import Share, percentile
from evals.program import add_model_options, end_with
from evals.replies import RememberedModel, ReplyStore
from evals.report.console import aligned
from evals.sample import take_stratified
from evals.score import score_answer
from evals.suite import WORK
from index.embedding import Embedder
from index.settings import Settings, load_settings
from qa.answer import Answer
from qa.conversation import Turn
from qa.desk import Desk, finish
from qa.engine import AnswerEngine
from qa.models.served import ServedModel, open_model
from qa.query import Query

DEVELOPMENT = (*GOLD_SETS, CALIBRATION.name, REDTEAM.name)
ASKED = (*GOLD_SETS, CALIBRATION.name)
MOST = 30  # questions of each set


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one question."""

    id: str
    right: bool
    answerable: bool
    refused: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the table: the figures without one stage. `lost` and `won` are right answers."""

    off: str
    right: Share
    refused: Share
    falsely_refused: Share
    median_seconds: float | None
    lost: int
    won: int


@dataclass(frozen=True, slots=True)
class Field:
    """A sample of one set with the desk that its articles are on."""

    name: str
    desk: Desk
    cases: tuple[GoldCase, ...]


def main(
    arguments: Sequence[str] | None = None,
    *,
    model_factory: Callable[[Settings], ServedModel] = open_model,
    embedder: Embedder | None = None,
) -> int:
    """Ask, print the table as it grows, write `results/ablation.json`. Returns the exit code."""
    given = _parser().parse_args(arguments)
    settings = load_settings(backend=given.backend, model=given.model)
    chosen = [each for each in SWITCHES if not given.only or each.name in given.only]
    outcomes: dict[str, list[Outcome]] = {}
    with closing(ReplyStore(WORK / "replies.sqlite")) as store:
        remembered = RememberedModel(model_factory(settings), settings, store)
        fields = list(_open(settings, given.gold or ASKED, given.most, remembered, embedder))
        for switch in (AS_IT_IS, *chosen):
            outcomes[switch.name] = measure(switch, fields, remembered)
            sys.stderr.write(f"{render(summarise(outcomes))}\n\n")
    lines = summarise(outcomes)
    content = {
        "sets": {each.name: [case.id for case in each.cases] for each in fields},
        "backend": remembered.model.backend,
        "model": remembered.model.name,
        "settings": settings.model_dump(mode="json"),
        "lines": [_plain(each) for each in lines],
        "outcomes": {name: [_as_row(each) for each in found] for name, found in outcomes.items()},
    }
    sys.stdout.write(f"{render(lines)}\n\n{write_result('ablation', content)}\n")
    return 0


def measure(switch: Switch, fields: Sequence[Field], remembered: RememberedModel) -> list[Outcome]:
    """The outcome of every question with this stage off. Raises DatelineError."""
    model = remembered.model
    kept = {
        name: each for name, each in model.options.items() if name not in switch.without_options
    }
    model = replace(model, options=kept)
    outcomes = []
    for each in fields:
        settings = switch.applied(each.desk.settings)
        engine = AnswerEngine(each.desk.corpus, each.desk.library.embedder, lambda: model, settings)
        with switch.turned_off(engine):
            for case in each.cases:
                outcomes.append(_outcome(engine, each, case, remembered))
                sys.stderr.write(f"without {switch.name}: {each.name} {case.id}\n")
    return outcomes


def summarise(outcomes: Mapping[str, Sequence[Outcome]]) -> list[Line]:
    """The table's lines; the first entry is what the others are compared with."""
    whole = next(iter(outcomes.values()))
    return [_line(name, found, whole) for name, found in outcomes.items()]


def render(lines: Sequence[Line]) -> str:
    """The table."""
    rows = [("off", "right", "lost", "won", "refused rightly", "falsely", "median s")]
    for each in lines:
        shares = (_percent(share) for share in (each.right, each.refused, each.falsely_refused))
        right, refused, falsely = shares
        seconds = "–" if each.median_seconds is None else f"{each.median_seconds:.2f}"
        rows.append((each.off, right, str(each.lost), str(each.won), refused, falsely, seconds))
    return aligned(rows)


def _line(name: str, found: Sequence[Outcome], whole: Sequence[Outcome]) -> Line:
    pairs = list(zip(whole, found, strict=True))
    answerable = [each for each in found if each.answerable]
    others = [each for each in found if not each.answerable]
    return Line(
        off=name,
        right=Share(sum(each.right for each in found), len(found)),
        refused=Share(sum(each.refused for each in others), len(others)),
        falsely_refused=Share(sum(each.refused for each in answerable), len(answerable)),
        median_seconds=percentile([each.seconds for each in found], 0.5),
        lost=sum(before.right and not now.right for before, now in pairs),
        won=sum(now.right and not before.right for before, now in pairs),
    )


def _outcome(
    engine: AnswerEngine, asked: Field, case: GoldCase, remembered: RememberedModel
) -> Outcome:
    turns: tuple[Turn, ...] = ()
    for earlier in case.history:
        answer, _ = _ask(engine, earlier, turns, case.as_of, remembered)
        plain = " ".join(sentence.text for sentence in answer.sentences)
        turns = (*turns, Turn(answer.standalone_question, plain or answer.text))
    answer, seconds = _ask(engine, case.question, turns, case.as_of, remembered)
    values = score_answer(case, answer, folder=asked.desk.settings.articles)
    return Outcome(
        id=f"{asked.name}/{case.id}",
        right=values["right"] == 1,
        answerable=case.is_answerable,
        refused=values["refused"] == 1,
        seconds=round(seconds, 3),
    )


def _ask(
    engine: AnswerEngine,
    question: str,
    turns: tuple[Turn, ...],
    as_of: date | None,
    remembered: RememberedModel,
) -> tuple[Answer, float]:
    """The answer, and the seconds that it takes when the model has to write its part."""
    query = Query(question, turns, as_of or date.today())
    remembered.take_seconds()
    started = time.perf_counter()
    answer = finish(engine.stream(query))
    seconds = time.perf_counter() - started
    return answer, seconds + remembered.take_seconds()


def _open(
    settings: Settings,
    names: Sequence[str],
    most: int,
    remembered: RememberedModel,
    embedder: Embedder | None,
) -> Iterator[Field]:
    for gold in choose_sets(names)[0]:
        changed = {"articles": gold.articles.resolve(), "store": str(WORK / "stores" / gold.name)}
        desk = Desk(
            settings.model_copy(update=changed),
            embedder=embedder,
            model_factory=lambda _: remembered.model,
        )
        desk.refresh()
        embedder = desk.library.embedder
        yield Field(gold.name, desk, take_stratified(gold.load(), most=most))


def _percent(share: Share) -> str:
    return "–" if share.value is None else f"{share.value:.1%}"


def _plain(line: Line) -> dict[str, Any]:
    shares = {
        name: {"value": share.value, "interval": share.interval, "of": share.total}
        for name in ("right", "refused", "falsely_refused")
        if (share := getattr(line, name)) is not None
    }
    return {
        "off": line.off,
        **shares,
        "lost": line.lost,
        "won": line.won,
        "median_seconds": line.median_seconds,
    }


def _as_row(outcome: Outcome) -> list[Any]:
    return [outcome.id, outcome.right, outcome.refused, outcome.seconds]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m evals.bench.ablation", description="What each stage earns and costs."
    )
    parser.add_argument(
        "--gold", action="append", choices=DEVELOPMENT, help=f"default: {', '.join(ASKED)}"
    )
    parser.add_argument("--most", type=int, default=MOST, help="most questions of each set")
    parser.add_argument(
        "--only", action="append", choices=[each.name for each in SWITCHES], help="a stage"
    )
    add_model_options(parser)
    return parser


if __name__ == "__main__":
    end_with(main)
