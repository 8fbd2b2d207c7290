"""A trace as plain text: each stage with its seconds, what went in, what came out, and why.

Facts are shown by their shape, not by the stage they come from, so that a new stage needs
nothing here. Texts are shortened; the JSON has all of them.
"""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any

from index.articles import Article
from qa.answer import Answer
from qa.show import counted, shorten, table

LINE_CHARACTERS = 110
TEXT_CHARACTERS = 200
CELL_CHARACTERS = 60
ARTICLE_CHARACTERS = 40
MOST_ROWS = 8
STAGE_CHARACTERS = 14
INDENT = "  "
NOTHING = "-"
PLACE = ("article_id", "start", "end", "text")  # shown as an article and its words

Articles = Mapping[str, Article]


def show_trace(answer: Answer, articles: Articles) -> Iterator[str]:
    """The lines of an answer's trace; `articles`, by id, are those that its places stand in."""
    for stage in (answer.trace or {}).get("stages", ()):
        yield from ("", _heading(stage["stage"], stage["seconds"]))
        for name, fact in stage.items():
            if name not in {"stage", "seconds"}:
                yield from _indented(_show_fact(name.replace("_", " "), fact, articles))
    yield from ("", _heading("in all", answer.timings.total_seconds))
    yield from _indented(_show_totals(answer))


def _show_totals(answer: Answer) -> Iterator[str]:
    usage, first = answer.usage, answer.timings.first_token_seconds
    calls, read = counted(usage.llm_calls, "model call"), counted(usage.prompt_tokens, "token")
    yield f"{calls}: {read} read, {usage.completion_tokens:,} written"
    if first is not None:
        yield f"first word after {first:.3f} s"
    reading, writing = (
        answer.timings.read_tokens_per_second,
        answer.timings.written_tokens_per_second,
    )
    if reading and writing:
        yield f"{reading:,.0f} tokens a second read, {writing:,.0f} written"


def _show_fact(name: str, fact: Any, articles: Articles) -> Iterator[str]:
    rows = list(fact) if isinstance(fact, list | tuple) else []
    if rows and all(isinstance(each, Mapping | list | tuple) for each in rows):
        yield f"{name}: {len(rows):,}"
        yield from _indented(_show_rows(rows[:MOST_ROWS], articles))
        if len(rows) > MOST_ROWS:
            yield f"{INDENT}… and {len(rows) - MOST_ROWS:,} more"
        return
    yield from _wrapped(f"{name}: {_written(fact)}")


def _show_rows(rows: Sequence[Any], articles: Articles) -> Iterator[str]:
    if not all(isinstance(each, Mapping) for each in rows):
        yield from (line for each in rows for line in _wrapped(": ".join(map(_written, each))))
        return
    cells = [_cells(each, articles) for each in rows]
    columns = list(dict.fromkeys(column for row in cells for column in row))
    yield from table([columns, *([row.get(each, "") for each in columns] for row in cells)])


def _cells(row: Mapping[str, Any], articles: Articles) -> dict[str, str]:
    """The cells of a row by column; a place in an article becomes its file and its words."""
    cells = {
        name.replace("_", " "): shorten(_written(fact), CELL_CHARACTERS)
        for name, fact in row.items()
        if name not in PLACE
    }
    text, article = row.get("text"), articles.get(row.get("article_id", ""))
    if "article_id" in row:
        path = article.path if article else str(row["article_id"])
        cells["article"] = shorten(path, ARTICLE_CHARACTERS)
    if text is None and article is not None:
        text = article.text[row.get("start", 0) : row.get("end", 0)]
    if text is not None:
        cells["words"] = shorten(str(text), CELL_CHARACTERS)
    return cells


def _written(fact: Any) -> str:
    """A fact in words: numbers with three decimals, lists and mappings with commas."""
    match fact:
        case bool():
            written = "yes" if fact else "no"
        case float():
            written = f"{fact:.3f}"
        case Enum():
            written = _written(fact.value)
        case Mapping():
            written = ", ".join(f"{key} {_written(value)}" for key, value in fact.items())
        case list() | tuple():
            written = ", ".join(_written(each) for each in fact)
        case _:
            written = _whole_or_start("" if fact is None else str(fact))
    return written or NOTHING


def _whole_or_start(text: str) -> str:
    start = shorten(text, TEXT_CHARACTERS)
    return f"{start} ({len(text):,} characters)" if len(text) > TEXT_CHARACTERS else start


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, LINE_CHARACTERS, subsequent_indent=INDENT)


def _heading(name: str, seconds: float | None) -> str:
    return f"{name:<{STAGE_CHARACTERS}}{seconds or 0:.3f} s"


def _indented(lines: Iterator[str]) -> Iterator[str]:
    return (INDENT + line for line in lines)
