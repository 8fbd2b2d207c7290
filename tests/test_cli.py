"""The command line: what goes to stdout, what to stderr, and the exit codes."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qa import cli
from qa.desk import Desk

KEYS_OF_A_RESULT = {"article_id", "article_path", "title", "start", "end", "text", "score"}


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    make_desk: Callable[..., Desk],
    articles: Path,
    tmp_path: Path,
) -> Callable[..., tuple[int, str, str]]:
    """Runs `dateline` with these words; its model gives `replies`. (exit code, stdout, stderr)."""

    def run_it(*words: str, replies: tuple[str, ...] = ()) -> tuple[int, str, str]:
        monkeypatch.setattr(cli, "_desk", lambda settings: make_desk(*replies))
        fixed = ["--articles", str(articles), "--store", str(tmp_path / "store")]
        monkeypatch.setattr(sys, "argv", ["dateline", *fixed, *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run_it


@pytest.fixture
def no_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty model cache."""
    monkeypatch.setenv("DATELINE_MODELS_FOLDER", "models")


@pytest.fixture
def dorn_echo(articles: Path) -> None:
    """A second outlet, two days later."""
    (articles / "fees.md").write_text(
        "---\ntitle: Fees rise\noutlet: Dorn Echo\npublished: 2025-03-05\n---\n\n"
        "The harbour of Cape Dorn will cost more, and so will the ferry to Port Hale.\n",
        encoding="utf-8",
    )


def test_ask_prints_the_answer_with_its_sources(run: Callable[..., Any]) -> None:
    code, out, err = run(
        "ask", "How many passengers were on the ferry?", replies=("There were 212 passengers.",)
    )
    assert code == 0
    assert out.startswith("There were 212 passengers. [1]\n\n[1] Ferry towed back to Port Hale, ")
    assert '    "The ferry Aurelia left Port Hale at 06:40' in out
    assert "From The Hale Gazette: " in err
    assert "Answers come from scripted (embedded)." in err


def test_ask_as_json_prints_one_object_and_nothing_else(run: Callable[..., Any]) -> None:
    code, out, _ = run("ask", "--json", "Who runs the ferry?", replies=("NOT IN THE ARTICLES",))
    answer = json.loads(out)
    assert code == 0
    assert (answer["status"], answer["citations"]) == ("abstained", [])
    assert answer["reason"]
    assert len(answer["closest"]) > 0


def test_abstaining_names_the_closest_articles(run: Callable[..., Any]) -> None:
    _, out, _ = run("ask", "Who runs the ferry?", replies=("NOT IN THE ARTICLES",))
    assert out.startswith("The articles don't say.\n")
    assert "Closest: " in out


def test_a_batch_answers_in_order_and_a_bad_line_spoils_no_other(
    run: Callable[..., Any], tmp_path: Path
) -> None:
    batch = tmp_path / "questions.jsonl"
    lines = [
        {"id": "a", "question": "How many passengers were there?", "as_of": "2025-03-04"},
        {"id": "b"},
        {"id": "c", "question": ""},
        {"id": "d", "question": "Who said so?", "as_of": "yesterday"},
        {"id": "e", "question": "Who is it?", "history": ["Who called the step overdue?"]},
    ]
    raw = [json.dumps(line) for line in lines]
    batch.write_text("\n".join([*raw[:1], "not json", "[1]", *raw[1:], ""]), encoding="utf-8")
    replies = (
        "There were 212 passengers.",
        "Mayor Ruth Alder called the step overdue.",
        "Who is the mayor Ruth Alder?",
        "Ruth Alder is the mayor.",
    )
    code, out, _ = run("ask", "--batch", str(batch), replies=replies)
    answers = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [each["id"] for each in answers] == ["a", None, None, "b", "c", "d", "e"]
    assert [each["status"] for each in answers[1:6]] == ["failed"] * 5
    assert all(each["reason"] for each in answers[1:6])
    assert (answers[0]["status"], answers[0]["as_of"]) == ("answered", "2025-03-04")
    assert answers[6]["question"] == "Who is it?"
    assert answers[6]["standalone_question"] != "Who is it?"


