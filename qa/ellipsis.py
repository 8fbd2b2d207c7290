"""Follow-ups that leave out what was just asked: "And in Hama?", "What about the cutter?", "Why?".

The new part takes the place of its counterpart in the question before: place for place, name for
name, date for date. Where there isn't exactly one counterpart, code can't tell.
"""

import re
from collections.abc import Sequence

from qa.facts import find_names, find_numbers
from qa.leaning import ASKS, AUXILIARY, STARTS_OVER, find_references, is_bare
from qa.mentions import Mention, Turn, find_mentions, find_phrases
from qa.name_kinds import NameKinds, is_role
from qa.referents import resolve_references

_TIME_WORDS = (
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day|yesterday|today|tomorrow|tonight|"
    r"(?:last|this|next) (?:week|month|year|season|night)|the (?:year|day|week|month) before)"
)
_DATE = re.compile(
    rf"(?:(?:in|on|by|since|before|after|during|for|until)\s+)?(?:the\s+)?"
    rf"(?:\d{{1,2}}(?:st|nd|rd|th)?\s+)?(?:(?:(?:last|next|this)\s+)?{_TIME_WORDS}|(?:19|20)\d\d)"
    r"(?:\s+\d{1,2}\b)?(?:,?\s+(?:19|20)\d\d)?\b",
    re.I,
)
_PLACED = re.compile(r"(?:in|at|near|on|from|to|for|by|with|of|against|outside)\b\s+", re.I)
_ADVERB = re.compile(rf"(?:when|where|why|how)\b(?=\s+{AUXILIARY}\b)", re.I)
_ASKED_ALONE = re.compile(r"(?:(?P<adverb>when|where|why|how)(?: (?:so|exactly))?)\W*$", re.I)
_DISLOCATED = re.compile(rf"(?P<what>[^,]+),\s+(?P<clause>(?:\w+\s+)?(?:{ASKS.pattern}).*)$", re.I)
_ROLE_WORD = r"(?!(?:of|for|at|in|on|to|by|who|that|from|and)\b)[a-z-]+"
_ROLE_PHRASE = re.compile(
    rf"\b(?:the|its|their|his|her|[A-Z]\w+['’]s)\s+((?:{_ROLE_WORD}\s+){{0,3}}{_ROLE_WORD})\b"
)
_PLURAL = re.compile(r"\bthe\s+[a-z-]+(?<!s)s\b|\bthe\s+(?:people|police)\b")
_COUNTED = re.compile(r"\bhow (?:many|much)\s+((?:[a-z-]+\s+)??[a-z-]+(?<!s)s|people)\b", re.I)
_UNCOUNTED = re.compile(r"(\bhow many)\s+(?!people\b)(?=[a-z-]+(?<!s)\s)", re.I)
EVENTS = frozenset(
    """accident attack auction battle case concert contest crash election explosion exhibition
    fight final fire flood game hearing inquest inquiry match meeting merger offensive outbreak
    race raid referendum rescue robbery shooting siege storm strike study survey tournament trial
    vote war""".split()  # noqa: SIM905 - reads worse as a list
)


def complete_question(question: str, history: Sequence[Turn], kinds: NameKinds) -> str | None:
    """What a follow-up asks when it is put alone, or None where code can't tell for certain."""
    start = STARTS_OVER.match(question)
    body = question[start.end() :] if start else question
    last = history[-1].question
    alone = _ASKED_ALONE.match(body.strip())
    if alone:
        return _ask_otherwise(alone["adverb"], last)
    moved = _DISLOCATED.match(body)
    if moved and not ASKS.search(moved["what"]):
        return _put_back(moved["what"], moved["clause"])
    resolved = resolve_references(body, history, kinds)
    if resolved is None:
        return None
    if not ASKS.search(body):
        first = body[:1] if resolved[1:2] == body[1:2] else resolved[:1]
        return _in_place(first + resolved[1:].rstrip(" ?.!"), last, kinds)
    complete = find_names(resolved) or find_numbers(resolved)
    if complete or not (start or is_bare(body)):
        return resolved
    return _with_topic(resolved, last, kinds)


def _ask_otherwise(adverb: str, last: str) -> str | None:
    """ "Where?" after "When did the trial open?"."""
    adverb = adverb.capitalize()
    if _ADVERB.match(last):
        return _ADVERB.sub(adverb, last, count=1)
    if re.match(rf"{AUXILIARY}\s", last, re.I):
        return f"{adverb} {last[:1].lower()}{last[1:]}"
    return None


