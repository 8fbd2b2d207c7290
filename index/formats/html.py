"""HTML saved from a news site: its article's text, by trafilatura, and what its head says of it."""

import codecs
import logging
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, BinaryIO

from index.errors import FormatError
from index.formats.base import MEGABYTE, Extracted
from index.formats.encodings import encoding_of, likely_encoding
from index.formats.html_facts import read_facts
from index.formats.text import EMPTY

if TYPE_CHECKING:
    from lxml.html import HtmlElement

# An article's page has a few thousand tags, and elements a dozen deep in each other. A page at one
# of these limits takes some ten seconds.
MOST_TAGS = 100_000
MOST_TAG_CHARACTERS = 300_000  # libxml2 compares each attribute with all before it
MOST_DEPTH = 3_000_000  # of all elements together
MOST_TAGS_COMPARED = 20_000  # beyond, comparing several extractors' findings takes minutes
EMBEDDED_FILE = re.compile(r"data:[\w.+/-]{1,100};base64,[\w+/=%]*", re.ASCII)
DECLARED = re.compile(
    rb"""<meta[^<>]{1,200}?charset\s*=\s*["']?\s*([\w.:-]{2,40})"""
    rb"""|<\?xml[^<>]{1,100}?encoding\s*=\s*["']([\w.:-]{2,40})""",
    re.IGNORECASE,
)
DECLARED_WITHIN = 8192
# What browsers take some names for (https://encoding.spec.whatwg.org/#names-and-labels). UTF-16
# can't be true where the declaration itself was read byte by byte.
READ_AS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "utf-16": "utf-8",
    "utf-16-le": "utf-8",
    "utf-16-be": "utf-8",
}
TAG = re.compile(rb"<[^<>]*>")
UNUSABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
TABLE_RULE = re.compile(r"[|\s:-]*")
LAYOUT = frozenset({"table", "thead", "tbody", "tfoot", "tr", "td", "th"})
NOT_HTML = "It is not an HTML page, though its name says so."
TOO_DEEP = "Its elements stand too deep in each other to be read."
NO_TEXT = (
    "No article text was found in it. If the page loads its text by a script, "
    "save it from the browser once the text is shown."
)


class Html:
    """A page with one article; what isn't the article (menus, comments, adverts) is left out."""

    suffixes = (".html", ".htm", ".xhtml")
    keeps_text = False
    most_bytes = 20 * MEGABYTE

    def extract(self, file: BinaryIO) -> Iterator[Extracted]:
        """The one article of the page. Raises FormatError."""
        page = EMBEDDED_FILE.sub("", _decoded(file))
        _check_size(page)
        tree = _parsed(page)
        facts = read_facts(tree, page)
        fast = page.count("<") > MOST_TAGS_COMPARED
        yield Extracted(text=_article_text(tree, fast=fast), **asdict(facts))


def _decoded(file: BinaryIO) -> str:
    """The page as text. Bytes that its encoding doesn't have become U+FFFD, as in a browser."""
    encoding = encoding_of(file)
    raw = file.read()
    if not raw.strip():
        raise FormatError(EMPTY)
    if encoding == "utf-8":
        with suppress(UnicodeDecodeError):
            return raw.decode("utf-8")
        encoding = _declared(raw) or _guessed(raw)
    return raw.decode(encoding, "replace")


def _declared(raw: bytes) -> str | None:
    found = DECLARED.search(raw, 0, DECLARED_WITHIN)
    if found is None:
        return None
    with suppress(LookupError):
        name = codecs.lookup((found[1] or found[2]).decode("ascii")).name
        return READ_AS.get(name, name)
    return None


def _guessed(raw: bytes) -> str:
    """By the lines that aren't ASCII, without the tags. UTF-8 where most of it is."""
    lines = TAG.sub(b" ", raw).splitlines()
    telling = b"\n".join(line for line in lines if not line.isascii())
    if telling.decode("utf-8", "replace").count("\ufffd") < len(telling.decode("utf-8", "ignore")):
        return "utf-8"
    return likely_encoding(telling) or "cp1252"


def _check_size(page: str) -> None:
    """Raises FormatError for a page that would take minutes."""
    if "<" not in page:
        raise FormatError(NOT_HTML)
    if page.count("<") > MOST_TAGS:
        raise FormatError(
            f"It has more than {MOST_TAGS:,} tags, too many for a page with one article. "
            "Save the article's own page."
        )
    parts = (part for part in page.split("<") if len(part) > MOST_TAG_CHARACTERS)
    if any(part[0].isalpha() and part.find(">", 0, MOST_TAG_CHARACTERS) < 0 for part in parts):
        raise FormatError(f"It has a tag of more than {MOST_TAG_CHARACTERS:,} characters.")


def _parsed(page: str) -> "HtmlElement":
    from lxml.etree import ParserError  # noqa: PLC0415  (who has no HTML never pays for it)
    from lxml.html import HTMLParser, document_fromstring  # noqa: PLC0415

    parser = HTMLParser(
        encoding="utf-8",
        huge_tree=True,  # else whatever stands more than 256 elements deep is lost unseen
        collect_ids=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        tree = document_fromstring(UNUSABLE.sub("", page).encode(), parser=parser)
    except ParserError as error:
        raise FormatError(NOT_HTML) from error
    if _depth(tree) > MOST_DEPTH or any("depth" in entry.message for entry in parser.error_log):
        raise FormatError(TOO_DEEP)
    return tree


def _depth(tree: "HtmlElement") -> int:
    """How many elements each element stands in, added up."""
    from lxml.etree import iterwalk  # noqa: PLC0415  (as above)

    depth = total = 0
    for event, _ in iterwalk(tree, events=("start", "end")):
        depth += 1 if event == "start" else -1
        total += depth if event == "start" else 0
    return total


def _article_text(tree: "HtmlElement", *, fast: bool) -> str:
    """The article's blocks, a blank line between each two."""
    from trafilatura import extract  # noqa: PLC0415  (importing it costs half a second)

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # what is wrong, FormatError says
    _undo_layout_tables(tree)
    # A paragraph too many is marked later (index/clean.py); one that is lost stays lost.
    try:
        found = extract(tree, favor_recall=True, include_comments=False, fast=fast)
    except RecursionError as error:
        raise FormatError(TOO_DEEP) from error
    lines = (line.strip(" |") for line in (found or "").splitlines() if not _is_rule(line))
    text = "\n\n".join(filter(None, lines))
    if not any(character.isalnum() for character in text):
        raise FormatError(NO_TEXT)
    return text


def _is_rule(line: str) -> bool:
    return TABLE_RULE.fullmatch(line) is not None


def _undo_layout_tables(tree: "HtmlElement") -> None:
    """Make blocks of tables that hold paragraphs: they lay out the page, as before style sheets.

    As tables their cells would be read as one line each.
    """
    breaks: dict[HtmlElement, int] = {}
    for element in list(tree.iter("p", "table", "br")):
        cell = next(element.iterancestors("td"), None)
        if cell is not None:
            breaks[cell] = breaks.get(cell, 0) + (1 if element.tag == "br" else 2)
    for cell, count in breaks.items():
        if count < 2:
            continue
        cell.tag = "div"
        for outer in cell.iterancestors():
            if outer.tag == "body":
                break
            if outer.tag in LAYOUT:
                outer.tag = "div"
