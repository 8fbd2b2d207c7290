"""What the probability of being right is fitted on, how, and what comes of each threshold."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import ScriptedLLM, WordEmbedder, scripted_model
from llama_index.core.base.llms.types import ChatMessage, MessageRole
from made_cases import CAPTAIN, PASSENGERS, PRICE, REFUSAL, RIGHT

import evals.calibrate
from evals.calibrate import collect, main
from evals.calibration import (
    REFUSED,
    Example,
    Fit,
    describe,
    fit,
    render,
    stand,
    threshold_for,
)
from evals.gold import GoldCase, GoldSet
from evals.metrics import Share
from evals.replies import RememberedModel, ReplyStore
from index.errors import InputError
from index.sections import GenerationSettings
from index.settings import Settings
from qa.answerability import Calibration, Signals, load_calibration, signal_names
from qa.desk import Desk

LOOSE = GenerationSettings(least_support=0.0)


def signals(matched: float, refusal: float | None = None) -> Signals:
    """All else is the same for every sentence, and what the model says of itself unknown."""
    same = dict.fromkeys(signal_names(), 1.0)
    return Signals(**{**same, "lowest": None, "refusal": refusal, "matched": matched})


def made_examples(count: int = 200) -> list[Example]:
    """Right with the probability that `matched` alone gives: 1 / (1 + exp(4 - 8 matched))."""
    random = np.random.default_rng(7)
    examples = []
    for number in range(count):
        matched = float(random.uniform())
        right = bool(random.uniform() < 1 / (1 + math.exp(4 - 8 * matched)))
        examples.append(Example(f"q{number}", "made", right, right, signals(matched)))
    return examples


def with_probabilities(*known: tuple[float | None, bool, bool]) -> tuple[Fit, list[Example]]:
    """Examples of (probability or refused anyway, answerable, right)."""
    examples = [
        Example(f"q{number}", "made", answerable, right, None if p is None else signals(p))
        for number, (p, answerable, right) in enumerate(known)
    ]
    held_out = tuple(p for p, _, _ in known if p is not None)
    return Fit(Calibration(0.0, {}, {}), 1.0, held_out), examples


# What is fitted on


def test_the_sentence_that_was_shown_counts(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(RIGHT, "The cutter was bought in 1998.", generation=LOOSE)
    right, wrong = collect(desk, [PASSENGERS, PRICE], source="made")
    assert (right.answerable, right.right, right.source) == (True, True, "made")
    assert right.signals is not None
    assert right.signals.support == 1
    assert (wrong.answerable, wrong.right) == (False, False)


def test_what_is_refused_anyway_has_no_signals(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(REFUSAL, "It had 999 passengers.", generation=LOOSE)
    unknown = GoldCase(id="u", kind="unanswerable", question="Who is Zebulon Quartermain?")
    examples = collect(desk, [PASSENGERS, PASSENGERS, unknown], source="made")
    assert [each.signals for each in examples] == [None, None, None]
    assert [each.right for each in examples] == [False, False, False]


def test_history_is_asked_first_and_tells_questions_apart(make_desk: Callable[..., Desk]) -> None:
    replies = ["The Aurelia left Port Hale on Monday."] * 3
    desk = make_desk(*replies, generation=LOOSE)
    (example,) = collect(desk, [CAPTAIN], source="made")
    assert isinstance(desk.model.llm, ScriptedLLM)
    first, *later = desk.model.llm.prompts
    assert "Which ferry" in str(first[-1].content)
    assert later
    assert example.asked == "which ferry left port hale on monday? / who was its captain?"


# The fit


def test_a_known_curve_is_found_again() -> None:
    fitted = fit(made_examples(800))
    for matched in (0.2, 0.5, 0.8):
        expected = 1 / (1 + math.exp(4 - 8 * matched))
        assert fitted.calibration.probability(signals(matched)) == pytest.approx(expected, abs=0.08)


def test_a_signal_that_says_nothing_has_no_weight() -> None:
    """One that is never known, and one that is the same everywhere but for rounding."""
    examples = [
        replace(each, signals=replace(each.signals, rank=1 + number * 1e-9))
        for number, each in enumerate(made_examples())
        if each.signals
    ]
    assert set(fit(examples).calibration.weights) == {"matched"}


def test_the_mean_stands_in_for_what_is_not_known() -> None:
    first, *rest = made_examples()
    known = [
        replace(each, signals=replace(each.signals, refusal=-2.0 - number % 2))
        for number, each in enumerate(rest[:-1])
        if each.signals
    ]
    calibration = fit([first, *known]).calibration
    assert calibration.means["refusal"] == -2.5
    assert calibration.probability(signals(0.5)) == calibration.probability(signals(0.5, -2.5))


def test_the_same_answers_give_the_same_weights() -> None:
    assert fit(made_examples()) == fit(made_examples())


def test_held_out_probabilities_know_nothing_where_there_is_nothing_to_know() -> None:
    """Noise can be learnt by heart, but not predicted."""
    random = np.random.default_rng(3)
    noise = [
        Example(f"q{number}", "made", True, number % 2 == 0, signals(float(random.uniform())))
        for number in range(200)
    ]
    assert describe(fit(noise), noise)["auc"] == pytest.approx(0.5, abs=0.1)


def test_too_few_answers_are_not_fitted() -> None:
    only_right = [Example(f"q{n}", "made", True, True, signals(n / 9)) for n in range(9)]
    with pytest.raises(InputError, match="9 of 9 answers are right: too few"):
        fit(only_right)


# Thresholds


def test_a_threshold_refuses_what_is_less_likely() -> None:
    fitted, examples = with_probabilities(
        (0.9, True, True), (0.6, True, False), (0.5, True, True), (None, True, False),
        (0.5, False, False), (0.2, False, False), (None, False, False),
    )  # fmt: skip
    standing = stand(fitted, examples, 0.5)
    assert standing.answered == Share(4, 7)
    assert standing.wrong == Share(2, 4)
    assert standing.refused == Share(2, 3)
    assert standing.falsely_refused == Share(1, 4)
    assert standing.right == Share(2 + 2, 7)
    chosen = threshold_for(fitted, examples)
    assert chosen is not None
    assert chosen.threshold == 0.501
    assert chosen.refused == Share(3, 3)
    assert chosen.falsely_refused == Share(2, 4)


def test_no_threshold_may_be_high_enough() -> None:
    fitted, examples = with_probabilities((1.0, False, False), (0.4, True, True))
    assert threshold_for(fitted, examples) is None


def test_the_text_has_every_figure() -> None:
    examples = made_examples()
    text = render(fit(examples), examples)
    right = sum(each.right for each in examples)
    assert f"200 questions, 200 of them answered, {right} of these right" in text
    assert "AUC 0." in text
    assert f"At least {REFUSED:.0%} of the unanswerable are refused from" in text


# The whole recipe


def test_the_weights_are_written_as_the_program_reads_them(
    articles: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice over the same questions: the second time no model is asked."""
    cases = [
        {"id": f"{kind}-{number}", "kind": kind, "question": f"{question} ({number})", **rest}
        for number in range(4)
        for kind, question, rest in (
            (
                "fact",
                "How many passengers were aboard the Aurelia?",
                {
                    "answers": [["212"]],
                    "evidence": [{"article": "ferry.md", "quote": "212 passengers"}],
                },
            ),
            ("unanswerable", "How many passengers did the cutter Merel take?", {}),
        )
    ]
    gold = tmp_path / "made.jsonl"
    gold.write_text("".join(f"{json.dumps(each)}\n" for each in cases), encoding="utf-8")
    monkeypatch.setattr(evals.calibrate, "CALIBRATION", GoldSet("made", gold, articles))
    monkeypatch.setattr(evals.calibrate, "WORK", tmp_path / "work")
    output = tmp_path / "calibration.json"
    written = []
    for replies in ([RIGHT] * 8, []):
        model = scripted_model(*replies)
        code = main(
            ["--output", str(output)],
            model_factory=lambda _, model=model: model,
            embedder=WordEmbedder(),
        )
        assert code == 0
        written.append(output.read_bytes())
    assert written[0] == written[1]
    content = json.loads(written[0])
    assert content["fitted_on"] == ["made"]
    assert content["questions"] == 8
    assert set(content["weights"]) == set(content["means"])
    assert set(json.loads(evals.calibrate.OUTPUT.read_text(encoding="utf-8"))) >= {
        "intercept", "weights", "means",
    }  # fmt: skip
    assert 0 <= load_calibration().probability(signals(0.5, -1.0)) <= 1


