"""`dateline index`: what it prints, what it asks, and what goes where."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from conftest import WordEmbedder

from index.errors import ArticlesError, StoreBusyError
from index.ledger import Change
from index.library import Library
from index.settings import Settings
from qa import cli, index_command

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Runs `dateline index` with these words: (exit code, stdout, stderr)."""
    monkeypatch.setattr(
        index_command, "open_library", lambda chosen: Library(chosen, WordEmbedder())
    )

    def run_it(*words: str, before: tuple[str, ...] = ()) -> tuple[int, str, str]:
        fixed = ("--articles", str(settings.articles), "--store", str(settings.store))
        monkeypatch.setattr(sys, "argv", ["dateline", *fixed, *before, "index", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run_it


@pytest.fixture
def other_settings(settings: Settings) -> Library:
    """A complete index of other settings in the same store."""
    index = settings.index.model_copy(update={"passage_words": 20})
    library = Library(settings.model_copy(update={"index": index}), WordEmbedder())
    library.sync()
    return library


def test_it_says_what_it_did(run: Run, articles: Path) -> None:
    code, out, err = run()
    assert (code, err) == (0, "")
    assert out.startswith("New: council.txt\nNew: cutter.txt\nNew: ferry.md\nIndexed 3 articles, ")
    _, out, _ = run()
    assert out.startswith("Nothing has changed: 3 articles, ")
    assert out.count("\n") == 1
    (articles / "ferry.md").rename(articles / "boat.md")
    (articles / "council.txt").unlink()
    path = articles / "cutter.txt"
    path.write_text(path.read_text() + "\nMore was said later.\n")
    (articles / "new.txt").write_text("Quince Market opened.\n")
    _, out, _ = run()
    told = out.splitlines()
    assert told[:4] == [
        "New: new.txt",
        "Changed: cutter.txt",
        "Renamed: ferry.md is now boat.md",
        "Deleted: council.txt",
    ]
    assert told[4].startswith("Indexed 3 articles, ")
    assert "had their vectors already." in told[5]


def test_bad_files_stand_in_a_table_each_time(run: Run, articles: Path) -> None:
    (articles / "a name with spaces.txt").touch()
    (articles / "feed.jsonl").write_text('{"id": "a", "text": "The gate is shut."}\nno JSON\n')
    for _ in range(2):
        code, out, _ = run()
        table = out[out.index("Passed over") :].splitlines()
        assert code == 0
        assert table[0] == "Passed over 1 file and 1 record:"
        assert table[1] == "  a name with spaces.txt          It is empty."
        assert table[2].startswith("  feed.jsonl              line 2  ")
    (articles / "feed.jsonl").unlink()
    _, out, _ = run()
    assert out.endswith("Passed over 1 file:\n  a name with spaces.txt  It is empty.\n")


def test_long_lists_are_cut(run: Run, articles: Path) -> None:
    for number in range(120):
        (articles / f"{number:03}.txt").write_text("")
        (articles / f"{number:03}.md").write_text(f"Gate {number} is shut.\n")
    _, out, _ = run()
    lines = out.splitlines()
    assert sum(line.startswith("New: ") for line in lines) == 20
    assert "  and 103 more" in lines
    assert lines[-1] == "  and 20 more"
    assert sum(line.endswith("It is empty.") for line in lines) == 100


def test_json_is_one_object_with_all_there_is(run: Run, articles: Path, settings: Settings) -> None:
    run()
    (articles / "empty.txt").touch()
    (articles / "ferry.md").rename(articles / "boat.md")
    _, out, _ = run("--json")
    report = json.loads(out)
    passages = report.pop("passages")
    assert report.pop("reused") > 0
    assert report == {
        "new": [],
        "changed": [],
        "deleted": [],
        "renamed": [{"old": "ferry.md", "new": "boat.md"}],
        "unchanged": 2,
        "bad": [{"path": "empty.txt", "record": None, "reason": "It is empty."}],
        "articles": 3,
        "embedded": 0,
        "store": str(settings.store),
    }
    assert passages > 3


def test_nothing_to_index_is_told(run: Run, articles: Path) -> None:
    for path in articles.iterdir():
        path.unlink()
    code, out, err = run()
    assert (code, out) == (1, "")
    assert "There are no articles in" in err


def test_anew_embeds_everything(run: Run) -> None:
    _, out, _ = run("--json")
    first = json.loads(out)
    _, out, _ = run("--json", "--anew")
    again = json.loads(out)
    assert (again["embedded"], again["new"]) == (first["passages"], [])


# Another writer


@contextmanager
def busy(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """Somebody else writes until one waits; how long everybody was ready to wait."""
    waited: list[float] = []
    sync = Library.sync

    def busy_sync(self: Library, on_progress: Any, *, anew: bool, wait_seconds: float = 0) -> Any:
        waited.append(wait_seconds)
        if not wait_seconds:
            raise StoreBusyError("Process 7 on desk-3 is writing.")
        return sync(self, on_progress, anew=anew)

    with monkeypatch.context() as patched:
        patched.setattr(Library, "sync", busy_sync)
        yield waited


def test_another_writer_is_named_or_waited_for(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with busy(monkeypatch):
        assert run() == (1, "", "Error: Process 7 on desk-3 is writing.\n")
    with busy(monkeypatch) as waited:
        code, out, err = run("--wait")
    assert (code, err) == (0, "Process 7 on desk-3 is writing.\nWaiting until then.\n")
    assert "Indexed 3 articles" in out
    assert waited == [0, index_command.LONGEST_WAIT_SECONDS]


# Indexes of other settings


def test_a_new_index_is_announced(run: Run, other_settings: Library) -> None:
    _, out, err = run()
    assert "A new index is made beside that of other settings" in err
    assert "passages of 20 words" in err
    assert "It answers until the new one is complete." in err
    assert "Indexed 3 articles" in out
    assert run()[2] == ""


def test_pruning_asks_first(
    run: Run, other_settings: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def answer(question: str, **_: Any) -> bool:
        asked.append(question)
        return False

    monkeypatch.setattr(index_command.typer, "confirm", answer)
    _, out, err = run("--prune")
    assert asked == ["Remove them?"]
    assert "Removed." not in err
    assert len(other_settings.corpus().articles) == 3
    assert "passages of 20 words" not in out
    code, _, err = run("--prune", "--yes")
    assert (code, len(asked)) == (0, 1)
    assert err.endswith("Removed.\n")
    assert other_settings.store.read_manifest() is None
    _, _, err = run("--prune")
    assert err == "There are no indexes of other settings.\n"


def test_an_index_that_is_not_complete_removes_no_other(
    run: Run, other_settings: Library, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Library(settings, WordEmbedder())
    with own.store.writing():
        own.store.commit(Change())
    monkeypatch.setattr(Library, "sync", lambda *_, **__: (_ for _ in ()).throw(ArticlesError("x")))
    code, _, _ = run("--prune", "--yes")
    assert code == 1
    assert len(other_settings.corpus().articles) == 3


# Watching


def test_watching_tells_what_changed_and_what_failed(
    run: Run, articles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def watch(folder: Path, refresh: Callable[[], Any]) -> Iterator[Any]:
        assert folder == articles
        assert refresh() is None  # nothing has changed
        (articles / "new.txt").write_text("Quince Market opened.\n")
        yield refresh()
        yield ArticlesError("There is no folder.")

    monkeypatch.setattr("index.watch.watch", watch)
    code, out, err = run("--watch")
    assert code == 0
    assert "New: new.txt\nIndexed 4 articles, " in out
    assert err == "Watching for changes. Stop with Ctrl+C.\nError: There is no folder.\n"
    (articles / "new.txt").unlink()
    _, out, _ = run("--watch", "--json")
    assert [json.loads(line)["new"] for line in out.splitlines()] == [[], ["new.txt"]]
