"""Nobody is said to have said what the quotes don't have them say."""

import pytest

from qa.speakers import unknown_speakers
from qa.verify import check_sentence

GAINED = "Last weekend, rebels gained control of Port Hale, a major city."


@pytest.mark.parametrize(
    ("sentence", "quotes", "unknown"),
    [
        ("The mayor of Port Hale said that rebels gained control.", GAINED, ("mayor",)),
        ("The mayor said so.", GAINED, ("mayor",)),
        ("Rebels gained control, said the mayor.", GAINED, ("mayor",)),
        ("According to the mayor, rebels gained control.", GAINED, ("mayor",)),
        ("The mayor, who fled, has confirmed it.", GAINED, ("mayor",)),
        ("The mayor said so.", "The mayor of the town said so.", ()),
        ("The mayor said so.", "“We lost it,” he said.", ()),  # named in the sentence before
        ("A spokeswoman said so.", "A spokesperson for the town said so.", ()),
        ("Officials said so.", "An official said so.", ()),
        ("The rebels gained control of the city.", GAINED, ()),
        ("The report said that rebels gained control.", GAINED, ()),  # what any article may be
        ("", "", ()),
    ],
)
def test_a_speaker_stands_in_the_quotes(sentence: str, quotes: str, unknown: tuple[str]) -> None:
    assert unknown_speakers(sentence, quotes) == unknown


def test_an_invented_speaker_is_not_supported_though_the_question_asked_for_one() -> None:
    question = "What did the mayor of Port Hale say?"
    sentence = "The mayor of Port Hale said that rebels gained control of the city."
    check = check_sentence(sentence, GAINED, question=question)
    assert (check.verdict, check.missing) == ("unsupported", ("mayor",))
    assert 0 <= check.support < 1
    carried = f"The mayor said that rebels gained control of Port Hale, the city. {GAINED}"
    assert check_sentence(sentence, carried, question=question).verdict == "supported"
