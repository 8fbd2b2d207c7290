"""Follow-up questions: does a question lean on the conversation, and what does it mean alone?

Code tells where it is certain; otherwise the model is asked once, and what it writes is checked.
A rewriting is only searched with and asked: nothing of an earlier answer can be cited by it.
"""

from collections.abc import Generator, Sequence
from contextlib import closing

from llama_index.core.base.llms.types import ChatMessage

from index.lexical import terms
from qa.answer import Answer
from qa.ellipsis import complete_question
from qa.facts import find_names, find_numbers, states_name, states_number
from qa.kinds import asked_kind
from qa.leaning import ASKS, leans_on_conversation
from qa.mentions import Turn
from qa.models.served import ServedModel, usage_of
from qa.name_kinds import NameKinds
from qa.prompt import rewrite_messages

__all__ = [
    "Turn",
    "brings_in",
    "leans_on_conversation",
    "loses",
    "remember",
    "resolve",
    "stand_alone",
]

TURNS = 2
REWRITE_TOKENS = 60
MOST_NAMES = 6
MOST_ADDED_WORDS = 12
REMEMBERED_ANSWER_CHARACTERS = 300


def stand_alone(
    question: str,
    history: Sequence[Turn],
    model: ServedModel,
    *,
    kinds: NameKinds | None = None,
) -> Generator[None, None, tuple[str, dict[str, int]]]:
    """The question as it would be put without the conversation, and what the model was asked.

    Pauses at each word of the model's; closing it then stops the model. Returns the question, and
    the tokens and `llm_calls` it took: 0 where code was certain, else 1. A rewriting that brings
    in names or numbers of the model's own, loses a word of the question, asks for another kind
    of thing or rambles is not used; then the names that the conversation is about are added in
    brackets.
    """
    resolved = resolve(question, history, kinds)
    if resolved is not None:
        return resolved, {"llm_calls": 0}
    turns = [
        (turn.question, turn.answer[:REMEMBERED_ANSWER_CHARACTERS]) for turn in history[-TURNS:]
    ]
    messages = _fitting(question, turns, model)
    if messages is None:
        return _with_names(question, " ".join(turns[-1])), {"llm_calls": 0}
    written = ""
    usage: dict[str, int] = {}
    with closing(model.llm.stream_chat(messages, max_tokens=REWRITE_TOKENS)) as replies:
        for reply in replies:
            written += reply.delta or ""
            usage = usage_of(reply.raw) or usage
            yield
    lines = written.strip().splitlines()
    rewritten = " ".join(lines[0].removeprefix("Rewritten:").split()) if lines else ""
    if not is_faithful(rewritten, question, turns):
        rewritten = _with_names(question, " ".join(turns[-1]))
    return rewritten, {**usage, "llm_calls": 1}


def remember(answer: Answer) -> Turn:
    """What later questions may lean on: the question as it was understood, the answer unmarked."""
    plain = " ".join(sentence.text for sentence in answer.sentences)
    return Turn(answer.standalone_question, plain or answer.text)


def resolve(question: str, history: Sequence[Turn], kinds: NameKinds | None = None) -> str | None:
    """The question as it would be put alone, without a model; None where that isn't certain."""
    recent = [
        Turn(turn.question, turn.answer[:REMEMBERED_ANSWER_CHARACTERS]) for turn in history[-TURNS:]
    ]
    found = complete_question(question, recent, kinds or NameKinds())
    if found is None:
        return None
    found = found.rstrip(" .")
    return found if found.endswith("?") else f"{found}?"


def is_faithful(rewritten: str, question: str, turns: Sequence[tuple[str, str]]) -> bool:
    """Whether the model's rewriting asks what `question` asks, in the words of the conversation."""
    last = turns[-1][0]
    known = " ".join([question, *(text for turn in turns for text in turn)])
    most = len(question.split()) + len(last.split()) + MOST_ADDED_WORDS
    asked = asked_kind(question if ASKS.search(question) else last)
    return (
        rewritten.endswith("?")
        and len(rewritten.split()) <= most
        and asked_kind(rewritten) == asked
        and not brings_in(rewritten, known)
        and not loses(rewritten, question)
    )


def brings_in(rewritten: str, known: str) -> bool:
    """Whether a rewriting has names or numbers that the conversation hasn't."""
    return any(not states_name(name, known) for name in find_names(rewritten)) or any(
        not states_number(number, known) for number in find_numbers(rewritten)
    )


def loses(rewritten: str, question: str) -> bool:
    """Whether a rewriting leaves out a word that the question asks with."""
    return not set(terms(question)) <= set(terms(rewritten))


def _fitting(
    question: str, turns: Sequence[tuple[str, str]], model: ServedModel
) -> list[ChatMessage] | None:
    """The prompt with as much of the newest turns as the context has room for; None if for none."""
    kept = list(turns)
    while kept:
        messages = rewrite_messages(question, kept)
        if model.prompt_tokens(messages) + REWRITE_TOKENS <= model.context_tokens:
            return messages
        asked, answered = kept[0]
        shorter = [(asked, answered[: len(answered) // 2])] if answered else []
        kept = kept[1:] or shorter
    return None


def _with_names(question: str, earlier: str) -> str:
    names = [name for name in find_names(earlier) if not states_name(name, question)]
    return f"{question} ({', '.join(names[:MOST_NAMES])})" if names else question
