"""Turns to HTML. Pure functions; every text from outside goes through `show`.

The nodes of a turn keep their places while it grows: the page compares old and new node by
node, and a live region must announce what is new, not what moved.
"""

from collections.abc import Sequence

from qa.answer import Answer, ArticleReference, Citation, Disagreement, Extract, Sentence
from qa.page.ask.footer import footer_html
from qa.page.ask.marks import cite_key
from qa.page.ask.narrowing import filter_words
from qa.page.ask.sources import byline, written_date
from qa.page.ask.steering import show, show_in_attribute
from qa.page.ask.turn import Turn

VERDICTS = {"partly": "partly supported", "unsupported": "not supported"}
TITLE_QUOTE_CHARACTERS = 400

INTRODUCTION = (
    "Ask about the articles. Each sentence of an answer comes with the words that support it."
)
OFFERED = "For example:"
NOT_IN_ARTICLES = "The articles don't say."
STALE = (
    "The articles have changed since they were last read. This answer is from the earlier state."
)
STOPPED = "Stopped before the answer was finished."
CUT_OFF = "The model stopped before the answer was finished."
DIFFER = "The articles differ"
VERSION_COLUMNS = ("Version", "Outlet", "Date", "Quote")


def talk_html(turns: Sequence[Turn], *, editing: bool = False, examples: Sequence[str] = ()) -> str:
    """The conversation; where there is none yet, the `examples` that can be asked.

    `editing` says that the last question is to be asked otherwise.
    """
    inside = "".join(turn_html(turn, last=turn is turns[-1], editing=editing) for turn in turns)
    if not turns:
        inside = f'<p class="dl-intro">{INTRODUCTION}</p>{_examples(examples)}'
    return f'<div class="dl-talk" role="log" aria-label="Conversation">{inside}</div>'


def turn_html(turn: Turn, *, last: bool = False, editing: bool = False) -> str:
    """A question and what has come of it so far. The last one can be asked again."""
    return (
        f'<article class="dl-turn" id="turn-{turn.number}" data-turn="{turn.number}">'
        f'<h2 class="dl-question" dir="auto">{show(turn.question)}</h2>'
        f'<div class="dl-slot">{_narrowed(turn)}</div>'
        f'<div class="dl-slot">{_understood(turn)}</div>'
        f'<div class="dl-slot">{_abstention(turn)}</div>'
        f'<div class="dl-slot">{_extract(turn)}</div>'
        f'<div class="dl-slot dl-answer">{_sentences(turn)}</div>'
        f'<div class="dl-slot">{_disagreements(turn)}</div>'
        f'<div class="dl-slot">{_notes(turn)}</div>'
        f"{footer_html(turn, last=last, editing=editing)}"
        "</article>"
    )


def line_html(words: str, *, busy: bool = False, problem: bool = False) -> str:
    """One line that says what is going on; screen readers read it out when it changes."""
    kind = " dl-busy" if busy else ""
    kind += " dl-problem" if problem else ""
    return f'<p class="dl-line{kind}" role="status">{show(words)}</p>'


def _examples(questions: Sequence[str]) -> str:
    if not questions:
        return ""
    items = "".join(
        f'<li><button type="button" class="dl-example" dir="auto">{show(question)}</button></li>'
        for question in questions
    )
    return f'<p class="dl-offer">{OFFERED}</p><ul class="dl-examples">{items}</ul>'


def _understood(turn: Turn) -> str:
    if turn.answer is None or turn.answer.standalone_question.strip() == turn.question.strip():
        return ""
    words = show(turn.answer.standalone_question)
    return f'<p class="dl-understood" dir="auto">Understood as: {words}</p>'


def _narrowed(turn: Turn) -> str:
    words = filter_words(turn.filters)
    return f'<p class="dl-understood" dir="auto">{show(words)}</p>' if words else ""


