"""What the model writes, turned into sentences as they come; its tics removed.

Models print source markers, thoughts and list bullets as they please. Nothing of that is shown:
citations are placed by code.
"""

import re
from collections.abc import Iterator

import sentencex

from qa.prompt import NOT_IN_ARTICLES

THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
MARKER = re.compile(
    r"\s*[\[(](?:(?:source|article|excerpt|passage)s?\s*)?\d+(?:\s*,\s*\d+)*[\])]"
    r"|\s*\((?:source|article|excerpt)s?:?[^)]*\)",
    re.I,
)
SOURCE_LEAD = re.compile(
    r"^(?:(?:according to|as stated in|in|from)\s+)?(?:the\s+)?(?:article|excerpt|passage|source)s?"
    r"(?:\s*\d+(?:(?:,|\s+and)\s*\d+)*)?\s*(?:\([^)]*\))?\s*"
    r"(?:,|:|states?(?: that)?|says?(?: that)?)\s*",
    re.I,
)
BULLET = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+")
LABEL = re.compile(r"^(?:answer|example answer)\s*:\s*", re.I)
IMAGE_OR_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)|<[^>\n]{1,200}>")
EMPHASIS = re.compile(r"\*\*|__|`")
REFUSAL = re.compile(
    r"not in the (?:articles?|excerpts?)"
    r"|(?:the )?(?:articles?|excerpts?) (?:do(?:es)?|did) not (?:state|mention|say|provide|specify|"
    r"contain|give|include|name|identify)"
    r"|(?:is|are|was|were) not (?:mentioned|stated|specified|provided|given|named|identified)"
    r" in the (?:articles?|excerpts?|passages?)",
    re.I,
)


class Reply:
    """Collects the model's words and gives out each sentence once its last word is there."""

    def __init__(self) -> None:
        """Nothing has been written yet."""
        self.text = ""
        self._given = 0

    def add(self, delta: str) -> Iterator[str]:
        """Take more words; gives the sentences that are now complete."""
        self.text += delta
        yield from self._take(split_reply(self.text)[:-1])

    def rest(self) -> Iterator[str]:
        """The sentences that are left when the model has stopped."""
        yield from self._take(split_reply(self.text))

    def _take(self, sentences: list[str]) -> Iterator[str]:
        new = sentences[self._given :]
        self._given = max(self._given, len(sentences))
        yield from (cleaned for sentence in new if (cleaned := clean_sentence(sentence)))


def split_reply(text: str) -> list[str]:
    """The lines and sentences of what was written so far; the last may be unfinished."""
    visible = THOUGHT.sub("", text)
    found: list[str] = []
    for line in visible.splitlines():
        found.extend(part for part in sentencex.segment("en", line) if part.strip())
    if visible.endswith("\n"):
        found.append("")
    return found


def clean_sentence(sentence: str) -> str:
    """A sentence without markers, bullets, labels and links; empty if nothing else was there."""
    text = BULLET.sub("", sentence.strip())
    text = EMPHASIS.sub("", IMAGE_OR_LINK.sub(r"\1", text))
    text = SOURCE_LEAD.sub("", LABEL.sub("", MARKER.sub("", text)))
    text = " ".join(text.split())
    if not any(character.isalnum() for character in text):
        return ""
    return text[0].upper() + text[1:]


def is_refusal(sentence: str) -> bool:
    """Whether a sentence says that the articles don't say."""
    return NOT_IN_ARTICLES.casefold() in sentence.casefold() or bool(REFUSAL.search(sentence))
