"""The check of a sentence against its quotes, one row a kind of error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.lexical import terms
from qa.facts import find_numbers, states_number
from qa.verify import (
    Known,
    belongs_to_another,
    check_sentence,
    is_turned_round,
    misses_question,
    required_names,
    unknown_names,
)

FERRY = (
    "The ferry Aurelia left Port Hale at 06:40 on Monday with 212 passengers, the Hale Harbour "
    "Office (HHO) said. Its engine failed nine kilometres off Cape Dorn."
)
COUNCIL = (
    "The town council of Port Hale voted on Tuesday to raise the harbour fee by 4 percent. "
    'Mayor Ruth Alder called the step "long overdue".'
)
HOW_MANY = "How many passengers were on the ferry?"
COMMON = frozenset(["the", "ferry", "council", "mayor", "captain", "passengers"])


@pytest.mark.parametrize(
    ("sentence", "quotes", "question", "verdict", "missing"),
    [
        # right
        ("The ferry had 212 passengers.", FERRY, HOW_MANY, "supported", ()),
        ("212", FERRY, HOW_MANY, "supported", ()),
        ("It failed nine kilometres off Cape Dorn.", FERRY, "Where did it fail?", "supported", ()),
        ('Ruth Alder called it "long overdue".', COUNCIL, "What was said?", "supported", ()),
        ("The harbour fee is raised 4%.", COUNCIL, "How much is it?", "supported", ()),
        # wrong number
        ("The ferry had 214 passengers.", FERRY, HOW_MANY, "unsupported", ("214",)),
        ("It left at 07:40.", FERRY, "When did it leave?", "unsupported", ("07:40",)),
        ("One million passengers left.", FERRY, HOW_MANY, "unsupported", ("One million",)),
        ("It failed 12km off Cape Dorn.", FERRY, "Where?", "unsupported", ("12",)),
        # right number, wrong unit
        ("It failed nine miles off Cape Dorn.", FERRY, "Where?", "unsupported", ("nine",)),
        ("The fee goes up 4 years.", COUNCIL, "How much is it?", "unsupported", ("4",)),
        # a name swapped for another
        ("The ferry Merel left Port Hale.", FERRY, "What left?", "unsupported", ("Merel",)),
        # a name that only the question has
        ("The ferry Merel left Port Hale.", FERRY, "Did the Merel go?", "partly", ("Merel",)),
        ("Jon Ferris raised the fee.", COUNCIL, "Who?", "unsupported", ("Jon", "Ferris")),
        # right number, but nobody of that name
        ("Ferris counted 212 passengers.", FERRY, HOW_MANY, "unsupported", ("Ferris",)),
        # an invented quotation
        ('Alder called it "a mistake".', COUNCIL, "What?", "unsupported", ("a mistake",)),
        ('Alder called it "a mistake', COUNCIL, "What?", "unsupported", ("a mistake",)),
        # an echo of what was asked
        (
            "Ruth Alder lowered the pension.",
            COUNCIL,
            "Did Ruth Alder lower the pension?",
            "unsupported",
            (),
        ),
        (
            "The council did raise the fee.",
            COUNCIL,
            "Did the council raise the fee?",
            "supported",
            (),
        ),
        # nothing of it
        ("Bananas are yellow fruit.", FERRY, "What?", "unsupported", ("Bananas",)),
        ("The ferry left.", "", "What left?", "unsupported", ()),
    ],
)
def test_verdicts(
    sentence: str, quotes: str, question: str, verdict: str, missing: tuple[str, ...]
) -> None:
    check = check_sentence(sentence, quotes, question=question, known=Known(common_words=COMMON))
    assert (check.verdict, check.missing) == (verdict, missing)
    assert 0 <= check.support <= 1


@pytest.mark.parametrize(
    ("sentence", "verdict"),
    [
        ("The vote is on 4 March 2025.", "supported"),
        ("The vote is on March 4, 2025.", "supported"),
        ("The vote is on 4 March 2024.", "unsupported"),
        ("The vote of 2025 is on 4 March.", "unsupported"),
    ],
)
def test_the_year_of_an_article_completes_its_dates(sentence: str, verdict: str) -> None:
    known = Known(years=frozenset([2025]))
    check = check_sentence(sentence, "The vote is on 4 March.", question="When?", known=known)
    assert check.verdict == verdict


@pytest.mark.parametrize(
    ("sentence", "clause", "turned"),
    [
        ("Tennant thinks tablets can go.", "I would not throw any tablets away", True),
        ("Tennant would not throw tablets away.", "I would not throw any tablets away", False),
        ("The army hasn't left.", "The army has left", True),
        ("The army left.", "The army has left", False),
    ],
)
def test_a_denial_is_not_turned_round(sentence: str, clause: str, turned: bool) -> None:
    assert is_turned_round(sentence, clause) is turned


def test_words_that_the_quotes_put_otherwise_are_carried() -> None:
    question = "Who closed the wards?"
    sentence = "The office took the decision to shut them."
    quote = "The office ordered the closure of the wards."
    assert check_sentence(sentence, quote, question=question).verdict == "unsupported"
    known = Known(met_terms=frozenset(terms("decision took shut")))
    assert check_sentence(sentence, quote, question=question, known=known).verdict == "supported"


def test_a_name_that_the_question_spells_otherwise_is_the_quotes() -> None:
    asked = "What burned in the Karsund tunnel?"
    sentence = "A lorry burned in the Karsund tunnel."
    for quote, verdict in (
        ("A lorry burned in the Carsund tunnel.", "supported"),
        ("A lorry burned in the Mellin tunnel.", "partly"),
    ):
        assert check_sentence(sentence, quote, question=asked).verdict == verdict
    assert check_sentence(
        sentence, "A lorry burned in the Carsund tunnel.", question="What?"
    ).missing


def test_support_is_the_share_of_facts_and_words() -> None:
    check = check_sentence("The ferry had 214 passengers.", FERRY, question=HOW_MANY)
    # one fact of one is missing, and the only other word, 214, as well
    assert check.support == (0 + 0) / (1 + 1)
    check = check_sentence("Aurelia had 212 sailors.", FERRY, question=HOW_MANY)
    # both facts are there, one of the two other words isn't
    assert check.support == round((2 + 1 / 2) / (2 + 1), 3)


WORDS = ["the", "ferry", "left", "Port", "Hale", "with", "passengers", "on", "Cape", "Dorn"]
NUMBERS = st.one_of(
    st.integers(0, 3_000_000).map(str),
    st.integers(1000, 3_000_000).map("{:,}".format),
    st.sampled_from(["twelve", "ninety-one", "one million", "half a million", "two dozen"]),
    st.tuples(st.integers(1, 99), st.sampled_from(["km", " km", "bn", "%", "k", " miles"])).map(
        lambda pair: f"{pair[0]}{pair[1]}"
    ),
    st.tuples(st.integers(0, 23), st.integers(0, 59)).map(lambda t: f"{t[0]:02}:{t[1]:02}"),
)


@given(words=st.lists(st.sampled_from(WORDS), min_size=1, max_size=8), number=NUMBERS)
def test_a_number_that_is_not_in_the_quotes_is_never_supported(
    words: list[str], number: str
) -> None:
    sentence = f"{' '.join(words)} {number}."
    numbers = find_numbers(sentence)
    assert numbers
    check = check_sentence(sentence, FERRY, question=HOW_MANY, known=Known(common_words=COMMON))
    if not all(states_number(each, FERRY) for each in numbers):
        assert check.verdict == "unsupported"


@given(number=NUMBERS.filter(lambda text: not text.startswith(("9", "0", "6", "212"))))
def test_a_foreign_number_is_caught_however_it_is_written(number: str) -> None:
    sentence = f"The ferry Aurelia left Port Hale with {number} passengers."
    assert check_sentence(sentence, FERRY, question=HOW_MANY).verdict == "unsupported"


@pytest.mark.parametrize(
    ("question", "unknown"),
    [
        ("Where is the Aurelia?", ()),
        ("Where is the Aurelia’s captain?", ()),
        ("Where is the Aurellia?", ()),  # a typing error is let pass
        ("Where is the Titanic?", ("Titanic",)),
        ("Did Paris or the Titanic sink?", ("Paris", "Titanic")),
        ("Tell me about the Aurelia.", ()),
        ("Describe the ferry.", ()),
        ("I'm curious: why did it fail?", ()),
        ("What did the US say?", ()),
        ("What did the U.S. say?", ()),
        ("what did paris say?", ()),
    ],
)
def test_unknown_names(question: str, unknown: tuple[str, ...]) -> None:
    words = frozenset(["the", "ferry", "aurelia", "left", "port", "hale", "u", "s", "said"])
    assert unknown_names(question, words, COMMON) == unknown


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("Who is Russia's foreign minister?", ("Russia",)),
        ("Who is Russia’s foreign minister?", ("Russia",)),
        ("Who is the president of Turkey?", ("Turkey",)),
        ("Who is the prime minister of the Netherlands?", ("Netherlands",)),
        ("What is the population of Homs?", ("Homs",)),
        ("Who is Syria's president of Syria?", ("Syria",)),
        ("Who fled Homs?", ()),
        ("Which ward at St Osyth's was to open?", ()),
    ],
)
def test_required_names(question: str, names: tuple[str, ...]) -> None:
    assert required_names(question) == names


SABBAGH = "Syria's foreign minister, Bassam Sabbagh, met the foreign ministers of Iraq and Iran."


@pytest.mark.parametrize(
    ("answer", "quotes", "lead", "question", "wrong"),
    [
        (
            "Bassam Sabbagh is the foreign minister.",
            SABBAGH,
            "Homs falls",
            "Who is Russia's foreign minister?",
            "What was found is not about Russia.",
        ),
        ("Bassam Sabbagh.", SABBAGH, SABBAGH, "Who is Syria's foreign minister?", None),
        ("Bassam Sabbagh.", SABBAGH, SABBAGH, "Who is the Syrian foreign minister?", None),
        ("It left on Monday.", FERRY, FERRY, "When did it leave?", None),
        ("It failed off Cape Dorn.", "It failed.", FERRY, "Did the Aurelia fail?", None),
    ],
)
def test_misses_question(
    answer: str, quotes: str, lead: str, question: str, wrong: str | None
) -> None:
    assert misses_question(answer, quotes, lead, question=question) == wrong


@pytest.mark.parametrize(
    ("answer", "question", "reason"),
    [
        ("Port Hale is Port Hale.", "What is Port Hale?", "repeats the question"),
        ("The ferry left Port Hale.", "Did the ferry leave Port Hale?", None),
        ("The ferry Aurelia left Port Hale.", "Which ferry left Port Hale?", None),
    ],
)
def test_an_answer_brings_something(answer: str, question: str, reason: str | None) -> None:
    found = misses_question(answer, FERRY, question=question)
    assert (found is None) if reason is None else (found is not None and reason in found)


@pytest.mark.parametrize(
    ("question", "quotes", "expected"),
    [
        ("Who is Iran's foreign minister?", "Syrian Foreign Minister Al Sab met Iranians.", True),
        ("Who is Iran's foreign minister?", "The Iranian foreign minister Al Sab spoke.", False),
        ("Who is Syria's foreign minister?", "Syria's foreign minister, Al Sab, spoke.", False),
        ("Who is Iran's foreign minister?", "In Iran the foreign minister is Al Sab.", False),
        ("Who leads Iran?", "Syrian Foreign Minister Al Sab.", False),
    ],
)
def test_what_belongs_to_another_is_no_answer(question: str, quotes: str, expected: bool) -> None:
    assert (belongs_to_another(question, quotes) is not None) is expected
