"""No question, history or context setting makes a prompt pass what the server was told."""

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import WordEmbedder
from fake_ollama import FakeModel, FakeOllama, count_tokens, fake_ollama
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from index.errors import InputError
from index.sections import EvidenceSettings, GenerationSettings, OllamaSettings
from index.settings import Settings, default_models_folder
from qa.conversation import Turn
from qa.desk import Desk, finish
from qa.models.llamacpp import LlamaCpp

pytestmark = pytest.mark.sockets
REAL = default_models_folder() / "smollm2-135m-instruct.gguf"
WORDS = st.sampled_from(
    ["ferry", "Aurelia", "cutter", "Merel", "why", "is", "it", "zqxj", "東", "7"]
)
QUESTIONS = st.one_of(
    st.sampled_from(["Who towed the ferry Aurelia back?", "And when did it do that?"]),
    st.lists(WORDS, min_size=1, max_size=600).map(" ".join).filter(lambda text: len(text) <= 4000),
    st.text(min_size=1, max_size=4000),
)
HISTORIES = st.lists(st.builds(Turn, QUESTIONS, st.text(max_size=2000)), max_size=3).map(tuple)


def ask(
    settings: Settings, fake: FakeOllama, question: str, history: tuple[Turn, ...]
) -> list[tuple[int, int]]:
    """(tokens read, context told) of every prompt, the answer's room taken off the context."""
    chosen = settings.model_copy(update={"backend": "ollama", "url": fake.url})
    desk = Desk(chosen, embedder=WordEmbedder())
    try:
        finish(desk.stream(question, history=history))
    except InputError:
        return []
    told = [each["options"] for each in fake.asked]
    return [
        (read, limits["num_ctx"] - limits["num_predict"])
        for read, limits in zip(fake.read, told, strict=True)
    ]


@pytest.fixture(scope="module")
def real_count() -> Callable[[str], int]:
    if not REAL.exists():
        pytest.skip("the model for tests wasn't fetched")
    return LlamaCpp(REAL, context_tokens=512, threads=1).count_tokens


def check(settings: Settings, count: Callable[[str], int], examples: int) -> None:
    Desk(settings, embedder=WordEmbedder()).refresh()

    @hypothesis_settings(
        deadline=None, max_examples=examples, suppress_health_check=list(HealthCheck)
    )
    @given(
        context=st.integers(512, 4096),
        answer_tokens=st.integers(16, 200),
        budget=st.none() | st.integers(60, 2000),
        question=QUESTIONS,
        history=HISTORIES,
    )
    def never_longer(
        context: int, answer_tokens: int, budget: int | None, question: str, history: tuple[Turn]
    ) -> None:
        limits = {
            "ollama": OllamaSettings(context_tokens=context),
            "generation": GenerationSettings(answer_tokens=answer_tokens),
            "evidence": EvidenceSettings(budget_tokens=budget),
        }
        with fake_ollama(FakeModel(count=count)) as fake:
            for read, room in ask(settings.model_copy(update=limits), fake, question, history):
                assert read <= room

    never_longer()


def test_no_prompt_passes_the_context(settings: Settings) -> None:
    check(settings, count_tokens, 40)


@pytest.mark.model
def test_no_prompt_passes_the_context_by_a_real_tokenizer(
    settings: Settings, real_count: Callable[[str], int]
) -> None:
    check(settings, real_count, 25)


def test_evidence_that_does_not_fit_is_said(settings: Settings, articles: Path) -> None:
    limits = {
        "ollama": OllamaSettings(context_tokens=512),
        "generation": GenerationSettings(answer_tokens=400),
        "backend": "ollama",
    }
    with fake_ollama() as fake:
        chosen = settings.model_copy(update={**limits, "url": fake.url})
        desk = Desk(chosen, embedder=WordEmbedder())
        desk.refresh()
        answer = desk.ask("Who towed the ferry Aurelia back?")
    assert answer.status == "abstained"
    assert "context" in (answer.reason or "")
    assert not fake.asked
