"""What an answer is: its sentences, their citations, and how it came about.

Everything here is frozen and complete when made. `Answer.to_json` gives the shape that
DESIGN calls the JSON of an answer; scripts rely on it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

Status = Literal["answered", "partial", "abstained"]
Verdict = Literal["supported", "partly", "unsupported"]


@dataclass(frozen=True, slots=True)
class Citation:
    """The words of an article that support a sentence: `text[start:end] == quote`.

    `start` and `end` count code points of the article's text as it lies on disk.
    `published` is an ISO date. `number` is None where the citation isn't in the text.
    """

    number: int | None
    article_id: str
    article_path: str
    title: str
    outlet: str | None
    published: str | None
    quote: str
    start: int
    end: int
    corroborated_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the answer that has been checked; `sources` are its citations in full.

    `support` is the calibrated probability that the sentence is right, 0 to 1.
    """

    text: str
    citations: tuple[int, ...]
    verdict: Verdict
    support: float
    sources: tuple[Citation, ...] = field(default=(), repr=False, metadata={"json": False})


@dataclass(frozen=True, slots=True)
class Extract:
    """The best sentence found, shown before the model has read anything."""

    text: str
    citation: Citation


@dataclass(frozen=True, slots=True)
class ArticleReference:
    """An article that came close."""

    article_id: str
    article_path: str
    title: str
    outlet: str | None
    published: str | None


@dataclass(frozen=True, slots=True)
class Version:
    """One of the values that sources give for the same thing."""

    value: str
    citation: int


@dataclass(frozen=True, slots=True)
class Disagreement:
    """What the sources differ about."""

    about: str
    versions: tuple[Version, ...]


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds from the question, and the model's speed as it tells it; None is what isn't known."""

    retrieve_seconds: float | None = None
    extract_seconds: float | None = None
    first_token_seconds: float | None = None
    total_seconds: float | None = None
    read_tokens_per_second: float | None = None
    written_tokens_per_second: float | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the model counts them, over all its calls for this question."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    llm_calls: int = 0

    def plus(self, tokens: Mapping[str, int], *, calls: int = 0) -> "Usage":
        """With the tokens that a reply says it took, and more calls."""
        return Usage(
            self.prompt_tokens + tokens.get("prompt_tokens", 0),
            self.completion_tokens + tokens.get("completion_tokens", 0),
            self.llm_calls + calls,
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with everything needed to check it.

    `text` carries the citation marks; `model_text` is what the model wrote, unchecked.
    """

    question: str
    standalone_question: str
    status: Status
    text: str
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    disagreements: tuple[Disagreement, ...]
    extract: Extract | None
    reason: str | None
    closest: tuple[ArticleReference, ...]
    finished: bool
    stale: bool
    trace: dict[str, Any] | None
    as_of: str
    backend: str
    model: str
    index: str
    timings: Timings
    usage: Usage
    model_text: str = field(default="", repr=False, metadata={"json": False})

    def to_dict(self) -> dict[str, Any]:
        """The answer as plain lists, dictionaries, strings and numbers."""
        plain: dict[str, Any] = _plain(self)
        return plain

    def to_json(self) -> str:
        """The answer as one line of JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Event: what was found to read, best first."""

    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Event: how many questions are ahead of this one for the model; 0 once it is its turn.

    It comes whenever the number changes, in addition to the others, and only where there is a
    wait: before the first `Token`, and before `Evidence` where the model is asked what the
    question means.
    """

    ahead: int


@dataclass(frozen=True, slots=True)
class Token:
    """Event: raw words of the model. A sign of life; unchecked, never to be shown as an answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """Event: the whole answer. Always the last one."""

    answer: Answer


Event = Evidence | Extract | Waiting | Token | Sentence | Finished


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if hasattr(value, "__dataclass_fields__"):
        return {
            each.name: _plain(getattr(value, each.name))
            for each in fields(value)
            if each.metadata.get("json", True)
        }
    return value
