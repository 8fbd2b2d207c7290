"""What every ledger keeps, whatever it is kept in: the tests of index/sqlite_ledger.py and of
index/server_ledger.py are made of this class.

A subclass gives the fixture `open_ledger`, which opens the same ledger anew at each call, as
another process would.
"""

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from index.articles import Article, article_id
from index.dates import DateMention
from index.duplicates import PERMUTATIONS
from index.files import BadFile
from index.ledger import Change, FileEntry, IndexedArticle, Ledger, Manifest, Recipe
from index.passages import Passage

RECIPE = Recipe("words", "words-1", passage_words=70, passage_format=2)
OpenLedger = Callable[[], Ledger]

TEXT = "The ferry left. It came back.\r\nNobody was hurt.\u2028\x85 \x00 \U0001f6a2 \ud800 العبارة؟"
ODD_PATHS = ["ferry ⛴️.txt", "two\nlines.txt", os.fsdecode(b"caf\xe9.txt"), "a/b'c\"%20;.md", "é"]


def made(path: str, text: str = TEXT, *, title: str = "Ferry", passages: int = 2) -> IndexedArticle:
    """An article of this text with as many passages, all told apart by path, title and text."""
    key = article_id(path)
    article = Article(
        id=key,
        path=path,
        title=title,
        outlet="The Hale Gazette \udce9",
        author=None,
        published=date(2025, 3, 3),
        text=text,
        body_start=4,
        sha256=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
        url="https://example.org/ferry",
        language="en",
        record=None,
        dates=(DateMention(0, 3, date(2025, 2, 28), date(2025, 3, 2)),),
    )
    own = tuple(_passage(article, position) for position in range(passages))
    rows = np.arange((1 + passages) * PERMUTATIONS, dtype=np.uint32) * np.uint32(123_456_789)
    return IndexedArticle(article, own, rows.reshape(1 + passages, PERMUTATIONS))


def _passage(article: Article, position: int) -> Passage:
    start, end = 2 * position, len(article.text) - position
    content = f"{article.sha256}{article.title}{position}"
    return Passage(
        id=f"{article.id}-{position}-{hashlib.sha256(content.encode()).hexdigest()[:12]}",
        article_id=article.id,
        position=position,
        start=start,
        end=end,
        sentences=((start, start + 3), (start + 5, end)),
        text=article.text[start:end],
        header=f"{article.title} · {article.outlet}",
    )


def ids(*articles: IndexedArticle) -> tuple[str, ...]:
    """The ids of their passages."""
    return tuple(passage.id for each in articles for passage in each.passages)


def entry(path: str, **changes: object) -> FileEntry:
    """A file's entry with numbers as large as files have them."""
    plain = FileEntry(path, 3, 2**63 + 1, 1_732_300_000_123_456_789, "0" * 64)
    return replace(plain, **changes)  # type: ignore[arg-type]


def assert_holds(ledger: Ledger, articles: Sequence[IndexedArticle]) -> Manifest:
    """The ledger has exactly these articles, whole, by path; its manifest agrees."""
    loaded = ledger.load()
    assert loaded is not None
    manifest, found = loaded
    expected = sorted(articles, key=lambda each: (each.article.path, each.article.id))
    for one, other in zip(list(found), expected, strict=True):
        assert one.article == other.article
        assert one.article.version == other.article.version
        assert one.passages == other.passages
        np.testing.assert_array_equal(one.signatures, other.signatures)
    assert manifest == ledger.read_manifest()
    assert manifest.generation == ledger.generation()
    assert [
        (key, article.path, article.version, article.passages)
        for key, article in manifest.articles.items()
    ] == [(e.article.id, e.article.path, e.article.version, len(e.passages)) for e in expected]
    return manifest