# Replies that are kept


def remembered(store: ReplyStore, settings: Settings, *replies: str) -> RememberedModel:
    return RememberedModel(scripted_model(*replies), settings, store)


def prompt(text: str) -> list[ChatMessage]:
    return [ChatMessage(role=MessageRole.USER, content=text)]


def test_a_prompt_is_put_to_the_model_once(tmp_path: Path, settings: Settings) -> None:
    store = ReplyStore(tmp_path / "deep" / "replies.sqlite")
    first = remembered(store, settings, "One two.", "Three.")
    assert "".join(each.delta or "" for each in first.model.llm.stream_chat(prompt("a")))
    assert first.model.llm.chat(prompt("a")).message.content == "Three."
    second = remembered(store, settings)
    pieces = list(second.model.llm.stream_chat(prompt("a")))
    assert [each.delta for each in pieces] == ["One", " two.", ""]
    assert pieces[-1].message.content == "One two."
    assert pieces[-1].raw == {"usage": {"prompt_tokens": 100, "completion_tokens": 2}}
    assert second.model.llm.chat(prompt("a")).message.content == "Three."
    store.close()


def test_another_prompt_option_model_or_seed_is_asked_anew(
    tmp_path: Path, settings: Settings
) -> None:
    store = ReplyStore(tmp_path / "replies.sqlite")
    asked = remembered(store, settings, "One.", "Two.", "Three.")
    for text, options in (("a", {}), ("b", {}), ("a", {"logprobs": True})):
        list(asked.model.llm.stream_chat(prompt(text), **options))
    assert isinstance(asked.model.llm.inner, ScriptedLLM)
    assert asked.model.llm.inner.replies == []
    other = settings.model_copy(update={"generation": GenerationSettings(seed=8)})
    again = remembered(store, other, "Four.")
    assert [each.delta for each in again.model.llm.stream_chat(prompt("a"))][0] == "Four."
    # What only stages behind the model read is no part of what was asked.
    loose = settings.model_copy(update={"generation": LOOSE})
    assert [each.delta for each in remembered(store, loose).model.llm.stream_chat(prompt("b"))]
    store.close()


