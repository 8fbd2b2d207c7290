"""What a name stands for (a person, a place, an organisation, a thing), told by what is around it.

Counts of cues in the articles and in the conversation itself: titles and roles beside a name,
the prepositions before it, the words that it ends in. A name without clear cues has no kind.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Literal

from index.lexical import STOP_WORDS

NameKind = Literal["person", "place", "organisation", "thing"]

TITLES = (
    "Mr|Mrs|Ms|Miss|Dr|Prof|Professor|Sir|Dame|Lord|Lady|President|Captain|Judge|Justice|Mayor|"
    "General|Colonel|Major|Sergeant|Inspector|Chancellor|Senator|Governor|Minister|Secretary|"
    "Prosecutor|Coach|Referee|King|Queen|Prince|Princess|Pope|Bishop|Father|Sister|Chief"
)
ROLES = frozenset(
    """actor adviser advocate analyst artist author boss captain chairman chairwoman chair chief
    chemist coach colleague commander councillor defendant dentist deputy director doctor driver
    editor engineer executive farmer father fighter firefighter fisherman founder friend general
    goalkeeper governor head historian husband investigator journalist judge lawyer leader man
    manager master mayor midfielder minister mother mp nurse officer official owner partner
    passenger patient pilot player politician president priest prisoner professor prosecutor
    referee representative researcher resident scientist secretary sergeant shopkeeper singer
    skipper soldier son daughter brother sister speaker spokesman spokesperson spokeswoman
    striker student surgeon teacher treasurer victim widow wife winner witness woman worker
    writer""".split()  # noqa: SIM905 - reads worse as a list
)
PLACES = frozenset(
    """airport area bay beach cape capital city coast country county court district harbour
    island lake mount park place port province region river road square stadium station street
    town valley village ward""".split()  # noqa: SIM905 - reads worse as a list
)
ORGANISATIONS = frozenset(
    """agency albion army association athletic authority bank board capital club co college
    commission committee company corporation council court department fc federation force forces
    foundation front fund government group holdings hospital inc institute league limited lines
    ltd ministry motors movement museum observatory office orchestra organisation organization
    parliament party plc police press programme pumps rovers school service society state times
    town trust union united university wanderers""".split()  # noqa: SIM905 - reads worse as a list
)
CLEAR = 1.5  # by how much the best kind must pass the next
ENOUGH = 1.0
# Words that are enough to know a kind by, beside the cues that may mean another one.
STRONG = 3.0
_SPEAKS = (
    r"(?:said|says|told|added|added|asked|replied|wrote|warned|admitted|explained|denies|denied)"
)
_ROLE = "|".join(sorted(ROLES))
_PLACE = "|".join(sorted(PLACES))
AROUND = 90
_OTHER_FIRST_NAME = re.compile(rf"\b(?!(?:{TITLES})\b)[A-Z][\w-]*\s$")
_STARTS_SENTENCE = re.compile(rf"(?:[.!?][”\"’]?\s+|\n|\A)(?:(?:{TITLES})\.?\s+)?(?:[A-Z]\w+\s+)?$")

_BEFORE: tuple[tuple[NameKind, float, re.Pattern[str]], ...] = (
    ("person", STRONG, re.compile(rf"\b(?:{TITLES})\.?\s+(?:[A-Z]\w+\s+)?$|\b(?:{_ROLE}),?\s+$")),
    ("place", STRONG, re.compile(rf"\b(?:{_PLACE}) (?:of|in)\s+$|\bthe (?:{_PLACE})\s+$")),
    (
        "place",
        1,
        re.compile(r"\b(?:[Ii]n|[Nn]ear|[Oo]utside|[Tt]owards?|[Ii]nto|[Aa]cross|[Aa]round)\s+$"),
    ),
    ("place", 0.4, re.compile(r"\b(?:[Aa]t|[Ff]rom|to|[Rr]each(?:ed)?|left)\s+$")),
)
_AFTER: tuple[tuple[NameKind, float, re.Pattern[str]], ...] = (
    (
        "person",
        2,
        re.compile(rf",\s+(?:aged\s+)?\d\d,|,?\s+who(?:se)?\b|,\s+[^.,;]{{0,40}}?\b(?:{_ROLE})\b"),
    ),
    (
        "place",
        STRONG,
        re.compile(rf",\s+(?:an?|the|[A-Z]\w+['’]s)\s+(?:[\w-]+\s+){{0,4}}(?:{_PLACE})\b"),
    ),
    (
        "organisation",
        1.5,
        re.compile(r"[’']s? (?:leader|chief|fighters|shares|captain|manager|forces|board)\b"),
    ),
    (
        "organisation",
        1.5,
        re.compile(r"\s+(?:announced|beat|play|plays|reported|bought|employs|sells)\b"),
    ),
)


def is_role(word: str) -> bool:
    """Whether a noun means a person by what they do or are: captain, judges, spokeswoman."""
    lowered = word.casefold()
    return (
        lowered in ROLES
        or lowered.removesuffix("s") in ROLES
        or re.search(r"(?:man|woman|men|women|ist|ian|teacher|worker|keeper)s?$", lowered)
        is not None
    )


class NameKinds:
    """Kinds of names by the texts given. Reads a text only for names that it has."""

    def __init__(self, texts: Iterable[str] = (), aliases: Mapping[str, str] | None = None) -> None:
        """`aliases` are short forms and what they stand for (`Corpus.aliases`)."""
        self._texts = tuple(texts)
        self.aliases = dict(aliases or {})
        self._long_forms = {each.casefold() for each in self.aliases.values()}
        self._is_common = lru_cache(maxsize=1024)(self._read_common)
        self._around = lru_cache(maxsize=1024)(self._read_around)

    def kind(self, name: str, said: str = "") -> NameKind | None:
        """What `name` is, by the texts and by what was `said`; None if that isn't clear."""
        scores: dict[NameKind, float] = defaultdict(float)
        for cue_kind, weight in _own_words(name):
            scores[cue_kind] += weight
        if name in self.aliases or name.casefold() in self._long_forms:
            scores["organisation"] += STRONG  # who has a short form is seldom anything else
        for window, start, end in (*self._around(name), *_windows(name, said)):
            for cue_kind, weight in _cues(window[:start], window[end:], name):
                scores[cue_kind] += weight
        if not scores:
            return None
        (best, most), *others = sorted(scores.items(), key=lambda each: -each[1])
        clear = not others or most >= CLEAR * others[0][1]
        return best if most >= ENOUGH and clear else None

    def is_common(self, word: str) -> bool:
        """Whether the texts have a word in lower case: its capital may only open a sentence."""
        return self._is_common(word.casefold())

    def _read_common(self, word: str) -> bool:
        seen = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)")
        return any(word in text and seen.search(text) for text in self._texts)

    def pronoun(self, name: str, said: str = "") -> Literal["he", "she"] | None:
        """Which of the two a person is called by, where one clearly prevails."""
        counts: Counter[str] = Counter()
        for window, start, end in (*self._around(name), *_windows(name, said)):
            counts["he"] += bool(re.search(r"\bMr\.?\s+(?:\w+\s+)?$|\bSir\s+$", window[:start]))
            counts["she"] += bool(re.search(r"\b(?:Mrs|Ms|Miss)\.?\s+(?:\w+\s+)?$", window[:start]))
            # Only up to the next name: from there on somebody else may be meant. The next
            # sentence counts if this one begins with the name.
            rest = re.split(r"\b(?<![.!?]\s)[A-Z]\w+", window[end:].lstrip("’'"), maxsplit=1)[0]
            if not _STARTS_SENTENCE.search(window[:start]):
                rest = re.split(r"[.!?](?:\s|$)", rest, maxsplit=1)[0]
            first = re.search(r"\b(?:(he|his|him)|(she|her))\b", rest, re.I)
            if first:
                counts["he" if first.group(1) else "she"] += 1
        he, she = counts["he"], counts["she"]
        if he >= 2 * she and he:
            return "he"
        return "she" if she >= 2 * he and she else None

    def nouns(self, name: str) -> frozenset[str]:
        """The words in lower case right after a name ("Birch ward") and before it, as one set."""
        found = set()
        for window, start, end in self._around(name):
            after = re.match(r"\s+([a-z]{3,})", window[end:])
            before = re.search(r"([a-z]{3,})\s+$", window[:start])
            if after and after.group(1) not in STOP_WORDS:
                found.add(f"{after.group(1)} after")
            if before and before.group(1) not in STOP_WORDS:
                found.add(f"{before.group(1)} before")
        return frozenset(found)

    def _read_around(self, name: str) -> tuple[tuple[str, int, int], ...]:
        return tuple(found for text in self._texts for found in _windows(name, text))


