"""CSV files: columns by name, whatever lies between them; bad rows are told, the others read."""

import csv
import io
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.errors import FormatError
from index.formats import BadRecord, Extracted
from index.formats.csv_records import Csv
from index.formats.records import MOST_RECORD_CHARACTERS

CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


def read(content: str | bytes) -> list[Any]:
    raw = content if isinstance(content, bytes) else content.encode()
    return list(Csv().extract(io.BytesIO(raw)))


def written(rows: list[list[str]], delimiter: str = ",") -> str:
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter).writerows(rows)
    return file.getvalue()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_delimiters_and_encodings(delimiter: str, encoding: str) -> None:
    rows = [
        ["ID", "Headline", "Full Text", "Publish Date", "Newspaper", "Byline", "URL", "Note"],
        ["1", 'The "Aurelia", towed; back\there', "Die Fähre.\n\nSie |kam| zurück.", "2024-12-06"],
        ["2", "Pier closed", "Closed.", "6.12.2024", "", "", "", ""],
    ]
    rows[1] += ["Gazette", "By Ida Brook", "https://example.org/1", "x"]
    first, second = read(written(rows, delimiter).encode(encoding))
    assert first == Extracted(
        text="Die Fähre.\n\nSie |kam| zurück.",
        title='The "Aurelia", towed; back here',
        outlet="Gazette",
        author="Ida Brook",
        published=date(2024, 12, 6),
        url="https://example.org/1",
        record="1",
    )
    assert (second.record, second.outlet, second.published) == ("2", None, date(2024, 12, 6))


def test_rows_without_a_key_are_told_by_the_line_they_begin_on() -> None:
    found = read('text,title\r\n"One,\r\ntwo",a\r\n\r\n,\r\nThree,b')
    assert [(each.record, each.text) for each in found] == [
        ("line 2", "One,\r\ntwo"),
        ("line 6", "Three"),
    ]


def test_a_single_column_is_enough() -> None:
    assert [each.text for each in read("text\nOne\nTwo\n")] == ["One", "Two"]


def test_of_columns_with_one_name_the_first_counts() -> None:
    assert read("text,Text\nOne,Two\n")[0].text == "One"


def test_bad_rows_are_told_and_the_others_read() -> None:
    content = (
        b"id,title,text\n"
        b"1,One,Text one.\n"
        b"2,Two,Text, with a comma\n"
        b"3,Three\n"
        b"4,Four,Caf\xe9\n"
        b'5,"Said "yes" to it",Text.\n'
        b"6,Six,\n"
        b"7,Seven,NUL\0\n"
        b"1,One again,Text.\n"
        b"8,Eight,Text eight.,,\n"
        b'9,Nine,"It never ends.\n'
        b"10,Ten,Text ten.\n"
        b'11,"Eleven",Text eleven.\n'
    )
    found = read(content)
    good = {each.record: each.text for each in found if isinstance(each, Extracted)}
    assert good == {"1": "Text one.", "8": "Text eight.", "10": "Text ten.", "11": "Text eleven."}
    reasons = [(each.record, each.reason) for each in found if isinstance(each, BadRecord)]
    expected = [
        ("line 3", "It has 4 fields, and the header has 3."),
        ("line 4", "It has 2 fields, and the header has 3."),
        ("line 5", "It has bytes that are not UTF-8."),
        ("line 6", "It can't be read as CSV: "),
        ("line 7", "It has no text under any of the usual names"),
        ("line 8", "Its text has NUL characters; it is no text."),
        ("line 9", 'Its id or address, "1", is that of line 2.'),
        ("line 11", "It can't be read as CSV: "),
    ]
    assert [place for place, _ in reasons] == [place for place, _ in expected]
    for (_, reason), (_, begin) in zip(reasons, expected, strict=True):
        assert reason.startswith(begin)


def test_big_fields_up_to_a_limit() -> None:
    big = "word " * 100_000  # over the csv module's own limit of 131,072
    too_big = "x" * (MOST_RECORD_CHARACTERS + 1)
    found = read(f"id,text\n1,{big}\n2,{too_big}\n3,Text.\n")
    assert [each.record for each in found if isinstance(each, Extracted)] == ["1", "3"]
    assert found[0].text == big
    assert found[1].record == "line 3"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "Its first line doesn't name a column for the text."),
        ("\n\n", "Its first line doesn't name a column for the text."),
        ("1,Title,Text without a header\n", "Its first line doesn't name a column for the text."),
        ("date,temperature\n2024-12-06,3\n", "the text one of these: text, body, content, article"),
        ("id,text\n", "It holds no records."),
        ("id,text\n" + "1,\n" * 100, "None of its first 100 records is an article."),
        (b"\xff\xfe\x00", "Its first line doesn't name a column for the text."),
    ],
)
def test_files_that_are_refused(content: str | bytes, reason: str) -> None:
    with pytest.raises(FormatError, match=reason):
        read(content)


@settings(max_examples=150, deadline=None)
@given(texts=st.lists(CELLS, min_size=1, max_size=6), delimiter=st.sampled_from(",;\t|"))
def test_texts_come_back_as_they_were(texts: list[str], delimiter: str) -> None:
    rows = [["id", "text"], *([str(n), text] for n, text in enumerate(texts))]
    kept = [text for text in texts if text.strip()]
    try:
        found = read(written(rows, delimiter))
    except FormatError:
        found = []
    assert [each.text for each in found if isinstance(each, Extracted)] == kept


@settings(max_examples=200, deadline=None)
@given(raw=st.binary(max_size=60) | st.text('"\n\r,;at\0', max_size=60).map(str.encode))
def test_nothing_but_records_and_reasons(raw: bytes) -> None:
    found = read(b"id,text\nfirst,Text.\n" + raw)
    assert found[0] == Extracted(text="Text.", record="first")
    for each in found:
        assert isinstance(each, Extracted | BadRecord)


@settings(max_examples=100, deadline=None)
@given(raw=st.binary(max_size=80))
def test_any_bytes(raw: bytes) -> None:
    try:
        read(raw)
    except FormatError as error:
        assert str(error).endswith(".")
