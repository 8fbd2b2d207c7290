"""Numbers, names and quotations as they are found and compared."""

import pytest

from qa.facts import (
    concerns_name,
    find_facts,
    find_names,
    find_numbers,
    plain,
    states_name,
    states_number,
    states_quoted,
)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("280,000 people", [(280_000, None)]),
        ("1,400,000", [(1_400_000, None)]),
        ("1.4 million people", [(1.4 * 1e6, None)]),
        ("1.5bn", [(1.5 * 1e9, None)]),
        ("two hundred thousand", [(2 * 100 * 1000, None)]),
        ("twelve crew", [(12, None)]),
        ("Twenty-five miles", [(20 + 5, "mile")]),
        ("one-two", [(2, None)]),
        ("dozens of people", [(12.5, None)]),
        ("two dozen", [(2 * 12, None)]),
        ("a dozen", [(12, None)]),
        ("half a million", [(0.5 * 1e6, None)]),
        ("a hundred people, one hundred", [(100, None), (100, None)]),
        ("one million", [(1e6, None)]),
        ("tens of thousands", [(10_000.5, None)]),
        ("$3.5 billion", [(3.5 * 1e9, "money")]),
        ("US$40", [(40, "money")]),
        ("46 km", [(46, "km")]),
        ("46km", [(46, "km")]),
        ("a 46-kilometre road", [(46, "km")]),
        ("5 km (3 miles)", [(5, "km"), (3, "mile")]),
        ("by 13:15", [(13.15, None)]),
        ("06:40", [(6.4, None)]),
        ("in 2016", [(2016, None)]),
        ("8 December 2024, 12,", [(8, None), (2024, None), (12, None)]),
        ("2011-2016", [(2011, None), (2016, None)]),
        ("the 13th", [(13, None)]),
        ("20%", [(20, "percent")]),
        ("20 percent", [(20, "percent")]),
        ("20 per cent", [(20, "percent")]),
        ("12 per day", [(12, None)]),
        ("a thirteen-year war", [(13, "year")]),
        ("a 13-year-old", [(13, "year")]),
        ("2\u200b12 of 1\u00ad000", [(212, None), (1000, None)]),
        ("no one, or one of them", []),
        ("the M5 and a road", []),
    ],
)
def test_numbers(text: str, values: list[tuple[float, str | None]]) -> None:
    assert [(number.value, number.unit) for number in find_numbers(text)] == values


def test_a_number_is_kept_as_it_stands() -> None:
    assert [number.text for number in find_numbers("1.4 million of 280,000, at 13:15")] == [
        "1.4 million",
        "280,000",
        "13:15",
    ]


@pytest.mark.parametrize(
    ("number", "text", "stated"),
    [
        ("280,000", "280 thousand fled", True),
        ("1.1 million", "1,100,000 fled", True),
        ("twenty-five", "25 of them", True),
        ("25", "twenty or five of them", False),
        ("thirteen-year", "13 years", True),
        ("46 km", "46 kilometres away", True),
        ("46 km", "46 miles away", False),
        ("46 km", "46 away", True),
        ("46 km", "47 km away", False),
        ("46km", "12 km away", False),
        ("20%", "20 percent", True),
        ("20%", "20 years", False),
        ("$3.5 billion", "3.5 million", False),
        ("one million", "two million", False),
        ("13:15", "arrived at 13:15", True),
        ("13:15", "13 of the 15 crew", False),
        ("06:40", "at 6:40", True),
        ("2016", "in 2016.", True),
        ("16", "in 2016", False),
        ("dozens", "dozens of men", True),
        ("dozens", "12 men", False),
        ("hundreds of thousands", "hundreds of men, thousands of guns", False),
    ],
)
def test_stated_numbers(number: str, text: str, stated: bool) -> None:
    assert states_number(find_numbers(number)[0], text) is stated


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("The army left. Homs fell.", ["Homs"]),
        ("Residents fled to Homs. Residents said so", ["Homs"]),
        ("Iran's minister met Assad’s men", ["Iran", "Assad"]),
        ("the rebels' HTS", ["HTS"]),
        ("the U.S. army", ["U.S"]),
        ("U.N. officials of the UN", ["U.N", "UN"]),
        ("Abu Mohammed al-Golani said", ["Abu", "Mohammed", "Golani"]),
        ("in Deir ez-Zor", ["Deir", "Zor"]),
        ('He said: "Hama fell"', ["Hama"]),
        ("“Hama fell,” he said", ["Hama"]),
        ("Homs, Homs and Hama", ["Homs", "Hama"]),
        ("I'm sure. Don't go. Can’t we? It’s late.", []),
        ("Tell me: where is Homs?", ["Homs"]),
        ("Three ships and Twenty men", []),
        ("captain Jon Ferris", ["Jon", "Ferris"]),
        ("the Aure\u200blia of Port\u2060 Ha\u00adle", ["Aurelia", "Port", "Hale"]),
    ],
)
def test_names(text: str, names: list[str]) -> None:
    assert list(find_names(text, frozenset({"residents"}))) == names


