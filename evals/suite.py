"""A run: every layer over every gold set, next to the systems that it must beat.

L1 retrieval and L2 extract need no language model, so all questions are asked there, and once more
among distractors. L3 answers asks a stratified choice of them unless the run is a full one.
"""

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from evals import EVALS
from evals.cache import AnswerCache
from evals.distractors import write_distractors
from evals.fingerprint import fingerprint
from evals.gold import BRIEFS, GOLD_SETS, TOWN, GoldCase, GoldSet
from evals.hand_labels import HAND_LABELS, load_hand_labels
from evals.layers import measure_answers, measure_extract, measure_retrieval
from evals.machine import describe_machine
from evals.references import ANSWERS, REFERENCES, StoredAnswers, measure_reference
from evals.references.systems import FirstSentence
from evals.results import DATELINE, Layer, Row, Run, Section
from evals.sample import take_stratified
from index.embedding import Embedder
from index.settings import Settings
from qa.desk import Desk
from qa.models.served import ServedModel, open_model

WORK = EVALS.parent / ".dateline" / "evals"
LAYERS: tuple[Layer, ...] = ("retrieval", "extract", "answers")
MOST_ANSWERS = {"briefs": 34, "town": 12}  # what two cores answer in some six minutes
DISTRACTORS = 300
# What the fused ranking has to beat: each of its halves alone.
RANKINGS = {"bm25": 1.0, "vectors": 0.0}

