"""The page in headless Chromium, over a desk whose answers are scripted."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("playwright")
from browser import (
    ask,
    lit_text,
    marked_text,
    open_page,
    run_chromium,
    serve_page,
    wait_for_end,
    wait_until,
)
from playwright.sync_api import Browser, Page, expect
from scripted import CUTTER, FERRY, NASTY, NASTY_TITLE, NASTY_WORDS, ScriptedDesk, script

from index.errors import ArticlesError
from index.settings import Settings
from qa.asked import AskedLog, asked_file

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with run_chromium() as started:
        yield started


@pytest.fixture(scope="module")
def desk() -> ScriptedDesk:
    return ScriptedDesk((FERRY, CUTTER, NASTY), script)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(store=str(tmp_path_factory.mktemp("store")))


@pytest.fixture(scope="module")
def address(desk: ScriptedDesk, settings: Settings) -> Iterator[str]:
    with serve_page(desk.open, settings) as url:
        yield url


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    with open_page(browser, address) as opened:
        yield opened


def talk(page: Page) -> Any:
    return page.get_by_role("log", name="Conversation")


def test_an_answer_comes_with_extract_sentences_and_sources(page: Page) -> None:
    ask(page, "How many passengers?")
    expect(talk(page)).to_contain_text("From The Hale Gazette:")
    expect(talk(page)).to_contain_text("The ferry had 212 passengers.")
    expect(talk(page)).to_contain_text("partly supported")
    wait_for_end(page)
    expect(page.get_by_label("Question")).to_have_value("")
    sources = page.get_by_role("region", name="Sources")
    expect(sources.get_by_role("heading", name="Ferry towed back")).to_be_visible()
    expect(sources).to_contain_text("The Hale Gazette · 3 March 2025")
    assert talk(page).get_by_role("link").all_text_contents() == ["[1]", "[2]"]


@pytest.mark.parametrize("width", [360, 1280])
def test_a_citation_leads_to_exactly_the_quoted_words(
    browser: Browser, address: str, width: int
) -> None:
    with open_page(browser, address, viewport={"width": width, "height": 720}) as page:
        ask(page, "How many passengers?")
        wait_for_end(page)
        for number, quote in (
            (2, "Its engine failed nine kilometres off Cape Dorn."),
            (1, "The ferry left Port Hale at 06:40 with 212 passengers."),
        ):
            talk(page).get_by_role("link", name=f"[{number}]").click()
            assert lit_text(page, "mark") == quote
            assert lit_text(page, ".dl-quote .dl-words") == quote
            assert marked_text(page, 1, number) == quote
            expect(page.locator("mark.dl-lit")).to_be_in_viewport()
            expect(page.locator(".dl-quote.dl-lit")).to_be_in_viewport()


@pytest.mark.parametrize("width", [360, 1000, 1280])
def test_each_version_leads_to_its_words(browser: Browser, address: str, width: int) -> None:
    with open_page(browser, address, viewport={"width": width, "height": 720}) as page:
        ask(page, "How far off Cape Dorn was the ferry?")
        wait_for_end(page)
        table = page.get_by_role("table", name="The articles differ")
        expect(table.get_by_role("columnheader")).to_have_count(4)
        row = table.get_by_role("row").filter(has_text="12 km")
        expect(row).to_contain_text("Dorn & Hale Morning Chronicle")
        row.get_by_role("link", name="[2]").click()
        assert lit_text(page, "mark") == CUTTER.text.strip()
        expect(page.get_by_text("2 other articles say the same.")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_body_is_shown_without_its_front_matter(page: Page) -> None:
    ask(page, "How many passengers?")
    wait_for_end(page)
    page.get_by_text("Full article").click()
    text = page.locator(".dl-body").text_content()
    assert text == FERRY.text[FERRY.text.index("The harbour") :]


def test_enter_asks_and_shift_enter_breaks_the_line(page: Page) -> None:
    box = page.get_by_label("Question")
    box.press_sequentially("How many")
    box.press("Shift+Enter")
    box.press_sequentially("passengers?")
    expect(box).to_have_value("How many\npassengers?")
    box.press("Enter")
    expect(talk(page)).to_contain_text("212 passengers")


def test_the_button_asks_too(page: Page) -> None:
    page.get_by_label("Question").fill("How many passengers?")
    page.get_by_role("button", name="Ask").click()
    expect(talk(page)).to_contain_text("212 passengers")


def test_stop_stops_the_model_within_a_second(page: Page, desk: ScriptedDesk) -> None:
    ask(page, "An endless one")
    expect(talk(page)).to_contain_text("It left.")
    expect(page.get_by_text("Writing")).to_be_visible()
    pressed = time.monotonic()
    page.get_by_role("button", name="Stop").click()
    wait_until(desk.streams[-1].closed.is_set)
    assert time.monotonic() - pressed < 1
    expect(talk(page)).to_contain_text("Stopped before the answer was finished.")
    wait_for_end(page)
    ask(page, "And now?")
    expect(talk(page)).to_contain_text("The ferry had 212 passengers.")


def test_a_question_during_an_answer_waits_in_the_box(page: Page) -> None:
    ask(page, "An endless one")
    expect(talk(page)).to_contain_text("It left.")
    ask(page, "How many passengers?")
    expect(page.get_by_text("One question at a time")).to_be_visible()
    expect(page.get_by_label("Question")).to_have_value("How many passengers?")
    page.get_by_role("button", name="Stop").click()
    wait_for_end(page)
    expect(page.get_by_text("One question at a time")).to_be_hidden()
    expect(talk(page)).not_to_contain_text("passengers?")


def test_closing_the_page_stops_the_model(
    browser: Browser, address: str, desk: ScriptedDesk
) -> None:
    with open_page(browser, address) as page:
        ask(page, "An endless one")
        expect(talk(page)).to_contain_text("It left.")
    wait_until(desk.streams[-1].closed.is_set, 10)


def verdicts(settings: Settings) -> list[str | None]:
    """What was said of the two questions asked last."""
    return [each.verdict for each in AskedLog(asked_file(settings)).load()[-2:]]


def test_a_verdict_is_pressed_changed_and_taken_back(
    browser: Browser, address: str, settings: Settings
) -> None:
    with open_page(browser, address, viewport={"width": 360, "height": 640}) as page:
        ask(page, "How many passengers?")
        wait_for_end(page)
        ask(page, "What is the capital of Australia?")
        wait_for_end(page)
        first, second = (page.locator(f"#turn-{number}") for number in (1, 2))
        good, wrong = (
            first.get_by_role("button", name=name, exact=True)
            for name in ("Good answer", "Wrong answer")
        )
        wrong.click()
        expect(wrong).to_have_attribute("aria-pressed", "true")
        assert verdicts(settings) == ["wrong", None]
        good.focus()
        page.keyboard.press("Enter")
        expect(good).to_have_attribute("aria-pressed", "true")
        expect(wrong).to_have_attribute("aria-pressed", "false")
        expect(good).to_be_focused()
        assert verdicts(settings) == ["good", None]
        page.keyboard.press("Space")
        expect(good).to_have_attribute("aria-pressed", "false")
        assert verdicts(settings) == [None, None]
        expect(second.locator('[aria-pressed="true"]')).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_what_was_wrong_is_told_and_what_it_took_can_be_unfolded(
    browser: Browser, address: str, settings: Settings
) -> None:
    with open_page(browser, address, viewport={"width": 360, "height": 640}) as page:
        ask(page, "How many passengers?")
        wait_for_end(page)
        page.get_by_text("Time and tokens").click()
        expect(page.get_by_text("No language model was asked.")).to_be_visible()
        page.get_by_role("button", name="Wrong answer").click()
        page.get_by_label("What was wrong?").fill("There were 213.")
        page.get_by_role("button", name="Keep", exact=True).click()
        expect(page.get_by_text("Kept on this machine.")).to_be_visible()
        expect(page.get_by_label("What was wrong?")).to_have_value("There were 213.")
        assert AskedLog(asked_file(settings)).load()[-1].remark == "There were 213."
        ask(page, "And the engine?")
        wait_for_end(page)
        expect(page.get_by_label("What was wrong?")).to_have_value("There were 213.")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_an_answer_is_judged_only_once_it_is_written(page: Page, settings: Settings) -> None:
    ask(page, "How many passengers?")
    wait_for_end(page)
    ask(page, "An endless one")
    expect(talk(page)).to_contain_text("It left.")
    expect(talk(page).get_by_role("group", name="Your verdict")).to_have_count(1)
    wrong = page.get_by_role("button", name="Wrong answer")
    wrong.click()
    expect(wrong).to_have_attribute("aria-pressed", "true")
    assert verdicts(settings)[-1] == "wrong"
    expect(page.get_by_text("Writing")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    wait_for_end(page)
    expect(talk(page).get_by_role("group", name="Your verdict")).to_have_count(1)
    expect(wrong).to_have_attribute("aria-pressed", "true")


def test_what_the_articles_do_not_say(page: Page) -> None:
    ask(page, "What is the capital of Australia?")
    wait_for_end(page)
    expect(talk(page)).to_contain_text("The articles don't say.")
    expect(talk(page)).to_contain_text("No article speaks of Australia.")
    expect(talk(page).get_by_role("listitem")).to_contain_text("Ferry towed back")
    expect(talk(page).get_by_role("link")).to_have_count(0)


def test_a_follow_up_keeps_the_conversation(page: Page) -> None:
    ask(page, "How many passengers?")
    wait_for_end(page)
    ask(page, "What is the capital of Australia?")
    expect(talk(page)).to_contain_text("Australia? (after How many passengers?)")
    wait_for_end(page)
    expect(talk(page)).to_contain_text("The ferry had 212 passengers.")
    expect(page.get_by_role("heading", name="Ferry towed back")).to_be_hidden()
    talk(page).get_by_role("link", name="[1]").click()
    expect(page.get_by_role("heading", name="Ferry towed back")).to_be_visible()


def test_a_new_conversation_forgets_the_old_one(page: Page, desk: ScriptedDesk) -> None:
    ask(page, "An endless one")
    expect(talk(page)).to_contain_text("It left.")
    page.get_by_role("button", name="New conversation").click()
    expect(talk(page)).to_contain_text("Ask about the articles.")
    wait_until(desk.streams[-1].closed.is_set)
    ask(page, "How many passengers?")
    wait_for_end(page)
    expect(talk(page)).not_to_contain_text("It left.")
    expect(talk(page)).not_to_contain_text("Understood as")


def test_nobody_sees_the_conversation_of_another(
    browser: Browser, address: str, page: Page
) -> None:
    ask(page, "How many passengers?")
    wait_for_end(page)
    with open_page(browser, address) as other:
        expect(talk(other)).to_contain_text("Ask about the articles.")
        ask(other, "What is the capital of Australia?")
        wait_for_end(other)
        expect(talk(other)).not_to_contain_text("passengers")
    expect(talk(page)).not_to_contain_text("Australia")


def test_the_second_in_line_is_told_so(browser: Browser, address: str, page: Page) -> None:
    ask(page, "An endless one")
    expect(talk(page)).to_contain_text("It left.")
    with open_page(browser, address) as other:
        ask(other, "How many passengers?")
        expect(other.get_by_text("1 question is ahead of yours")).to_be_visible()
        page.get_by_role("button", name="Stop").click()
        expect(talk(other)).to_contain_text("The ferry had 212 passengers.")


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("Is the server there?", "No Ollama server answers."),
        ("A broken one", "Something went wrong: <b>boom</b>"),
    ],
)
def test_an_error_is_a_sentence_in_the_page(page: Page, question: str, sentence: str) -> None:
    ask(page, question)
    expect(talk(page)).to_contain_text(sentence)
    wait_for_end(page)


def test_a_question_that_cannot_be_used_stays_in_the_box(page: Page) -> None:
    ask(page, "   ")
    expect(page.get_by_text("Ask a question.")).to_be_visible()
    expect(page.get_by_label("Question")).to_have_value("   ")
    expect(talk(page)).to_contain_text("Ask about the articles.")


def test_a_hostile_article_is_only_text(browser: Browser, address: str) -> None:
    requests: list[str] = []
    with open_page(browser, address, viewport={"width": 360, "height": 640}) as page:
        page.on("request", lambda request: requests.append(request.url))
        ask(page, "A hostile one")
        wait_for_end(page)
        talk(page).get_by_role("link", name="[1]").first.click()
        assert lit_text(page, "mark") == NASTY_WORDS
        assert page.evaluate("window.hacked") is None
        expect(page.get_by_role("heading", name=NASTY_TITLE)).to_be_visible()
        assert page.locator(".dl-talk img, .dl-sources img, .dl-sources script").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert not [url for url in requests if not url.startswith(address)]


def test_nothing_is_loaded_from_outside(browser: Browser, address: str) -> None:
    requests: list[str] = []
    context = browser.new_context()
    context.on("request", lambda request: requests.append(request.url))
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
    page.goto(address)
    ask(page, "How many passengers?")
    wait_for_end(page)
    context.close()
    assert requests
    assert not [url for url in requests if not url.startswith((address, "data:", "blob:"))]
    assert problems == []


def test_the_page_is_there_before_the_models(browser: Browser) -> None:
    cold = ScriptedDesk((FERRY,), script, warm_seconds=3)
    with serve_page(cold.open) as address, open_page(browser, address) as page:
        expect(page.get_by_text("Loading the language model").first).to_be_visible()
        ask(page, "How many passengers?")
        expect(talk(page)).to_contain_text("The ferry had 212 passengers.")
        expect(page.get_by_text("1 article. A script answers.")).to_be_visible()


def test_a_missing_folder_is_a_sentence_and_can_be_mended(browser: Browser) -> None:
    folders: list[ScriptedDesk] = []

    def open_desk(**_: object) -> ScriptedDesk:
        if not folders:
            raise ArticlesError("There is no folder articles. Create it.")
        return folders[0]

    with serve_page(open_desk) as address, open_page(browser, address) as page:
        expect(page.get_by_text("There is no folder articles. Create it.")).to_be_visible()
        folders.append(ScriptedDesk((FERRY,), script))
        ask(page, "How many passengers?")
        expect(talk(page)).to_contain_text("The ferry had 212 passengers.")


def test_only_this_machine_is_answered(address: str) -> None:
    import httpx

    plain = httpx.get(address)
    assert "default-src 'self'" in plain.headers["content-security-policy"]
    foreign = httpx.get(address, headers={"host": "evil.example"})
    assert foreign.status_code == 400
