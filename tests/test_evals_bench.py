"""The benchmarks' own parts; what they measure is measured by running them."""

import json
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import ScriptedLLM, WordEmbedder, scripted_model
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, ChatResponseGen
from made_cases import CAPTAIN, PASSENGERS, PRICE, REFUSAL, RIGHT

import evals.bench
import evals.bench.ablation
import qa.retrieve
from evals.bench import ablation, answers
from evals.bench.answers import Timed, Timings, open_metered, summarise, time_cases
from evals.bench.cancel import Cancellation, render
from evals.bench.cold import ColdStart, time_command
from evals.bench.latency import measure_answers, render_cold, render_latency
from evals.bench.meter import Cost, MeteredLLM
from evals.bench.questions import load_questions
from evals.bench.switches import AS_IT_IS, SWITCHES, Switch
from evals.gold import GoldSet
from evals.metrics import Share
from index.errors import InputError
from index.settings import Settings
from qa.desk import Desk, finish
from qa.engine import AnswerEngine
from qa.models.served import ServedModel
from qa.query import Query


def test_questions_are_read_as_batches_and_gold_lines_are(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text(
        '{"id": 1, "question": "Who?", "kind": "fact"}\n\n'
        '{"id": "b", "question": "When?", "history": ["Who?"], "as_of": "2025-03-04"}\n',
        encoding="utf-8",
    )
    first, second = load_questions(path)
    assert (first.id, first.question, first.history, first.as_of) == ("1", "Who?", (), None)
    assert second.history == ("Who?",)
    assert second.as_of is not None
    assert second.as_of.isoformat() == "2025-03-04"


@pytest.mark.parametrize("line", ["{", '{"id": "a"}', "[]", '{"question": "?", "as_of": "x"}'])
def test_a_line_that_is_no_question_is_named(line: str, tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text(f"{line}\n", encoding="utf-8")
    with pytest.raises(InputError, match="line 1"):
        load_questions(path)


def test_a_file_without_questions_is_refused(tmp_path: Path) -> None:
    (tmp_path / "none.jsonl").write_text("\n", encoding="utf-8")
    with pytest.raises(InputError, match="no questions"):
        load_questions(tmp_path / "none.jsonl")


def test_a_refusal_without_a_model_call_has_no_prompt(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk("The Aurelia left with 212 passengers.")
    answers = [
        desk.ask("How many passengers were aboard the Aurelia?"),
        desk.ask("Who is Zebulon Quartermain?"),
    ]
    measured = measure_answers(answers)
    assert len(measured["total_seconds"]) == 2
    assert measured["prompt_tokens"] == [100]


def test_the_table_has_a_row_for_each_figure() -> None:
    table = render_latency({"total_seconds": [3.0, 1.0, 2.0], "prompt_tokens": []})
    assert re.search(r"^total seconds +3 +2 +3 +3$", table, re.MULTILINE)
    assert re.search(r"^prompt tokens +0 +– +– +–$", table, re.MULTILINE)


@pytest.mark.parametrize(
    ("cold", "said"),
    [
        (ColdStart(problem="it ended with 1: no"), "not measured, it ended with 1: no"),
        (ColdStart(1.0, 9.0, 9.5), "first output 1.0 s, answer 9.0 s, end 9.5 s"),
        (ColdStart(1.0, None, 9.5), "first output 1.0 s, answer –, end 9.5 s"),
    ],
)
def test_the_command_line_is_told_in_words(cold: ColdStart, said: str) -> None:
    assert said in render_cold(cold)


def test_a_command_that_fails_is_not_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "python"
    script.write_text("#!/bin/sh\necho 'no articles here' >&2\nexit 1\n", encoding="utf-8")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    assert time_command(tmp_path, "Who?").problem == "it ended with 1: no articles here"


def test_the_time_to_free_is_closing_and_waiting() -> None:
    found = [Cancellation("reading", 0.5, 0.25), Cancellation("reading", 1.0, 0.5)]
    assert re.search(r"^reading +2 +1\.12 +1\.50$", render(found), re.MULTILINE)


# Whole answers next to the engine's


class CachingLLM(ScriptedLLM):
    """Says of each prompt, as llama.cpp does, how much of it was in the cache."""

    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        response = super().chat(messages, **kwargs)
        response.raw = {"usage": {"prompt_tokens": 1500, "completion_tokens": 5}} | cached(300)
        return response

    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        responses = super().stream_chat(messages, **kwargs)

        def counted() -> ChatResponseGen:
            for response in responses:
                if "usage" in response.raw:
                    details = {"prompt_tokens_details": {"cached_tokens": 60}}
                    response.raw["usage"] |= details
                yield response

        return counted()


def cached(tokens: int) -> dict[str, Any]:
    return {"timings": {"cache_n": tokens}}


def model_of(llm: ScriptedLLM) -> ServedModel:
    return replace(scripted_model(), llm=llm, context_tokens=4096)


def open_with(settings: Settings, *replies: str) -> tuple[Desk, Any, CachingLLM]:
    llm = CachingLLM(replies=list(replies))
    desk, meter = open_metered(settings, lambda _: model_of(llm), WordEmbedder())
    return desk, meter, llm


def test_the_engine_is_asked_what_the_model_answered(settings: Settings) -> None:
    desk, meter, llm = open_with(settings, RIGHT, "It had 212 passengers [1].", REFUSAL)
    timings = time_cases(desk, meter, [PASSENGERS, PRICE])
    assert llm.replies == []
    assert timings.refused == [PRICE.id]
    (timed,) = timings.answered
    assert timed.id == PASSENGERS.id
    assert (timed.dateline.calls, timed.dateline.prompt_tokens) == (1, 100)
    assert timed.dateline.read_tokens == 100 - 60
    assert timed.engine.read_tokens == 1500 - 300
    assert timed.dateline.seconds > 0
    assert len(timings.extract_seconds) == 2
    ours, theirs, _ = (" ".join(str(each.content) for each in every) for every in llm.prompts)
    assert PASSENGERS.question in ours
    assert "Source 1:" in theirs
    assert PASSENGERS.question in theirs


def test_a_backend_that_tells_no_cached_tokens_leaves_them_unknown(settings: Settings) -> None:
    model = replace(scripted_model(RIGHT, "212."), context_tokens=4096)
    desk, meter = open_metered(settings, lambda _: model, WordEmbedder())
    (timed,) = time_cases(desk, meter, [PASSENGERS]).answered
    assert timed.dateline == replace(timed.dateline, prompt_tokens=100, read_tokens=None)
    assert summarise(Timings([timed]))["dateline_median_read_tokens"] is None


def test_a_question_that_fails_is_left_out_and_named(settings: Settings) -> None:
    desk, meter, _ = open_with(settings, RIGHT, "212.")
    bad = replace(PASSENGERS, id="bad", question=" ")
    timings = time_cases(desk, meter, [bad, PASSENGERS])
    assert timings.failed == ["bad"]
    assert len(timings.answered) == 1


def test_figures_are_of_what_both_answered() -> None:
    timed = [
        Timed(str(n), Cost(n, 1, 300, 100 + n), Cost(6.0 * n, 2, 1400, 1000)) for n in (1, 2, 3, 8)
    ]
    figures = summarise(Timings(timed, refused=["r"], extract_seconds=[0.1, 0.3, 0.2]))
    assert figures["dateline_median_seconds"] == 2
    assert figures["dateline_p95_over_median"] == 8 / 2
    assert figures["times_faster"] == 6
    assert figures["dateline_most_read_tokens"] == 108
    assert (figures["dateline_mean_calls"], figures["engine_most_calls"]) == (1, 2)
    assert (figures["extract_median_seconds"], figures["extract_most_seconds"]) == (0.2, 0.3)
    table = answers.render(figures)
    assert re.search(r"^median seconds +2 +12$", table, re.MULTILINE)
    assert re.search(r"^refused +1$", table, re.MULTILINE)
    assert summarise(Timings())["times_faster"] is None


def test_the_command_writes_its_figures(
    articles: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evals.bench, "RESULTS", tmp_path / "results")
    monkeypatch.setattr("evals.references.__main__.STORES", tmp_path / "stores")
    gold = write_gold(tmp_path)
    code = answers.main(
        ["--articles", str(articles), "--gold", str(gold), "--limit", "1"],
        model_factory=lambda _: model_of(CachingLLM(replies=[RIGHT, "212."])),
        embedder=WordEmbedder(),
    )
    assert code == 0
    written = json.loads((tmp_path / "results" / "answers.json").read_text(encoding="utf-8"))
    assert written["figures"]["answered"] == len(written["answered"]) == 1
    assert written["answered"][0]["engine"]["prompt_tokens"] == 1500


def write_gold(folder: Path) -> Path:
    path = folder / "made.jsonl"
    case = {
        "id": PASSENGERS.id, "kind": "fact", "question": PASSENGERS.question,
        "answers": [["212"]],
        "evidence": [{"article": "ferry.md", "quote": "with 212 passengers"}],
    }  # fmt: skip
    path.write_text(f"{json.dumps(case)}\n", encoding="utf-8")
    return path


def test_closing_a_metered_stream_stops_the_model() -> None:
    inner = ScriptedLLM(replies=["One two three."])
    stream = MeteredLLM(inner=inner).stream_chat([])
    next(stream)
    stream.close()
    assert inner.closed_early


# The ablation


def engine_of(desk: Desk, switch: Switch) -> AnswerEngine:
    settings = switch.applied(desk.settings)
    return AnswerEngine(desk.corpus, desk.library.embedder, lambda: desk.model, settings)


@pytest.mark.parametrize("switch", SWITCHES, ids=lambda switch: switch.name)
def test_every_stage_can_be_turned_off_and_comes_back(
    switch: Switch, make_desk: Callable[..., Desk]
) -> None:
    """A part that no longer has the name of its switch fails here."""
    desk = make_desk(*[RIGHT] * 4)
    engine = engine_of(desk, switch)
    assert switch.parts(engine) or switch.settings or switch.without_options
    before = [getattr(target, name) for target, name, _ in switch.parts(engine)]
    with switch.turned_off(engine):
        during = [getattr(target, name) for target, name, _ in switch.parts(engine)]
        answer = finish(engine.stream(Query(PASSENGERS.question)))
    assert answer.finished
    assert [a == b for a, b in zip(before, during, strict=True)] == [False] * len(before)
    assert [getattr(target, name) for target, name, _ in switch.parts(engine)] == before


def test_a_part_that_is_gone_is_an_error(make_desk: Callable[..., Desk]) -> None:
    engine = engine_of(make_desk(), AS_IT_IS)
    gone = Switch("gone", parts=lambda _: ((qa.retrieve, "no_such_stage", None),))
    with pytest.raises(AttributeError, match="no_such_stage"), gone.turned_off(engine):
        pass


def test_the_model_is_asked_only_where_its_prompt_changes(
    articles: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the early refusal it is asked once more, without comparing not at all."""
    monkeypatch.setattr(evals.bench, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(evals.bench.ablation, "WORK", tmp_path / "work")
    gold = write_gold(tmp_path)
    unknown = {"id": "u", "kind": "unanswerable", "question": "Who is Zebulon Quartermain?"}
    with gold.open("a", encoding="utf-8") as file:
        file.write(f"{json.dumps(unknown)}\n")
    monkeypatch.setitem(evals.gold.NAMED_SETS, "town", GoldSet("town", gold, articles))
    llm = ScriptedLLM(replies=[RIGHT, "Zebulon Quartermain is the mayor."])
    code = ablation.main(
        ["--gold", "town", "--only", "comparing", "--only", "early refusal"],
        model_factory=lambda _: model_of(llm),
        embedder=WordEmbedder(),
    )
    assert code == 0
    assert len(llm.prompts) == 2
    written = json.loads((tmp_path / "results" / "ablation.json").read_text(encoding="utf-8"))
    assert [line["off"] for line in written["lines"]] == ["nothing", "early refusal", "comparing"]
    assert [line["right"]["value"] for line in written["lines"]][0] == 1
    assert written["sets"] == {"town": [PASSENGERS.id, "u"]}


def test_a_follow_up_is_asked_after_what_came_before(
    make_desk: Callable[..., Desk], tmp_path: Path
) -> None:
    store = ablation.ReplyStore(tmp_path / "replies.sqlite")
    desk = make_desk()
    llm = ScriptedLLM(replies=["The Aurelia left Port Hale on Monday."] * 3)
    remembered = ablation.RememberedModel(model_of(llm), desk.settings, store)
    field = ablation.Field("made", desk, (CAPTAIN,))
    ((outcome,), *_) = [ablation.measure(AS_IT_IS, [field], remembered)]
    store.close()
    assert "Which ferry" in str(llm.prompts[0][-1].content)
    assert len(llm.prompts) > 1
    assert (outcome.id, outcome.right) == (f"made/{CAPTAIN.id}", False)


def test_a_line_says_what_was_lost_and_won() -> None:
    def outcome(name: str, *, right: bool, refused: bool, seconds: float) -> ablation.Outcome:
        return ablation.Outcome(name, right, not name.startswith("u"), refused, seconds)

    whole = [
        outcome("a", right=True, refused=False, seconds=1.0),
        outcome("b", right=False, refused=True, seconds=2.0),
        outcome("u", right=True, refused=True, seconds=0.1),
    ]
    without = [
        outcome("a", right=False, refused=True, seconds=3.0),
        outcome("b", right=True, refused=False, seconds=2.0),
        outcome("u", right=False, refused=False, seconds=4.0),
    ]
    first, line = ablation.summarise({"nothing": whole, "reranking": without})
    assert (first.lost, first.won, first.median_seconds) == (0, 0, 1.0)
    assert (line.lost, line.won) == (2, 1)
    assert line.right == Share(1, 3)
    assert line.refused == Share(0, 1)
    assert line.falsely_refused == Share(1, 2)
    assert re.search(
        r"^reranking +33\.3% +2 +1 +0\.0% +50\.0% +3\.00$",
        ablation.render([first, line]),
        re.MULTILINE,
    )
