"""A run that is written down and read back, and what its report shows."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from made_runs import MARKUP, make_run, rows_of, with_rows

from evals.measures import Estimate, Measure, mean
from evals.record import find_run, last_run, read_run, write_run
from evals.report.console import render_question, render_run
from evals.report.html import write_html
from evals.report.numbers import show_difference, show_duration, show_interval, show_value
from evals.report.plots import build_plots, embeddable
from evals.report.questions import build_chapters
from evals.report.tables import build_tables, side_by_side
from evals.results import DATELINE, Row, Run
from index.errors import InputError

QUESTIONS = 14
SHARE = Measure("share", "Share", "", ("x",), mean)
SECONDS = Measure("seconds", "Time", "", ("x",), mean, is_share=False, unit="s")


@pytest.fixture(autouse=True, scope="module")
def _few_resamples() -> Iterator[None]:
    """What is tested here is what becomes of estimates, not how sure they are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("evals.estimates.RESAMPLES", 60)
        yield


@pytest.fixture(scope="module")
def before() -> Run:
    return make_run(1, questions=QUESTIONS)


@pytest.fixture(scope="module")
def run() -> Run:
    return make_run(2, questions=QUESTIONS)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory, run: Run, before: Run) -> Path:
    """A folder with the report and the page of a run."""
    folder = tmp_path_factory.mktemp("results")
    write_run(run, folder)
    write_html(run, folder=folder, last=before, baseline_note="right: the floor is <70 %>")
    return folder


@pytest.fixture(scope="module")
def page(results: Path, run: Run) -> str:
    return (results / run.name / "report.html").read_text(encoding="utf-8")


class Tags(HTMLParser):
    """What a page is made of: its tags with their attributes, and whether they close."""

    VOID = frozenset({"meta", "input", "br", "path", "use", "rect", "link"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_a_run_is_read_back_as_it_was(results: Path, run: Run) -> None:
    assert read_run(results / run.name) == run
    assert read_run(results / run.name / "report.json") == run


def test_the_record_has_each_measure_with_its_interval(results: Path, run: Run) -> None:
    content = json.loads((results / run.name / "report.json").read_text(encoding="utf-8"))
    section = next(
        s for s in content["sections"] if (s["layer"], s["system"]) == ("answers", DATELINE)
    )
    right = section["measures"]["right"]
    rows = rows_of(run)
    assert right["value"] == sum(row.values["right"] or 0 for row in rows) / QUESTIONS
    assert right["n"] == section["n"] == QUESTIONS
    assert right["interval"][0] < right["value"] < right["interval"][1]
    assert section["failed"] == {row.id: row.failure for row in rows if row.failure}


def test_what_is_not_a_number_is_none_and_no_run_is_lost(run: Run, tmp_path: Path) -> None:
    odd = Row("odd", "fact", {"right": 1.0, "support": float("nan")}, {"seen": ("a", 1)})
    changed = with_rows(run, rows_section(run), (odd,))
    (row,) = rows_of(read_run(write_run(changed, tmp_path)))
    assert row.values["support"] is None
    assert row.details == {"seen": ["a", 1]}


def rows_section(run: Run) -> str:
    return next(s.name for s in run.sections if (s.layer, s.system) == ("answers", DATELINE))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"format": 1, "run": "old"}', r"of format 1; this version reads format 2\. Make the run"),
        ('{"cases": []}', "names no format"),
        ("[1, 2]", "names no format"),
        ('{"format": 2,\n "name": }', "report.json, line 2: this is no report"),
        ('{"format": 2, "name": "x"}', r"no whole report: started: .*dateline eval run"),
        (b"\xff\xfe", "isn't UTF-8"),
    ],
)
def test_what_is_no_report_is_told(content: str | bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(InputError, match=message):
        read_run(tmp_path)


def test_a_run_is_found_by_name_folder_or_file(results: Path, run: Run) -> None:
    folder = results / run.name
    assert find_run(run.name, results) == folder
    assert find_run(str(folder), results / "elsewhere") == folder
    assert find_run(str(folder / "report.json"), results) == folder / "report.json"
    with pytest.raises(InputError, match=f"no run nowhere.*{run.name}"):
        find_run("nowhere", results)


def test_the_last_run_is_the_newest_earlier_one_of_the_same_model(tmp_path: Path) -> None:
    runs = [make_run(seed, questions=2) for seed in (1, 2, 3)]
    other = replace(make_run(4, questions=2), model="another")
    for each in (*runs, other):
        write_run(each, tmp_path)
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "report.json").write_text('{"format": 1}', encoding="utf-8")
    found = last_run(runs[2], tmp_path)
    assert found is not None
    assert found.name == runs[1].name
    assert last_run(runs[0], tmp_path) is None