def test_search_ranks_without_a_model(run: Callable[..., Any], tmp_path: Path) -> None:
    _, out, _ = run("search", "harbour fee", "-k", "2", "--json")
    results = json.loads(out)
    assert len(results) == 2
    assert set(results[0]) == KEYS_OF_A_RESULT
    assert "harbour fee" in results[0]["text"]
    _, out, _ = run("search", "harbour fee")
    assert out.startswith("1. ")
    batch = tmp_path / "queries.jsonl"
    lines = '{"id": 7, "question": "harbour fee"}\n{"id": 8, "query": "harbour fee"}\n{"id": 9}\n'
    batch.write_text(lines, encoding="utf-8")
    _, out, _ = run("search", "--batch", str(batch), "-k", "1")
    first, second, third = (json.loads(line) for line in out.splitlines())
    assert (first["id"], len(first["results"])) == (7, 1)
    assert second == {**first, "id": 8}
    assert third["status"] == "failed"


def test_explain_shows_the_stages_after_the_answer(run: Callable[..., Any]) -> None:
    question = "How many passengers were on the ferry?"
    replies = ("There were 212 passengers. The captain was Bob Smith.",)
    _, plain, _ = run("ask", question, replies=replies)
    code, out, _ = run("ask", "--explain", question, replies=replies)
    assert code == 0
    assert out.startswith(plain)
    trace = out[len(plain) :]
    headings = [line.split("  ")[0] for line in trace.splitlines() if line[:1].strip()]
    assert headings[0] == "retrieve"
    assert headings.index("prompt") < headings.index("review") < headings.index("in all")
    assert "  reason: The articles don't support Bob, Smith, which the model wrote.\n" in trace
    assert "  1 model call: 100 tokens read, 9 written\n" in trace
    assert "ferry.md" in trace


@pytest.mark.parametrize(("words", "traced"), [((), False), (("--explain",), True)])
def test_the_trace_is_in_the_json_where_it_is_asked_for(
    run: Callable[..., Any], words: tuple[str, ...], traced: bool
) -> None:
    _, out, _ = run(
        "ask", "--json", *words, "Who runs the ferry?", replies=("NOT IN THE ARTICLES",)
    )
    trace = json.loads(out)["trace"]
    assert (trace is not None) == traced
    if traced:
        assert trace["stages"][0]["stage"] == "retrieve"


@pytest.mark.parametrize(
    ("words", "paths"),
    [
        ((), {"ferry.md", "fees.md", "cutter.txt", "council.txt"}),
        (("--outlet", "the hale gazette"), {"ferry.md"}),
        (("--outlet", "Dorn Echo", "--outlet", "The Hale Gazette"), {"ferry.md", "fees.md"}),
        (("--from", "2025-03-04"), {"fees.md"}),
        (("--to", "2025-03-04"), {"ferry.md"}),
        (("--from", "2025-03-03", "--to", "2025-03-05"), {"ferry.md", "fees.md"}),
        (("--outlet", "Dorn Echo", "--to", "2025-03-04"), set()),
    ],
)
def test_only_the_articles_asked_for_are_searched(
    run: Callable[..., Any], dorn_echo: None, words: tuple[str, ...], paths: set[str]
) -> None:
    code, out, _ = run("search", "the ferry at the harbour of Port Hale", "--json", *words)
    assert code == 0
    assert {Path(result["article_path"]).name for result in json.loads(out)} == paths


def test_only_the_articles_asked_for_answer(run: Callable[..., Any], dorn_echo: None) -> None:
    words = ("ask", "How many passengers were on the ferry?", "--json")
    replies = ("There were 212 passengers.",)
    for option in (("--outlet", "The Hale Gazette"), ("--from", "2025-03-03")):
        _, out, _ = run(*words, *option, replies=replies)
        assert json.loads(out)["status"] == "answered"
    _, out, _ = run(*words, "--outlet", "Dorn Echo", replies=replies)
    assert json.loads(out)["status"] == "abstained"


