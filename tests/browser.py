"""What browser tests share: a page served in a thread, Chromium, and what one does in it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import anyio
from playwright.sync_api import Browser, Page, sync_playwright

from index.settings import Settings
from qa.page.serve.loader import DeskLoader, OpenDesk
from qa.page.serve.reach import Login, listen
from qa.page.serve.server import build_server

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_SECONDS = 30

# anyio loads its parts when they are first named, and pytest rewrites them as it does tests. In
# the server's thread that meets a fault of CPython 3.11's parser, so all are named here.
for _name in dir(anyio):
    getattr(anyio, _name)


@contextmanager
def serve_page(
    open_desk: OpenDesk, settings: Settings | None = None, login: Login | None = None
) -> Iterator[str]:
    """Serve the page on a free port in a thread; gives its address."""
    settings = settings or Settings()
    listener = listen(settings.page, port=0)
    loader = DeskLoader(open_desk, settings)
    server = build_server(loader, login)
    loader.start()
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        wait_until(lambda: server.started, START_SECONDS)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        server.should_exit = True
        thread.join(timeout=START_SECONDS)
        listener.close()


@contextmanager
def run_chromium() -> Iterator[Browser]:
    """A headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def open_page(browser: Browser, address: str, **options: object) -> Iterator[Page]:
    """The page, once the question can be typed."""
    context = browser.new_context(**options)
    page = context.new_page()
    page.set_default_timeout(START_SECONDS * 1000)
    try:
        page.goto(address)
        page.get_by_label("Question").wait_for()
        yield page
    finally:
        context.close()


def ask(page: Page, question: str) -> None:
    """Type a question, press Enter, and wait until the page has taken it or said why not."""
    before = page.locator(".dl-turn").count()
    page.get_by_label("Question").fill(question)
    page.get_by_label("Question").press("Enter")
    taken = f".dl-turn:nth-of-type({before + 1}), #dl-status .dl-problem"
    page.locator(taken).first.wait_for()


def wait_for_end(page: Page) -> None:
    """Wait until the page has nothing more to write."""
    page.locator("#dl-ask:not([disabled])").wait_for()
    page.locator("#dl-stop[disabled]").wait_for()


def marked_text(page: Page, turn: int, number: int) -> str:
    """The text that is marked for a citation in the article of its card."""
    marks = page.locator(f'.dl-group[data-turn="{turn}"] mark[data-cite~="{turn}-{number}"]')
    return "".join(marks.evaluate_all("marks => marks.map(mark => mark.textContent)"))


def lit_text(page: Page, selector: str) -> str:
    """The highlighted text: `mark` in the articles, `.dl-quote .dl-words` in the cards."""
    return "".join(
        page.locator(selector).evaluate_all(
            "all => all.filter(each => each.closest('.dl-lit')).map(each => each.textContent)"
        )
    )


def wait_until(condition: Callable[[], bool], seconds: float = 5) -> None:
    """Wait for a condition; fails when it doesn't come about."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
