"""The shape of an answer as data."""

import json
from dataclasses import FrozenInstanceError, replace

import pytest

from qa.answer import Answer, ArticleReference, Citation, Disagreement, Sentence, Timings, Usage
from qa.answer import Version as Given

CITATION = Citation(1, "a1", "articles/é.md", "Títle", None, None, "words", 3, 8, ("b2",))
ANSWER = Answer(
    question="Why?",
    standalone_question="Why is it so?",
    status="partial",
    text="So. [1]",
    sentences=(Sentence("So.", (1,), "supported", 0.5, (CITATION,)),),
    citations=(CITATION,),
    disagreements=(Disagreement("how far", (Given("46 km", 1),)),),
    extract=None,
    reason="Because",
    closest=(ArticleReference("a1", "articles/é.md", "Títle", None, None),),
    finished=True,
    stale=False,
    trace=None,
    as_of="2025-03-04",
    backend="embedded",
    model="m",
    index="f",
    timings=Timings(retrieve_seconds=0.5),
    usage=Usage(3, 2, 1),
    model_text="So. So.",
)


def test_json_is_one_line_of_plain_values() -> None:
    line = ANSWER.to_json()
    assert "\n" not in line
    assert "Títle" in line  # not escaped
    plain = json.loads(line)
    assert plain == ANSWER.to_dict()
    assert plain["sentences"] == [
        {"text": "So.", "citations": [1], "verdict": "supported", "support": 0.5}
    ]
    assert plain["citations"][0]["corroborated_by"] == ["b2"]
    assert plain["disagreements"][0]["versions"] == [{"value": "46 km", "citation": 1}]
    assert plain["closest"][0]["published"] is None
    assert plain["timings"] == {
        "retrieve_seconds": 0.5,
        "extract_seconds": None,
        "first_token_seconds": None,
        "total_seconds": None,
        "read_tokens_per_second": None,
        "written_tokens_per_second": None,
    }
    assert plain["usage"] == {"prompt_tokens": 3, "completion_tokens": 2, "llm_calls": 1}
    assert "model_text" not in plain


def test_a_trace_is_passed_on_as_it_is() -> None:
    traced = replace(ANSWER, trace={"evidence": [("a", 1)], "kept": CITATION})
    assert traced.to_dict()["trace"]["evidence"] == [["a", 1]]
    assert traced.to_dict()["trace"]["kept"]["article_id"] == "a1"


@pytest.mark.parametrize(
    ("value", "name"),
    [(ANSWER, "text"), (CITATION, "quote"), (ANSWER.sentences[0], "text"), (Usage(), "llm_calls")],
)
def test_results_are_frozen(value: object, name: str) -> None:
    with pytest.raises(FrozenInstanceError):
        setattr(value, name, getattr(value, name))
