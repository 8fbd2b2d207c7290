"""Questions that are made of the articles."""

from collections.abc import Callable, Iterator

import gradio as gr
import pytest
from scripted import CUTTER, FERRY, ScriptedDesk, script
from test_page import HOSTILE, Reader

from index.sections import PageSettings
from index.settings import Settings
from qa.desk import Desk
from qa.examples import questions_of
from qa.page.ask.events import Events
from qa.page.ask.render import OFFERED, talk_html
from qa.page.ask.sessions import Sessions
from qa.page.ask.turn import Turn
from qa.page.serve.loader import DeskLoader


@pytest.mark.parametrize(
    ("sentence", "questions"),
    [
        ("Lena Marsh said the ferry was late.", ["What did Lena Marsh say?"]),
        ("The ferry was late, said Lena Marsh of the coastguard.", ["What did Lena Marsh say?"]),
        ("They left at night, said the Harbour Watch for Dorn (HWD), who count them.",
         ["What did the Harbour Watch for Dorn say?"]),
        ("The Harbour Watch announced a search.", ["What did the Harbour Watch say?"]),
        ("HWD said the cutter was found.", ["What did HWD say?"]),
        ("Lena Marsh, who directs the coastguard, said it was late.",
         ["What did Lena Marsh say?", "Who is Lena Marsh?"]),
        ("Its leader, Lena Marsh, was not there.", ["Who is Lena Marsh?"]),
        ("Those at work for the Harbour Watch, a body of the town, said it goes on.", []),
        ("A spokesman said on Friday that Port Hale was closed.", []),
        ("She said so.", []),
        (f"It was late, said {'W' * 10_000} Marsh.", []),
        ("", []),
    ],
)  # fmt: skip
def test_a_sentence_answers_what_is_made_of_it(sentence: str, questions: list[str]) -> None:
    assert list(questions_of(sentence)) == questions


def test_examples_name_who_stands_in_the_articles(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk()
    texts = " ".join(article.text for article in desk.articles)
    for question in desk.examples():
        name = question.removeprefix("Who is ").removeprefix("What did ").removeprefix("the ")
        assert name.removesuffix("?").removesuffix(" say") in texts
    assert desk.examples() == make_desk().examples()


@pytest.mark.parametrize("text", HOSTILE)
def test_an_example_is_shown_as_text(text: str) -> None:
    tags = set(Reader(talk_html((), examples=(text,))).tags)
    assert tags <= {"div", "p", "ul", "li", "button", "span"}  # a span tells of hidden steering


def test_examples_are_shown_until_something_is_asked() -> None:
    assert OFFERED in talk_html((), examples=("Who?",))
    assert OFFERED not in talk_html((), examples=())
    assert OFFERED not in talk_html((Turn(1, "Q?"),), examples=("Who?",))


QUIET_SETTINGS = Settings(page=PageSettings(keep_questions=False))


@pytest.mark.parametrize("data", [None, {}, {"question": 7}, {"question": ["x"]}])
async def test_a_press_that_names_no_question_asks_nothing(data: object) -> None:
    loader = DeskLoader(ScriptedDesk((FERRY,), script).open, QUIET_SETTINGS)
    sessions = Sessions(loader)
    request = gr.Request(session_hash="page")
    async for _ in Events(sessions).example([], "", "", gr.EventData(None, data), request):
        pass
    assert sessions.of("page").turns == ()


pytest.importorskip("playwright")
from browser import open_page, run_chromium, serve_page, wait_for_end  # noqa: E402
from playwright.sync_api import Browser, expect  # noqa: E402


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with run_chromium() as started:
        yield started


@pytest.mark.browser
def test_an_example_is_asked_by_a_click(browser: Browser) -> None:
    desk = ScriptedDesk((FERRY, CUTTER), script)
    with serve_page(desk.open, QUIET_SETTINGS) as address, open_page(browser, address) as page:
        example = page.get_by_role("button", name="How many were on the ferry?")
        example.click()
        expect(page.locator("h2.dl-question")).to_have_text("How many were on the ferry?")
        expect(page.locator(".dl-example")).to_have_count(0)
        wait_for_end(page)
        expect(page.locator(".dl-sentence").first).to_contain_text("212 passengers")
        page.get_by_role("button", name="New conversation").click()
        expect(example).to_be_visible()
