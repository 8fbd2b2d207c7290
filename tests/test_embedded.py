"""The embedded model itself: the default one of the catalogue, as it lies in the cache."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, MessageRole

from index.errors import ModelFileError, PromptTooLongError
from index.sections import EmbeddedSettings
from index.settings import Settings
from qa.models.embedded import EmbeddedLLM
from qa.models.llamacpp import LlamaCpp
from qa.models.served import ServedModel, open_embedded

pytestmark = pytest.mark.model
FIXED = "You answer from the text alone, in one word or number."
STORY = "The gate was opened by an old man who had come up the hill with his dog. " * 14


@pytest.fixture(scope="module")
def served() -> ServedModel:
    """One instance for this module; it loads when the first test asks it."""
    settings = Settings(backend="embedded", embedded=EmbeddedSettings(context_tokens=512))
    try:
        return open_embedded(settings)
    except ModelFileError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def llm(served: ServedModel) -> Iterator[EmbeddedLLM]:
    assert isinstance(served.llm, EmbeddedLLM)
    assert not served.llm.is_loaded  # opening it has loaded nothing
    yield served.llm
    assert served.llm.is_loaded


def asking(code: int) -> list[ChatMessage]:
    return [
        ChatMessage(role=MessageRole.SYSTEM, content=FIXED),
        ChatMessage(role=MessageRole.USER, content=f"Text: The code is {code}.\nWhat is the code?"),
    ]


def usage_of(raw: Any) -> dict[str, Any]:
    return dict(raw["usage"])


def cached_tokens(usage: dict[str, Any]) -> int:
    return int(usage["prompt_tokens_details"]["cached_tokens"])


def test_chat_and_stream_say_the_same(llm: EmbeddedLLM) -> None:
    whole = llm.chat(asking(4711))
    assert "4711" in (whole.message.content or "")
    pieces = list(llm.stream_chat(asking(4711)))
    assert "".join(piece.delta or "" for piece in pieces) == whole.message.content
    assert pieces[-1].message.content == whole.message.content
    streamed, given = usage_of(pieces[-1].raw), usage_of(whole.raw)
    for key in ("prompt_tokens", "completion_tokens"):
        assert streamed[key] == given[key] > 0


def test_completion_and_stream_say_the_same(llm: EmbeddedLLM) -> None:
    prompt = "One, two, three, four,"
    whole = llm.complete(prompt, max_tokens=4)
    assert "five" in whole.text
    pieces = list(llm.stream_complete(prompt, max_tokens=4))
    assert pieces[-1].text == "".join(piece.delta or "" for piece in pieces) == whole.text


async def test_asynchronous_calls_say_the_same(llm: EmbeddedLLM) -> None:
    whole = await llm.achat(asking(815))
    assert "815" in (whole.message.content or "")
    pieces = [piece async for piece in await llm.astream_chat(asking(815))]
    assert pieces[-1].message.content == whole.message.content
    prompt = "One, two, three,"
    streamed = [piece.text async for piece in await llm.astream_complete(prompt, max_tokens=2)]
    assert streamed[-1] == (await llm.acomplete(prompt, max_tokens=2)).text


@pytest.mark.parametrize("more", [" and 280,000 people", " Méribel – “quoted” 🚢", "\n\nIt"])
def test_tokens_are_counted_as_the_model_counts_them(llm: EmbeddedLLM, more: str) -> None:
    start = "The gate was opened."
    counted = llm.count_tokens(start + more) - llm.count_tokens(start)
    prompts = [
        usage_of(llm.complete(text, max_tokens=1).raw)["prompt_tokens"]
        for text in (start, start + more)
    ]
    assert prompts[1] - prompts[0] == counted > 0


def test_the_same_prompt_gives_the_same_words(llm: EmbeddedLLM) -> None:
    prompt = [ChatMessage(role=MessageRole.USER, content="Name two colours of the sky.")]
    texts = [llm.chat(prompt, max_tokens=8).message.content for _ in range(2)]
    llm.chat(asking(99), max_tokens=4)  # another prompt in between
    texts.append(llm.chat(prompt, max_tokens=8).message.content)
    assert len(set(texts)) == 1


def test_a_prompt_that_starts_alike_is_not_read_again(llm: EmbeddedLLM) -> None:
    llm.warm_up(asking(1)[:1])
    usage = usage_of(llm.chat(asking(2), max_tokens=1).raw)
    assert llm.count_tokens(FIXED) <= cached_tokens(usage) < usage["prompt_tokens"]


def test_closing_a_stream_in_mid_answer_stops_the_model(llm: EmbeddedLLM) -> None:
    prompt = [ChatMessage(role=MessageRole.USER, content="Count from 1 to 500.")]
    stream = llm.stream_chat(prompt, max_tokens=400)
    begun = list(islice((piece for piece in stream if piece.delta), 2))
    stream.close()
    assert len(begun) == 2
    assert list(stream) == []  # nothing more comes of it
    # One request is served at a time: this one would wait for the other 398 words.
    assert "31" in (llm.chat(asking(31)).message.content or "")


def test_closing_a_stream_in_mid_prompt_stops_the_reading(llm: EmbeddedLLM) -> None:
    prompt = [ChatMessage(role=MessageRole.USER, content=STORY)]
    stream = llm.stream_chat(prompt, max_tokens=1)
    assert next(stream).delta == ""  # only tells how far the reading is
    stream.close()
    usage = usage_of(llm.chat(prompt, max_tokens=1).raw)
    assert usage["prompt_tokens"] > 200
    assert cached_tokens(usage) < usage["prompt_tokens"] / 2  # the rest had not been read


def test_threads_get_their_own_answers(llm: EmbeddedLLM) -> None:
    codes = [17, 42, 350, 8008]
    with ThreadPoolExecutor(len(codes)) as pool:
        replies = list(pool.map(lambda code: llm.chat(asking(code)).message.content, codes))
    for code, reply in zip(codes, replies, strict=True):
        assert str(code) in (reply or "")


def test_a_prompt_that_is_too_long(llm: EmbeddedLLM) -> None:
    prompt = [ChatMessage(role=MessageRole.USER, content=STORY * 4)]
    with pytest.raises(PromptTooLongError, match="512"):
        llm.chat(prompt)
    with pytest.raises(PromptTooLongError, match=r"evidence\.budget_tokens"):
        list(llm.stream_chat(prompt))
    assert "12" in (llm.chat(asking(12)).message.content or "")  # it goes on


def test_what_it_tells_llama_index(llm: EmbeddedLLM, served: ServedModel) -> None:
    assert llm.metadata.context_window == served.context_tokens == 512
    assert llm.metadata.is_chat_model
    assert llm.metadata.model_name == served.name
    assert llm.class_name() == "dateline_embedded"


@pytest.mark.parametrize("content", [None, b"", b"GGUF", b"not a model" * 100])
def test_a_file_that_is_no_model(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "broken.gguf"
    if content is not None:
        path.write_bytes(content)
    engine = LlamaCpp(path, context_tokens=512, threads=1)
    with pytest.raises(ModelFileError, match="dateline models check"):
        engine.load()
    assert not engine.is_loaded
