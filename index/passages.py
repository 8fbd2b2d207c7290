"""Articles to passages: whole sentences of one paragraph, with offsets into the untouched text.

A passage is a LlamaIndex `TextNode`. Its text is verbatim; what helps finding it (title,
outlet, date, spelled-out acronyms) goes into `header`, which is embedded and matched with it
but never quoted.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sentencex

from index.articles import Article
from index.clean import mark_boilerplate

if TYPE_CHECKING:
    from llama_index.core.schema import TextNode

# A change in how passages are made must change this number: old stores are then rebuilt.
PASSAGE_FORMAT = 2
PARAGRAPH = re.compile(r"[^\r\n]+")
HEADING_WORDS = 14
SENTENCE_END = (".", "!", "?", "…", ":", ";", ",", '"', "”", "’", "'", ")", "»")
SHORT_FORM = re.compile(r"\(([A-Z][A-Za-z&.-]{1,9})\)")
MAX_LONG_FORM_WORDS = 12


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
    sentences: tuple[tuple[int, int], ...]
    text: str
    header: str

    @property
    def indexed_text(self) -> str:
        """What is embedded and matched."""
        return f"{self.header}\n{self.text}"


def split_sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Spans of the sentences of `text[start:end]`, without the white space around them."""
    for boundary in sentencex.get_sentence_boundaries("en", text[start:end]):
        first, last = start + boundary["start_index"], start + boundary["end_index"]
        sentence = text[first:last]
        stripped = sentence.strip()
        if stripped:
            first += len(sentence) - len(sentence.lstrip())
            yield first, first + len(stripped)


def is_heading(line: str) -> bool:
    """Whether a line reads as a heading: short, and without a sentence's end."""
    stripped = line.strip()
    if stripped.startswith("#"):
        return True
    return len(stripped.split()) <= HEADING_WORDS and not stripped.endswith(SENTENCE_END)


def find_aliases(text: str) -> dict[str, str]:
    """Short forms and what they stand for: `Syrian Observatory for Human Rights (SOHR)`.

    After Schwartz & Hearst (2003), "A simple algorithm for identifying abbreviation
    definitions in biomedical text": the short form's letters are matched from the right
    against the words before the bracket, the first one at the beginning of a word.
    """
    aliases: dict[str, str] = {}
    for found in SHORT_FORM.finditer(text):
        short = found.group(1)
        words = text[: found.start()].split()[-min(len(short) + 5, MAX_LONG_FORM_WORDS) :]
        long_form = _long_form(short, " ".join(words))
        if long_form:
            aliases.setdefault(short, long_form)
    return aliases


def build_passages(article: Article, *, words: int) -> tuple[Passage, ...]:
    """The passages of an article, each of at most `words` words unless one sentence is longer."""
    aliases = find_aliases(article.text[article.body_start :])
    groups = (
        group for block in _blocks(article) for group in _grouped(article.text, block, words=words)
    )
    return tuple(
        _passage(article, position, sentences, aliases) for position, sentences in enumerate(groups)
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


def _blocks(article: Article) -> Iterator[list[tuple[int, int]]]:
    """Sentence spans of each paragraph; headings go with the paragraph right below them."""
    left_out = {span.start for span in mark_boilerplate(article.text, article.body_start)}
    waiting: list[tuple[int, int]] = []
    for line in PARAGRAPH.finditer(article.text, article.body_start):
        if line.start() in left_out and waiting:  # else the passage would span the noise
            yield waiting
            waiting = []
        if line.start() in left_out or not line.group().strip():
            continue
        if is_heading(line.group()):
            indent = len(line.group()) - len(line.group().lstrip())
            waiting.append((line.start() + indent, line.start() + len(line.group().rstrip())))
            continue
        yield waiting + list(split_sentences(article.text, line.start(), line.end()))
        waiting = []
    if waiting:
        yield waiting


def _grouped(
    text: str, sentences: list[tuple[int, int]], *, words: int
) -> Iterator[tuple[tuple[int, int], ...]]:
    group: list[tuple[int, int]] = []
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
    sentences: tuple[tuple[int, int], ...],
    aliases: dict[str, str],
) -> Passage:
    start, end = sentences[0][0], sentences[-1][1]
    text = article.text[start:end]
    digest = hashlib.sha256(f"{article.sha256}{text}".encode()).hexdigest()[:12]
    return Passage(
        id=f"{article.id}-{position}-{digest}",
        article_id=article.id,
        position=position,
        start=start,
        end=end,
        sentences=sentences,
        text=text,
        header=_header(article, text, aliases),
    )


def _header(article: Article, text: str, aliases: dict[str, str]) -> str:
    parts = [article.title, article.outlet or ""]
    parts.append(article.published.isoformat() if article.published else "")
    for short, long_form in aliases.items():
        has_short = re.search(rf"\b{re.escape(short)}\b", text) is not None
        has_long = long_form.casefold() in text.casefold()
        if has_short != has_long:
            parts.append(long_form if has_short else short)
    return " · ".join(part for part in parts if part)


def _long_form(short: str, candidate: str) -> str | None:
    letters = [letter for letter in short.casefold() if letter.isalnum()]
    lowered = candidate.casefold()
    position = len(lowered)
    for index in range(len(letters) - 1, -1, -1):
        position -= 1
        while position >= 0 and not _matches(lowered, position, letters[index], first=index == 0):
            position -= 1
        if position < 0:
            return None
    long_form = candidate[position:]
    # "the FBI (FBI)" or a single word is no definition
    return long_form if len(long_form.split()) > 1 and short not in long_form.split() else None


def _matches(text: str, position: int, letter: str, *, first: bool) -> bool:
    begins_word = position == 0 or not text[position - 1].isalnum()
    return text[position] == letter and (begins_word or not first)
