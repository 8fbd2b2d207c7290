"""Who a sentence says has said something. An invented speaker makes an invented quotation.

Names are held to the quotes as facts; this holds those who are told by what they do: "the mayor
said". The question's words count for nothing here: it may ask what nobody has said.
"""

import re
from collections.abc import Iterator

from qa.name_kinds import is_role

_SAID = (
    r"(?:said|says|say|told|tells|added|adds|warned|warns|announced|explained|claimed|claims|"
    r"stated|states|confirmed|confirms|denied|denies|insisted|insists)"
)
_OF_WHOM = r"(?:\s+(?:of|for|from|in|at)\s+(?:the\s+)?[\w’'-]+(?:\s+[A-Z][\w’'-]*)*)?"
SPEAKS = re.compile(
    rf"\b([a-z][\w-]+){_OF_WHOM}(?:,[^,.;]{{1,60}},)?\s+(?:has\s+|had\s+|have\s+|also\s+)?{_SAID}\b"
    rf"|\b{_SAID},?\s+(?:the|an?|one|its|their)\s+(?:[\w’'-]+\s+){{0,2}}?([a-z][\w-]+)\b"
    rf"|\b[Aa]ccording\s+to\s+(?:the|an?|one|its|their)\s+(?:[\w’'-]+\s+){{0,2}}?([a-z][\w-]+)\b"
)
# Who speaks here is named in the sentence before, which need not be cited.
PRONOUN_SPEAKS = re.compile(
    rf"\b(?:[Hh]e|[Ss]he|[Tt]hey)\s+(?:\w+\s+)?{_SAID}\b|\b{_SAID}\s+(?:he|she)\b"
)
ENDING = re.compile(r"(?:man|woman|men|women|person|people|s)$")


def unknown_speakers(sentence: str, quotes: str) -> tuple[str, ...]:
    """Those who speak in the sentence by their role and whom its quotes don't have."""
    if PRONOUN_SPEAKS.search(quotes):
        return ()
    known = {_root(word) for word in re.findall(r"[\w-]+", quotes)}
    return tuple(role for role in dict.fromkeys(_roles(sentence)) if _root(role) not in known)


def _roles(sentence: str) -> Iterator[str]:
    for match in SPEAKS.finditer(sentence):
        word = next(group for group in match.groups() if group)
        if is_role(word):
            yield word


def _root(word: str) -> str:
    return ENDING.sub("", word.casefold())
