"""What kind of thing a question asks for (a number, a date, a person), and who has one."""

import re
from collections.abc import Callable
from typing import Literal

from index.lexical import terms
from qa.facts import UNITS, find_numbers, states_name

Kind = Literal["number", "date", "person", "other"]

ASKS_NUMBER = re.compile(
    r"\bhow (?:many|much|far|old|long|big|large|tall|high|fast|heavy)\b"
    r"|\bwhat (?:share|percentage|number|distance)\b|\bpopulation of\b",
    re.I,
)
ASKS_DATE = re.compile(r"\bwhen\b|\b(?:what|which) (?:year|date|day|month|time)\b", re.I)
ASKS_PERSON = re.compile(r"\bwho(?:m|se)?\b", re.I)
AMOUNT_WORDS = re.compile(
    r"\b(?:few|several|dozens?|hundreds?|thousands?|millions?|half|most|many|none|no)\b", re.I
)
TIME_WORDS = re.compile(
    r"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march|april|may|june|july|"
    r"august|september|october|november|december|yesterday|today|tomorrow|overnight|morning|"
    r"evening|night|noon|midnight|week|weekend|month|year|decade|century|ago|last|since|after|"
    r"before|during|when)\b",
    re.I,
)
COUNTED = re.compile(r"\bhow many\s+((?:[\w'’-]+\s*){1,3})", re.I)
COUNT_OF = re.compile(r"\b(?:\d[\d,.]*|[a-z]+)\s+((?:[\w'’-]+\s+){0,2}?[a-z’'-]{3,}s)\b", re.I)
PEOPLE = frozenset(terms("people persons individuals civilians residents inhabitants"))
FULL_NAME = re.compile(r"\b[A-Z][\w’'-]+(?:\s+(?:al-|bin |de |van |von )?[A-Z][\w’'-]+)+")


def asked_kind(question: str) -> Kind:
    """The kind of thing that answers the question."""
    if ASKS_NUMBER.search(question):
        return "number"
    if ASKS_DATE.search(question):
        return "date"
    return "person" if ASKS_PERSON.search(question) else "other"


def answers_kind(text: str, question: str) -> bool:
    """Whether `text` has a thing of the kind that is asked for; False where any text would do."""
    kind = asked_kind(question)
    if kind == "number":
        return bool(find_numbers(text) or AMOUNT_WORDS.search(text))
    if kind == "date":
        return bool(find_numbers(text) or TIME_WORDS.search(text))
    return kind == "person" and _names_someone(text, question)


def counts_another_thing(
    answer: str, question: str, is_like: Callable[[str, str], bool] = lambda one, other: False
) -> bool:
    """Whether "how many aircraft" is answered with a number of bases, or with a distance.

    `is_like` tells whether two phrases mean much the same: volunteers and participants.
    """
    counted = COUNTED.search(question)
    asked = set(terms(counted.group(1))) if counted else set()
    if counted is None or not asked:
        return False
    numbers = find_numbers(answer)
    asked_units = {UNITS.get(word.casefold()) for word in counted.group(1).split()}
    if numbers and all(each.unit and each.unit not in asked_units for each in numbers):
        return True
    if asked & set(terms(answer)):
        return False
    things = [
        found.group(1)
        for number in numbers
        if (found := COUNT_OF.match(answer, answer.find(number.text)))
    ]
    if any(asked & PEOPLE and set(terms(thing)) & PEOPLE for thing in things):
        return False
    return bool(things) and not any(is_like(counted.group(1), thing) for thing in things)


def _names_someone(text: str, question: str) -> bool:
    """Whether `text` has a name of two words or more that the question hasn't."""
    return any(
        not all(states_name(part, question) for part in name.split())
        for name in FULL_NAME.findall(text)
    )
