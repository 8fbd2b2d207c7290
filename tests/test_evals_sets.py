"""Public sets become articles and cases, whatever their format."""

import json
from collections import Counter
from pathlib import Path

import pytest
from made_sets import EVERY, FERRY, RGB_ROWS, SQUAD, articles_of, load, write

from evals.gold import read_verbatim
from evals.sets import SETS, Document, PublicSet, load_set
from evals.sets.public import file_name, find_quote
from index.errors import InputError


def test_every_set_is_tried_here() -> None:
    assert set(EVERY) == set(SETS)


@pytest.mark.parametrize("name", EVERY)
def test_a_set_holds_together(name: str, tmp_path: Path) -> None:
    loaded = load(name, tmp_path, EVERY[name])
    assert loaded.name == name
    assert "Published tables" in loaded.citation
    names = {document.name for document in loaded.documents}
    ids = {case.id for case in loaded.cases}
    assert len(names) == len(loaded.documents)
    assert len(ids) == len(loaded.cases)
    assert set(loaded.relevant) <= ids
    articles = articles_of(loaded, tmp_path / "articles")
    assert set(articles) == names
    for document in loaded.documents:
        body = articles[document.name].text[articles[document.name].body_start :]
        assert body == f"\n{document.text}\n"
    for case in loaded.cases:
        for evidence in case.evidence:
            assert evidence.quote in read_verbatim(tmp_path / "articles" / evidence.article)


@pytest.mark.parametrize(
    ("name", "limit", "said"),
    [
        ("trivia", None, "There is no set “trivia”. Name one of: squad, beir"),
        ("squad", 0, "A limit of 0"),
        ("squad", None, r"There is no .*nowhere"),
        ("beir", None, r"nowhere isn't there\. Name the folder that has corpus\.jsonl"),
    ],
)
def test_a_set_that_cannot_be_named(
    name: str, limit: int | None, said: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=said):
        load_set(name, tmp_path / "nowhere", limit=limit)


@pytest.mark.parametrize(
    "title",
    [
        'He said: "\\no" # 3',
        "- [a]: {b}",
        "---",
        "Ferry\u2028sinks\nat 🌅 \u0085 dusk",
        "No",
        "C:\\new\\table",
    ],
)
def test_a_title_is_read_back(title: str, tmp_path: Path) -> None:
    document = Document("a.md", title, "---\nIt sank.", outlet='O\'Hara: "News"')
    (article,) = articles_of(PublicSet("x", "", (document,), ()), tmp_path / "a").values()
    assert article.title == " ".join(title.split())
    assert article.outlet == 'O\'Hara: "News"'
    assert article.text[article.body_start :] == "\n---\nIt sank.\n"


def test_what_no_article_may_have_is_replaced_in_place(tmp_path: Path) -> None:
    rows = json.loads(json.dumps(SQUAD))
    paragraph = rows["data"][0]["paragraphs"][0]
    paragraph["context"] = FERRY.replace("ferry ", "ferry\u0002")
    rows["data"][0]["title"] = "Ferry\u007f\u0002 of Lune"
    loaded = load("squad", tmp_path, {"dev.json": rows})
    article = articles_of(loaded, tmp_path / "articles")[loaded.documents[0].name]
    assert article.title == "Ferry of Lune"
    assert FERRY in article.text
    assert loaded.cases[0].evidence[0].quote in article.text


def test_file_names_are_safe_and_different() -> None:
    keys = ["a", "A", "a/b", "a-b", "a b", "../a", "Über", "漢字", "漢", "x" * 300, "x" * 301]
    names = [file_name("beir", key) for key in keys]
    assert len({name.casefold() for name in names}) == len(keys)
    assert all(name.isascii() and "/" not in name and len(name) < 120 for name in names)
    assert file_name("beir", "4983") == "beir-4983.md"


@pytest.mark.parametrize(
    ("words", "found"),
    [("a b", "a\n b"), ("b c", "b c"), ("a c", None), ("", None), ("(c)", None)],
)
def test_a_quote_is_the_text_s_own(words: str, found: str | None) -> None:
    assert find_quote("a\n b c", words) == found


def test_writing_again_changes_nothing_and_strangers_are_refused(tmp_path: Path) -> None:
    loaded = load("ramdocs", tmp_path, EVERY["ramdocs"])
    folder = tmp_path / "articles"
    loaded.write_documents(folder)
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    loaded.write_documents(folder)
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    (folder / "own.md").write_text("Mine.", encoding="utf-8")
    with pytest.raises(InputError, match=r"other files, own\.md among them"):
        loaded.write_documents(folder)
    with pytest.raises(InputError, match="can't be written"):
        loaded.write_documents(folder / "own.md")


def many(folder: Path) -> Path:
    """RGB with 60 questions of one kind, 30 of another and 10 of a third."""
    rows = [
        {**RGB_ROWS[1], "id": number, "query": f"Question {number}?"}
        | ({} if number < 60 else {"positive_wrong": []} if number < 90 else {"positive": []})
        for number in range(100)
    ]
    return write(folder, {"en.json": rows})


def test_a_sample_keeps_the_shares_and_all_documents(tmp_path: Path) -> None:
    path = many(tmp_path)
    whole, ten, twenty, other = (
        load_set("rgb", path),
        load_set("rgb", path, limit=10),
        load_set("rgb", path, limit=20),
        load_set("rgb", path, limit=10, seed=8),
    )
    assert Counter(case.kind for case in ten.cases) == {"conflict": 6, "fact": 3, "unanswerable": 1}
    assert ten.documents == whole.documents
    assert set(ten.relevant) == {case.id for case in ten.cases if case.is_answerable}
    assert [case for case in whole.cases if case in ten.cases] == list(ten.cases)
    assert set(ten.cases) < set(twenty.cases)
    assert ten == load_set("rgb", path, limit=10)
    assert set(ten.cases) != set(other.cases)
    assert load_set("rgb", path, limit=1000) == whole
