"""Passages: offsets that hold, nothing lost but boilerplate, and what helps to find them."""

import hashlib
import json
import textwrap
from datetime import date

import pytest
from conftest import REPOSITORY
from hypothesis import given, settings
from hypothesis import strategies as st
from llama_index.core.schema import NodeRelationship

from index.articles import Article, article_id, read_article
from index.clean import mark_boilerplate
from index.files import list_files
from index.passages import (
    PASSAGE_FORMAT,
    Passage,
    build_passages,
    find_paragraphs,
    to_node,
)

LINES = st.sampled_from(
    [
        "The ferry Aurelia left Port Hale at 06:40. Its engine failed 9 km off Cape Dorn.",
        "“Nobody was hurt,” said Capt. Jon Ferris of the U.S. Coast Guard. He thanked J. B. Hale!",
        "Is it safe? The Hale Harbour Office (HHO) says so.",
        "  Indented words, ⛴️ and naïve ones…  ",
        "A heading over the harbour",
        "## Another heading",
        "Source link",
        "See also: Ten walks along the coast",
        "",
        " \t ",
        "word " * 30 + "end.",
    ]
)
TEXTS = st.builds(
    lambda lines, newline: newline.join(lines),
    st.lists(LINES | st.text(st.characters(codec="utf-8"), max_size=40), max_size=10),
    st.sampled_from(["\n", "\n\n", "\r\n", "\r"]),
)


def make_article(text: str, *, body_start: int = 0, title: str = "A title") -> Article:
    return Article(
        id=article_id("a.txt"),
        path="a.txt",
        title=title,
        outlet="The Hale Gazette",
        author=None,
        published=date(2025, 3, 3),
        text=text,
        body_start=body_start,
        sha256="0" * 64,
    )


def passages_of(text: str, words: int = 70) -> tuple[Passage, ...]:
    return build_passages(make_article(text), words=words)


@settings(deadline=None)
@given(text=TEXTS, words=st.integers(1, 40), body_start=st.integers(0, 30))
def test_offsets_hold(text: str, words: int, body_start: int) -> None:
    article = make_article(text, body_start=min(body_start, len(text)))
    end = article.body_start
    for position, passage in enumerate(build_passages(article, words=words)):
        assert passage.position == position
        assert article.text[passage.start : passage.end] == passage.text
        assert (passage.start, passage.end) == (passage.sentences[0][0], passage.sentences[-1][1])
        for first, last in passage.sentences:
            assert end <= first < last
            end = last
            assert text[first:last] == text[first:last].strip()


@settings(deadline=None)
@given(text=TEXTS, words=st.integers(1, 40))
def test_sentences_are_all_that_is_no_boilerplate(text: str, words: int) -> None:
    left = list(text)
    for span in mark_boilerplate(text):
        left[span.start : span.end] = " " * (span.end - span.start)
    found = [" "] * len(text)
    for passage in passages_of(text, words):
        for first, last in passage.sentences:
            found[first:last] = text[first:last]
    assert "".join(found).split() == "".join(left).split()


@settings(deadline=None)
@given(text=TEXTS, words=st.integers(1, 40))
def test_no_passage_spans_boilerplate(text: str, words: int) -> None:
    noise = list(mark_boilerplate(text))
    for passage in passages_of(text, words):
        assert not any(passage.start < span.end and span.start < passage.end for span in noise)


@settings(deadline=None)
@given(text=TEXTS, words=st.integers(1, 40))
def test_word_limit_holds_unless_one_sentence_is_longer(text: str, words: int) -> None:
    for passage in passages_of(text, words):
        assert len(passage.text.split()) <= words or len(passage.sentences) == 1


@settings(deadline=None)
@given(text=TEXTS, words=st.integers(1, 40))
def test_ids_are_unique_and_stable(text: str, words: int) -> None:
    first, again = passages_of(text, words), passages_of(text, words)
    assert first == again
    assert len({passage.id for passage in first}) == len(first)


def test_ids_change_with_the_article() -> None:
    before = {passage.id for passage in passages_of("One left. Two stayed.", 2)}
    changed = make_article("One left. Two stayed.")
    object.__setattr__(changed, "sha256", "1" * 64)
    assert not before & {passage.id for passage in build_passages(changed, words=2)}


