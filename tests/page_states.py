"""The states that the page can be in: what to do in a browser to see each of them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from browser import ask, serve_page, wait_for_end
from playwright.sync_api import Page
from scripted import CUTTER, FERRY, NASTY, ScriptedDesk, script

from index.overview import Row
from index.settings import Settings

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


@contextmanager
def serve_states(store: Path) -> Iterator[str]:
    """Serve a page that can be brought into each of the states; gives its address."""
    desk = ScriptedDesk((FERRY, CUTTER, NASTY), script)
    desk.behind = (Row(path="new.txt", status="not indexed"),)
    with serve_page(desk.open, Settings(store=str(store))) as address:
        yield address
