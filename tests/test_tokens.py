"""Token counts without a tokenizer, held against two real ones."""

from pathlib import Path

import pytest
from conftest import REPOSITORY
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from index.settings import default_models_folder
from qa.models.llamacpp import LlamaCpp
from qa.models.tokens import estimate_tokens, most_tokens

ARTICLES = sorted((REPOSITORY / "articles").glob("*.md"))
LETTERS = "abcdefghijklmnopqrstuvwxyz"
TEXTS = st.one_of(
    st.text(max_size=80),
    st.text(LETTERS, max_size=80),
    st.text(LETTERS.upper() + LETTERS + " .,-'", max_size=80),
    st.lists(st.text(LETTERS, min_size=1, max_size=6), max_size=20).map(" ".join),
)


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("abc", 1), ("abcd", 2), ("éé", 2)])
def test_an_estimate_goes_by_bytes(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens


@pytest.mark.parametrize(
    ("text", "most"),
    [
        ("", 0),
        ("a", 1),
        ("the ferry", 7),
        ("zqxjk", 5),  # in no vocabulary: a token a letter
        ("2025", 4),
        ("  ", 2),
        ("سفينة", 10),
        ("iPhone", 6),  # cases mixed
    ],
)
def test_the_most(text: str, most: int) -> None:
    assert most_tokens(text) == most


@given(st.text(max_size=200))
def test_no_text_has_more_tokens_than_bytes(text: str) -> None:
    assert most_tokens(text) <= len(text.encode("utf-8", "surrogatepass"))


@pytest.fixture(scope="module", params=["smollm2-135m-instruct", "qwen2.5-coder-1.5b-instruct"])
def real(request: pytest.FixtureRequest) -> LlamaCpp:
    file = default_models_folder() / f"{request.param}.gguf"
    if not file.exists():
        pytest.skip(f"{request.param} wasn't fetched")
    return LlamaCpp(file, context_tokens=512, threads=1)


@pytest.mark.model
def test_no_text_passes_the_most(real: LlamaCpp) -> None:
    @hypothesis_settings(deadline=None, max_examples=250, derandomize=True)
    @given(TEXTS)
    def check(text: str) -> None:
        assert real.count_tokens(text) <= most_tokens(text)

    check()


@pytest.mark.model
@pytest.mark.parametrize("article", ARTICLES, ids=lambda path: path.stem)
def test_prose_is_estimated_a_little_high(real: LlamaCpp, article: Path) -> None:
    text = article.read_text(encoding="utf-8")
    real_tokens = real.count_tokens(text)
    assert real_tokens <= estimate_tokens(text) <= 1.6 * real_tokens
    assert most_tokens(text) <= 3.5 * real_tokens
