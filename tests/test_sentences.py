"""Sentences: where they end in news, that they tile the text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.sentences import MOST_WORDS, is_heading, split_sentences


def sentences_of(text: str) -> list[str]:
    return [text[first:last] for first, last in split_sentences(text, 0, len(text))]


# Each line: its sentences, divided by " | ".
RIGHT = """
The U.S. said no. | It left.
He lives in the U.S. | He left.
The U.N. Security Council met. | The U.N. said so.
U.S. President Jo Hale left. | The U.S. Army left.
Smith, D-N.Y., left. | He lives in N.Y. | She left.
The D.C. court ruled. | He moved to Washington D.C. | He left.
Gen. Hassan Abdel-Ghani spoke. | Lt. Col. Ali left.
Lt. Gen. Sir John Smith spoke. | Maj. Gen. X. Y. Smith left. | Lt-Gen. Hale left.
Ms. Hale, Cpt. Hale, Amb. Hale and Atty. Gen. Hale left. | Spc. Lee stayed.
Talks with Mr. al-Assad. | They failed. | Dr. al-Zawahiri died.
Sen. Chris Murphy and Rep. Adam Smith (D-Conn.) said no. | Gov. Tim Hale left.
Ft. Bragg is big. | Mt. Hermon is high. | St. Louis is far.
John Smith Jr. left. | Then John Smith Jr. | He left.
No. 5 is here. | He is No. 5. | It is no. 7.
He said no. | She left. | The answer is no. | Gov. Hale left.
See vol. 3. | See Ch. 11 now. | Pop. 5,000, est. 1990.
It was approx. 5 km. | Art. 51 applies.
On Jan. 5 he left. | On Dec. 12, 2024 it fell. | It fell in Dec. | He left.
At 5 a.m. the ferry left. | It came at 6 p.m. | Nobody was there.
It came at 6 p.m. on Monday. | At 5 p.m. Hale left.
Hale Inc. said so. | He works for Hale Inc. | It pays well.
Smith & Co. said so. | Foo Ltd. said. | Foo Corp. announced.
J. K. Rowling wrote. | J.K. Rowling wrote. | George W. Bush left.
It rose 3.5 percent to 4.2. | Then it fell. | It cost $5.5m. | He paid.
"We will go." | He left.
“We will go.” | He left. | “We stay!” she said. | “Why?” he asked.
He said, “We will go. We will win.” | Then he left.
"We will go. We will win," he said. | "No."
He asked, "Why?" and left. | He asked "Why?" | Then he left.
He said 'no.' | Then he left. | He cried "Stop!" and ran.
“This one never ends. | It goes on.
«Nous partons. Nous restons.» | Il est parti.
Hale‘s authority fell. | It is gone. | The rebels’ progress slowed. | ‘Go,’ he said.
The rebels' gains grew. | The troops' losses grew. | He left.
(He left. She stayed.) | They met. | (It rained.) | The end.
The company (Hale Inc.) said so. | It left (in May). | He came.
He waited ... and then left. | Well… | He left. | Well... | He left.
He . . . left. | They left. . . . | They came.
What?! | He left. | No!! | Yes. | Yahoo! said so.
They fought al-Assad. | Then al-Jolani won. | al-Jolani won.
Abu Mohammed al-Jolani said so. | Abu Bakr al-Baghdadi died. | bin Salman left.
They left. | 12 died. | iPhone sales fell. | The Gov't. said so.
1. First. | 2. Second.
HOMS, Syria (Reuters) - They left. | HALE — They won.
– He left. | – She stayed.
هل غادر؟ | نعم غادر. | ثم عاد.
کیا وہ گیا؟ | ہاں، وہ گیا۔ | وہ واپس آیا۔
وصل د. أحمد إلى دمشق. | وقال "لن نستسلم." | قال: «سنذهب. سننتصر.» | ثم غادر!
הוא הלך. | היא נשארה? | כן!
""".strip().splitlines()


@pytest.mark.parametrize("line", RIGHT)
def test_sentences_of_the_news(line: str) -> None:
    assert sentences_of(line.replace(" | ", " ")) == line.split(" | ")


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("He met Ms.\nHale. He left.", ["He met Ms.\nHale.", "He left."]),
        ("He left the\ncity. Then he\nstayed.", ["He left the\ncity.", "Then he\nstayed."]),
        ("A heading\n\nThe text.", ["A heading", "The text."]),
        ("What now?\n\nstill here.", ["What now?", "still here."]),
        ("He left.\n\n***\n\nHe came.", ["He left.", "***", "He came."]),
        ("Half \ud83d a character. It left.", ["Half \ud83d a character.", "It left."]),
        ("", []),
        (" \t\n ", []),
    ],
)
def test_lines_and_odd_characters(text: str, sentences: list[str]) -> None:
    assert sentences_of(text) == sentences


@pytest.mark.parametrize(
    ("line", "heading"),
    [
        ("Ferry towed back", True),
        (" ".join(["word"] * 14), True),
        (" ".join(["word"] * 15), False),
        ("# " + " ".join(["word"] * 15) + ".", True),
        ("The ferry left.", False),
        ("Who left?", False),
        ("He said:", False),
        ("“Nobody was hurt”", False),
        ("The ferry left…", False),
        ("Harbour (1998)", False),
    ],
)
def test_is_heading(line: str, heading: bool) -> None:
    assert is_heading(f"  {line} ") is heading


@pytest.mark.parametrize(
    "sentences",
    [
        ["The ferry left.", "It came back."],
        ["Capt. Ferris of the U.S. Coast Guard left.", "He came back."],
        ["It fell by 4.5 percent.", "Why?", "Nobody knew!"],
        ["“We left.”", "He came back."],
        ["One ⛴️ left.", "Zwölf naïve ⛵ came back."],
    ],
)
def test_split_sentences(sentences: list[str]) -> None:
    text = "Before. " + "  ".join(sentences) + " After."
    start, end = len("Before. "), len(text) - len(" After.")
    found = [text[first:last] for first, last in split_sentences(text, start, end)]
    assert found == sentences


TEXTS = st.lists(
    st.sampled_from(
        [*"“”\"'‘’().!?…«»؟۔ \n\t", ". ", " al-Assad. ", "Gen. ", "U.S. ", "No. 5", "1. "]
    )
    | st.sampled_from(RIGHT)
    | st.text(max_size=6),
    max_size=30,
).map("".join)


@settings(deadline=None)
@given(TEXTS, st.integers(0, 10), st.integers(0, 10))
def test_sentences_tile_the_text(text: str, before: int, after: int) -> None:
    start = min(before, len(text))
    end = max(start, len(text) - after)
    reached = start
    for first, last in split_sentences(text, start, end):
        assert reached <= first < last <= end
        assert not text[reached:first].strip()
        assert text[first:last] == text[first:last].strip()
        reached = last
    assert not text[reached:end].strip()


def test_a_speech_that_is_too_long_is_cut_where_its_sentences_end() -> None:
    inner = ["We left the harbour at six and saw nobody."] * MOST_WORDS
    assert sentences_of(f"“{' '.join(inner)}”") == ["“" + inner[0], *inner[2:], inner[0] + "”"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("word " * (MOST_WORDS + 30), [MOST_WORDS, 30]),
        ("one two, " * MOST_WORDS, [MOST_WORDS, MOST_WORDS]),
        ("word, " + "word " * (MOST_WORDS + 10), [1, MOST_WORDS, 10]),
        ("- " * (2 * MOST_WORDS), [MOST_WORDS, MOST_WORDS]),
        ("word " * MOST_WORDS, [MOST_WORDS]),
    ],
)
def test_text_without_full_stops_is_cut_after_clauses_and_words(
    text: str, words: list[int]
) -> None:
    assert [len(sentence.split()) for sentence in sentences_of(text)] == words
