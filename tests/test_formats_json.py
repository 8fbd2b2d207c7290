"""JSON files: lists, single records and lines; the bad records are told, the others read."""

import io
import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.errors import FormatError
from index.formats import BadRecord, Extracted
from index.formats.json_records import Json, JsonLines
from index.formats.records import MOST_BAD_AT_FIRST, MOST_RECORD_CHARACTERS

FERRY = {"id": 7, "title": "Ferry towed back", "text": "The ferry left.\r\n\r\nIt came back."}
PIER = {"id": "p", "headline": "Pier closed", "body": "The pier is closed."}
# Mutations of a good file: what a broken transfer or a careless program leaves.
RECORDS = st.lists(
    st.dictionaries(
        st.sampled_from(["id", "url", "title", "text", "body", "published", "source"]),
        st.none() | st.text(max_size=30) | st.integers() | st.lists(st.text(max_size=5)),
    )
    | st.integers(),
    max_size=6,
)


def read(content: str | bytes, form: Json | JsonLines | None = None) -> list[Any]:
    raw = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    return list((form or Json()).extract(io.BytesIO(raw)))


def read_lines(*lines: str | bytes) -> list[Any]:
    raw = [line if isinstance(line, bytes) else line.encode() for line in lines]
    return read(b"\n".join(raw), JsonLines())


def records(found: list[Any]) -> list[str | None]:
    return [each.record for each in found if isinstance(each, Extracted)]


def test_all_the_facts() -> None:
    record = {
        **FERRY,
        "link": "https://example.org/ferry",
        "publishedAt": "2024-12-06T08:00:00Z",
        "source": {"id": None, "name": "Gazette"},
        "authors": [{"name": "Ida Brook"}, "Jon Ferris"],
        "lang": "en-GB",
        "views": [1, 2],
    }
    assert read(json.dumps([record])) == [
        Extracted(
            text="The ferry left.\r\n\r\nIt came back.",
            title="Ferry towed back",
            outlet="Gazette",
            author="Ida Brook, Jon Ferris",
            published=date(2024, 12, 6),
            url="https://example.org/ferry",
            language="en",
            record="7",
        )
    ]


@pytest.mark.parametrize(
    "wrap",
    [
        lambda found: found,
        lambda found: {"articles": found, "totalResults": 2},
        lambda found: {"status": "ok", "Items": found},
        lambda found: {"data": found},
        lambda found: {"results": found},
        lambda found: {"response": {"total": 2, "results": found}},
        lambda found: {"data": {"articles": found}, "text": ""},
    ],
)
def test_where_the_list_may_lie(wrap: Callable[[Any], Any]) -> None:
    assert records(read(json.dumps(wrap([FERRY, PIER])))) == ["7", "p"]


@pytest.mark.parametrize("wrap", [lambda found: found, lambda found: {"data": found}])
def test_a_single_record_needs_no_key(wrap: Callable[[Any], Any]) -> None:
    (found,) = read(json.dumps(wrap({**FERRY, "items": [1]}), indent=2))
    assert (found.title, found.record) == ("Ferry towed back", None)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_encodings(encoding: str) -> None:
    content = json.dumps([{"id": "ñ", "text": "Die Fähre ⛴️ — عبارة"}], ensure_ascii=False)
    assert read(content.encode(encoding))[0].text == "Die Fähre ⛴️ — عبارة"
    if not encoding.endswith(("le", "be")):
        lines = content[1:-1].encode(encoding)
        assert read(lines, JsonLines())[0].record == "ñ"


def test_how_records_are_told_apart() -> None:
    text = {"text": "Text."}
    several = [
        {**text, "id": 1},
        {**text, "_id": {"$oid": "65a1"}},
        {**text, "guid": "g", "url": "https://example.org/g"},
        {**text, "id": "", "url": "https://example.org/u"},
        text,
        {**text, "id": "1"},
        {**text, "url": "https://example.org/u"},
        {**text, "id": "record 5"},
    ]
    found = read(json.dumps(several))
    assert records(found) == ["1", "65a1", "g", "https://example.org/u", "record 5"]
    assert [each for each in found if isinstance(each, BadRecord)] == [
        BadRecord("record 6", 'Its id or address, "1", is that of record 1.'),
        BadRecord("record 7", 'Its id or address, "https://example.org/u", is that of record 4.'),
        BadRecord("record 8", 'Its id or address, "record 5", is that of record 5.'),
    ]