OnProgress = Callable[[str, int, int, Row], None]
OpenModel = Callable[[Settings], ServedModel]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run measures.

    `distractors` is how many other articles L1 is measured among again, `data` a folder of public
    data for more of them. `judge` names a model that judges the answers (L4).
    """

    layers: tuple[Layer, ...] = LAYERS
    gold: tuple[GoldSet, ...] = (BRIEFS, TOWN)
    full: bool = False
    distractors: int = DISTRACTORS
    references: bool = True
    data: Path | None = None
    judge: str | None = None


def run_plan(
    plan: Plan,
    settings: Settings,
    *,
    on_progress: OnProgress = lambda section, done, total, row: None,
    model_factory: OpenModel = open_model,
    embedder: Embedder | None = None,
) -> Run:
    """All sections of a plan. `settings` say which model answers; the folders are the sets' own.

    Every gold file is checked before anything slow begins. Raises GoldError, and DatelineError
    where nothing can be asked.
    """
    cases = {each.name: each.load() for each in plan.gold}
    started, clock = datetime.now(UTC), time.perf_counter()
    bench = Bench(settings, model_factory, embedder)
    sections: list[Section] = []
    for gold in plan.gold:
        sections += bench.measure(plan, gold, cases[gold.name], on_progress)
    if plan.judge is not None:
        sections += bench.judge(plan.judge, sections, on_progress)
    return Run(
        name=f"{started:%Y%m%d-%H%M%S}-{bench.backend}",
        started=started,
        seconds=round(time.perf_counter() - clock, 1),
        backend=bench.backend,
        model=bench.model_name,
        seed=settings.generation.seed,
        settings=settings.model_dump(mode="json"),
        machine=describe_machine(),
        sections=tuple(sections),
    )


class Bench:
    """Opens desks over folders; they share one language model and one embedder."""

    def __init__(
        self, settings: Settings, model_factory: OpenModel, embedder: Embedder | None
    ) -> None:
        """Nothing is opened yet."""
        self._settings, self._factory, self._embedder = settings, model_factory, embedder
        self._model: ServedModel | None = None

    @property
    def backend(self) -> str:
        """Who runs the language model; "none" where it wasn't needed."""
        return self._model.backend if self._model else "none"

    @property
    def model_name(self) -> str:
        """The language model; "none" where it wasn't needed."""
        return self._model.name if self._model else "none"

    def open(self, articles: Path, *, store: str, lexical_weight: float | None = None) -> Desk:
        """A desk over this folder, in line with it. `store` names its store among the evals'."""
        changed = {"articles": articles.resolve(), "store": str(WORK / "stores" / store)}
        settings = self._settings.model_copy(update=changed)
        if lexical_weight is not None:
            retrieval = settings.retrieval.model_copy(update={"lexical_weight": lexical_weight})
            settings = settings.model_copy(update={"retrieval": retrieval})
        desk = Desk(settings, embedder=self._embedder, model_factory=self._open_model)
        desk.refresh()
        self._embedder = desk.library.embedder
        return desk

    def measure(
        self, plan: Plan, gold: GoldSet, cases: tuple[GoldCase, ...], on_progress: OnProgress
    ) -> list[Section]:
        """The sections of one gold set."""
        desk = self.open(gold.articles, store=gold.name)
        sections: list[Section] = []
        if "retrieval" in plan.layers:
            sections += self._rankings(gold, gold.articles, gold.name, cases, on_progress)
            for data in (None, plan.data) if plan.data else (None,):
                if plan.distractors:
                    folder = self._crowd(gold, plan.distractors, data)
                    sections += self._rankings(gold, folder, folder.name, cases, on_progress)
        if "extract" in plan.layers:
            sections += self._extracts(plan, desk, gold, cases, on_progress)
        if "answers" in plan.layers:
            chosen = cases
            if not plan.full:
                chosen = take_stratified(cases, most=MOST_ANSWERS.get(gold.name, len(cases)))
            sections += self._answers(plan, desk, gold, chosen, on_progress)
        return sections

    def _extracts(
        self,
        plan: Plan,
        desk: Desk,
        gold: GoldSet,
        cases: tuple[GoldCase, ...],
        on_progress: OnProgress,
    ) -> list[Section]:
        tell = _telling(on_progress, f"{gold.name}: extract")
        sections = [measure_extract(desk, cases, gold=gold.name, on_progress=tell)]
        if plan.references:
            find = FirstSentence(desk).extract
            copied = measure_extract(desk, cases, gold=gold.name, on_progress=tell, find=find)
            sections.append(replace(copied, system="bm25-first-sentence"))
        return sections

    def judge(
        self, name: str, sections: Sequence[Section], on_progress: OnProgress
    ) -> list[Section]:
        """What a judge makes of Dateline's answers, and of those that people have labelled."""
        from evals.layers import judge as layer  # noqa: PLC0415 - LlamaIndex's evaluators are slow

        cases = {each.name: each.load() for each in GOLD_SETS.values()}
        labels = load_hand_labels(HAND_LABELS, cases=cases)
        model = layer.open_judge(self._settings, name, under_test=self.model_name)
        tell = _telling(on_progress, "judge, hand labels")
        judged = [layer.judge_labels(model, labels, cases, on_progress=tell)]
        for each in sections:
            if (each.layer, each.system) == ("answers", DATELINE):
                tell = _telling(on_progress, f"{each.gold}: judge")
                judged.append(layer.measure_judge(each, model, labels=labels, on_progress=tell))
        return judged

    def _rankings(
        self,
        gold: GoldSet,
        folder: Path,
        store: str,
        cases: Sequence[GoldCase],
        on_progress: OnProgress,
    ) -> list[Section]:
        """Dateline's ranking and each of its halves, over one folder."""
        sections = []
        for system, weight in {"dateline": None, **RANKINGS}.items():
            desk = self.open(folder, store=store, lexical_weight=weight)
            tell = _telling(on_progress, f"{gold.name}: retrieval, {system}, {store}")
            section = measure_retrieval(desk, cases, gold=gold.name, on_progress=tell)
            sections.append(replace(section, system=system))
        return sections

    def _answers(
        self,
        plan: Plan,
        desk: Desk,
        gold: GoldSet,
        cases: tuple[GoldCase, ...],
        on_progress: OnProgress,
    ) -> list[Section]:
        cache = AnswerCache(WORK / "answers", fingerprint(desk))
        tell = _telling(on_progress, f"{gold.name}: answers")
        sections = [measure_answers(desk, cases, gold=gold.name, cache=cache, on_progress=tell)]
        if plan.references:
            stored = StoredAnswers(ANSWERS / f"{gold.name}.jsonl")
            for name in REFERENCES:
                tell = _telling(on_progress, f"{gold.name}: {name}")
                sections.append(
                    measure_reference(
                        name, desk, cases, gold=gold.name, answers=stored, on_progress=tell
                    )
                )
        return [each for each in sections if each.rows]

    def _crowd(self, gold: GoldSet, count: int, data: Path | None) -> Path:
        """The gold articles among distractors, written anew. Public data come on top."""
        folder = WORK / "among" / f"{gold.name}-among-{count}{'-and-public' if data else ''}"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(gold.articles, folder)
        write_distractors(folder, count=count, data=data)
        return folder

    def _open_model(self, settings: Settings) -> ServedModel:
        if self._model is None:
            self._model = self._factory(settings)
        return self._model


def _telling(on_progress: OnProgress, section: str) -> Callable[[int, int, Row], None]:
    return lambda done, total, row: on_progress(section, done, total, row)