@pytest.mark.parametrize(
    ("words", "lengths"),
    [
        (10, [3 + 3 + 3]),
        (9, [3 + 3 + 3]),
        (8, [3 + 3, 3]),
        (6, [3 + 3, 3]),
        (5, [3, 3, 3]),
        (1, [3, 3, 3]),
    ],
)
def test_sentences_are_grouped_up_to_the_limit(words: int, lengths: list[int]) -> None:
    found = passages_of("The ferry left. The engine failed. The cutter came.", words)
    assert [len(passage.text.split()) for passage in found] == lengths


def test_a_passage_stays_within_a_paragraph() -> None:
    found = passages_of("One left.\n\nTwo stayed.\nThree came.")
    assert [passage.text for passage in found] == ["One left.", "Two stayed.", "Three came."]


def test_headings_go_with_the_paragraph_below() -> None:
    text = "Ferry towed back\n\n## Engine\nThe engine failed. It was old.\n\nThe cutter came."
    first, second = passages_of(text)
    assert first.text == text[: text.index("\n\nThe cutter")]
    assert [text[start:end] for start, end in first.sentences] == [
        "Ferry towed back",
        "## Engine",
        "The engine failed.",
        "It was old.",
    ]
    assert second.text == "The cutter came."


def test_a_heading_over_boilerplate_stands_alone() -> None:
    found = passages_of("Ferry towed back\n\nSource link\n\nThe engine failed.")
    assert [passage.text for passage in found] == ["Ferry towed back", "The engine failed."]


@pytest.mark.parametrize("text", ["One heading", "One\nTwo\n\nThree", "Text.\n\nA last heading"])
def test_headings_alone_are_passages_too(text: str) -> None:
    found = passages_of(text)
    assert " ".join(passage.text for passage in found).split() == text.split()


@pytest.mark.parametrize("text", ["", " \n\n", "Source link\nLeave a Reply\n"])
def test_nothing_to_say_makes_no_passage(text: str) -> None:
    assert passages_of(text) == ()


LONG = (
    "The ferry Aurelia left Port Hale at 06:40 on Monday with 212 passengers, and its engine "
    "failed 9 km off Cape Dorn. A tug of the harbour office towed it back before noon. Nobody "
    "was hurt, said the captain, who has sailed the route for eleven years without a failure."
)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("width", [50, 65, 72, 80, 100])
def test_a_wrapped_paragraph_is_one(width: int, newline: str) -> None:
    heading = "Ferry towed back"
    wrapped = newline.join(textwrap.wrap(LONG, width))
    text = newline.join([heading, wrapped, "", wrapped, "", "It sails again."])
    first, second, third = passages_of(text)
    assert first.text == f"{heading}{newline}{wrapped}"
    assert second.text == wrapped
    assert third.text == "It sails again."
    assert [len(each.sentences) for each in (first, second, third)] == [1 + 3, 3, 1]


@pytest.mark.parametrize(
    "lines",
    [
        # paragraphs of a line each, one broken by a link
        [LONG, "It was the second failure in a year, said", "the mayor, who was on board.", LONG],
        # a list, verses, headings
        ["bread", "milk", "a pound of cheese", "butter"],
        ["Hama falls", "Homs is next", "what now", "and then"],
        # wrapped lines, of which only those go on whose next word didn't fit in
        ["# " + "word " * 13, "and so on it goes, as nobody would have thought, said", "he."],
    ],
)
def test_lines_that_are_not_wrapped_are_paragraphs(lines: list[str]) -> None:
    text = "\n".join(lines)
    assert [text[start:end] for start, end in find_paragraphs(text)] == lines


@pytest.mark.parametrize("mark", ["- ", "* ", "• ", "– ", "> ", "1. ", "12) ", "# "])
def test_a_list_item_begins_a_paragraph(mark: str) -> None:
    lines = textwrap.wrap(LONG, 60)[:-1]
    text = "\n".join([*lines, mark + "another matter, told here in one line alone"])
    assert len(list(find_paragraphs(text))) == 2
    assert len(list(find_paragraphs(text.replace("\n" + mark, "\n")))) == 1


def test_a_credit_within_a_line_divides_its_passages() -> None:
    first, second = passages_of("It left. (Photo: Jo Hale) It came back.\n")
    assert (first.text, second.text) == ("It left.", "It came back.")


