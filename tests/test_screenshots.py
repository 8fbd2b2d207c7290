"""Pictures of the page's main states, to be looked at: three widths, light and dark."""

from collections.abc import Iterator

import pytest

pytest.importorskip("playwright")
from browser import open_page, run_chromium
from conftest import REPOSITORY
from page_states import STATES, serve_states
from playwright.sync_api import Browser, ViewportSize

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FOLDER = REPOSITORY / "evals" / "bench" / "results" / "screenshots"
HEIGHT = 900


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with run_chromium() as started:
        yield started


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serve_states(tmp_path_factory.mktemp("store")) as url:
        yield url


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1000, 1600])
def test_a_picture_is_taken(
    browser: Browser, address: str, width: int, scheme: str, state: str
) -> None:
    size = ViewportSize(width=width, height=HEIGHT)
    with open_page(browser, address, viewport=size, color_scheme=scheme) as page:
        STATES[state](page)
        name = f"{state.replace(' ', '-')}-{width}-{scheme}.png"
        picture = page.screenshot(path=FOLDER / name, animations="disabled")
    assert picture
