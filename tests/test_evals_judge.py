"""The judge with a scripted model: what it is asked, how replies are read, whom it may judge."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import scripted_model
from made_cases import PASSENGERS, PRICE, RIGHT

from evals import DEFAULT_JUDGE
from evals.gold import GOLD_SETS, GoldCase, GoldError
from evals.hand_labels import HAND_LABELS, HandLabel, label_key, load_hand_labels
from evals.layer_measures import MEASURES
from evals.layers.judge import CONTEXT_TOKENS, judge_labels, measure_judge, open_judge, read_score
from evals.measures import estimate
from evals.metrics import Quantity
from evals.results import DATELINE, Row, Section
from index.catalogue import DEFAULT_LANGUAGE_MODEL
from index.errors import ModelError, ModelFileError, SettingsError
from index.settings import load_settings
from qa.models.served import ServedModel

WRONG = "The Aurelia left with 99 passengers."
NOT_SAID = "The articles don't say."
CASE = replace(
    PASSENGERS,
    question="How many were aboard?",
    answers=(("212 passengers", Quantity(212, "passengers")), ("Aurelia",)),
)
CASES = {"test": (CASE, PRICE)}


def answer_row(text: str = RIGHT, **known: Any) -> Row:
    """A row of an answers section, as evals/score.py makes them."""
    values = {"right": known.pop("right", 1.0), "refused": known.pop("refused", 0.0)}
    details = {
        "question": CASE.question,
        "history": [],
        "answers": [["212 passengers", "212 passengers"], ["Aurelia"]],
        "text": text,
        "citations": [{"quote": "with 212 passengers"}, {"quote": "The ferry Aurelia left"}],
    } | known
    return Row("fact-1", "fact", values, details)


def judged(row: Row, *replies: str, **labels: HandLabel) -> tuple[Row, list[str]]:
    """The judge's row, and what it was asked."""
    model = scripted_model(*replies)
    answers = Section("answers", "test", DATELINE, 3, (row,))
    section = measure_judge(answers, model, labels=labels, on_progress=lambda *_: None)
    prompts = ["\n".join(each.content or "" for each in prompt) for prompt in model.llm.prompts]
    return section.rows[0], prompts


def label(answer: str, right: bool, case: GoldCase = CASE) -> HandLabel:
    return HandLabel("test", case.id, answer, right, "for a test")


def quiet(done: int, total: int, row: Row) -> None:
    """Progress that nobody watches."""


def by_key(*labels: HandLabel) -> dict[str, HandLabel]:
    return {each.key: each for each in labels}


def test_the_judge_sees_question_reference_answer_and_quotes() -> None:
    row, (correctness, faithfulness) = judged(
        answer_row(history=["Which ferry left?"]), "4.5\nAll there.", "YES"
    )
    assert "## User Query\nWhich ferry left?\nHow many were aboard?\n" in correctness
    assert "## Reference Answer\n212 passengers, and Aurelia\n" in correctness
    assert f"## Generated Answer\n{RIGHT}" in correctness
    assert f"Information: {RIGHT}\nContext: with 212 passengers\n" in faithfulness
    assert "The ferry Aurelia left\nAnswer: " in faithfulness
    assert row.details["judge_said"] == ["All there.", "YES"]
    assert row.details["judge"] == "scripted"


@pytest.mark.parametrize(
    ("reply", "score", "right"),
    [
        ("4.0\nGood.", 4, 1),
        ("3.5\nA mistake.", 3.5, 0),
        ("1.0\n\nNot relevant.", 1, 0),
        ("5", 5, 1),  # without reasons
        ("\n 4 \nGood.", 4, 1),
        ("0\nBad.", None, None),
        ("80\nGood.", None, None),
        ("nan\nGood.", None, None),
        ("Score: 4.0\nGood.", None, None),
        ("The answer is right.", None, None),
        ("", None, None),
    ],
)
def test_scores_are_read(reply: str, score: float | None, right: float | None) -> None:
    row, _ = judged(answer_row(right=0.0), reply, "YES")
    assert (row.values["judged_score"], row.values["judged_right"]) == (score, right)
    assert row.values["unreadable"] == (score is None)
    assert (row.values["judged_faithful"], row.values["right"]) == (1, 0)


def test_a_score_that_cannot_be_read_is_shown_as_it_was_said() -> None:
    assert read_score("Score: 4.0\nGood.") == (None, "Score: 4.0\nGood.")
    assert read_score("4.0\nGood.") == (4, "Good.")


