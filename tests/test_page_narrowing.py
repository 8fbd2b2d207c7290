"""Asking of some articles only."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

pytest.importorskip("playwright")
from browser import ask, open_page, run_chromium, serve_page, wait_until
from playwright.sync_api import Browser, expect
from scripted import CUTTER, FERRY, ScriptedDesk, script

from evals.new import draft_case
from index.errors import InputError
from index.settings import Settings
from qa.asked import AskedLog, asked_file
from qa.filters import Filters
from qa.page.ask.narrowing import filter_words, narrow

MARCH = date(2025, 3, 3)


def test_the_controls_say_the_filters() -> None:
    assert narrow(None, None, None) == narrow([], " ", "") == Filters()
    assert narrow(["Post"], "2025-03-03", " 2025-03-04 ") == Filters(
        ("Post",), MARCH, date(2025, 3, 4)
    )


@pytest.mark.parametrize("day", ["3 March", "2025-13-01", "2025-02-30", "<b>"])
def test_what_is_no_day_is_told(day: str) -> None:
    with pytest.raises(InputError, match="Write a day as year-month-day"):
        narrow([], "", day)


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        (Filters(), ""),
        (Filters(("A", "B")), "Only A or B"),
        (Filters(published_from=MARCH), "Only since 3 March 2025"),
        (Filters(published_to=MARCH), "Only until 3 March 2025"),
        (Filters(("A",), MARCH, MARCH), "Only A, from 3 March 2025 to 3 March 2025"),
    ],
)
def test_filters_are_told_in_words(filters: Filters, words: str) -> None:
    assert filter_words(filters) == words


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with run_chromium() as browser:
        yield browser


@pytest.mark.browser
def test_a_question_is_asked_of_some_articles(chromium: Browser, tmp_path: Path) -> None:
    desk = ScriptedDesk((FERRY, CUTTER), script)
    settings = Settings(store=str(tmp_path / "store"))
    with serve_page(desk.open, settings) as address, open_page(chromium, address) as page:
        page.get_by_role("button", name="Which articles").click()
        page.get_by_role("combobox", name="Only from these outlets").click()
        page.get_by_role("option", name="The Hale Gazette").click()
        page.keyboard.press("Escape")
        page.get_by_label("First day").fill("March")
        ask(page, "How many passengers?")
        expect(page.locator("#dl-status")).to_contain_text("“March” is no day.")
        expect(page.get_by_label("Question")).to_have_value("How many passengers?")

        page.get_by_label("First day").fill("2025-03-01")
        ask(page, "How many passengers?")  # which finds the old notice still there
        page.get_by_role("button", name="Good answer").wait_for()
        expected = Filters(("The Hale Gazette",), date(2025, 3, 1), None)
        assert desk.filters == [expected]
        expect(page.locator("#turn-1")).to_contain_text("Only The Hale Gazette, since 1 March 2025")
    log = AskedLog(asked_file(settings))
    wait_until(lambda: bool(log.load()))
    kept = log.load()[-1]
    assert kept.narrowed == filter_words(expected)
    draft_case(settings, None, gold=tmp_path / "gold.jsonl")
    assert kept.narrowed in (tmp_path / "gold.draft.jsonl").read_text(encoding="utf-8")
