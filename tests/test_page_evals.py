"""The room "Evals": the latest report, in a frame of its own."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("playwright")
from browser import open_page, run_chromium, serve_page
from playwright.sync_api import Browser, expect
from scripted import FERRY, ScriptedDesk, script
from test_page import Reader

import qa.page.evals.latest
from evals import RESULTS
from evals.record import REPORT_NAME
from evals.report.html import HTML_NAME
from index.sections import PageSettings
from index.settings import Settings
from qa.page.evals.latest import NO_REPORT, RECORD, REPORT, find_latest, latest_html

REACHING = (
    "<h1>How right?</h1><button id='b' onclick='this.textContent=\"counted\"'>Count</button>"
    "<script>try { parent.document.title = 'reached' } catch (e) { window.kept = 1 }</script>"
)


def put(results: Path, run: str, report: str, *, day: int) -> Path:
    folder = results / run
    folder.mkdir(parents=True)
    (folder / REPORT).write_text(report, encoding="utf-8")
    (folder / RECORD).write_text("{}", encoding="utf-8")
    os.utime(folder / RECORD, (day * 86_400, day * 86_400))
    return folder / REPORT


def test_the_report_is_looked_for_where_the_evals_write_it() -> None:
    assert qa.page.evals.latest.RESULTS == RESULTS
    assert (RECORD, REPORT) == (REPORT_NAME, HTML_NAME)


def test_the_run_that_was_recorded_last_is_shown(tmp_path: Path) -> None:
    newest = put(tmp_path, "a", "new", day=3)
    put(tmp_path, "b", "old", day=1)
    put(tmp_path, "c", "half", day=9).with_name(RECORD).unlink()
    assert find_latest(tmp_path) == newest
    frame = dict(Reader(latest_html(tmp_path)).attributes)
    assert (frame["srcdoc"], frame["sandbox"]) == ("new", "allow-scripts")


def test_without_a_report_it_is_said_how_to_come_by_one(tmp_path: Path) -> None:
    for results in (tmp_path, tmp_path / "nowhere"):
        assert Reader(latest_html(results)).text == NO_REPORT


def test_a_report_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    put(tmp_path, "a", "", day=1).write_bytes(b"\xff\xfe\xff")
    assert "can't be read" in Reader(latest_html(tmp_path)).text


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with run_chromium() as browser:
        yield browser


@pytest.mark.browser
def test_a_report_is_read_in_the_page_and_reaches_nothing_of_it(
    chromium: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "a", REACHING, day=1)
    monkeypatch.setattr("qa.page.evals.tab.latest_html", lambda: latest_html(tmp_path))
    desk = ScriptedDesk((FERRY,), script)
    settings = Settings(page=PageSettings(keep_questions=False))
    with serve_page(desk.open, settings) as address, open_page(chromium, address) as page:
        page.get_by_role("tab", name="Evals").click()
        report = page.frame_locator(".dl-report")
        expect(report.get_by_role("heading")).to_have_text("How right?")
        report.get_by_role("button").click()
        expect(report.get_by_role("button")).to_have_text("counted")
        assert page.title() == "Dateline"
