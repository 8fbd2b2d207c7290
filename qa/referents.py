"""What the words that lean on a conversation stand for, told by code where it is certain.

A referent is certain when one candidate of the right kind is left: a person for "she", a place for
"there". The newest turn counts first; what it asked for comes before what it mentions, and among
several the subject of its question stands for a subject.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from qa.facts import states_name
from qa.leaning import AUXILIARY, Reference, find_references
from qa.mentions import Mention, Turn, find_mentions, find_phrases, one_of_each
from qa.name_kinds import PLACES, NameKinds, is_role

MOST_LISTED = 4
# An answer's first words: a name among them is its subject.
OPENING_CHARACTERS = 12
_ASKS = re.compile(
    r"(?P<who>\bwho(?:m|se)?\b(?!\s+(?:is|was)\s+[A-Z]))|(?P<where>\bwhere\b)"
    r"|\b(?:which|what)\s+(?:is the name of the\s+)?"
    r"(?!is|was|are|were|did|does|do|has|had|happened)"
    r"(?P<noun>(?:[a-z-]+\s+)??[a-z-]+)\s",
    re.I,
)
_PLURAL = re.compile(
    rf"\b{AUXILIARY}\s+(?P<subject>the\s+(?:[a-z-]+\s)?[a-z-]{{3,}}(?<!s)s)\b", re.I
)
_LISTS = re.compile(
    rf"\b(?:which|what)\s+(?:(?!{AUXILIARY}\b)[a-z-]+\s){{0,2}}?(?!{AUXILIARY}\b)[a-z-]+(?<!s)s\b"
    r"|\bwho are\b",
    re.I,
)
_LOCATES = re.compile(r"\b[Ww]here (?:is|are|was|were) [^?]*?(?:[A-Z]\w+|based|located)\W*$")
_IN_PLACE = r"\b(in|at|on|near|off|outside)\s+(?:the\s+)?"
_BEFORE_PLACE = re.compile(
    r"\b(?:in|at|on|near|off|from|to|into|outside|of|around|about|for|over|through)\s+$", re.I
)


@dataclass(frozen=True)
class Spoken:
    """An earlier turn and what it speaks of."""

    turn: Turn
    kinds: NameKinds
    said: str

    @cached_property
    def asked(self) -> tuple[Mention, ...]:
        """What the question names, its noun phrases included."""
        phrases = find_phrases(self.turn.question)
        return (*self.names, *phrases)

    @cached_property
    def names(self) -> tuple[Mention, ...]:
        """The names in the question."""
        found = find_mentions(self.turn.question, self.kinds, said=self.said)
        return one_of_each(found, self.kinds)

    @cached_property
    def told(self) -> tuple[Mention, ...]:
        """The names that only the answer has."""
        found = find_mentions(self.turn.answer, self.kinds, said=self.said)
        new = [each for each in found if not self._is_known(each.name)]
        return one_of_each(new, self.kinds)

    def _is_known(self, name: str) -> bool:
        question = f"{self.turn.question} {self.kinds.aliases.get(name, '')}"
        return any(states_name(name, each) for each in (question,)) or (
            name in self.kinds.aliases
            and self.kinds.aliases[name].casefold() in self.turn.question.casefold()
        )

    @cached_property
    def asks(self) -> str:
        """What the question asks for: "who", "where", "plural", "thing", or nothing of these."""
        found = _ASKS.search(self.turn.question)
        if found is None:
            return ""
        noun = (found["noun"] or "").split()
        if found["who"] or any(map(is_role, noun)):
            return "who"
        if found["where"] or any(word.casefold() in PLACES for word in noun):
            return "where"
        return "thing"

    def subject(self, mentions: Sequence[Mention]) -> Mention | None:
        """The mention that stands where the question's subject does: "When did Hama fall?"."""
        first = re.search(rf"\b{AUXILIARY}\s+", self.turn.question, re.I)
        near = [each for each in mentions if first and each.start == first.end()]
        return max(near, key=lambda each: each.end, default=None)


def resolve_references(question: str, history: Sequence[Turn], kinds: NameKinds) -> str | None:
    """The question with a name for each word that leans on the conversation.

    None where one of them isn't certain.
    """
    said = " ".join(f"{turn.question} {turn.answer}" for turn in history)
    spoken = [Spoken(turn, kinds, said) for turn in reversed(history)]
    resolved = question
    references = sorted(find_references(question), key=lambda each: each.start)
    # "What did he say about his team?": the name once is enough.
    firsts = {each.standing: each for each in reversed(references)}
    kept = [each for each in references if each.standing == "that" or firsts[each.standing] is each]
    for reference in reversed(kept):
        found = next(
            (
                known
                for each in spoken
                if (known := _referent(reference, question, each)) is not None
            ),
            None,
        )
        if not found:
            return None
        resolved = _put(resolved, reference, found, said)
    return resolved[:1].upper() + resolved[1:]


def _referent(reference: Reference, question: str, spoken: Spoken) -> str | None:
    """The words for it by one turn; "" where the turn leaves it open, None where it has none."""
    if any(each.standing == reference.standing for each in find_references(spoken.turn.question)):
        return ""
    if reference.standing in ("he", "she"):
        return _person(reference, spoken)
    if reference.standing == "there":
        return _place(reference, spoken)
    if reference.standing == "that":
        return _pointed_at(reference, question, spoken)
    plural = reference.standing == "they"
    return _several(reference, spoken) if plural else _thing(reference, spoken)