def _windows(name: str, text: str) -> Iterable[tuple[str, int, int]]:
    """Where a text has a name, or a person's last name: some text around it and its place there."""
    last = name.rsplit(maxsplit=1)[-1]
    if last not in text:
        return
    for match in re.finditer(rf"(?<!\w)(?:{re.escape(name)}|{re.escape(last)})(?!\w)", text):
        if match.group() != name and _OTHER_FIRST_NAME.search(text[: match.start()][-AROUND:]):
            continue
        first = max(0, match.start() - AROUND)
        window = text[first : match.end() + AROUND]
        yield window, match.start() - first, match.end() - first


def _own_words(name: str) -> Iterable[tuple[NameKind, float]]:
    words = [word.casefold() for word in name.split()]
    if words[-1] in ORGANISATIONS or words[0] in ORGANISATIONS - {"capital", "state", "front"}:
        yield "organisation", STRONG * 2
    elif words[-1] in PLACES or words[0] in PLACES:
        yield "place", STRONG * 2
    elif any(word in ORGANISATIONS for word in words):
        yield "organisation", STRONG
    if name.isupper() and len(name) > 1:
        yield "organisation", 2
    if words[0] in ("storm", "hurricane", "typhoon", "cyclone"):
        yield "thing", STRONG * 2


def _cues(before: str, after: str, name: str) -> Iterable[tuple[NameKind, float]]:
    """What the words before and after one mention say about it."""
    for kind, weight, pattern in _BEFORE:
        if pattern.search(before):
            yield kind, weight
    for kind, weight, pattern in _AFTER:
        if pattern.match(after):
            yield kind, weight
    speaks = re.match(rf"\s+{_SPEAKS}\b", after) or re.search(rf"\b{_SPEAKS}\s+$", before)
    if speaks and " " in name:  # a country says things too
        yield "person", 1
    thing = re.search(r"\b(?:the|a|an)\s+(?:[a-z]+\s+)?([a-z]+)\s+$", before)
    if thing and not is_role(thing.group(1)) and thing.group(1) not in PLACES | STOP_WORDS:
        yield "thing", 2
