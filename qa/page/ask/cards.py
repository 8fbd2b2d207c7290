"""The cards of cited articles, with the texts that the desk has now."""

from dataclasses import replace

from qa.page.ask.turn import Card, Turn, group_by_article
from qa.page.serve.loader import PageDesk, explain


def build_cards(turn: Turn, desk: PageDesk) -> tuple[Card, ...]:
    """The articles that the turn cites so far. Cards that are there already keep their text."""
    known = {card.article_id: card for card in turn.cards}
    cards = []
    for article_id, citations in group_by_article(turn.citations).items():
        card = known.get(article_id)
        if card is None:
            first = citations[0]
            text, start = _text_of(article_id, desk)
            card = Card(article_id, first.title, first.outlet, first.published, (), text, start)
        cards.append(replace(card, citations=citations))
    return tuple(cards)


def _text_of(article_id: str, desk: PageDesk) -> tuple[str | None, int]:
    starts = {article.id: article.body_start for article in desk.articles}
    try:
        return desk.article_text(article_id), starts.get(article_id, 0)
    except Exception as error:  # noqa: BLE001 - a missing text must not cost the answer
        explain(error)
        return None, 0