def test_bad_lines_are_told_and_the_others_read() -> None:
    found = read_lines(
        json.dumps(FERRY),
        '{"id": 8, "text": "It ends',
        "",
        "  ",
        "[1, 2]",
        '"Text."',
        "null",
        '{"id": 9, "title": "No text"}',
        '{"id": 10, "text": " "}',
        b'{"id": 11, "text": "Caf\xe9"}',
        '{"id": 12, "text": "NUL \\u0000"}',
        b'{"id": 13, "text": "NUL \0"}',
        '{"id": 14, "text": "deep", "more": ' + "[" * 200_000 + "}",
        '{"id": 15, "text": "long", "more": ' + "9" * 5000 + "}",
        json.dumps(PIER) + "\r",
    )
    assert records(found) == ["7", "p"]
    reasons = {each.record: each.reason for each in found if isinstance(each, BadRecord)}
    expected = {
        "line 2": "It is not valid JSON: ",
        "line 5": "It is no record with named fields.",
        "line 6": "It is no record with named fields.",
        "line 7": "It is no record with named fields.",
        "line 8": "It has no text under any of the usual names (text, body, content, article).",
        "line 9": "It has no text under any of the usual names (text, body, content, article).",
        "line 10": "It has bytes that are not UTF-8.",
        "line 11": "Its text has NUL characters; it is no text.",
        "line 12": "It is not valid JSON: ",
        "line 13": "It is not valid JSON: its values lie too deep in one another.",
        "line 14": "It is not valid JSON: ",
    }
    assert list(reasons) == list(expected)
    assert all(reasons[place].startswith(reason) for place, reason in expected.items()), reasons


def test_lines_in_a_file_named_json() -> None:
    content = f"{json.dumps(FERRY)}\n{json.dumps(PIER)}\n"
    assert records(read(content)) == ["7", "p"]


def test_a_line_that_never_ends_is_passed_over() -> None:
    long = '{"text": "' + "x" * (2 * MOST_RECORD_CHARACTERS + 5) + '"}'
    found = read_lines(json.dumps(FERRY), long, json.dumps(PIER))
    assert records(found) == ["7", "p"]
    assert found[1] == BadRecord("line 2", "It has more than 10,000,000 characters.")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "It is empty."),
        (" \n", "It is empty."),
        ("[]", "It holds no records."),
        ('{"articles": []}', "It holds no records."),
        ('{"id": 1}', "It has no text under any of the usual names"),
        ("{}", "It has no text under any of the usual names"),
        ("null", "It is no record with named fields."),
        ("17", "It is no record with named fields."),
        ('"Text."', "It is no record with named fields."),
        ('[{"text": "Text."},]', "It is not valid JSON: "),
        ('[{"text":\n"Text"', "(line 2, column 7)"),
        ("[1] [2]", "It is not valid JSON: Extra data"),
        ("[" * 200_000, "It is not valid JSON: its values lie too deep"),
        ("[" + "9" * 5000 + "]", "It is not valid JSON: "),
        (b'[{"text": "Caf\xe9"}]', "It has bytes that are not UTF-8."),
        ('{"articles": ' * 900 + "[]" + "}" * 900, "It holds no records."),
    ],
)
def test_files_that_are_refused(content: str | bytes, reason: str) -> None:
    with pytest.raises(FormatError) as error:
        read(content)
    assert reason in str(error.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "It holds no records."),
        ("\n \n", "It holds no records."),
        (json.dumps([FERRY], indent=2), "It is one list, not a record a line."),
        ('{"level": "info"}\n' * MOST_BAD_AT_FIRST, "None of its first 100 records is an article."),
    ],
)
def test_lines_that_are_refused(content: str, reason: str) -> None:
    with pytest.raises(FormatError, match=reason):
        read(content, JsonLines())


def test_many_bad_lines_after_a_good_one_are_all_told() -> None:
    found = read_lines(json.dumps(FERRY), *["{}"] * (2 * MOST_BAD_AT_FIRST))
    assert len(found) == 1 + 2 * MOST_BAD_AT_FIRST
    few = read_lines(*["{}"] * (MOST_BAD_AT_FIRST - 1), json.dumps(FERRY))
    assert [each.record for each in few[-2:]] == ["line 99", "7"]


def test_the_file_is_left_open_and_can_be_left_halfway() -> None:
    file = io.BytesIO(b'{"text": "One."}\n{"text": "Two."}\n')
    reading = JsonLines().extract(file)
    assert next(reading) == Extracted(text="One.", record="line 1")
    del reading
    assert not file.closed
    reading = JsonLines().extract(file)
    next(reading)
    file.close()
    del reading  # would warn if it minded


@settings(max_examples=200, deadline=None)
@given(found=RECORDS, at=st.integers(0, 400), byte=st.binary(max_size=2), data=st.data())
def test_nothing_but_records_and_reasons(found: Any, at: int, byte: bytes, data: Any) -> None:
    form = data.draw(st.sampled_from([Json(), JsonLines()]))
    if isinstance(form, Json):
        raw = json.dumps(found).encode()
    else:
        raw = "\n".join(map(json.dumps, found)).encode()
    at = min(at, len(raw))
    try:
        results = read(raw[:at] + byte + raw[at + len(byte) :], form)
    except FormatError as error:
        assert str(error).endswith(".")
        return
    for each in results:
        assert isinstance(each, Extracted | BadRecord)
        assert each.record != "" and (not isinstance(each, Extracted) or each.text.strip())


@settings(max_examples=100, deadline=None)
@given(raw=st.binary(max_size=80))
def test_any_bytes(raw: bytes) -> None:
    for form in (Json(), JsonLines()):
        try:
            read(raw, form)
        except FormatError as error:
            assert str(error).endswith(".")
