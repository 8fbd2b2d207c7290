"""The reference systems by name, and how one is opened."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from evals.gold import GoldCase
from evals.references.answer import ReferenceAnswer, Reply
from evals.references.systems import AlwaysRefuse, FirstSentence, NoArticles, TopPassage
from index.errors import InputError
from qa.desk import Desk


class System(Protocol):
    """What answers one question at a time."""

    def reply(self, question: str) -> Reply:
        """The reply to a question asked alone."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A system that stands in every table. `description` is the report's line about it.

    A system that needs a model is slow and is asked once: its answers are stored. One that
    `reads_articles` is asked again when an article has changed.
    """

    name: str
    description: str
    needs_model: bool
    reads_articles: bool
    open: Callable[[Desk], System]


@dataclass(frozen=True, slots=True)
class OpenReference:
    """A reference over one folder of articles, ready to answer."""

    reference: Reference
    system: System

    def answer(self, case: GoldCase) -> ReferenceAnswer:
        """The answer to the case's last question, asked alone, without history and date."""
        clock = time.perf_counter()
        reply = self.system.reply(case.question)
        return ReferenceAnswer(
            text=reply.text,
            refused=reply.refused,
            citations=reply.citations,
            seconds=round(time.perf_counter() - clock, 3),
            prompt_tokens=reply.usage.prompt_tokens,
            completion_tokens=reply.usage.completion_tokens,
            calls=reply.usage.llm_calls,
        )


def open_reference(name: str, desk: Desk) -> OpenReference:
    """The reference of this name over the desk's articles, with the desk's model.

    Raises InputError for an unknown name, and DatelineError where it can't be opened.
    """
    reference = find_reference(name)
    return OpenReference(reference, reference.open(desk))


def find_reference(name: str) -> Reference:
    """The reference of this name. Raises InputError."""
    if name not in REFERENCES:
        known = ", ".join(REFERENCES)
        raise InputError(f"There is no reference system {name}. Choose one of: {known}.")
    return REFERENCES[name]


def _open_citation_engine(desk: Desk) -> System:
    from evals.references.citation_engine import (  # noqa: PLC0415 - stored answers don't need it
        CitationEngine,
    )

    return CitationEngine(desk)


REFERENCES = {
    each.name: each
    for each in (
        Reference(
            name="always-refuse",
            description="Says of every question that the articles don't say.",
            needs_model=False,
            reads_articles=False,
            open=AlwaysRefuse,
        ),
        Reference(
            name="top-passage",
            description="Copies the best passage of Dateline's own retrieval as the answer.",
            needs_model=False,
            reads_articles=True,
            open=TopPassage,
        ),
        Reference(
            name="bm25-first-sentence",
            description="BM25 alone; copies the first sentence of the best passage.",
            needs_model=False,
            reads_articles=True,
            open=FirstSentence,
        ),
        Reference(
            name="no-articles",
            description="The same language model, asked the question with nothing to read.",
            needs_model=True,
            reads_articles=False,
            open=NoArticles,
        ),
        Reference(
            name="citation-query-engine",
            description=(
                "LlamaIndex's CitationQueryEngine as it comes, with the same language model and "
                "embedding model over the same articles."
            ),
            needs_model=True,
            reads_articles=True,
            open=_open_citation_engine,
        ),
    )
}
