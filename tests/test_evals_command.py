"""`dateline eval`: what each command asks for, where it writes, and how it refuses."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import WordEmbedder
from made_runs import make_run, rows_of, with_rows

import evals.command
import evals.new
import evals.suite
from evals.documents import measure_documents, score_documents
from evals.gold import BRIEFS, TOWN, GoldCase
from evals.record import write_run
from evals.results import Run
from evals.sets import Document, PublicSet
from evals.suite import Plan
from index.settings import Settings
from qa import cli
from qa.desk import Desk

Dateline = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True, scope="module")
def _few_resamples() -> Iterator[None]:
    """What is tested here is what becomes of estimates, not how sure they are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("evals.estimates.RESAMPLES", 60)
        yield


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An own folder of results."""
    folder = tmp_path / "results"
    monkeypatch.setattr(evals.command, "RESULTS", folder)
    return folder


@pytest.fixture
def dateline(
    results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Dateline:
    """Runs `dateline` with these words: (exit code, stdout, stderr)."""

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["dateline", "--articles", "articles", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """The plans that are run; each comes out as a made run."""
    seen: list[Plan] = []

    def run_plan(plan: Plan, settings: Settings, *, on_progress: Callable[..., None]) -> Run:
        seen.append(plan)
        made = make_run(3, questions=4)
        on_progress("briefs: answers", 1, 4, rows_of(made)[0])
        return made

    monkeypatch.setattr(evals.suite, "run_plan", run_plan)
    return seen


def test_without_a_command_it_says_what_there_is(dateline: Dateline) -> None:
    _, out, err = dateline("eval")
    for command in ("run", "compare", "new", "report"):
        assert f"\n  {command} " in out + err


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["fly"], 2, "No such command 'fly'"),
        (["run", "--layer", "dance"], 2, "dance"),
        (["run", "--limit", "0"], 2, "--limit"),
        (["run", "--set", "squad"], 2, "--set and --path go together"),
        (["run", "--set", "squad", "--path", "x", "--gold", "y"], 2, "without --gold"),
        (["run", "--set", "no-such", "--path", "x"], 1, "There is no set “no-such”"),
        (["run", "--gold", "no.jsonl", "--limit", "3"], 1, "no.jsonl can't be read"),
        (["compare", "one"], 2, "Missing argument"),
        (["compare", "one", "two"], 1, "There is no run one."),
        (["report", "one"], 1, "There is no run one."),
        (["new", "abc", "--last"], 2, "Give an ID or --last"),
    ],
)
def test_errors_are_sentences(
    dateline: Dateline, words: list[str], code: int, message: str
) -> None:
    ended, out, err = dateline("eval", *words)
    assert (ended, out) == (code, "")
    assert message in err
    assert "Traceback" not in err


def test_a_run_is_printed_and_written_down(
    dateline: Dateline, plans: list[Plan], results: Path
) -> None:
    code, out, err = dateline("eval", "run")
    (plan,) = plans
    assert code == 0
    assert plan == Plan()
    assert "Answers: briefs, 4 questions over 27 articles" in out
    assert err.startswith("briefs: answers 1/4 fact-00 ")
    for name in ("report.json", "report.html"):
        assert (results / "made-3" / name).is_file()
        assert str(results / "made-3" / name) in out


def test_a_run_is_compared_with_the_last_one(
    dateline: Dateline, plans: list[Plan], results: Path
) -> None:
    write_run(make_run(1, questions=4), results)
    _, out, _ = dateline("eval", "run")
    assert "Compared with made-1" in out


def test_a_run_where_all_failed_ends_with_one(
    dateline: Dateline, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(3, questions=2)
    rows = tuple(replace(row, values={"right": 0.0}, failure="lost") for row in rows_of(run))
    failed = with_rows(run, "answers/briefs/dateline/27", rows)
    failed = replace(failed, sections=failed.sections[:1])
    monkeypatch.setattr(evals.suite, "run_plan", lambda *_, **__: failed)
    assert dateline("eval", "run")[0] == 1


def test_layers_and_a_limit_narrow_the_plan(dateline: Dateline, plans: list[Plan]) -> None:
    dateline("eval", "run", "--layer", "extract", "--layer", "retrieval", "--limit", "5")
    (plan,) = plans
    assert plan.layers == ("retrieval", "extract")
    assert [each.name for each in plan.gold] == [BRIEFS.name, TOWN.name]
    assert [len(each.load()) for each in plan.gold] == [5, 5]
    dateline("eval", "run", "--full")
    assert (plans[1].full, plans[1].gold) == (True, (BRIEFS, TOWN))


def test_a_gold_file_is_asked_over_the_folder_of_articles(
    dateline: Dateline, plans: list[Plan], articles: Path, tmp_path: Path
) -> None:
    gold = tmp_path / "mine.jsonl"
    gold.write_text('{"id": "a", "kind": "unanswerable", "question": "Why?"}\n', encoding="utf-8")
    dateline("eval", "run", "--gold", str(gold))
    (plan,) = plans
    (chosen,) = plan.gold
    assert (chosen.name, chosen.path, chosen.articles.resolve()) == ("mine", gold, articles)
    assert [case.id for case in chosen.load()] == ["a"]
    assert not plan.references


SET = PublicSet(
    name="beir",
    citation="",
    documents=(
        Document("one.md", "Fees", "The harbour fee rose by 4 percent."),
        Document("two.md", "Ferry", "The ferry Aurelia was towed by a cutter."),
    ),
    cases=(GoldCase("q1", "fact", "harbour fee"), GoldCase("q2", "fact", "ferry towed by cutter")),
    relevant={"q1": frozenset({"one.md"}), "q2": frozenset({"two.md", "gone.md"})},
    left_out={"no judgement": 3},
)


def test_a_set_of_judged_documents_is_measured_by_them(
    dateline: Dateline,
    plans: list[Plan],
    results: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    def open_desk(*, settings: Settings) -> Desk:
        desk = Desk(settings, embedder=WordEmbedder())
        desk.refresh()
        return desk

    monkeypatch.setattr(evals.suite, "WORK", tmp_path / "work")
    monkeypatch.setattr(evals.command, "load_set", lambda name, path, *, limit: SET)
    monkeypatch.setattr("qa.desk.open_desk", open_desk)
    code, _, err = dateline("eval", "run", "--set", "beir", "--path", "x")
    assert code == 0
    assert plans[0].gold == ()  # it has no answers to judge by
    assert "Left out of beir: 3, no judgement" in err
    record = json.loads((results / "made-3" / "report.json").read_text(encoding="utf-8"))
    section = record["sections"][-1]
    assert (section["gold"], section["layer"]) == ("beir-documents", "retrieval")
    assert [row["values"]["reciprocal_rank_10"] for row in section["rows"]] == [1, 1]
    assert section["rows"][1]["values"]["evidence_recall_10"] == 1 / 2
    assert section["rows"][1]["details"]["wrong_because"] == ["not among the first 10: gone.md"]


def test_documents_are_scored_by_their_ranks() -> None:
    values = score_documents(["a", "b", "c"], frozenset({"b", "x"}))
    assert values["reciprocal_rank_10"] == 1 / 2
    assert (values["evidence_recall_1"], values["evidence_recall_3"]) == (0, 1 / 2)


def test_cases_without_judged_documents_are_left_out(make_desk: Callable[..., Desk]) -> None:
    section = measure_documents(
        make_desk(),
        SET.cases,
        {"q1": frozenset({"council.txt"})},
        gold="beir",
        on_progress=lambda *_: None,
    )
    assert [row.id for row in section.rows] == ["q1"]
    assert section.rows[0].values["reciprocal_rank_10"] == 1


def test_two_runs_are_compared_by_name(dateline: Dateline, results: Path) -> None:
    for seed in (1, 2):
        write_run(make_run(seed, questions=3), results)
    code, out, _ = dateline("eval", "compare", "made-1", str(results / "made-2"))
    assert code == 0
    assert out.startswith("A  made-1: ")
    assert "answers: briefs, dateline, 27 articles, 3 questions in both" in out


def test_a_page_is_written_anew(dateline: Dateline, results: Path) -> None:
    write_run(make_run(1, questions=3), results)
    code, out, _ = dateline("eval", "report", "made-1")
    assert code == 0
    assert Path(out.strip()) == results / "made-1" / "report.html"
    assert Path(out.strip()).is_file()
    (results / "made-1").rename(results / "renamed")
    code, _, err = dateline("eval", "report", "renamed")
    assert code == 1
    assert "Rename the folder to made-1" in err


def test_new_lists_or_drafts(dateline: Dateline, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, Any]] = []

    def listed(settings: Settings, *, wrong: bool) -> int:
        seen.append(("list", wrong))
        return 0

    def drafted(settings: Settings, asked_id: str | None, *, gold: Path) -> int:
        seen.append((asked_id or "last", gold.name))
        return 0

    monkeypatch.setattr(evals.new, "list_asked", listed)
    monkeypatch.setattr(evals.new, "draft_case", drafted)
    for words in ([], ["--wrong"], ["abc"], ["--last", "--gold", "mine.jsonl"]):
        assert dateline("eval", "new", *words)[0] == 0
    assert seen == [
        ("list", False),
        ("list", True),
        ("abc", "briefs.jsonl"),
        ("last", "mine.jsonl"),
    ]
