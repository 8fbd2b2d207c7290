"""Saving a conversation from the page, and copying an answer with its sources."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest
from scripted import CUTTER, FERRY, ScriptedDesk, script
from test_page import HOSTILE, Reader

from index.settings import Settings
from qa.export import from_json, to_markdown
from qa.page.ask.saving import NOTHING_TO_SAVE, Made, Saving, saving_html
from qa.page.ask.sessions import Sessions
from qa.page.serve.loader import DeskLoader

QUESTIONS = ("How many passengers?", "How far off Cape Dorn was the ferry?")


async def asked(*questions: str) -> tuple[Saving, Sessions]:
    """A page on which these were asked."""
    loader = DeskLoader(ScriptedDesk((FERRY, CUTTER), script).open, Settings())
    sessions = Sessions(loader)
    for question in questions:
        async for _ in sessions.of("page").ask(question):
            pass
    return Saving(sessions, loader), sessions


async def make(saving: Saving, data: object, page: str = "page") -> str:
    return await saving.make(gr.EventData(None, data), SimpleNamespace(session_hash=page))  # type: ignore[arg-type]


@pytest.mark.parametrize("page", ["page", "another"])
@pytest.mark.parametrize(
    "data",
    [
        None, 7, "x", [], {}, {"turn": 0}, {"turn": 2}, {"turn": "1"}, {"turn": True},
        {"format": "exe"}, {"format": ["json"]}, {"format": None},
    ],
)  # fmt: skip
async def test_a_press_that_makes_no_sense_gives_no_text(data: object, page: str) -> None:
    saving, _ = await asked(QUESTIONS[0])
    assert await make(saving, data, page) == saving_html(words=NOTHING_TO_SAVE)


@pytest.mark.parametrize("data", [{"turn": 1}, {"format": "json"}, {"format": "markdown"}])
async def test_nobody_gets_the_conversation_of_another_page(data: object) -> None:
    saving, _ = await asked(*QUESTIONS)
    assert "212 passengers" in await make(saving, data)
    assert await make(saving, data, "another") == saving_html(words=NOTHING_TO_SAVE)


async def test_an_unfinished_answer_is_not_saved() -> None:
    saving, sessions = await asked(QUESTIONS[0], "A broken one")
    assert len(sessions.of("page").turns) == 2
    assert await make(saving, {"turn": 2}) == saving_html(words=NOTHING_TO_SAVE)
    assert "A broken one" not in await make(saving, {"format": "json"})


@pytest.mark.parametrize("text", HOSTILE)
def test_the_text_is_handed_on_as_it_is(text: str) -> None:
    reader = Reader(saving_html(Made(text, "name", 1)))
    assert ("data-text", text) in reader.attributes
    assert set(reader.tags) == {"div", "button", "p"}


async def test_the_same_text_made_again_is_another_one() -> None:
    saving, _ = await asked(QUESTIONS[0])
    assert await make(saving, {"turn": 1}) != await make(saving, {"turn": 1})


pytest.importorskip("playwright")
from browser import ask, open_page, run_chromium, serve_page, wait_for_end  # noqa: E402
from playwright.sync_api import Browser, Page, expect  # noqa: E402


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with run_chromium() as started:
        yield started


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    settings = Settings(store=str(tmp_path_factory.mktemp("store")))
    with serve_page(ScriptedDesk((FERRY, CUTTER), script).open, settings) as url:
        yield url


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    with open_page(browser, address, permissions=["clipboard-read", "clipboard-write"]) as opened:
        yield opened


@pytest.mark.browser
def test_a_conversation_is_saved_as_it_stands(page: Page, tmp_path: Path) -> None:
    expect(page.get_by_role("button", name="Save as JSON")).to_be_hidden()
    for question in QUESTIONS:
        ask(page, question)
        wait_for_end(page)
    texts = {}
    for name, ending in (("Save as JSON", "json"), ("Save as Markdown", "md")):
        with page.expect_download() as started:
            page.get_by_role("button", name=name).click()
        assert started.value.suggested_filename == f"dateline-{date.today()}.{ending}"
        started.value.save_as(tmp_path / ending)
        texts[ending] = (tmp_path / ending).read_text(encoding="utf-8")
        expect(page.locator(".dl-saved")).to_contain_text(f".{ending}")
    saved = from_json(texts["json"])
    assert [each.question for each in saved.answers] == list(QUESTIONS)
    assert texts["md"] == to_markdown(saved)
    for cited in json.loads(texts["json"])["answers"][0]["citations"]:
        assert FERRY.text[cited["start"] : cited["end"]] == cited["quote"]


@pytest.mark.browser
def test_an_answer_is_copied_with_its_sources(page: Page) -> None:
    for question in QUESTIONS:
        ask(page, question)
        wait_for_end(page)
    second = page.locator("#turn-2")
    second.get_by_role("button", name="Copy with sources").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"## {QUESTIONS[1]}")
    assert CUTTER.text.split()[-1] in copied
    assert QUESTIONS[0] not in copied.splitlines()[0]
