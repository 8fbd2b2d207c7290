"""One of each near-duplicate, and what only looks like one."""

import pytest

from index.passages import Passage
from qa.duplicates import group_duplicates
from qa.retrieve import RankedPassage

TEXT = (
    "The ferry Aurelia left Port Hale at 06:40 on Monday with 212 passengers, and was towed back "
    "by the cutter Merel some hours later after its engine had failed."
)


def ranked(*texts: str) -> list[RankedPassage]:
    return [
        RankedPassage(Passage(f"p{n}", f"a{n}", 0, 0, len(text), (), text, ""), 1 - n / 10)
        for n, text in enumerate(texts)
    ]


@pytest.mark.parametrize(
    ("other", "is_one"),
    [
        (TEXT, True),
        (TEXT.upper().capitalize(), False),  # its names can't be told from its words
        (TEXT.replace("some hours", "a few hours"), True),
        (TEXT.replace("212", "221"), False),
        (TEXT.replace("Merel", "Petrel"), False),
        (TEXT.replace("Port Hale", "Cape Dorn"), False),
        (TEXT[:90], False),
        ("The council raised the harbour fee.", False),
        ("", False),
    ],
)
def test_what_is_a_duplicate(other: str, is_one: bool) -> None:
    found = group_duplicates(ranked(TEXT, other))
    assert [each.passage.id for each in found] == (["p0"] if is_one else ["p0", "p1"])
    assert found[0].duplicates == (("p1",) if is_one else ())


def test_each_is_counted_with_the_best_of_its_kind() -> None:
    other = "Nobody was hurt, said Captain Jon Ferris, who thanked the crew of the cutter Merel."
    found = group_duplicates(ranked(TEXT, other, TEXT, other, TEXT))
    assert [(each.passage.id, each.duplicates) for each in found] == [
        ("p0", ("p2", "p4")),
        ("p1", ("p3",)),
    ]
    assert group_duplicates([]) == ()
