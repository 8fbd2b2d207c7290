"""The words of articles: what each passage and article has, and what is kept of them."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import index.words
import index.words_cache
from index.articles import Article, article_id
from index.lexical import LexicalIndex, stem, terms
from index.passages import build_passages
from index.words import NO_WORDS, ReadArticle, WordTable, read_words
from index.words_cache import load_words

TEXTS = {
    "a.txt": "The ferry left Port Hale, said the Hale Harbour Office (HHO). Ferries run.\n\n"
    "It's 1,400 crowns; the captain’s ferry.\n",
    "b.txt": "Zeppelins over Port Hale. The HHO saw none of them.\n",
    "c.txt": "Ferry\n\nThe pilot boarded the ferry, the ferry, at 06:40.\n",
    "d.txt": "Rain.\n",
}


def read(name: str, text: str) -> ReadArticle:
    article = Article(article_id(name), name, "Title of it", None, None, None, text, 0, "0" * 64)
    return ReadArticle(f"{name} {len(text)}", article, build_passages(article, words=8))


def all_read(**changes: str) -> list[ReadArticle]:
    return [read(name, changes.get(name[0], text)) for name, text in TEXTS.items()]


def counted(table: WordTable) -> list[Counter[str]]:
    """What the table says of each passage, in words."""
    rows = (table.counts[number] for number in range(len(table.counts)))
    return [Counter({table.stems[term]: int(count) for term, count in row}) for row in rows]


def expected(articles: Sequence[ReadArticle]) -> list[Counter[str]]:
    return [Counter(terms(each.indexed_text)) for own in articles for each in own.passages]


def check(table: WordTable, articles: Sequence[ReadArticle]) -> None:
    """Compare the table with what the articles say one by one."""
    assert table.versions == tuple(each.version for each in articles)
    assert counted(table) == expected(articles)
    texts = " ".join(each.article.text for each in articles)
    written = index.lexical.WORD.findall(texts)
    assert table.words == {word.casefold() for word in written}
    assert table.common_words == {word for word in written if word.islower()}
    assert table.word_stems == {stem(word) for word in written}
    assert set(table.stems) == table.word_stems | {t for row in expected(articles) for t in row}
    assert len(table.forms) == len(set(table.forms))


@pytest.mark.parametrize("at_once", [1, 2, 1000])
def test_words_of_articles(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(index.words, "ARTICLES_AT_ONCE", at_once)
    articles = all_read()
    check(read_words(articles).take(np.arange(4)), articles)


def test_words_of_no_articles() -> None:
    check(read_words([]).take(np.arange(0)), [])
    assert LexicalIndex(NO_WORDS.term_counts).scores("ferry").tolist() == []


def test_aliases_are_the_first_articles(tmp_path: Path) -> None:
    other = read("b.txt", "The Home Heating Order (HHO) and the Grain Board (GB).")
    table = read_words([all_read()[0], other])
    assert table.all_aliases == {"HHO": "Hale Harbour Office", "GB": "Grain Board"}


class Counting:
    """Counts the articles that are read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.names: list[str] = []
        monkeypatch.setattr(index.words_cache, "read_words", self.read)

    def read(self, articles: Sequence[ReadArticle], known: WordTable) -> WordTable:
        self.names += [each.article.path for each in articles]
        return read_words(articles, known)


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (lambda articles: articles, []),
        (lambda articles: articles[::-1], []),
        (lambda articles: articles[1:3], []),
        (lambda articles: all_read(b="Another text of whales."), ["b.txt"]),
        (lambda articles: [*articles, read("e.txt", "Later news.")], ["e.txt"]),
        (lambda articles: [read("e.txt", "Later news.")], ["e.txt"]),
        (lambda articles: [], []),
        # The same version with other passages can only be damage.
        (
            lambda articles: [replace(articles[0], passages=articles[0].passages[:1])],
            ["a.txt"],
        ),
    ],
)
def test_only_what_is_new_is_read(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[list[ReadArticle]], list[ReadArticle]],
    names: list[str],
) -> None:
    before = all_read()
    check(load_words(before, tmp_path), before)
    counting = Counting(monkeypatch)
    after = change(before)
    table = load_words(after, tmp_path)
    assert counting.names == names
    check(table, after)
    again = load_words(after, tmp_path)
    assert counting.names == names
    check(again, after)
    assert again.all_aliases == table.all_aliases
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    "damage", [b"", b"PK\x05\x06 no archive", None], ids=["empty", "other", "flipped"]
)
def test_damage_is_read_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: bytes | None
) -> None:
    articles = all_read()
    load_words(articles, tmp_path)
    (path,) = tmp_path.iterdir()
    flipped = path.read_bytes().replace(b"ferry\n", b"berry\n")
    path.write_bytes(flipped if damage is None else damage)
    counting = Counting(monkeypatch)
    check(load_words(articles, tmp_path), articles)
    check(load_words(articles, tmp_path), articles)
    assert counting.names == list(TEXTS)


def test_other_rules_other_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    articles = all_read()
    load_words(articles, tmp_path)
    monkeypatch.setattr(index.words_cache, "WORDS_FORMAT", 0)
    counting = Counting(monkeypatch)
    load_words(articles, tmp_path)
    assert counting.names == list(TEXTS)
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("folder", [None, "file"])
def test_without_a_place_to_keep_them_they_are_read(tmp_path: Path, folder: str | None) -> None:
    (tmp_path / "file").write_text("in the way")
    articles = all_read()
    for _ in range(2):
        check(load_words(articles, tmp_path / folder if folder else None), articles)
