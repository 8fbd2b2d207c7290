"""The query path: the one place that puts the stages of answering together.

    question → stand alone → retrieve → evidence → extract → prompt → model → cite → verify

It streams: what was found, the extract, each sentence once it is checked, and the answer.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import date

from llama_index.core.base.llms.types import ChatMessage, ChatResponse

from index.corpus import Corpus
from index.embedding import Embedder
from index.errors import ModelError
from index.settings import Settings
from qa.answer import (
    Answer,
    Citation,
    Event,
    Evidence,
    Extract,
    Finished,
    Sentence,
    Timings,
    Token,
    Usage,
)
from qa.cite import Citer
from qa.conversation import Turn, leans_on_conversation, stand_alone
from qa.evidence import EvidenceFinder, EvidenceSentence, EvidenceSet
from qa.models.served import ServedModel, is_cut_off, usage_of
from qa.prompt import TEMPLATE_TOKENS, answer_messages, load_prompt
from qa.reply import Reply
from qa.retrieve import HybridRetriever, Ranking
from qa.review import Reviewer
from qa.sources import Sources
from qa.verify import unknown_names

CLOSEST_ARTICLES = 3
FOUND = 8  # sentences that the event `Evidence` tells of
NOT_SAID = "The articles don't say."
REST_NOT_SAID = "The articles don't state the rest of what was asked."
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Query:
    """A question with all that its answer may depend on."""

    question: str
    history: tuple[Turn, ...] = ()
    as_of: date = field(default_factory=date.today)
    stale: bool = False


class AnswerEngine:
    """Answers questions of one corpus with one model. Safe to use from several threads."""

    def __init__(
        self,
        corpus: Corpus,
        embedder: Embedder,
        open_model: Callable[[], ServedModel],
        settings: Settings,
    ) -> None:
        """`open_model` is called when the first question needs a model, not for a search."""
        self.corpus = corpus
        self._open_model = open_model
        self.settings = settings
        self.retriever = HybridRetriever(corpus, embedder, settings.retrieval)
        self.finder = EvidenceFinder(corpus, embedder)
        self.sources = Sources(corpus, settings.articles)
        self.reviewer = Reviewer(corpus, Citer(corpus, self.finder))

    @property
    def model(self) -> ServedModel:
        """The model that answers."""
        return self._open_model()

    def stream(self, query: Query) -> Iterator[Event]:
        """The events of one answer; the last is `Finished`. Closing the stream stops the model.

        Raises ModelError where the model fails before it has written anything.
        """
        return _Run(self, query).events()

    def messages(self, question: str, evidence: EvidenceSet) -> list[ChatMessage]:
        """What the model is asked."""
        return answer_messages(
            question, evidence, self.corpus.articles, aliases=self.corpus.aliases
        )

    def excess_tokens(self, question: str, evidence: EvidenceSet) -> int:
        """By how much this prompt and the longest answer pass the model's context, if above 0."""
        messages = self.messages(question, evidence)
        prompt = sum(self.model.count_tokens(message.content or "") for message in messages)
        answer = self.settings.generation.answer_tokens
        return prompt + TEMPLATE_TOKENS + answer - self.model.context_tokens

    def evidence_budget(self, question: str) -> int:
        """Tokens left for evidence: as set, or less where the model's context is small."""
        count = self.model.count_tokens
        fixed = count(load_prompt("answer")) + count(question) + TEMPLATE_TOKENS
        room = self.model.context_tokens - fixed - self.settings.generation.answer_tokens
        return min(self.settings.evidence.budget_tokens, room)


