"""What the model writes, turned into sentences as they come; its tics removed.

Models print source markers, thoughts and list bullets as they please. Nothing of that is shown:
citations are placed by code.
"""

import re
from collections.abc import Iterator

import sentencex

from qa.inert import make_inert
from qa.instructions import FILE
from qa.prompt import NOT_IN_ARTICLES

THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
_SOURCES = r"(?:source|article|excerpt|passage|document|reference|citation)s?"
_BRACKETED_FILE = rf"[\[(【][^\[\]()【】]{{0,40}}{FILE}"
# A number, a source or a file in brackets, as models cite.
MARKER = re.compile(
    rf"\s*(?:\[\[|[\[(【])(?:{_SOURCES}\s*)?\d{{1,2}}(?:\s*,\s*\d{{1,2}})*(?:\]\]|[\])】])"
    r"|\s*\((?:source|article|excerpt)s?:?[^)]*\)"
    rf"|\s*[\[【](?:{_SOURCES}\b|\^)[^\[\]【】]*[\]】]"
    rf"|\s*{_BRACKETED_FILE}[^\[\]()【】]{{0,40}}[\])】]"
    r"|\s*\\cite\w*\{[^{}]*\}",
    re.I,
)
# A marker or tag that the model began last and didn't close.
OPEN_MARKER = re.compile(
    rf"\s*!?(?:(?<!\])[\[(【](?:{_SOURCES}\b[^\])】]*|\d{{0,2}})|{_BRACKETED_FILE}[^\])】]*"
    r"|[\[【][^\[\]【】\s]*|<[a-z]*)\Z",
    re.I,
)
# What a sentence says of a file is no report: "According to policy.pdf, …", "Source: policy.pdf".
_FILE = rf"(?:the\s+)?(?:file\s+|document\s+)?[\"“']?{FILE}[\"”']?"
_AFTER = r"(?:according to|as (?:stated|reported) in|sources?\s*:|see)"
FILE_CITED = re.compile(
    rf"\A(?:{_AFTER}|in|from|per|cit(?:e|ing))?\s*{_FILE}\s*"
    r"(?:[,:]|states?(?: that)?|says?(?: that)?|\W*\Z)"
    rf"|\s*[,;(–—-]?\s*\b{_AFTER}\s+{_FILE}(?=\W*\Z)",
    re.I,
)
SOURCE_LEAD = re.compile(
    r"^(?:(?:according to|as stated in|in|from)\s+)?(?:the\s+)?(?:article|excerpt|passage|source)s?"
    r"(?:\s*\d+(?:(?:,|\s+and)\s*(?:article\s*)?\d+)*)?\s*(?:\([^)]*\))?\s*"
    r"(?:,|:|states?(?: that)?|says?(?: that)?)\s*",
    re.I,
)
BULLET = re.compile(r"^\s*(?:[-*•>]|#{1,6}|\d{1,2}[.)])\s+")
LABEL = re.compile(r"^(?:answer|example answer)\s*:\s*", re.I)
_ADDRESS = r"\((?:[^()\n]|\([^()\n]*\))*+\)"
IMAGE_OR_TAG = re.compile(
    rf"!\[[^\]]*\]{_ADDRESS}|\s*<sup>[^<]*</sup>|</?[a-z][^>\n]{{0,200}}>", re.I
)
LINK = re.compile(rf"\[([^\]]*)\]{_ADDRESS}")
EMPHASIS = re.compile(r"\*\*|__|`|(?<![\w*])[*_](?=\w)|(?<=[\w.])[*_](?!\w)")
UNFINISHED = re.compile(
    r"<think>(?!.*</think>).*\Z|!?\[[^\]\n]*(?:\](?:\((?:[^()\n]|\([^()\n]*\))*(?:\([^()\n]*)?)?)?\Z"
    r"|!\Z|\([^)\n]*\Z"
    r"|<[^>\n]{0,200}\Z|<sup>[^<]*(?:<[^>]*)?\Z|^\s*\d{1,2}[.)]\s*\Z",
    re.I | re.MULTILINE | re.DOTALL,
)
_SOURCE = r"(?:articles?|excerpts?|passages?|texts?)"
_STATES = (
    r"(?:state|mention|say|provide|specify|contain|give|include|name|identify|tell|report|answer"
    r"|explain|indicate)"
)
REFUSAL = re.compile(
    rf"(?:\bnot|n[’']t)\b(?: \w+){{0,2}} in (?:(?:the|these|any of the) )?(?:\w+ )?{_SOURCE}\b"
    rf"|\b{_SOURCE}(?: \d+)? (?:do(?:es)?|did)(?: not|n[’']t)(?: \w+ly)? {_STATES}"
    rf"|\b(?:no|none of the) (?:articles?|excerpts?|passages?)(?: \w+ly)? {_STATES}"
    rf"|\bno (?:information|mention|indication|details?|answer)\b.*\b{_SOURCE}\b"
    rf"|\b{_SOURCE} (?:\w+ )?no (?:information|mention|indication|details?|answer)\b"
    r"|^(?:sorry, )?(?:but )?i (?:do not|don[’']t|cannot|can[’']t|could not|couldn[’']t) "
    r"(?:know|answer|find|say|tell|determine)\b"
    r"|^(?:it|this|that|the answer|the information) is(?: not|n[’']t) "
    r"(?:mentioned|stated|specified|provided|given|known|clear)\W*\Z",
    re.I,
)


