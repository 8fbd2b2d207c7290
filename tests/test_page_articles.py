"""The room "Articles": the list, its order, the reader, and reading the changes."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright")
from browser import open_page, run_chromium, serve_page, wait_until
from playwright.sync_api import Browser, expect
from scripted import CUTTER, FERRY, NASTY, ScriptedDesk, make_article, script
from test_page import ALLOWED, HOSTILE, Reader

from index.clean import mark_boilerplate
from index.errors import StoreBusyError, StoreError
from index.overview import Row
from index.report import SyncReport
from index.sections import PageSettings
from index.settings import Settings
from qa.page.articles.changes import NOT_ALLOWED, Changes
from qa.page.articles.choice import STEP, Choice, choose, outlets_of
from qa.page.articles.html import (
    ALL_KEPT,
    LEFT_OUT,
    NOTHING_FOUND,
    UP_TO_DATE,
    article_html,
    notice_html,
    table_html,
)
from qa.page.articles.shelf import GONE, Shelf
from qa.page.serve.loader import DeskLoader

ROWS = (
    Row(path="b.txt", status="indexed", id="b", title="Bridge opens", outlet="The Echo",
        published=date(2025, 1, 2), passages=3),
    Row(path="a.txt", status="changed", id="a", title="an old ferry", outlet="Harbour Post",
        author="Lena Marsh", published=date(2024, 5, 1), passages=12),
    Row(path="c.txt", status="indexed", id="c", title=None, passages=1),
    Row(path="d.bin", status="passed over", reason="it is no text"),
    Row(path="e.txt", status="not indexed"),
)  # fmt: skip
QUIET_SETTINGS = Settings(page=PageSettings(keep_questions=False))


def paths(**chosen: object) -> list[str]:
    return [row.path for row in choose(ROWS, replace(Choice(), **chosen))]  # type: ignore[arg-type]


def test_the_newest_come_first_and_the_undated_last() -> None:
    assert paths() == ["b.txt", "a.txt", "c.txt", "d.bin", "e.txt"]
    assert paths(is_falling=False) == ["a.txt", "b.txt", "c.txt", "d.bin", "e.txt"]


def test_titles_are_ordered_whatever_their_case() -> None:
    order = paths(column="title", is_falling=False)
    assert order == ["a.txt", "b.txt", "c.txt", "d.bin", "e.txt"]
    assert paths(column="passages")[:2] == ["a.txt", "b.txt"]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("ferry", ["a.txt"]),
        ("FERRY post", ["a.txt"]),
        ("marsh", ["a.txt"]),
        ("ferry echo", []),
        ("d.bin", ["d.bin"]),
        ("  ", ["b.txt", "a.txt", "c.txt", "d.bin", "e.txt"]),
    ],
)
def test_all_words_of_a_search_must_be_there(words: str, found: list[str]) -> None:
    assert paths(words=words) == found


def test_outlet_and_status_narrow_the_list() -> None:
    assert paths(outlet="The Echo") == ["b.txt"]
    assert paths(status="passed over") == ["d.bin"]
    assert paths(outlet="The Echo", status="changed") == []
    assert outlets_of(ROWS) == ["Harbour Post", "The Echo"]


def test_a_column_pressed_again_is_ordered_the_other_way_round() -> None:
    first = Choice().by("title")
    assert (first.column, first.is_falling) == ("title", False)
    assert first.by("title").is_falling
    assert Choice(column="title").by("passages").is_falling


def test_long_lists_are_shown_in_steps() -> None:
    rows = [Row(path=f"{n:04}.txt", status="indexed", id=str(n)) for n in range(STEP + 30)]
    first = table_html(rows, Choice())
    assert first.count("data-id") == STEP
    assert "30 left" in first
    whole = table_html(rows, Choice().more())
    assert whole.count("data-id") == STEP + 30
    assert "dl-more" not in whole


def test_the_list_says_what_nothing_fits() -> None:
    assert NOTHING_FOUND in table_html(ROWS, Choice(words="zebra"))
    assert "it is no text" in table_html(ROWS, Choice())


def test_the_notice_counts_files_not_articles() -> None:
    records = [Row(path="many.csv", status="changed", id=str(n), record=str(n)) for n in range(5)]
    assert UP_TO_DATE in notice_html(ROWS[:1])
    said = notice_html((*ROWS, *records))
    assert "3 files aren't as last read: 1 new, 2 changed." in Reader(said).text
    assert "1 file isn't as last read: 1 new." in Reader(notice_html(ROWS[4:])).text


def test_the_text_is_shown_whole_with_what_is_left_out_set_apart() -> None:
    article = make_article(
        "post",
        "title: Ferry\n\nThe ferry left at noon.\nSign up for our newsletter\nIt came back.\n",
        body_start=len("title: Ferry\n\n"),
    )
    spans = list(mark_boilerplate(article.text, article.body_start))
    assert [article.text[each.start : each.end].strip() for each in spans] == [
        "Sign up for our newsletter"
    ]
    shown = article_html(article, None, spans)
    assert article.text in Reader(shown).text
    assert shown.count("dl-left-out") == 2
    assert LEFT_OUT in Reader(shown).text
    assert ALL_KEPT in Reader(article_html(replace(article, body_start=0), None, ())).text


@pytest.mark.parametrize("text", HOSTILE)
def test_texts_of_others_stay_texts(text: str) -> None:
    article = make_article("x", f"{text} and on", title=text, outlet=text)
    row = Row(path=text, status="passed over", id="1", title=text, outlet=text, reason=text)
    for shown in (article_html(article, row, ()), table_html([row], Choice())):
        reader = Reader(shown)
        assert set(reader.tags) <= ALLOWED
        names = {name for name, _ in reader.attributes}
        assert not [name for name in names if name.startswith("on") or name in {"src", "style"}]
        assert text in reader.text


async def test_what_goes_wrong_is_told_in_the_page() -> None:
    class Broken(ScriptedDesk):
        def overview(self) -> tuple[Row, ...]:
            raise StoreError("The store can't be read. Run: dateline doctor")

        def sync(self, on_progress: object = None) -> SyncReport:
            raise StoreBusyError("Another program is reading the articles. Try again later.")

    shelf = Shelf(load(Broken((FERRY,), script)))
    notices = [update[0] async for update in shelf.look(Choice())]
    assert "The store can&#x27;t be read." in notices[-1]
    desk = ScriptedDesk((FERRY,), script)
    desk.sync = Broken.sync.__get__(desk)  # type: ignore[method-assign]
    loader = load(desk)
    changes = Changes(loader, Shelf(loader))
    notice, table, *_ = [update async for update in changes.sync(Choice())][-1]
    assert "Another program is reading the articles." in notice
    assert FERRY.title in table


async def test_an_article_that_is_gone_is_not_opened() -> None:
    shelf = Shelf(load(ScriptedDesk((FERRY,), script)))
    for pressed in ("gone", None, 7, ["x"]):
        assert GONE in Reader(await shelf.read(Pressed(id=pressed))).text
    assert FERRY.text in Reader(await shelf.read(Pressed(id=FERRY.id))).text


async def test_a_column_that_is_none_changes_nothing() -> None:
    shelf = Shelf(load(ScriptedDesk((FERRY,), script)))
    for pressed in ("path", None, 3, ["title"], {}):
        _, choice = await shelf.arrange(Pressed(column=pressed), Choice())
        assert choice == Choice()
    _, choice = await shelf.arrange(Pressed(column="title"), Choice())
    assert choice == Choice().by("title")


async def test_nobody_unknown_changes_files(tmp_path: Path) -> None:
    desk = ScriptedDesk((FERRY,), script)
    loader = load(desk, Settings(page=PageSettings(keep_questions=False, open_to_all=True)))
    changes = Changes(loader, Shelf(loader))
    file = tmp_path / "new.txt"
    file.write_text("Words.", encoding="utf-8")
    notice = [update[0] async for update in changes.add([str(file)], Choice())][0:-2][-1]
    assert NOT_ALLOWED in Reader(notice).text
    pressed: Any = Pressed(file=FERRY.path)
    notice = [update[0] async for update in changes.remove(pressed, Choice())][-1]
    assert NOT_ALLOWED in Reader(notice).text
    assert (desk.articles, desk.behind) == ((FERRY,), ())


def load(desk: ScriptedDesk, settings: Settings = QUIET_SETTINGS) -> DeskLoader:
    """A loader that has opened this desk."""
    loader = DeskLoader(desk.open, settings, say=lambda _: None)
    loader.start()
    wait_until(lambda: loader.state.over)
    return loader


class Pressed:
    """What a browser sends with a press."""

    def __init__(self, **sent: object) -> None:
        self.__dict__.update(sent)


# In a browser


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with run_chromium() as browser:
        yield browser


@pytest.mark.browser
def test_articles_are_found_read_and_brought_up_to_date(chromium: Browser) -> None:
    new = (Row(path="new.txt", status="not indexed"), Row(path="late.txt", status="not indexed"))
    desk = ScriptedDesk((FERRY, CUTTER, NASTY), script, behind=new)
    with serve_page(desk.open, QUIET_SETTINGS) as address, open_page(chromium, address) as page:
        page.get_by_label("Question").fill("half a question")
        page.get_by_role("tab", name="Articles").click()
        rows = page.locator(".dl-list tbody tr")
        expect(rows).to_have_count(5)
        expect(page.locator("#dl-notice")).to_contain_text("2 files aren't as last read: 2 new.")

        page.get_by_label("Search").fill("ferry gazette")
        expect(rows).to_have_count(1)
        page.get_by_role("button", name="Ferry towed back").click()
        title = page.locator("#dl-open h2")
        expect(title).to_be_focused()
        assert page.locator(".dl-whole").evaluate("each => each.textContent") == FERRY.text
        page.get_by_label("Search").fill("")
        expect(rows).to_have_count(5)

        page.get_by_role("combobox", name="Outlet").click()
        page.get_by_role("option", name="The Hale Gazette").click()
        expect(rows).to_have_count(1)
        page.get_by_role("combobox", name="Outlet").click()
        page.get_by_role("option", name="All outlets").click()
        expect(rows).to_have_count(5)

        page.locator(".dl-list thead").get_by_role("button", name="Title").click()
        expect(rows.first).to_contain_text("<script>")
        page.locator(".dl-list thead").get_by_role("button", name="Title").click()
        expect(rows.first).to_contain_text("new.txt")

        page.get_by_role("button", name="Read the changes").click()
        expect(page.locator("#dl-notice")).to_contain_text("Done: 2 new.")
        expect(page.locator("#dl-sync")).to_be_disabled()
        expect(page.locator("#dl-state")).to_contain_text("5 articles.")
        expect(page.locator(".dl-list tbody button")).to_have_count(5)

        page.get_by_role("tab", name="Ask").click()
        expect(page.get_by_label("Question")).to_have_value("half a question")
        assert page.evaluate("window.hacked") is None


@pytest.mark.browser
def test_files_are_added_and_one_is_removed(chromium: Browser, tmp_path: Path) -> None:
    good, bad = tmp_path / "harbour.txt", tmp_path / "harbour.csv"
    good.write_text("The harbour reopened.", encoding="utf-8")
    bad.write_text("x", encoding="utf-8")
    desk = ScriptedDesk((FERRY, CUTTER), script)
    with serve_page(desk.open, QUIET_SETTINGS) as address, open_page(chromium, address) as page:
        page.get_by_role("tab", name="Articles").click()
        rows, notice = page.locator(".dl-list tbody tr"), page.locator("#dl-notice")
        expect(rows).to_have_count(2)
        page.get_by_role("button", name="Add articles").click()
        page.locator("#dl-files input[type=file]").set_input_files([good, bad])
        expect(notice).to_contain_text("harbour.txt was taken: 1 article.")
        expect(notice).to_contain_text("harbour.csv was not taken. Only text is read.")
        expect(notice).to_contain_text("Done: 1 new.")
        expect(rows).to_have_count(3)
        expect(page.locator("#dl-state")).to_contain_text("3 articles.")
        expect(page.locator("#dl-files input[type=file]")).to_be_attached()  # ready for the next

        page.get_by_role("button", name="Ferry towed back").click()
        remove = page.get_by_role("button", name="Remove", exact=True)
        remove.click()
        page.get_by_role("button", name="Leave it").click()
        expect(remove).to_be_focused()
        expect(rows).to_have_count(3)
        remove.click()
        expect(page.get_by_role("button", name="Remove it")).to_be_focused()
        page.keyboard.press("Enter")
        expect(notice).to_contain_text("ferry.txt was removed. The file is kept in .removed")
        expect(rows).to_have_count(2)
        expect(page.locator("#dl-open")).to_contain_text("Choose an article")


@pytest.mark.browser
def test_a_file_that_is_too_large_is_refused_by_name(chromium: Browser, tmp_path: Path) -> None:
    large = tmp_path / "large.txt"
    large.write_text("word " * 220_000, encoding="utf-8")
    desk = ScriptedDesk((FERRY,), script)
    settings = Settings(page=PageSettings(keep_questions=False, upload_megabytes=1))
    with serve_page(desk.open, settings) as address, open_page(chromium, address) as page:
        page.get_by_role("tab", name="Articles").click()
        page.get_by_role("button", name="Add articles").click()
        expect(page.get_by_text("Files to add, up to 1 MB each")).to_be_visible()
        page.locator("#dl-files input[type=file]").set_input_files(large)
        expect(page.get_by_text("large.txt").first).to_be_visible()
        expect(page.get_by_text("maximum allowed size").first).to_be_visible()
        assert desk.behind == ()
