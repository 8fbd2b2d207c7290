"""What the page shows: escaping, marks, turns as HTML."""

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from scripted import CUTTER, differing_answer, make_answer

from qa.answer import (
    ArticleReference,
    Citation,
    Disagreement,
    Evidence,
    Extract,
    Finished,
    Sentence,
    Timings,
    Token,
    Usage,
    Version,
    Waiting,
)
from qa.asked import asked_from
from qa.page.ask.footer import COST, KEEP, cost_words, footer_html
from qa.page.ask.marks import escape, find_spans, mark_text
from qa.page.ask.render import (
    CUT_OFF,
    NOT_IN_ARTICLES,
    STALE,
    STOPPED,
    line_html,
    talk_html,
)
from qa.page.ask.sources import QUOTE_MOVED, TEXT_GONE, sources_html, written_date
from qa.page.ask.turn import READING, STARTING, WRITING, Card, Turn

HOSTILE = (
    "<script>alert(1)</script>",
    "</script><script src=//evil.example/x.js></script>",
    '<img src=x onerror="alert(1)">',
    "<svg/onload=alert(1)>",
    '"><b onmouseover=alert(1)>',
    "' autofocus onfocus='alert(1)",
    "![tracker](http://evil.example/pixel.png)",
    "[here](javascript:alert(1))",
    '<a href="javascript:alert(1)">here</a>',
    "<iframe src=http://evil.example></iframe>",
    "</mark></div></details></section><h1>mine now</h1>",
    "<!-- --><style>*{display:none}</style>",
    "&lt;b&gt; &amp;amp; &#60;i&#62;",
    "${alert(1)} `${x}` {{constructor}} {{{value}}}",
    "\u202eright to left\u202c مرحبا بالعالم",
    "carriage\r\nreturns\rand\ttabs",
    "x" * 10_000,
    "👩‍👩‍👧 e\u0301 \u00a0 \u200b",
)
ALLOWED = {
    "article", "a", "bdi", "blockquote", "button", "caption", "details", "div", "h2", "h3",
    "label", "li", "mark", "p", "section", "span", "summary", "table", "tbody", "td", "textarea",
    "th", "thead", "tr", "ul",
}  # fmt: skip


