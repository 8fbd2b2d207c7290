"""Which words of a question stand for something that was said before it.

"There" in "Is there a bridge?", "that" in "the man that left" and "his" in "What did Assad say
about his army?" refer to nothing outside the question; "Who runs it?" and "And in Hama?" do.
Told by patterns, without a parser: in doubt a word refers to the conversation.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from index.lexical import terms
from qa.facts import NAME, find_names, find_numbers
from qa.name_kinds import is_role

Standing = Literal["he", "she", "it", "they", "there", "that"]

PRONOUNS: dict[str, Standing] = {
    "he": "he",
    "him": "he",
    "his": "he",
    "she": "she",
    "her": "she",
    "hers": "she",
    "it": "it",
    "its": "it",
    "they": "they",
    "them": "they",
    "their": "they",
    "theirs": "they",
}
AUXILIARY = (
    r"(?:is|are|was|were|do|does|did|has|have|had|will|would|can|could|should|may|might|must)"
    r"(?:n['’]t)?"
)
_PREPOSITION = (
    r"(?:about|after|against|at|before|behind|beyond|by|during|for|from|in|inside|into|like|near|"
    r"of|off|on|over|since|than|through|to|towards?|under|until|with|within|without)"
)
STARTS_OVER = re.compile(
    r"\s*(?:(?:and|but|or|so(?! far)|then(?!-)|ok(?:ay)?)\b[\s,]*"
    r"(?:(?:what|how) about\b[\s,]*)?|(?:what|how) about\b[\s,]*)",
    re.I,
)
ASKS = re.compile(
    rf"\b(?:who(?:m|se)?|what['’]?s?|which|when|where|why|how|{AUXILIARY}|tell|list|name|describe|explain)"
    r"\b",
    re.I,
)
NO_ONE = frozenset(
    terms("people person someone somebody anyone anybody anything something exactly happen")
)
BARE_TERMS = 1
FRAGMENT_WORDS = 3

_PRONOUN = re.compile(rf"\b(?:{'|'.join(PRONOUNS)})\b", re.I)
_AFTER_AUXILIARY = re.compile(rf"\b{AUXILIARY}\s+$", re.I)
_OWNS = re.compile(
    rf"\s+(?!(?:and|or|but|so|then|now|again|too|also|{_PREPOSITION}|{AUXILIARY})\b)[\w“\"]", re.I
)
_CLAUSE = re.compile(
    r"\b(?:that|when|because|after|before|while|if|where|since|who|which|whether|how|why|what|"
    r"and|but|as|until|sa(?:y|ys|id|ying)|th(?:ink|inks|ought)|claim\w*|believe\w*|promise\w*|"
    r"hope\w*|deni\w+|deny|admit\w*|know|knew|tell|told)\b",
    re.I,
)
_EASE = (
    r"(?:true|possible|legal|illegal|safe|likely|necessary|hard|easy|difficult|dangerous|better|"
    r"good|worth|important|clear|known|expected|allowed|wise|right|wrong)"
)
_EXPLETIVE_IT = re.compile(
    rf"\b(?:do|does|did|will|would|to)\s+(?P<a>it)\s+(?:take|cost)\b"
    r"|\b(?:is|was)\s+(?P<i>it)\s+going\s+to\s+(?:take|cost)\b"
    rf"|\b(?:is|was|isn['’]t|wasn['’]t)\s+(?P<b>it)\s+(?:(?:\S+\s+){{1,4}}?(?:that|who)\b|{_EASE}\b)"
    r"|\bwhat (?:time|day|year) (?:is|was) (?P<c>it)\b"
    r"|\bhow far (?:is|was) (?P<d>it) .*?(?:from .+ to |between )"
    r"|\b(?P<e>it)\s+(?:seems?|appears?|turn(?:s|ed) out)\b"
    rf"|\b(?P<f>it)(?:['’]s|\s+(?:is|was|would be|will be))\s+{_EASE}\b"
    r"|\b(?P<g>it)\s+takes?\b|\b(?P<h>it)\s+rain",
    re.I,
)
_BE = r"(?:is|are|was|were|be|been|being)(?:n['’]t)?"
_EXPLETIVE_THERE = re.compile(
    rf"\bthere(?:['’]s|['’]re|\s+(?:{_BE}|has|have|had|will|would|may|might|must|can|could|should|"
    r"seems?|exists?|remains?))\b"
    rf"|\b(?:{_BE}|will|would|has|have|had|can|could|may|might|must|should)\s+there"
    rf"(?!\s*(?:[?.,;]|$)|\s+(?:{_PREPOSITION}|when|now|today|yesterday)\b)"
    rf"|\bhow (?:many|much)\b.*\b{_BE}\s+there\s+(?:{_PREPOSITION})\b"
    rf"|\bhow (?:many|much)\b.*\b\w+(?<!people)\s+{_BE}\s+there\b",
    re.I,
)
_PLACED = re.compile(rf"\b{_PREPOSITION}\s+(?:the\s+)?[A-Z]")
_FRAGMENT = re.compile(rf"{_PREPOSITION}|the|too|also|[A-Z\d].*")
_TOPIC = re.compile(rf"(?!{_PREPOSITION}\b)(?P<topic>[^?.!]*?)[\s,]*{ASKS.pattern}", re.I)
_SENTENCE_END = re.compile(r"\w{3,}[.!?]\s")
_NOUN = re.compile(r"\b(?:the|an?|which|what|each|every|no|how many)\s+(\w+)", re.I)
_THERE = re.compile(r"\b(?:there|here)\b", re.I)
_PAST = (
    r"(?:\w+(?:ed|ing)|fell|left|won|lost|sank|broke|came|went|hit|met|led|fled|burnt|began|"
    r"grew|rose|stood|struck|took|survived)"
)
_DEMONSTRATIVE = re.compile(
    rf"(?:(?<=^)|(?<=\s))(?:(?:(?<=\s))(?:{_PREPOSITION}|{AUXILIARY}|done|doing|than)\s+|^)"
    r"(?P<that>that)\b(?!\s+(?:of|in|at|on|for|who|which)\b)"
    rf"|(?P<said>\bthat)\s*[?.]?\s*$|(?P<noun>\bthat)\s+(?!{_PAST}\b)\w+\s*[?.]?\s*$"
    r"|(?P<this>\bth(?:is|ese))\b"
    r"(?!\s+(?:second|minute|hour|morning|afternoon|evening|week|weekend|month|year|season|time|"
    r"spring|summer|autumn|fall|winter|decade|century|days|january|february|march|april|may|june|"
    r"july|august|september|october|november|december|(?:mon|tues|wednes|thurs|fri|satur|sun)day)\b)"
    rf"|(?P<those>\bthose)\b(?!\s+(?:who|that|whose|{_PREPOSITION}|{_PAST}|killed)\b)"
    r"|(?P<one>\b(?:which|that|this|the(?:\s+\w+)?|an?other|each)\s+ones?)\b"
    rf"(?=\s*(?:[?.,]|$)|\s+{AUXILIARY}\b)"
    rf"|(?P<same>\bthe\s+(?:former|latter))\b(?=\s*(?:[?.,]|$)|\s+{AUXILIARY}\b|['’]s)"
    r"|(?<!at )(?P<alike>\bthe\s+same)\b(?!.*\bas\b)"
    r"|(?<!on )(?<!each )(?<!than )(?P<other>\bthe\s+others?)\b(?!\s+(?:hand|day)\b)"
    r"|(?P<so>\b(?:do|does|did|done|says?|said|think|thinks|why|how) so)\s*[?.]?\s*$"
    r"|(?P<none>\b(?:had|has|have|got|were|are|is|was)\s+(?:still\s+)?(?:none|any))\b"
    rf"(?=\s*(?:[?.]|$)|\s+(?:at|in|on|by|left|now|after)\b)",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Reference:
    """A word of a question, `question[start:end]`, that stands for something said before."""

    start: int
    end: int
    standing: Standing
    is_possessive: bool = False
    is_subject: bool = False


def leans_on_conversation(question: str) -> bool:
    """Whether a question can't be understood alone: "Who runs it?", "And in Hama?", "Why?"."""
    return bool(
        STARTS_OVER.match(question)
        or is_bare(question)
        or next(find_references(question), None) is not None
    )


