"""Marks what is not reporting in an article. The text itself is never changed.

Precision first: a lost sentence is worse than a kept teaser. So a line is marked as a whole where
it begins and ends as a known phrase does (boilerplate.py), and of a line that ends in a photo
credit the text before stays if it may be more than a caption.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from index.boilerplate import (
    BYLINE,
    CREDIT,
    CREDIT_LINE,
    CREDIT_SIGN,
    LEAD_INS,
    LICENSING,
    LIKELY,
    LISTS,
    SURE,
    TOLD,
)

LINE = re.compile(r"[^\r\n]+")
LONGEST = 1000  # characters of a line that may be boilerplate as a whole
HEAD_LINES = 5  # among which a byline stands
TEASER_WORDS, MOST_TEASERS = 20, 5
ALONE = re.compile(rf"(?P<one>{LEAD_INS}|related)\s*[:»→>…]*$|(?:{LISTS})\s*[:»→>…]*$", re.I)
TOLD_WORD = re.compile(rf"\b(?:{TOLD})\b", re.I)
GOES_ON = (".", ":", ",", ";", "…")  # a title ends otherwise
SENTENCE_ENDS = re.compile(r"[.!?…][\"”’')]*$")
NEW_SENTENCE = re.compile(r"\w\w[.!?…][\"”’')]*\s+(?=[\"“‘(]?[A-Z])")
ROLES = "reporter|correspondent|editor|journalist|writer|columnist|contributor|producer"


@dataclass(frozen=True, slots=True)
class BoilerplateSpan:
    """`text[start:end]` is not reporting, for the reason given."""

    start: int
    end: int
    reason: str


@dataclass(frozen=True, slots=True)
class _Phrases:
    """All phrases of a table as one pattern, whose groups are its rows."""

    pattern: re.Pattern[str]
    reasons: tuple[str, ...]

    def reason(self, line: str) -> str | None:
        found = self.pattern.match(line)
        return self.reasons[found.lastindex - 1] if found and found.lastindex else None


def _compiled(table: Sequence[tuple[str, str]]) -> _Phrases:
    pattern = re.compile("|".join(f"({phrase})" for _, phrase in table), re.I)
    return _Phrases(pattern, tuple(reason for reason, _ in table))


SURE_PHRASES, LIKELY_PHRASES = _compiled(SURE), _compiled(LIKELY)


def mark_boilerplate(
    text: str, start: int = 0, *, author: str | None = None, outlet: str | None = None
) -> Iterator[BoilerplateSpan]:
    """The boilerplate of `text` from `start` on, in order: lines and parts of lines.

    `author` and `outlet` are the article's, whose lines are known by them.
    """
    signs = _signatures(author, outlet)
    teasers = 0
    for number, line in enumerate(LINE.finditer(text, start)):
        said = line.group().strip()
        reason = _reason(said, signs, is_head=number < HEAD_LINES)
        if reason is None and teasers and _reads_as_title(said):
            teasers -= 1
            reason = "teaser"
        elif said:
            teasers = _teasers_after(said)
        if reason is not None:
            yield BoilerplateSpan(line.start(), line.end(), reason)
        else:
            yield from _credits(line.group(), line.start())


def _reason(line: str, signs: re.Pattern[str] | None, *, is_head: bool) -> str | None:
    """Why the whole line is no reporting; None where it may be."""
    if not line or len(line) > LONGEST:
        return None
    reason = SURE_PHRASES.reason(line)
    if reason is None:
        reason = _likely_reason(line)
    if reason is None and CREDIT_LINE.match(line):
        reason = "photo credit"
    if reason is None and ((signs and signs.match(line)) or (is_head and BYLINE.match(line))):
        reason = "byline"
    return reason


def _likely_reason(line: str) -> str | None:
    reason = LIKELY_PHRASES.reason(line)
    if reason is None or TOLD_WORD.search(line):
        return None
    return None if reason == "photo caption" and NEW_SENTENCE.search(line) else reason


def _signatures(author: str | None, outlet: str | None) -> re.Pattern[str] | None:
    """What the lines are like that only name the author or the outlet."""
    patterns = []
    if author:
        name = re.escape(author)
        patterns.append(rf"(?:(?:written |words )?by )?{name}(?:,? (?:for|in|at) .{{1,40}})?\W*$")
        patterns.append(rf"{name} is (?:an?|the) (?:[^,.]{{1,60}} )?(?:{ROLES})\b[^,.]*\.?$")
    if outlet:
        name = re.escape(outlet)
        patterns.append(rf"(?:by |source: |more from |more in )?{name}(?: staff)?\W*$")
    return re.compile("|".join(patterns), re.I) if patterns else None


def _teasers_after(line: str) -> int:
    """How many titles may follow a line that only announces them."""
    found = ALONE.match(line)
    if found is None:
        return 0
    return 1 if found["one"] else MOST_TEASERS


def _reads_as_title(line: str) -> bool:
    return 0 < len(line.split()) <= TEASER_WORDS and not line.endswith(GOES_ON)


def _credits(line: str, at: int) -> Iterator[BoilerplateSpan]:
    """Photo credits in a line, with the caption before where that is surely one."""
    if not CREDIT_SIGN.search(line):
        return
    for found in CREDIT.finditer(line):
        before, after = line[: found.start()].strip(), line[found.end() :]
        if LICENSING.match(after):
            is_caption = _is_caption(before, is_sure=found["agency"] is not None)
            first = 0 if is_caption else found.start()
            reason = "photo caption" if is_caption else "photo credit"
            yield BoilerplateSpan(at + first, at + len(line.rstrip()), reason)
        elif not before or SENTENCE_ENDS.search(before):
            yield BoilerplateSpan(at + found.start(), at + found.end(), "photo credit")


def _is_caption(before: str, *, is_sure: bool) -> bool:
    """Whether what stands before a credit is one sentence at most, and of a photograph."""
    if not before or NEW_SENTENCE.search(before):
        return False
    return is_sure or not SENTENCE_ENDS.search(before)
