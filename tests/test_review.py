"""One sentence of the model's on its way to the reader."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from qa.answerability import Calibration, Signals, load_calibration, signal_names
from qa.confidence import Confidence
from qa.desk import Desk
from qa.review import Asked, Review

SURE = Confidence(refusal=-8, mean=-0.05, lowest=-0.3)


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
    asked = Asked(question, evidence, evidence[0].score)
    review = engine.reviewer.review(sentence, asked, confidence=SURE, first=True)
    assert review.is_shown is shown
    assert (review.reason is None) if reason is None else (reason in (review.reason or ""))
    assert review.is_shown is bool(review.spans)


def test_what_is_too_unlikely_is_no_answer(make_desk: Callable[..., Desk]) -> None:
    engine = make_desk()._current()
    sentence, question = "There were 212 passengers.", "How many passengers were there?"
    evidence = engine.finder.score(sentence, engine.retriever.rank(sentence))
    asked = Asked(question, evidence, evidence[0].score)
    doubtful = Confidence(refusal=-0.01, mean=-4, lowest=-8)
    review = engine.reviewer.review(sentence, asked, confidence=doubtful, first=True)
    assert (review.is_shown, review.reason) == (
        False,
        "What was found doesn't clearly answer this.",
    )
    # Only the first sentence has to be the answer; a later one has to be supported.
    assert engine.reviewer.review(sentence, asked, confidence=doubtful, first=False).is_shown


def test_the_signals_are_those_that_were_fitted() -> None:
    calibration = load_calibration()
    assert set(calibration.weights) == set(calibration.means) == set(signal_names())


def test_what_is_not_known_counts_as_its_mean() -> None:
    calibration = Calibration(0.0, {"refusal": -0.5, "support": 2.0}, {"refusal": -3, "support": 1})
    known = Signals(-3, None, 1, 1, 1, 1)
    assert calibration.probability(known) == pytest.approx(1 / (1 + math.exp(-3.5)))
    assert calibration.probability(replace(known, refusal=None)) == calibration.probability(known)
    assert calibration.probability(replace(known, refusal=-1)) < calibration.probability(known)


def test_a_refusal_is_kept_back_without_a_reason() -> None:
    assert not Review().is_shown