def test_a_line_of_a_batch_has_its_own_articles(
    run: Callable[..., Any], dorn_echo: None, tmp_path: Path
) -> None:
    lines: list[dict[str, Any]] = [
        {"id": "own", "query": "harbour", "outlets": ["Dorn Echo"]},
        {"id": "command's", "query": "harbour"},
        {"id": "days", "query": "harbour", "from": "2025-03-05", "outlets": ["Dorn Echo"]},
        {"id": "a day", "query": "harbour", "to": "soon"},
        {"id": "no list", "query": "harbour", "outlets": "Dorn Echo"},
        {"id": "no names", "query": "harbour", "outlets": [1]},
        {"id": "unknown", "query": "harbour", "outlets": ["The Moon"]},
        {"id": "something else", "query": "harbour", "colour": "red"},
    ]
    batch = tmp_path / "queries.jsonl"
    batch.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    _, out, _ = run("search", "--batch", str(batch), "--outlet", "The Hale Gazette")
    done = {each["id"]: each for each in map(json.loads, out.splitlines())}
    found = {
        name: {Path(result["article_path"]).name for result in each.get("results", ())}
        for name, each in done.items()
    }
    assert found["own"] == found["days"] == {"fees.md"}
    assert found["command's"] == found["something else"] == {"ferry.md"}
    assert done["a day"]["reason"] == "soon is not a date. Write it as 2026-01-31."
    for name in ("no list", "no names"):
        assert done[name]["reason"].startswith('"outlets" is not a list of names.')
    assert "They are from: Dorn Echo, The Hale Gazette." in done["unknown"]["reason"]


def test_a_line_of_a_batch_is_answered_from_its_own_articles(
    run: Callable[..., Any], dorn_echo: None, tmp_path: Path
) -> None:
    question = "How many passengers were on the ferry?"
    lines: list[dict[str, Any]] = [
        {"id": 1, "question": question, "outlets": ["The Hale Gazette"]},
        {"id": 2, "question": question, "from": "2025-03-05"},
    ]
    batch = tmp_path / "questions.jsonl"
    batch.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    replies = ("There were 212 passengers.",) * 2
    _, out, _ = run("ask", "--batch", str(batch), "--explain", replies=replies)
    first, second = map(json.loads, out.splitlines())
    assert (first["status"], second["status"]) == ("answered", "abstained")
    assert first["trace"]["stages"]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["ask", ""], 1, "The question is empty."),
        (["ask", "x" * 50_000], 1, "The question has 50,000 characters"),
        (["ask", "--as-of", "soon", "Who?"], 1, "soon is not a date."),
        (["ask", "--from", "soon", "Who?"], 1, "soon is not a date."),
        (["search", "--to", "soon", "fee"], 1, "soon is not a date."),
        (["search", "--outlet", "The Moon", "fee"], 1, "They are from: The Hale Gazette."),
        (["ask", "--from", "2025-03-04", "--to", "2025-03-03", "Who?"], 1, "Name the earlier day"),
        (["ask"], 2, "Give a text or --batch FILE"),
        (["ask", "--batch", "nowhere.jsonl"], 1, "nowhere.jsonl can't be read"),
        (["search", "fee", "-k", "0"], 1, "The number of results must be between"),
        (["swim"], 2, "No such command"),
        (["--backend", "cloud", "ask", "Who?"], 1, "backend: "),
        (["--config", "no.toml", "ask", "Who?"], 1, "There is no settings file"),
        (["--backend", "embedded", "models", "pull", "gpt-9"], 1, "gpt-9"),
        (["models", "check"], 1, "Run: dateline models pull"),
    ],
)
def test_errors_are_sentences(
    run: Callable[..., Any], no_models: None, words: list[str], code: int, message: str
) -> None:
    ended, out, err = run(*words)
    assert ended == code
    assert message in err
    assert out == ""
    assert "Traceback" not in err


def test_models_are_listed(run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATELINE_MODELS_FOLDER", "models")
    code, out, _ = run("--backend", "embedded", "models", "list")
    assert code == 0
    assert "qwen2.5-coder-1.5b-instruct  (language, default, 1,066 MiB, not fetched)" in out


def test_the_settings_are_listed(run: Callable[..., Any]) -> None:
    code, out, _ = run("settings")
    assert code == 0
    assert "| `evidence.budget_tokens` |" in out


def test_doctor_says_how_to_mend(run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATELINE_MODELS_FOLDER", "models")
    monkeypatch.setenv("DATELINE_BACKEND", "embedded")
    code, out, _ = run("doctor")
    assert code == 1
    assert "WRONG  all-MiniLM-L6-v2: " in out
    assert "dateline models pull" in out
