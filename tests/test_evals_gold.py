"""A gold file that can't be trusted is refused before anything slow, by file and line."""

import codecs
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from evals.gold import (
    CALIBRATION,
    FINAL,
    GOLD_SETS,
    KINDS,
    GoldCase,
    GoldError,
    GoldSet,
    SplitGoldSet,
    choose_sets,
    load_gold,
)
from evals.sample import take_stratified
from evals.suite import Plan
from index.errors import DatelineError

GOOD: dict[str, Any] = {
    "id": "fact-1",
    "kind": "fact",
    "question": "How many passengers were aboard?",
    "answers": [["212"]],
    "evidence": [{"article": "ferry.md", "quote": "with 212 passengers"}],
}


def write(folder: Path, *lines: str | dict[str, Any]) -> Path:
    path = folder / "gold.jsonl"
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("\n".join(texts) + "\n", encoding="utf-8")
    return path


def test_a_case_is_frozen_and_complete(tmp_path: Path, articles: Path) -> None:
    line = {**GOOD, "kind": "follow-up", "history": ["Which ferry?"], "as_of": "2025-03-04"}
    (case,) = load_gold(write(tmp_path, line), articles=articles)
    assert case.history == ("Which ferry?",)
    assert case.answers == (("212",),)
    assert case.as_of is not None
    assert case.as_of.isoformat() == "2025-03-04"
    assert case.evidence_articles == {"ferry.md"}
    assert case.is_answerable
    with pytest.raises(AttributeError):
        case.id = "other"  # type: ignore[misc]


def test_empty_lines_are_passed_over_and_counted(tmp_path: Path, articles: Path) -> None:
    with pytest.raises(GoldError, match=r"line 3: the id fact-1 is taken: .*gold\.jsonl, line 1\."):
        load_gold(write(tmp_path, GOOD, "", GOOD), articles=articles)


def test_a_line_ends_where_json_lines_end(tmp_path: Path, articles: Path) -> None:
    question = "How many\u2028were aboard?"
    path = write(tmp_path, json.dumps({**GOOD, "question": question}, ensure_ascii=False))
    path.write_bytes(codecs.BOM_UTF8 + path.read_bytes())
    assert [case.question for case in load_gold(path, articles=articles)] == [question]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("{not json", "line 2: Invalid JSON"),
        ('["a list"]', "line 2: Input should be an object"),
        ({"kind": "riddle"}, "kind: Input should be 'fact', 'list'"),
        ({"answer": "212"}, "answer: Unexpected keyword"),
        ({"evidence": [{"article": "ferry.md", "quote": "x", "line": 1}]}, "evidence.0.line"),
        ({"question": " "}, "must not be empty"),
        ({"question": 5}, "question: Input should be a valid string"),
        ({"answers": []}, "needs answers"),
        ({"answers": [[]]}, "every fact needs an alternative"),
        ({"answers": [["212", " "]]}, "none may be empty"),
        ({"evidence": []}, "answers need evidence"),
        ({"kind": "unanswerable"}, "an unanswerable question has no answers"),
        ({"kind": "follow-up"}, "needs a history"),
        ({"as_of": "last week"}, "as_of"),
        ({"evidence": [{"article": "tug.md", "quote": "x"}]}, "there is no article"),
        ({"evidence": [{"article": "ferry.md", "quote": "with 213"}]}, "doesn't say “with 213”"),
        ({"evidence": [{"article": "ferry.md", "quote": ""}]}, "doesn't say"),
        ({"answers": [["12"]]}, "no quote says 12"),
        ({"must_not_say": ["212"]}, "both accepted and forbidden"),
    ],
)
def test_a_bad_line_is_named(
    change: str | dict[str, Any], said: str, tmp_path: Path, articles: Path
) -> None:
    bad = change if isinstance(change, str) else {**GOOD, "id": "bad", **change}
    path = write(tmp_path, GOOD, bad)
    with pytest.raises(GoldError) as raised:
        load_gold(path, articles=articles)
    assert f"{path}, line 2" in str(raised.value)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", r"it is empty\. Expected: a JSON object a line, \{\"id\", \"kind\""),
        (b"\n\n", "it is empty"),
        (b"\xff\xfe", "Invalid JSON"),
    ],
)
def test_a_set_without_cases_is_refused(
    content: bytes, said: str, tmp_path: Path, articles: Path
) -> None:
    path = tmp_path / "gold.jsonl"
    path.write_bytes(content)
    with pytest.raises(GoldError, match=rf"gold\.jsonl, line 1: {said}"):
        load_gold(path, articles=articles)


def test_a_missing_file_is_an_error_of_the_tree(tmp_path: Path, articles: Path) -> None:
    with pytest.raises(DatelineError, match=r"none\.jsonl can't be read: No such"):
        load_gold(tmp_path / "none.jsonl", articles=articles)


def test_a_sample_has_each_kind_in_its_share() -> None:
    facts = [GoldCase(id=f"f{number}", kind="fact", question="?") for number in range(30)]
    lists = [GoldCase(id=f"l{number}", kind="list", question="?") for number in range(10)]
    cases = (*facts, *lists)
    small, large = take_stratified(cases, most=8), take_stratified(cases, most=20)
    assert [case.kind for case in small] == ["fact"] * 6 + ["list"] * 2
    assert set(small) < set(large)
    assert take_stratified(cases, most=8, seed=8) != small
    assert take_stratified(cases, most=99) == cases


def test_a_set_may_lie_in_several_files(tmp_path: Path, articles: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, second = write(tmp_path / "a", GOOD), write(tmp_path / "b", {**GOOD, "id": "fact-2"})
    files = tuple(str(path.relative_to(tmp_path)) for path in (first, second))
    split = SplitGoldSet("split", tmp_path, articles, files)
    assert [case.id for case in split.load()] == ["fact-1", "fact-2"]
    write(tmp_path / "b", GOOD)
    with pytest.raises(GoldError, match=r"b.gold\.jsonl, line 1: the id fact-1 is taken: .*a.gold"):
        split.load()


@pytest.mark.parametrize(("gold", "fewest", "of_each"), [(CALIBRATION, 90, 4), (FINAL, 160, 8)])
def test_the_sets_that_are_asked_by_name_can_be_trusted(
    gold: GoldSet, fewest: int, of_each: int
) -> None:
    of_kind = Counter(case.kind for case in gold.load())
    assert of_kind.total() >= fewest
    assert of_kind["unanswerable"] >= fewest / 4
    assert min(of_kind[kind] for kind in KINDS) >= of_each


def test_only_our_open_sets_are_asked_unless_another_is_named() -> None:
    assert [each.name for each in Plan().gold] == list(GOLD_SETS) == ["briefs", "town"]
    chosen, skipped = choose_sets(["final", "calibration", "final"])
    assert (chosen, skipped) == ((FINAL, CALIBRATION), ())
    with pytest.raises(GoldError, match=r"no gold set “finals”.*briefs, town, .*, shared\."):
        choose_sets(["finals"])


def test_the_set_about_other_peoples_articles_is_passed_over_where_they_are_not(
    tmp_path: Path,
) -> None:
    for outside, said in ((None, "no folder is named"), (tmp_path / "none", "there is no folder")):
        chosen, (sentence,) = choose_sets(["shared", "town"], outside=outside)
        assert [each.name for each in chosen] == ["town"]
        assert said in sentence
    ((shared,), ()) = choose_sets(["shared"], outside=tmp_path)
    assert (shared.name, shared.articles) == ("shared", tmp_path)
