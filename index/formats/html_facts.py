"""What a page says of its article: in JSON-LD, else in OpenGraph and meta tags, else in its title.

Only what is said outright: a date is taken where the page calls it that of publication, and never
looked for in the text.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urljoin, urlsplit

from index.formats import fields
from index.formats.fields import Facts
from index.formats.linked_data import read_linked_data

if TYPE_CHECKING:
    from lxml.html import HtmlElement

Value = TypeVar("Value")
Tags = Mapping[str, Sequence[str]]

# In order of trust, in lower case: the property, name, itemprop or http-equiv of a meta tag.
TITLE_TAGS = ("og:title", "twitter:title", "parsely-title", "sailthru.title", "dc.title", "title")
SITE_TAGS = ("og:site_name",)
OUTLET_TAGS = ("dc.publisher", "publisher", "application-name")
AUTHOR_TAGS = (
    *("author", "article:author", "og:article:author", "byl", "parsely-author", "sailthru.author"),
    *("dc.creator", "dcterms.creator", "citation_author"),
)
DATE_TAGS = (
    *("article:published_time", "og:article:published_time", "datepublished", "parsely-pub-date"),
    *("sailthru.date", "pubdate", "publishdate", "publish-date", "publish_date", "published"),
    *("published_time", "publication_date", "article.published", "originalpublicationdate"),
    *("cxenseparse:recs:publishtime", "citation_publication_date", "dc.date.issued"),
    *("dcterms.issued", "dcterms.created", "dc.date", "dcterms.date", "date"),
)
URL_TAGS = ("og:url", "twitter:url", "parsely-link")
LANGUAGE_TAGS = ("content-language", "dc.language", "language", "og:locale")
# Browsers and their extensions note in a comment at the top where a page was saved from.
SAVED_FROM = re.compile(r"(?:saved from url=\(\d+\)|^\s*url:\s*)(https?://\S+)", re.MULTILINE)
SAVED_FROM_WITHIN = 4096
MOST_ADDRESS_CHARACTERS = 2000
EPOCH = date(1970, 1, 1)  # what programs write for no date
DOMAIN_NAME = re.compile(r"(?:https?://)?(?:[\w-]+\.)+[a-z]{2,}/?", re.IGNORECASE)
NO_NAME = re.compile(r"\s*(?:https?://|www\.|@|\S+@\S+\.).*", re.IGNORECASE | re.DOTALL)
SEPARATOR = r"(?:\s+[-–—:·•»«/]+\s+|\s*[|]+\s*)"


def read_facts(tree: "HtmlElement", page: str) -> Facts:
    """The facts that `page`, parsed as `tree`, gives of its article."""
    tags = _meta_tags(tree)
    url = _address(tree, tags, page)
    linked = read_linked_data(tree, url)
    url = url or _first(map(fields.address, linked.addresses))
    sites = [*_of(tags, SITE_TAGS), linked.publisher, *_of(tags, OUTLET_TAGS)]
    titles = [linked.headline, *_of(tags, TITLE_TAGS), *_headings(tree)]
    dates = map(fields.day, [linked.published, *_of(tags, DATE_TAGS), *_marked_times(tree)])
    languages = [tree.get("lang"), tree.get("xml:lang"), linked.language]
    outlet = _outlet(sites, url)
    return Facts(
        title=_without_outlet(_first(map(fields.line, titles)), outlet),
        outlet=outlet,
        author=_first(map(_author, [linked.authors, *(tags.get(tag, ()) for tag in AUTHOR_TAGS)])),
        published=_first(found for found in dates if found != EPOCH),
        url=url,
        language=_first(map(fields.language_code, [*languages, *_of(tags, LANGUAGE_TAGS)])),
    )


def _first(values: Iterable[Value | None]) -> Value | None:
    return next((value for value in values if value), None)


def _meta_tags(tree: "HtmlElement") -> Tags:
    """What each meta tag says, under its name; one that stands twice has both values."""
    tags: dict[str, list[str]] = {}
    for element in tree.iter("meta"):
        content = (element.get("content") or "").strip()
        kinds = ("property", "name", "itemprop", "http-equiv")
        name = _first(map(element.get, kinds))
        if name and content:
            tags.setdefault(name.strip().lower(), []).append(content)
    return tags


def _of(tags: Tags, names: Iterable[str]) -> Iterator[str]:
    return (tags[name][0] for name in names if name in tags)


def _address(tree: "HtmlElement", tags: Tags, page: str) -> str | None:
    """The page's canonical address, else where it was saved from."""
    saved_from = SAVED_FROM.search(page, 0, SAVED_FROM_WITHIN)
    said = [saved_from[1]] if saved_from else []
    links = (link.get("href") for link in tree.iter("link") if link.get("rel") == "canonical")
    absolute = [*_of(tags, URL_TAGS), *said]
    base = _first(map(fields.address, absolute)) or ""
    found = (_joined(base, link) for link in [*links, *absolute] if link)
    return _first(map(fields.address, filter(None, found)))


def _joined(base: str, link: str) -> str | None:
    with suppress(ValueError):  # not an address
        joined = urljoin(base, link.strip())
        return joined if len(joined) <= MOST_ADDRESS_CHARACTERS else None
    return None


def _headings(tree: "HtmlElement") -> Iterator[str]:
    """The page's only main heading, and its title."""
    headings = list(tree.iter("h1"))
    yield from (heading.text_content() for heading in headings[:1] if len(headings) == 1)
    title = tree.find(".//head//title")
    yield from () if title is None else (title.text_content(),)


def _marked_times(tree: "HtmlElement") -> Iterator[Any]:
    """What the page's text marks as the time of publication."""
    for element in tree.iter("time", "abbr", "span"):
        marks = f"{element.get('itemprop', '')} {element.get('class', '')}".lower().split()
        if "pubdate" in element.attrib or not {"datepublished", "published"}.isdisjoint(marks):
            yield element.get("datetime") or element.get("content") or element.get("title")


def _author(names: Iterable[str]) -> str | None:
    """The names, without the addresses that some pages give in their place."""
    return fields.author([name for name in names if not NO_NAME.fullmatch(name)])


def _outlet(names: Iterable[str | None], url: str | None) -> str | None:
    """The first proper name; a domain name only where there is no other."""
    found = [name for name in map(fields.line, names) if name]
    named = (name for name in found if not DOMAIN_NAME.fullmatch(name))
    return _first([*named, *found, _host(url)])


def _host(url: str | None) -> str | None:
    with suppress(ValueError):
        return (urlsplit(url or "").hostname or "").removeprefix("www.")
    return None


def _without_outlet(title: str | None, outlet: str | None) -> str | None:
    """`Ferry towed home` of `Ferry towed home | The Hale Gazette`."""
    if title is None or outlet is None:
        return title
    name = re.escape(outlet)
    around = rf"\A{name}{SEPARATOR}(?=\S)|(?<=\S){SEPARATOR}{name}\Z"
    return re.sub(around, "", title, count=1, flags=re.IGNORECASE)
