"""PDFs written by hand, line by line, and what becomes of their lines."""

import io
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.errors import FormatError
from index.formats.base import Extracted
from index.formats.pdf import MOST_PAGES, MOST_STREAM_BYTES, Pdf
from index.formats.pdf_layout import Run, build_lines

LEADING = 12.0


@dataclass(frozen=True)
class Put:
    """A line of text at a place of a page, in a font's size."""

    text: str
    x: float = 70.0
    y: float = 0.0
    size: float = 10.0
    bold: bool = False


def paragraph(*lines: str, top: float, x: float = 70.0, indent: float = 0.0) -> list[Put]:
    return [
        Put(line, x=x + (0 if number else indent), y=top - LEADING * number)
        for number, line in enumerate(lines)
    ]


def content(puts: Iterable[Put]) -> bytes:
    lines = [
        f"BT /F{1 + put.bold} {put.size} Tf 1 0 0 1 {put.x} {put.y} Tm "
        f"<{put.text.encode('cp1252').hex()}> Tj ET"
        for put in puts
    ]
    return "\n".join(lines).encode()


def pdf(*pages: Sequence[Put] | bytes, info: str = "") -> bytes:
    """A PDF with these pages; bytes are a page's content stream as it is."""
    streams = [page if isinstance(page, bytes) else content(page) for page in pages]
    kids = " ".join(f"{6 + 2 * number} 0 R" for number in range(len(streams)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(streams)} >>".encode(),
        font("Helvetica"),
        font("Helvetica-Bold"),
        f"<< {info} >>".encode(),
    ]
    for number, stream in enumerate(streams):
        packed = zlib.compress(stream)
        objects += [
            (
                f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {7 + 2 * number}"
                " 0 R /Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>"
            ).encode(),
            f"<< /Length {len(packed)} /Filter /FlateDecode >> stream\n".encode()
            + packed
            + b"\nendstream",
        ]
    return assembled(objects)


def font(name: str) -> bytes:
    encoding = "/Encoding /WinAnsiEncoding"
    return f"<< /Type /Font /Subtype /Type1 /BaseFont /{name} {encoding} >>".encode()


def assembled(objects: Sequence[bytes]) -> bytes:
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, each in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + each + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{place:010} 00000 n \n".encode() for place in places)
    out += f"trailer << /Size {len(objects) + 1} /Root 1 0 R /Info 5 0 R >>\n".encode()
    return bytes(out + f"startxref\n{start}\n%%EOF\n".encode())


def read(raw: bytes, most_seconds: float = 60.0) -> Extracted:
    reader = Pdf()
    reader.most_seconds = most_seconds
    (article,) = reader.extract(io.BytesIO(raw))
    return article


def reason(raw: bytes, **options: float) -> str:
    with pytest.raises(FormatError) as caught:
        read(raw, **options)
    return str(caught.value)


FIRST = (
    "The ferry Aurelia left Port Hale at 06:40 on Monday with",
    "212 passengers, the Hale Harbour Office (HHO) said. Its",
    "engine failed off Cape Dorn.",
)
SECOND = (
    "Captain Jon Ferris said that nobody was hurt. He thanked",
    "the crew of the cutter Merel, which towed the ferry back",
    "to the harbour by 13:15.",
)
FULL = "Captain Jon Ferris said that nobody of the crew was hurt."


def test_paragraphs_with_space_between() -> None:
    lines = [*paragraph(*FIRST, top=800), *paragraph(*SECOND, top=745)]
    assert read(pdf(lines)).text.split("\n\n") == [" ".join(FIRST), " ".join(SECOND)]


def test_paragraphs_with_indents_and_full_last_lines() -> None:
    lines = [
        *paragraph(*FIRST[:2], FULL, top=800),
        *paragraph(*SECOND, top=800 - 3 * LEADING, indent=12),
    ]
    assert read(pdf(lines)).text.split("\n\n") == [" ".join([*FIRST[:2], FULL]), " ".join(SECOND)]


def test_a_short_last_line_ends_a_paragraph() -> None:
    lines = paragraph(*FIRST, *SECOND, top=800)
    assert read(pdf(lines)).text.split("\n\n") == [" ".join(FIRST), " ".join(SECOND)]


def test_headings_stand_alone() -> None:
    lines = [
        Put("Ferry towed home", y=820, size=20),
        Put("By Ida Brook", y=800),
        *paragraph(*FIRST, top=800 - LEADING),
        Put("What passengers said", y=800 - 4 * LEADING, bold=True),
        *paragraph(*SECOND, top=800 - 5 * LEADING),
    ]
    assert read(pdf(lines)).text.split("\n\n") == [
        "Ferry towed home",
        "By Ida Brook",
        " ".join(FIRST),
        "What passengers said",
        " ".join(SECOND),
    ]


