"""Facts of an article: their usual names, and values as people and programs write them."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.formats.fields import NAMES, by_name, day, line, read_facts, said

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["name", "$date", "x"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2024-12-06", date(2024, 12, 6)),
        (" 2024-12-06 ", date(2024, 12, 6)),
        ("2024-12-06T23:30:00+03:00", date(2024, 12, 6)),
        ("2024-12-06T23:30:00.000Z", date(2024, 12, 6)),
        ("2024-12-06 23:30:00", date(2024, 12, 6)),
        ("2024/12/06", date(2024, 12, 6)),
        ("6 December 2024", date(2024, 12, 6)),
        ("Dec 6, 2024", date(2024, 12, 6)),
        ("December 6, 2024 at 5:30 PM", date(2024, 12, 6)),
        ("Fri, 6 Dec 2024 22:00 EST", date(2024, 12, 6)),  # a time zone nobody can look up
        ("20241206", date(2024, 12, 6)),
        (20241206, date(2024, 12, 6)),
        ("20241206233000", date(2024, 12, 6)),
        ("2024-02-29", date(2024, 2, 29)),
        # Days between dots come first; between slashes it depends on the country.
        ("6.12.2024", date(2024, 12, 6)),
        ("06.12.2024 14:30", date(2024, 12, 6)),
        ("6/12/2024", None),
        ("06-12-2024", None),
        ("6/12/24", None),
        ("6/6/2024", date(2024, 6, 6)),
        ("12/25/2024", date(2024, 12, 25)),
        ("25/12/2024", date(2024, 12, 25)),
        # 19,000 days of 86,400 seconds after the first of January 1970.
        (19_000 * 86_400, date(2022, 1, 8)),
        (19_000 * 86_400.0 + 0.5, date(2022, 1, 8)),
        (str(19_000 * 86_400), date(2022, 1, 8)),
        (19_000 * 86_400_000, date(2022, 1, 8)),
        ({"$date": "2024-12-06T00:00:00Z"}, date(2024, 12, 6)),
        ({"$date": {"$numberLong": str(19_000 * 86_400_000)}}, date(2022, 1, 8)),
        # What leaves the year, the month or the day open is not a date.
        ("December 2024", None),
        ("2024", None),
        (2024, None),
        ("6 December", None),
        ("Friday", None),
        ("10:30", None),
        ("2024-13-45", None),
        ("2023-02-29", None),
        ("yesterday", None),
        ("0001-01-01T00:00:00", None),
        ("", None),
        ("null", None),
        ("99999999999999999999", None),
        ("2024-12-06" + " " * 100 + "!" * 100, None),
        (["2024-12-06", "2024-12-07"], None),
        ({"day": 6}, None),
        (True, None),
        (None, None),
        (float("nan"), None),
    ],
)
def test_day(written: Any, expected: date | None) -> None:
    assert day(written) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("  Two\n words ", "Two words"),
        (17, "17"),
        (17.0, "17"),
        (1.5, "1.5"),
        ("No", "No"),
        (["Ida Brook", {"name": "Jon Ferris"}, None, ""], "Ida Brook, Jon Ferris"),
        ({"id": None, "name": "Gazette"}, "Gazette"),
        ({"Name": "Gazette"}, "Gazette"),
        ({"$oid": "65a1"}, "65a1"),
        ("half \ud83d, NUL \0", "half \ufffd, NUL \ufffd"),
        ([["nested"]], None),
        ({"title": "x"}, None),
        ({}, None),
        ([], None),
        (True, None),
        (float("nan"), None),
        ("x" * 1001, None),
        (["x" * 600, "y" * 600], None),
    ],
)
def test_line(value: Any, expected: str | None) -> None:
    assert line(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (" Text.\n", " Text.\n"),
        (["One.", "Two."], "One.\n\nTwo."),
        (["One.", 2], None),
        ([], None),
        (" \n", None),
        ({"text": "Text."}, None),
        (17, None),
        (None, None),
    ],
)
def test_said(value: Any, expected: str | None) -> None:
    assert said(value) == expected


@pytest.mark.parametrize(
    ("fact", "name"), [(fact, name) for fact, names in NAMES.items() for name in names]
)
def test_no_name_means_two_facts(fact: str, name: str) -> None:
    assert [each for each, names in NAMES.items() if name in names] == [fact]


@pytest.mark.parametrize("name", ["publish_date", "publishDate", "Publish Date", "PUBLISH-DATE"])
def test_names_differ_in_letters_alone(name: str) -> None:
    assert read_facts(by_name({name: "2024-12-06"})).published == date(2024, 12, 6)


def test_the_first_usable_value_counts() -> None:
    record = {"headline": "Second", "title": " ", "published": True, "date": "2024-12-06"}
    facts = read_facts(by_name(record))
    assert (facts.title, facts.published) == ("Second", date(2024, 12, 6))
    assert by_name({"Title": "one", "title": "two"}) == {"title": "one"}


@settings(max_examples=300, deadline=None)
@given(value=VALUES)
def test_no_value_is_fatal(value: Any) -> None:
    for names in NAMES.values():
        read_facts(by_name(dict.fromkeys(names, value)))
    found = line(value)
    assert found is None or (found == " ".join(found.split()) and found.encode())
