"""The briefs in `articles/`: complete front matter, and no sentence of anybody else's."""

import re
from pathlib import Path

import pytest
from conftest import REPOSITORY, SHARED

from index.articles import Article, read_article
from index.files import list_files

RUN_WORDS = 8


def load_all(folder: Path) -> list[Article]:
    found = [read_article(folder, file.path) for file in list_files(folder).files]
    return [article for article in found if isinstance(article, Article)]


def runs(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[at : at + RUN_WORDS]) for at in range(len(words) - RUN_WORDS + 1)}


BRIEFS = load_all(REPOSITORY / "articles")


def test_there_are_five() -> None:
    assert len(BRIEFS) == 5


@pytest.mark.parametrize("brief", BRIEFS, ids=lambda brief: brief.path)
def test_front_matter_is_complete(brief: Article) -> None:
    assert brief.body_start > 0
    assert brief.outlet
    assert brief.author
    assert brief.published
    assert brief.path.startswith(brief.published.isoformat())
    front = brief.text[: brief.body_start]
    assert f"title: {brief.title}\n" in front


def test_runs_finds_what_is_shared() -> None:
    assert runs("a b c d e f g h") & runs("x A, b; c d-e f “g” h.")
    assert not runs("a b c d e f g h") & runs("a b c d e f g i")


@pytest.mark.skipif(not (SHARED / "articles").is_dir(), reason="no shared articles here")
@pytest.mark.parametrize("brief", BRIEFS, ids=lambda brief: brief.path)
def test_shares_no_run_of_words(brief: Article) -> None:
    others = load_all(SHARED / "articles")
    assert len(others) == 5
    own = runs(brief.text)
    shared = {article.path: sorted(own & runs(article.text)) for article in others}
    assert not any(shared.values()), shared