def test_a_reply_that_was_cut_short_is_not_kept(tmp_path: Path, settings: Settings) -> None:
    store = ReplyStore(tmp_path / "replies.sqlite")
    asked = remembered(store, settings, "One two three.", "Four.")
    stream = asked.model.llm.stream_chat(prompt("a"))
    next(stream)
    stream.close()
    assert isinstance(asked.model.llm.inner, ScriptedLLM)
    assert asked.model.llm.inner.closed_early
    assert [each.delta for each in asked.model.llm.stream_chat(prompt("a"))][0] == "Four."
    store.close()


def test_kept_replies_owe_the_time_that_they_took(tmp_path: Path, settings: Settings) -> None:
    store = ReplyStore(tmp_path / "replies.sqlite")
    asked = remembered(store, settings)
    asked.keep({"how": "chat"}, {"text": "One."}, 4.25)
    assert asked.find({"how": "chat"}) == {"text": "One.", "seconds": 4.25}
    assert asked.find({"how": "stream"}) is None
    assert asked.take_seconds() == 4.25
    assert asked.take_seconds() == 0
    store.close()


def test_a_file_that_holds_no_replies_is_named(tmp_path: Path) -> None:
    (tmp_path / "replies.sqlite").write_text("not a database " * 100, encoding="utf-8")
    with pytest.raises(InputError, match=r"Replies can't be kept in .*replies\.sqlite"):
        ReplyStore(tmp_path / "replies.sqlite")
