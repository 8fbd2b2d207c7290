"""The Python API: asking in every way there is, follow-ups, and a folder that changes."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from conftest import ScriptedLLM, WordEmbedder, scripted_model
from llama_index.core.base.llms.types import ChatMessage, ChatResponseGen

import qa
from index.errors import InputError, StoreBusyError, StoreError
from index.settings import Settings
from qa.answer import Answer, Finished, Sentence
from qa.desk import MOST_RESULTS, Desk, finish
from qa.prompt import instructions
from qa.query import LONGEST_QUESTION, usable_question

HOW_MANY = "How many passengers were on the ferry?"
RIGHT = "The ferry had 212 passengers."


def comparable(answer: Answer) -> dict[str, Any]:
    return {key: value for key, value in answer.to_dict().items() if key != "timings"}


async def collect(stream: AsyncIterator[Any]) -> list[Any]:
    return [each async for each in stream]


def assert_verbatim(answer: Answer) -> None:
    assert answer.citations
    for citation in answer.citations:
        with Path(citation.article_path).open(encoding="utf-8", newline="") as file:
            assert file.read()[citation.start : citation.end] == citation.quote


# Asking


async def test_every_way_to_ask_gives_the_same_answer(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(*[RIGHT] * 4)
    answers = [
        desk.ask(HOW_MANY),
        finish(desk.stream(HOW_MANY)),
        await desk.aask(HOW_MANY),
        (await collect(desk.astream(HOW_MANY)))[-1].answer,
    ]
    assert all(comparable(each) == comparable(answers[0]) for each in answers)
    assert answers[0].text == f"{RIGHT} [1]"


async def test_both_streams_give_the_same_events(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(RIGHT, RIGHT)
    plain = list(desk.stream(HOW_MANY))
    asynchronous = await collect(desk.astream(HOW_MANY))
    assert plain[:-1] == asynchronous[:-1]
    assert [type(each) for each in plain] == [type(each) for each in asynchronous]


def test_threads_get_their_own_answers(make_desk: Callable[..., Desk]) -> None:
    questions = {
        HOW_MANY: RIGHT,
        "When was the cutter bought?": "The cutter was bought in 1998.",
        "How much is the harbour fee raised?": "The harbour fee is raised by 4 percent.",
    }

    class AnsweringLLM(ScriptedLLM):
        def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
            asked = str(messages[-1].content).split("Question: ")[1].split("\n")[0]
            return ScriptedLLM(replies=[questions[asked]]).stream_chat(messages)

    desk = make_desk()
    object.__setattr__(desk.model, "llm", AnsweringLLM(replies=[]))
    asked = list(questions) * 4
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(desk.ask, asked))
    for question, answer in zip(asked, answers, strict=True):
        assert answer.text == f"{questions[question]} [1]"
        assert_verbatim(answer)


def test_cited_words_stand_in_files_with_a_bom_and_with_windows_line_ends(
    make_desk: Callable[..., Desk], articles: Path
) -> None:
    body = (
        "Zeppelin Quarterly opened.\r\n\r\nThe Zeppelin flew 77 km past Méribel 🚢 on Friday.\r\n"
    )
    (articles / "crlf.txt").write_bytes(b"\xef\xbb\xbf" + body.encode())
    front = "---\r\ntitle: Dirigible\r\n---\r\n\r\nThe Dirigible carried 88 guests to Méribel.\r\n"
    (articles / "front.md").write_bytes(front.encode())
    desk = make_desk("The Zeppelin flew 77 km.", "The Dirigible carried 88 guests.")
    for question in ("How far did the Zeppelin fly?", "How many guests had the Dirigible?"):
        answer = desk.ask(question)
        assert answer.status == "answered"
        assert_verbatim(answer)
        for citation in answer.citations:
            text = desk.article_text(citation.article_id)
            assert text[citation.start : citation.end] == citation.quote


def test_as_of_is_passed_on_and_is_today_by_default(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(RIGHT, RIGHT)
    assert desk.ask(HOW_MANY, as_of=date(2024, 12, 8)).as_of == "2024-12-08"
    assert desk.ask(HOW_MANY).as_of == date.today().isoformat()


@pytest.mark.parametrize("question", ["", "  \n", "\0", "x" * (LONGEST_QUESTION + 1)])
def test_questions_that_cannot_be_asked(make_desk: Callable[..., Desk], question: str) -> None:
    desk = make_desk()
    for ask in (desk.ask, desk.stream, desk.search, desk.conversation().ask):
        with pytest.raises(InputError):
            ask(question)
    with pytest.raises(InputError):
        asyncio.run(desk.aask(question))


def test_the_longest_question_is_asked() -> None:
    assert usable_question(f" {'x' * LONGEST_QUESTION}\n") == "x" * LONGEST_QUESTION


def test_a_stream_without_an_answer_is_a_fault() -> None:
    with pytest.raises(RuntimeError):
        finish(iter([]))


# Stopping


class GatedLLM(ScriptedLLM):
    """Waits for leave before each word after the first, and notes that it was closed."""

    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        responses = super().stream_chat(messages, **kwargs)

        def pieces() -> ChatResponseGen:
            try:
                for number, response in enumerate(responses):
                    if number:
                        WAITING.set()
                        GATE.wait(30)
                    yield response
            finally:
                CLOSED.set()

        return pieces()


WAITING, GATE, CLOSED = threading.Event(), threading.Event(), threading.Event()


async def test_cancelling_stops_the_model(make_desk: Callable[..., Desk]) -> None:
    for event in (WAITING, GATE, CLOSED):
        event.clear()
    desk = make_desk()
    object.__setattr__(desk.model, "llm", GatedLLM(replies=[RIGHT]))
    task = asyncio.create_task(desk.aask(HOW_MANY))
    await asyncio.to_thread(WAITING.wait, 30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    GATE.set()
    assert await asyncio.to_thread(CLOSED.wait, 30)
    object.__setattr__(desk.model, "llm", ScriptedLLM(replies=[RIGHT]))
    assert (await desk.aask(HOW_MANY)).text == f"{RIGHT} [1]"  # the desk goes on answering


# Conversations


def test_a_follow_up_is_understood_alone(make_desk: Callable[..., Desk]) -> None:
    rewritten = "When did the ferry Aurelia leave Port Hale?"
    desk = make_desk(RIGHT, rewritten, "The ferry Aurelia left at 06:40.")
    talk = desk.conversation()
    talk.ask("How many passengers were on the ferry Aurelia from Port Hale?")
    answer = talk.ask("When did it leave?")
    assert (answer.question, answer.standalone_question) == ("When did it leave?", rewritten)
    assert answer.usage.llm_calls == 2
    assert answer.status == "answered"
    assert talk.questions[1] == rewritten
    rewrite, last = desk.model.llm.prompts[1:]
    assert RIGHT in rewrite[1].content  # the answer as it was shown, without its marks
    assert "[1]" not in rewrite[1].content
    assert f"Question: {rewritten}" in last[1].content
    assert RIGHT not in last[1].content


def test_citations_are_numbered_anew_each_turn(make_desk: Callable[..., Desk]) -> None:
    bought = "The cutter was bought in 1998."
    talk = make_desk(RIGHT, bought).conversation()
    first, second = talk.ask(HOW_MANY), talk.ask("When was the cutter bought by coastguards?")
    assert [each.number for each in first.citations] == [1]
    assert [each.number for each in second.citations] == [1]
    assert first.citations[0].article_id != second.citations[0].article_id
    assert second.text == f"{bought} [1]"


def test_a_question_that_stands_alone_is_not_rewritten(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(RIGHT, RIGHT)
    talk = desk.conversation()
    talk.ask(HOW_MANY)
    answer = talk.ask(HOW_MANY)
    assert answer.standalone_question == HOW_MANY
    assert len(desk.model.llm.prompts) == 2


def test_the_first_question_is_never_rewritten(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(RIGHT)
    assert desk.conversation().ask("How many were on it?").standalone_question == (
        "How many were on it?"
    )
    assert len(desk.model.llm.prompts) == 1


def test_conversations_know_nothing_of_each_other(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(RIGHT, RIGHT)
    desk.conversation().ask(HOW_MANY)
    desk.conversation().ask("How many were on it?")
    assert len(desk.model.llm.prompts) == 2


def test_a_conversation_goes_on_from_its_answers(make_desk: Callable[..., Desk]) -> None:
    rewritten = "How many passengers were on the ferry when it was towed?"
    desk = make_desk(RIGHT, rewritten, RIGHT)
    talk = desk.conversation([desk.ask(HOW_MANY)])
    assert talk.questions == (HOW_MANY,)
    talk.ask("How many were on it when it was towed?")
    assert any(HOW_MANY in message.content for message in desk.model.llm.prompts[1])


def test_a_stream_that_is_left_early_leaves_no_trace(make_desk: Callable[..., Desk]) -> None:
    talk = make_desk(RIGHT).conversation()
    for event in talk.stream(HOW_MANY):
        if isinstance(event, Sentence):
            break
    assert talk.questions == ()


# Searching


def test_search_needs_no_model(make_desk: Callable[..., Desk], settings: Settings) -> None:
    def no_model(_: Settings) -> Any:
        raise AssertionError("a model was asked for")

    make_desk()
    desk = Desk(settings, embedder=WordEmbedder(), model_factory=no_model)
    results = desk.search("Who towed the ferry back?", 2)
    assert len(results) == 2
    assert results[0].score >= results[1].score
    for result in results:
        with Path(result.article_path).open(encoding="utf-8", newline="") as file:
            assert file.read()[result.start : result.end] == result.text


@pytest.mark.parametrize("k", [0, -1, MOST_RESULTS + 1])
def test_search_refuses_odd_counts(make_desk: Callable[..., Desk], k: int) -> None:
    with pytest.raises(InputError):
        make_desk().search("ferry", k)


# The folder and the store


def test_a_changed_file_answers_as_it_is_now(
    make_desk: Callable[..., Desk], articles: Path
) -> None:
    desk = make_desk(RIGHT, RIGHT, "The ferry had 99 passengers.")
    assert desk.ask(HOW_MANY).status == "answered"
    path = articles / "ferry.md"
    path.write_text(path.read_text("utf-8").replace("212", "99"), encoding="utf-8")
    old = desk.ask(HOW_MANY)  # the model still says 212
    assert old.status == "abstained"
    assert "212" not in str([old.extract, old.closest])
    assert desk.ask(HOW_MANY).text == "The ferry had 99 passengers. [1]"


def test_a_deleted_file_answers_no_more(make_desk: Callable[..., Desk], articles: Path) -> None:
    desk = make_desk(RIGHT, RIGHT)
    before = desk.ask(HOW_MANY)
    (articles / "ferry.md").unlink()
    after = desk.ask(HOW_MANY)
    assert after.status == "abstained"
    assert before.index != after.index
    gone = before.citations[0].article_id
    assert gone not in str(after.to_dict())
    assert all(result.article_id != gone for result in desk.search("ferry Aurelia", 10))
    assert gone not in {article.id for article in desk.articles}


def test_a_new_file_answers(make_desk: Callable[..., Desk], articles: Path) -> None:
    desk = make_desk("The Zeppelin flew 77 km.")
    (articles / "new.txt").write_text("The Zeppelin flew 77 km on Friday.\n", encoding="utf-8")
    assert desk.ask("How far did the Zeppelin fly?").status == "answered"


def test_without_a_sync_an_answer_is_stale_once_the_folder_changed(
    make_desk: Callable[..., Desk], articles: Path
) -> None:
    desk = make_desk(*[RIGHT] * 3)
    assert not desk.ask(HOW_MANY, fresh=False).stale
    (articles / "ferry.md").unlink()
    stale = desk.ask(HOW_MANY, fresh=False)
    assert (stale.stale, stale.status) == (True, "answered")
    assert not desk.ask(HOW_MANY).stale


@contextmanager
def another_writer(store: Path) -> Iterator[None]:
    """Another process that holds the writer's lock."""
    code = (
        "import sys; from filelock import FileLock\n"
        "with FileLock(sys.argv[1]): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(store / "write.lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b"held"
        yield
        process.communicate()


def test_while_another_process_writes_the_last_state_answers(
    make_desk: Callable[..., Desk], articles: Path
) -> None:
    desk = make_desk(RIGHT, RIGHT)
    (articles / "new.txt").write_text("Quince Market opened.\n", encoding="utf-8")
    with another_writer(Path(desk.library.store.place)):
        answer = desk.ask(HOW_MANY)
        assert (answer.stale, answer.text) == (True, f"{RIGHT} [1]")
        with pytest.raises(StoreBusyError):
            desk.sync()
    answer = desk.ask(HOW_MANY)
    assert not answer.stale
    assert "new.txt" in {article.path for article in desk.articles}


def test_a_first_sync_that_cannot_write_says_so(settings: Settings) -> None:
    desk = Desk(settings, embedder=WordEmbedder())
    Path(desk.library.store.place).mkdir()
    with another_writer(Path(desk.library.store.place)), pytest.raises(StoreBusyError):
        desk.refresh()


def test_nothing_indexed_is_a_clear_error(settings: Settings) -> None:
    desk = Desk(settings, embedder=WordEmbedder(), model_factory=lambda _: scripted_model())
    with pytest.raises(StoreError, match="dateline index"):
        desk.ask(HOW_MANY, fresh=False)


def test_two_desks_see_each_others_syncs(make_desk: Callable[..., Desk], articles: Path) -> None:
    one, other = make_desk(RIGHT), make_desk(RIGHT)
    (articles / "new.txt").write_text("Quince Market opened.\n", encoding="utf-8")
    assert one.refresh() is not None
    assert "new.txt" in {article.path for article in other.articles}
    assert other.refresh() is None
    assert other.ask(HOW_MANY).text == f"{RIGHT} [1]"


def test_an_unknown_article_has_no_text(make_desk: Callable[..., Desk]) -> None:
    with pytest.raises(InputError):
        make_desk().article_text("nothing")


def test_warming_up_reads_the_fixed_part_of_the_prompt(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk()
    read: list[list[ChatMessage]] = []
    object.__setattr__(desk.model, "warm_up", read.append)
    desk.warm_up()
    assert read == [instructions()]
    assert desk.description == "Answers come from scripted (embedded)."


def test_the_package_gives_its_public_names() -> None:
    for name in qa.__all__:
        assert getattr(qa, name).__name__ == name
    assert dir(qa) == sorted(qa.__all__)
    with pytest.raises(AttributeError):
        _ = qa.nothing_of_the_kind
    assert Finished is qa.Finished


def test_a_file_is_added_and_removed(make_desk: Callable[..., Desk], tmp_path: Path) -> None:
    desk = make_desk()
    file = tmp_path / "quay.txt"
    file.write_text("The new quay at Port Hale opened on Monday.", encoding="utf-8")

    def status() -> str | None:
        return next((row.status for row in desk.overview() if row.path == "quay.txt"), None)

    assert desk.add(file).path == "quay.txt"
    assert status() == "not indexed"
    desk.sync()
    assert status() == "indexed"
    kept = desk.remove("quay.txt")
    assert kept.read_text(encoding="utf-8") == file.read_text(encoding="utf-8")
    assert status() == "deleted"
    desk.sync()
    assert status() is None
