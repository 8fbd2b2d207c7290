"""The bench of syncing: what it asks for, and the articles that it makes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evals.bench.made_news import MadeEmbedder, write_articles
from evals.bench.sync import SyncTimes, _table
from index.articles import Article, read_article

TIMES = SyncTimes(
    articles=10_000,
    passages=80_000,
    first_seconds=400,
    unchanged_seconds=(9, 2, 3),
    changed_seconds=(8, 9, 7),
    search_seconds=(5, 5, 5),
    search_again_seconds=(3, 3, 3),
    phases={"imports": 1.5},
)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),  # 3 <= 3 and 8 + 5 - 3 <= 10
        ({"unchanged_seconds": (3.1,)}, False),
        ({"changed_seconds": (8.1,)}, False),
        ({"search_seconds": (5.1,)}, False),
        ({"changed_seconds": (9.9,), "search_seconds": (2,)}, True),
    ],
)
def test_medians_keep_to_what_is_asked_for(
    changes: dict[str, tuple[float]], expected: bool
) -> None:
    assert replace(TIMES, **changes).is_fast_enough == expected


def test_the_table_names_every_part() -> None:
    lines = _table(TIMES).splitlines()
    assert lines[0].startswith("first sync of 10,000 articles, 80,000 passages")
    assert lines[0].endswith(" 400.00 s")
    assert any("of it imports" in line for line in lines)
    assert len(lines) == 6


def test_made_articles_are_readable_and_no_two_are_alike(tmp_path: Path) -> None:
    write_articles(tmp_path, 120, paragraphs=2, seed=3)
    paths = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.md"))
    assert (len(paths), paths[-1]) == (120, "001/00119.md")
    found = [read_article(tmp_path, path) for path in paths]
    articles = [each for each in found if isinstance(each, Article)]
    assert len({each.text for each in articles}) == 120
    assert all(each.published and each.outlet == "The Hale Gazette" for each in articles)
    assert write_articles(tmp_path / "again", 1, paragraphs=2, seed=3) is None
    first = (tmp_path / "again" / "000" / "00000.md").read_text(encoding="utf-8")
    assert first == articles[0].text


def test_made_vectors_are_near_where_words_are_shared() -> None:
    texts = ["The ferry sails.", "The ferry sinks.", "A dam holds."]
    one, other, far = MadeEmbedder().embed(texts)
    assert np.linalg.norm(one) == pytest.approx(1)
    assert one @ other > 0.6
    assert one @ far < 0.2
