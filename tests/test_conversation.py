"""Follow-ups: which lean on what was said before, and what they mean alone."""

import pytest
from conftest import scripted_model

from qa.conversation import TURNS, Turn, brings_in, leans_on_conversation, stand_alone

FERRY = Turn("How many passengers were on the ferry Aurelia?", "There were 212 aboard.")


@pytest.mark.parametrize(
    ("question", "leans"),
    [
        ("Who runs it?", True),
        ("And in Hama?", True),
        ("Why?", True),
        ("When?", True),
        ("What about the cutter?", True),
        ("How far is that from Homs?", True),
        ("Was she hurt?", True),
        ("What did they do there?", True),
        ("Where is the other one?", True),
        ("So how many fled?", True),
        ("How many people fled Homs?", False),
        ("Which towns fell to the rebels?", False),
        ("Describe the Rastan bridge", False),
        ("When did the rebels take the city of Hama?", False),
        ("Is Thea Hersh an item of Ithaca?", False),  # no pronoun inside a word
    ],
)
def test_leaning(question: str, leans: bool) -> None:
    assert leans_on_conversation(question) is leans


@pytest.mark.parametrize(
    ("written", "understood"),
    [
        ("Who runs the ferry Aurelia?", "Who runs the ferry Aurelia?"),
        ("Rewritten: Who runs  the Aurelia?", "Who runs the Aurelia?"),
        ("Who runs the Aurelia?\nIt is run by Merel Lines.", "Who runs the Aurelia?"),
        ("Who runs the ferry with 212 aboard?", "Who runs the ferry with 212 aboard?"),
        # a name or number of the model's own
        ("Who runs the Titanic?", "Who runs it? (Aurelia)"),
        ("Who runs Titanic?", "Who runs it? (Aurelia)"),
        ("Who runs the Aurelia of 1912?", "Who runs it? (Aurelia)"),
        # no question
        ("Merel Lines runs the Aurelia.", "Who runs it? (Aurelia)"),
        ("", "Who runs it? (Aurelia)"),
        ("\n", "Who runs it? (Aurelia)"),
    ],
)
def test_a_rewriting_is_used_only_if_it_adds_nothing(written: str, understood: str) -> None:
    model = scripted_model(written)
    assert stand_alone("Who runs it?", [FERRY], model) == (understood, {})


def test_without_names_before_the_question_stays_as_it_is() -> None:
    turn = Turn("what happened?", "The engine failed.")
    assert stand_alone("Why?", [turn], scripted_model("no question"))[0] == "Why?"


def test_names_of_the_question_are_not_repeated() -> None:
    understood, _ = stand_alone("And the Aurelia there?", [FERRY], scripted_model("no"))
    assert understood == "And the Aurelia there?"


def test_only_the_last_turns_are_read_and_answers_are_cut() -> None:
    turns = [Turn(f"Question {i}?", f"{i}{'x' * 1000}y") for i in range(TURNS + 2)]
    model = scripted_model("Why?")
    stand_alone("Why?", turns, model)
    (messages,) = model.llm.prompts
    asked = messages[1].content
    assert f"Question {TURNS + 1}?" in asked
    assert f"Question {TURNS}?" in asked
    assert "Question 1?" not in asked
    assert "y" not in asked.replace("Why?", "")


@pytest.mark.parametrize(
    ("rewritten", "brings"),
    [
        ("Who runs the Aurelia?", False),
        ("Who runs the Merel?", True),
        ("Who has 212 men?", False),
        ("Who has 213 men?", True),
    ],
)
def test_brings_in(rewritten: str, brings: bool) -> None:
    assert brings_in(rewritten, "the Aurelia with 212 aboard") is brings
