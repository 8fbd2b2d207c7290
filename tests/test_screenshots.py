"""Pictures of the page's main states, to be looked at: three widths, light and dark."""

from collections.abc import Iterator

import pytest

pytest.importorskip("playwright")
from browser import ask, open_page, run_chromium, serve_page, wait_for_end
from conftest import REPOSITORY
from playwright.sync_api import Browser, ViewportSize
from scripted import CUTTER, FERRY, NASTY, ScriptedDesk, script

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FOLDER = REPOSITORY / "evals" / "bench" / "results" / "screenshots"
HEIGHT = 900
STATES = {
    "empty": None,
    "answer": "How many passengers?",
    "disagreement": "How far off Cape Dorn was the ferry?",
    "abstained": "What is the capital of Australia?",
    "error": "Is the server there?",
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with run_chromium() as started:
        yield started


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serve_page(ScriptedDesk((FERRY, CUTTER, NASTY), script).open) as url:
        yield url


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1000, 1600])
def test_a_picture_is_taken(
    browser: Browser, address: str, width: int, scheme: str, state: str
) -> None:
    size = ViewportSize(width=width, height=HEIGHT)
    with open_page(browser, address, viewport=size, color_scheme=scheme) as page:
        if question := STATES[state]:
            ask(page, question)
            wait_for_end(page)
        picture = page.screenshot(
            path=FOLDER / f"{state}-{width}-{scheme}.png", animations="disabled"
        )
    assert picture
