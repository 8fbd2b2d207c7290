"""How the probability that an answer is right was fitted: python -m evals.calibrate [--squad FILE].

Every question of the gold set `calibration`, which is used for nothing else, is asked with nothing
held back for being unlikely (least_support 0); `--squad` adds questions of SQuAD 2.0 over all its
paragraphs. Of each, the first sentence that passed the checks counts, the one that the threshold
is for, as right if the answer states a fact that was asked for and nothing that is wrong: what
is incomplete is worth showing. A logistic regression (L2) over its signals is
written to qa/calibration.json. Figures are of predictions for questions that were left out of the
fit (cross-validation); replies are kept, so that a second run needs no model.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import qa
from evals.calibration import Example, describe, fit, render
from evals.gold import CALIBRATION, GoldCase
from evals.metrics import missing_facts, said_forbidden
from evals.program import add_model_options, end_with
from evals.replies import RememberedModel, ReplyStore
from evals.score import said
from evals.sets import load_set
from evals.suite import WORK
from index.embedding import Embedder
from index.errors import InputError
from index.settings import Settings, load_settings
from qa.answer import Answer
from qa.answerability import CALIBRATION as FILE_NAME
from qa.answerability import Signals
from qa.desk import Desk
from qa.models.served import ServedModel, open_model

OUTPUT = Path(qa.__file__).parent / FILE_NAME
SQUAD_QUESTIONS = 400


def main(
    arguments: Sequence[str] | None = None,
    *,
    model_factory: Callable[[Settings], ServedModel] = open_model,
    embedder: Embedder | None = None,
) -> int:
    """Ask, fit, write, print. Returns the exit code. Raises DatelineError."""
    given = _parser().parse_args(arguments)
    _require_sklearn()
    settings = load_settings(backend=given.backend, model=given.model)
    with closing(ReplyStore(WORK / "replies.sqlite")) as store:
        remembered = RememberedModel(model_factory(settings), settings, store)
        examples = []
        for source, articles, cases in _questions(given.squad, given.squad_questions):
            desk = _open(settings, source, articles, remembered.model, embedder)
            examples += collect(desk, cases, source=source)
            embedder = desk.library.embedder
    fitted = fit(examples)
    content = describe(fitted, examples)
    given.output.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(f"{render(fitted, examples)}\n\n{given.output}\n")
    return 0


def collect(desk: Desk, cases: Sequence[GoldCase], *, source: str) -> list[Example]:
    """What comes of each question, its history asked first."""
    examples = []
    for number, case in enumerate(cases, start=1):
        talk = desk.conversation()
        for earlier in case.history:
            talk.ask(earlier, as_of=case.as_of, fresh=False)
        answer = talk.ask(case.question, as_of=case.as_of, fresh=False, explain=True)
        examples.append(example_of(case, answer, source=source))
        known = "refused" if examples[-1].signals is None else "answered"
        sys.stderr.write(f"{source} {number}/{len(cases)} {case.id} {known}\n")
    return examples


def example_of(case: GoldCase, answer: Answer, *, source: str) -> Example:
    """The example that an answer with a trace makes."""
    signals = _gate_signals(answer.trace or {})
    text = said(answer)
    stated = len(case.answers) - len(missing_facts(text, case.answers))
    forbidden = said_forbidden(text, case.must_not_say)
    right = signals is not None and stated > 0 and not forbidden
    asked = " / ".join((*case.history, case.question)).casefold()
    return Example(asked, source, case.is_answerable, right, signals)


def _gate_signals(trace: Mapping[str, Any]) -> Signals | None:
    """The signals of the first sentence that was shown."""
    for stage in trace.get("stages", ()):
        if stage["stage"] == "review" and stage["verdict"] != "unsupported":
            return Signals(**stage["signals"])
    return None


def _require_sklearn() -> None:
    try:
        import sklearn  # noqa: F401, PLC0415
    except ImportError as missing:
        raise InputError(
            "Fitting needs scikit-learn, which only development installs have. "
            "Install it with: pip install -e '.[dev]'"
        ) from missing


def _questions(squad: Path | None, most: int) -> Iterator[tuple[str, Path, tuple[GoldCase, ...]]]:
    """The name, the articles and the questions of each set that is asked."""
    yield CALIBRATION.name, CALIBRATION.articles, CALIBRATION.load()
    if squad is not None:
        public = load_set("squad", squad, limit=most)
        articles = WORK / "sets" / f"{public.name}-{len(public.documents)}"
        public.write_documents(articles)
        yield public.name, articles, public.cases


def _open(
    settings: Settings, name: str, articles: Path, model: ServedModel, embedder: Embedder | None
) -> Desk:
    generation = settings.generation.model_copy(update={"least_support": 0.0})
    changed = {"articles": articles.resolve(), "store": str(WORK / "stores" / articles.name)}
    if name == CALIBRATION.name:
        changed["store"] = str(WORK / "stores" / name)
    chosen = settings.model_copy(update={**changed, "generation": generation})
    desk = Desk(chosen, embedder=embedder, model_factory=lambda _: model)
    desk.refresh()
    return desk


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m evals.calibrate", description="Fit the probability that answers are right."
    )
    parser.add_argument("--squad", type=Path, help="a file in the format of SQuAD 2.0")
    parser.add_argument(
        "--squad-questions", type=int, default=SQUAD_QUESTIONS, help="at most so many of its"
    )
    parser.add_argument("--output", type=Path, default=OUTPUT)
    add_model_options(parser)
    return parser


if __name__ == "__main__":
    end_with(main)
