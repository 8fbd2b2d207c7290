"""Text files: front matter, the text exactly as it lies, and what is refused and why."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.errors import FormatError
from index.formats import Extracted
from index.formats.text import MOST_FRONT_MATTER_CHARACTERS, Text

BOM = "\ufeff"
GERMAN = "Die Fähre lief früh aus dem Hafen aus. „Niemand wurde verletzt“, sagte der Kapitän. "
RUSSIAN = "Паром вышел из порта в шесть часов утра, на борту было более ста пассажиров. "


def read(content: str | bytes) -> Extracted:
    raw = content if isinstance(content, bytes) else content.encode()
    (found,) = Text().extract(io.BytesIO(raw))
    return found


@pytest.mark.parametrize(
    ("written", "fact", "expected"),
    [
        ("author: Ida Brook", "author", "Ida Brook"),
        ("Author: By Ida Brook", "author", "Ida Brook"),
        ("author: [Ida Brook, Jon Ferris]", "author", "Ida Brook, Jon Ferris"),
        ("authors:\n  - Ida Brook\n  - name: Jon Ferris", "author", "Ida Brook, Jon Ferris"),
        ("byline: Ida Brook", "author", "Ida Brook"),
        ("author: []", "author", None),
        ("author: null", "author", None),
        ("writer: Ida Brook", "author", None),
        ("outlet: Gazette", "outlet", "Gazette"),
        ("source: Gazette", "outlet", "Gazette"),
        ("publisher:\n  name: Gazette", "outlet", "Gazette"),
        ("headline: Ferry towed back", "title", "Ferry towed back"),
        ("headline: Second\ntitle: First", "title", "First"),
        ("title: '  From\n  above '", "title", "From above"),
        ("title: ~", "title", None),
        # YAML would make a bool and numbers of these.
        ("title: No", "title", "No"),
        ("title: 1984", "title", "1984"),
        ("title: 3:2", "title", "3:2"),
        ('title: "half a \\ud83d"', "title", "half a \ufffd"),
        ("title: " + "word " * 300, "title", None),
        ("url: https://example.org/a?b=c", "url", "https://example.org/a?b=c"),
        ("link: http://example.org/", "url", "http://example.org/"),
        ("url: javascript:alert(1)", "url", None),
        ("url: https://example.org/two words", "url", None),
        ("lang: en-GB", "language", "en"),
        ("language: AR", "language", "ar"),
        ("language: English", "language", None),
    ],
)
def test_facts_of_the_front_matter(written: str, fact: str, expected: str | None) -> None:
    assert getattr(read(f"---\n{written}\n---\nText.\n"), fact) == expected


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", BOM])
def test_front_matter_ends_where_the_body_begins(newline: str, mark: str) -> None:
    front = mark + newline.join(["---", "title: Ferry", "outlet: Gazette", "---", ""])
    body = newline.join(["", "The ferry left.", ""])
    found = read(front + body)
    assert (found.title, found.outlet) == ("Ferry", "Gazette")
    assert found.body_start == len(front)
    assert found.text == front + body


@pytest.mark.parametrize(
    "content",
    [
        "---\n\nThe ferry left.\n",  # no closing line
        "---\ntitle: Ferry\n\nThe ferry left.\n",
        "---\nThe ferry left.\n---\nIt came back.\n",  # a rule above and below
        "---\n- one\n- two\n---\nIt came back.\n",
        "\n---\ntitle: Ferry\n---\nIt came back.\n",  # not at the very top
        "----\ntitle: Ferry\n----\nIt came back.\n",
        "--- title: Ferry\n---\nIt came back.\n",
        "---\ntitle: Ferry\n" + "# \n" * MOST_FRONT_MATTER_CHARACTERS + "---\nIt came back.\n",
    ],
)
def test_what_is_no_front_matter_stays_in_the_body(content: str) -> None:
    found = read(content)
    assert (found.body_start, found.title, found.outlet, found.published) == (0, None, None, None)
    assert read(BOM + content).body_start == len(BOM)


def test_empty_front_matter_is_front_matter() -> None:
    assert read("---\n---\nThe ferry left.\n").body_start == len("---\n---\n")


def test_aliases_that_would_fill_the_memory() -> None:
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    lines = ["a0: &a0 x", *levels, "title: *a29"]
    assert read("\n".join(["---", *lines, "---", "Text.", ""])).title is None


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "It is empty."),
        (b" \n\t\r\n ", "It is empty."),
        ("\u00a0\u2003\n", "It is empty."),
        (BOM, "It is empty."),
        (f"{BOM} \n", "It is empty."),
        ("---\ntitle: Ferry\n---\n", "It has front matter but no text below it."),
        ("---\ntitle: Ferry\n---\n \n\n", "It has front matter but no text below it."),
        ("Köln".encode("latin-1"), "It is not UTF-8 text (byte 2 can't be read). Save it again"),
        (GERMAN.encode("cp1252"), "it looks like Windows-1252. Save it again"),
        (RUSSIAN.encode("cp1251"), "it looks like Windows-1251. Save it again"),
        (RUSSIAN.encode("koi8_r"), "it looks like KOI8-R. Save it again"),
        (GERMAN.encode() + b"\n\nCaf\xe9.", "but for line 3, which has bytes of another encoding."),
        ("Ferry".encode("utf-16"), "It is UTF-16 text, not UTF-8. Save it again"),
        ("Ferry".encode("utf-16-le"), "It is UTF-16 text, not UTF-8. Save it again"),
        ("Ferry".encode("utf-32"), "It is UTF-32 text, not UTF-8. Save it again"),
        ("Ferry".encode("utf-16") + b"\0", "It is not text"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\xff" * 40, "It is not text"),
        (b"\x7fELF\x02\x01\x01\0\0", "It is not text"),
        (b"The ferry\0left.", "It is not text"),
        (b"The ferry left." * 100 + b"\0", "It is not text"),
        (b"The ferry \x1b[31mleft.", "It is not text"),
        ('---\ntitle: "Ferry\n---\nText.\n', "Its front matter can't be read: "),
        ("---\ntitle: a: b\n---\nText.\n", "in line 2."),
        ("---\noutlet: Gazette\ntitle: [a\n---\nText.\n", "in line 4."),
        ("---\n? {a: b}\n: c\n---\nText.\n", "Its front matter can't be read: "),
        ("---\nauthor: &a [*a]\n---\nText.\n", "Its front matter can't be read: "),
        ("---\ntitle: \u0080\n---\nText.\n", "Its front matter can't be read: "),
        ("---\ntitle: " + "[" * 5000 + "\n---\nText.\n", "Its front matter can't be read: "),
    ],
)
def test_what_is_refused_says_why(content: str | bytes, reason: str) -> None:
    with pytest.raises(FormatError) as error:
        read(content)
    assert reason in str(error.value)
    assert str(error.value).endswith(".")


@settings(max_examples=200, deadline=None)
@given(raw=st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-16")))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        found = read(raw)
    except FormatError as error:
        assert str(error).endswith(".")
    else:
        assert found.text.encode() == raw


@pytest.mark.parametrize(
    "content",
    [
        "One.\r\nTwo.\rThree.\n\u2028Four.\x85Five.\f",
        "غادرت العبارة الميناء. \u200fמעבורת\u202e.",
        "e\u0301 and \ufb01 and 👩‍👩‍👧",
    ],
)
def test_the_text_is_never_rewritten(content: str) -> None:
    assert read(content).text == content