class Reply:
    """Collects the model's words and gives out each sentence once its last word is there.

    Words are taken one character at a time, so that it makes no difference how they were cut.
    """

    def __init__(self) -> None:
        """Nothing has been written yet."""
        self.text = ""
        self._pending = ""

    def add(self, delta: str) -> Iterator[str]:
        """Take more words; gives the sentences that are now complete."""
        self.text += delta
        for character in delta:
            begins_word = self._pending[-1:].isspace() and not character.isspace()
            self._pending += character
            if begins_word or character == "\n":
                settled = _settled(self._pending)
                pieces = split_reply(settled)
                kept = pieces.pop() if pieces else ""
                self._pending = kept + self._pending[len(settled) :]
                yield from _cleaned(pieces)

    def rest(self) -> Iterator[str]:
        """The sentences that are left when the model has stopped."""
        pieces, self._pending = split_reply(self._pending), ""
        yield from _cleaned(pieces)


def split_reply(text: str) -> list[str]:
    """The lines and sentences of a text without thoughts and markup; the last may be unfinished."""
    visible = LINK.sub(r"\1", IMAGE_OR_TAG.sub("", THOUGHT.sub("", text)))
    found: list[str] = []
    for line in visible.splitlines():
        whole = BULLET.sub("", line)
        found.extend(part for part in sentencex.segment("en", whole) if part.strip())
    if visible.endswith("\n"):
        found.append("")
    return found


def _settled(text: str) -> str:
    """The part before anything that later words may still close: a link, a thought, a quotation."""
    line = text.rfind("\n") + 1
    ends = [found.start() for found in UNFINISHED.finditer(text)]
    if text.count('"', line) % 2:
        ends.append(text.rfind('"'))
    if text.count("“", line) > text.count("”", line):
        ends.append(text.rfind("“"))
    return text[: min(ends, default=len(text))]


def _cleaned(pieces: list[str]) -> Iterator[str]:
    yield from (cleaned for piece in pieces if (cleaned := clean_sentence(piece)))


def clean_sentence(sentence: str) -> str:
    """A sentence without markers, bullets, labels and links; empty if nothing else was there."""
    text = EMPHASIS.sub("", BULLET.sub("", sentence.strip()))
    text = OPEN_MARKER.sub("", MARKER.sub("", text))
    text = FILE_CITED.sub("", LABEL.sub("", text))
    text = make_inert(SOURCE_LEAD.sub("", text))
    if not any(character.isalnum() for character in text):
        return ""
    return text[0].upper() + text[1:]


def is_refusal(sentence: str) -> bool:
    """Whether a sentence says that the articles don't say."""
    return NOT_IN_ARTICLES.casefold() in sentence.casefold() or bool(REFUSAL.search(sentence))