def _put_back(what: str, clause: str) -> str | None:
    """ "Aleppo, when did it fall?"."""
    references = [each for each in find_references(clause) if each.standing != "there"]
    if len(references) != 1 or references[0].is_possessive:
        return None
    one = references[0]
    found = clause[: one.start] + what.strip() + clause[one.end :]
    return found[:1].upper() + found[1:]


def _in_place(part: str, last: str, kinds: NameKinds) -> str | None:
    """The last question with `part` instead of its counterpart."""
    part = part[:1].lower() + part[1:] if _PLACED.match(part) or part[:4] == "The " else part
    if _DATE.fullmatch(part):
        return _on_date(part, last)
    placed = _PLACED.match(part)
    bare = part[placed.end() :] if placed else part
    counterpart = _counterpart(bare, last, kinds, before=placed.group() if placed else "")
    if counterpart is None:
        return None
    start, end = counterpart
    had = re.search(rf"\b{_PLACED.pattern}(?:the\s+)?$", last[:start], re.I)
    if placed and had:
        start, bare = had.start(), part
    return last[:start] + bare + last[end:]


def _on_date(part: str, last: str) -> str:
    dates = list(_DATE.finditer(last))
    if len(dates) == 1:
        return last[: dates[0].start()] + part + last[dates[0].end() :]
    return f"{last.rstrip(' ?')} {part}?"


def _counterpart(part: str, last: str, kinds: NameKinds, *, before: str) -> tuple[int, int] | None:
    """Where the last question has what `part` stands against."""
    if part[:4] == "the " and not find_names(part):
        return _counterpart_noun(part, last, kinds)
    mentions = find_mentions(part, kinds, said=f"{last} {before}{part}.")
    if len(mentions) != 1:
        return None
    plural = list(_PLURAL.finditer(last))
    if part[:4] == "the " and len(plural) == 1 and mentions[0].kind is None:
        return plural[0].span()
    there = find_mentions(last, kinds, said=last)
    new = mentions[0]
    nouns = kinds.nouns(new.name)
    alike = [each for each in there if nouns & kinds.nouns(each.name)]
    if len(alike) == 1 and not before:
        return alike[0].start, alike[0].end
    likely = [each for each in there if each.kind == new.kind] if new.kind else list(there)
    likely = likely or [each for each in there if each.kind is None]
    if len(likely) > 1:
        likely = _most_alike(new, likely, last, kinds, before=before)
    return (likely[0].start, likely[0].end) if len(likely) == 1 else None


def _most_alike(
    new: Mention, likely: list[Mention], last: str, kinds: NameKinds, *, before: str
) -> list[Mention]:
    """Those that stand after the same preposition, or beside the same nouns in the articles."""
    if before:
        same = [each for each in likely if last[: each.start].lower().endswith(before.lower())]
        return same or likely
    nouns = kinds.nouns(new.name)
    shared = {each: len(nouns & kinds.nouns(each.name)) for each in likely}
    most = max(shared.values())
    return [each for each in likely if shared[each] == most]


def _counterpart_noun(part: str, last: str, kinds: NameKinds) -> tuple[int, int] | None:
    """ "The judge" stands against "the prosecutor", "the cutter" against "the ferry Aurelia"."""
    roles = [
        each.span(1) if last[each.start() : each.start() + 4] != "the " else each.span()
        for each in _ROLE_PHRASE.finditer(last)
        if is_role(each.group(1).split()[-1])
    ]
    if is_role(part.rsplit(maxsplit=1)[-1]):
        return roles[0] if len(roles) == 1 else None
    named = [
        (each.start, each.end)
        for each in find_mentions(last, kinds, said=last)
        if each.phrase[:4].lower() == "the "
    ]
    return named[0] if len(named) == 1 else None


def _with_topic(question: str, last: str, kinds: NameKinds) -> str | None:
    """ "Which player was sent off?" with the match that the last question was about."""
    topics = [each.phrase for each in find_phrases(last) if each.name in EVENTS]
    topics = topics or [
        each.phrase
        for each in find_mentions(last, kinds, said=last)
        if set(each.phrase.casefold().split()) & EVENTS
    ]
    if len(topics) != 1:
        return None
    counted = _COUNTED.search(last)
    if counted:
        question = _UNCOUNTED.sub(rf"\1 {counted.group(1)} ", question)
    return f"{question.rstrip(' ?.')} in {topics[0]}?"
