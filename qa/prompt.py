"""Evidence and question to messages. What stays the same stands first, for the prompt cache."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from llama_index.core.base.llms.types import ChatMessage, MessageRole

from index.articles import Article
from qa.evidence import EvidenceSentence, EvidenceSet
from qa.inert import make_inert

NOT_IN_ARTICLES = "NOT IN THE ARTICLES"
# The chat template's own tokens around two messages, with some to spare.
TEMPLATE_TOKENS = 24
GAP = " … "
# A bare "Answer:" had the 1.5B model write fragments, and fragments were wrong more often.
ANSWER_CUE = "Answer in a full sentence:"


@cache
def load_prompt(name: str) -> str:
    """The text of `qa/prompts/<name>.md`."""
    return files("qa").joinpath("prompts", f"{name}.md").read_text(encoding="utf-8").strip()


def answer_messages(
    question: str,
    evidence: EvidenceSet,
    articles: dict[str, Article],
    *,
    aliases: Mapping[str, str] | None = None,
) -> list[ChatMessage]:
    """What the model is asked: the fixed instructions, then excerpts and question.

    An acronym in the excerpts that the question spells out is explained, where `aliases` know it.
    """
    excerpts = "\n".join(
        f"Article {number}{_date(articles[group[0].article_id])}: {_joined(group, articles)}"
        for number, group in enumerate(evidence.groups, start=1)
    )
    explained = "".join(
        f"\n{short} is the {long_form}."
        for short, long_form in (aliases or {}).items()
        if long_form.casefold() in question.casefold() and re.search(rf"\b{short}\b", excerpts)
    )
    asked = f"Question: {_one_line(question)}\n{ANSWER_CUE}"
    return [
        *instructions(),
        ChatMessage(role=MessageRole.USER, content=f"Excerpts:\n{excerpts}{explained}\n{asked}"),
    ]


def instructions() -> list[ChatMessage]:
    """The part of the prompt that never changes."""
    return [ChatMessage(role=MessageRole.SYSTEM, content=load_prompt("answer"))]


def rewrite_messages(question: str, history: Sequence[tuple[str, str]]) -> list[ChatMessage]:
    """Ask for the question as it would be put without the conversation (question, answer)."""
    turns = "\n".join(
        f"Question: {_one_line(asked)}\nAnswer: {_one_line(told)}" for asked, told in history
    )
    return [
        ChatMessage(role=MessageRole.SYSTEM, content=load_prompt("rewrite")),
        ChatMessage(
            role=MessageRole.USER,
            content=f"Conversation:\n{turns}\nLast question: {_one_line(question)}\nRewritten:",
        ),
    ]


def _date(article: Article) -> str:
    # Not the outlet: small models take it for the source that an article names.
    return f" ({article.published.isoformat()})" if article.published else ""


def _joined(group: Sequence[EvidenceSentence], articles: dict[str, Article]) -> str:
    """The sentences as they stand; where some are left out between two, a mark says so."""
    text = articles[group[0].article_id].text
    parts = [_one_line(group[0].text)]
    for before, sentence in zip(group, group[1:], strict=False):
        gap = " " if not text[before.end : sentence.start].strip() else GAP
        parts.append(gap + _one_line(sentence.text))
    return "".join(parts)


def _one_line(text: str) -> str:
    return " ".join(make_inert(text).split())
