"""Is what a sentence says in the words it cites? Decided by code, without a second opinion.

A sentence is supported only if every number, name, speaker and quoted phrase of it stands in its
quotes and most of its other words do; and an answer counts only if it is about what was asked.
"""

import re
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from difflib import get_close_matches

from index.lexical import STOP_WORDS, terms
from qa.answer import Verdict
from qa.facts import (
    SAME_NAME,
    Facts,
    Number,
    concerns_name,
    find_facts,
    find_names,
    plain,
    resembles_name,
    states_number,
    states_quoted,
)
from qa.kinds import answers_kind, asked_kind, counts_another_thing
from qa.speakers import unknown_speakers

# Share of the other words (those the question didn't bring) that must stand in the quotes.
SUPPORTED_WORDS = 0.6
PARTLY_WORDS = 0.4
# What may follow a possessive without being owned: "Osyth's was" is no one's.
_NOTHING_OWNED = (
    r"(?:is|are|was|were|be|been|do|does|did|has|have|had|can|could|will|would|should|may|might|"
    r"due|in|on|at|of|to|from|by|for|with|and|or)\b"
)
OWNER = re.compile(rf"\b([A-Z][\w-]+)[’']s?\s+(?!{_NOTHING_OWNED})\w+")
OF_NAME = re.compile(
    r"\b(?:president|minister|king|queen|leader|head|chief|capital|population|mayor|governor|"
    r"army|government|embassy|ambassador|currency|chairman|director|ceo|owner|coach|captain)"
    r"(?:\s+\w+)?\s+(?:of|for)\s+(?:the\s+)?([A-Z][\w-]+)",
)
MONTH = r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
DENIES = re.compile(r"\b(?:not|never|no|neither|nor|cannot|without)\b|n[’']t\b", re.I)
ASKS_WHETHER = re.compile(
    r"\W*(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|may|might)\b", re.I
)
# A capitalised word at the start of a sentence with no second one behind it.
OPENING_WORD = re.compile(r"(?:^|[.!?]\s+)[\W_]*([A-Z][\w'’-]*)(?!\s+[A-Z])")
OWNED = re.compile(r"\b([A-Z][\w-]+)[’']s?\s+([a-z]+(?:\s+(?:minister|secretary|chief))?)")


@dataclass(frozen=True, slots=True)
class Check:
    """The verdict on one sentence; `missing` lists what its quotes don't have."""

    verdict: Verdict
    support: float
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a sentence's quotes beside their words.

    `common_words` are no names; `met_terms` are the sentence's terms that the quotes put in
    other words; `years` are those in which the cited articles were published, which may complete
    a date, and `outlets` their publishers: the reader sees both beside the quotes.
    """

    common_words: AbstractSet[str] = frozenset()
    met_terms: AbstractSet[str] = frozenset()
    years: AbstractSet[int] = frozenset()
    outlets: str = ""


NOTHING_ELSE = Known()


def check_sentence(
    sentence: str, quotes: str, *, question: str, known: Known = NOTHING_ELSE
) -> Check:
    """Hold a sentence against the text of its quotes.

    `support` is the share of its facts and other words that the quotes carry, 0 to 1.
    """
    facts = find_facts(sentence, known.common_words)
    told = f"{quotes} {known.outlets}"
    numbers = [
        n.text
        for n in facts.numbers
        if not states_number(n, quotes) and not _completes_date(n, sentence, known.years)
    ]
    names = [name for name in facts.names if not _is_named(name, told, question)]
    quoted = [words for words in facts.quoted if not states_quoted(words, quotes)]
    speakers = unknown_speakers(sentence, quotes)
    missing = (*numbers, *names, *quoted, *speakers)
    words = _other_words(sentence, question, facts.names)
    carried_words = words & (set(terms(quotes)) | known.met_terms)
    carried = _share(len(carried_words), len(words))
    count = facts.count + len(speakers)
    support = (count - len(missing) + carried) / (count + 1)
    verdict: Verdict = "unsupported"
    if not missing and carried >= SUPPORTED_WORDS:
        verdict = "supported"
    elif not (numbers or quoted or speakers) and _asked_for(names, question):
        # One verb put otherwise ("met" for "held talks with") may go with a name or number that
        # is the answer; without one, the verb may be the claim.
        rephrased = len(words - carried_words) <= 1 and _answers_with_fact(facts, question)
        verdict = "partly" if carried >= PARTLY_WORDS or rephrased else "unsupported"
    return Check(verdict, round(support, 3), missing)


def _completes_date(number: Number, sentence: str, years: AbstractSet[int]) -> bool:
    """Whether a number is the year of a day in the sentence, and one of `years`."""
    return number.value in years and bool(
        re.search(rf"\b{MONTH}\s+(?:\d{{1,2}},?\s+)?{re.escape(number.text)}\b", sentence)
    )


def _is_named(name: str, quotes: str, question: str) -> bool:
    """Whether the quotes have a name, which the question may spell otherwise than they do."""
    if concerns_name(name, quotes):
        return True
    return concerns_name(name, question) and resembles_name(name, quotes)


def unknown_names(
    question: str, article_words: AbstractSet[str], common_words: AbstractSet[str]
) -> tuple[str, ...]:
    """Names of the question that no article has, not even misspelled by a letter or two.

    `article_words` are the articles' words in lower case. A possible typing error is let pass:
    the answer is checked in any case.
    """
    return tuple(
        name
        for name in _certain_names(question, common_words)
        if not all(part in article_words for part in plain(name).split())
        and not (name.isupper() and set(plain(name)) <= article_words)  # US, of U.S.
        and not get_close_matches(
            plain(name),
            [word for word in article_words if word[:1] == plain(name)[:1]],
            n=1,
            cutoff=SAME_NAME,
        )
    )


def _certain_names(question: str, common_words: AbstractSet[str]) -> tuple[str, ...]:
    """The names without those that may owe their capital to standing first in a sentence."""
    doubtful = {match.group(1) for match in OPENING_WORD.finditer(question)}
    return tuple(name for name in find_names(question, common_words) if name not in doubtful)


def is_turned_round(sentence: str, clause: str) -> bool:
    """Whether one of both denies and the other does not; `clause` is the quote's word on it."""
    return bool(DENIES.search(sentence)) is not bool(DENIES.search(clause))


