"""Turns to HTML. Pure functions; every text from outside goes through `escape`.

The nodes of a turn keep their places while it grows: the page compares old and new node by
node, and a live region must announce what is new, not what moved.
"""

from collections.abc import Sequence
from datetime import date

from qa.answer import Answer, ArticleReference, Extract, Sentence
from qa.asked import Judgement
from qa.page.marks import cite_key, escape, find_spans, mark_text
from qa.page.turn import Card, Turn

VERDICTS = {"partly": "partly supported", "unsupported": "not supported"}
JUDGEMENT_NAMES: dict[Judgement, str] = {"good": "Good answer", "wrong": "Wrong answer"}
TITLE_QUOTE_CHARACTERS = 400

INTRODUCTION = (
    "Ask about the articles. Each sentence of an answer comes with the words that support it."
)
NO_SOURCES = "The articles that an answer cites are shown here, with the cited words."
NOTHING_CITED = "No article is cited."
NOT_IN_ARTICLES = "The articles don't say."
STALE = (
    "The articles have changed since they were last read. This answer is from the earlier state."
)
STOPPED = "Stopped before the answer was finished."
CUT_OFF = "The model stopped before the answer was finished."
TEXT_GONE = "The text of this article can't be read any more."
QUOTE_MOVED = "The article has changed. The quoted words are no longer in it."


def talk_html(turns: Sequence[Turn]) -> str:
    """The conversation."""
    inside = "".join(turn_html(turn) for turn in turns)
    if not turns:
        inside = f'<p class="dl-intro">{INTRODUCTION}</p>'
    return f'<div class="dl-talk" role="log" aria-label="Conversation">{inside}</div>'


def turn_html(turn: Turn) -> str:
    """A question and what has come of it so far."""
    return (
        f'<article class="dl-turn" id="turn-{turn.number}" data-turn="{turn.number}">'
        f'<h2 class="dl-question" dir="auto">{escape(turn.question)}</h2>'
        f'<div class="dl-slot">{_understood(turn)}</div>'
        f'<div class="dl-slot">{_abstention(turn)}</div>'
        f'<div class="dl-slot">{_extract(turn)}</div>'
        f'<div class="dl-slot dl-answer">{_sentences(turn)}</div>'
        f'<div class="dl-slot">{_notes(turn)}</div>'
        f'<div class="dl-slot">{_judgement(turn)}</div>'
        "</article>"
    )


def sources_html(turns: Sequence[Turn]) -> str:
    """The region "Sources": a group of cards for each answer, the latest one shown."""
    groups = "".join(_group(turn, shown=turn is turns[-1], named=len(turns) > 1) for turn in turns)
    if not turns:
        groups = f'<p class="dl-none">{NO_SOURCES}</p>'
    return (
        '<section class="dl-sources" role="region" aria-labelledby="dl-sources-title">'
        f'<h2 id="dl-sources-title">Sources</h2>{groups}</section>'
    )


def line_html(words: str, *, busy: bool = False, problem: bool = False) -> str:
    """One line that says what is going on; screen readers read it out when it changes."""
    kind = " dl-busy" if busy else ""
    kind += " dl-problem" if problem else ""
    return f'<p class="dl-line{kind}" role="status">{escape(words)}</p>'


def card_html(card: Card, *, turn: int) -> str:
    """An article with its quotes, and its text with the cited words marked."""
    quotes = "".join(
        f'<blockquote class="dl-quote" data-cite="{cite_key(turn, each.number)}" tabindex="-1">'
        f'<span class="dl-number">[{each.number}]</span> '
        f'<span class="dl-words" dir="auto">{escape(each.quote)}</span></blockquote>'
        for each in card.citations
        if each.number is not None
    )
    return (
        f'<article class="dl-card"><h3 dir="auto">{escape(card.title)}</h3>'
        f'<p class="dl-byline">{_byline(card.outlet, card.published)}</p>'
        f"{quotes}{_full_text(card, turn)}</article>"
    )


def written_date(published: str | None) -> str | None:
    """An ISO date as a newspaper writes it; anything else as it is."""
    try:
        day = date.fromisoformat(published or "")
    except ValueError:
        return published
    return f"{day.day} {day:%B} {day.year}"


def _understood(turn: Turn) -> str:
    if turn.answer is None or turn.answer.standalone_question.strip() == turn.question.strip():
        return ""
    words = escape(turn.answer.standalone_question)
    return f'<p class="dl-understood" dir="auto">Understood as: {words}</p>'


def _extract(turn: Turn) -> str:
    if turn.extract is None:
        return ""
    abstained = turn.answer is not None and turn.answer.status == "abstained"
    source = escape(_extract_source(turn.extract))
    lead = f"The nearest words found, from {source}:" if abstained else f"From {source}:"
    return (
        f'<div class="dl-extract"><p class="dl-from" dir="auto">{lead}</p>'
        f'<p class="dl-words" dir="auto">{escape(turn.extract.text)}</p></div>'
    )


def _extract_source(extract: Extract) -> str:
    return extract.citation.outlet or extract.citation.title