@pytest.mark.parametrize(
    ("measure", "value", "shown"),
    [
        (SHARE, 2 / 3, "66.7 %"),
        (SHARE, 1.0, "100 %"),
        (SHARE, 2999 / 3000, "99.9 %"),  # one quote of 3,000 is wrong: not all are right
        (SHARE, 1 / 3000, "0.1 %"),
        (SHARE, None, "–"),
        (SECONDS, 1.234, "1.23 s"),
        (SECONDS, 1234.5, "1,234 s"),
    ],
)
def test_values_are_written_with_their_unit(
    measure: Measure, value: float | None, shown: str
) -> None:
    assert show_value(measure, value) == shown


def test_intervals_differences_and_durations() -> None:
    assert show_interval(SHARE, Estimate(0.5, 0.214, 0.786, 9)) == "21–79"
    assert show_difference(SHARE, -0.0333) == "−3.3"
    assert show_difference(SHARE, 0.0333) == "+3.3"
    assert show_difference(SHARE, -0.0001) == "0.0"
    assert [show_duration(each) for each in (8.04, 372.4, 7384)] == [
        "8.0 s",
        "6 min 12 s",
        "2 h 3 min",
    ]


def test_a_table_has_a_column_a_system_and_dateline_first(run: Run, before: Run) -> None:
    tables = build_tables(run, before)
    assert [table.layer for table in tables] == ["answers", "extract", "retrieval"]
    answers, _, retrieval = tables
    assert answers.systems == (DATELINE, "top-passage", "citation-engine", "always-refuse")
    assert retrieval.systems == (DATELINE, "bm25", "vectors")
    right = answers.lines[0]
    assert right.change is not None
    now, then = (
        sum(row.values["right"] or 0 for row in rows_of(each)) / QUESTIONS for each in (run, before)
    )
    assert right.change.difference.value == pytest.approx(now - then)
    assert right.change.is_better is (now > then)


def test_wrong_questions_come_first_with_what_changed(run: Run, before: Run) -> None:
    (chapter,) = build_chapters(run, before)
    outcomes = [each.outcome for each in chapter.questions]
    assert outcomes == sorted(outcomes, key=["failed", "wrong", "right"].index)
    was = {row.id: row.values["right"] for row in rows_of(before)}
    now = {row.id: row.values["right"] for row in rows_of(run)}
    expected = {
        key: None if was[key] == now[key] else "gained" if now[key] else "lost" for key in now
    }
    assert {each.id: each.change for each in chapter.questions} == expected
    assert {"gained", "lost"} & set(expected.values())


def test_questions_of_a_run_without_answers_are_shown_by_what_was_found(run: Run) -> None:
    only = replace(run, sections=tuple(s for s in run.sections if s.layer == "retrieval"))
    (chapter,) = build_chapters(only)
    assert chapter.layer == "retrieval"
    assert all(len(each.details["passages"]) == 10 for each in chapter.questions)


def test_the_console_shows_tables_and_each_wrong_question(run: Run, before: Run) -> None:
    text = render_run(run, before, "The baseline is kept.")
    assert re.search(r"^Right +\d[\d.]* % \(\d+–\d+\) n 14 ", text, re.MULTILINE)
    wrong = [row for row in rows_of(run) if not row.values["right"]]
    assert wrong
    for row in wrong:
        assert f"{row.id}: " in text
    assert text.endswith("The baseline is kept.")


def test_a_question_in_the_console_has_answer_reason_and_quotes() -> None:
    rows = rows_of(make_run(1))
    row = next(r for r in rows if r.kind == "follow-up" and r.details.get("wrong_because"))
    text = render_question(row)
    assert text.startswith(f"{row.id}: Which harbour is the pilot's? / How many boats")
    assert f"\n  wrong     {row.details['wrong_because'][0]}" in text
    assert "\n  asked as  How many boats" in text
    assert f"\n  gold      “{row.details['gold_evidence'][0]['quote']}” (harbour.md)" in text
    failed = next(r for r in rows if r.failure)
    assert "\n  failed    The model was lost." in render_question(failed)
    assert render_question(Row("x", "fact", {}, {}, "broken")) == "x\n  failed    broken"


