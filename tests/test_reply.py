"""What models write around their sentences, and what is left of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.reply import Reply, clean_sentence, is_refusal, split_reply

LEFT = "The ferry left."


def sentences(text: str) -> list[str]:
    reply = Reply()
    return [*reply.add(text), *reply.rest()]


@pytest.mark.parametrize(
    ("written", "given"),
    [
        # nothing
        ("", []),
        (" \n ", []),
        ("[1]", []),
        ("...", []),
        ("Sources: [1][2]", []),
        # plain
        (LEFT, [LEFT]),
        ("the ferry left.", [LEFT]),
        ("  The   ferry\tleft. ", [LEFT]),
        ("The ferry left. It failed.", [LEFT, "It failed."]),
        ("The ferry left.\nIt failed.", [LEFT, "It failed."]),
        ("The ferry left.\r\n\r\nIt failed.", [LEFT, "It failed."]),
        ("Gen. Smith of the U.S. left. It failed.", ["Gen. Smith of the U.S. left.", "It failed."]),
        ("It was 3.5 km off. It failed.", ["It was 3.5 km off.", "It failed."]),
        ("212", ["212"]),
        ("In 1998. It failed.", ["In 1998.", "It failed."]),
        # markers
        ("The ferry left [1].", [LEFT]),
        ("The ferry left. [1]", [LEFT]),
        ("The ferry left [1][2].", [LEFT]),
        ("The ferry left [1, 2].", [LEFT]),
        ("The ferry left (1).", [LEFT]),
        ("The ferry left【1】.", [LEFT]),
        ("The ferry left [Article 1].", [LEFT]),
        ("The ferry left (Article 2).", [LEFT]),
        ("The ferry left (articles 1, 2).", [LEFT]),
        ("The ferry left (Article 1, Article 2).", [LEFT]),
        ("The ferry left (Source: Article 1).", [LEFT]),
        ("The ferry left <sup>1</sup>.", [LEFT]),
        ("The ferry left [policy.pdf].", [LEFT]),
        ("The ferry left [policy.pdf, p. 3][7].", [LEFT]),
        ("The ferry left (see policy.pdf).", [LEFT]),
        ("The ferry left [^1][^note].", [LEFT]),
        ("The ferry left [[1]].", [LEFT]),
        ("The ferry left [Article 1 (2025-01-01)].", [LEFT]),
        ("The ferry left [Source: The Hale Gazette].", [LEFT]),
        ("The ferry left【4†source】.", [LEFT]),
        ("The ferry left \\cite{policy}.", [LEFT]),
        ("The ferry left. Source: policy.pdf", [LEFT]),
        ("The ferry left, according to policy.pdf.", [LEFT]),
        # what the model began last
        ("The ferry left [1", ["The ferry left"]),
        ("The ferry left [policy.p", ["The ferry left"]),
        ("The ferry left (Source: Art", ["The ferry left"]),
        ("The ferry left <img src=x", ["The ferry left"]),
        ("The ferry left <im", ["The ferry left"]),
        ("The ferry left <|im_en", ["The ferry left"]),
        ("The ferry left. [It](http://a.b/c", [LEFT, "It"]),
        # no markers
        ("The file budget.xls was lost.", ["The file budget.xls was lost."]),
        ("It fell (treaty, article 20(1)).", ["It fell (treaty, article 20)."]),
        ("The ferry [a cutter] left [sic].", ["The ferry [a cutter] left [sic]."]),
        ("The ferry left in 1998 (2016 by others).", ["The ferry left in 1998 (2016 by others)."]),
        ("The ferry (2016) left.", ["The ferry (2016) left."]),
        ("The town (280,000 people) fell.", ["The town (280,000 people) fell."]),
        # leads
        ("According to Article 1, the ferry left.", [LEFT]),
        ("According to the article, the ferry left.", [LEFT]),
        ("According to articles 1 and 2, the ferry left.", [LEFT]),
        ("According to Article 1 and Article 2, the ferry left.", [LEFT]),
        ("In Article 2 (The Hale Gazette, 2025-03-03), the ferry left.", [LEFT]),
        ("Article 1 states that the ferry left.", [LEFT]),
        ("According to policy.pdf, the ferry left.", [LEFT]),
        ("Policy.pdf states that the ferry left.", [LEFT]),
        ("The excerpts say the ferry left.", [LEFT]),
        ("Article 1: The ferry left.", [LEFT]),
        ("Answer: The ferry left.", [LEFT]),
        ("Example answer: the ferry left.", [LEFT]),
        ("The article was torn.", ["The article was torn."]),
        ("Article 5 of the treaty binds.", ["Article 5 of the treaty binds."]),
        # bullets and numbering
        ("- The ferry left.\n- It failed.", [LEFT, "It failed."]),
        ("* The ferry left.\n• It failed.", [LEFT, "It failed."]),
        ("1. The ferry left.\n2. It failed.", [LEFT, "It failed."]),
        ("1) The ferry left.\n12) It failed.", [LEFT, "It failed."]),
        ("> The ferry left.", [LEFT]),
        ("## The ferry left.", [LEFT]),
        # thoughts
        ("<think>Hm. The U.S.? Yes.</think>The ferry left.", [LEFT]),
        ("<think>\n\n</think>\n\nThe ferry left.", [LEFT]),
        ("<think>Hm. Endless.", []),
        ("The ferry left. <think>Hm. No.</think>It failed.", [LEFT, "It failed."]),
        # markup
        ("**The ferry** left.", [LEFT]),
        ("The *ferry* `left`.", [LEFT]),
        ("__The__ _ferry_ left.", [LEFT]),
        ("[The ferry](http://a.b/c) left.", [LEFT]),
        ("See [it all](http://a.b). It failed.", ["See it all.", "It failed."]),
        ("![alt](http://a.b/(c)d) The ferry left.", [LEFT]),
        ("[The ferry](http://a.b/(c. D)e) left. It failed.", [LEFT, "It failed."]),
        ("![A ferry. Old](http://a.b/c.png) The ferry left.", [LEFT]),
        ("<b>The ferry</b> left.<br/>", [LEFT]),
        ('<a href="http://a.b">The ferry</a> left.', [LEFT]),
        ("3 < 5 and 6 > 2.", ["3 < 5 and 6 > 2."]),
        # quotations stay whole
        ('He said "It left. It failed." Rain.', ['He said "It left. It failed."', "Rain."]),
        ("He said “It left. It failed.” Rain.", ["He said “It left. It failed.”", "Rain."]),
        ('He said "It left. It failed.', ['He said "It left.', "It failed."]),
    ],
)  # fmt: skip
def test_what_is_left(written: str, given: list[str]) -> None:
    assert sentences(written) == given


PIECES = [
    "The ferry left. ", "Hama fell. ", 'He said "First. Second." ', "“One. Two.” ", "[1]", " [2] ",
    "(Article 1) ", "1. ", "- ", "\n", "\r\n", "<think>", "</think>", "**Bold** ",
    "[a. b](http://x.y/a. B) ", "![img. x](u) ", "<b>x</b> ", "<sup>1</sup>", "Gen. Smith ",
    "U.S. troops ", "3.5 km. ", "... ", "? ", "Yes! ", "(He left. She.) ", "“Open. ", '"Open. ',
    "'single. quote.' ", "it was 5 < 6. ", "No. 5 ", "…", "[x", "](", ")", "\u2028", "\t", "é. Ü. ",
    "[a](b(c. D)e. F) ", "[a.pdf] ", "<img src=x. Y ",
]  # fmt: skip


@given(pieces=st.lists(st.sampled_from(PIECES), max_size=8), data=st.data())
def test_it_makes_no_difference_how_the_words_are_cut(
    pieces: list[str], data: st.DataObject
) -> None:
    text = "".join(pieces)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=12)))
    chunks = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    reply = Reply()
    given_out = [sentence for chunk in chunks for sentence in reply.add(chunk)]
    given_out += reply.rest()
    assert given_out == sentences(text)
    assert reply.text == text


@given(st.text(alphabet="ab. A\n1\"'“”()[]<>!*_", max_size=60))
def test_any_text_gives_tidy_sentences(text: str) -> None:
    for sentence in sentences(text):
        assert sentence == " ".join(sentence.split())
        assert any(character.isalnum() for character in sentence)


def test_a_sentence_is_given_once_the_next_word_begins() -> None:
    reply = Reply()
    assert list(reply.add("The ferry left.")) == []
    assert list(reply.add(" ")) == []
    assert list(reply.add("It")) == [LEFT]
    assert list(reply.add(" failed.\n")) == ["It failed."]
    assert list(reply.rest()) == []


def test_nothing_is_given_before_a_quotation_or_a_thought_is_closed() -> None:
    reply = Reply()
    assert list(reply.add('He said "It left. It failed. Then')) == []
    assert list(reply.add(' rain." So')) == ['He said "It left. It failed. Then rain."']
    reply = Reply()
    assert list(reply.add("<think>It left. It failed. ")) == []
    assert list(reply.add("</think>It left. It")) == ["It left."]


def test_parts() -> None:
    assert split_reply("One. Two") == ["One. ", "Two"]
    assert split_reply("One.\n") == ["One.", ""]
    assert clean_sentence(" - [1] ") == ""


@pytest.mark.parametrize(
    "sentence",
    [
        "NOT IN THE ARTICLES",
        "Not in the articles.",
        "NOT IN THE ARTICLE",
        "The answer is not in the provided articles.",
        "It is not mentioned in the excerpts.",
        "Not mentioned in the excerpts.",
        "The captain's age isn't stated in the articles.",
        "The articles do not state this.",
        "The articles don’t say.",
        "The excerpts don't mention it.",
        "The article does not specify.",
        "Article 1 does not mention this.",
        "The provided excerpts do not contain the answer.",
        "The excerpts do not directly state the answer.",
        "The text does not say.",
        "The excerpts provide no information on that.",
        "There is no information about this in the articles.",
        "There is no mention of it in the excerpts.",
        "None of the excerpts mention it.",
        "No excerpt states it.",
        "I don't know.",
        "I cannot answer that.",
        "Sorry, I can't answer that from the excerpts.",
        "This is not stated.",
        "The information is not provided.",
    ],
)
def test_refusals(sentence: str) -> None:
    assert is_refusal(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        LEFT,
        "The ferry was not damaged.",
        "Nobody was hurt.",
        'He said "I don\'t know".',
        "Officials gave no information about the crew.",
        "The army did not say why it left.",
        "The sources did not give their names.",
        "No one mentioned it.",
        "The victim was not named.",
    ],
)
def test_no_refusals(sentence: str) -> None:
    assert not is_refusal(sentence)