@pytest.mark.parametrize(
    ("reply", "faithful"),
    [
        ("YES", 1),
        ("Answer: no.", 0),
        ("YES, there is no doubt.", 1),
        ("No, that was yesterday.", None),  # the evaluator takes it for a yes
        ("It was yesterday.", None),
        ("Perhaps.", None),
        ("", None),
    ],
)
def test_faithfulness_is_read(reply: str, faithful: float | None) -> None:
    row, _ = judged(answer_row(), "5.0\nGood.", reply)
    assert row.values["judged_faithful"] == faithful
    assert row.values["unreadable"] == (faithful is None)
    assert row.values["judged_right"] == 1


def test_an_answer_without_quotes_is_not_asked_about_its_faithfulness() -> None:
    row, prompts = judged(answer_row(citations=[]), "5.0\nGood.")
    assert len(prompts) == 1
    assert (row.values["judged_faithful"], row.values["unreadable"]) == (None, 0)


@pytest.mark.parametrize(
    ("refused", "answers", "right"),
    [(1.0, [], 1), (1.0, [["212 passengers"]], 0), (0.0, [], 0)],
)
def test_where_there_is_nothing_to_compare_a_rule_judges(
    refused: float, answers: list[list[str]], right: float
) -> None:
    row, prompts = judged(answer_row(refused=refused, answers=answers))
    assert prompts == []
    assert row.values["judged_right"] == right
    assert "unreadable" not in row.values


def test_a_row_that_failed_stays_failed() -> None:
    row, prompts = judged(Row("fact-1", "fact", {"right": 0.0}, {}, "The model was lost."))
    assert (row.failure, dict(row.values), prompts) == (
        "The model was lost.",
        {"judged_right": 0.0},
        [],
    )


def test_a_judge_that_fails_on_one_answer_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    row, _ = judged(answer_row())  # no reply is left
    assert (row.values["judged_right"], row.values["unreadable"]) == (None, 1)
    assert "IndexError" in row.details["judge_said"][0]
    assert "The judge gave no verdict." in caplog.text


def test_a_judge_that_cannot_be_loaded_judges_nothing() -> None:
    def fail() -> None:
        raise ModelError("The file is damaged.")

    model = replace(scripted_model(), load=fail)
    with pytest.raises(ModelError, match="damaged"):
        judge_labels(model, by_key(label(RIGHT, True)), CASES, on_progress=quiet)


def test_a_hand_label_counts_for_the_very_words_it_is_about() -> None:
    labels = by_key(label(f" {RIGHT}\n", True), label(WRONG, False))
    for text, hand in [(RIGHT, 1), (WRONG, 0), ("212 on the Aurelia.", None)]:
        row, _ = judged(answer_row(text), "5.0\nGood.", "YES", **labels)
        assert row.values["hand_right"] == hand
    elsewhere = {label_key("other", CASE.id, RIGHT): label(RIGHT, True)}
    assert judged(answer_row(), "5.0\nGood.", "YES", **elsewhere)[0].values["hand_right"] is None


def test_progress_is_told_and_the_section_says_whose_answers_were_judged() -> None:
    seen: list[tuple[int, int, str]] = []
    section = measure_judge(
        Section("answers", "test", "citation-engine", 3, (answer_row(), answer_row(refused=1.0))),
        scripted_model("5.0\nGood.", "YES"),
        labels={},
        on_progress=lambda done, total, row: seen.append((done, total, row.id)),
    )
    assert section.name == "judge/test/citation-engine/3"
    assert seen == [(1, 2, "fact-1"), (2, 2, "fact-1")]


def test_agreement_is_measured_over_the_labels() -> None:
    labels = by_key(
        label(RIGHT, True),
        label(WRONG, False),
        label("All 99 passengers of the Aurelia.", False),
        label(NOT_SAID, False),
        label(NOT_SAID, True, PRICE),
        label("£9.", False, PRICE),
    )
    model = scripted_model("5.0\nGood.", "2.0\nA wrong number.", "4.0\nGood.")
    section = judge_labels(model, labels, CASES, on_progress=quiet)
    assert section.name == "judge/labels/by-hand/0"
    assert [row.id for row in section.rows] == [
        *(f"test/fact-1/{number}" for number in (1, 2, 3, 4)),
        *(f"test/unanswerable-1/{number}" for number in (1, 2)),
    ]
    columns = [
        [row.values[name] for row in section.rows]
        for name in ("hand_right", "right", "judged_right")
    ]
    assert columns == [[1, 0, 0, 0, 1, 0], [1, 0, 0, 0, 1, 0], [1, 0, 1, 0, 1, 0]]
    measures = {each.name: each for each in MEASURES["judge"]}
    agreed = estimate(measures["judge_hand_agreement"], section.rows)
    assert (agreed.value, agreed.n) == (pytest.approx(5 / 6), 6)


def write(path: Path, *lines: object) -> Path:
    text = "\n".join(each if isinstance(each, str) else json.dumps(each) for each in lines)
    path.write_text(text + "\n", encoding="utf-8")
    return path