class _Run:
    """One question on its way to its answer."""

    def __init__(self, engine: AnswerEngine, query: Query) -> None:
        self.engine = engine
        self.query = query
        self.question = query.question
        self.started = time.perf_counter()
        self.timings = Timings()
        self.usage = Usage()
        self.reply = Reply()
        self.finished = False
        self.cut_off = False
        self.extract: Extract | None = None
        self.sentences: list[Sentence] = []
        self.citations: list[Citation] = []
        self.dropped: list[str] = []
        self.reason: str | None = None
        self.ranking: Ranking | None = None

    def events(self) -> Iterator[Event]:
        if self.query.history and leans_on_conversation(self.question):
            self._stand_alone()
        scored = self._find()
        self.reason = self._refuse_early(scored)
        if self.reason is None:
            # Both are there before the model is loaded: its tokenizer isn't needed for them.
            to_citation = self.engine.sources.citation
            yield Evidence(tuple(to_citation(span, None) for span in scored[:FOUND]))
            self.extract = Extract(" ".join(scored[0].text.split()), to_citation(scored[0], None))
            yield self.extract
            yield from self._ask_model(self._select(scored))
        else:
            self.finished = True
        yield Finished(self._answer())

    def _stand_alone(self) -> None:
        self.question, usage = stand_alone(self.question, self.query.history, self.engine.model)
        self.usage = replace(self.usage, llm_calls=self.usage.llm_calls + 1)
        self._count(usage)

    def _find(self) -> tuple[EvidenceSentence, ...]:
        engine = self.engine
        self.ranking = engine.retriever.rank(self.question)
        self.timings = replace(self.timings, retrieve_seconds=self._elapsed())
        scored = engine.finder.score(self.question, self.ranking)
        self.timings = replace(self.timings, extract_seconds=self._elapsed())
        return scored

    def _select(self, scored: Sequence[EvidenceSentence]) -> EvidenceSet:
        """What fits the budget, or less where the whole prompt would pass the context."""
        engine = self.engine
        budget = engine.evidence_budget(self.question)
        while True:
            evidence = engine.finder.select(
                scored, budget_tokens=budget, count_tokens=engine.model.count_tokens
            )
            excess = engine.excess_tokens(self.question, evidence)
            if excess <= 0 or not evidence.sentences:
                return evidence
            budget -= excess

    def _refuse_early(self, scored: Sequence[EvidenceSentence]) -> str | None:
        """Why no model needs to be asked, or None."""
        corpus = self.engine.corpus
        unknown = unknown_names(self.question, corpus.words, corpus.common_words)
        if unknown:
            return f"No article mentions {' or '.join(unknown)}."
        return None if scored else "Nothing in the articles bears on this question."

    def _ask_model(self, evidence: EvidenceSet) -> Iterator[Event]:
        if not evidence.sentences:
            self.reason = "What was found doesn't fit the model's context with the question."
            self.finished = True
            return
        model = self.engine.model
        messages = self.engine.messages(self.question, evidence)
        self.usage = replace(self.usage, llm_calls=self.usage.llm_calls + 1)
        try:
            with closing(model.llm.stream_chat(messages, **model.options)) as responses:
                for response in responses:
                    yield from self._take(response, evidence)
        except ModelError as error:
            if not self.reply.text:
                raise
            log.warning("The model was lost in mid-answer: %s", error)
            self.reason = self.reason or "The model was lost in mid-answer."
            return
        for sentence in self.reply.rest():
            yield from self._check(sentence, evidence)
        self.finished = not self.cut_off

    def _take(self, response: ChatResponse, evidence: EvidenceSet) -> Iterator[Event]:
        self._count(usage_of(response.raw))
        self.cut_off = self.cut_off or is_cut_off(response.raw)
        delta = response.delta or ""
        if delta and self.timings.first_token_seconds is None:
            self.timings = replace(self.timings, first_token_seconds=self._elapsed())
        # Empty while the prompt is read: a sign of life, and a moment in which to stop.
        yield Token(delta)
        for sentence in self.reply.add(delta) if delta else ():
            yield from self._check(sentence, evidence)

    def _check(self, sentence: str, evidence: EvidenceSet) -> Iterator[Sentence]:
        """Show a sentence that passes its review; keep back one that fails, with the reason."""
        review = self.engine.reviewer.review(
            sentence, evidence.sentences, question=self.question, first=not self.sentences
        )
        if not review.is_shown:
            self.dropped.append(sentence)
            self.reason = self.reason or review.reason
            return
        sources = tuple(self._numbered(span) for span in review.spans)
        numbers = tuple(source.number for source in sources if source.number is not None)
        checked = Sentence(sentence, numbers, review.verdict, review.support, sources)
        self.sentences.append(checked)
        yield checked

    def _numbered(self, span: EvidenceSentence) -> Citation:
        for citation in self.citations:
            if (citation.article_id, citation.start) == (span.article_id, span.start):
                return citation
        self.citations.append(self.engine.sources.citation(span, len(self.citations) + 1))
        return self.citations[-1]

    def _count(self, usage: dict[str, int]) -> None:
        if usage:
            self.usage = replace(
                self.usage,
                prompt_tokens=self.usage.prompt_tokens + usage.get("prompt_tokens", 0),
                completion_tokens=self.usage.completion_tokens + usage.get("completion_tokens", 0),
            )

    def _elapsed(self) -> float:
        return round(time.perf_counter() - self.started, 3)

    def _answer(self) -> Answer:
        engine = self.engine
        answered = bool(self.sentences)
        closest = [] if answered or self.ranking is None else _articles_of(self.ranking)
        whole = answered and self.finished and not self.dropped
        reason = None if whole else self.reason or self._why_not(answered)
        return Answer(
            question=self.query.question,
            standalone_question=self.question,
            status="answered" if whole else "partial" if answered else "abstained",
            text=self._text(),
            sentences=tuple(self.sentences),
            citations=tuple(self.citations),
            disagreements=(),
            extract=self.extract,
            reason=reason,
            closest=tuple(engine.sources.reference(each) for each in closest),
            finished=self.finished,
            stale=self.query.stale,
            trace=None,
            as_of=self.query.as_of.isoformat(),
            backend=engine.model.backend,
            model=engine.model.name,
            index=engine.corpus.fingerprint,
            timings=replace(self.timings, total_seconds=self._elapsed()),
            usage=self.usage,
            model_text=self.reply.text,
        )

    def _text(self) -> str:
        """The sentences with their marks; of a partial answer, also that there is more to ask."""
        if not self.sentences:
            return NOT_SAID
        rest = (REST_NOT_SAID,) if self.finished and self.dropped else ()
        return " ".join((*map(_marked, self.sentences), *rest))

    def _why_not(self, answered: bool) -> str:
        if self.cut_off:
            return "The model's answer was longer than generation.answer_tokens."
        if answered:
            return REST_NOT_SAID
        return "The articles that come closest don't state it."


def _marked(sentence: Sentence) -> str:
    marks = "".join(f"[{number}]" for number in sentence.citations)
    return f"{sentence.text} {marks}"


def _articles_of(ranking: Ranking) -> list[str]:
    found = dict.fromkeys(ranked.passage.article_id for ranked in ranking.passages)
    return list(found)[:CLOSEST_ARTICLES]
