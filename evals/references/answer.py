"""What a reference system says, and what it cites for it."""

import re
from dataclasses import dataclass
from typing import NamedTuple

from index.sentences import split_sentences
from qa.answer import Usage

# [2] and [1, 2], as CitationQueryEngine asks for; and [Source 2], as a small model writes it.
_MARK = r"\[(?:sources?\s+)?\d+(?:\s*(?:,|and)\s*(?:sources?\s+)?\d+)*\]"
MARK = re.compile(rf"\s*{_MARK}", re.I)
# "It failed. [1]" cites for the sentence before the mark.
MARKS_BEHIND = re.compile(rf"([.!?][\"'”’)]*)((?:\s*{_MARK})+)", re.I)


class ReferenceCitation(NamedTuple):
    """`article` is the path inside the folder; `text[start:end] == quote` if the quote is verbatim.

    `number` is that of the marks [n] in the answer's text.
    """

    number: int
    article: str
    start: int
    end: int
    quote: str


class CitingSentence(NamedTuple):
    """A sentence without its marks, and the numbers in them."""

    text: str
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a system makes of a question; marks [n] in `text` name its citations."""

    text: str
    refused: bool
    citations: tuple[ReferenceCitation, ...] = ()
    usage: Usage = Usage()


@dataclass(frozen=True, slots=True)
class ReferenceAnswer:
    """A reply with what it cost. `text` is as it was written, marks included."""

    text: str
    refused: bool
    citations: tuple[ReferenceCitation, ...]
    seconds: float
    prompt_tokens: int
    completion_tokens: int
    calls: int

    @property
    def plain(self) -> str:
        """What is said, without the marks."""
        return " ".join(MARK.sub("", self.text).split())

    @property
    def sentences(self) -> tuple[CitingSentence, ...]:
        """The sentences of the text, each with the marks that stand in it or right behind it."""
        moved = MARKS_BEHIND.sub(r"\2\1", self.text)
        found = (
            CitingSentence(MARK.sub("", line[start:end]).strip(), marks_of(line[start:end]))
            for line in moved.splitlines()
            for start, end in split_sentences(line, 0, len(line))
        )
        return tuple(each for each in found if each.text)


def marks_of(text: str) -> tuple[int, ...]:
    """The numbers in the marks of a text, each once, in the order they come: [2] [1, 2] is 2, 1."""
    numbers = (int(each) for mark in MARK.findall(text) for each in re.findall(r"\d+", mark))
    return tuple(dict.fromkeys(numbers))
