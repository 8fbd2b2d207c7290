"""Articles to passages: whole sentences of one paragraph, with offsets into the untouched text.

A passage is a LlamaIndex `TextNode`. Its text is verbatim; what helps finding it (title,
outlet, date, other forms of its names) goes into `header`, which is embedded and matched with it
but never quoted.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from typing import TYPE_CHECKING

from index.aliases import OtherNames, find_other_names
from index.articles import Article
from index.clean import mark_boilerplate
from index.sentences import is_heading, split_sentences

if TYPE_CHECKING:
    from llama_index.core.schema import TextNode

# A change in how passages are made must change this number: old stores are then rebuilt.
PASSAGE_FORMAT = 3
LINE = re.compile(r"[^\r\n]+")
NEWLINES = ("\n", "\r\n", "\r")
PAUSES = (".", "!", "?", "…", ":", ";", '"', "”")  # after these a paragraph may begin small
NEW_PARAGRAPH = re.compile(r"\s*(?:[#>|*•–—-]|\d{1,3}[.)]\s)")
NARROWEST_WRAPPED, WIDEST_WRAPPED = 40, 120  # characters
FEWEST_WRAPPED = 2  # lines that break in mid-sentence
MOST_LONGER = 0.1  # share of the lines that may be too long: addresses, tables

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Passage:
    """`text[start:end]` of an article; `sentences` are the spans of its sentences.

    `header` is matched along with the passage and never quoted. `position` counts the passages
    of the article from 0.
    """

    id: str
    article_id: str
    position: int
    start: int
    end: int
    sentences: tuple[Span, ...]
    text: str
    header: str

    @property
    def indexed_text(self) -> str:
        """What is embedded and matched."""
        return f"{self.header}\n{self.text}"

    @property
    def key(self) -> str:
        """The same for passages that are embedded alike, whatever article they are of."""
        return hashlib.sha256(self.indexed_text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def build_passages(article: Article, *, words: int) -> tuple[Passage, ...]:
    """The passages of an article, each of at most `words` words unless one sentence is longer."""
    names = find_other_names(article.text[article.body_start :])
    groups = (
        group for block in _blocks(article) for group in _grouped(article.text, block, words=words)
    )
    return tuple(
        _passage(article, position, sentences, names) for position, sentences in enumerate(groups)
    )


def to_node(passage: Passage, article: Article) -> "TextNode":
    """The passage as a LlamaIndex node, with all that a citation needs in its metadata."""
    from llama_index.core.schema import NodeRelationship, RelatedNodeInfo, TextNode  # noqa: PLC0415

    return TextNode(
        id_=passage.id,
        text=passage.text,
        start_char_idx=passage.start,
        end_char_idx=passage.end,
        metadata={
            "article_id": article.id,
            "article_path": article.path,
            "title": article.title,
            "outlet": article.outlet,
            "published": article.published.isoformat() if article.published else None,
            "sentences": json.dumps(passage.sentences),
        },
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=article.id)},
    )


def _blocks(article: Article) -> Iterator[list[Span]]:
    """Sentence spans of each paragraph; headings go with the paragraph right below them.

    Where boilerplate stands between two, they are never of one block.
    """
    text = article.text
    waiting: list[Span] = []
    for start, end, is_cut in _pieces(article):
        if is_cut and waiting:
            yield waiting
            waiting = []
        said = text[start:end].strip()
        if not said:
            continue
        if is_heading(said):
            first = text.index(said, start)
            waiting.append((first, first + len(said)))
            continue
        yield waiting + list(split_sentences(text, start, end))
        waiting = []
    if waiting:
        yield waiting


def _pieces(article: Article) -> Iterator[tuple[int, int, bool]]:
    """What boilerplate leaves of each paragraph, and whether there was any right before it."""
    text, start = article.text, article.body_start
    noise = [
        (span.start, span.end)
        for span in mark_boilerplate(text, start, author=article.author, outlet=article.outlet)
    ]
    following = iter([*noise, (len(text), len(text))])
    span = next(following)
    is_cut = False
    for first, end in find_paragraphs(text, start):
        begin = first
        while span[0] < end:
            if begin < span[0]:
                yield begin, span[0], is_cut
            is_cut, begin = True, max(begin, span[1])
            if span[1] > end:
                break
            span = next(following)
        if begin < end:
            yield begin, end, is_cut
            is_cut = False


def find_paragraphs(text: str, start: int = 0) -> Iterator[Span]:
    """Spans of the paragraphs of `text[start:]`: its lines, wrapped ones taken together."""
    lines = [found.span() for found in LINE.finditer(text, start)]
    width = _wrap_width(text, lines)
    begin: int | None = None
    for line, following in zip_longest(lines, lines[1:]):
        begin = line[0] if begin is None else begin
        if following is None or width is None or not _is_wrapped(text, line, following, width):
            yield begin, line[1]
            begin = None


def _wrap_width(text: str, lines: list[Span]) -> int | None:
    """The width at which the lines are wrapped; None where they aren't.

    Told by lines that break in mid-sentence: there are several, and hardly a line is too long.
    """
    lengths = [
        first[1] - first[0]
        for first, second in pairwise(lines)
        if text[second[0]].islower()
        and _are_adjacent(text, first, second)
        and not text[slice(*first)].rstrip().endswith(PAUSES)
    ]
    width = max(lengths, default=0)
    longer = sum(end - start > WIDEST_WRAPPED for start, end in lines)
    if len(lengths) < FEWEST_WRAPPED or longer > MOST_LONGER * len(lines):
        return None
    return width if NARROWEST_WRAPPED <= width <= WIDEST_WRAPPED else None


def _is_wrapped(text: str, line: Span, following: Span, width: int) -> bool:
    """Whether the paragraph goes on in the following line, whose first word didn't fit in."""
    length = line[1] - line[0]
    next_line = text[slice(*following)]
    if length > WIDEST_WRAPPED or NEW_PARAGRAPH.match(next_line) or text.startswith("#", line[0]):
        return False
    word = next_line.split(maxsplit=1)[:1] or [""]
    return length + 1 + len(word[0]) > width and _are_adjacent(text, line, following)


def _are_adjacent(text: str, line: Span, following: Span) -> bool:
    return text[line[1] : following[0]] in NEWLINES


def _grouped(text: str, sentences: list[Span], *, words: int) -> Iterator[tuple[Span, ...]]:
    group: list[Span] = []
    count = 0
    for start, end in sentences:
        length = len(text[start:end].split())
        if group and count + length > words:
            yield tuple(group)
            group, count = [], 0
        group.append((start, end))
        count += length
    if group:
        yield tuple(group)


def _passage(
    article: Article,
    position: int,
    sentences: tuple[Span, ...],
    names: OtherNames,
) -> Passage:
    start, end = sentences[0][0], sentences[-1][1]
    text = article.text[start:end]
    digest = hashlib.sha256(f"{article.sha256}{text}".encode("utf-8", "surrogatepass")).hexdigest()[
        :12
    ]
    return Passage(
        id=f"{article.id}-{position}-{digest}",
        article_id=article.id,
        position=position,
        start=start,
        end=end,
        sentences=sentences,
        text=text,
        header=_header(article, text, names),
    )


def _header(article: Article, text: str, names: OtherNames) -> str:
    published = article.published.isoformat() if article.published else ""
    parts = (article.title, article.outlet or "", published, *names.missing_from(text))
    return " · ".join(part for part in parts if part)
