"""`dateline users`: who may log in."""

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from qa import cli
from qa.page.serve.users import load_users

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `dateline users`, with `typed` on standard input: (exit code, stdout, stderr)."""

    def run_it(*words: str, typed: str = "") -> tuple[int, str, str]:
        file = ["--file", str(tmp_path / "users.txt")]
        monkeypatch.setattr(sys, "argv", ["dateline", "users", *words, *file])
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run_it


def test_users_come_and_go(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("add", "ruth", typed="a quiet harbour\n")
    assert (code, out.split()[0]) == (0, "ruth")
    assert run("add", "jon", typed="another one\n")[0] == 0
    users = load_users(tmp_path / "users.txt")
    assert users.accepts("ruth", "a quiet harbour")
    assert "harbour" not in (tmp_path / "users.txt").read_text(encoding="utf-8")
    assert run("list") == (0, "jon\nruth\n", "")
    assert run("remove", "jon")[0] == 0
    assert run("list")[1] == "ruth\n"


@pytest.mark.parametrize(
    ("words", "typed", "said"),
    [
        (("add", "ruth"), "short\n", "at least 8 characters"),
        (("add", "ruth"), "", "at least 8 characters"),
        (("add", "two words"), "a quiet harbour\n", "without spaces"),
        (("remove", "ruth"), "", "dateline users add"),
        (("list",), "", "dateline users add"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(
    run: Run, words: tuple[str, ...], typed: str, said: str
) -> None:
    code, _, err = run(*words, typed=typed)
    assert code == 1
    assert said in err
