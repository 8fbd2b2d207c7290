"""Distractors are in the way of retrieval and never right: no fact of the gold articles in them."""

import json
import re
from pathlib import Path

import pytest
from conftest import REPOSITORY, SHARED

from evals.distractors import GOLD_NAMES, RAMDOCS, SQUAD, main, write_distractors
from index.articles import Article, read_article
from index.errors import InputError
from index.files import list_files

GOLD_ARTICLES = (REPOSITORY / "articles", REPOSITORY / "evals" / "gold" / "town" / "articles")
# Capitalised in the gold articles without being the name of a place, a person or a body.
NO_NAMES = frozenset(
    """Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April May
    June July August September October November December Ministry Residents""".split()  # noqa: SIM905
)
LONG = "The valley has a river, and the river has a bridge that nobody likes to cross. " * 4


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def read_all(folder: Path) -> list[Article]:
    found = [read_article(folder, file.path) for file in list_files(folder).files]
    assert all(isinstance(each, Article) for each in found), found
    return [each for each in found if isinstance(each, Article)]


def gold_names() -> set[str]:
    """The words of the gold articles that have a capital within a sentence, and only so."""
    text = "\n".join(each.text for folder in GOLD_ARTICLES for each in read_all(folder))
    capitals = set(re.findall(r"(?<=[a-z,] )[A-Z]\w{2,}", text))
    return {each for each in capitals if each.lower() not in text} - NO_NAMES


def write_public(folder: Path, *texts: str) -> Path:
    folder.mkdir()
    squad = {"data": [{"paragraphs": [{"context": text} for text in texts]}]}
    (folder / SQUAD).write_text(json.dumps(squad), encoding="utf-8")
    case = {"documents": [{"text": f"{LONG} ---\n\0 “{n}”: \x02"} for n in range(400)]}
    (folder / RAMDOCS).write_text(json.dumps(case) + "\n", encoding="utf-8")
    return folder


def test_the_seed_decides_every_byte(tmp_path: Path) -> None:
    for name, seed in (("one", 7), ("same", 7), ("other", 8)):
        write_distractors(tmp_path / name, count=40, seed=seed)
    one, other = contents(tmp_path / "one"), contents(tmp_path / "other")
    assert one == contents(tmp_path / "same")
    assert one.keys() == other.keys()
    assert not set(one.values()) & set(other.values())


@pytest.mark.parametrize("count", [0, 1, 23])
def test_as_many_are_written_as_were_asked_for(count: int, tmp_path: Path) -> None:
    absent = tmp_path / "no-data"
    assert write_distractors(tmp_path / "new" / "folder", count=count, data=absent) == count
    assert len(contents(tmp_path / "new" / "folder")) == count


def test_each_is_an_article_of_its_own(tmp_path: Path) -> None:
    write_distractors(tmp_path)
    articles = read_all(tmp_path)
    assert len(articles) == 300
    assert len({each.text[each.body_start :] for each in articles}) == 300
    for each in articles:
        assert each.title and each.outlet and each.author and each.published, each.path
        assert 120 <= len(each.text[each.body_start :].split()) <= 250, each.path
        assert not re.search(r"[][{}|>#]", each.text), each.path


@pytest.mark.parametrize("seed", [1, 7, 42])
def test_nothing_of_the_gold_articles_is_named(seed: int, tmp_path: Path) -> None:
    names = gold_names()
    assert {"Syria", "Homs", "Hezbollah", "Assad", "Pellhaven", "Kestrow"} <= names
    write_distractors(tmp_path, seed=seed)
    said = " ".join(each.text for each in read_all(tmp_path))
    assert names & set(re.findall(r"\w+", said)) == set()
    assert not GOLD_NAMES.search(said)


def test_the_words_of_the_gold_questions_are_there(tmp_path: Path) -> None:
    write_distractors(tmp_path)
    said = " ".join(each.text for each in read_all(tmp_path))
    for words in (
        "foreign minister of",
        "displaced",
        "spokesman",
        "km from",
        "population",
        "gusts",
    ):
        assert words in said


def test_public_paragraphs_are_added(tmp_path: Path) -> None:
    data = write_public(tmp_path / "data", f"{LONG} Not far from Aleppo.", "Too short.", LONG)
    assert write_distractors(tmp_path / "all", count=5, data=data) == 5 + 300
    articles = read_all(tmp_path / "all")
    assert {each.outlet for each in articles if "paragraph" in each.path} <= {
        "SQuAD 2.0",
        "RAMDocs",
    }
    said = " ".join(each.text for each in articles)
    assert "Aleppo" not in said
    assert "Too short" not in said


@pytest.mark.skipif(not (SHARED / "data").is_dir(), reason="no public data here")
def test_the_real_public_data_is_readable(tmp_path: Path) -> None:
    assert write_distractors(tmp_path, count=0, data=SHARED / "data") == 300
    assert len(read_all(tmp_path)) == 300


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (SQUAD, "{", f"{SQUAD} isn't JSON"),
        (SQUAD, '{"data": [{}]}', f"{SQUAD} isn't in SQuAD's format"),
        (RAMDOCS, '{"documents": []}\n[]\n', f"{RAMDOCS}, line 2 isn't in RAMDocs' format"),
        (RAMDOCS, "\n", f"{RAMDOCS}, line 1 isn't JSON"),
    ],
)
def test_data_of_another_form_is_named(name: str, text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(said)):
        write_distractors(tmp_path / "out", count=1, data=tmp_path)
    assert not (tmp_path / "out").exists()


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "made"), "--count", "3", "--seed", "5"]) == 0
    assert capsys.readouterr().out.startswith("3 articles")
    write_distractors(tmp_path / "called", count=3, seed=5)
    assert contents(tmp_path / "made") == contents(tmp_path / "called")
    (tmp_path / "file").touch()
    assert main([str(tmp_path / "file")]) == 1
    assert "Name another folder" in capsys.readouterr().err
    assert main([str(tmp_path / "made"), "--count", "-1"]) == 1
    assert "Ask for 0 or more" in capsys.readouterr().err
