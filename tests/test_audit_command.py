"""`dateline audit`: a saved conversation held against the articles."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from scripted import make_answer, supported
from test_export import QUOTE, TEXT, cite

from index.articles import Article, read_article
from qa import cli
from qa.export import conversation, to_json


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "ferry.txt").write_text(TEXT, encoding="utf-8")
    article = read_article(folder, "ferry.txt")
    assert isinstance(article, Article)
    answer = make_answer("Where was it towed?", supported("To Port Hale.", cite(article)))
    file = tmp_path / "saved.json"
    file.write_text(to_json(conversation((answer,), (article,))), encoding="utf-8")
    return file


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(saved: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `dateline audit` on what was saved: (exit code, stdout, stderr)."""
    fixed = ["--articles", str(saved.parent / "articles"), "audit", str(saved)]

    def run_it(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["dateline", *fixed, *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run_it


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        (TEXT, 0, "Hale.” stands where it stood.\nThe articles have 1 of 1 quotes."),
        ("New line\n\n" + TEXT, 0, "Hale.” stands elsewhere in the article now; its file was"),
        (TEXT.replace("towed", "hauled"), 1, "is no longer in the article; its file was edited."),
        (None, 1, "has no article any more.\nThe articles have 0 of 1 quotes."),
    ],
)
def test_each_quote_is_held_against_the_articles(
    saved: Path, run: Run, text: str | None, code: int, words: str
) -> None:
    file = saved.parent / "articles" / "ferry.txt"
    file.unlink() if text is None else file.write_text(text, encoding="utf-8")
    ended, out, _ = run()
    assert ended == code
    assert words in out
    assert " ".join(QUOTE.split()) in out


def test_json(run: Run) -> None:
    code, out, _ = run("--json")
    assert code == 0
    (found,) = json.loads(out)
    assert (found["verdict"], found["same_file"]) == ("as it was", True)
    assert found["citation"]["quote"] == QUOTE


@pytest.mark.parametrize(
    ("written", "words"), [(None, "can't be read"), ("{}", "Dateline exported")]
)
def test_anything_else_is_refused(saved: Path, run: Run, written: str | None, words: str) -> None:
    saved.unlink() if written is None else saved.write_text(written, encoding="utf-8")
    code, _, err = run()
    assert code == 1
    assert words in err
