"""What a turn of the conversation speaks of: its names and noun phrases, with their kinds."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from index.lexical import STOP_WORDS
from qa.facts import CONTRACTION, NO_NAMES, OPENERS, SENTENCE_START, states_name
from qa.leaning import AUXILIARY
from qa.name_kinds import ORGANISATIONS, PLACES, TITLES, NameKind, NameKinds, is_role

_WORD = r"(?:(?:\b[ae]l-)?[A-Z][\w’'-]*\w|[A-Z]\b)"
# "Russian bases", "the Islamist group": who has something, or what kind it is.
_ADJECTIVE = re.compile(r"\w+(?:ian|ean|an|ish|ese|ist|ic|i)|French|Dutch|Greek|Swiss")
_IS_NOUN = re.compile(rf"\s(?!{AUXILIARY}\b|said\b)[a-z]{{3,}}")
_CHAIN = re.compile(rf"{_WORD}(?:\s(?:(?:al-|bin |de |van |von |da |di )\s?)?{_WORD})*")
_COMPLEMENT = re.compile(rf"\s(?:of|for)\s(?:the\s)?({_WORD}(?:\s{_WORD})*)")
_TITLE = re.compile(rf"(?:(?:{TITLES})\.?\s)+(?=[A-Z])")
_FUNCTION = STOP_WORDS | frozenset(
    ["since", "within", "without", "across", "near", "against", "whether", "around", "upon", "per"]
)
_LINK = r"(?:of|between|for|at|from|against|in|on|over|about)"
_COMMON = r"(?!(?:who|which|that|was|were|is|are)\b)[a-z][a-z-]+"
# "the trial of Oskar Lindt", "the match between Harwick and Dunsby", "the ferry Aurelia"
_WITH_NAME = re.compile(
    rf"\b(?:[Tt]he|[Aa]n?)\s(?P<first>{_COMMON}(?:\s{_COMMON}){{0,2}}?)\s"
    rf"(?P<link>{_LINK}\s(?:the\s)?(?:{_COMMON}\s)?)?"
    rf"(?P<names>{_WORD}(?:\s{_WORD})*(?:\s(?:and|of)\s{_WORD}(?:\s{_WORD})*)?)"
)
_PLAIN = re.compile(rf"\b[Tt]he\s(?P<noun>[a-z][a-z-]+)(?=\s*(?:[?.,]|$)|\s(?:{AUXILIARY}|\w+))")


@dataclass(frozen=True, slots=True)
class Mention:
    """A name or noun phrase of a text, `text[start:end] == phrase`.

    `name` is the name in it without title; `kind` is None where it isn't clear.
    """

    start: int
    end: int
    phrase: str
    name: str
    kind: NameKind | None


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier question, as it was understood, and the text of its answer."""

    question: str
    answer: str


def find_mentions(text: str, kinds: NameKinds, *, said: str = "") -> tuple[Mention, ...]:
    """The names of a text in order; `said` is the conversation, whose words tell kinds too."""
    found: list[Mention] = []
    for first, last in _names(text):
        start, end = first, last
        opens = SENTENCE_START.search(text, 0, start) is not None
        if opens and (text[start:end] == "Yes" or kinds.is_common(text[start:end])):
            continue
        if _ADJECTIVE.fullmatch(text[start:end]) and _IS_NOUN.match(text, end):
            continue
        title = _TITLE.match(text, start, end)
        name = text[title.end() if title else start : end]
        kind: NameKind | None = "person" if title else kinds.kind(name, said)
        if kind != "person":
            start, end = _with_nouns(text, start, end)
        if end > start and _noun_of_role(text, start, end):
            continue
        found.append(Mention(start, end, text[start:end], name, kind))
    return tuple(found)


def find_phrases(question: str) -> tuple[Mention, ...]:
    """Noun phrases that end in a name: "the trial of Oskar Lindt"; not those of a person's role."""
    found = []
    for match in _WITH_NAME.finditer(question):
        head = match["first"].split()[-1]
        if not match["link"] or is_role(head) or match["first"].split()[0] in _FUNCTION:
            continue
        names = CONTRACTION.sub("", match["names"])
        end = match.start("names") + len(names)
        phrase = question[match.start() : end]
        kind: NameKind = "place" if head in PLACES else "thing"
        found.append(Mention(match.start(), end, phrase[:1].lower() + phrase[1:], head, kind))
    return tuple(found)


def one_of_each(mentions: Sequence[Mention], kinds: NameKinds) -> tuple[Mention, ...]:
    """Without repetitions: a last name beside the full one, a short form beside its long one."""
    kept: list[Mention] = []
    for mention in sorted(mentions, key=lambda each: -len(each.name)):
        same = any(
            states_name(mention.name, each.name)
            or kinds.aliases.get(mention.name, "").casefold() == each.name.casefold()
            for each in kept
        )
        if not same:
            kept.append(mention)
    return tuple(each for each in mentions if each in kept)


def _names(text: str) -> Iterator[tuple[int, int]]:
    """Where names stand, as whole: "Bank of Velmore", "Abu Mohammed Al-Golani"."""
    done = 0
    for match in _CHAIN.finditer(text):
        start, end = match.span()
        while start < end:  # "Who", "In", "Describe" at the start of a sentence
            word = re.match(r"[\w’'-]+", text[start:end])
            lowered = CONTRACTION.sub("", word.group()).casefold() if word else ""
            if word is None or lowered not in NO_NAMES | OPENERS:
                break
            start += len(word.group())
            start += len(text[start:end]) - len(text[start:end].lstrip())
        if start < done or start >= end:
            continue
        last = text[start:end].rsplit(maxsplit=1)[-1].casefold()
        more = _COMPLEMENT.match(text, end) if last in ORGANISATIONS else None
        end = more.end() if more else end
        end -= len(text[start:end]) - len(CONTRACTION.sub("", text[start:end]))
        done = end
        yield start, end


def _with_nouns(text: str, start: int, end: int) -> tuple[int, int]:
    """With the nouns around a name: "the ferry Aurelia", "the Rastan bridge"."""
    before = re.search(rf"\b[Tt]he\s(?:{_COMMON}\s){{1,2}}$", text[:start])
    if before and not set(before.group().casefold().split()[1:]) & _FUNCTION:
        return before.start(), end
    the = re.search(r"\b[Tt]he\s$", text[:start])
    noun = re.match(rf"\s([a-z]{{3,}})(?=\s*(?:[?.,;)]|$)|\s{AUXILIARY}\b|\s{_LINK}\b)", text[end:])
    if the and noun and noun.group(1) not in _FUNCTION and not noun.group(1).endswith("ed"):
        return the.start(), end + noun.end()
    return start, end


def _noun_of_role(text: str, start: int, end: int) -> bool:
    """Whether a name only says whose somebody is: "the Albion captain"."""
    phrase = text[start:end]
    return phrase[-1:].islower() and is_role(phrase.split()[-1]) and phrase[:4].lower() == "the "
