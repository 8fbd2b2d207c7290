"""The model panel to HTML. Pure functions; every text from outside goes through `show`."""

from qa.models.describe import Fact, amount_words, limit_words, size_words, state_words
from qa.models.ollama_models import ServedEntry
from qa.models.ollama_pull import PullProgress
from qa.page.ask.render import line_html
from qa.page.ask.steering import show, show_in_attribute
from qa.page.model.fetching import Fetch
from qa.page.model.seen import Seen, ServerSeen

LOOKING = "Looking"
COLUMNS = ("Name", "Size", "Quantisation", "Context", "State")


def about_html(seen: Seen) -> str:
    """Who answers, what is known of it, and what is to be done about what is missing."""
    answers, served = seen.answers, seen.served or ServerSeen()
    said = show(answers.description)
    said = f'<p class="dl-said" dir="auto">{said}</p>' if said else ""
    facts = "".join(_fact(fact) for fact in answers.facts)
    facts = f'<dl class="dl-facts">{facts}</dl>' if facts else ""
    notes = [
        _note(answers.problem, problem=True),
        _note(served.problem, problem=served.is_needed),
        _note(served.offer.sentence if served.offer else ""),
    ]
    return f'<div class="dl-about">{said}{facts}{"".join(notes)}</div>'


def served_html(seen: Seen) -> str:
    """The server's models; nothing where there is no server."""
    if seen.served is None or seen.served.server is None:
        return ""
    server, entries = seen.served.server, seen.served.entries
    where = f"On Ollama {server.version} at {server.url}"
    if not entries:
        return _note(f"{where}: no models yet.")
    return _table(where, "".join(_row(entry) for entry in entries))


def fetch_html(fetch: Fetch | None) -> str:
    """How far a fetch is: what is being done, and a bar for each layer."""
    if fetch is None:
        return ""
    words = line_html(fetch.words, busy=not fetch.is_over, problem=fetch.outcome == "failed")
    layers = "".join(_layer(each) for each in fetch.layers)
    return f'<div class="dl-fetch">{words}<ul class="dl-layers">{layers}</ul></div>'


def looking_html() -> str:
    """While it is looked."""
    return f'<div class="dl-about">{line_html(LOOKING, busy=True)}</div>'


def _fact(fact: Fact) -> str:
    return f'<div><dt>{fact.what}</dt><dd dir="auto">{show(fact.words)}</dd></div>'


def _note(words: str, *, problem: bool = False) -> str:
    kind = "dl-note dl-problem" if problem else "dl-note"
    return f'<p class="{kind}" dir="auto">{show(words)}</p>' if words else ""


def _table(caption: str, rows: str) -> str:
    """A table of models. Where it is narrow a row is a block, so the roles are written out."""
    head = "".join(f'<th role="columnheader" scope="col">{name}</th>' for name in COLUMNS)
    return (
        '<table class="dl-models" role="table">'
        f'<caption dir="auto">{show(caption)}</caption>'
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead>'
        f'<tbody role="rowgroup">{rows}</tbody></table>'
    )


def _row(entry: ServedEntry) -> str:
    size = "" if entry.remote_host else size_words(entry.size_bytes)
    context = limit_words(entry)
    context = f"{context} tokens" if context else ""
    cells = (size, entry.quantisation, context, state_words(entry))
    rest = "".join(f'<td role="cell" dir="auto">{show(words)}</td>' for words in cells)
    name = f'<th role="rowheader" scope="row" dir="auto">{show(entry.name)}</th>'
    return f'<tr role="row">{name}{rest}</tr>'


def _layer(step: PullProgress) -> str:
    done, total = step.completed_bytes or 0, max(step.total_bytes or 0, 1)
    words = f"Layer {step.digest}: {amount_words(done, total)}"
    return (
        f'<li><span dir="auto">{show(words)}</span>'
        f'<progress max="{total}" value="{min(done, total)}"'
        f' aria-label="{show_in_attribute(step.digest)}"></progress></li>'
    )
