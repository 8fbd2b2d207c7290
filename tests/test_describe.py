"""What is known of models, in words."""

from dataclasses import replace

import pytest
from conftest import scripted_model

from index.catalogue import DEFAULT_LANGUAGE_MODEL
from index.sections import EvidenceSettings
from qa.models.describe import (
    amount_words,
    entry_words,
    evidence_words,
    limit_words,
    model_facts,
    size_words,
    state_words,
    step_words,
)
from qa.models.measured import Measured
from qa.models.ollama_models import ServedEntry
from qa.models.served import ModelStatus, ServedModel

UNSET, SET = EvidenceSettings(), EvidenceSettings(budget_tokens=300)
ENTRY = ServedEntry("near:1b", 1_117_321_317, "1.8B", "Q4_K_M", None, True, context_limit=32768)
LOADED = replace(ENTRY, is_loaded=True, memory_bytes=1_038_817_792, context_tokens=2048)


def served_model(reading_speed: float | None = None) -> ServedModel:
    """A model on a server, which is measured when its budget is asked for."""

    def measure() -> Measured:
        raise AssertionError("it was measured")

    def evidence_tokens() -> int:
        return measure().fixed_tokens or 0 if reading_speed is None else 900

    return replace(
        scripted_model(),
        backend="ollama",
        where="version 0.24.0 at http://there",
        measure=measure,
        evidence_tokens=evidence_tokens,
    )


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 B"),
        (1023, "1,023 B"),
        (1024, "1 KiB"),
        (1024 * 1024, "1 MiB"),
        (1_117_320_768, "1,066 MiB"),
    ],
)
def test_sizes(size: int, words: str) -> None:
    assert size_words(size) == words


def test_all_that_is_known_of_a_model() -> None:
    status = ModelStatus(True, 3 * 1024**2, "Q4_K_M", 32768, 4 * 1024**2, 1234.5, 56.7)
    facts = model_facts(served_model(1234.5), status, UNSET)
    assert {fact.what: fact.words for fact in facts} == {
        "Model": "scripted",
        "Server": "Ollama, version 0.24.0 at http://there",
        "Size": "3 MiB, Q4_K_M",
        "Context": "2,048 tokens, of 32,768 that it can take",
        "Memory": "loaded in 4 MiB",
        "Speed": "reads 1,234 tokens a second, writes 57",
        "Evidence": "up to 900 tokens a question",
    }


def test_what_is_not_known_is_left_out() -> None:
    facts = model_facts(served_model(), ModelStatus(), UNSET)
    assert {fact.what: fact.words for fact in facts} == {
        "Model": "scripted",
        "Server": "Ollama, version 0.24.0 at http://there",
        "Context": "2,048 tokens",
        "Speed": "not measured yet. Measure it with: dateline models check",
        "Evidence": "known once the speed is measured",
    }


@pytest.mark.parametrize(
    ("model", "evidence", "words"),
    [
        (served_model(), SET, "up to 300 tokens a question"),
        (scripted_model(), UNSET, "up to 170 tokens a question"),
        (
            replace(served_model(), name=DEFAULT_LANGUAGE_MODEL, evidence_tokens=lambda: 170),
            UNSET,
            "up to 170 tokens a question",
        ),
    ],
)
def test_a_budget_that_needs_no_speed(
    model: ServedModel, evidence: EvidenceSettings, words: str
) -> None:
    assert evidence_words(model, ModelStatus(), evidence) == words


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (ENTRY, "not loaded"),
        (LOADED, "loaded in 991 MiB"),
        (replace(LOADED, memory_bytes=None), "loaded"),
        (replace(ENTRY, can_chat=False, has_bare_template=True), "only embeds"),
        (
            replace(LOADED, has_bare_template=True),
            "without its chat template: register it again with dateline models import",
        ),
        (
            replace(ENTRY, remote_host="https://far.example"),
            "runs on https://far.example: your questions and passages would go there",
        ),
    ],
)
def test_the_state_of_a_servers_model(entry: ServedEntry, words: str) -> None:
    assert state_words(entry) == words


def test_a_servers_model_in_one_line() -> None:
    assert ", ".join(entry_words(LOADED)) == (
        "1,066 MiB, 1.8B, Q4_K_M, context 2,048 of 32,768, loaded in 991 MiB"
    )
    limits = (ENTRY, replace(ENTRY, context_limit=None), replace(LOADED, context_limit=None))
    assert [limit_words(each) for each in limits] == ["up to 32,768", "", "2,048"]
    cloud = replace(ENTRY, remote_host="https://far.example")
    assert list(entry_words(cloud)) == [state_words(cloud)]


def test_a_fetch_in_words() -> None:
    assert amount_words(512 * 1024, 3 * 1024**2) == "512 KiB of 3 MiB"
    assert amount_words(700, 700) == "700 B, done"
    assert step_words("pulling manifest") == "asking the library"
    assert step_words("something new") == "something new"