def test_a_capital_at_a_sentences_start_is_a_name_unless_the_word_is_common() -> None:
    assert find_names("Rebels left.") == ("Rebels",)
    assert find_names("Rebels left.", frozenset({"rebels"})) == ()
    assert find_names("They saw Rebels.", frozenset({"rebels"})) == ("Rebels",)


@pytest.mark.parametrize(
    ("name", "text", "concerned", "stated"),
    [
        ("Russia", "Russian aircraft", True, False),
        ("Russian", "aircraft of Russia", True, False),
        ("Turkey", "Turkish troops", True, False),
        ("Turkish", "troops of Turkey", True, False),
        ("Lebanon", "Lebanese troops", True, False),
        ("Iran", "an Iranian official", True, False),
        ("Iraq", "the Iraqis", True, False),
        ("Russian", "the Russians", True, True),
        ("Aurelia", "the Aure\u200blia", True, True),
        ("Aure\u00adlia", "the Aurelia", True, True),
        ("Iran", "an Ira\u200bnian official", True, False),
        ("Iran", "Iraq", False, False),
        ("Iran", "Iraqi troops", False, False),
        ("Austria", "Australia", False, False),
        ("Austria", "Australian", False, False),
        ("Niger", "Nigeria", False, False),
        ("Ali", "Alice", False, False),
        ("Hama", "Hamas", False, False),
        ("Hamas", "Hama", False, False),
        ("Syria", "syria", True, True),
        ("US", "the U.S. army", True, True),
        ("U.S", "the U.S. army", True, True),
        ("U.S", "the US army", True, True),
        ("U.N", "the UN's food programme", True, True),
        ("Deir ez-Zor", "Deir ez Zor", True, True),
        ("Hay'at", "Hay’at Tahrir", True, True),
    ],
)
def test_names_compared(name: str, text: str, concerned: bool, stated: bool) -> None:
    assert (concerns_name(name, text), states_name(name, text)) == (concerned, stated)


@pytest.mark.parametrize(
    ("words", "text", "stated"),
    [
        ("long overdue", 'She called it "long overdue".', True),
        ("Long overdue", "long\noverdue", True),
        ("overdue, long", "long overdue", False),
        ("it’s overdue.", "It's overdue and more", True),
        ("policy.pdf", "as pol\u200bicy.pdf has it", True),
        ("difficult military situation", "difficult political and military situation", False),
    ],
)
def test_stated_quotations(words: str, text: str, stated: bool) -> None:
    assert states_quoted(words, text) is stated


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ('He said "we won" and "they lost".', ["we won", "they lost"]),
        ("He said “we\n won”.", ["we won"]),
        ('He said "we won. They', ["we won. They"]),
        ('They lost." he added', []),
        ("It's the rebels' win", []),
        (f'"{"word " * 60}"', [" ".join(["word"] * 60)]),
        # files and hosts, which are right in every letter or not at all
        ("See policy.pdf or www.gov.uk.", ["policy.pdf", "www.gov.uk"]),
        ("It left at 06.40 a.m. from the U.S. for 3.5 km.", []),
    ],
)
def test_quotations_found(text: str, quoted: list[str]) -> None:
    assert list(find_facts(text).quoted) == quoted


def test_facts_are_counted() -> None:
    facts = find_facts('The 46 km to Homs are "hard".')
    assert facts.count == 1 + 1 + 1


def test_plain_form() -> None:
    assert plain("Deir ez-Zor’s") == "deir ez zor"
    assert plain("the U.S. and U.N.’s men") == "the us and un's men"
