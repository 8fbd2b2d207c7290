"""Files that are added to the articles folder."""

from pathlib import Path

import pytest

from index.adding import Added, add_file
from index.errors import ArticlesError

WORDS = "title: Ferry\n---\n\nThe ferry left at noon."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "articles"
    folder.mkdir()
    return folder


def bring(tmp_path: Path, name: str, text: str = WORDS) -> Path:
    brought = tmp_path / "brought"
    brought.mkdir(exist_ok=True)
    (brought / name).write_text(text, encoding="utf-8")
    return brought / name


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_copied_as_it_is(folder: Path, tmp_path: Path) -> None:
    source = bring(tmp_path, "ferry.txt")
    assert add_file(folder, source) == Added("ferry.txt", 1)
    assert (folder / "ferry.txt").read_bytes() == source.read_bytes()
    assert names(folder) == ["ferry.txt"]


def test_what_is_there_is_never_replaced(folder: Path, tmp_path: Path) -> None:
    add_file(folder, bring(tmp_path, "ferry.txt", "One ferry left."))
    assert add_file(folder, bring(tmp_path, "ferry.txt", "Two.")) == Added("ferry-2.txt", 1)
    assert add_file(folder, bring(tmp_path, "ferry.txt", "Three.")) == Added("ferry-3.txt", 1)
    assert (folder / "ferry.txt").read_text(encoding="utf-8") == "One ferry left."


def test_the_same_file_is_added_once(folder: Path, tmp_path: Path) -> None:
    add_file(folder, bring(tmp_path, "ferry.txt", "One ferry left."))
    add_file(folder, bring(tmp_path, "ferry.txt", "Two."))
    again = add_file(folder, bring(tmp_path, "ferry.txt", "Two."))
    assert again == Added("ferry-2.txt", 1, was_there=True)
    assert names(folder) == ["ferry-2.txt", "ferry.txt"]


def test_a_file_of_several_articles_counts_them(folder: Path, tmp_path: Path) -> None:
    lines = "".join(f'{{"title": "T{n}", "text": "The ferry left {n} times."}}\n' for n in (1, 2))
    assert add_file(folder, bring(tmp_path, "many.jsonl", lines)) == Added("many.jsonl", 2)


def test_a_hidden_name_is_shown(folder: Path, tmp_path: Path) -> None:
    assert add_file(folder, bring(tmp_path, ".ferry.txt")).path == "ferry.txt"


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("ferry.exe", "MZ", "Only files with these suffixes"),
        ("empty.txt", "", "."),
        ("broken.pdf", "no PDF at all", "."),
        ("broken.json", "{", "."),
    ],
)
def test_what_holds_no_article_is_not_taken(
    folder: Path, tmp_path: Path, name: str, text: str, reason: str
) -> None:
    with pytest.raises(ArticlesError, match=reason):
        add_file(folder, bring(tmp_path, name, text))
    assert names(folder) == []


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(ArticlesError, match="can't be written"):
        add_file(tmp_path / "gone", bring(tmp_path, "ferry.txt"))
