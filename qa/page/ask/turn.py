"""One question and what has come of it so far, and how each event moves it on."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from qa.answer import (
    Answer,
    Citation,
    Event,
    Evidence,
    Extract,
    Finished,
    Sentence,
    Token,
    Waiting,
)
from qa.asked import Asked
from qa.filters import Filters

STARTING = "Looking through the articles"
READING = "Reading the evidence"
WRITING = "Writing"
MODEL_LOADING = "Loading the language model (first time takes about 10 seconds)"


@dataclass(frozen=True, slots=True)
class Card:
    """A cited article as the page shows it. `text` is None where it can't be read any more."""

    article_id: str
    title: str
    outlet: str | None
    published: str | None
    citations: tuple[Citation, ...]
    text: str | None
    body_start: int = 0


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and what has come of it. `step` says what is being done; None when over.

    `asked` is what is kept of it; None where nothing is, and then it can't be judged.
    """

    number: int
    question: str
    step: str | None = STARTING
    extract: Extract | None = None
    sentences: tuple[Sentence, ...] = ()
    cards: tuple[Card, ...] = ()
    answer: Answer | None = None
    problem: str | None = None
    stopped: bool = False
    asked: Asked | None = None
    filters: Filters = field(default_factory=Filters)

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The numbered citations known so far, in the order of their numbers."""
        if self.answer is not None:
            return self.answer.citations
        return tuple(_by_number(each for line in self.sentences for each in line.sources))

    def after(self, event: Event) -> "Turn":
        """The turn as it is once `event` has happened."""
        match event:
            case Evidence():
                return replace(self, step=READING)
            case Extract():
                return replace(self, step=READING, extract=event)
            case Waiting(ahead):
                # Before anything is found, the model is asked what the question means.
                working = READING if self.extract else STARTING
                return replace(self, step=_waiting(ahead) if ahead else working)
            case Token(text):
                return replace(self, step=WRITING) if text else self
            case Sentence():
                return replace(self, step=WRITING, sentences=(*self.sentences, event))
            case Finished(answer):
                return replace(
                    self,
                    step=None,
                    answer=answer,
                    sentences=answer.sentences,
                    extract=answer.extract,
                )

    def ended(self, *, problem: str | None = None, stopped: bool = False) -> "Turn":
        """The turn as it is when nothing more will come."""
        return replace(self, step=None, problem=problem, stopped=stopped)


def group_by_article(citations: Iterable[Citation]) -> dict[str, tuple[Citation, ...]]:
    """Citations by article id, articles in the order in which they are first cited."""
    groups: dict[str, tuple[Citation, ...]] = {}
    for citation in citations:
        groups[citation.article_id] = (*groups.get(citation.article_id, ()), citation)
    return groups


def _waiting(ahead: int) -> str:
    if ahead == 1:
        return "Waiting: 1 question is ahead of yours"
    return f"Waiting: {ahead} questions are ahead of yours"


def _by_number(citations: Iterable[Citation]) -> list[Citation]:
    numbered = {each.number: each for each in citations if each.number is not None}
    return [numbered[number] for number in sorted(numbered)]
