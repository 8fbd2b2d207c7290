"""The region "Sources" as HTML: the cited articles, each with its quotes and its text.

Pure functions; every text from outside goes through `show`.
"""

from collections.abc import Sequence
from datetime import date

from qa.answer import Citation
from qa.page.ask.marks import cite_key, find_spans, mark_text
from qa.page.ask.steering import box_steering, show
from qa.page.ask.turn import Card, Turn

NO_SOURCES = "The articles that an answer cites are shown here, with the cited words."
NOTHING_CITED = "No article is cited."
TEXT_GONE = "The text of this article can't be read any more."
QUOTE_MOVED = "The article has changed. The quoted words are no longer in it."


def sources_html(turns: Sequence[Turn]) -> str:
    """The region "Sources": a group of cards for each answer, the latest one shown."""
    groups = "".join(_group(turn, shown=turn is turns[-1], named=len(turns) > 1) for turn in turns)
    if not turns:
        groups = f'<p class="dl-none">{NO_SOURCES}</p>'
    return (
        '<section class="dl-sources" role="region" aria-labelledby="dl-sources-title">'
        f'<h2 id="dl-sources-title">Sources</h2>{groups}</section>'
    )


def card_html(card: Card, *, turn: int) -> str:
    """An article with its quotes, and its text with the cited words marked."""
    quotes = "".join(
        f'<blockquote class="dl-quote" data-cite="{cite_key(turn, each.number)}" tabindex="-1">'
        f'<span class="dl-number">[{each.number}]</span> '
        f'<span class="dl-words" dir="auto">{show(each.quote)}</span></blockquote>'
        f"{_also(each)}"
        for each in card.citations
        if each.number is not None
    )
    return (
        f'<article class="dl-card"><h3 dir="auto">{show(card.title)}</h3>'
        f'<p class="dl-byline">{byline(card.outlet, card.published)}</p>'
        f"{quotes}{_full_text(card, turn)}</article>"
    )


def byline(outlet: str | None, published: str | None) -> str:
    """Outlet and date, as far as they are known, as HTML."""
    parts = [part for part in (outlet, written_date(published)) if part]
    return " · ".join(f"<bdi>{show(part)}</bdi>" for part in parts)


def written_date(published: str | None) -> str | None:
    """An ISO date as a newspaper writes it; anything else as it is."""
    try:
        day = date.fromisoformat(published or "")
    except ValueError:
        return published
    return f"{day.day} {day:%B} {day.year}"


def _also(citation: Citation) -> str:
    others = len(citation.corroborated_by)
    if not others:
        return ""
    words = "1 other article says" if others == 1 else f"{others:,} other articles say"
    return f'<p class="dl-also">{words} the same.</p>'


def _group(turn: Turn, *, shown: bool, named: bool) -> str:
    cards = "".join(card_html(card, turn=turn.number) for card in turn.cards)
    if not cards and turn.step is None:
        cards = f'<p class="dl-none">{NOTHING_CITED}</p>'
    name = f'<p class="dl-for" dir="auto">{show(turn.question)}</p>' if named else ""
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
    marked = mark_text(card.text, spans, turn=turn, start=start)
    return (
        f'{moved}<details class="dl-text"><summary>Full article</summary>'
        f'<div class="dl-body" tabindex="0" role="group" aria-label="Text of the article">'
        f"{box_steering(marked)}</div></details>"
    )


def _first_word(text: str, start: int) -> int:
    return len(text) - len(text[start:].lstrip()) if text[start:].strip() else start