def is_bare(question: str) -> bool:
    """Whether a question says too little to be searched for: "Why?", "Who won?", "In Hama?"."""
    named = bool(find_names(question) or find_numbers(question))
    if not named and len(set(terms(question)) - NO_ONE) <= BARE_TERMS:
        return True
    words = question.rstrip(" ?").split()
    return (
        len(words) <= FRAGMENT_WORDS
        and question.rstrip().endswith("?")
        and not ASKS.search(question)
        and all(_FRAGMENT.fullmatch(word) for word in words)
    )


def find_references(question: str) -> Iterator[Reference]:
    """The words that refer to the conversation, in order of their kinds."""
    own = _own_context(question)
    for found in (*_pronouns(question), *_pointers(question)):
        if found.start < own:
            yield found


def _own_context(question: str) -> int:
    """From where on a word refers to what the question itself says first."""
    sentence = _SENTENCE_END.search(question)
    if sentence and terms(question[: sentence.end()]):
        return sentence.end()
    topic = _TOPIC.match(question)
    return topic.end("topic") if topic and terms(topic["topic"]) else len(question)


def _pointers(question: str) -> Iterator[Reference]:
    without = [match.span() for match in _EXPLETIVE_THERE.finditer(question)]
    for match in _THERE.finditer(question):
        expletive = any(start <= match.start() < end for start, end in without)
        if not expletive and not _PLACED.search(question, 0, match.start()):
            yield Reference(match.start(), match.end(), "there")
    for match in _DEMONSTRATIVE.finditer(question):
        group = match.lastgroup or ""
        yield Reference(match.start(group), match.end(group), "that")


