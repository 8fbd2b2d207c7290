"""L4, the judge: what a local language model makes of the answers, and whether hands agree.

LlamaIndex's evaluators ask it, with their own prompts and threshold: correctness against the gold
facts, and faithfulness to the quotes cited. Refusals, and answers to questions that have none, are
judged by rule: there is nothing to compare. How far to trust the judge, which is never the model
that answered, the hand labels tell: answers that were judged by reading.
"""

import asyncio
import logging
import re
import time
from collections import Counter
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from llama_index.core.evaluation import (
    CorrectnessEvaluator,
    EvaluationResult,
    FaithfulnessEvaluator,
)
from llama_index.core.evaluation.eval_utils import default_parser

from evals import DEFAULT_JUDGE
from evals.gold import GoldCase
from evals.hand_labels import Cases, HandLabel, Labels, label_key
from evals.layers.cases import OnProgress, says
from evals.metrics import is_right
from evals.results import Row, Section
from index.catalogue import DEFAULT_LANGUAGE_MODEL
from index.errors import SettingsError
from index.settings import Settings
from qa.models.served import ServedModel, open_embedded
from qa.reply import is_refusal

CONTEXT_TOKENS = 4096
REPLY_TOKENS = 64  # the verdict comes first; the reasons after it may be cut off
LOWEST, HIGHEST = 1, 5  # the scale of CorrectnessEvaluator
YES_OR_NO = re.compile(r"\b(?:yes|no)\b", re.IGNORECASE)

BY_HAND = "by-hand"  # the system whose answers the labels are about
LABELS = "labels"
log = logging.getLogger(__name__)


def open_judge(
    settings: Settings, name: str = DEFAULT_JUDGE, *, under_test: str | None = None
) -> ServedModel:
    """The judge, embedded whoever answers. `under_test` is the model that does, where it is known.

    Raises SettingsError where it is the model under test, ModelFileError where it isn't fetched.
    """
    default = "" if settings.backend == "ollama" else DEFAULT_LANGUAGE_MODEL
    if _plain_name(under_test or settings.model or default) == _plain_name(name):
        raise SettingsError(
            f"{name} is the model under test and can't judge its own answers. "
            "Name another judge; to see which there are, run: dateline models list"
        )
    update = {
        "backend": "embedded",
        "model": name,
        "embedded": settings.embedded.model_copy(update={"context_tokens": CONTEXT_TOKENS}),
        "generation": settings.generation.model_copy(update={"answer_tokens": REPLY_TOKENS}),
    }
    return open_embedded(settings.model_copy(update=update))


def _plain_name(model: str) -> str:
    """Family, kind and size of a model, alike however a backend or a file spells them."""
    path = r"[/\\:]" if model.endswith(".gguf") else "/"
    name = re.split(path, model)[-1].removesuffix(".gguf").casefold()
    return re.sub(r"[-_:]+", "-", re.sub(r"[-.:](?:i?q\d\w*|latest|instruct)\b", "", name))


def measure_judge(
    answers: Section, judge: ServedModel, *, labels: Labels, on_progress: OnProgress
) -> Section:
    """The judge's verdicts on the rows of an answers section, by the side of the strict measure's.

    A row that failed stays failed: there is no answer in it. Raises ModelError, before the first
    row, where the judge can't be loaded.
    """
    asker = _Asker(judge)
    rows: list[Row] = []
    for row in answers.rows:
        rows.append(_judge_row(row, asker, labels, gold=answers.gold))
        on_progress(len(rows), len(answers.rows), rows[-1])
    return Section("judge", answers.gold, answers.system, answers.articles, tuple(rows))


def judge_labels(
    judge: ServedModel, labels: Labels, cases: Cases, *, on_progress: OnProgress
) -> Section:
    """The judge's verdicts on the answers that have labels: no model has to give these first.

    Raises ModelError, before the first of them, where the judge can't be loaded.
    """
    asker = _Asker(judge)
    case_of = {(name, each.id): each for name, gold in cases.items() for each in gold}
    count: Counter[str] = Counter()
    rows: list[Row] = []
    for label in labels.values():
        name = f"{label.gold}/{label.id}"
        count[name] += 1
        case = case_of[label.gold, label.id]
        rows.append(_judge_label(f"{name}/{count[name]}", case, label, asker))
        on_progress(len(rows), len(labels), rows[-1])
    return Section("judge", LABELS, BY_HAND, 0, tuple(rows))


@dataclass(frozen=True, slots=True)
class _Answer:
    """All that the judge is told of an answer; `facts` in the spellings that are accepted."""

    questions: Sequence[str]  # the last is the one that was answered
    facts: Sequence[Sequence[str]]
    text: str
    refused: bool
    quotes: Sequence[str] = ()

    @property
    def reference(self) -> str:
        return says([list(dict.fromkeys(fact)) for fact in self.facts])


