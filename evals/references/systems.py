"""The reference systems that are ours to write; each answers a question with a `Reply`."""

import numpy as np
from llama_index.core.base.llms.types import ChatMessage, MessageRole

from evals.references.answer import ReferenceCitation, Reply
from evals.references.refusal import is_refusal
from index.corpus import Corpus
from index.passages import Passage
from index.sentences import is_heading
from qa.answer import Extract, Usage
from qa.desk import Desk
from qa.draft import NOT_SAID
from qa.evidence import EvidenceSentence
from qa.models.served import usage_of
from qa.sources import Sources

NO_ARTICLES_PROMPT = (
    "Answer the question in one or two sentences. "
    "If you don't know the answer, say only: I don't know."
)
REFUSED = Reply(NOT_SAID, refused=True)


class AlwaysRefuse:
    """Says of every question that the articles don't say."""

    def __init__(self, desk: Desk) -> None:
        """The desk isn't asked."""

    def reply(self, question: str) -> Reply:
        """The refusal."""
        return REFUSED


class TopPassage:
    """Copies the passage that Dateline's own retrieval puts first; it is its own quote."""

    def __init__(self, desk: Desk) -> None:
        """Search this desk."""
        self._desk = desk

    def reply(self, question: str) -> Reply:
        """The passage, every sentence cited; a refusal where nothing is found."""
        found = self._desk.search(question, 1, fresh=False)
        if not found:
            return REFUSED
        corpus = self._desk.corpus
        article = corpus.articles[found[0].article_id]
        for passage in corpus.of_article[article.id]:
            if passage.start == found[0].start:
                return _copied(corpus, passage, passage.sentences, (passage.start, passage.end))
        raise RuntimeError(f"{article.path} has no passage at {found[0].start}.")


class FirstSentence:
    """BM25 alone, without vectors: the first sentence of the best passage."""

    def __init__(self, desk: Desk) -> None:
        """Search this desk's corpus."""
        self._desk = desk

    def reply(self, question: str) -> Reply:
        """The sentence (no heading, if there is another), cited; a refusal where no word is met."""
        found = self._find(question)
        return _copied(self._desk.corpus, found[0], (found[1],), found[1]) if found else REFUSED

    def extract(self, question: str) -> Extract | None:
        """The same sentence as an extract."""
        found = self._find(question)
        if found is None:
            return None
        passage, (start, end) = found
        corpus = self._desk.corpus
        words = corpus.articles[passage.article_id].text[start:end]
        span = EvidenceSentence(passage.article_id, start, end, words, score=0)
        citation = Sources(corpus, self._desk.settings.articles).citation(span, None)
        return Extract(" ".join(words.split()), citation)

    def _find(self, question: str) -> tuple[Passage, tuple[int, int]] | None:
        corpus = self._desk.corpus
        scores = corpus.lexical.scores(question)
        if scores.max(initial=0.0) <= 0:
            return None
        passage = corpus.passages[int(np.argmax(scores))]
        text = corpus.articles[passage.article_id].text
        spans = [span for span in passage.sentences if not is_heading(text[slice(*span)])]
        return passage, (spans or list(passage.sentences))[0]


class NoArticles:
    """The desk's language model, asked the question and given nothing to read."""

    def __init__(self, desk: Desk) -> None:
        """Ask this desk's model."""
        self._model = desk.model

    def reply(self, question: str) -> Reply:
        """What the model says from memory. Raises ModelError."""
        response = self._model.llm.chat(
            [
                ChatMessage(role=MessageRole.SYSTEM, content=NO_ARTICLES_PROMPT),
                ChatMessage(role=MessageRole.USER, content=question),
            ]
        )
        text = (response.message.content or "").strip()
        return Reply(text, is_refusal(text), usage=count_usage(Usage(), response.raw))


def count_usage(so_far: Usage, raw: object) -> Usage:
    """The usage with one more call of the model, whose raw reply this is."""
    tokens = usage_of(raw)
    return Usage(
        prompt_tokens=so_far.prompt_tokens + tokens.get("prompt_tokens", 0),
        completion_tokens=so_far.completion_tokens + tokens.get("completion_tokens", 0),
        llm_calls=so_far.llm_calls + 1,
    )


def _copied(
    corpus: Corpus,
    passage: Passage,
    sentences: tuple[tuple[int, int], ...],
    cited: tuple[int, int],
) -> Reply:
    """These sentences of an article, each with the mark of the one quote, the span `cited`."""
    article = corpus.articles[passage.article_id]
    start, end = cited
    return Reply(
        text="\n".join(f"{article.text[first:last]} [1]" for first, last in sentences),
        refused=False,
        citations=(ReferenceCitation(1, article.path, start, end, article.text[start:end]),),
    )
