"""The page on the real model: asks, and reads an answer whose citation is verbatim."""

from collections.abc import Iterator

import pytest

pytest.importorskip("playwright")
from browser import ask, marked_text, open_page, run_chromium, serve_page
from conftest import REPOSITORY
from playwright.sync_api import Page, expect

from index.settings import load_settings
from qa.desk import open_desk

pytestmark = [pytest.mark.browser, pytest.mark.model]

ARTICLES = REPOSITORY / "articles"
ANSWER_MILLISECONDS = 180_000


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    store = tmp_path_factory.mktemp("store")
    settings = load_settings(articles=ARTICLES, backend="embedded", store=str(store))
    with (
        serve_page(open_desk, settings) as address,
        run_chromium() as browser,
        open_page(browser, address) as opened,
    ):
        yield opened


def test_a_cited_answer_is_read_in_the_browser(page: Page) -> None:
    ask(page, "Who is the foreign minister of Syria?")
    expect(page.get_by_role("link", name="[1]").first).to_be_visible(timeout=ANSWER_MILLISECONDS)
    expect(page.get_by_role("log", name="Conversation")).to_contain_text("Bassam Sabbagh")
    quote = marked_text(page, 1, 1)
    texts = [path.read_text(encoding="utf-8") for path in ARTICLES.iterdir()]
    assert quote
    assert any(quote in text for text in texts)