class _Asker:
    """Asks the judge about one answer at a time."""

    def __init__(self, judge: ServedModel) -> None:
        judge.load()
        self._name = judge.name
        self._correctness = CorrectnessEvaluator(judge.llm, parser_function=read_score)
        self._faithfulness = FaithfulnessEvaluator(judge.llm)

    def judge(self, answer: _Answer) -> tuple[dict[str, float | None], dict[str, Any]]:
        """The judge's columns, and for the reader what it was told and said."""
        details = {
            "question": answer.questions[-1],
            "reference": answer.reference,
            "text": answer.text,
            "judge": self._name,
        }
        if answer.refused or not answer.facts:
            return {"judged_right": float(answer.refused and not answer.facts)}, details
        started = time.perf_counter()
        correct = self._ask_if_correct(answer)
        faithful = self._ask_if_faithful(answer) if answer.quotes else None
        asked = [each for each in (correct, faithful) if each is not None]
        values = {
            "judged_right": correct.passing,
            "model_judged_right": correct.passing,  # where no rule did
            "judged_score": correct.score,
            "judged_faithful": faithful.passing if faithful else None,
            "unreadable": any(each.passing is None for each in asked),
            "seconds": round(time.perf_counter() - started, 3),
        }
        numbers = {name: None if each is None else float(each) for name, each in values.items()}
        return numbers, {**details, "judge_said": [each.feedback for each in asked]}

    def _ask_if_correct(self, answer: _Answer) -> EvaluationResult:
        query = "\n".join(answer.questions)
        return _run(self._correctness.aevaluate(query, answer.text, reference=answer.reference))

    def _ask_if_faithful(self, answer: _Answer) -> EvaluationResult:
        result = _run(self._faithfulness.aevaluate(None, answer.text, answer.quotes))
        return result.model_copy(update={"passing": read_faithful(result)})


def _run(evaluation: Coroutine[Any, Any, EvaluationResult]) -> EvaluationResult:
    """What comes of an evaluation; where it fails, a result without a verdict that says why."""
    try:
        # Not `evaluate`: it would leave an event loop open, and run twice where the model fails.
        return asyncio.run(evaluation)
    except Exception as error:  # noqa: BLE001 - one case is an edge: the others go on
        log.warning("The judge gave no verdict.", exc_info=True)
        return EvaluationResult(feedback=f"{type(error).__name__}: {error}")


def read_score(reply: str) -> tuple[float | None, str]:
    """Score and reasons as LlamaIndex reads them; reasons may be missing.

    No score where it isn't on the scale: then the whole reply stands for the reasons.
    """
    score, reasons = default_parser(f"{reply.strip()}\n")
    if score is None or not LOWEST <= score <= HIGHEST:
        return None, reply
    return score, (reasons or "").strip()


def read_faithful(result: EvaluationResult) -> bool | None:
    """The verdict of FaithfulnessEvaluator; None where its reply doesn't bear it out.

    It looks for "yes" anywhere, in "yesterday" too, and takes all else for a no.
    """
    said = YES_OR_NO.search(result.feedback or "")
    if said is None or (said[0].casefold() == "yes") != result.passing:
        return None
    return result.passing


def _judge_row(row: Row, asker: _Asker, labels: Labels, *, gold: str) -> Row:
    if row.failure is not None:
        return Row(row.id, row.kind, {"judged_right": 0.0}, row.details, row.failure)
    told = row.details
    answer = _Answer(
        questions=(*told["history"], told["question"]),
        facts=told["answers"],
        text=told["text"],
        refused=row.values["refused"] == 1,
        quotes=[each["quote"] for each in told["citations"]],
    )
    values, details = asker.judge(answer)
    label = labels.get(label_key(gold, row.id, answer.text))
    hand_right = float(label.right) if label else None
    values |= {"right": row.values["right"], "hand_right": hand_right}
    return Row(row.id, row.kind, values, details)


def _judge_label(name: str, case: GoldCase, label: HandLabel, asker: _Asker) -> Row:
    refused = is_refusal(label.answer)
    answer = _Answer(
        questions=(*case.history, case.question),
        facts=[[str(each) for each in fact] for fact in case.answers],
        text=label.answer,
        refused=refused,
    )
    values, details = asker.judge(answer)
    facts, forbidden = case.answers, case.must_not_say
    right = is_right(label.answer, refused=refused, facts=facts, must_not_say=forbidden)
    values |= {"right": float(right), "hand_right": float(label.right)}
    return Row(name, case.kind, values, {**details, "note": label.note})
