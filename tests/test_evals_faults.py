"""A deliberate fault makes the evals fail, and what they say names its symptom.

The model is an oracle: it answers each gold question with its gold evidence and refuses the rest,
so that a run without a fault keeps every floor that is committed, and what a run with one loses is
lost to the fault.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import ScriptedLLM, scripted_model
from llama_index.core.base.llms.types import ChatMessage, ChatResponseGen

from evals.baseline import Level, Problem, find_problems, load_levels, make_level
from evals.gold import BRIEFS, GoldCase
from evals.layers import measure_answers, measure_retrieval
from evals.machine import describe_machine
from evals.results import Run, Section
from index.settings import load_settings
from qa.answer import Citation
from qa.desk import Desk
from qa.evidence import EvidenceSentence
from qa.models.served import ServedModel
from qa.prompt import NOT_IN_ARTICLES
from qa.retrieve import HybridRetriever, Ranking
from qa.review import Reviewer
from qa.sources import Sources

pytestmark = pytest.mark.model

MOST_OF_A_KIND = 12
SECTIONS = ("retrieval/briefs/dateline/5", "answers/briefs/dateline/5")
Levels = tuple[Level, ...]
Measure = Callable[..., Run]


class Oracle(ScriptedLLM):
    """Answers from the gold evidence. With `answers_all` it never refuses."""

    cases: list[Any]
    answers_all: bool = False

    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        prompt = messages[-1].content or ""
        case = next(each for each in self.cases if each.question in prompt)
        reply = NOT_IN_ARTICLES
        if case.answers:
            reply = " ".join(f"{each.quote.rstrip('.')}." for each in case.evidence[:1])
        elif self.answers_all:
            first = next(line for line in prompt.splitlines() if line.startswith("Article 1"))
            reply = first.partition(": ")[2].partition(". ")[0].rstrip(".") + "."
        self.replies.append(reply)
        return super().stream_chat(messages, **kwargs)


def oracle(*, answers_all: bool = False) -> ServedModel:
    llm = Oracle(replies=[], cases=list(CASES), answers_all=answers_all)
    return replace(scripted_model(), llm=llm, name="oracle")


def _cases() -> tuple[GoldCase, ...]:
    """Single facts, and questions without an answer."""
    cases = BRIEFS.load()
    facts = [case for case in cases if case.kind == "fact"]
    unanswerable = [case for case in cases if case.kind == "unanswerable"]
    return (*facts[:MOST_OF_A_KIND], *unanswerable[:MOST_OF_A_KIND])


CASES = _cases()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture
def measure(store: Path) -> Measure:
    """Measures a layer with the oracle, as `pytest evals/` does with the model."""

    def measured(*, answers_all: bool = False, retrieval: bool = False) -> Run:
        settings = load_settings(
            articles=BRIEFS.articles, store=str(store), backend="embedded", model="oracle"
        )
        model = oracle(answers_all=answers_all)
        desk = Desk(settings, model_factory=lambda _: model)
        desk.refresh()
        tell = {"gold": BRIEFS.name, "on_progress": lambda done, total, row: None}
        answers = measure_answers(desk, CASES, cache=None, **tell)
        ranked = [measure_retrieval(desk, BRIEFS.load(), **tell)] if retrieval else []
        return make_run(answers, *ranked)

    return measured


@pytest.fixture(scope="module")
def levels() -> tuple[Level, ...]:
    """The committed levels as if the oracle had set them: the floors are what counts here."""
    return tuple(
        replace(level, backend=None, model=None, won={})
        for level in load_levels()
        if level.section in SECTIONS
    )


def make_run(*sections: Section) -> Run:
    return Run(
        name="faulty", started=datetime.now(UTC), seconds=0, backend="embedded", model="oracle",
        seed=7, settings={}, machine=describe_machine(), sections=sections,
    )  # fmt: skip


def words_of(problems: Sequence[Problem]) -> str:
    return "\n".join(problem.words for problem in problems)


def test_without_a_fault_every_floor_is_kept(measure: Measure, levels: Levels) -> None:
    assert words_of(find_problems(measure(retrieval=True), levels)) == ""


def test_offsets_shifted_by_one(
    measure: Measure, levels: Levels, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Sources.citation

    def shifted(self: Sources, span: EvidenceSentence, number: int | None) -> Citation:
        citation = real(self, span, number)
        return replace(citation, start=citation.start + 1, end=citation.end + 1)

    monkeypatch.setattr(Sources, "citation", shifted)
    problems = find_problems(measure(), levels)
    assert "some quotes are not the words of their articles" in words_of(problems)


def test_citations_shifted_to_the_next_source(
    measure: Measure, levels: Levels, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Sources.citation

    def shifted(self: Sources, span: EvidenceSentence, number: int | None) -> Citation:
        articles = sorted(self._corpus.articles)
        other = articles[(articles.index(span.article_id) + 1) % len(articles)]
        passage = next(each for each in self._corpus.passages if each.article_id == other)
        words = replace(span, article_id=other, start=passage.start, end=passage.end)
        return real(self, words, number)

    monkeypatch.setattr(Sources, "citation", shifted)
    words = words_of(find_problems(measure(), levels))
    assert "first citations lead to articles that don't have the answer" in words
    assert "citations don't carry the sentences that they stand at" in words


def test_retrieval_of_random_passages(
    measure: Measure, levels: Levels, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = HybridRetriever.rank
    drawn = random.Random(7)

    def rank(self: HybridRetriever, question: str, *others: Any, **named: Any) -> Ranking:
        passages = drawn.sample(real(self, question, 10_000).passages, k=8)
        return replace(real(self, question, *others, **named), passages=tuple(passages))

    monkeypatch.setattr(HybridRetriever, "rank", rank)
    words = words_of(find_problems(measure(retrieval=True), levels))
    assert "the passages found don't hold the evidence" in words


def test_refusals_switched_off(
    measure: Measure, levels: Levels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa.engine._Run._refuse_early", lambda self, scored: None)
    monkeypatch.setattr(Reviewer, "_misses", lambda self, sentence, spans, question: None)
    problems = find_problems(measure(answers_all=True), levels)
    at_fault = next(each for each in problems if "say nothing about" in each.words)
    assert {row.kind for row in at_fault.rows} == {"unanswerable"}


def test_a_step_back_within_the_floors_is_seen(measure: Measure) -> None:
    run = measure()
    (section,) = run.sections
    level = make_level(section, run, floors={}, note="")
    lost = [row.id for row in section.rows if row.values["right"] == 1][:8]
    rows = tuple(
        replace(row, values={**row.values, "right": 0.0}) if row.id in lost else row
        for row in section.rows
    )
    worse = make_run(replace(section, rows=rows))
    assert find_problems(run, (level,)) == ()
    (problem,) = find_problems(worse, (level,))
    assert "more questions went from right to wrong than chance allows: 8 lost" in problem.words
    assert [row.id for row in problem.rows] == lost
