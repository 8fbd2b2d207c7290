"""The query path: the one place that puts the stages of answering together.

    question → alone → retrieve → evidence → extract → prompt → model → cite → verify → compare

It streams: what was found, the extract, each sentence once it is checked, and the answer.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace

from index.corpus import Corpus
from index.embedding import Embedder
from index.errors import ModelError, PromptTooLongError
from index.settings import Settings
from qa.answer import Answer, Event, Evidence, Extract, Finished, Sentence, Timings, Token, Waiting
from qa.asking import Asking
from qa.compare import Comparer
from qa.conversation import leans_on_conversation
from qa.draft import REST_NOT_SAID, Draft
from qa.evidence import EvidenceFinder, EvidenceSentence, EvidenceSet
from qa.fitting import PromptFitter
from qa.inert import make_inert
from qa.models.line import Line
from qa.models.served import ServedModel
from qa.name_kinds import NameKinds
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
SEARCHES_AT_ONCE = 2  # each has all cores work: thirty at once took ten times as long, and 400 MB
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
        self.searching = Line(SEARCHES_AT_ONCE)
        self.fitter = PromptFitter(
            corpus,
            self.finder,
            evidence_tokens=settings.evidence.budget_tokens,
            answer_tokens=settings.generation.answer_tokens,
        )
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


class _Run:
    """One question on its way to its answer."""

    def __init__(self, engine: AnswerEngine, query: Query) -> None:
        self.engine = engine
        self.query = query
        self.question = query.question
        self.trace = Trace()
        self.timings = Timings()
        self.asking = Asking()
        self.reply = Reply()
        self.draft = Draft(engine.sources)
        self.finished = False
        self.extract: Extract | None = None
        self.reason: str | None = None
        self.ranking: Ranking | None = None

    def events(self) -> Iterator[Event]:
        if self.query.history and leans_on_conversation(self.question):
            yield from self._stand_alone()
        with self.engine.searching.place():
            scored = self._find()
        self.reason = self._refuse_early(scored)
        if self.reason is None:
            # Both are there before the model is loaded: its tokenizer isn't needed for them.
            to_citation = self.engine.sources.citation
            yield Evidence(tuple(to_citation(span, None) for span in scored[:FOUND]))
            self.extract = Extract(make_inert(scored[0].text), to_citation(scored[0], None))
            yield self.extract
            with self.engine.searching.place():
                scored = self._rerank(self.ranking) if self.ranking else scored
            yield from self._ask_model(self._select(scored), scored)
        else:
            self.finished = True
        yield Finished(self._answer())

    def _stand_alone(self) -> Iterator[Event]:
        model, kinds = self.engine.model, self.engine.name_kinds
        asking = self.asking.stand_alone(self.question, self.query.history, model, kinds)
        self.question = yield from asking
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
        evidence, budget = engine.fitter.select(self.question, scored, engine.model)
        chosen = [explain_span(span) for span in evidence.sentences]
        self.trace.note("select", budget_tokens=budget, sentences=chosen)
        return evidence

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
        messages = self.engine.fitter.messages(self.question, evidence)
        self.trace.note("prompt", messages=[[each.role, each.content] for each in messages])
        asked = Asked(self.question, evidence.sentences, scored[0].score)
        try:
            with closing(self.asking.answer(messages, self.engine.model)) as events:
                for event in events:
                    yield from self._take(event, asked)
        except PromptTooLongError:
            raise  # what it wrote rests on half of the evidence
        except ModelError as error:
            if not self.reply.text:
                raise
            log.warning("The model was lost in mid-answer: %s", error)
            self.reason = str(error)
            return
        for sentence in self.reply.rest():
            yield from self._check(sentence, asked)
        self.finished = not self.asking.cut_off
        self.trace.note("model", reply=self.reply.text, finished=self.finished)
        yield from self._compare(scored)

    def _take(self, event: Waiting | Token, asked: Asked) -> Iterator[Event]:
        if isinstance(event, Waiting):
            yield event
            if not event.ahead:
                self.trace.note("wait")
            return
        if event.text and self.timings.first_token_seconds is None:
            self.timings = replace(self.timings, first_token_seconds=self.trace.elapsed)
        yield event
        for sentence in self.reply.add(event.text):
            yield from self._check(sentence, asked)

    def _check(self, sentence: str, asked: Asked) -> Iterator[Sentence]:
        """Show a sentence that passes its review; keep back one that fails, with the reason."""
        review = self.engine.reviewer.review(
            sentence, asked, confidence=self.asking.meter.take(), first=not self.draft.sentences
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
            timings=replace(self.timings, total_seconds=self.trace.elapsed, **self.asking.speeds),
            usage=self.asking.usage,
            model_text=self.reply.text,
        )

    def _why(self, *, answered: bool) -> str:
        reason = self.reason or self.draft.reason
        if reason:
            return reason
        if self.asking.cut_off:
            return "The model's answer was longer than generation.answer_tokens."
        if answered:
            return REST_NOT_SAID
        return "The articles that come closest don't state it."
