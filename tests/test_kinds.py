"""What a question asks for, and what has it."""

import pytest

from qa.kinds import answers_kind, asked_kind, counts_another_thing


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How many people fled?", "number"),
        ("How far is Homs from Hama?", "number"),
        ("What is the population of Homs?", "number"),
        ("What distance was covered?", "number"),
        ("When did it fall?", "date"),
        ("In which year was it bought?", "date"),
        ("Who leads the group?", "person"),
        ("Whose army is it?", "person"),
        ("Why did it fall?", "other"),
        ("What happened?", "other"),
        ("How did they flee?", "other"),
    ],
)
def test_asked_kind(question: str, kind: str) -> None:
    assert asked_kind(question) == kind


@pytest.mark.parametrize(
    ("text", "question", "answers"),
    [
        ("280,000 people fled.", "How many fled?", True),
        ("Hundreds fled.", "How many fled?", True),
        ("No one fled by road.", "How many fled?", True),
        ("They fled by road.", "How many fled?", False),
        ("It fell on Thursday.", "When did it fall?", True),
        ("It fell in 2014.", "When did it fall?", True),
        ("It fell to the rebels.", "When did it fall?", False),
        ("Captain Jon Ferris thanked them.", "Who thanked them?", True),
        ("The captain thanked them.", "Who thanked them?", False),
        ("Port Hale thanked them.", "Who in Port Hale thanked them?", False),
        ("Anything at all.", "Why?", False),
    ],
)
def test_answers_kind(text: str, question: str, answers: bool) -> None:
    assert answers_kind(text, question) is answers


@pytest.mark.parametrize(
    ("answer", "question", "expected"),
    [
        ("There are two Russian bases at Hmeimim.", "How many aircraft are at Hmeimim?", True),
        ("There are two aircraft at Hmeimim.", "How many aircraft are at Hmeimim?", False),
        ("It has over 1.4 million.", "How many inhabitants does Homs have?", False),
        ("Some 280,000 individuals fled.", "How many people fled?", False),
        ("The ferry carried 212.", "How many passengers were there?", False),
        ("It is 46 miles away.", "How far is it?", False),
        ("HTS fighters are 5 km (3 miles) off.", "How many fighters are there?", True),
        ("The war has gone on for 13 years.", "How many years has it lasted?", False),
        ("It is 5 km off.", "How many kilometres is it?", False),
    ],
)
def test_what_is_counted_is_what_was_asked(answer: str, question: str, expected: bool) -> None:
    assert counts_another_thing(answer, question) is expected
