"""The query path: the one place that puts the stages of answering together.

    question → stand alone → retrieve → evidence → extract → prompt → model → cite → verify

It streams: what was found, the extract, each sentence once it is checked, and the answer.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from index.articles import Article
from index.corpus import Corpus
from index.embedding import Embedder
from index.settings import Settings
from qa.answer import (
    Answer,
    ArticleReference,
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
from qa.models.served import ServedModel
from qa.prompt import TEMPLATE_TOKENS, answer_messages, load_prompt
from qa.reply import Reply, is_refusal
from qa.retrieve import HybridRetriever, Ranking
from qa.verify import check_sentence, misses_question, unknown_names

CLOSEST_ARTICLES = 3
NOT_SAID = "The articles don't say."


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
        self.citer = Citer(corpus, self.finder)

    @property
    def model(self) -> ServedModel:
        """The model that answers."""
        return self._open_model()

    def stream(self, query: Query) -> Iterator[Event]:
        """The events of one answer; the last is `Finished`. Closing the stream stops the model.

        Raises ModelError where the model fails before it has written anything.
        """
        return _Run(self, query).events()

    def citation(self, span: EvidenceSentence, number: int | None) -> Citation:
        """The span as a citation."""
        article = self.corpus.articles[span.article_id]
        return Citation(
            number=number,
            article_id=article.id,
            article_path=self.article_path(article),
            title=article.title,
            outlet=article.outlet,
            published=article.published.isoformat() if article.published else None,
            quote=article.text[span.start : span.end],
            start=span.start,
            end=span.end,
        )

    def article_path(self, article: Article) -> str:
        """Where the article lies, as seen from where the program runs."""
        return (self.settings.articles / article.path).as_posix()

    def reference(self, article_id: str) -> ArticleReference:
        """The article as one that came close."""
        article = self.corpus.articles[article_id]
        return ArticleReference(
            article_id=article.id,
            article_path=self.article_path(article),
            title=article.title,
            outlet=article.outlet,
            published=article.published.isoformat() if article.published else None,
        )

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
        self.extract: Extract | None = None
        self.sentences: list[Sentence] = []
        self.citations: list[Citation] = []
        self.dropped: list[str] = []
        self.reason: str | None = None
        self.ranking: Ranking | None = None

    def events(self) -> Iterator[Event]:
        if self.query.history and leans_on_conversation(self.question):
            self._stand_alone()
        evidence = self._find()
        if evidence.best is not None:
            yield Evidence(tuple(self.engine.citation(span, None) for span in evidence.sentences))
            self.extract = self._extract(evidence.best)
            yield self.extract
        self.reason = self._refuse_early(evidence)
        if self.reason is None:
            yield from self._ask_model(evidence)
        else:
            self.finished = True
        yield Finished(self._answer())

    def _stand_alone(self) -> None:
        self.question, usage = stand_alone(self.question, self.query.history, self.engine.model)
        self._count(usage)

    def _find(self) -> EvidenceSet:
        engine = self.engine
        self.ranking = engine.retriever.rank(self.question)
        self.timings = replace(self.timings, retrieve_seconds=self._elapsed())
        scored = engine.finder.score(self.question, self.ranking)
        self.timings = replace(self.timings, extract_seconds=self._elapsed())
        return engine.finder.select(
            scored,
            budget_tokens=engine.evidence_budget(self.question),
            count_tokens=engine.model.count_tokens,
        )

    def _extract(self, best: EvidenceSentence) -> Extract:
        citation = self.engine.citation(best, None)
        return Extract(" ".join(citation.quote.split()), citation)

    def _refuse_early(self, evidence: EvidenceSet) -> str | None:
        """Why no model needs to be asked, or None."""
        corpus = self.engine.corpus
        unknown = unknown_names(self.question, corpus.words, corpus.common_words)
        if unknown:
            return f"No article mentions {' or '.join(unknown)}."
        return None if evidence.sentences else "Nothing in the articles bears on this question."

    def _ask_model(self, evidence: EvidenceSet) -> Iterator[Event]:
        messages = answer_messages(self.question, evidence, self.engine.corpus.articles)
        self.usage = replace(self.usage, llm_calls=self.usage.llm_calls + 1)
        for response in self.engine.model.llm.stream_chat(messages):
            self._count(_usage(response.raw))
            if response.delta:
                if self.timings.first_token_seconds is None:
                    self.timings = replace(self.timings, first_token_seconds=self._elapsed())
                yield Token(response.delta)
                for sentence in self.reply.add(response.delta):
                    yield from self._check(sentence, evidence)
        for sentence in self.reply.rest():
            yield from self._check(sentence, evidence)
        self.finished = True

    def _check(self, sentence: str, evidence: EvidenceSet) -> Iterator[Sentence]:
        """Cite and verify one sentence; what fails is kept back, with the reason."""
        if is_refusal(sentence):
            self.dropped.append(sentence)
            return
        engine = self.engine
        spans = engine.citer.cite(sentence, evidence.sentences, question=self.question)
        quotes = engine.citer.spelled_out(spans)
        common = engine.corpus.common_words
        check = check_sentence(sentence, quotes, question=self.question, common_words=common)
        wrong = misses_question(
            sentence,
            quotes,
            self._around(spans),
            question=self.question,
            common_words=common,
        )
        if not spans or check.verdict == "unsupported" or (wrong and not self.sentences):
            self.dropped.append(sentence)
            self.reason = self.reason or wrong or _not_found(check.missing)
            return
        sources = tuple(self._numbered(span) for span in spans)
        numbers = tuple(source.number for source in sources if source.number is not None)
        checked = Sentence(sentence, numbers, check.verdict, check.support, sources)
        self.sentences.append(checked)
        yield checked

    def _around(self, spans: Sequence[EvidenceSentence]) -> str:
        """The passages that the spans stand in, with their headers."""
        corpus = self.engine.corpus
        return " ".join(
            passage.indexed_text
            for span in spans
            for passage in corpus.of_article[span.article_id]
            if passage.start <= span.start < passage.end
        )

    def _numbered(self, span: EvidenceSentence) -> Citation:
        for citation in self.citations:
            if (citation.article_id, citation.start) == (span.article_id, span.start):
                return citation
        self.citations.append(self.engine.citation(span, len(self.citations) + 1))
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
        reason = self.reason if not answered or self.dropped else None
        if not answered and reason is None:
            reason = "The articles that come closest don't state it."
        return Answer(
            question=self.query.question,
            standalone_question=self.question,
            status=("partial" if self.dropped else "answered") if answered else "abstained",
            text=" ".join(map(_marked, self.sentences)) if answered else NOT_SAID,
            sentences=tuple(self.sentences),
            citations=tuple(self.citations),
            disagreements=(),
            extract=self.extract,
            reason=reason,
            closest=tuple(engine.reference(each) for each in closest),
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


def _marked(sentence: Sentence) -> str:
    marks = "".join(f"[{number}]" for number in sentence.citations)
    return f"{sentence.text} {marks}"


def _articles_of(ranking: Ranking) -> list[str]:
    found = dict.fromkeys(ranked.passage.article_id for ranked in ranking.passages)
    return list(found)[:CLOSEST_ARTICLES]


def _not_found(missing: tuple[str, ...]) -> str:
    if missing:
        return f"The articles don't support {', '.join(missing)}, which the model wrote."
    return "What the model wrote is not in the articles."


def _usage(raw: Any) -> dict[str, int]:
    usage = raw.get("usage") if isinstance(raw, dict) else None
    return dict(usage) if usage else {}
