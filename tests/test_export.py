"""A conversation as Markdown and JSON, and holding what was exported to the articles of today."""

import html
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from scripted import make_abstention, make_answer, supported

from index.articles import Article, read_article
from index.errors import InputError
from qa.answer import Answer, Citation
from qa.export import FORMAT, audit, conversation, from_json, to_json, to_markdown

TEXT = "Ferry towed\n\nThe ferry was towed back\nto Port Hale. Nobody was hurt.\n"
QUOTE = "The ferry was towed back\nto Port Hale."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "ferry.txt").write_text(TEXT, encoding="utf-8")
    return tmp_path


@pytest.fixture
def article(folder: Path) -> Article:
    found = read_article(folder, "sub/ferry.txt")
    assert isinstance(found, Article)
    return found


def cite(article: Article, quote: str = QUOTE) -> Citation:
    start = article.text.index(quote)
    return Citation(
        1, article.id, f"articles/{article.path}", article.title, "The Hale Gazette", "2025-03-04",
        quote, start, start + len(quote),
    )  # fmt: skip


def asked(article: Article, question: str = "Where was the ferry towed?") -> Answer:
    return make_answer(question, supported("It was towed to Port Hale.", cite(article)))


def test_what_was_exported_is_read_back_whole(article: Article) -> None:
    answers = (asked(article), make_abstention("Who paid?", "Nothing on that.", article))
    exported = conversation(answers, (article,))
    written = to_json(exported)
    assert from_json(written) == exported
    assert from_json(written).answers[0].sentences[0].sources == answers[0].citations
    plain = json.loads(written)
    assert plain["format"] == FORMAT
    assert plain["files"] == {article.id: {"path": "sub/ferry.txt", "sha256": article.sha256}}
    assert plain["answers"] == [answer.to_dict() for answer in answers]


def test_only_cited_articles_are_named(article: Article) -> None:
    exported = conversation((make_abstention("Who paid?", "Nothing.", article),), (article,))
    assert exported.files == {}


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("", "Dateline exported"),
        ("[]", "Dateline exported"),
        ('{"format": "x"}', "Dateline exported"),
        ('{"format": "x", "exported": "", "files": {}, "answers": []}', "another format, 'x'"),
        (b"\xff\x00", "Dateline exported"),
    ],
)
def test_anything_else_is_refused(written: str | bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        from_json(written)


def change(folder: Path, text: str | None) -> None:
    path = folder / "sub" / "ferry.txt"
    path.unlink() if text is None else path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "verdict", "same_file"),
    [
        (TEXT, "as it was", True),
        (TEXT + "One more line.\n", "as it was", False),
        ("A new headline\n\n" + TEXT, "moved", False),
        (TEXT.replace("towed", "dragged"), "changed", False),
        (None, "gone", False),
    ],
)
def test_audit(
    folder: Path, article: Article, text: str | None, verdict: str, same_file: bool
) -> None:
    exported = from_json(to_json(conversation((asked(article),), (article,))))
    change(folder, text)
    (found,) = audit(exported, folder)
    assert (found.citation.quote, found.verdict, found.same_file) == (QUOTE, verdict, same_file)


@pytest.mark.parametrize("path", ["../outside.txt", "/etc/hostname", "", "sub", "\0"])
def test_audit_reads_nothing_outside(folder: Path, article: Article, path: str) -> None:
    (folder.parent / "outside.txt").write_text(TEXT, encoding="utf-8")
    plain = json.loads(to_json(conversation((asked(article),), (article,))))
    plain["files"][article.id]["path"] = path
    (found,) = audit(from_json(json.dumps(plain)), folder)
    assert found.verdict == "gone"


def test_markdown_has_question_answer_and_every_quote(article: Article) -> None:
    answers = (asked(article), make_abstention("Who paid?", "Nothing on that.", article))
    written = to_markdown(conversation(answers, (article,)))
    assert written.startswith("## Where was the ferry towed?\n\nIt was towed to Port Hale.")
    assert "> The ferry was towed back\n> to Port Hale.\n" in written
    assert f"sub/ferry.txt, characters 13 to 51, SHA-256 {article.sha256}" in written
    assert "## Who paid?\n\nThe articles don't say.\n\nNothing on that." in written


def test_a_follow_up_says_how_it_was_understood(article: Article) -> None:
    answer = replace(asked(article, "Where?"), standalone_question="Where was the ferry towed?")
    assert "Understood as: Where was the ferry towed?" in to_markdown(conversation((answer,), ()))


def shown(written: str) -> str:
    """The text that a Markdown reader shows, without its paragraphs and headings."""
    rendered = MarkdownIt("commonmark").render(written)
    plain = re.sub(r"</?(p|h2|blockquote)>", "", rendered)
    assert "<" not in plain  # no link, no image, nothing set apart
    return html.unescape(plain)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60))
@example("![x](http://a.example/x.png)")
@example("[a]: http://a.example")
@example("1. one")
@example("- [ ] **all** _of_ it <b>&amp;</b>")
@example("# Title\n===")
@example("    code `x` ~~~")
def test_markdown_shows_texts_as_they_are(text: str) -> None:
    quote = Citation(1, "a", "a.txt", text, None, None, text, 0, len(text))
    answer = make_answer(text, supported(text, quote))
    written = to_markdown(conversation((answer,), ()))
    assert not re.search(r"(?<!\\)://", written)  # some readers make a link of a bare address
    words = text.split()  # of the question, the answer, the title and the quote
    place = ["a.txt,", "characters", "0", "to", str(len(text))]
    assert shown(written).split() == [*words, *words, "[1]", *words, *words, *place]
