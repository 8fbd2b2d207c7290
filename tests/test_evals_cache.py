"""Answers that are kept, and what makes them worthless."""

import dataclasses
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from conftest import REPOSITORY, ScriptedLLM
from made_cases import PASSENGERS, PRICE, REFUSAL, RIGHT

from evals.cache import AnswerCache, GivenAnswer
from evals.fingerprint import Ingredients, fingerprint, hash_code, ingredients_of
from evals.gold import GoldCase
from evals.layers import measure_answers
from evals.results import Row, Section
from index.errors import ModelError
from index.sections import (
    EmbeddedSettings,
    EvidenceSettings,
    GenerationSettings,
    PageSettings,
    RetrievalSettings,
)
from qa.answer import (
    Answer,
    ArticleReference,
    Citation,
    Disagreement,
    Extract,
    Sentence,
    Timings,
    Usage,
    Version,
)
from qa.desk import Desk

MakeDesk = Callable[..., Desk]

CITATION = Citation(
    1, "a1", "articles/ferry.md", "Ferry", None, "2025-03-03", "“212”", 7, 12, ("b2",)
)
FULL = Answer(
    question="How many?",
    standalone_question="How many passengers?",
    status="partial",
    text="There were “212”. [1]",
    sentences=(Sentence("There were “212”.", (1,), "partly", 0.5, (CITATION,)),),
    citations=(CITATION,),
    disagreements=(Disagreement("passengers", (Version("212", 1), Version("213", 1))),),
    extract=Extract("“212”", replace(CITATION, number=None)),
    reason="The articles don't state the rest.",
    closest=(ArticleReference("b2", "articles/cutter.txt", "Cutter", "The Hale Gazette", None),),
    finished=True,
    stale=True,
    trace={"steps": [{"name": "rank", "seconds": 0.1}]},
    as_of="2025-03-04",
    backend="embedded",
    model="scripted",
    index="abc",
    timings=Timings(0.1, 0.2, None, 1.25),
    usage=Usage(100, 7, 1),
    model_text="There were “212”.\nAnd \u2028 more.",
)


@pytest.fixture
def cache(tmp_path: Path) -> AnswerCache:
    return AnswerCache(tmp_path / "answers", "f1")


# What is kept


def test_no_field_of_an_answer_is_left_at_its_default() -> None:
    """So that the round trip below tries every one."""
    for each in (FULL, CITATION, *FULL.sentences, FULL.usage):
        for field in dataclasses.fields(each):
            assert getattr(each, field.name) not in (field.default, (), ""), field.name


def test_an_answer_comes_back_as_it_was(cache: AnswerCache) -> None:
    given = GivenAnswer(FULL, (replace(FULL, status="abstained", extract=None),), (CITATION,))
    cache.keep(PASSENGERS, given)
    assert cache.find(PASSENGERS) == given
    assert [each.suffix for each in cache.folder.iterdir()] == [".json"]


@pytest.mark.parametrize(
    ("changes", "is_found"),
    [
        ({"question": "How many passengers had the Aurelia?"}, False),
        ({"history": ("Which ferry left?",)}, False),
        ({"as_of": date(2025, 3, 4)}, False),
        ({"id": "fact-2", "kind": "list", "answers": (("213",),), "must_not_say": ("1",)}, True),
    ],
)
def test_an_answer_is_found_by_what_was_asked(
    cache: AnswerCache, changes: dict[str, Any], is_found: bool
) -> None:
    cache.keep(PASSENGERS, GivenAnswer(FULL, (), ()))
    assert (cache.find(replace(PASSENGERS, **changes)) is not None) is is_found
    assert AnswerCache(cache.folder, "f2").find(PASSENGERS) is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"answer": 1}', b"\xff\xfe"])
def test_a_broken_file_is_as_good_as_none(cache: AnswerCache, content: bytes) -> None:
    cache.keep(PASSENGERS, GivenAnswer(FULL, (), ()))
    (file,) = cache.folder.iterdir()
    file.write_bytes(content)
    assert cache.find(PASSENGERS) is None
    cache.keep(PASSENGERS, GivenAnswer(FULL, (), ()))
    assert cache.find(PASSENGERS) is not None


