"""Follow-ups: which lean on what was said before, and what they mean alone."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import scripted_model
from hypothesis import given
from hypothesis import strategies as st

from qa.conversation import (
    REWRITE_TOKENS,
    TURNS,
    Turn,
    brings_in,
    leans_on_conversation,
    stand_alone,
)
from qa.desk import Desk, finish
from qa.models.served import ServedModel
from qa.name_kinds import NameKinds
from qa.prompt import TEMPLATE_TOKENS

FERRY = Turn("How many passengers were on the ferry Aurelia?", "There were 212 aboard.")


def put_alone(
    question: str, history: Sequence[Turn], model: ServedModel, **kinds: NameKinds
) -> tuple[str, dict[str, int]]:
    """What `stand_alone` returns, its pauses passed over."""
    rewriting = stand_alone(question, history, model, **kinds)
    while True:
        try:
            next(rewriting)
        except StopIteration as end:
            return end.value


def test_a_rewriting_that_is_closed_stops_the_model() -> None:
    model = scripted_model("Who struck the ferry Aurelia?")
    rewriting = stand_alone("Who did that?", [STRUCK], model)
    next(rewriting)
    rewriting.close()
    assert model.llm.closed_early


LEANING = """
Who runs it? | And in Hama? | Why? | When? | What about the cutter? | Was she hurt? | Who won?
How far is that from Homs? | What did they do there? | Where is the other one? | So how many fled?
Whose planes did that? | Which city was he in on Friday? | How many people does he say fled?
Which of those is for planes? | What has happened there now? | Then which one is second?
And Aleppo, when did that go? | Whose are they? | How many still had none at the end of the day?
Why did the army leave it? | Who in Damascus supports him? | Who bombed that bridge? | In Hama?
Are there any bases on that coast? | How many people were there? | What is its population?
How far is it from Homs? | Which newspaper printed her letter? | What had she done before that?
"""
ALONE = """
How many people fled Homs? | Which towns fell to the rebels? | Describe the Rastan bridge
When did the rebels take the city of Hama? | Is Thea Hersh an item of Ithaca? | Who leads HTS?
Is there a bridge in Rastan? | Are there any Russian bases on the coast? | Where is Hama?
Who is the man that left Hama? | What did Assad say about his army? | Who said that Hama had fallen?
Is it true that Hama fell? | Was it Russia that bombed the bridge? | How many lost their homes?
How long does it take to reach Homs from Hama? | How far is it from Homs to Hama? | Hims population?
Which company closed its factory? | Did Assad say that he would leave?
What happened to those who fled Homs? | Which team lost its captain?
What happened in Syria this week? | Which judge said she is ill?
How many people were there in Homs? | Which one of the players of Stennick was hurt?
Homs was taken in May. Which year was that? | rastan bridge who bombed it
In its first week, how many people rang the Cardel line? | How did Hale compare with that of Dorn?
"""


def each(table: str) -> list[str]:
    return [part.strip() for line in table.strip().splitlines() for part in line.split("|")]


@pytest.mark.parametrize(
    ("question", "leans"),
    [*((one, True) for one in each(LEANING)), *((one, False) for one in each(ALONE))],
)
def test_leaning(question: str, leans: bool) -> None:
    assert leans_on_conversation(question) is leans


STRUCK = Turn("Who hit the ferry Aurelia?", "The Aurelia and the Merel hit one another.")


@pytest.mark.parametrize(
    ("written", "understood"),
    [
        ("Who did that to the Aurelia?", "Who did that to the Aurelia?"),
        ("Rewritten: Who did  that to the Aurelia?", "Who did that to the Aurelia?"),
        ("Who did that to the Merel?\nThe Aurelia did.", "Who did that to the Merel?"),
        # a name or number of the model's own
        ("Who did that to the Titanic?", NAMED := "Who did that? (Aurelia, Merel)"),
        ("Who did that to the Aurelia in 1912?", NAMED),
        # asks for another kind of thing, or rambles
        ("When did the Aurelia do that?", NAMED),
        (f"Who did that to {'the ferry ' * 20}Aurelia?", NAMED),
        # no question
        ("The Merel did that to the Aurelia.", NAMED),
        ("", NAMED),
        ("\n", NAMED),
    ],
)
def test_a_rewriting_is_used_only_if_it_adds_nothing(written: str, understood: str) -> None:
    found, usage = put_alone("Who did that?", [STRUCK], scripted_model(written))
    assert (found, usage["llm_calls"]) == (understood, 1)


def test_a_rewriting_keeps_the_words_of_the_question() -> None:
    model = scripted_model("Who sank the Aurelia?")
    understood, _ = put_alone("Who steered that?", [STRUCK], model)
    assert understood == "Who steered that? (Aurelia, Merel)"


def test_no_model_is_called_where_code_is_certain() -> None:
    model = scripted_model()
    turn = Turn("Who runs the ferry Aurelia?", "Merel Lines runs it.")
    understood = put_alone("And the cutter Dorn?", [turn], model, kinds=NameKinds())
    assert understood == ("Who runs the cutter Dorn?", {"llm_calls": 0})
    assert model.llm.prompts == []


def test_without_names_before_the_question_stays_as_it_is() -> None:
    turn = Turn("what failed?", "The engine failed.")
    assert put_alone("Why?", [turn], scripted_model("no question"))[0] == "Why?"


def test_only_the_last_turns_are_read_and_answers_are_cut() -> None:
    turns = [Turn(f"Question {i}?", f"{i}{'x' * 1000}y") for i in range(TURNS + 2)]
    model = scripted_model("Why?")
    put_alone("Why?", turns, model)
    (messages,) = model.llm.prompts
    asked = messages[1].content
    assert f"Question {TURNS + 1}?" in asked
    assert f"Question {TURNS}?" in asked
    assert "Question 1?" not in asked
    assert "y" not in asked.replace("Why?", "")


def test_the_prompt_starts_alike_whatever_was_said() -> None:
    model = scripted_model("no", "no")
    put_alone("Why?", [Turn("Who left?", "Nobody.")], model)
    put_alone("Who did that?", [STRUCK], model)
    first, second = model.llm.prompts
    assert first[0] == second[0]


@given(
    context=st.integers(512, 4096),
    characters=st.floats(1.5, 6),
    turns=st.lists(st.tuples(st.integers(1, 300), st.integers(0, 3000)), min_size=1, max_size=6),
    words=st.integers(1, 400),
)
def test_the_rewriting_fits_any_context(
    context: int, characters: float, turns: list[tuple[int, int]], words: int
) -> None:
    def count(text: str) -> int:
        return int(len(text) / characters) + 1

    model = replace(scripted_model("no"), context_tokens=context, count_tokens=count)
    history = [Turn(f"{'was ' * asked}it?", "lost " * told) for asked, told in turns]
    _, usage = put_alone(f"Why {'oh ' * words}that?", history, model)
    assert len(model.llm.prompts) == usage["llm_calls"]
    for messages in model.llm.prompts:
        prompt = sum(count(message.content or "") for message in messages)
        assert prompt + TEMPLATE_TOKENS + REWRITE_TOKENS <= context


def test_a_long_conversation_still_asks_the_model() -> None:
    turns = [Turn(f"what sank near buoy {i}?", "a boat sank " * 200) for i in range(50)]
    model = replace(scripted_model("no"), context_tokens=512)
    assert put_alone("Who did that?", turns, model)[1]["llm_calls"] == 1
    assert "buoy 49" in model.llm.prompts[0][1].content


def test_nothing_of_an_earlier_answer_is_cited(make_desk: Callable[..., Desk]) -> None:
    """The rewriting is searched with; a claim of an earlier turn alone carries no citation."""
    desk = make_desk("Mayor Ruth Alder called the step overdue.")
    invented = "Ruth Alder sold the harbour to pirates in 1911."
    earlier = Turn("Who is Ruth Alder?", invented)
    answer = finish(desk.stream("What did she call the step?", history=(earlier,)))
    assert answer.citations
    assert answer.standalone_question == "What did Ruth Alder call the step?"
    for citation in answer.citations:
        text = Path(citation.article_path).read_text(encoding="utf-8")
        assert citation.quote in text
        assert "pirates" not in citation.quote


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