def test_bullets_stand_alone() -> None:
    lines = [*paragraph(*FIRST[:2], "• Engine one: failed", "• Engine two: stopped", top=800)]
    assert read(pdf(lines)).text.split("\n\n")[1:] == [
        "• Engine one: failed",
        "• Engine two: stopped",
    ]


def test_a_sentence_goes_on_in_the_next_column() -> None:
    lines = [*paragraph(*FIRST[:2], top=100), *paragraph(FIRST[2], *SECOND, top=800, x=320)]
    assert read(pdf(lines)).text.split("\n\n") == [" ".join(FIRST), " ".join(SECOND)]


def test_a_sentence_goes_on_on_the_next_page_past_head_and_foot() -> None:
    def with_edges(number: int, *lines: Put) -> list[Put]:
        head = Put(f"The Hale Gazette, page {number}", y=830, size=8)
        return [head, *lines, Put(f"- {number} -", x=290, y=20, size=8)]

    pages = [
        with_edges(1, Put("Ferry towed home", y=805, size=20), *paragraph(*FIRST[:2], top=64)),
        with_edges(2, *paragraph(FIRST[2], top=800), *paragraph(*SECOND, top=700)),
        with_edges(3, *paragraph(FULL, top=800)),
    ]
    assert read(pdf(*pages)).text.split("\n\n") == [
        "Ferry towed home",
        " ".join(FIRST),
        " ".join(SECOND),
        FULL,
    ]


def test_a_title_that_later_pages_repeat_in_small_stays() -> None:
    pages = [
        [Put("Ferry towed home", y=800, size=20), *paragraph(*FIRST, top=700)],
        [Put("Ferry towed home", y=830, size=8), *paragraph(*SECOND, top=700)],
        [Put("Ferry towed home", y=830, size=8), *paragraph(*FIRST, top=700)],
    ]
    assert read(pdf(*pages)).text.count("Ferry towed home") == 1


@pytest.mark.parametrize(
    ("before", "after", "joined"),
    [
        ("the cease-", "fire held", "the cease-fire held"),
        ("from 1998 -", "a year", "from 1998 - a year"),
        ("in Deir ez-", "Zor on", "in Deir ez- Zor on"),
        ("the\u00adharbour of", "Port Hale", "theharbour of Port Hale"),
    ],
)
def test_lines_are_joined(before: str, after: str, joined: str) -> None:
    padding = "and so on and on for as long as lines are "
    assert joined in read(pdf(paragraph(padding + before, after + " today.", top=800))).text


def test_a_large_initial_belongs_to_its_word() -> None:
    initial = Put(SECOND[0][0], y=776, size=36)
    lines = paragraph(SECOND[0][1:], *SECOND[1:], top=800, x=100)
    text = " ".join(SECOND)
    assert read(pdf([initial, *lines])).text == text
    headline = Put("Ferry towed home", y=830, size=20)  # browsers write the initial before it
    assert read(pdf([initial, headline, *lines])).text == f"Ferry towed home\n\n{text}"


def test_pages_on_their_side() -> None:
    lines = (
        b"BT /F1 10 Tf 0 1 -1 0 100 70 Tm (The ferry left Port) Tj 0 -12 Td (Hale at noon.) Tj ET"
    )
    assert read(pdf(lines)).text == "The ferry left Port Hale at noon."


FROM_THE_LEFT = (".", "نعم", " :", "06:40", " ", "BBC", " ", "هيئة", " ", "قالت")


@pytest.mark.parametrize(
    ("texts", "step", "said"),
    [
        (FROM_THE_LEFT, 9, "قالت هيئة 06:40 BBC :نعم."),  # numbers and names keep their order
        (FROM_THE_LEFT[::-1], -9, "قالت هيئة BBC 06:40 :نعم."),
        (("Hale", " ", "Gazette", " ", "قالت"), 9, "Hale Gazette قالت"),
        (("ﻗﺎﻟﺖ",), 9, "قالت"),
        (("deﬁnition",), 9, "definition"),
    ],
)
def test_reading_order_and_forms_of_letters(texts: Sequence[str], step: int, said: str) -> None:
    runs = [Run(text, 300.0 + step * n, 800.0, 10.0, "") for n, text in enumerate(texts)]
    assert [line.text for line in build_lines(runs)] == [said]


def test_places_without_measure() -> None:
    huge = (
        b"BT /F1 10 Tf 1 0 0 1 1e200 1e200 Tm (One) Tj 1e300 0 0 1e300 1e300 1e300 Tm (Two) Tj ET"
    )
    assert "Two" in read(pdf(b"1e200 0 0 1e200 1e300 1e300 cm " + huge)).text


