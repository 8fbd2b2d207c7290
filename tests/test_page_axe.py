"""axe-core looks at the page in each of its states for what would keep a reader out."""

import re
from collections.abc import Iterator

import pytest

pytest.importorskip("playwright")
from axe_playwright_python.sync_playwright import Axe
from browser import open_page, run_chromium
from page_states import STATES, serve_states
from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

SERIOUS = ("serious", "critical")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with run_chromium() as started:
        yield started


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serve_states(tmp_path_factory.mktemp("store")) as url:
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