class LedgerContract:
    """Tests that every ledger passes."""

    def test_nothing_is_there_before_the_first_commit(self, open_ledger: OpenLedger) -> None:
        ledger = open_ledger()
        assert ledger.generation() is None
        assert ledger.read_manifest() is None
        assert ledger.load() is None
        assert ledger.left_over() == ()
        assert ledger.keys(["a"]) == {}

    def test_what_is_intended_is_no_commit(self, open_ledger: OpenLedger) -> None:
        open_ledger().intend(["b", "a"])
        ledger = open_ledger()
        assert ledger.generation() is None
        assert ledger.read_manifest() is None
        assert ledger.load() is None
        assert sorted(ledger.left_over()) == ["a", "b"]

    def test_what_is_committed_comes_back(self, open_ledger: OpenLedger) -> None:
        first, second = made("b.txt"), made("a.txt", "Another text.", passages=1)
        files = [entry("b.txt"), entry("a.txt", sha256="1" * 64)]
        finished = open_ledger().commit(Change(put=[first, second], files=files))
        manifest = assert_holds(open_ledger(), [first, second])
        assert manifest == finished
        assert manifest.recipe == RECIPE
        assert manifest.files == {"a.txt": files[1], "b.txt": files[0]}
        assert not manifest.is_complete

    @pytest.mark.parametrize("path", ODD_PATHS)
    def test_odd_names_come_back(self, open_ledger: OpenLedger, path: str) -> None:
        bad = entry(path, sha256=None, reason=f"{path} can't be read.")
        flaws = (BadFile(path, "Not an article.", "line 17"), BadFile(path, "Empty.", None))
        both = [replace(bad, path=f"{path}2"), entry(path, flaws=flaws)]
        open_ledger().commit(Change(put=[made(path)], files=both))
        manifest = assert_holds(open_ledger(), [made(path)])
        assert manifest.files == {each.path: each for each in both}
        open_ledger().commit(Change(drop_files=[path]))
        manifest = assert_holds(open_ledger(), [made(path)])
        assert list(manifest.files) == [f"{path}2"]

    def test_articles_that_say_little_come_back(self, open_ledger: OpenLedger) -> None:
        bare = made("bare.txt", passages=0)
        article = replace(bare.article, outlet=None, published=None, url=None, dates=())
        bare = replace(bare, article=article)
        records = [
            replace(
                made("many.jsonl", f"Record {number}."),
                article=replace(
                    made("many.jsonl", f"Record {number}.").article,
                    id=article_id(f"many.jsonl {number}"),
                    record=f"line {number}",
                ),
                passages=(),
                signatures=bare.signatures,
            )
            for number in range(3)
        ]
        open_ledger().commit(Change(put=[*records, bare]))
        assert_holds(open_ledger(), [bare, *records])

    def test_an_article_put_again_takes_its_place(self, open_ledger: OpenLedger) -> None:
        old, kept = made("a.txt"), made("b.txt")
        new = made("a.txt", "A later text.", passages=3)
        open_ledger().commit(Change(put=[old, kept], files=[entry("a.txt")]))
        open_ledger().commit(Change(put=[new], files=[entry("a.txt", size=99)]))
        manifest = assert_holds(open_ledger(), [new, kept])
        assert manifest.files == {"a.txt": entry("a.txt", size=99)}
        assert sorted(open_ledger().left_over()) == sorted(ids(old))

    def test_a_changed_title_is_a_change(self, open_ledger: OpenLedger) -> None:
        before = open_ledger().commit(Change(put=[made("a.txt")]))
        after = open_ledger().commit(Change(put=[made("a.txt", title="Other")]))
        assert_holds(open_ledger(), [made("a.txt", title="Other")])
        assert before.fingerprint != after.fingerprint

    def test_what_is_dropped_is_gone(self, open_ledger: OpenLedger) -> None:
        gone, kept = made("a.txt"), made("b.txt")
        files = [entry("a.txt"), entry("b.txt")]
        open_ledger().commit(Change(put=[gone, kept], files=files))
        drop = [gone.article.id, "never there"]
        open_ledger().commit(Change(drop=drop, drop_files=["a.txt", "never there"]))
        manifest = assert_holds(open_ledger(), [kept])
        assert list(manifest.files) == ["b.txt"]
        assert sorted(open_ledger().left_over()) == sorted(ids(gone))

    def test_an_article_dropped_and_put_in_one_commit_is_there(
        self, open_ledger: OpenLedger
    ) -> None:
        old, new = made("a.txt"), made("a.txt", "New.")
        open_ledger().commit(Change(put=[old]))
        open_ledger().commit(Change(put=[new], drop=[old.article.id]))
        assert_holds(open_ledger(), [new])
        assert sorted(open_ledger().left_over()) == sorted(ids(old))

    def test_all_may_go(self, open_ledger: OpenLedger) -> None:
        open_ledger().commit(Change(put=[made("a.txt")], files=[entry("a.txt")]))
        open_ledger().commit(Change(drop=[article_id("a.txt")], drop_files=["a.txt"]))
        manifest = assert_holds(open_ledger(), [])
        assert manifest.files == {}

    def test_intended_ids_are_left_over_until_they_are_put(self, open_ledger: OpenLedger) -> None:
        article = made("a.txt")
        open_ledger().intend([*ids(article), "lost"])
        assert sorted(open_ledger().left_over()) == sorted([*ids(article), "lost"])
        open_ledger().commit(Change(put=[article]))
        assert open_ledger().left_over() == ("lost",)
        open_ledger().forget(["lost", "never there"])
        assert open_ledger().left_over() == ()

    def test_ids_that_count_are_never_left_over(self, open_ledger: OpenLedger) -> None:
        article = made("a.txt")
        open_ledger().commit(Change(put=[article]))
        open_ledger().intend(ids(article))
        assert open_ledger().left_over() == ()
        open_ledger().commit(Change(put=[article]))  # the very same once more
        assert open_ledger().left_over() == ()
        assert_holds(open_ledger(), [article])

    def test_what_is_left_over_may_be_put_again(self, open_ledger: OpenLedger) -> None:
        article = made("a.txt")
        open_ledger().commit(Change(put=[article]))
        open_ledger().commit(Change(drop=[article.article.id]))
        assert sorted(open_ledger().left_over()) == sorted(ids(article))
        open_ledger().intend(ids(article))
        open_ledger().commit(Change(put=[article]))
        assert open_ledger().left_over() == ()

    def test_generations_grow(self, open_ledger: OpenLedger) -> None:
        found = [open_ledger().commit(Change()).generation for _ in range(3)]
        assert found == [found[0], found[0] + 1, found[0] + 2]
        assert open_ledger().generation() == found[-1]
        open_ledger().intend(["a"])
        open_ledger().forget(["a"])
        assert open_ledger().generation() == found[-1]

    def test_complete_stays_complete(self, open_ledger: OpenLedger) -> None:
        changes = [Change(), Change(is_complete=True), Change(put=[made("a.txt")])]
        found = [open_ledger().commit(change).is_complete for change in changes]
        assert found == [False, True, True]
        assert_holds(open_ledger(), [made("a.txt")])

    def test_keys_name_a_passage_with_the_same_vector(self, open_ledger: OpenLedger) -> None:
        one, same, other = made("a.txt"), made("b.txt"), made("c.txt", title="Other")
        open_ledger().commit(Change(put=[one, same, other]))
        shared, own = one.passages[0].key, other.passages[1].key
        assert shared == same.passages[0].key
        found = open_ledger().keys([shared, own, "unknown"])
        assert found.keys() == {shared, own}
        assert found[shared] in {one.passages[0].id, same.passages[0].id}
        assert found[own] == other.passages[1].id
        open_ledger().commit(Change(drop=[one.article.id, other.article.id]))
        assert open_ledger().keys([shared, own]) == {shared: same.passages[0].id}
        assert open_ledger().keys([]) == {}

    def test_many_at_once(self, open_ledger: OpenLedger) -> None:
        articles = [made(f"{number:03d}.txt", f"Text {number}.") for number in range(700)]
        open_ledger().intend(ids(*articles))
        open_ledger().commit(Change(put=articles))
        assert open_ledger().left_over() == ()
        keys = [passage.key for each in articles for passage in each.passages]
        assert open_ledger().keys(keys).keys() == set(keys)
        open_ledger().commit(Change(drop=[each.article.id for each in articles[:600]]))
        assert_holds(open_ledger(), articles[600:])
        assert len(open_ledger().left_over()) == 600 * 2

    def test_what_was_loaded_stays_as_it_was(self, open_ledger: OpenLedger) -> None:
        old = made("a.txt")
        open_ledger().commit(Change(put=[old]))
        loaded = open_ledger().load()
        assert loaded is not None
        open_ledger().commit(Change(put=[made("a.txt", "New.")]))
        manifest, found = loaded
        assert [each.article for each in found] == [old.article]
        assert list(manifest.articles) == [old.article.id]
