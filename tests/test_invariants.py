"""The seven things that hold always, one test each. Their details are tested module by module."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import WordEmbedder, scripted_model

from index.settings import Settings
from index.store import Store
from index.vectors import VectorIndex
from qa.answer import Finished, Sentence
from qa.desk import Desk
from qa.facts import find_numbers, states_number

HOW_MANY = "How many passengers were on the ferry?"
RIGHT = "The ferry had 212 passengers."
MORE = "It left Port Hale at 06:40."
WRONG = "The ferry had 214 passengers."


def test_1_every_quote_stands_in_its_file_where_it_says(
    make_desk: Callable[..., Desk], articles: Path
) -> None:
    for name in ("ferry.md", "council.txt"):  # with Windows line ends, and one with a BOM
        path = articles / name
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    (articles / "council.txt").write_bytes(
        b"\xef\xbb\xbf" + (articles / "council.txt").read_bytes()
    )
    desk = make_desk(f"{RIGHT} {MORE}", "The fee is raised by 4 percent.")
    for question in (HOW_MANY, "How much is the harbour fee raised?"):
        answer = desk.ask(question)
        assert answer.extract is not None
        assert answer.citations
        for citation in (*answer.citations, answer.extract.citation):
            with Path(citation.article_path).open(encoding="utf-8", newline="") as file:
                assert file.read()[citation.start : citation.end] == citation.quote


@pytest.mark.parametrize("order", [(RIGHT, WRONG, MORE), (WRONG, RIGHT), (WRONG,)])
def test_2_no_sentence_is_shown_that_the_check_did_not_pass(
    make_desk: Callable[..., Desk], order: tuple[str, ...]
) -> None:
    shown = [
        event.answer if isinstance(event, Finished) else event
        for event in make_desk(" ".join(order)).stream(HOW_MANY)
        if isinstance(event, Sentence | Finished)
    ]
    *sentences, answer = shown
    assert [each.text for each in sentences] == [each for each in order if each != WRONG]
    assert "214" not in answer.text
    assert answer.status == ("partial" if sentences else "abstained")
    assert "214" in answer.reason
    for sentence in sentences:
        assert sentence.citations
        quotes = " ".join(source.quote for source in sentence.sources)
        assert all(states_number(number, quotes) for number in find_numbers(sentence.text))


@pytest.mark.parametrize(
    ("question", "reply"),
    [
        ("How many passengers were on the Titanic?", "There were 2,224 passengers."),
        ("Who is the mayor of Cape Dorn?", "The mayor of Cape Dorn is Ruth Alder."),
        ("Who is the captain of the Merel?", "Captain Ann Bell commands the Merel."),
        ("What is the capital of the Moon?", "The capital is Lunagrad."),
        ("When did the ferry sink?", "NOT IN THE ARTICLES"),
    ],
)
def test_3_what_is_not_in_the_articles_is_not_answered(
    make_desk: Callable[..., Desk], question: str, reply: str
) -> None:
    answer = make_desk(reply).ask(question)
    assert answer.status == "abstained"
    assert answer.text == "The articles don't say."
    assert (answer.sentences, answer.citations) == ((), ())
    assert answer.reason


@pytest.mark.parametrize(
    ("stage", "step"), [(Store, "put"), (Store, "commit"), (VectorIndex, "delete")]
)
def test_4_a_crash_leaves_the_old_or_the_new_and_the_next_sync_goes_on(
    settings: Settings, articles: Path, monkeypatch: pytest.MonkeyPatch, stage: type, step: str
) -> None:
    def fresh_desk(reply: str) -> Desk:
        model = scripted_model(reply)
        return Desk(settings, embedder=WordEmbedder(), model_factory=lambda _: model)

    fresh_desk("").refresh()
    path = articles / "ferry.md"
    path.write_text(path.read_text("utf-8").replace("212", "99"), encoding="utf-8")

    class Crash(BaseException):
        """As if the power had gone."""

    with monkeypatch.context() as patched:

        def crash(*_: object) -> None:
            raise Crash

        patched.setattr(stage, step, crash)
        with pytest.raises(Crash):
            fresh_desk("").refresh()
    found = fresh_desk("").search("passengers on the ferry", 1, fresh=False)[0].text
    assert ("212" in found, "99" in found) == ((False, True) if step == "delete" else (True, False))
    answer = fresh_desk("The ferry had 99 passengers.").ask(HOW_MANY)
    assert answer.text == "The ferry had 99 passengers. [1]"
    assert "212" not in str(answer.to_dict())


def test_5_a_changed_or_deleted_file_answers_no_more_and_an_unsynced_answer_says_so(
    make_desk: Callable[..., Desk], articles: Path
) -> None:
    desk = make_desk(*[RIGHT] * 4)
    path = articles / "ferry.md"
    status = path.stat()
    path.write_text(path.read_text("utf-8").replace("212", "213"), encoding="utf-8")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))  # same size, a breath later
    unsynced = desk.ask(HOW_MANY, fresh=False)
    assert (unsynced.status, unsynced.stale) == ("answered", True)
    changed = desk.ask(HOW_MANY)
    assert (changed.status, changed.stale) == ("abstained", False)
    path.unlink()
    assert desk.ask(HOW_MANY, fresh=False).stale
    deleted = desk.ask(HOW_MANY)
    assert (deleted.status, deleted.stale) == ("abstained", False)
    assert all("Aurelia left" not in each.text for each in desk.search("Aurelia left", 10))


def test_6_a_whole_ask_opens_no_socket(
    make_desk: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[object] = []

    class Refused:
        def __init__(self, *arguments: object, **_: object) -> None:
            opened.append(arguments)
            raise OSError("No socket is to be opened.")

    monkeypatch.setattr(socket, "socket", Refused)
    with pytest.raises(OSError, match="No socket"):
        socket.socket()  # the guard guards
    assert opened
    opened.clear()
    desk = make_desk(RIGHT)
    assert desk.ask(HOW_MANY).text == f"{RIGHT} [1]"
    assert desk.search("ferry")
    assert opened == []


def test_7_the_same_question_has_the_same_answer(
    make_desk: Callable[..., Desk], settings: Settings
) -> None:
    desk = make_desk(RIGHT, "The cutter was bought in 1998.", RIGHT)
    first = desk.ask(HOW_MANY)
    desk.ask("When was the cutter bought?")
    again = desk.ask(HOW_MANY)
    reopened = make_desk(RIGHT).ask(HOW_MANY)
    plain = [each.to_dict() | {"timings": None} for each in (first, again, reopened)]
    assert plain[0] == plain[1] == plain[2]
