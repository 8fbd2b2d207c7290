"""What was asked is kept: in one place, bounded, by several at a time, and never half."""

import json
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import platformdirs
import pytest
from filelock import FileLock
from scripted import FERRY, cite, make_abstention, make_answer, supported

import qa.asked
from index.errors import StoreBusyError, StoreError
from index.settings import Settings
from index.store import default_store_folder
from qa.asked import (
    MOST_KEPT,
    REMARK_CHARACTERS,
    Asked,
    AskedLog,
    ShownQuote,
    asked_file,
    asked_from,
)
from qa.desk import Desk

BASE = Asked(
    id="0", time="2025-03-03T06:40:00+00:00", question="Q?", history=(), status="answered",
    text="A.", citations=(), verdict=None, backend="embedded", model="small", index="i1",
)  # fmt: skip


def asked(number: int, **known: Any) -> Asked:
    return replace(BASE, id=str(number), **known)


@pytest.fixture
def kept(tmp_path: Path) -> AskedLog:
    return AskedLog(tmp_path / "store" / "asked.jsonl")


def ids(kept: AskedLog) -> list[str]:
    return [each.id for each in kept.load()]


def test_nothing_is_kept_at_first(kept: AskedLog) -> None:
    assert kept.load() == ()


@pytest.mark.parametrize("text", ["a\nb\r\nc", "a\u2028b\u2029c\x85d", 'é "x" \\ \0', "👩‍👩‍👧"])
def test_what_is_put_is_read_again_and_takes_one_line(kept: AskedLog, text: str) -> None:
    put = asked(1, question=text, text=text, history=(text,), citations=(ShownQuote("a.md", text),))
    kept.put(put)
    assert kept.load() == (put,)
    assert len(kept.path.read_text(encoding="utf-8").splitlines()) == 1


def test_the_same_id_is_replaced_in_its_place(kept: AskedLog) -> None:
    for number in (1, 2, 3):
        kept.put(asked(number))
    kept.put(asked(2, verdict="wrong"))
    assert [each.verdict for each in kept.load()] == [None, "wrong", None]


def test_the_oldest_go_when_there_are_too_many(kept: AskedLog) -> None:
    kept.put(asked(0))
    line = json.loads(kept.path.read_text(encoding="utf-8"))
    lines = [json.dumps({**line, "id": str(number)}) for number in range(MOST_KEPT)]
    kept.path.write_text("\n".join(lines), encoding="utf-8")
    kept.put(asked(MOST_KEPT))
    assert ids(kept) == [str(number) for number in range(1, MOST_KEPT + 1)]
    assert [path.name for path in kept.path.parent.glob("asked.jsonl*")] == ["asked.jsonl"]


def test_a_line_that_was_cut_off_takes_no_other_along(kept: AskedLog) -> None:
    kept.put(asked(1))
    with kept.path.open("ab") as file:
        file.write(b'{"id": "2", "question": "\xc3')
    kept.put(asked(3))
    kept.put(asked(1, verdict="good"))
    assert ids(kept) == ["1", "3"]


def test_several_may_write_at_once(kept: AskedLog) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: AskedLog(kept.path).put(asked(number)), range(48)))
        marks = [asked(number, verdict="good") for number in range(0, 48, 2)]
        list(threads.map(lambda each: AskedLog(kept.path).put(each), marks))
    found = {each.id: each.verdict for each in kept.load()}
    assert found == {str(number): None if number % 2 else "good" for number in range(48)}


def test_what_holds_the_file_is_told(kept: AskedLog, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.put(asked(1))
    monkeypatch.setattr(qa.asked, "LOCK_SECONDS", 0)
    with FileLock(kept.path.with_suffix(".lock")), pytest.raises(StoreBusyError, match="Another"):
        kept.put(asked(2))
    assert ids(kept) == ["1"]


def test_what_cannot_be_written_or_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    (tmp_path / "asked.jsonl").mkdir()
    with pytest.raises(StoreError, match="can't be written"):
        AskedLog(tmp_path / "file" / "asked.jsonl").put(asked(1))
    with pytest.raises(StoreError, match="can't be read"):
        AskedLog(tmp_path / "asked.jsonl").load()


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_nobody_else_may_read_it(kept: AskedLog) -> None:
    for put in (asked(1), asked(1, verdict="good")):  # appended, then replaced
        kept.put(put)
        assert kept.path.stat().st_mode & 0o077 == 0


# Where


@pytest.mark.parametrize("store", [None, "elsewhere", "http://127.0.0.1:8000"])
def test_it_lies_in_the_folder_of_the_store(store: str | None) -> None:
    folder = Path("elsewhere") if store == "elsewhere" else default_store_folder(Path("articles"))
    assert asked_file(Settings(store=store)) == folder / "asked.jsonl"


@pytest.mark.parametrize(
    ("articles", "store"), [("articles", "articles/.store"), (".", None), ("a/..", "a/../s")]
)
def test_it_never_lies_among_the_articles(articles: str, store: str | None) -> None:
    found = asked_file(Settings(articles=Path(articles), store=store))
    assert found.is_relative_to(platformdirs.user_state_dir("dateline"))


def test_it_outlasts_a_new_index(settings: Settings, make_desk: Callable[..., Desk]) -> None:
    cache = make_desk().library.store.cache_folder
    assert cache is not None
    folder = cache.parent
    kept = AskedLog(asked_file(settings))
    kept.put(asked(1))
    shutil.rmtree(folder)
    make_desk()
    assert folder.is_dir()
    assert ids(kept) == ["1"]


def test_a_line_of_before_there_were_remarks_is_read(kept: AskedLog) -> None:
    kept.put(asked(1))
    line = json.loads(kept.path.read_text(encoding="utf-8"))
    del line["remark"]
    kept.path.write_text(json.dumps(line) + "\n", encoding="utf-8")
    assert kept.load() == (asked(1),)


# What


def test_a_remark_is_cut_where_it_grows_too_long() -> None:
    assert asked(1).remarked("  It was 213. \n").remark == "It was 213."
    assert len(asked(1).remarked("x" * 5000).remark) == REMARK_CHARACTERS
    assert asked(1).remarked("\ud800").remark == "?"


def test_an_answer_is_kept_with_what_it_cited() -> None:
    words = "Nobody was hurt."
    citation = replace(cite(FERRY, words), article_path="my/articles/sub/ferry.txt")
    answer = make_answer("And was anyone hurt?", supported("Nobody was.", citation))
    found = asked_from(answer, history=["What failed?"], articles=Path("my/articles"))
    assert (found.question, found.history) == ("And was anyone hurt?", ("What failed?",))
    assert (found.status, found.text, found.verdict) == ("answered", "Nobody was.", None)
    assert found.citations == (ShownQuote("sub/ferry.txt", words),)
    assert found.time.endswith("+00:00")
    assert found.id != asked_from(answer, history=[], articles=Path("my/articles")).id


def test_of_an_abstention_the_reason_is_kept(kept: AskedLog) -> None:
    abstention = replace(make_abstention("Where? \ud800", "No word of it."), text="")
    found = asked_from(abstention, history=[], articles=Path("articles"))
    assert (found.status, found.text) == ("abstained", "No word of it.")
    kept.put(found)  # half a surrogate pair can't be written as UTF-8
    assert kept.load() == (found,)