class Reader(HTMLParser):
    """Reads HTML back: its tags, its attributes, its text."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.marked: dict[str, str] = {}
        self._keys: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag == "mark":
            self._keys = (dict(attrs)["data-cite"] or "").split()

    def handle_endtag(self, tag: str) -> None:
        if tag == "mark":
            self._keys = []

    def handle_data(self, data: str) -> None:
        self.text += data
        for key in self._keys:
            self.marked[key] = self.marked.get(key, "") + data


def cite(text: str, quote: str, number: int | None = 1, **known: Any) -> Citation:
    start = text.index(quote)
    base = Citation(
        number, "id", "a.txt", "A title", "The Outlet", "2024-12-07", quote, start,
        start + len(quote),
    )  # fmt: skip
    return replace(base, **known)


def finished_turn(**known: Any) -> Turn:
    return Turn(1, "Q?").after(Finished(make_answer("Q?", **known)))


# Escaping


@pytest.mark.parametrize("text", HOSTILE)
def test_escaped_text_reads_back_as_itself_and_as_nothing_else(text: str) -> None:
    reader = Reader(f'<p title="{escape(text)}">{escape(text)}</p>')
    assert reader.tags == ["p"]
    assert reader.attributes == [("title", text)]
    assert reader.text == text


def hostile_turn(text: str) -> Turn:
    body = f"Before {text} after."
    citation = cite(body, text, title=text, outlet=text, published=text)
    sentence = Sentence(text, (1,), "partly", 0.5, sources=(citation,))
    answer = make_answer(
        "Q?",
        sentence,
        extract=Extract(text, citation),
        standalone_question=f"{text}!",
        status="partial",
        reason=text,
        disagreements=(Disagreement(text, (Version(text, 1),)),),
    )
    card = Card("id", text, text, text, (citation,), body)
    asked = asked_from(answer, history=(), articles=Path("articles"))
    asked = replace(asked, verdict="wrong", remark=text)
    turn = Turn(1, text).after(Finished(answer))
    return replace(turn, cards=(card,), problem=text, asked=asked)


def hostile_abstention(text: str) -> Turn:
    closest = (ArticleReference("id", "a.txt", text, text, text),)
    citation = cite(text, text, None)
    known: dict[str, Any] = {"status": "abstained", "reason": text, "closest": closest}
    return finished_turn(extract=Extract(text, citation), **known)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_from_outside_becomes_markup(text: str) -> None:
    turns = (hostile_turn(text), hostile_abstention(text))
    for page in (talk_html(turns), sources_html(turns), line_html(text, problem=True)):
        reader = Reader(page)
        assert set(reader.tags) <= ALLOWED
        names = {name for name, _ in reader.attributes}
        assert not [name for name in names if name.startswith("on") or name in {"src", "style"}]
        assert text in reader.text


@pytest.mark.parametrize("text", HOSTILE)
def test_links_lead_nowhere_but_into_the_page(text: str) -> None:
    turns = (hostile_turn(text), hostile_abstention(text))
    reader = Reader(talk_html(turns) + sources_html(turns))
    links = [value for name, value in reader.attributes if name == "href"]
    assert set(links) == {"#cite-1-1", "#turn-1"}


@pytest.mark.parametrize("text", HOSTILE)
def test_a_remark_stands_in_its_box_as_it_was_typed(text: str) -> None:
    asked = asked_from(make_answer("Q?"), history=(), articles=Path("articles"))
    asked = replace(asked, verdict="wrong", remark=text)
    reader = Reader(footer_html(replace(finished_turn(), asked=asked)))
    assert reader.tags.count("textarea") == 1
    assert f"\n{text}{KEEP}" in reader.text  # a box loses the first line break


def test_what_an_answer_took() -> None:
    timings = Timings(0.1, 0.14, 1.26, 5.04, 81.4, 7.6)
    answer = make_answer("Q?", timings=timings, usage=Usage(1812, 54, 2), model="small")
    assert cost_words(answer) == (
        "The extract after 0.1 s, the model's first word after 1.3 s, everything after 5.0 s.",
        "1,812 tokens read and 54 written in 2 replies of small (scripted).",
        "Reading 81 tokens a second, writing 8.",
    )
    assert cost_words(make_answer("Q?", timings=Timings(total_seconds=0.2))) == (
        "Everything after 0.2 s.",
        "No language model was asked.",
    )
    assert COST not in footer_html(Turn(1, "Q?"))
    assert COST in footer_html(finished_turn())


# Marks

LINES = "Zero one two\r\nthree <four> five & six\nseven."


@pytest.mark.parametrize(
    "quotes",
    [
        ("one two",),
        (LINES,),
        ("two\r\nthree",),
        ("<four>", "& six"),
        ("one two\r\nthree", "three <four>"),  # overlap
        ("three <four> five", "<four>"),  # one in the other
        ("Zero", " one"),  # side by side
        ("seven.", "seven."),  # the same twice
        *((text,) for text in HOSTILE),
    ],
)
def test_marked_text_is_the_quote(quotes: tuple[str, ...]) -> None:
    text = LINES if quotes[0] in LINES else f"Some words. {quotes[0]}\nSome more."
    citations = [cite(text, quote, number) for number, quote in enumerate(quotes, 1)]
    reader = Reader(mark_text(text, find_spans(text, citations), turn=7))
    assert reader.text == text
    assert reader.marked == {f"7-{number}": quote for number, quote in enumerate(quotes, 1)}


def test_marks_begin_where_the_body_begins() -> None:
    text = "---\ntitle: x\n---\nThe body says so."
    spans = find_spans(text, [cite(text, "body")])
    assert Reader(mark_text(text, spans, turn=1, start=text.index("The"))).text == (
        "The body says so."
    )


def test_a_quote_that_has_moved_is_found_again() -> None:
    citation = cite("Words that support.", "support")
    reader = Reader(
        mark_text(moved := "More words that support.", find_spans(moved, [citation]), turn=1)
    )
    assert reader.marked == {"1-1": "support"}


def test_nothing_is_marked_where_the_quote_is_gone() -> None:
    citation = cite("Words that support.", "support")
    assert find_spans("Other text that is long enough.", [citation]) == ()
    card = Card("id", "T", None, None, (citation,), "Other text.")
    shown = sources_html([replace(finished_turn(), cards=(card,))])
    assert "<mark" not in shown
    assert QUOTE_MOVED in shown


def test_a_card_without_text_says_so() -> None:
    card = Card("id", "T", None, None, (cite("Words.", "Words"),), None)
    assert TEXT_GONE in sources_html([replace(finished_turn(), cards=(card,))])


# Turns


def test_events_move_a_turn_on() -> None:
    citation = cite("Hama is near.", "Hama is near.")
    sentence = Sentence("Hama is near.", (1,), "supported", 1.0, sources=(citation,))
    turn = Turn(1, "Q?").after(Evidence((citation,)))
    assert turn.step == READING
    turn = turn.after(Extract("Hama is near.", citation))
    assert turn.extract is not None
    turn = turn.after(Token("Hama"))
    assert (turn.step, turn.sentences) == (WRITING, ())
    turn = turn.after(sentence)
    assert turn.citations == (citation,)
    turn = turn.after(Finished(make_answer("Q?", sentence)))
    assert (turn.step, turn.citations) == (None, (citation,))


def test_a_turn_says_how_many_are_ahead_until_it_is_read() -> None:
    citation = cite("Hama is near.", "Hama is near.")
    turn = Turn(1, "Q?").after(Waiting(1))
    assert turn.step == "Waiting: 1 question is ahead of yours"
    assert turn.after(Waiting(0)).step == STARTING
    turn = turn.after(Extract("Hama is near.", citation)).after(Waiting(2)).after(Token(""))
    assert turn.step == "Waiting: 2 questions are ahead of yours"
    assert turn.extract is not None
    assert turn.after(Waiting(0)).step == READING


def test_raw_words_of_the_model_are_never_shown() -> None:
    assert "Hama" not in talk_html([Turn(1, "Q?").after(Token("Hama is far."))])


def test_an_empty_conversation_introduces_itself() -> None:
    assert "Ask about the articles" in talk_html(())
    assert 'role="log"' in talk_html(())
    assert "cited words" in sources_html(())


@pytest.mark.parametrize(
    ("verdict", "words"),
    [("supported", None), ("partly", "partly supported"), ("unsupported", "not supported")],
)
def test_a_verdict_is_said_in_words(verdict: Any, words: str | None) -> None:
    citation = cite("Hama is near.", "Hama")
    sentence = Sentence("Hama is near.", (1,), verdict, 0.5, sources=(citation,))
    reader = Reader(talk_html([Turn(1, "Q?").after(Finished(make_answer("Q?", sentence)))]))
    assert "Hama is near.\u00a0[1]" in reader.text
    assert ("supported" in reader.text) == (words is not None)
    assert words is None or words in reader.text


def test_hovering_a_citation_shows_its_quote() -> None:
    citation = cite('He said "no".', '"no"')
    sentence = Sentence("No.", (1,), "supported", 1.0, sources=(citation,))
    reader = Reader(talk_html([Turn(1, "Q?").after(sentence)]))
    assert ("title", '"no"') in reader.attributes


@pytest.mark.parametrize(
    ("turn", "words"),
    [
        (finished_turn(stale=True), STALE),
        (finished_turn(finished=False), CUT_OFF),
        (finished_turn(status="partial", reason="The date isn't given."), "The date isn't given."),
        (Turn(1, "Q?").ended(stopped=True), STOPPED),
        (Turn(1, "Q?").ended(problem="No server answers."), "No server answers."),
        (finished_turn(standalone_question="What of Homs?"), "Understood as: What of Homs?"),
        (finished_turn(status="abstained", reason="No word of it."), NOT_IN_ARTICLES),
        (finished_turn(status="abstained", reason="No word of it."), "No word of it."),
    ],
)
def test_what_matters_is_said_in_words(turn: Turn, words: str) -> None:
    assert words in Reader(talk_html([turn])).text


def test_the_extract_names_its_outlet_or_its_title() -> None:
    citation = cite("Hama is near.", "Hama is near.", None)
    extract = Extract("Hama is near.", citation)
    assert "From The Outlet:" in talk_html([Turn(1, "Q?").after(extract)])
    nameless = replace(extract, citation=replace(citation, outlet=None))
    assert "From A title:" in talk_html([Turn(1, "Q?").after(nameless)])
    abstained = finished_turn(status="abstained", extract=extract)
    assert "The nearest words found, from The Outlet:" in talk_html([abstained])


def test_each_version_has_its_outlet_date_quote_and_link() -> None:
    turn = Turn(7, "How far?").after(differing_answer("How far?")[-1])
    shown = talk_html([turn])
    table = shown[shown.index("<table") : shown.index("</table>")]
    assert Reader(table[: table.index("<thead")]).text == (
        "The articles differ: how far off Cape Dorn was the ferry"
    )
    rows = [Reader(row) for row in table.split("<tr ")[2:]]
    assert [row.text for row in rows] == [
        'role="row">nine kilometresThe Hale Gazette3 March 2025'
        "Its engine failed nine kilometres off Cape Dorn.\u00a0[1]",
        f'role="row">12 kmDorn & Hale Morning Chronicle4 March 2025{CUTTER.text.strip()}\u00a0[2]',
    ]
    for number, row in enumerate(rows, 1):
        assert ("data-cite", f"7-{number}") in row.attributes
        assert ("href", f"#cite-7-{number}") in row.attributes


def test_no_table_where_nothing_differs() -> None:
    assert "<table" not in talk_html([finished_turn(), Turn(2, "Q?")])


@pytest.mark.parametrize(
    ("others", "words"),
    [
        ((), None),
        (("a",), "1 other article says the same."),
        (("a", "b"), "2 other articles say the same."),
    ],
)
def test_a_quote_says_how_many_others_agree(others: tuple[str, ...], words: str | None) -> None:
    citation = cite("Hama is near.", "Hama is near.", corroborated_by=others)
    card = Card("id", "T", None, None, (citation,), "Hama is near.")
    text = Reader(sources_html([replace(finished_turn(), cards=(card,))])).text
    assert ("the same" in text) == (words is not None)
    assert words is None or f"Hama is near.{words}" in text


def test_the_sources_of_the_latest_answer_are_shown() -> None:
    turns = [finished_turn(), replace(finished_turn(), number=2)]
    reader = sources_html(turns)
    assert '<div class="dl-group" data-turn="1" hidden>' in reader
    assert '<div class="dl-group" data-turn="2">' in reader


@pytest.mark.parametrize(
    ("published", "written"),
    [("2024-12-07", "7 December 2024"), ("last week", "last week"), (None, None), ("", "")],
)
def test_dates_are_written_out(published: str | None, written: str | None) -> None:
    assert written_date(published) == written