def test_the_page_stands_alone_and_is_well_formed(page: str) -> None:
    tags = Tags(page)
    assert tags.open == []
    for tag, attributes in tags.found:
        assert tag not in {"img", "link", "iframe"}
        target = attributes.get("href") or attributes.get("xlink:href") or "#"
        assert target.startswith("#"), (tag, target)
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)


def test_every_link_has_its_target_and_ids_stand_once(page: str) -> None:
    found = Tags(page).found
    ids = [attributes["id"] for _, attributes in found if attributes.get("id")]
    assert len(ids) == len(set(ids))
    links = {
        (attributes.get("href") or attributes.get("xlink:href") or "")[1:]
        for _, attributes in found
    } - {""}
    assert links <= set(ids)
    assert "answers-right" in links


def test_what_articles_hold_comes_out_as_text(page: str) -> None:
    assert MARKUP not in page
    assert "&lt;script&gt;alert(" in page
    assert sum(tag == "script" for tag, _ in Tags(page).found) == 1
    assert "the floor is &lt;70 %&gt;" in page


def test_every_question_is_on_the_page_once(page: str, run: Run) -> None:
    cards = [a for _, a in Tags(page).found if "question" in (a.get("class") or "").split()]
    assert len(cards) == QUESTIONS
    for row in rows_of(run):
        assert page.count(f'<span class="meta">{row.id} ·') == 1


def test_the_plots_lie_beside_the_page_as_png(results: Path, run: Run, page: str) -> None:
    pictures = sorted(path.name for path in (results / run.name).glob("*.png"))
    assert pictures == [
        f"plot-{name}-briefs-27.png"
        for name in ("latency", "reliability", "right-by-kind", "risk-coverage")
    ]
    assert page.count("<svg") == len(pictures)


def test_plots_take_their_colours_from_the_page(run: Run) -> None:
    ((answers),) = side_by_side(run, "answers")
    for plot in build_plots(answers):
        assert "var(--ink)" in plot.svg
        assert set(re.findall(r"#[0-9a-f]{6}\b", plot.svg)) == set()
    svg = embeddable('<?xml?><svg width="3pt"><g id="a"/><use href="#a"/></svg>', "p", "A plot")
    assert svg == '<svg role="img" aria-label="A plot"><g id="p-a"/><use href="#p-a"/></svg>'


def test_a_run_with_next_to_nothing_has_a_page(run: Run, tmp_path: Path) -> None:
    failed = tuple(
        Row(row.id, row.kind, {"right": 0.0}, {}, "The model was lost.") for row in rows_of(run)
    )
    bare = replace(with_rows(run, rows_section(run), failed), settings={}, machine={})
    bare = replace(bare, sections=tuple(s for s in bare.sections if s.name == rows_section(run)))
    path = write_html(bare, folder=tmp_path, last=None, baseline_note=None)
    assert [each.name for each in path.parent.glob("*.png")] == ["plot-right-by-kind-briefs-27.png"]
    empty = replace(run, name="empty", sections=())
    assert "How right are the answers?" in write_html(
        empty, folder=tmp_path, last=None, baseline_note=None
    ).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    pytest.importorskip("playwright")
    from browser import run_chromium

    with run_chromium() as started:
        yield started


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 1400])
def test_the_page_fits_its_window_and_filters(
    browser: object, results: Path, run: Run, width: int
) -> None:
    from playwright.sync_api import Browser

    assert isinstance(browser, Browser)
    context = browser.new_context(viewport={"width": width, "height": 900})
    shown = context.new_page()
    shown.goto((results / run.name / "report.html").as_uri())
    assert shown.evaluate("document.documentElement.scrollWidth") == width
    wrong = sum(not row.values["right"] for row in rows_of(run))
    shown.locator("[name=state]").select_option("not-right")
    assert shown.locator(".question:visible").count() == wrong
    assert shown.locator(".count").inner_text() == f"{wrong} of {QUESTIONS} questions shown"
    shown.locator("[name=words]").fill("no such words")
    assert shown.locator(".question:visible").count() == 0
    context.close()


@pytest.mark.browser
def test_without_script_every_question_is_shown(browser: object, results: Path, run: Run) -> None:
    from playwright.sync_api import Browser

    assert isinstance(browser, Browser)
    context = browser.new_context(java_script_enabled=False)
    shown = context.new_page()
    shown.goto((results / run.name / "report.html").as_uri())
    assert shown.locator(".question:visible").count() == QUESTIONS
    assert not shown.locator(".filter").is_visible()
    context.close()
