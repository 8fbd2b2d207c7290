"""Whether the sentence around some words speaks of what has been or of what is to come."""

import re
from datetime import date

SENTENCE_BREAK = re.compile(r"[.!?…][\"”’)\]]*\s+(?=[\"“‘(\[]?[A-Z])|\n\s*\n")
SENTENCE_REACH = 300  # characters of a sentence that are looked at on either side
YEAR = re.compile(r"\b(?:1[89]|20)\d\d\b")

_TO_DO = (
    "meet|hold|vote|visit|begin|start|open|travel|arrive|discuss|decide|take|convene|resume|return"
    "|leave|address|host|attend|speak|appear|launch|announce|be"
)
TENSE = re.compile(
    r"\b(?:(?P<future>(?:will|won[’']t|shall|would|could|may|might|must|to)(?: not)? be [a-z]+|will"
    r"|won[’']t|shall|would|could|may|might|must|going to|due|set to|scheduled|expected"
    rf"|plan(?:s|ned|ning)?|slated|ahead of|to (?:{_TO_DO}))"
    r"|(?P<past>(?!armed|need|hundred|indeed|speed)[a-z]{2,}ed|said|told|was|were|had|has|have|did"
    r"|began|came|took|went|left|fell|struck|made|saw|met|held|won|lost|broke|hit|led|fled|found"
    r"|gave|got|grew|kept|paid|ran|rose|sent|shot|spoke|stood|wrote|drove|fought|became|brought"
    r"|sank|swept|since|after))\b"
)
SAID = ("said", "told")
HAD = re.compile(r"\b(?:was|were|had|been)\s+(?:\w+\s+)?$")
OPEN_BEFORE = re.compile(r"\b(?:until|till|by|before|from|starting|beginning|through)\s+$", re.I)


def tense(found: re.Match[str], published: date) -> int | None:
    """Of the words `found` in a text of that day: 1 if their sentence speaks of what is to
    come, -1 of what has been, 0 if it doesn't tell.

    None where it could be either, or where another year is named.
    """
    before, after = _sentence(found)
    years = {int(each.group()) for each in YEAR.finditer(f"{before} {after}")}
    if is_quoted(found) or years - {published.year}:
        return None
    cues = list(TENSE.finditer(before))
    futures = [cue for cue in cues if cue["future"]]
    if not cues:
        first = TENSE.search(after)
        side = 0 if first is None else 1 if first["future"] else -1
    elif not futures or cues[-1].group() in SAID:
        side = -1
    elif cues[-1] is not futures[-1] or HAD.search(before, 0, futures[-1].start()):
        return None
    else:
        side = 1
    return None if side <= 0 and OPEN_BEFORE.search(before) else side


def _sentence(found: re.Match[str]) -> tuple[str, str]:
    """What stands in the sentence before and after, as far as it is looked at."""
    text = found.string
    before = text[max(0, found.start() - SENTENCE_REACH) : found.start()]
    after = text[found.end() : found.end() + SENTENCE_REACH]
    return SENTENCE_BREAK.split(before)[-1], SENTENCE_BREAK.split(after)[0]


def is_quoted(found: re.Match[str]) -> bool:
    """Whether somebody else's words have it, whose day isn't that of publication."""
    text = found.string
    line = text[text.rfind("\n", 0, found.start()) + 1 : found.start()]
    return line.count("“") > line.count("”") or line.count('"') % 2 == 1