PLAIN = pdf(paragraph(*FIRST, top=800))


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("Ferry towed home", "Ferry towed home"),
        ("Microsoft Word - ferry.docx", None),
        ("ferry_final_v2.pdf", None),
        ("Untitled-1", None),
        ("about:blank", None),
        ("12345", None),
        ("", None),
    ],
)
def test_titles_that_somebody_gave(title: str, said: str | None) -> None:
    assert read(pdf(paragraph(*FIRST, top=800), info=f"/Title ({title})")).title == said


@pytest.mark.parametrize(
    ("author", "said"),
    [
        ("Ida Brook", "Ida Brook"),
        ("user", None),
        ("HALE\\\\\\\\ida", None),
        ("Administrator", None),
    ],
)
def test_authors_that_somebody_gave(author: str, said: str | None) -> None:
    assert read(pdf(paragraph(*FIRST, top=800), info=f"/Author ({author})")).author == said


@pytest.mark.parametrize(
    ("info", "published"),
    [
        ("/CreationDate (D:20250303182000+01'00')", date(2025, 3, 3)),
        ("/CreationDate (D:20250303) /ModDate (D:20250304)", date(2025, 3, 3)),
        ("/CreationDate (D:20250303) /ModDate (D:20260304)", None),
        ("/CreationDate (D:20250303) /Creator (Mozilla/5.0 \\(X11\\))", None),
        ("/CreationDate (D:16010101)", None),
        ("/CreationDate (Monday)", None),
        ("", None),
    ],
)
def test_days_that_may_be_those_of_publication(info: str, published: date | None) -> None:
    assert read(pdf(paragraph(*FIRST, top=800), info=info)).published == published


def encrypted(password: str) -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(PLAIN))
    writer.encrypt(password, owner_password="owner", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_one_that_opens_without_a_password_is_read() -> None:
    assert read(encrypted("")).text == " ".join(FIRST)


UNNAMED = b"BT /F9 10 Tf 70 800 Td <0102030405060708> Tj ET"  # a font that isn't there
RUNNING_HEADS = [[Put("Scanned by a machine", y=830)]] * 3


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "It is empty."),
        (b"%PDF-1.4 nothing", "damaged or cut short"),
        (b"%PDF-1.4\n%%EOF", "damaged or cut short"),
        (PLAIN[:-200], "damaged or cut short"),
        (b"<html>Not found</html>", "damaged or cut short"),
        (pdf(), "damaged or cut short"),
        (
            pdf([]),
            "It has 1 page but no text; it is probably a scan. Run it through text recognition",
        ),
        (pdf([], []), "It has 2 pages but no text"),
        (pdf(*RUNNING_HEADS), "It has 3 pages but no text"),
        (pdf(UNNAMED), "fonts"),
        (encrypted("secret"), "encrypted"),
        (pdf(*[b""] * (MOST_PAGES + 1)), "It has 2,001 pages; at most 2,000 are read."),
        (pdf(b" " * (2 * MOST_STREAM_BYTES) + b"BT (x) Tj ET"), "more than can be read"),
        (pdf(b"0 w " * 400_000 + b"BT (x) Tj ET"), "more than can be read"),
    ],
)
def test_what_cannot_be_read_has_its_reason(raw: bytes, said: str) -> None:
    assert said in reason(raw)


def test_no_file_takes_for_ever() -> None:
    assert "reasonable time" in reason(PLAIN, most_seconds=0)


def test_nothing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    raw = PLAIN.replace(b"startxref\n", b"startxref\n9")
    assert read(raw).text == " ".join(FIRST)
    assert caplog.records == []


@settings(max_examples=40, deadline=None)
@given(cut=st.integers(10, len(PLAIN)))
def test_one_cut_short_is_refused(cut: int) -> None:
    assert reason(PLAIN[:-cut]) in {"It is empty.", reason(b"%PDF-1.4")}


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_damaged_files_are_read_or_refused(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(PLAIN)))
    end = data.draw(st.integers(start, min(len(PLAIN), start + 50)))
    other = data.draw(
        st.binary(max_size=20) | st.sampled_from([b"<<", b"[", b"2 0 R", b"-1", b"("])
    )
    accept(PLAIN[:start] + other + PLAIN[end:])


@settings(max_examples=60, deadline=None)
@given(
    stream=st.binary(max_size=200)
    | st.text(alphabet="0123456789. -()<>[]/QqBTEjmcdfF'\"\n", max_size=200).map(str.encode)
)
def test_any_page_is_read_or_refused(stream: bytes) -> None:
    accept(pdf(b"BT /F1 10 Tf 70 800 Td (x) Tj ET " + stream))


def accept(raw: bytes) -> None:
    try:
        assert any(character.isalnum() for character in read(raw).text)
    except FormatError as error:
        assert str(error).endswith(".")
