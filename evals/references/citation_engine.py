"""LlamaIndex's `CitationQueryEngine` with the desk's model, embedder and articles.

All else is LlamaIndex's default: chunks of 1,024 tokens in its in-memory vector store, the two
nearest, cut into sources of 512 tokens, its prompts. The files go in as they lie on disk, so that
front matter is read as well. The answer may be as long as ours (generation.answer_tokens).
"""

from collections.abc import Sequence
from typing import Any

from llama_index.core import Document, VectorStoreIndex
from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    CompletionResponse,
    CompletionResponseGen,
    LLMMetadata,
)
from llama_index.core.embeddings import BaseEmbedding
from llama_index.core.llms import LLM, CustomLLM
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.query_engine import CitationQueryEngine
from llama_index.core.schema import NodeWithScore
from pydantic import PrivateAttr, SerializeAsAny

from evals.references.answer import ReferenceCitation, Reply, marks_of
from evals.references.refusal import is_refusal
from evals.references.systems import count_usage
from index.articles import Article
from index.embedding import Embedder
from index.errors import SettingsError
from qa.answer import Usage
from qa.desk import Desk

# Two chunks of 1,024 tokens, the prompt's 250 and the answer; LlamaIndex's own default is 3,900.
CONTEXT_TOKENS = 4096
ARTICLE = "article"  # the metadata key: which article a node is of
TOP_OF_SOURCE = "Source {number}:\n"


class DeskEmbedding(BaseEmbedding):
    """An `Embedder` as LlamaIndex wants it."""

    _embedder: Embedder = PrivateAttr()

    def __init__(self, embedder: Embedder) -> None:
        """Embed with this one."""
        super().__init__(model_name=embedder.fingerprint)
        self._embedder = embedder

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        vectors: list[list[float]] = self._embedder.embed(texts).tolist()
        return vectors

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embeddings([query])[0]

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)


class CountedLLM(CustomLLM):
    """Another LLM, with the calls and tokens that it took; one question may take several."""

    inner: SerializeAsAny[LLM]
    _usage: Usage = PrivateAttr(default_factory=Usage)

    @property
    def metadata(self) -> LLMMetadata:
        """The other LLM's."""
        return self.inner.metadata

    def take_usage(self) -> Usage:
        """What it took since this was last asked."""
        taken, self._usage = self._usage, Usage()
        return taken

    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """The other LLM's reply."""
        response = self.inner.chat(messages, **kwargs)
        self._usage = count_usage(self._usage, response.raw)
        return response

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """The other LLM's continuation."""
        response = self.inner.complete(prompt, formatted, **kwargs)
        self._usage = count_usage(self._usage, response.raw)
        return response

    def stream_complete(
        self, prompt: str, formatted: bool = False, **kwargs: Any
    ) -> CompletionResponseGen:
        """The other LLM's continuation in pieces; the engine never asks for it, so none counts."""
        return self.inner.stream_complete(prompt, formatted, **kwargs)


class CitationEngine:
    """The engine over an index of its own. Building that embeds every article once."""

    def __init__(self, desk: Desk) -> None:
        """Raises SettingsError where the model's context is too small for the engine's defaults."""
        if desk.model.context_tokens < CONTEXT_TOKENS:
            raise SettingsError(
                f"citation-query-engine needs a context of {CONTEXT_TOKENS:,} tokens, "
                f"but {desk.model.name} is given {desk.model.context_tokens:,}. "
                f"Raise {desk.model.backend}.context_tokens."
            )
        self._texts = {each.path: each.text for each in desk.articles}
        self._llm = CountedLLM(inner=desk.model.llm)
        index = VectorStoreIndex.from_documents(
            [_document(each) for each in desk.articles],
            transformations=[SentenceSplitter()],
            embed_model=DeskEmbedding(desk.library.embedder),
        )
        self._engine = CitationQueryEngine.from_args(index, llm=self._llm)

    def reply(self, question: str) -> Reply:
        """The engine's answer; it cites the sources whose numbers it marks. Raises ModelError."""
        self._llm.take_usage()  # of a question that failed half-way
        response = self._engine.query(question)
        text = str(response).strip()
        sources = dict(enumerate(response.source_nodes, start=1))
        return Reply(
            text=text,
            refused=is_refusal(text),
            citations=tuple(
                self._citation(number, sources[number])
                for number in marks_of(text)
                if number in sources
            ),
            usage=self._llm.take_usage(),
        )

    def _citation(self, number: int, source: NodeWithScore) -> ReferenceCitation:
        """The source's text as the quote; of one that isn't verbatim the span is empty."""
        article = str(source.node.metadata[ARTICLE])
        content = source.node.get_content().removeprefix(TOP_OF_SOURCE.format(number=number))
        quote = content.removesuffix("\n")
        start = self._texts[article].find(quote)
        end = start + len(quote)
        return ReferenceCitation(number, article, max(start, 0), end if start >= 0 else 0, quote)


def _document(article: Article) -> Document:
    return Document(
        text=article.text,
        metadata={ARTICLE: article.path},
        # Else the path would be embedded and read along with every chunk.
        excluded_embed_metadata_keys=[ARTICLE],
        excluded_llm_metadata_keys=[ARTICLE],
    )
