"""What a question wants to know: a value of which dimension, a person, a place; of whom."""

import re

from qa.units import MEASURES

COUNT_WORDS = re.compile(r"\bhow many\s+((?:[\w’'-]+\s*){1,3})", re.I)
# The dimensions that a question's words ask for; the first that matches decides.
ASKED: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (re.compile(pattern, re.I), dimensions)
    for pattern, dimensions in (
        (r"\b(?:at what time|what time|what hour)\b", ("time",)),
        (r"\bhow (?:far|close|near|wide|deep|tall|high)\b|\bdistance\b", ("length",)),
        (r"\bhow fast\b|\b(?:what|which) speed\b|\bspeed (?:was|did|of)\b", ("speed",)),
        (r"\bhow heavy\b|\bweigh", ("mass",)),
        (r"\bhow hot\b|\bhow cold\b|\btemperature\b", ("temperature",)),
        (r"\bhow long\b|\b(?:in|within) what time\b", ("duration", "length")),
        (r"\bhow (?:big|large)\b.*\b(?:crowd|audience|attendance)\b|\bhow strong\b", ("count",)),
        (r"\bhow (?:big|large)\b", ("count", "length", "area", "money")),
        (r"\bhow old\b", ("count", "duration")),
        (
            r"\b(?:share|percentage|per ?cent|proportion|portion|interest rate|turnout)\b",
            ("percent",),
        ),
        (
            r"\bhow much\b"
            r"|\bwhat (?:is|was|were|did|does|do|will|would)\b"
            r".*\b(?:cost|pay|paid|spend|earn|worth)\b"
            r"|\bwhat\b.*\b(?:price|fee|cost|fine|revenue|turnover|profit|loss|salary|wage|budget|debt)"
            r"\b",
            ("money", "percent", "mass", "volume"),
        ),
        (r"\b(?:number of|attendance|crowd|toll|population|magnitude|inhabitants)\b", ("count",)),
        (
            r"^\W*when\b|\bwhen (?:did|was|were|is|will|does|do)\b|\bdate\?"
            r"|\b(?:what|which|exact|reopening|opening) (?:date|day|month|year)s?\b",
            ("date", "time"),
        ),
    )
)
_PERSON = (
    "person|man|woman|member|nurse|doctor|official|minister|player|driver|officer|worker|employee"
)
WHO = re.compile(rf"^\W*(?:\w+ ){{0,2}}?(?:who|whom)\b|\bwhich (?:{_PERSON})\b", re.I)
_PLACE = "(?:which|what) (?:city|town|country|place|village|port)"
WHERE = re.compile(rf"^\W*(?:where\b|(?:(?:in|at|to|from) )?{_PLACE}\b)", re.I)
# One outlet's or person's word is asked for, several things, or a choice between two.
_SOURCES = r"(?:the |these |those )?(?:\w+ )?(?:reports|articles|sources|outlets|papers|accounts)\b"
_SAY = "say|said|claim|give|put|expect|think|call|report|estimate|tell|told"
_CHOICE = (
    "list|name|which two|which three|compare|compared|rather than|more than|older|bigger|higher|"
    "lower|nearer|earlier|first of|both"
)
ASKS_OTHERWISE = re.compile(
    rf"\baccording to (?!whom|{_SOURCES})|\baccording\b.*\bto the \w+"
    rf"|\b(?:does|did|do|has)\s+(?!they\b|{_SOURCES})[^?]{{2,40}}?\s(?:{_SAY})\b"
    rf"|\b(?:{_CHOICE})\b"
    r"|\band\s+(?:(?:by|for|in|at)\s+)?(?:how|who|whom|what|when|where|which|why)\b",
    re.I,
)
ASKING = re.compile(
    r"\b(?:how|what|which|who|whom|when|where|many|much|far|long|date|day|time|year|number|figures?|"
    r"reports?|sources?|articles?|people|person|city|town|agree|say|does|did|give|various|amount|"
    r"exactly|roughly)\b",
    re.I,
)
THING_ASKED = re.compile(r"what(?:[’']s| is| was| are| were) (?=the )", re.I)
COUNTED_ASKED = re.compile(r"how many (?=\w)", re.I)


def asked_dimensions(question: str) -> tuple[str, ...]:
    """The dimensions of values that answer the question; none where it asks for no value."""
    counted = COUNT_WORDS.search(question)
    if counted:
        units = [MEASURES.get(word.casefold()) for word in counted.group(1).split()[:1]]
        return tuple(unit[0] for unit in units if unit) or ("count",)
    for pattern, dimensions in ASKED:
        if pattern.search(question):
            return dimensions
    return ()


def bare_question(question: str) -> str:
    """The question without the words that only ask."""
    return " ".join(ASKING.sub(" ", question).split())


def about(question: str) -> str:
    """What the question asks for, as a phrase: "the distance between Hama and Homs"."""
    text = " ".join(question.split()).strip(" ?.!")
    thing = THING_ASKED.match(text)
    if thing:
        return text[thing.end() :]
    counted = COUNTED_ASKED.match(text)
    if counted:
        return f"the number of {text[counted.end() :]}"
    return text[:1].lower() + text[1:]
