"""Marks the lines of an article that are not reporting. The text itself is never changed.

Precision first: a lost sentence is worse than a kept teaser, so only whole lines that match
a known phrase are marked.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

LINE = re.compile(r"[^\r\n]+")
# After "see also" and the like: a colon, a wide gap or nothing tells a teaser from a sentence.
_LEAD_IN = r"(?:see also|also read|read also|read more)"
_NO_SENTENCE = r"(?!.*[.!?][\"'”’)]*$)"
BOILERPLATE = tuple(
    (reason, re.compile(pattern, re.I))
    for reason, pattern in (
        ("teaser", rf"(?:{_LEAD_IN}|related)(?:\s*:|[^\S ]|\s{{2}}|$)"),
        ("teaser", rf"{_NO_SENTENCE}(?:see also|also read|read also)\s"),
        ("teaser", r"related (?:articles?|coverage|news|posts?|reading|stor(?:y|ies))\s*:?$"),
        ("newsletter", r"unlock .{0,60} for free\W*$"),
        ("newsletter", r"sign up (?:for|to) .{0,60}newsletters?\b"),
        ("newsletter", r"subscribe to (?:get|our) |subscribe to the .{0,60}newsletter\b"),
        ("newsletter", rf"{_NO_SENTENCE}discover more from "),
        ("comment form", r"leave a (?:reply|comment)$"),
        ("comment form", r"your email address will not be published\b"),
        ("share form", r"share (?:this|on) (?:article|story|post|facebook|twitter|x)\b[^.]{0,40}$"),
        ("source link", r"source link$"),
        ("advertisement", r"advertisement$"),
    )
)


@dataclass(frozen=True, slots=True)
class BoilerplateSpan:
    """`text[start:end]` is not reporting, for the reason given."""

    start: int
    end: int
    reason: str


def mark_boilerplate(text: str, start: int = 0) -> Iterator[BoilerplateSpan]:
    """The boilerplate lines of `text` from `start` on, in order."""
    for line in LINE.finditer(text, start):
        stripped = line.group().strip()
        for reason, pattern in BOILERPLATE:
            if pattern.match(stripped):
                yield BoilerplateSpan(line.start(), line.end(), reason)
                break