def required_names(question: str) -> tuple[str, ...]:
    """Names that say whose the answer must be: "Russia's minister", "the president of Turkey"."""
    found = OWNER.findall(question) + OF_NAME.findall(question)
    return tuple(name for name in dict.fromkeys(found) if name.casefold() not in STOP_WORDS)


def belongs_to_another(question: str, quotes: str) -> str | None:
    """Whose it is in the quotes, where the question names another: "Syrian Foreign Minister".

    Asked for Iran's foreign minister, a quote has to have one whom no other name precedes.
    """
    for owner, thing in OWNED.findall(question):
        before = re.findall(rf"(?:([A-Z][\w-]+)(?:[’']s?)?\s+)?(?i:\b{re.escape(thing)}\b)", quotes)
        if before and all(name and not _may_be(owner, name) for name in before):
            return f"{before[0]} {thing}"
    return None


def _may_be(owner: str, name: str) -> bool:
    return concerns_name(owner, name) or resembles_name(owner, name)


def misses_question(
    answer: str,
    quotes: str,
    lead: str = "",
    *,
    question: str,
    is_like: Callable[[str, str], bool] = lambda one, other: False,
) -> str | None:
    """Why an answer with these quotes can't be one to this question, or None.

    `lead` is what their article is about: its title and first words; `is_like` tells whether two
    phrases mean much the same.
    """
    for name in required_names(question):
        if not _may_be(name, f"{quotes} {lead}"):
            return f"What was found is not about {name}."
    other = belongs_to_another(question, quotes)
    if other:
        return f"What was found is about {other}, not what was asked."
    kind = asked_kind(question)
    lacks_it = not answers_kind(answer, question) or counts_another_thing(answer, question, is_like)
    if kind in ("number", "date") and lacks_it:
        return f"No {kind} for this was found."
    if not ASKS_WHETHER.match(question) and set(terms(answer)) <= set(terms(question)):
        return "What the model wrote only repeats the question."
    return None


def _asked_for(names: list[str], question: str) -> bool:
    """Whether the question has all these names: an echo of it, and nothing of the model's own."""
    return all(concerns_name(name, question) for name in names)


def _answers_with_fact(facts: Facts, question: str) -> bool:
    """Whether the sentence has a name or number that the question hasn't."""
    return any(not concerns_name(name, question) for name in facts.names) or any(
        not states_number(number, question) for number in facts.numbers
    )


def _other_words(sentence: str, question: str, names: tuple[str, ...]) -> set[str]:
    """The words that the question didn't bring; of a mere echo of the question, all."""
    own = set(terms(sentence)) - set(terms(" ".join(names)))
    return own - set(terms(question)) or own


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0
