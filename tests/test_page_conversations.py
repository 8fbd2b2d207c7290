"""Conversations in the page: kept, found again, several, deleted, asked again."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from scripted import (
    CUTTER,
    FERRY,
    ScriptedDesk,
    cite,
    extract_of,
    make_answer,
    script,
    supported,
)

from index.errors import ModelError, StoreError
from index.sections import PageSettings
from index.settings import Settings
from qa.answer import Disagreement, Version
from qa.asked import Asked, asked_from
from qa.filters import Filters
from qa.page.ask.book import MOST_KEPT, Book, Place
from qa.page.ask.cards import build_cards
from qa.page.ask.earlier import DELETE, earlier_html
from qa.page.ask.events import EDITING, NOT_DELETED, Events
from qa.page.ask.footer import AGAIN, EDIT
from qa.page.ask.keeper import Keeper, build_keeper
from qa.page.ask.sessions import Sessions, known_reader
from qa.page.ask.sources import QUOTE_MOVED
from qa.page.ask.turn import READING, Turn
from qa.page.serve.loader import DeskLoader, Loading

HOW_FAR = "How far off Cape Dorn was the ferry?"
PASSENGERS = "How many passengers?"
READER = known_reader(None, None)


# The book


def full_turn() -> Turn:
    """A turn with everything that one can have."""
    nine = replace(
        cite(FERRY, "Its engine failed nine kilometres off Cape Dorn.", 1),
        corroborated_by=("harbour",),
    )
    twelve = cite(CUTTER, CUTTER.text.strip(), 2)
    answer = make_answer(
        "How far?",
        supported("Nine.", nine, twelve),
        extract=extract_of(nine),
        disagreements=(Disagreement("how far", (Version("9", 1), Version("12", 2))),),
        as_of=date(2024, 12, 8).isoformat(),
    )
    asked = asked_from(answer, history=("Before?",), articles=Path("articles"), narrowed="Only x")
    filters = Filters(("The Hale Gazette",), date(2024, 12, 1), None)
    turn = Turn(1, "How far?", None, answer=answer, asked=asked, filters=filters)
    turn = replace(turn, extract=answer.extract, sentences=answer.sentences)
    return replace(turn, cards=build_cards(turn, ScriptedDesk((FERRY, CUTTER), script)))


def test_a_conversation_comes_back_whole_but_for_the_texts(tmp_path: Path) -> None:
    book, place, turn = Book(tmp_path), Place.new("reader"), full_turn()
    book.put(place, (turn,))
    assert book.load(place) == (replace(turn, cards=()),)
    (file,) = tmp_path.rglob("*.json")
    assert "The harbour was quiet" not in file.read_text(encoding="utf-8")
    assert "reader" not in str(file.relative_to(tmp_path))
    assert file.stat().st_mode & 0o077 == 0
    assert file.parent.stat().st_mode & 0o077 == 0


def test_what_was_being_written_comes_back_as_stopped(tmp_path: Path) -> None:
    book, place = Book(tmp_path), Place.new("reader")
    book.put(place, (Turn(1, "How far?", READING),))
    assert book.load(place) == (Turn(1, "How far?", None, stopped=True),)


def test_nobody_reads_or_deletes_what_is_not_theirs(tmp_path: Path) -> None:
    book, mine = Book(tmp_path), Place.new("me")
    book.put(mine, (Turn(1, "Mine?", None),))
    shelf = next(tmp_path.iterdir()).name
    for other in (
        Place("you", mine.name),
        Place("you", f"../{shelf}/{mine.name}"),
        Place("me", ""),
        Place("me", f"./{mine.name}"),
    ):
        assert book.load(other) is None
        book.delete(other)
    assert book.load(mine) is not None
    assert book.entries("you") == ()


def test_the_list_has_what_grew_last_first_and_no_damaged_ones(tmp_path: Path) -> None:
    book = Book(tmp_path)
    places = [Place.new("me") for _ in range(3)]
    for number, place in enumerate(places):
        book.put(place, (Turn(1, f"Question {number}?", None),))
        path = next(tmp_path.rglob(f"{place.name}.json"))
        os.utime(path, (number * 1000, number * 1000))
        if number == 1:
            path.write_text("{", encoding="utf-8")
    assert [each.title for each in book.entries("me")] == ["Question 2?", "Question 0?"]
    assert book.load(places[1]) is None


def test_the_oldest_goes_where_there_are_too_many(tmp_path: Path) -> None:
    book = Book(tmp_path)
    places = [Place.new("me") for _ in range(MOST_KEPT + 1)]
    for number, place in enumerate(places):
        book.put(place, (Turn(1, "Q?", None),))
        os.utime(next(tmp_path.rglob(f"{place.name}.json")), (number, number))
    book.put(places[-1], (Turn(1, "Q?", None),))
    assert len(book.entries("me")) == MOST_KEPT
    assert book.load(places[0]) is None
    assert book.load(places[1]) is not None


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "book").write_text("a file", encoding="utf-8")
    with pytest.raises(StoreError, match="can't be written"):
        Book(tmp_path / "book").put(Place.new("me"), ())


@pytest.mark.parametrize("secret", [None, 7, "", "x", "../" * 14 + "x", "x" * 44, "user anna", []])
def test_a_reader_without_a_secret_is_given_one(secret: object) -> None:
    given = known_reader(None, secret)
    assert given != secret
    assert known_reader(None, given) == given
    assert known_reader("anna", given) == known_reader("anna", None) != given


# What the page's events do


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(store=str(tmp_path / "store"))


def make_events(settings: Settings, desk: ScriptedDesk | None = None) -> Events:
    desk = desk or ScriptedDesk((FERRY, CUTTER), script, pause_seconds=0)
    loader = DeskLoader(desk.open, settings)
    loader.start()
    return Events(Sessions(loader, build_keeper(settings)))


def request(page: str) -> Any:
    return gr.Request(session_hash=page)


async def last_of(updates: AsyncIterator[Any]) -> tuple[Any, ...]:
    """For each output what was last sent to it."""
    shown: list[Any] = []
    async for update in updates:
        shown = shown or list(update)
        shown = [old if new == gr.skip() else new for old, new in zip(shown, update, strict=True)]
    return tuple(shown)


async def ask(events: Events, question: str, page: str = "page") -> tuple[Any, ...]:
    return await last_of(events.ask(question, [], "", "", request(page)))


async def enter(
    events: Events, page: str, name: str = "", reader: str = READER, user: str | None = None
) -> tuple[Any, ...]:
    asked = gr.Request(session_hash=page, username=user)
    data = gr.EventData(None, {"reader": reader, "conversation": name})
    return await last_of(events.enter(data, asked))


async def shown_name(events: Events, page: str) -> str:
    """The conversation that the browser of a page remembers."""
    return (await events.earlier(request(page))).split('data-conversation="')[1].split('"')[0]


async def press(event: Any, page: str, **data: object) -> tuple[Any, ...]:
    made = event(gr.EventData(None, data), request(page))
    return await (last_of(made) if hasattr(made, "__aiter__") else made)


async def test_a_conversation_is_there_again_after_the_page_and_the_server(
    settings: Settings,
) -> None:
    events = make_events(settings)
    await enter(events, "page")
    before = await ask(events, PASSENGERS)
    name = await shown_name(events, "page")
    await events.leave(request("page"))
    for again in (events, make_events(settings)):
        talk, sources, *_ = await enter(again, "reloaded", name)
        assert talk == before[1]
        assert sources == before[2]
        assert await shown_name(again, "reloaded") == name
        await again.leave(request("reloaded"))
    later = make_events(settings)
    await enter(later, "later", name)
    talk = (await ask(later, "And then?", "later"))[1]
    assert f"And then? (after {PASSENGERS})" in talk  # a follow-up knows what came before


async def test_an_article_that_changed_meanwhile_is_not_marked_wrongly(settings: Settings) -> None:
    events = make_events(settings)
    await enter(events, "page")
    await ask(events, PASSENGERS)
    name = await shown_name(events, "page")
    changed = replace(FERRY, text="Other words. " * 500)
    later = make_events(settings, ScriptedDesk((changed,), script, pause_seconds=0))
    _, sources, *_ = await enter(later, "page", name)
    assert QUOTE_MOVED in sources
    assert "<mark" not in sources
    gone = make_events(settings, ScriptedDesk((CUTTER,), script, pause_seconds=0))
    _, sources, *_ = await enter(gone, "page", name)
    assert "<mark" not in sources
    assert "can't be read any more" in sources


async def test_two_who_log_in_see_their_own_conversations_only(settings: Settings) -> None:
    events = make_events(settings)
    await enter(events, "anna's", user="anna")
    await ask(events, PASSENGERS, "anna's")
    name = await shown_name(events, "anna's")
    # The same browser even: what counts is who has logged in.
    talk, *_ = await enter(events, "ben's", name, user="ben")
    assert PASSENGERS not in talk
    assert PASSENGERS not in await events.earlier(request("ben's"))
    assert PASSENGERS not in (await press(events.open, "ben's", conversation=name))[0]
    await press(events.delete, "ben's", conversation=name)
    talk, *_, listed = await enter(events, "anna's other", name, user="anna")
    assert PASSENGERS in talk
    assert PASSENGERS in listed
    assert READER not in listed  # a user needs no secret


async def test_several_conversations_are_listed_opened_and_deleted(settings: Settings) -> None:
    events = make_events(settings)
    await enter(events, "page")
    await ask(events, PASSENGERS)
    first = await shown_name(events, "page")
    await events.start_over(request("page"))
    await ask(events, HOW_FAR)
    second = await shown_name(events, "page")
    listed = await events.earlier(request("page"))
    assert "(2)" in listed
    assert listed.index(HOW_FAR) < listed.index(PASSENGERS)
    talk, *_ = await press(events.open, "page", conversation=first)
    assert PASSENGERS in talk
    assert HOW_FAR not in talk
    talk, *_, listed = await press(events.delete, "page", conversation=first)
    assert PASSENGERS not in talk + listed
    assert await shown_name(events, "page") not in (first, second)
    talk, *_ = await press(events.open, "page", conversation=first)
    assert PASSENGERS not in talk


async def test_what_is_deleted_while_it_is_written_stays_deleted(settings: Settings) -> None:
    events = make_events(settings)
    await enter(events, "page")
    name = await shown_name(events, "page")
    asking = asyncio.create_task(ask(events, "An endless one"))
    await asyncio.sleep(0.2)
    await press(events.delete, "page", conversation=name)
    await asking
    assert "endless" not in await events.earlier(request("page"))


async def test_a_deletion_that_fails_is_told(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = make_events(settings)
    await enter(events, "page")
    await ask(events, PASSENGERS)

    def fail(*_: object) -> None:
        raise StoreError("No leave.")

    monkeypatch.setattr(Book, "delete", fail)
    sent = await press(events.delete, "page", conversation=await shown_name(events, "page"))
    assert NOT_DELETED in sent[2]


async def test_two_pages_that_show_one_conversation_share_it(settings: Settings) -> None:
    events = make_events(settings)
    await enter(events, "one")
    await ask(events, PASSENGERS, "one")
    name = await shown_name(events, "one")
    await enter(events, "two", name)
    await ask(events, "And then?", "two")
    await events.leave(request("two"))
    talk = (await ask(events, "What else?", "one"))[1]
    assert all(each in talk for each in (PASSENGERS, "And then?", "What else?"))


async def test_a_page_whose_conversation_another_deleted_opens_others(settings: Settings) -> None:
    events = make_events(settings)
    await enter(events, "one")
    await ask(events, HOW_FAR, "one")
    kept = await shown_name(events, "one")
    await events.start_over(request("one"))
    await ask(events, PASSENGERS, "one")
    name = await shown_name(events, "one")
    await enter(events, "two", name)
    await press(events.delete, "one", conversation=name)
    assert HOW_FAR in (await press(events.open, "two", conversation=kept))[0]


async def test_a_verdict_on_an_answer_that_is_asked_again_is_not_put_on_the_new_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = make_events(settings)
    await enter(events, "page")
    await ask(events, PASSENGERS)
    mark, asked_again = Keeper.mark, asyncio.Event()

    async def mark_slowly(keeper: Keeper, asked: Asked) -> bool:
        await asked_again.wait()
        return await mark(keeper, asked)

    monkeypatch.setattr(Keeper, "mark", mark_slowly)
    judging = asyncio.create_task(press(events.judge, "page", turn=1, verdict="good"))
    await asyncio.sleep(0.05)
    await last_of(events.again(request("page")))
    asked_again.set()
    talk, _ = await judging
    assert 'aria-pressed="true"' not in talk


async def test_opening_the_page_does_not_load_a_model_anew(settings: Settings) -> None:
    desk = ScriptedDesk((FERRY,), script)
    loader = DeskLoader(desk.open, settings)
    failed = Loading("Away.", desk, ModelError("Away."), over=True)
    loader.state = failed
    await enter(Events(Sessions(loader, build_keeper(settings))), "page")
    assert loader.state is failed


async def test_a_page_opened_meanwhile_follows_the_answer(settings: Settings) -> None:
    desk = ScriptedDesk((FERRY, CUTTER), script, pause_seconds=0.1)
    events = make_events(settings, desk)
    await enter(events, "one")
    name = await shown_name(events, "one")
    asking = asyncio.create_task(ask(events, PASSENGERS, "one"))
    await asyncio.sleep(0.3)
    talk, *_ = await enter(events, "two", name)
    assert "The ferry had 212 passengers." in talk
    assert talk == (await asking)[1]


async def test_nothing_is_listed_where_nothing_is_to_be_kept(settings: Settings) -> None:
    off = settings.model_copy(update={"page": PageSettings(keep_questions=False)})
    events = make_events(off)
    await enter(events, "page")
    await ask(events, PASSENGERS)
    assert await events.earlier(request("page")) == earlier_html((), reader=READER)
    talk, *_ = await press(events.open, "page", conversation="0" * 16)
    assert PASSENGERS in talk  # there is none to be opened instead
    assert not Path(str(settings.store)).exists()


@pytest.mark.parametrize("data", [{}, {"conversation": 7}, {"conversation": "../x"}])
async def test_a_press_that_names_no_conversation_changes_nothing(
    settings: Settings, data: dict[str, object]
) -> None:
    events = make_events(settings)
    await enter(events, "page")
    await ask(events, PASSENGERS)
    assert PASSENGERS in (await press(events.open, "page", **data))[0]
    assert PASSENGERS in (await press(events.delete, "page", **data))[0]


# Asking again, and asking otherwise


async def test_asking_again_takes_the_place_of_the_answer(settings: Settings) -> None:
    desk = ScriptedDesk((FERRY, CUTTER), script, pause_seconds=0)
    events = make_events(settings, desk)
    await enter(events, "page")
    await ask(events, PASSENGERS)
    await last_of(events.ask(HOW_FAR, ["The Hale Gazette"], "", "", request("page")))
    box, talk, *_ = await last_of(events.again(request("page")))
    assert box == gr.skip()  # what is being typed stays
    assert talk.count("<article") == 2
    assert f"{HOW_FAR} (after {PASSENGERS})" in talk  # not after itself
    assert desk.filters[-1] == desk.filters[-2] == Filters(("The Hale Gazette",))


async def test_asking_again_before_anything_was_asked_does_nothing(settings: Settings) -> None:
    events = make_events(settings)
    assert set(map(str, await last_of(events.again(request("page"))))) == {str(gr.skip())}


async def test_the_last_question_is_asked_otherwise(settings: Settings) -> None:
    events = make_events(settings)
    await enter(events, "page")
    await ask(events, HOW_FAR)
    await ask(events, "And then?")
    for number in (1, 3, 0, "2", None, True):  # only the last one
        assert EDITING not in str(await press(events.edit, "page", turn=number))
    box, _, _, status, *_ = await press(events.edit, "page", turn=2)
    assert box == "And then?"
    assert EDITING in status
    # A question that can't be used leaves the old one where it is.
    *_, status, _, _ = returned = await ask(events, "   ")
    assert "And then?" in returned[1]
    talk = (await ask(events, PASSENGERS))[1]
    assert talk.count("<article") == 2
    assert "And then?" not in talk
    assert EDITING not in str(await ask(events, "What else?"))


async def test_editing_is_taken_back_by_the_same_press(settings: Settings) -> None:
    events = make_events(settings)
    await ask(events, HOW_FAR)
    await press(events.edit, "page", turn=1)
    box, _, _, status, *_ = await press(events.edit, "page", turn=1)
    assert box == gr.skip()
    assert EDITING not in status
    assert (await ask(events, PASSENGERS))[1].count("<article") == 2


async def test_a_stopped_or_broken_answer_can_be_asked_again(settings: Settings) -> None:
    events = make_events(settings)
    talk = (await ask(events, "A broken one"))[1]
    assert AGAIN in talk
    assert EDIT in talk


# In a browser

pytest.importorskip("playwright")
from browser import ask as type_question  # noqa: E402
from browser import open_page, run_chromium, serve_page, wait_for_end  # noqa: E402
from playwright.sync_api import Browser, expect  # noqa: E402


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with run_chromium() as started:
        yield started


@pytest.fixture
def address(settings: Settings) -> Iterator[str]:
    with serve_page(ScriptedDesk((FERRY, CUTTER), script).open, settings) as url:
        yield url


@pytest.mark.browser
def test_the_conversation_survives_a_reload_and_others_are_a_click_away(
    browser: Browser, address: str
) -> None:
    with open_page(browser, address) as page:
        type_question(page, HOW_FAR)
        wait_for_end(page)
        page.reload()
        page.locator("#turn-1 .dl-cite").first.click()
        expect(page.locator("mark.dl-lit").first).to_be_visible()
        type_question(page, PASSENGERS)
        wait_for_end(page)
        expect(page.locator("#turn-2 .dl-understood")).to_contain_text(f"(after {HOW_FAR})")

        page.get_by_role("button", name="New conversation").click()
        expect(page.locator(".dl-turn")).to_have_count(0)
        page.get_by_text("Your conversations (1)").click()
        page.get_by_role("button", name=HOW_FAR, exact=True).click()
        expect(page.locator(".dl-turn")).to_have_count(2)
        expect(page.locator(".dl-earlier")).to_have_attribute("open", "")

        delete = page.locator(".dl-delete")
        before = delete.bounding_box()
        delete.click()
        expect(delete).to_have_text("Delete for good")
        assert delete.bounding_box() == before  # what is clicked next doesn't move away
        page.get_by_label("Question").focus()
        expect(delete).to_have_text(DELETE)
        delete.click()
        delete.click()
        expect(page.locator(".dl-turn")).to_have_count(0)
        expect(page.locator(".dl-earlier")).to_have_count(0)
        page.reload()
        expect(page.get_by_label("Question")).to_be_visible()
        expect(page.locator(".dl-turn")).to_have_count(0)


@pytest.mark.browser
def test_a_new_tab_begins_anew_and_another_browser_sees_nothing(
    browser: Browser, address: str
) -> None:
    with open_page(browser, address) as page, open_page(browser, address) as stranger:
        type_question(page, HOW_FAR)
        wait_for_end(page)
        tab = page.context.new_page()
        tab.goto(address)
        expect(tab.get_by_text("Your conversations (1)")).to_be_visible()
        expect(tab.locator(".dl-turn")).to_have_count(0)
        stranger.reload()
        expect(stranger.get_by_label("Question")).to_be_visible()
        stranger.wait_for_timeout(500)
        expect(stranger.locator(".dl-earlier")).to_have_count(0)


@pytest.mark.browser
def test_the_last_question_is_asked_again_and_edited(browser: Browser, address: str) -> None:
    with open_page(browser, address) as page:
        type_question(page, HOW_FAR)
        wait_for_end(page)
        page.get_by_role("button", name=AGAIN).click()
        wait_for_end(page)
        expect(page.locator(".dl-turn")).to_have_count(1)
        page.get_by_role("button", name=EDIT).click()
        box = page.get_by_label("Question")
        expect(box).to_have_value(HOW_FAR)
        expect(box).to_be_focused()
        expect(page.get_by_text(EDITING)).to_be_visible()
        box.fill(PASSENGERS)
        box.press("Enter")
        expect(page.locator("h2.dl-question")).to_have_text(PASSENGERS)
        wait_for_end(page)
        expect(page.locator(".dl-turn")).to_have_count(1)
