"""JSON-LD: what a page says of itself to search engines, in the terms of schema.org."""

import html
import json
import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lxml.html import HtmlElement

Node = Mapping[str, Any]

INNER = ("@graph", "mainEntity", "mainEntityOfPage")  # where the article may stand in another thing
ARTICLE_TYPES = ("article", "posting", "report", "review")  # the ends of their names
PAGE_TYPES = ("webpage",)
MOST_NODES = 2000
MOST_AUTHORS = 100
CDATA = re.compile(r"<!\[CDATA\[|\]\]>")
TRAILING_COMMA = re.compile(r",(?=\s*[}\]])")
TAG = re.compile(r"<[^<>]*>")


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedData:
    """What is said of the article, as it is written; None or empty what isn't said."""

    headline: str | None = None
    published: str | None = None
    language: str | None = None
    publisher: str | None = None
    authors: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


def read_linked_data(tree: "HtmlElement", url: str | None) -> LinkedData:
    """What the page says of its article; of several, of the one at `url`, else of the first."""
    scripts = (each for each in tree.iter("script") if "ld+json" in each.get("type", "").lower())
    found = (node for script in scripts for node in _nodes(_parsed(script.text or "")))
    nodes = list(islice(found, MOST_NODES))
    article = max(nodes, key=lambda node: (_rank(node), url in _addresses(node)), default={})
    if not _rank(article):
        return LinkedData()
    named = {
        node["@id"]: node for node in nodes if isinstance(node.get("@id"), str) and "name" in node
    }
    language = article.get("inLanguage")
    return LinkedData(
        headline=_text(article.get("headline")),
        published=_text(article.get("datePublished")),
        language=_text(language.get("alternateName") if isinstance(language, dict) else language),
        publisher=next(_names(article.get("publisher"), named), None),
        authors=tuple(_names(article.get("author"), named)),
        addresses=_addresses(article),
    )


def _parsed(written: str) -> Any:
    """The JSON, out of the comment or CDATA section that it may stand in. None where it is none."""
    written = CDATA.sub("", written)
    starts = [start for start in map(written.find, "[{") if start >= 0]
    text = written[min(starts, default=0) : max(map(written.rfind, "]}")) + 1]
    for attempt in (text, TRAILING_COMMA.sub("", text)):
        try:
            return json.loads(attempt, strict=False)
        except RecursionError:
            return None
        except ValueError:
            continue
    return None


def _nodes(value: Any) -> Iterator[Node]:
    """The things that are described: those in lists and graphs, and what a page is about."""
    waiting = deque([value])
    while waiting:
        each = waiting.popleft()
        if isinstance(each, list):
            waiting.extend(each)
        elif isinstance(each, dict):
            yield each
            waiting.extend(each[name] for name in INNER if name in each)


def _rank(node: Node) -> int:
    """2 for an article, 1 for a page, which has some of the same facts, 0 for anything else."""
    types = node.get("@type")
    written = [each.lower() for each in _listed(types) if isinstance(each, str)]
    if any(each.endswith(ARTICLE_TYPES) for each in written):
        return 2
    return int(any(each.endswith(PAGE_TYPES) for each in written))


def _addresses(node: Node) -> tuple[str, ...]:
    given = [node.get("url"), node.get("mainEntityOfPage"), node.get("@id")]
    found = (each.get("@id", each.get("url")) if isinstance(each, dict) else each for each in given)
    return tuple(each for each in found if isinstance(each, str))


def _names(value: Any, named: Mapping[str, Node]) -> Iterator[str]:
    """The names of people or organisations that are written out, or described elsewhere."""
    for each in _listed(value)[:MOST_AUTHORS]:
        if isinstance(each, dict):
            known = each if "name" in each else named.get(str(each.get("@id")), {})
            names = _listed(known.get("name"))
        else:
            names = [each]
        yield from filter(None, map(_text, names))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str | None:
    """A text without the tags and entities that some pages leave in it."""
    return html.unescape(TAG.sub("", value)) if isinstance(value, str) else None