def test_lines_of_the_articles_author_and_outlet_are_no_passage() -> None:
    article = make_article("The ferry left.\n" * 5 + "Jo Hale\nThe Hale Gazette\nIt came back.")
    object.__setattr__(article, "author", "Jo Hale")
    said = [passage.text for passage in build_passages(article, words=70)]
    assert said == ["The ferry left."] * 5 + ["It came back."]


def test_half_characters_are_kept() -> None:
    (passage,) = passages_of("Half \ud83d a character left.")
    assert passage.text == "Half \ud83d a character left."


def test_header_has_title_outlet_date_and_the_other_form() -> None:
    text = "The Hale Harbour Office (HHO) spoke.\n\nThe HHO left.\n\nA Hale harbour office came."
    both, short, long_form = passages_of(text)
    assert both.header == "A title · The Hale Gazette · 2025-03-03"
    assert short.header == both.header + " · Hale Harbour Office"
    assert long_form.header == both.header + " · HHO"


def test_header_has_the_articles_other_spelling() -> None:
    text = "They took Talbiseh.\n\nIn Talbisa they stayed.\n\nTalbisa and Talbiseh."
    first, second, both = passages_of(text)
    assert first.header == both.header + " · Talbisa"
    assert second.header == both.header + " · Talbiseh"
    assert "Talbisa" not in first.text


def test_a_change_of_rules_has_a_new_format() -> None:
    text = "\n".join(
        [LONG, "A heading", LONG, "", *textwrap.wrap(LONG, 72), "See also: Fee raised", "U.S. end."]
    )
    passages = [(each.sentences, each.header) for each in passages_of(text, 40)]
    digest = hashlib.sha256(json.dumps(passages).encode()).hexdigest()[:12]
    # Where only the digest differs, raise PASSAGE_FORMAT; then note both here.
    assert (PASSAGE_FORMAT, digest) == (3, "abf6f5fe5108")


def test_header_leaves_out_what_is_unknown() -> None:
    article = make_article("The ferry left.")
    object.__setattr__(article, "outlet", None)
    object.__setattr__(article, "published", None)
    (passage,) = build_passages(article, words=70)
    assert passage.header == "A title"


@settings(deadline=None)
@given(text=TEXTS)
def test_header_is_indexed_but_never_quoted(text: str) -> None:
    article = make_article(text, title="Zyxwv unheard of")
    for passage in build_passages(article, words=20):
        assert passage.header.startswith("Zyxwv unheard of")
        assert "Zyxwv" not in passage.text
        assert passage.indexed_text == f"{passage.header}\n{passage.text}"


def test_front_matter_is_no_passage() -> None:
    front = "---\ntitle: Ferry (HHO)\n---\n"
    (passage,) = build_passages(
        make_article(front + "The ferry left.", body_start=len(front)), words=70
    )
    assert passage.text == "The ferry left."


def test_node_has_all_that_a_citation_needs() -> None:
    article = make_article("The ferry left. It came back.")
    (passage,) = build_passages(article, words=70)
    node = to_node(passage, article)
    assert (node.node_id, node.text) == (passage.id, "The ferry left. It came back.")
    assert (node.start_char_idx, node.end_char_idx) == (0, len(article.text))
    assert node.metadata == {
        "article_id": article.id,
        "article_path": "a.txt",
        "title": "A title",
        "outlet": "The Hale Gazette",
        "published": "2025-03-03",
        "sentences": json.dumps(passage.sentences),
    }
    assert [tuple(span) for span in json.loads(node.metadata["sentences"])] == [
        (0, len("The ferry left.")),
        (len("The ferry left. "), len(article.text)),
    ]
    assert node.relationships[NodeRelationship.SOURCE].node_id == article.id


def test_node_of_an_article_without_outlet_and_date() -> None:
    article = make_article("The ferry left.")
    object.__setattr__(article, "outlet", None)
    object.__setattr__(article, "published", None)
    node = to_node(build_passages(article, words=70)[0], article)
    assert node.metadata["outlet"] is None
    assert node.metadata["published"] is None


def test_the_briefs_are_cut_as_promised() -> None:
    folder = REPOSITORY / "articles"
    for file in list_files(folder).files:
        article = read_article(folder, file.path)
        assert isinstance(article, Article)
        found = build_passages(article, words=70)
        said = "".join(article.text[article.body_start :].split())
        cut = "".join(article.text[a:b] for passage in found for a, b in passage.sentences)
        assert "".join(cut.split()) == said
