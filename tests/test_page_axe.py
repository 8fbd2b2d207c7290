"""axe-core looks at the page in each of its states for what would keep a reader out."""

import re
from collections.abc import Callable, Iterator

import pytest
from scripted import CUTTER, FERRY, NASTY, ScriptedDesk, script

from index.overview import Row
from index.settings import Settings

pytest.importorskip("playwright")
from axe_playwright_python.sync_playwright import Axe
from browser import ask, open_page, run_chromium, serve_page, wait_for_end
from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

SERIOUS = ("serious", "critical")
FAR = "How far off Cape Dorn was the ferry?"


def nothing_asked(page: Page) -> None:
    page.get_by_text("3 articles").wait_for()


def answered(page: Page) -> None:
    ask(page, "How many passengers?")
    wait_for_end(page)
    page.get_by_role("button", name="Wrong answer").click()
    page.get_by_label("What was wrong?").wait_for()


def everything_open(page: Page) -> None:
    answered(page)
    ask(page, FAR)
    wait_for_end(page)
    page.locator(".dl-cite").last.click()
    page.locator(".dl-earlier summary").click()
    page.locator(".dl-delete").first.click()
    page.locator(".dl-cost summary").last.click()
    page.get_by_text("Which articles").click()
    page.get_by_text("Model", exact=True).first.click()
    page.get_by_label("Only from these outlets").wait_for()


def question(text: str) -> Callable[[Page], None]:
    def show(page: Page) -> None:
        ask(page, text)
        wait_for_end(page)

    return show


def busy(page: Page) -> None:
    ask(page, "An endless one")
    page.get_by_text("It left.").wait_for()


def articles(page: Page) -> None:
    page.get_by_role("tab", name="Articles").click()
    page.get_by_role("button", name="Ferry towed back").click()
    page.locator(".dl-reader").wait_for()


def evals(page: Page) -> None:
    page.get_by_role("tab", name="Evals").click()
    page.locator("#dl-measured").get_by_text("eval").first.wait_for()


STATES: dict[str, Callable[[Page], None]] = {
    "empty": nothing_asked,
    "answer": answered,
    "everything open": everything_open,
    "abstained": question("What is the capital of Australia?"),
    "error": question("Is the server there?"),
    "hostile": question("A hostile one"),
    "busy": busy,
    "articles": articles,
    "evals": evals,
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with run_chromium() as started:
        yield started


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    settings = Settings(store=str(tmp_path_factory.mktemp("store")))
    desk = ScriptedDesk((FERRY, CUTTER, NASTY), script)
    desk.behind = (Row(path="new.txt", status="not indexed"),)
    with serve_page(desk.open, settings) as url:
        yield url


def faults(page: Page) -> list[str]:
    """What axe-core finds that is serious or worse, with the first places."""
    found = Axe().run(page).response["violations"]
    return [
        f"{each['impact']}: {each['id']}: {[node['html'][:200] for node in each['nodes'][:3]]}"
        for each in found
        if each["impact"] in SERIOUS
    ]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (360, "light")])
def test_nothing_keeps_a_reader_out(
    browser: Browser, address: str, width: int, scheme: str, state: str
) -> None:
    size = {"width": width, "height": 900}
    # A sentence that is still fading in has less contrast than it is about to have.
    options = {"viewport": size, "color_scheme": scheme, "reduced_motion": "reduce"}
    with open_page(browser, address, **options) as page:
        STATES[state](page)
        assert faults(page) == []


def test_a_fault_would_be_found(browser: Browser, address: str) -> None:
    with open_page(browser, address) as page:
        page.evaluate("document.querySelector('#dl-ask').replaceChildren()")
        page.add_style_tag(content=".dl-masthead p { color: #ccc !important }")
        found = " ".join(faults(page))
    assert re.search("button-name", found)
    assert re.search("color-contrast", found)
