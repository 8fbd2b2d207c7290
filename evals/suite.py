"""A run: every layer over every gold set, next to the systems that it must beat.

L1 retrieval and L2 extract need no language model, so all questions are asked there, and once more
among distractors. L3 answers asks a stratified choice of them unless the run is a full one.
"""

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from evals import EVALS
from evals.cache import AnswerCache
from evals.distractors import write_distractors
from evals.fingerprint import fingerprint
from evals.gold import BRIEFS, GOLD_SETS, TOWN, GoldSet
from evals.hand_labels import HAND_LABELS, Cases, Labels, load_hand_labels
from evals.layers import measure_answers, measure_extract, measure_retrieval
from evals.layers.extract import Find
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
    bench = Bench(plan, settings, on_progress, model_factory, embedder)
    started, clock = datetime.now(UTC), time.perf_counter()
    sections = [section for gold in plan.gold for section in bench.measure(gold)]
    return Run(
        name=f"{started:%Y%m%d-%H%M%S}-{bench.backend}",
        started=started,
        seconds=round(time.perf_counter() - clock, 1),
        backend=bench.backend,
        model=bench.model_name,
        seed=settings.generation.seed,
        settings=settings.model_dump(mode="json"),
        machine=describe_machine(),
        sections=(*sections, *bench.judge(sections)),
    )


class Bench:
    """Measures what a plan asks for; its desks share one language model and one embedder."""

    def __init__(
        self,
        plan: Plan,
        settings: Settings,
        on_progress: OnProgress,
        model_factory: OpenModel,
        embedder: Embedder | None,
    ) -> None:
        """Read every file that people wrote, and look for the judge. No model is loaded yet."""
        self._plan, self._settings, self._on_progress = plan, settings, on_progress
        self._factory, self._embedder = model_factory, embedder
        self._model: ServedModel | None = None
        self._cases = {each.name: each.load() for each in plan.gold}
        self._stored = {
            each.name: StoredAnswers(ANSWERS / f"{each.name}.jsonl") for each in plan.gold
        }
        self._judge = self._find_judge(plan.judge) if plan.judge is not None else None

    @property
    def backend(self) -> str:
        """Who runs the language model; "none" where it wasn't needed."""
        return self._model.backend if self._model else "none"

    @property
    def model_name(self) -> str:
        """The language model; "none" where it wasn't needed."""
        return self._model.name if self._model else "none"

    def measure(self, gold: GoldSet) -> list[Section]:
        """The sections of one gold set."""
        layers = self._plan.layers
        desk = self._open(gold.articles, store=gold.name)
        sections: list[Section] = []
        if "retrieval" in layers:
            sections += self._rank(gold, desk, gold.name)
            for folder in self._crowds(gold):
                crowded = self._open(folder, store=folder.name)
                sections += self._rank(gold, crowded, folder.name)
        if "extract" in layers:
            sections += self._extract(gold, desk)
        if "answers" in layers:
            sections += self._answer(gold, desk)
        return sections

    def judge(self, sections: Sequence[Section]) -> list[Section]:
        """What the judge makes of Dateline's answers, and of those that people have labelled."""
        if self._judge is None:
            return []
        from evals.layers import judge as layer  # noqa: PLC0415 - LlamaIndex's evaluators are slow

        model, labels, cases = self._judge
        tell = self._telling("judge, hand labels")
        judged = [layer.judge_labels(model, labels, cases, on_progress=tell)]
        for each in sections:
            if (each.layer, each.system) == ("answers", DATELINE):
                tell = self._telling(f"{each.gold}: judge")
                judged.append(layer.measure_judge(each, model, labels=labels, on_progress=tell))
        return judged

    def _find_judge(self, name: str) -> tuple[ServedModel, Labels, Cases]:
        from evals.layers.judge import open_judge  # noqa: PLC0415

        cases = {each.name: each.load() for each in GOLD_SETS.values()}
        labels = load_hand_labels(HAND_LABELS, cases=cases)
        under_test = self._open_model(self._settings).name
        return open_judge(self._settings, name, under_test=under_test), labels, cases

    def _rank(self, gold: GoldSet, desk: Desk, place: str) -> list[Section]:
        """Dateline's ranking, and what it must beat."""
        sections = []
        for system, weight in {DATELINE: None, **RANKINGS}.items():
            retrieval = desk.settings.retrieval
            if weight is not None:
                alone = {"lexical_weight": weight, "rerank_passages": 0}
                retrieval = retrieval.model_copy(update=alone)
            section = measure_retrieval(
                desk,
                self._cases[gold.name],
                gold=gold.name,
                on_progress=self._telling(f"{gold.name}: retrieval, {system}, {place}"),
                settings=retrieval,
            )
            sections.append(replace(section, system=system))
        return sections

    def _extract(self, gold: GoldSet, desk: Desk) -> list[Section]:
        """What is shown first, and what it must beat."""
        finders: dict[str, Find | None] = {DATELINE: None}
        if self._plan.references:
            finders["bm25-first-sentence"] = FirstSentence(desk).extract
        return [
            replace(
                measure_extract(
                    desk,
                    self._cases[gold.name],
                    gold=gold.name,
                    on_progress=self._telling(f"{gold.name}: extract, {system}"),
                    find=find,
                ),
                system=system,
            )
            for system, find in finders.items()
        ]

    def _answer(self, gold: GoldSet, desk: Desk) -> list[Section]:
        """Dateline's answers, and those of the systems that they must beat."""
        cases = self._cases[gold.name]
        if not self._plan.full:
            cases = take_stratified(cases, most=MOST_ANSWERS.get(gold.name, len(cases)))
        cache = AnswerCache(WORK / "answers", fingerprint(desk))
        tell = self._telling(f"{gold.name}: answers")
        sections = [measure_answers(desk, cases, gold=gold.name, cache=cache, on_progress=tell)]
        for name in REFERENCES if self._plan.references else ():
            tell = self._telling(f"{gold.name}: {name}")
            stored = self._stored[gold.name]
            section = measure_reference(
                name, desk, cases, gold=gold.name, answers=stored, on_progress=tell
            )
            sections += [section] if section.rows else []
        return sections

    def _crowds(self, gold: GoldSet) -> Iterator[Path]:
        """The gold articles among distractors, written anew: with public data on top, if any."""
        count = self._plan.distractors
        for data in dict.fromkeys((None, self._plan.data)) if count else ():
            folder = WORK / "among" / f"{gold.name}-among-{count}{'-and-public' if data else ''}"
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(gold.articles, folder)
            write_distractors(folder, count=count, data=data)
            yield folder

    def _open(self, articles: Path, *, store: str) -> Desk:
        """A desk over this folder, in line with it. `store` names its store among the evals'."""
        changed = {"articles": articles.resolve(), "store": str(WORK / "stores" / store)}
        settings = self._settings.model_copy(update=changed)
        desk = Desk(settings, embedder=self._embedder, model_factory=self._open_model)
        desk.refresh()
        self._embedder = desk.library.embedder
        return desk

    def _open_model(self, settings: Settings) -> ServedModel:
        if self._model is None:
            self._model = self._factory(settings)
        return self._model

    def _telling(self, section: str) -> Callable[[int, int, Row], None]:
        return lambda done, total, row: self._on_progress(section, done, total, row)
