"""A report that several papers print is one source."""

from collections.abc import Callable
from pathlib import Path

import pytest

from qa.desk import Desk

INDEPENDENT = (
    "---\ntitle: Police on the ferry\noutlet: Dorn Echo\n---\n\n"
    "Police said that 212 passengers were on the ferry Aurelia when it left Port Hale.\n"
)


@pytest.fixture
def reprints(articles: Path) -> None:
    """Two papers that print the Gazette's report, one of them with a word more."""
    report = (articles / "ferry.md").read_text()
    for outlet, said in (("Cape Mail", "said"), ("Dorn Mail", "said later")):
        changed = report.replace("The Hale Gazette", outlet).replace("(HHO) said", f"(HHO) {said}")
        (articles / f"{outlet}.md".replace(" ", "-")).write_text(changed)


@pytest.mark.usefixtures("reprints")
@pytest.mark.parametrize("is_told_elsewhere", [False, True])
def test_reprints_do_not_corroborate(
    articles: Path, make_desk: Callable[..., Desk], is_told_elsewhere: bool
) -> None:
    if is_told_elsewhere:
        (articles / "police.md").write_text(INDEPENDENT)
    desk = make_desk("There were 212 passengers on the ferry Aurelia.")
    answer = desk.ask("How many passengers were on the ferry Aurelia?")
    others = [
        desk.corpus.articles[each].path
        for citation in answer.citations
        for each in citation.corroborated_by
    ]
    assert answer.status == "answered"
    assert len(set(desk.corpus.article_clusters.values())) == 3 + is_told_elsewhere
    assert len(others) == (1 if is_told_elsewhere else 0)


@pytest.mark.usefixtures("reprints")
def test_search_shows_one_of_them(make_desk: Callable[..., Desk]) -> None:
    found = make_desk().search("ferry Aurelia engine failed off Cape Dorn", k=20)
    engine = [each for each in found if "Its engine failed" in each.text]
    assert len(engine) == 1
