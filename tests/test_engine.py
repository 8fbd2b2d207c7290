"""The query path with a scripted model: what is given out, in which order, what is kept back."""

import json
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import ScriptedLLM, scripted_model
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, ChatResponseGen

from index.errors import ModelError, ModelUnreachableError
from index.settings import Settings
from qa.answer import Event, Evidence, Extract, Finished, Sentence, Token
from qa.desk import Desk
from qa.engine import REST_NOT_SAID
from qa.models.served import ServedModel

HOW_MANY = "How many passengers were on the ferry?"
RIGHT = "The ferry had 212 passengers."
TOWED = "The cutter Merel towed the ferry back by 13:15."
MORE = "It left Port Hale at 06:40."
WRONG = "The ferry had 214 passengers."


class BreakingLLM(ScriptedLLM):
    """Gives the first words of its reply and then fails."""

    words: int
    error: Exception

    model_config = {"arbitrary_types_allowed": True}

    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        responses = super().stream_chat(messages, **kwargs)

        def pieces() -> ChatResponseGen:
            for number, response in enumerate(responses):
                if number == self.words:
                    raise self.error
                yield response

        return pieces()


class EndingLLM(ScriptedLLM):
    """Ends its reply with this raw piece."""

    raw: dict[str, Any]

    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        responses = super().stream_chat(messages, **kwargs)

        def pieces() -> ChatResponseGen:
            for response in responses:
                last = response
                yield response
            yield ChatResponse(message=last.message, delta="", raw=self.raw)

        return pieces()


@pytest.fixture
def desk_of(
    make_desk: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch
) -> Callable[[ScriptedLLM], Desk]:
    """Makes a synced desk that is answered by this model."""

    def make(llm: ScriptedLLM) -> Desk:
        desk = make_desk()
        served: ServedModel = scripted_model()
        object.__setattr__(served, "llm", llm)
        desk._model_factory = lambda _: served
        return desk

    return make


def kinds(events: list[Event]) -> list[type]:
    """The types of the events, those that repeat given once."""
    return [
        type(each)
        for i, each in enumerate(events)
        if not i or type(each) is not type(events[i - 1])
    ]


def test_events_come_in_order(make_desk: Callable[..., Desk]) -> None:
    events = list(make_desk(f"{RIGHT} {MORE}").stream(HOW_MANY))
    assert kinds(events) == [Evidence, Extract, Token, Sentence, Token, Sentence, Finished]
    assert "".join(e.text for e in events if isinstance(e, Token)) == f"{RIGHT} {MORE}"
    answer = events[-1].answer
    assert answer.sentences == tuple(e for e in events if isinstance(e, Sentence))
    assert answer.extract == events[1]
    assert all(citation.number is None for citation in events[0].citations)


def test_a_whole_answer(make_desk: Callable[..., Desk], articles: Path) -> None:
    answer = make_desk(f"{RIGHT} [7]").ask(HOW_MANY)
    assert answer.status == "answered"
    assert answer.text == f"{RIGHT} [1]"
    assert answer.reason is None
    assert answer.closest == ()
    assert answer.finished
    assert (answer.question, answer.standalone_question) == (HOW_MANY, HOW_MANY)
    assert answer.model_text == f"{RIGHT} [7]"
    (citation,) = answer.citations
    assert "212 passengers" in citation.quote
    assert (citation.number, citation.outlet) == (1, "The Hale Gazette")
    assert citation.published == "2025-03-03"
    assert citation.article_path == (articles / "ferry.md").as_posix()
    assert answer.usage.llm_calls == 1
    assert answer.usage.completion_tokens == len(f"{RIGHT} [7]".split())
    assert answer.extract is not None
    assert "212 passengers" in answer.extract.text