def _pronouns(question: str) -> Iterator[Reference]:
    expletive = {match.start(match.lastgroup or "") for match in _EXPLETIVE_IT.finditer(question)}
    for match in _PRONOUN.finditer(question):
        word = match.group().casefold()
        owns = word in {"his", "its", "their"} or (
            word == "her" and _OWNS.match(question, match.end()) is not None
        )
        found = Reference(
            match.start(),
            match.end(),
            PRONOUNS[word],
            is_possessive=owns,
            is_subject=_AFTER_AUXILIARY.search(question, 0, match.start()) is not None,
        )
        if match.start() not in expletive and not _is_bound(found, question):
            yield found


def _is_bound(pronoun: Reference, question: str) -> bool:
    """Whether a pronoun's referent stands before it in the same question.

    A subject's own pronoun is reflexive ("Who in Hama supports him?"), so that only a
    possessive or a pronoun of another clause can be meant for it.
    """
    if pronoun.is_subject and not _CLAUSE.search(question[: pronoun.start].split(maxsplit=1)[-1]):
        return False
    opening = re.match(rf"\s*{_PREPOSITION}\s[^,?]*,", question, re.I)
    if opening and pronoun.end < opening.end() and find_names(question[opening.end() :]):
        return True  # "In its first week, how many people rang the Cardel line?"
    for end in _possible_referents(question[: pronoun.start], pronoun.standing):
        if pronoun.is_possessive or _CLAUSE.search(question, end, pronoun.start):
            return True
    return False


def _possible_referents(before: str, standing: Standing) -> Iterator[int]:
    """Where the words end that a pronoun after them may stand for."""
    for match in NAME.finditer(before):
        placed = re.search(r"\b(?:in|at|near|from|to|into|outside)\s+$", before[: match.start()])
        if find_names(f"x {match.group()}") and not (placed and standing in ("he", "she")):
            yield match.end()
    for match in _NOUN.finditer(before):
        plural = match.group(1).endswith("s") or match.group(1) in ("people", "men", "women")
        someone = is_role(match.group(1))
        fits = {"they": plural, "it": not plural and not someone}.get(standing, someone)
        if fits:
            yield match.end()
    if standing == "they":
        yield from (
            each.end() for each in re.finditer(r"\b[a-z]{3,}(?<!s)s\b|\bhow many\b", before, re.I)
        )
    if standing != "it":
        yield from (each.end() for each in re.finditer(r"\bwho(?:se)?\b", before, re.I))