def _extract(turn: Turn) -> str:
    if turn.extract is None:
        return ""
    abstained = turn.answer is not None and turn.answer.status == "abstained"
    source = show(_extract_source(turn.extract))
    lead = f"The nearest words found, from {source}:" if abstained else f"From {source}:"
    return (
        f'<div class="dl-extract"><p class="dl-from" dir="auto">{lead}</p>'
        f'<p class="dl-words" dir="auto">{show(turn.extract.text)}</p></div>'
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
    links = "".join(_link(turn, number, quotes.get(number, "")) for number in sentence.citations)
    verdict = VERDICTS.get(sentence.verdict)
    mark = f'&nbsp;<span class="dl-verdict">{verdict}</span>' if verdict else ""
    space = "&nbsp;" if links else ""
    return (
        f'<span class="dl-sentence dl-{sentence.verdict}">'
        f"{show(sentence.text)}{space}{links}{mark}</span>"
    )


def _link(turn: Turn, number: int, quote: str) -> str:
    key = cite_key(turn.number, number)
    return (
        f'<a class="dl-cite" href="#cite-{key}" data-cite="{key}"'
        f' title="{show_in_attribute(_short(quote))}">[{number}]</a>'
    )


def _disagreements(turn: Turn) -> str:
    if turn.answer is None:
        return ""
    return "".join(_versions(each, turn) for each in turn.answer.disagreements)


def _versions(disagreement: Disagreement, turn: Turn) -> str:
    """A table of versions. Where it is narrow a row is a block, so the roles are written out."""
    sources = {each.number: each for each in turn.citations}
    head = "".join(f'<th role="columnheader" scope="col">{name}</th>' for name in VERSION_COLUMNS)
    rows = "".join(
        _version_row(each.value, sources[each.citation], turn) for each in disagreement.versions
    )
    return (
        '<table class="dl-versions" role="table">'
        f'<caption dir="auto">{DIFFER}: {show(disagreement.about)}</caption>'
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead>'
        f'<tbody role="rowgroup">{rows}</tbody></table>'
    )


def _version_row(value: str, source: Citation, turn: Turn) -> str:
    link = _link(turn, source.number, source.quote) if source.number is not None else ""
    date_written = written_date(source.published) or ""
    return (
        f'<tr role="row"><th role="rowheader" scope="row" dir="auto">{show(value)}</th>'
        f'<td role="cell" dir="auto">{show(source.outlet or source.title)}</td>'
        f'<td role="cell" dir="auto">{show(date_written)}</td>'
        f'<td role="cell" class="dl-said"><span dir="auto">{show(source.quote)}</span>'
        f"&nbsp;{link}</td></tr>"
    )


def _abstention(turn: Turn) -> str:
    answer = turn.answer
    if answer is None or answer.status != "abstained":
        return ""
    reason = f'<p class="dl-reason" dir="auto">{show(answer.reason)}</p>' if answer.reason else ""
    return (
        f'<div class="dl-abstained"><p class="dl-verdict-line">{NOT_IN_ARTICLES}</p>'
        f"{reason}{_closest(answer.closest)}</div>"
    )


def _closest(references: Sequence[ArticleReference]) -> str:
    if not references:
        return ""
    items = "".join(
        f'<li dir="auto"><span class="dl-title">{show(each.title)}</span>'
        f'<span class="dl-byline">{byline(each.outlet, each.published)}</span></li>'
        for each in references
    )
    return f'<p class="dl-closest">The closest articles:</p><ul>{items}</ul>'


def _notes(turn: Turn) -> str:
    notes = [f'<p class="dl-note" dir="auto">{show(note)}</p>' for note in _note_texts(turn)]
    if turn.problem:
        notes.append(f'<p class="dl-note dl-problem" dir="auto">{show(turn.problem)}</p>')
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


def _short(quote: str) -> str:
    if len(quote) <= TITLE_QUOTE_CHARACTERS:
        return quote
    return f"{quote[:TITLE_QUOTE_CHARACTERS].rstrip()} …"