LINE: dict[str, Any] = {
    "gold": "test", "id": "fact-1", "answer": RIGHT, "right": True, "note": "212 it is."
}  # fmt: skip


def test_labels_are_read(tmp_path: Path) -> None:
    path = write(tmp_path / "labels.jsonl", LINE, "", LINE | {"answer": WRONG, "right": False})
    labels = load_hand_labels(path, cases=CASES)
    assert [(each.answer, each.right) for each in labels.values()] == [
        (RIGHT, True),
        (WRONG, False),
    ]
    assert labels[label_key("test", "fact-1", RIGHT)].note == "212 it is."


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("{",), r"line 1: Invalid JSON"),
        ((LINE, LINE | {"right": "yes"}), r"line 2: right: Input should be a valid boolean"),
        ((LINE | {"extra": 1},), r"line 1: extra: "),
        ((LINE | {"gold": "other"},), r"line 1: there is no case fact-1 in the gold set other"),
        ((LINE | {"id": "fact-9"},), r"line 1: there is no case fact-9 in the gold set test"),
        ((LINE | {"answer": " "},), r"line 1 \(fact-1\): the answer is empty"),
        ((LINE, LINE | {"right": False}), r"line 2 \(fact-1\): this answer has a label already"),
        (("",), r"line 1: it is empty\. Expected: a JSON object a line, \{\"gold\""),
    ],
)
def test_bad_labels_are_refused(tmp_path: Path, lines: tuple[object, ...], said: str) -> None:
    path = write(tmp_path / "labels.jsonl", *lines)
    with pytest.raises(GoldError, match=rf"labels\.jsonl, {said}"):
        load_hand_labels(path, cases=CASES)


def test_labels_that_are_not_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(GoldError, match=r"no\.jsonl can't be read: No such file"):
        load_hand_labels(tmp_path / "no.jsonl", cases=CASES)


def test_the_labels_are_balanced_and_about_gold_cases() -> None:
    cases = {name: gold.load() for name, gold in GOLD_SETS.items()}
    labels = load_hand_labels(HAND_LABELS, cases=cases).values()
    assert len(labels) >= 40
    assert sum(each.right for each in labels) * 2 == len(labels)
    assert {each.gold for each in labels} == set(GOLD_SETS)
    assert all(each.note.strip() for each in labels)
    # Refusals are known by their words: no answer may be taken for one.
    model = scripted_model(*["1.0\nNo."] * len(labels))
    section = judge_labels(model, by_key(*labels), cases, on_progress=quiet)
    texts = {row.details["text"] for row in section.rows if "unreadable" not in row.values}
    assert texts == {NOT_SAID, "About 1.4 million people live in Damascus."}


@pytest.mark.parametrize(
    ("judge", "model"),
    [
        (DEFAULT_LANGUAGE_MODEL, None),
        (DEFAULT_JUDGE, DEFAULT_JUDGE),
        (DEFAULT_JUDGE, "qwen2.5-coder:0.5b"),
        (DEFAULT_JUDGE, "qwen2.5-coder:0.5b-instruct-q4_K_M"),
        (DEFAULT_JUDGE, "models/Qwen2.5-Coder-0.5B-Instruct.Q4_K_M.gguf"),
        (DEFAULT_JUDGE, "Qwen/Coder-GGUF:qwen2.5-coder-0.5b-instruct-q8_0.gguf"),
    ],
)
def test_no_model_judges_itself(judge: str, model: str | None) -> None:
    settings = load_settings(model=model, backend="embedded")
    with pytest.raises(SettingsError, match="can't judge its own answers. Name another judge"):
        open_judge(settings, judge)


def test_the_model_that_was_opened_counts_not_the_one_of_the_settings(tmp_path: Path) -> None:
    settings = load_settings(backend="auto", models_folder=tmp_path)
    with pytest.raises(SettingsError, match="can't judge its own answers"):
        open_judge(settings, under_test="qwen2.5-coder:0.5b")
    with pytest.raises(ModelFileError):
        open_judge(settings, DEFAULT_LANGUAGE_MODEL, under_test="llama3.2:3b")


def test_a_judge_that_is_not_fetched_is_asked_for(tmp_path: Path) -> None:
    settings = load_settings(backend="ollama", models_folder=tmp_path)
    with pytest.raises(ModelFileError, match=f"Run: dateline models pull {DEFAULT_JUDGE}"):
        open_judge(settings)


def test_the_judge_is_embedded_whoever_answers(tmp_path: Path) -> None:
    (tmp_path / "other.gguf").write_bytes(b"GGUF")
    settings = load_settings(backend="ollama", model="qwen2.5:3b-instruct")
    judge: ServedModel = open_judge(settings, str(tmp_path / "other.gguf"))
    assert (judge.backend, judge.context_tokens) == ("embedded", CONTEXT_TOKENS)
