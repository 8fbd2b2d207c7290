"""Follow-up questions: does a question lean on the conversation, and what does it mean alone?"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from index.lexical import terms
from qa.facts import find_names, find_numbers, states_name, states_number
from qa.models.served import ServedModel
from qa.prompt import rewrite_messages

LEANS = re.compile(
    r"\b(?:he|she|it|they|him|her|them|his|hers|its|their|theirs|there|that|this|those|these|"
    r"the (?:same|other|latter|former)|one|ones|else|too|also)\b",
    re.I,
)
OPENS_LEANING = re.compile(
    r"^(?:and|but|so|then|or|what about|how about|why|how so|where|when|who)\b", re.I
)
SHORT_QUESTION_WORDS = 4
TURNS = 2
REWRITE_TOKENS = 60
MOST_NAMES = 6
REMEMBERED_ANSWER_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier question, as it was understood, and the text of its answer."""

    question: str
    answer: str


def leans_on_conversation(question: str) -> bool:
    """Whether a question can't be understood alone: "Who runs it?", "And in Hama?", "Why?"."""
    words = question.split()
    if len(words) <= SHORT_QUESTION_WORDS and OPENS_LEANING.match(question.strip()):
        return True
    starts_over = re.match(r"\s*(?:and|but|so|what about|how about)\b", question, re.I)
    return bool(starts_over) or bool(LEANS.search(question))


def stand_alone(
    question: str, history: Sequence[Turn], model: ServedModel
) -> tuple[str, dict[str, int]]:
    """The question as it would be put without the conversation, and the tokens it cost.

    One model call. A rewriting that brings in names or numbers of the model's own, or loses a
    word of the question, is not used; then the names that the conversation is about are added
    in brackets.
    """
    recent = [
        (turn.question, turn.answer[:REMEMBERED_ANSWER_CHARACTERS]) for turn in history[-TURNS:]
    ]
    reply = model.llm.chat(rewrite_messages(question, recent), max_tokens=REWRITE_TOKENS)
    written = (reply.message.content or "").strip().splitlines()
    rewritten = " ".join(written[0].removeprefix("Rewritten:").split()) if written else ""
    known = " ".join([question, *(text for turn in recent for text in turn)])
    if not rewritten.endswith("?") or brings_in(rewritten, known) or loses(rewritten, question):
        rewritten = _with_names(question, " ".join(recent[-1]))
    return rewritten, dict((reply.raw or {}).get("usage") or {})


def brings_in(rewritten: str, known: str) -> bool:
    """Whether a rewriting has names or numbers that the conversation hasn't."""
    return any(not states_name(name, known) for name in find_names(rewritten)) or any(
        not states_number(number, known) for number in find_numbers(rewritten)
    )


def loses(rewritten: str, question: str) -> bool:
    """Whether a rewriting leaves out a word that the question asks with."""
    return not set(terms(question)) <= set(terms(rewritten))


def _with_names(question: str, earlier: str) -> str:
    names = [name for name in find_names(earlier) if not states_name(name, question)]
    return f"{question} ({', '.join(names[:MOST_NAMES])})" if names else question