def _person(reference: Reference, spoken: Spoken) -> str | None:
    other = {"he": "she", "she": "he"}[reference.standing]

    def fits(mention: Mention) -> bool:
        someone = mention.kind == "person" or (mention.kind is None and " " in mention.name)
        return someone and spoken.kinds.pronoun(mention.name, spoken.said) != other

    asked = [_full(each, spoken) for each in spoken.names if fits(each)]
    told = [_full(each, spoken) for each in spoken.told if fits(each)]
    return _chosen(reference, spoken, asked, told, first=spoken.asks == "who")


def _place(reference: Reference, spoken: Spoken) -> str | None:
    if _LOCATES.search(spoken.turn.question):
        return ""  # "Where is the university?": there, or in its town?
    where = spoken.asks == "where"
    asked = [each for each in spoken.asked if each.kind == "place"]
    likely = ("place", None) if where else ("place",)
    told = [each for each in spoken.told if each.kind in likely]
    return _chosen(reference, spoken, asked, told, first=where)


def _thing(reference: Reference, spoken: Spoken) -> str | None:
    def fits(mention: Mention) -> bool:
        return mention.kind in ("place", "organisation", "thing") or (
            mention.kind is None and " " not in mention.name
        )

    phrases = find_phrases(spoken.turn.question)
    inside = [
        each
        for each in spoken.names
        if any(phrase.start <= each.start < phrase.end for phrase in phrases)
    ]
    asked = [each for each in spoken.asked if fits(each) and each not in inside]
    told = [each for each in spoken.told if fits(each)]
    first = spoken.asks in ("who", "thing", "where") and (
        reference.is_subject or reference.is_possessive or not asked
    )
    # "Who owns Marsh Trust?": owner and owned are both likely to be spoken of next.
    rivals = spoken.asks == "who" and told and any(each.kind != "place" for each in asked)
    if rivals:
        return ""
    first = first and not _LISTS.search(spoken.turn.question)
    if not asked and not first:
        told = told if not phrases else []
    return _chosen(reference, spoken, asked, told, first=first)


def _several(reference: Reference, spoken: Spoken) -> str | None:
    if _LISTS.search(spoken.turn.question) and 2 <= len(spoken.told) <= MOST_LISTED:
        return _listed(spoken.told)
    group = _PLURAL.search(spoken.turn.question)
    if group:
        return group["subject"] if reference.is_subject else ""
    asked = [each for each in spoken.asked if each.kind == "organisation"]
    told = [each for each in spoken.told if each.kind == "organisation"]
    first = spoken.asks in ("who", "thing")
    return _chosen(reference, spoken, asked, told, first=first)


def _pointed_at(reference: Reference, question: str, spoken: Spoken) -> str | None:
    """ "How far is that from Homs?", "Which of those is larger?"; "did that" isn't told by code."""
    word, rest = question[reference.start : reference.end].casefold(), question[reference.end :]
    if word in ("those", "these") and re.match(rf"\s*[?]|\s+{AUXILIARY}\b", rest):
        listed = _LISTS.search(spoken.turn.question) and 2 <= len(spoken.told) <= MOST_LISTED
        return _listed(spoken.told) if listed else ""
    if word == "that" and re.match(r"\s+from\b", rest):
        return _thing(reference, spoken)
    return ""


def _chosen(
    reference: Reference,
    spoken: Spoken,
    asked: Sequence[Mention],
    told: Sequence[Mention],
    *,
    first: bool,
) -> str | None:
    """The one candidate; with `first`, what the question asked for goes before what it names."""
    if first and told:
        opens = told[0].start <= OPENING_CHARACTERS and reference.standing != "there"
        return told[0].phrase if len(told) == 1 or opens else ""
    if len(asked) == 1:
        return asked[0].phrase
    if asked:
        subject = spoken.subject(asked) if reference.is_subject else None
        return subject.phrase if subject else ""
    if told:
        return told[0].phrase if len(told) == 1 else ""
    return None


def _full(mention: Mention, spoken: Spoken) -> Mention:
    """The person by the full name, where the conversation has it."""
    longer = [
        each.name
        for each in find_mentions(spoken.said, spoken.kinds, said=spoken.said)
        if each.name.endswith(f" {mention.name}")
    ]
    name = longer[0] if len(set(longer)) == 1 else mention.name
    return Mention(mention.start, mention.end, name, name, "person")


def _listed(mentions: Sequence[Mention]) -> str:
    *others, last = (each.phrase for each in mentions)
    return f"{', '.join(others)} and {last}"


def _put(question: str, reference: Reference, words: str, said: str) -> str:
    """The question with `words` for the reference, as the grammar around it asks."""
    before, after = question[: reference.start], question[reference.end :]
    words = _with_article(re.sub(r"^The\b", "the", words), said)
    if reference.is_possessive:
        words += "'" if words.endswith("s") else "'s"
    elif reference.standing == "there" and not _BEFORE_PLACE.search(before):
        used = re.findall(_IN_PLACE + re.escape(words.removeprefix("the ")), said)
        words = f"{used[-1] if used else 'in'} {words}"
    return before + words + after


def _with_article(words: str, said: str) -> str:
    """ "the Institute of Cold Physics", where the conversation puts it so."""
    follows = rf"(?!\s+(?!{AUXILIARY}\b|(?:in|of|at|on|and|said|says)\b)[a-z])"
    has_article = re.search(rf"\b[Tt]he {re.escape(words)}(?!\w){follows}", said)
    return f"the {words}" if has_article else words