def _sentences(turn: Turn) -> str:
    if not turn.sentences:
        return ""
    lines = " ".join(_sentence(line, turn) for line in turn.sentences)
    return f'<p dir="auto">{lines}</p>'


def _sentence(sentence: Sentence, turn: Turn) -> str:
    quotes = {each.number: each.quote for each in (*turn.citations, *sentence.sources)}
    links = "".join(
        f'<a class="dl-cite" href="#cite-{cite_key(turn.number, number)}"'
        f' data-cite="{cite_key(turn.number, number)}"'
        f' title="{escape(_short(quotes.get(number, "")))}">[{number}]</a>'
        for number in sentence.citations
    )
    verdict = VERDICTS.get(sentence.verdict)
    mark = f'&nbsp;<span class="dl-verdict">{verdict}</span>' if verdict else ""
    space = "&nbsp;" if links else ""
    return (
        f'<span class="dl-sentence dl-{escape(sentence.verdict)}">'
        f"{escape(sentence.text)}{space}{links}{mark}</span>"
    )


def _abstention(turn: Turn) -> str:
    answer = turn.answer
    if answer is None or answer.status != "abstained":
        return ""
    reason = f'<p class="dl-reason" dir="auto">{escape(answer.reason)}</p>' if answer.reason else ""
    return (
        f'<div class="dl-abstained"><p class="dl-verdict-line">{NOT_IN_ARTICLES}</p>'
        f"{reason}{_closest(answer.closest)}</div>"
    )


def _closest(references: Sequence[ArticleReference]) -> str:
    if not references:
        return ""
    items = "".join(
        f'<li dir="auto"><span class="dl-title">{escape(each.title)}</span>'
        f'<span class="dl-byline">{_byline(each.outlet, each.published)}</span></li>'
        for each in references
    )
    return f'<p class="dl-closest">The closest articles:</p><ul>{items}</ul>'


def _notes(turn: Turn) -> str:
    notes = [f'<p class="dl-note" dir="auto">{escape(note)}</p>' for note in _note_texts(turn)]
    if turn.problem:
        notes.append(f'<p class="dl-note dl-problem" dir="auto">{escape(turn.problem)}</p>')
    return "".join(notes)


def _note_texts(turn: Turn) -> list[str]:
    answer = turn.answer
    notes = [STOPPED] if turn.stopped else []
    if answer is not None:
        notes += _answer_notes(answer)
    return notes


def _answer_notes(answer: Answer) -> list[str]:
    notes = []
    if answer.status == "partial" and answer.reason:
        notes.append(answer.reason)
    if not answer.finished:
        notes.append(CUT_OFF)
    if answer.stale:
        notes.append(STALE)
    return notes


def _judgement(turn: Turn) -> str:
    if turn.asked is None or turn.step is not None:
        return ""
    buttons = "".join(
        f'<button type="button" class="dl-judge" data-verdict="{verdict}"'
        f' aria-pressed="{str(turn.asked.verdict == verdict).lower()}">{name}</button>'
        for verdict, name in JUDGEMENT_NAMES.items()
    )
    # Not live: a screen reader would read the buttons out after each answer.
    return (
        '<div class="dl-judgement" role="group" aria-label="Your verdict on this answer"'
        f' aria-live="off">{buttons}</div>'
    )


def _group(turn: Turn, *, shown: bool, named: bool) -> str:
    cards = "".join(card_html(card, turn=turn.number) for card in turn.cards)
    if not cards and turn.step is None:
        cards = f'<p class="dl-none">{NOTHING_CITED}</p>'
    name = f'<p class="dl-for" dir="auto">{escape(turn.question)}</p>' if named else ""
    back = f'<p class="dl-back"><a href="#turn-{turn.number}">Back to the answer</a></p>'
    return (
        f'<div class="dl-group" data-turn="{turn.number}"{"" if shown else " hidden"}>'
        f"{name}{cards}{back if turn.cards else ''}</div>"
    )


def _full_text(card: Card, turn: int) -> str:
    if card.text is None:
        return f'<p class="dl-note">{TEXT_GONE}</p>'
    spans = find_spans(card.text, card.citations)
    moved = f'<p class="dl-note">{QUOTE_MOVED}</p>' if len(spans) < len(card.citations) else ""
    start = _first_word(card.text, card.body_start)
    return (
        f'{moved}<details class="dl-text"><summary>Full article</summary>'
        f'<div class="dl-body" tabindex="0" role="group" aria-label="Text of the article">'
        f"{mark_text(card.text, spans, turn=turn, start=start)}</div></details>"
    )


def _first_word(text: str, start: int) -> int:
    return len(text) - len(text[start:].lstrip()) if text[start:].strip() else start


def _byline(outlet: str | None, published: str | None) -> str:
    parts = [part for part in (outlet, written_date(published)) if part]
    return " · ".join(f"<bdi>{escape(part)}</bdi>" for part in parts)


def _short(quote: str) -> str:
    if len(quote) <= TITLE_QUOTE_CHARACTERS:
        return quote
    return f"{quote[:TITLE_QUOTE_CHARACTERS].rstrip()} …"
