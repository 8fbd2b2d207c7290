"""`dateline eval new`: what was asked is listed, and becomes a draft of a gold case."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evals.gold import load_gold
from evals.new import draft_case, list_asked
from index.errors import InputError
from index.sections import PageSettings
from index.settings import Settings
from qa.asked import Asked, AskedLog, Judgement, ShownQuote, asked_file

HURT = "Captain Jon Ferris said that nobody was hurt."
FIRST = Asked(
    id="aa11", time="2025-03-03T06:40:00+00:00", question="Was anyone hurt?", history=(),
    status="answered", text="Nobody was hurt. [1]", citations=(ShownQuote("ferry.md", HURT),) * 2,
    verdict="wrong", backend="embedded", model="small", index="i1",
)  # fmt: skip
SECOND = replace(
    FIRST, id="bb22", question="Why?\n\x1b[31m", history=("Was anyone hurt?",), verdict=None
)


@pytest.fixture
def kept(settings: Settings) -> Settings:
    """Settings under which two questions were asked."""
    for each in (FIRST, SECOND):
        AskedLog(asked_file(settings)).put(each)
    return settings


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    """A gold set of one case."""
    path = tmp_path / "ferry.jsonl"
    case = {
        "id": "fact-01", "kind": "fact", "question": "Who is the captain?",
        "answers": [["Jon Ferris"]], "evidence": [{"article": "ferry.md", "quote": HURT}],
    }  # fmt: skip
    path.write_text(json.dumps(case) + "\n", encoding="utf-8")
    return path


def drafts(gold: Path) -> list[dict[str, Any]]:
    lines = gold.with_name("ferry.draft.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_the_questions_are_listed_newest_first(
    kept: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert list_asked(kept, wrong=False) == 0
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["id", "when", "(UTC)", "verdict", "question"],
        ["bb22", "2025-03-03", "06:40", "-", "Why?", "[31m"],
        ["aa11", "2025-03-03", "06:40", "wrong", "Was", "anyone", "hurt?"],
    ]


def test_those_marked_wrong_are_listed_alone(
    kept: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    list_asked(kept, wrong=True)
    out = capsys.readouterr().out
    assert "aa11" in out
    assert "bb22" not in out
    AskedLog(asked_file(kept)).put(replace(FIRST, verdict=None))
    assert list_asked(kept, wrong=True) == 0
    assert capsys.readouterr().out == "Of 2 questions kept, none is marked wrong.\n"


def test_a_draft_has_all_but_the_answers(
    kept: Settings, gold: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = gold.read_bytes()
    assert draft_case(kept, "aa11", gold=gold) == 0
    (case,) = drafts(gold)
    note = case.pop("note")
    assert case == {
        "id": "asked-aa11", "kind": "fact", "question": "Was anyone hurt?", "history": [],
        "answers": [], "must_not_say": [], "evidence": [{"article": "ferry.md", "quote": HURT}],
    }  # fmt: skip
    assert "Nobody was hurt. [1]" in note
    assert "marked wrong" in note
    said = capsys.readouterr().out
    assert "`answers`" in said
    assert f"{gold.with_name('ferry.draft.jsonl')}, line 1" in said
    assert f"move the line to {gold}." in said
    assert gold.read_bytes() == before
    assert len(load_gold(gold, articles=kept.articles)) == 1


def test_a_draft_that_was_completed_is_a_case(kept: Settings, gold: Path) -> None:
    draft_case(kept, "aa11", gold=gold)
    (case,) = drafts(gold)
    case["answers"] = [["nobody was hurt"]]
    del case["note"]
    with gold.open("a", encoding="utf-8") as file:
        file.write(json.dumps(case) + "\n")
    assert [each.id for each in load_gold(gold, articles=kept.articles)] == [
        "fact-01", "asked-aa11",
    ]  # fmt: skip


def test_without_an_id_the_last_question_is_drafted_below_the_others(
    kept: Settings, gold: Path
) -> None:
    path = gold.with_name("ferry.draft.jsonl")
    path.write_text("{broken", encoding="utf-8")
    draft_case(kept, None, gold=gold)
    broken, line = path.read_text(encoding="utf-8").splitlines()
    assert broken == "{broken"
    assert json.loads(line)["id"] == "asked-bb22"


def test_a_gold_file_may_be_begun_by_its_drafts(kept: Settings, tmp_path: Path) -> None:
    draft_case(kept, None, gold=tmp_path / "other.jsonl")
    assert (tmp_path / "other.draft.jsonl").is_file()
    assert not (tmp_path / "other.jsonl").exists()


@pytest.mark.parametrize(
    ("known", "kind"),
    [
        ({}, "fact"),
        ({"status": "partial"}, "fact"),
        ({"status": "abstained", "verdict": None}, "unanswerable"),
        ({"status": "abstained", "verdict": "good"}, "unanswerable"),
        ({"status": "abstained", "verdict": "wrong"}, "fact"),
        ({"status": "abstained", "verdict": None, "history": ("Who?",)}, "follow-up"),
    ],
)
def test_the_kind_is_guessed(
    settings: Settings, gold: Path, known: dict[str, Any], kind: str
) -> None:
    AskedLog(asked_file(settings)).put(replace(FIRST, **known))
    draft_case(settings, None, gold=gold)
    assert drafts(gold)[0]["kind"] == kind


@pytest.mark.parametrize("verdict", ["wrong", "good", None])
def test_the_note_says_what_the_reader_found_wrong(
    settings: Settings, gold: Path, verdict: Judgement | None
) -> None:
    log = AskedLog(asked_file(settings))
    log.put(replace(FIRST, verdict=verdict, remark="It was 213."))
    draft_case(settings, None, gold=gold)
    assert ("It was 213." in drafts(gold)[0]["note"]) == (verdict == "wrong")


@pytest.mark.parametrize("suffix", [".jsonl", ".draft.jsonl"])
def test_an_id_is_used_once(kept: Settings, gold: Path, suffix: str) -> None:
    draft_case(kept, "aa11", gold=gold)
    draft = gold.with_name("ferry.draft.jsonl")
    if suffix == ".jsonl":
        with gold.open("a", encoding="utf-8") as file:
            file.write(draft.read_text(encoding="utf-8"))
        draft.unlink()
    where = "ferry.jsonl, line 2" if suffix == ".jsonl" else "ferry.draft.jsonl, line 1"
    with pytest.raises(InputError, match=where):
        draft_case(kept, "aa11", gold=gold)


def test_nothing_kept_is_told(settings: Settings, gold: Path) -> None:
    off = settings.model_copy(update={"page": PageSettings(keep_questions=False)})
    for each, words in ((settings, "No question is kept yet"), (off, "page.keep_questions")):
        with pytest.raises(InputError, match=words):
            list_asked(each, wrong=False)
        with pytest.raises(InputError, match=words):
            draft_case(each, None, gold=gold)


def test_an_unknown_id_is_told(kept: Settings, gold: Path) -> None:
    with pytest.raises(InputError, match="id cc33 is kept. `dateline eval new` lists"):
        draft_case(kept, "cc33", gold=gold)
    assert not gold.with_name("ferry.draft.jsonl").exists()


def test_drafts_that_cannot_be_written_are_told(kept: Settings, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none/ferry\.draft\.jsonl can't be written: .* --gold"):
        draft_case(kept, None, gold=tmp_path / "none" / "ferry.jsonl")