@pytest.mark.parametrize(
    ("reply", "status", "text", "reason"),
    [
        (f"{RIGHT} {WRONG}", "partial", f"{RIGHT} [1] {REST_NOT_SAID}", "214"),
        (f"{WRONG} {RIGHT}", "partial", f"{RIGHT} [1] {REST_NOT_SAID}", "214"),
        (f"{RIGHT} NOT IN THE ARTICLES", "partial", f"{RIGHT} [1] {REST_NOT_SAID}", "the rest"),
        (WRONG, "abstained", "The articles don't say.", "214"),
        (f"{WRONG} {WRONG}", "abstained", "The articles don't say.", "214"),
        ("NOT IN THE ARTICLES", "abstained", "The articles don't say.", "don't state it"),
        ("Parliament elected Zed Quux.", "abstained", "The articles don't say.", "Zed"),
        ("", "abstained", "The articles don't say.", "don't state it"),
        ("[1]", "abstained", "The articles don't say.", "don't state it"),
        ("<think>It had 212.", "abstained", "The articles don't say.", "don't state it"),
    ],
)
def test_what_fails_the_check_is_kept_back(
    make_desk: Callable[..., Desk], reply: str, status: str, text: str, reason: str
) -> None:
    answer = make_desk(reply).ask(HOW_MANY)
    assert (answer.status, answer.text) == (status, text)
    assert reason in (answer.reason or "")
    assert answer.finished
    assert answer.model_text == reply
    if status == "abstained":
        assert (answer.citations, answer.sentences) == ((), ())
        assert answer.closest
        assert answer.extract is not None


def test_an_answer_to_another_question_is_kept_back(make_desk: Callable[..., Desk]) -> None:
    answer = make_desk("The ferry left Port Hale.").ask(HOW_MANY)
    assert answer.status == "abstained"
    assert answer.reason == "No number for this was found."


def test_a_sentence_cited_twice_has_one_number(make_desk: Callable[..., Desk]) -> None:
    answer = make_desk(f"{RIGHT} It left Port Hale at 06:40 with 212 passengers.").ask(HOW_MANY)
    assert [sentence.citations for sentence in answer.sentences] == [(1,), (1,)]
    assert len(answer.citations) == 1


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("How many passengers were on the Titanic?", "No article mentions Titanic."),
        ("Did Paris or Berlin send the cutter?", "No article mentions Paris or Berlin."),
    ],
)
def test_an_unknown_name_needs_no_model(
    make_desk: Callable[..., Desk], question: str, reason: str
) -> None:
    desk = make_desk()
    answer = desk.ask(question)
    assert (answer.status, answer.reason) == ("abstained", reason)
    assert answer.finished
    assert answer.citations == ()
    assert answer.usage.llm_calls == 0
    assert desk.model.llm.prompts == []