def test_what_is_half_written_is_never_found(
    cache: AnswerCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(self: Path, target: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        cache.keep(PASSENGERS, GivenAnswer(FULL, (), ()))
    assert list(cache.folder.iterdir()) == []


# A run that goes on


def measure(desk: Desk, cache: AnswerCache | None, *cases: GoldCase) -> Section:
    return measure_answers(desk, cases, gold="test", cache=cache, on_progress=ignore)


def ignore(done: int, total: int, row: Row) -> None:
    """Nobody looks on."""


def dumb(desk: Desk) -> Desk:
    """The desk with a model that fails when it is loaded."""

    def fail(_: object) -> None:
        raise ModelError("the model was loaded")

    desk.model = replace(desk.model, warm_up=fail)
    return desk


def test_a_second_run_needs_no_model_and_gives_the_same_rows(
    make_desk: MakeDesk, cache: AnswerCache
) -> None:
    first = measure(make_desk(RIGHT, REFUSAL), cache, PASSENGERS, PRICE)
    assert measure(dumb(make_desk()), cache, PASSENGERS, PRICE) == first


def test_what_is_accepted_may_change_without_a_model(
    make_desk: MakeDesk, cache: AnswerCache
) -> None:
    measure(make_desk(RIGHT), cache, PASSENGERS)
    (row,) = measure(dumb(make_desk()), cache, replace(PASSENGERS, answers=(("9",),))).rows
    assert row.values["right"] == 0
    assert row.details["wrong_because"] == ["doesn't say 9"]


def test_an_interrupted_run_goes_on_where_it_stopped(
    make_desk: MakeDesk, cache: AnswerCache
) -> None:
    def stop(done: int, total: int, row: Row) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure_answers(
            make_desk(RIGHT), [PASSENGERS, PRICE], gold="test", cache=cache, on_progress=stop
        )
    desk = make_desk(REFUSAL)  # one reply: the first question is not asked again
    first, second = measure(desk, cache, PASSENGERS, PRICE).rows
    assert (first.values["right"], second.values["right"]) == (1, 1)


def test_a_failed_case_is_asked_again(make_desk: MakeDesk, cache: AnswerCache) -> None:
    (failed,) = measure(make_desk(), cache, PASSENGERS).rows
    assert failed.failure is not None
    (row,) = measure(make_desk(RIGHT), cache, PASSENGERS).rows
    assert row.failure is None


def test_an_answer_that_lost_its_model_is_not_kept(
    make_desk: MakeDesk, cache: AnswerCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ScriptedLLM.stream_chat

    def broken(self: ScriptedLLM, *messages: Any, **options: Any) -> Any:
        yield next(whole(self, *messages, **options))
        raise ModelError("lost")

    monkeypatch.setattr(ScriptedLLM, "stream_chat", broken)
    (row,) = measure(make_desk(RIGHT), cache, PASSENGERS).rows
    assert row.failure is None
    assert row.details["reason"] == "lost"
    assert cache.find(PASSENGERS) is None


def test_an_answer_that_was_too_long_is_kept(
    make_desk: MakeDesk, cache: AnswerCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ScriptedLLM.stream_chat

    def cut_off(self: ScriptedLLM, *messages: Any, **options: Any) -> Any:
        for each in whole(self, *messages, **options):
            raw = {"usage": {"completion_tokens": 16}, "choices": [{"finish_reason": "length"}]}
            yield each.model_copy(update={"raw": raw if each.raw else {}})

    monkeypatch.setattr(ScriptedLLM, "stream_chat", cut_off)
    desk = make_desk(RIGHT, generation=GenerationSettings(answer_tokens=16))
    measure(desk, cache, PASSENGERS)
    found = cache.find(PASSENGERS)
    assert found is not None
    assert not found.answer.finished


# What makes an answer another


@pytest.mark.parametrize(
    "changes",
    [
        {"generation": GenerationSettings(seed=8)},
        {"evidence": EvidenceSettings(budget_tokens=200)},
        {"retrieval": RetrievalSettings(lexical_weight=0.5)},
        {"embedded": EmbeddedSettings(threads=1)},
        {"url": "http://127.0.0.1:1"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_setting_that_shapes_answers_counts(make_desk: MakeDesk, changes: dict[str, Any]) -> None:
    assert fingerprint(make_desk(**changes)) != fingerprint(make_desk())


@pytest.mark.parametrize(
    "changes",
    [
        {"page": PageSettings(port=7861)},
        {"backend": "auto"},  # what came of it counts
        {"models_folder": Path("elsewhere")},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_setting_that_does_not_shape_answers_is_left_out(
    make_desk: MakeDesk, changes: dict[str, Any]
) -> None:
    assert fingerprint(make_desk(**changes)) == fingerprint(make_desk())


def test_an_article_that_changes_counts(make_desk: MakeDesk, articles: Path) -> None:
    before = fingerprint(make_desk())
    council = articles / "council.txt"
    council.write_text(council.read_text(encoding="utf-8") + "It rained.\n", encoding="utf-8")
    assert fingerprint(make_desk()) != before


@pytest.mark.parametrize("changes", [{"name": "another"}, {"backend": "ollama"}])
def test_the_model_counts(make_desk: MakeDesk, changes: dict[str, str]) -> None:
    desk = make_desk()
    before = fingerprint(desk)
    desk.model = replace(desk.model, **changes)
    assert fingerprint(desk) != before


class FileLLM(ScriptedLLM):
    """A scripted model that claims to come out of a file."""

    model_path: str


def test_the_model_s_file_counts(make_desk: MakeDesk, tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(b"GGUF1")
    os.utime(file, ns=(1, 1))
    desk = make_desk()
    desk.model = replace(desk.model, llm=FileLLM(replies=[], model_path=str(file)))
    first = fingerprint(desk)
    assert fingerprint(desk) == first
    os.utime(file, ns=(2, 2))
    second = fingerprint(desk)
    file.write_bytes(b"GGUF12")
    os.utime(file, ns=(2, 2))
    assert len({first, second, fingerprint(desk)}) == 3


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A tree laid out as ours is."""
    for name in ("index/a.py", "qa/engine.py", "qa/models/b.py", "qa/prompts/answer.md"):
        path = tmp_path / "code" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x = 1\n", encoding="utf-8")
    (tmp_path / "code" / "qa" / "page").mkdir()
    return tmp_path / "code"


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("index/a.py", True),
        ("index/new.py", True),
        ("qa/engine.py", True),
        ("qa/models/b.py", True),
        ("qa/prompts/answer.md", True),
        ("qa/page/blocks.py", False),
        ("qa/page/notes.md", False),
        ("qa/cli.py", False),
        ("qa/doctor.py", False),
        ("qa/engine.txt", False),
        ("evals/score.py", False),
        ("app.py", False),
    ],
)
def test_code_counts_where_it_makes_answers(code: Path, name: str, counts: bool) -> None:
    before = hash_code(code)
    (code / name).parent.mkdir(exist_ok=True)
    (code / name).write_text("x = 2\n", encoding="utf-8")
    assert (hash_code(code) != before) is counts


def test_code_that_moves_counts(code: Path) -> None:
    before = hash_code(code)
    (code / "index" / "a.py").rename(code / "index" / "b.py")
    assert hash_code(code) != before


def test_our_own_code_is_what_counts_by_default(make_desk: MakeDesk, code: Path) -> None:
    desk = make_desk()
    assert fingerprint(desk) == ingredients_of(desk).fingerprint
    assert ingredients_of(desk).code == hash_code(REPOSITORY)
    assert ingredients_of(desk, code=code).code == hash_code(code)


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Ingredients)])
def test_every_ingredient_counts(make_desk: MakeDesk, name: str) -> None:
    found = ingredients_of(make_desk())
    other = {"settings": {}, "model_file": (1, 1)}.get(name, "another")
    assert replace(found, **{name: other}).fingerprint != found.fingerprint
