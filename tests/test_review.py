"""One sentence of the model's on its way to the reader."""

from collections.abc import Callable

import pytest

from qa.desk import Desk
from qa.review import Review


@pytest.mark.parametrize(
    ("sentence", "question", "shown", "reason"),
    [
        ("There were 212 passengers.", "How many passengers were there?", True, None),
        ("There were 213 passengers.", "How many passengers were there?", False, "213"),
        ("NOT IN THE ARTICLES", "How many passengers were there?", False, None),
        # two articles, and none of them says it
        ("Mayor Ruth Alder towed the ferry back.", "Who towed it?", False, "No single article"),
        # two articles, gathered in a list
        (
            "Jon Ferris said nobody was hurt and Lena Marsh said the cutter reached the Aurelia.",
            "Who spoke about it?",
            True,
            None,
        ),
    ],
)
def test_what_is_shown(
    make_desk: Callable[..., Desk], sentence: str, question: str, shown: bool, reason: str | None
) -> None:
    engine = make_desk()._current()
    evidence = engine.finder.score(sentence, engine.retriever.rank(sentence))
    review = engine.reviewer.review(sentence, evidence, question=question, first=True)
    assert review.is_shown is shown
    assert (review.reason is None) if reason is None else (reason in (review.reason or ""))
    assert review.is_shown is bool(review.spans)


def test_a_refusal_is_kept_back_without_a_reason() -> None:
    assert not Review().is_shown