def test_nothing_that_bears_on_it_needs_no_model(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk()
    desk = make_desk(retrieval=desk.settings.retrieval.model_copy(update={"lexical_weight": 1.0}))
    answer = desk.ask("zebra quagga?")
    assert answer.status == "abstained"
    assert answer.reason == "Nothing in the articles bears on this question."
    assert (answer.extract, answer.closest) == (None, ())
    assert desk.model.llm.prompts == []


def test_a_request_is_no_unknown_name(make_desk: Callable[..., Desk]) -> None:
    assert make_desk(TOWED).ask("Describe how the ferry came back.").status == "answered"


def test_closing_the_stream_closes_the_models(desk_of: Callable[..., Desk]) -> None:
    closed = threading.Event()

    class EndlessLLM(ScriptedLLM):
        def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
            (response, *_) = super().stream_chat(messages, **kwargs)

            def pieces() -> ChatResponseGen:
                try:
                    while True:
                        yield response
                        time.sleep(0.001)
                finally:
                    closed.set()

            return pieces()

    desk = desk_of(EndlessLLM(replies=[RIGHT]))
    stream = desk.stream(HOW_MANY)
    for event in stream:
        if isinstance(event, Token):
            break
    assert not closed.is_set()
    stream.close()  # type: ignore[attr-defined]
    assert closed.is_set()
    assert len(desk.model.line) == 0


def test_an_error_before_the_first_word_is_raised(desk_of: Callable[..., Desk]) -> None:
    error = ModelUnreachableError("gone")
    desk = desk_of(BreakingLLM(replies=[RIGHT], words=0, error=error))
    with pytest.raises(ModelUnreachableError, match="gone"):
        desk.ask(HOW_MANY)


@pytest.mark.parametrize(
    ("words", "status", "text"),
    [
        (3, "abstained", "The answer is unfinished."),
        (len(RIGHT.split()) + 2, "partial", f"{RIGHT} [1]"),
    ],
)
def test_an_error_in_mid_answer_keeps_what_was_given(
    desk_of: Callable[..., Desk], words: int, status: str, text: str
) -> None:
    llm = BreakingLLM(replies=[f"{RIGHT} {TOWED}"], words=words, error=ModelError("lost"))
    events = list(desk_of(llm).stream(HOW_MANY))
    answer = events[-1].answer
    assert (answer.status, answer.text, answer.finished) == (status, text, False)
    assert answer.reason == "lost"
    assert answer.sentences == tuple(e for e in events if isinstance(e, Sentence))


def test_other_errors_are_not_swallowed(desk_of: Callable[..., Desk]) -> None:
    llm = BreakingLLM(replies=[f"{RIGHT} {TOWED}"], words=6, error=ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        desk_of(llm).ask(HOW_MANY)


@pytest.mark.parametrize(
    ("raw", "finished"),
    [
        ({"choices": [{"finish_reason": "length"}]}, False),
        ({"done_reason": "length"}, False),
        ({"choices": [{"finish_reason": "stop"}]}, True),
        ({"done_reason": "stop"}, True),
        ({"choices": []}, True),
    ],
)
def test_an_answer_that_was_cut_off_is_not_finished(
    desk_of: Callable[..., Desk], raw: dict[str, Any], finished: bool
) -> None:
    answer = desk_of(EndingLLM(replies=[RIGHT], raw=raw)).ask(HOW_MANY)
    assert answer.finished is finished
    assert (answer.status, answer.text) == ("answered" if finished else "partial", f"{RIGHT} [1]")
    assert ("answer_tokens" in (answer.reason or "")) is not finished


def test_the_same_question_has_the_same_answer(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(RIGHT, WRONG, RIGHT)
    first, _, again = (desk.ask(HOW_MANY).to_dict() for _ in range(3))
    for each in (first, again):
        del each["timings"]
    assert first == again


def test_the_json_has_the_keys_that_scripts_rely_on(make_desk: Callable[..., Desk]) -> None:
    answer = json.loads(make_desk(RIGHT).ask(HOW_MANY).to_json())
    citation = [
        "number", "article_id", "article_path", "title", "outlet", "published", "quote", "start",
        "end", "corroborated_by",
    ]  # fmt: skip
    assert list(answer) == [
        "question", "standalone_question", "status", "text", "sentences", "citations",
        "disagreements", "extract", "reason", "closest", "finished", "stale", "trace", "as_of",
        "backend", "model", "index", "timings", "usage",
    ]  # fmt: skip
    assert list(answer["sentences"][0]) == ["text", "citations", "verdict", "support"]
    assert list(answer["citations"][0]) == citation
    assert list(answer["extract"]) == ["text", "citation"]
    assert list(answer["extract"]["citation"]) == citation
    assert list(answer["timings"]) == [
        "retrieve_seconds", "extract_seconds", "first_token_seconds", "total_seconds",
        "read_tokens_per_second", "written_tokens_per_second",
    ]  # fmt: skip
    assert list(answer["usage"]) == ["prompt_tokens", "completion_tokens", "llm_calls"]


def test_a_prompt_that_leaves_no_room_says_so(
    make_desk: Callable[..., Desk], settings: Settings
) -> None:
    desk = make_desk()
    object.__setattr__(desk.model, "context_tokens", 300)
    answer = desk.ask(HOW_MANY)
    assert answer.status == "abstained"
    assert "context" in (answer.reason or "")
    assert desk.model.llm.prompts == []
