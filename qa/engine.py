"""The query path: the one place that puts the stages of answering together.

    question → alone → retrieve → evidence → extract → prompt → model → cite → verify → compare

It streams: what was found, the extract, each sentence once it is checked, and the answer.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace

from llama_index.core.base.llms.types import ChatMessage, ChatResponse

from index.corpus import Corpus
from index.embedding import Embedder
from index.errors import ModelError
from index.settings import Settings
from qa.answer import (
    Answer,
    Event,
    Evidence,
    Extract,
    Finished,
    Sentence,
    Timings,
    Token,
    Usage,
)
from qa.compare import Comparer
from qa.confidence import ConfidenceMeter
from qa.conversation import leans_on_conversation, stand_alone
from qa.draft import REST_NOT_SAID, Draft
from qa.evidence import EvidenceFinder, EvidenceSentence, EvidenceSet
from qa.inert import make_inert
from qa.models.served import REFUSAL_TOKEN, ServedModel, is_cut_off, usage_of
from qa.name_kinds import NameKinds
from qa.prompt import TEMPLATE_TOKENS, answer_messages, load_prompt
from qa.query import Query
from qa.reply import Reply
from qa.retrieve import HybridRetriever, Ranking
from qa.review import Asked, Reviewer
from qa.sources import Sources
from qa.trace import Trace, explain_ranking, explain_review, explain_span
from qa.verify import unknown_names
from qa.word_vectors import WordReader

CLOSEST_ARTICLES = 3
FOUND = 8  # sentences that the event `Evidence` tells of
log = logging.getLogger(__name__)


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
        self.reviewer = Reviewer(
            corpus,
            self.finder,
            WordReader(embedder),
            least_support=settings.generation.least_support,
        )
        self.comparer = Comparer(corpus, self.finder, embedder)
        bodies = (article.text[article.body_start :] for article in corpus.articles.values())
        self.name_kinds = NameKinds(bodies, corpus.aliases)

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
        self.trace = Trace()
        self.timings = Timings()
        self.usage = Usage()
        self.reply = Reply()
        self.meter = ConfidenceMeter(REFUSAL_TOKEN)
        self.draft = Draft(engine.sources)
        self.finished = False
        self.cut_off = False
        self.extract: Extract | None = None
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
            self.extract = Extract(make_inert(scored[0].text), to_citation(scored[0], None))
            yield self.extract
            scored = self._rerank(self.ranking) if self.ranking else scored
            yield from self._ask_model(self._select(scored), scored)
        else:
            self.finished = True
        yield Finished(self._answer())

    def _stand_alone(self) -> None:
        engine = self.engine
        self.question, usage = stand_alone(
            self.question, self.query.history, engine.model, kinds=engine.name_kinds
        )
        self.usage = self.usage.plus(usage, calls=usage["llm_calls"])
        self.trace.note("rewrite", question=self.query.question, standalone=self.question)

    def _find(self) -> tuple[EvidenceSentence, ...]:
        """The sentences by BM25 and vectors alone: enough for the extract, and soon there."""
        engine, query = self.engine, self.query
        ranking = engine.retriever.propose(self.question, filters=query.filters, as_of=query.as_of)
        self.timings = replace(self.timings, retrieve_seconds=self.trace.elapsed)
        self.trace.note("retrieve", question=self.question, **explain_ranking(ranking))
        self.ranking = ranking
        scored = engine.finder.score(self.question, ranking.top(engine.settings.retrieval.passages))
        self.timings = replace(self.timings, extract_seconds=self.trace.elapsed)
        self.trace.note("score", sentences=[explain_span(span) for span in scored])
        return scored

    def _rerank(self, ranking: Ranking) -> tuple[EvidenceSentence, ...]:
        """The sentences of the passages in the order of the reranker, which takes longer."""
        self.ranking = self.engine.retriever.refine(ranking)
        self.trace.note("rerank", **explain_ranking(self.ranking))
        scored = self.engine.finder.score(self.question, self.ranking)
        self.trace.note("score again", sentences=[explain_span(span) for span in scored])
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
                chosen = [explain_span(span) for span in evidence.sentences]
                self.trace.note("select", budget_tokens=budget, sentences=chosen)
                return evidence
            budget -= excess

    def _refuse_early(self, scored: Sequence[EvidenceSentence]) -> str | None:
        """Why no model needs to be asked, or None."""
        corpus = self.engine.corpus
        unknown = unknown_names(self.question, corpus.words, corpus.common_words)
        reason = None if scored else "Nothing in the articles bears on this question."
        if unknown:
            reason = f"No article mentions {' or '.join(unknown)}."
        self.trace.note("refuse early", reason=reason)
        return reason

    def _ask_model(
        self, evidence: EvidenceSet, scored: Sequence[EvidenceSentence]
    ) -> Iterator[Event]:
        if not evidence.sentences:
            self.reason = "What was found doesn't fit the model's context with the question."
            self.finished = True
            return
        model = self.engine.model
        messages = self.engine.messages(self.question, evidence)
        self.trace.note("prompt", messages=[[each.role, each.content] for each in messages])
        self.usage = self.usage.plus({}, calls=1)
        asked = Asked(self.question, evidence.sentences, scored[0].score)
        try:
            with closing(model.llm.stream_chat(messages, **model.options)) as responses:
                for response in responses:
                    yield from self._take(response, asked)
        except ModelError as error:
            if not self.reply.text:
                raise
            log.warning("The model was lost in mid-answer: %s", error)
            self.reason = self.reason or "The model was lost in mid-answer."
            return
        for sentence in self.reply.rest():
            yield from self._check(sentence, asked)
        self.finished = not self.cut_off
        self.trace.note("model", reply=self.reply.text, finished=self.finished)
        yield from self._compare(scored)

    def _take(self, response: ChatResponse, asked: Asked) -> Iterator[Event]:
        self.usage = self.usage.plus(usage_of(response.raw))
        self.meter.read(response.raw)
        self.cut_off = self.cut_off or is_cut_off(response.raw)
        delta = response.delta or ""
        if delta and self.timings.first_token_seconds is None:
            self.timings = replace(self.timings, first_token_seconds=self.trace.elapsed)
        # Empty while the prompt is read: a sign of life, and a moment in which to stop.
        yield Token(delta)
        for sentence in self.reply.add(delta) if delta else ():
            yield from self._check(sentence, asked)

    def _check(self, sentence: str, asked: Asked) -> Iterator[Sentence]:
        """Show a sentence that passes its review; keep back one that fails, with the reason."""
        review = self.engine.reviewer.review(
            sentence, asked, confidence=self.meter.take(), first=not self.draft.sentences
        )
        self.trace.note("review", sentence=sentence, **explain_review(review))
        if review.is_shown:
            yield self.draft.show(sentence, review)
        else:
            self.draft.drop(sentence, review)

    def _compare(self, scored: Sequence[EvidenceSentence]) -> Iterator[Sentence]:
        """Hold each sentence against the other articles, and tell where they differ."""
        comparer = self.engine.comparer
        found = [
            (sentence, comparer.compare(self.question, sentence.text, spans, scored))
            for sentence, spans in self.draft.shown
        ]
        telling = self.draft.compare(found)
        self.trace.note("compare", told=telling.text if telling else None)
        if telling is not None:
            yield telling

    def _answer(self) -> Answer:
        engine, draft = self.engine, self.draft
        status = draft.status(finished=self.finished)
        found = self.ranking.article_ids() if self.ranking and status == "abstained" else ()
        return Answer(
            question=self.query.question,
            standalone_question=self.question,
            status=status,
            text=draft.text(finished=self.finished),
            sentences=tuple(draft.sentences),
            citations=tuple(draft.citations),
            disagreements=draft.disagreements,
            extract=self.extract,
            reason=None if status == "answered" else self._why(answered=bool(draft.sentences)),
            closest=tuple(map(engine.sources.reference, found[:CLOSEST_ARTICLES])),
            finished=self.finished,
            stale=self.query.stale,
            trace=self.trace.to_dict() if self.query.explain else None,
            as_of=self.query.as_of.isoformat(),
            backend=engine.model.backend,
            model=engine.model.name,
            index=engine.corpus.fingerprint,
            timings=replace(self.timings, total_seconds=self.trace.elapsed),
            usage=self.usage,
            model_text=self.reply.text,
        )

    def _why(self, *, answered: bool) -> str:
        reason = self.reason or self.draft.reason
        if reason:
            return reason
        if self.cut_off:
            return "The model's answer was longer than generation.answer_tokens."
        if answered:
            return REST_NOT_SAID
        return "The articles that come closest don't state it."
