"""Boilerplate: which lines are marked, which near misses aren't, and that nothing is changed."""

import hashlib

import pytest
from conftest import SHARED
from hypothesis import given
from hypothesis import strategies as st

from index.clean import mark_boilerplate

NOISE = [
    ("See also: Ten walks along the coast", "teaser"),
    ("See also\u00a0 Ten walks along the coast", "teaser"),
    ("See also  Ten walks along the coast", "teaser"),
    ("See also Ten walks along the coast", "teaser"),
    ("SEE ALSO", "teaser"),
    ("Also Read: Council raises the fee", "teaser"),
    ("Also read Council raises the fee", "teaser"),
    ("Read also: Council raises the fee", "teaser"),
    ("Read more: Council raises the fee.", "teaser"),
    ("Read more", "teaser"),
    ("Related: Council raises the fee", "teaser"),
    ("RELATED :", "teaser"),
    ("Related", "teaser"),
    ("Related articles", "teaser"),
    ("Related Stories:", "teaser"),
    ("Unlock the weekly letter for free", "newsletter"),
    ("Sign up for our daily newsletter", "newsletter"),
    ("Sign up to the morning newsletter here.", "newsletter"),
    ("Subscribe to get the latest posts sent to your email.", "newsletter"),
    ("Subscribe to our channel", "newsletter"),
    ("Subscribe to the morning newsletter", "newsletter"),
    ("Discover more from The Hale Gazette | Port News", "newsletter"),
    ("Leave a Reply", "comment form"),
    ("Leave a comment  ", "comment form"),
    ("Your email address will not be published. Required fields are marked *", "comment form"),
    ("Share this article", "share form"),
    ("Share on Facebook", "share form"),
    ("  \tSource link", "source link"),
    ("Advertisement", "advertisement"),
    ("ADVERTISEMENT", "advertisement"),
]
REPORTING = [
    "Related prosecutions followed in May.",
    "Related prosecutions followed in May",
    "Relatedly, the fee rose.",
    "See also the report of the harbour office, which counted 212 passengers.",
    "“See also the logbook,” he said.",
    "Also read aloud was the captain’s letter.",
    "Read more books, minister tells schools",
    "Read more than once, the letter was clear.",
    "Readers also sent money.",
    "The report says: see also: appendix B.",
    "He was told to leave a reply",
    "Leave a reply unanswered and nobody trusts you, she said.",
    "Unlock the gates for free movement, the crowd shouted.",
    "Subscribe to the theory or not, the numbers stand.",
    "Discover more from the sea, the captain told his crew.",
    "Share this story with nobody, the mayor wrote. It leaked.",
    "Advertisement revenue fell by 4 percent.",
    "Source links the mayor to the fee",
    "The source link",
    "Sign up for the cutter’s crew closed on Monday.",
]


@pytest.mark.parametrize(("line", "reason"), NOISE)
def test_marks(line: str, reason: str) -> None:
    text = f"The ferry left.\n{line}\r\nIt came back."
    spans = list(mark_boilerplate(text))
    assert [(text[span.start : span.end], span.reason) for span in spans] == [(line, reason)]


@pytest.mark.parametrize("line", REPORTING)
def test_near_misses_stay(line: str) -> None:
    assert list(mark_boilerplate(f"The ferry left.\n{line}\nIt came back.")) == []


def test_what_stands_before_the_start_is_not_looked_at() -> None:
    text = "Source link\nSource link\n"
    second = len("Source link\n")
    spans = list(mark_boilerplate(text, second))
    assert [(span.start, span.end) for span in spans] == [(second, second + len("Source link"))]


@given(
    st.lists(
        st.sampled_from([line for line, _ in NOISE] + REPORTING) | st.text(max_size=20), max_size=12
    ),
    st.sampled_from(["\n", "\r\n", "\n\n", "\r"]),
)
def test_spans_are_whole_lines_in_order(lines: list[str], newline: str) -> None:
    text = newline.join(lines)
    spans = list(mark_boilerplate(text))
    end = 0
    for span in spans:
        assert end <= span.start < span.end
        end = span.end
        assert not set(text[span.start : span.end]) & set("\r\n")
        assert span.start == 0 or text[span.start - 1] in "\r\n"
        assert span.end == len(text) or text[span.end] in "\r\n"
    noise = {line for line, _ in NOISE}
    assert len(spans) >= sum(line in noise for line in lines)


# The noise of the five articles, as (start, end, SHA-256 of the line): their text isn't ours.
SHARED_NOISE: dict[str, list[tuple[int, int, str]]] = {
    "000_be0e61268b82937a.txt": [],
    "001_cffe5325c70b2146.txt": [
        (3912, 4008, "756832a858b8bc6d0e1986fcef1e7989a6cb5530880ba3f68dd66e57c78f15cf"),
    ],
    "002_382ff6b67994ef67.txt": [
        (2827, 2919, "66127d52f9c468cf92ee3de75b95671724b3dafa0f446e0739b1c70dbf556ba6"),
        (4788, 4859, "ba0032e2a91cc4674516a294415509b058952b2b0812512c8bb4cc41d9439a8f"),
        (6402, 6467, "6903787bed17fe848f1a17c487162f00f9643a621e386492ca75e54cbbd81af2"),
        (6469, 6522, "76f6adf53ed5e0b587473306fa69bde79295bba21bb56d2dc1f098d8dba37e82"),
        (6524, 6537, "3b43fb1323e9100937bfa27ca9caf82297427b2123c07cf41fe45b6cf8ff2a68"),
        (6539, 6609, "3f2579370399746aa0d497246a162ba74ef5b665e756dce97b055abfc54edf76"),
    ],
    "003_21bed4f9cade4ac6.txt": [],
    "004_e917bff2ec9e9792.txt": [
        (75, 106, "b768df57497f508ea242944f88fb1288399840336a3b4a44476cb5a1b2da6785"),
        (3215, 3226, "4a31dee5b06f0dc7cda33087542ef5ffea17e008dd2d73e1d038373493eeb8a9"),
    ],
}


@pytest.mark.skipif(not (SHARED / "articles").is_dir(), reason="no shared articles here")
def test_in_the_shared_articles_exactly_the_noise_is_marked() -> None:
    found = {}
    for path in sorted((SHARED / "articles").glob("*.txt")):
        with path.open(encoding="utf-8", newline="") as file:
            text = file.read()
        found[path.name] = [
            (span.start, span.end, hashlib.sha256(text[span.start : span.end].encode()).hexdigest())
            for span in mark_boilerplate(text)
        ]
    assert found == SHARED_NOISE
