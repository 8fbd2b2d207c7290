"""What would show words on the page in another order than they are written in."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from scripted import (
    NASTY_TITLE,
    cite,
    extract_of,
    make_answer,
    make_article,
    script_answer,
    supported,
)

from index.settings import Settings
from qa.page.ask.render import talk_html
from qa.page.ask.sources import sources_html
from qa.page.ask.steering import box_steering, show, show_in_attribute
from qa.page.ask.turn import Card, Turn

STEERING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\x07\x1b\x9b"
WORDS = 'It "won" <b>by</b> \u202emarch\u202c and \u2069out\u2067 \x9b2J\x1b[1m of it.'


class Boxes(HTMLParser):
    """Reads HTML back: its text, and what of it stands in boxes and outside of them."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.text = self.boxed = self.loose = ""
        self.attributes: list[str] = []
        self._in_box = False
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_box = ("class", "dl-steering") in attrs
        self.attributes += [value or "" for _, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        self._in_box = False

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._in_box:
            self.boxed += data
        else:
            self.loose += data


@pytest.mark.parametrize("character", STEERING)
def test_each_character_has_a_box_of_its_own(character: str) -> None:
    source = show(f"a{character}{character}<")
    assert source == f"a{f'<span class={chr(34)}dl-steering{chr(34)}>{character}</span>' * 2}&lt;"
    assert Boxes(source).text == f"a{character}{character}<"


def test_what_steers_nothing_is_left_alone() -> None:
    text = "مرحبا, a\u200db\u200ec\tд\r\n\x85é"
    assert "span" not in show(text)
    assert box_steering("<p>a</p>") == "<p>a</p>"


def test_an_attribute_has_marks_instead() -> None:
    assert show_in_attribute('"a\u202eb\x1b') == "&quot;a\ufffdb\ufffd"


def hostile_turn() -> Turn:
    article = make_article("nasty", f"{WORDS} {WORDS}", title=WORDS, outlet=WORDS)
    quote = cite(article, WORDS)
    answer = make_answer(
        WORDS, supported(WORDS, quote), extract=extract_of(quote), reason=WORDS, status="partial"
    )
    turn = Turn(1, WORDS, problem=WORDS)
    for event in script_answer(answer):
        turn = turn.after(event)
    card = Card("nasty", WORDS, WORDS, WORDS, (quote,), article.text)
    return Turn(1, WORDS, None, turn.extract, turn.sentences, (card,), turn.answer, WORDS)


def test_nothing_loose_steers_the_page_and_all_of_the_text_is_there() -> None:
    turn = hostile_turn()
    page = Boxes(talk_html([turn]) + sources_html([turn]))
    assert not set(page.loose) & set(STEERING)
    assert not set("".join(page.attributes)) & set(STEERING)
    assert set(page.boxed) == set(re.findall(f"[{STEERING}]", WORDS))
    assert page.text.count(WORDS) >= 8


# Where each letter of "march" stands, in every element that shows the hostile words.
SHOWN = ".dl-words, .dl-sentence, mark, .dl-card h3"
PLACES = """
(shown) => [...document.querySelectorAll(shown)].flatMap((root) => {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const found = [];
  for (let node; (node = walker.nextNode()); ) {
    const at = node.data.indexOf('march');
    if (at < 0) continue;
    found.push([0, 1, 2, 3, 4].map((letter) => {
      const range = document.createRange();
      range.setStart(node, at + letter);
      range.setEnd(node, at + letter + 1);
      return range.getBoundingClientRect().left;
    }));
  }
  return found;
})
"""


@pytest.mark.browser
def test_words_stand_in_the_order_they_are_written_in(tmp_path: Path) -> None:
    pytest.importorskip("playwright")
    from browser import ask, lit_text, open_page, run_chromium, serve_page, wait_for_end
    from scripted import ScriptedDesk

    article = make_article("nasty", f"Before. {WORDS} After.", title=f"{NASTY_TITLE} {WORDS}")
    quote = cite(article, WORDS)
    answer = make_answer("Q?", supported(WORDS, quote), extract=extract_of(quote))
    desk = ScriptedDesk((article,), lambda question, earlier: list(script_answer(answer)))
    with (
        run_chromium() as browser,
        serve_page(desk.open, Settings(store=str(tmp_path))) as address,
        open_page(browser, address) as page,
    ):
        ask(page, "Q?")
        wait_for_end(page)
        page.get_by_role("log").get_by_role("link", name="[1]").click()
        places = page.evaluate(PLACES, SHOWN)
        assert len(places) == 5
        assert all(each == sorted(each) for each in places)
        assert lit_text(page, "mark") == lit_text(page, ".dl-quote .dl-words") == WORDS
