"""A desk inside a LlamaIndex program."""

from collections.abc import Callable
from pathlib import Path

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.response.schema import Response

from qa.desk import Desk

HOW_MANY = "How many passengers were on the ferry?"
RIGHT = "The ferry had 212 passengers."


def check(response: Response, articles: Path) -> None:
    assert str(response) == f"{RIGHT} [1]"
    (found,) = response.source_nodes
    text = (articles / "ferry.md").read_text(encoding="utf-8")
    assert text[found.node.start_char_idx : found.node.end_char_idx] == found.node.text
    assert found.node.metadata["number"] == 1
    assert found.node.metadata["title"] == "Ferry towed back to Port Hale"
    assert response.metadata is not None
    assert response.metadata["answer"]["status"] == "answered"


def test_query(make_desk: Callable[..., Desk], articles: Path) -> None:
    engine = make_desk(RIGHT).query_engine
    assert isinstance(engine, BaseQueryEngine)
    response = engine.query(HOW_MANY)
    assert isinstance(response, Response)
    check(response, articles)


async def test_aquery(make_desk: Callable[..., Desk], articles: Path) -> None:
    response = await make_desk(RIGHT).query_engine.aquery(HOW_MANY)
    assert isinstance(response, Response)
    check(response, articles)


def test_an_abstention_has_no_sources(make_desk: Callable[..., Desk]) -> None:
    response = make_desk().query_engine.query("Where is the Titanic?")
    assert str(response) == "The articles don't say."
    assert response.source_nodes == []
    assert make_desk().query_engine.get_prompts() == {}
