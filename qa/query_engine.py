"""A desk as a LlamaIndex query engine, for programs built on LlamaIndex."""

from typing import TYPE_CHECKING, Any

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.response.schema import RESPONSE_TYPE, Response
from llama_index.core.prompts.mixin import PromptMixinType
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from qa.answer import Answer, Citation

if TYPE_CHECKING:
    from qa.desk import Desk


class DatelineQueryEngine(BaseQueryEngine):
    """Answers as `Desk.ask` does; the source nodes are the citations, verbatim, with offsets.

    `response.metadata["answer"]` is the whole answer, in the shape of its JSON.
    """

    def __init__(self, desk: "Desk") -> None:
        """Ask `desk`."""
        super().__init__(callback_manager=None)
        self._desk = desk

    def _query(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        return to_response(self._desk.ask(query_bundle.query_str))

    async def _aquery(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        return to_response(await self._desk.aask(query_bundle.query_str))

    def _get_prompt_modules(self) -> PromptMixinType:
        return {}


def to_response(answer: Answer) -> Response:
    """An answer as LlamaIndex's `Response`."""
    return Response(
        response=answer.text,
        source_nodes=[_node(citation) for citation in answer.citations],
        metadata={"answer": answer.to_dict()},
    )


def _node(citation: Citation) -> NodeWithScore:
    metadata: dict[str, Any] = {
        "article_id": citation.article_id,
        "article_path": citation.article_path,
        "title": citation.title,
        "outlet": citation.outlet,
        "published": citation.published,
        "number": citation.number,
    }
    node = TextNode(
        text=citation.quote,
        start_char_idx=citation.start,
        end_char_idx=citation.end,
        metadata=metadata,
    )
    return NodeWithScore(node=node, score=None)
