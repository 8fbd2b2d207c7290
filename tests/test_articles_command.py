"""`dateline articles`: list, show, remove."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import WordEmbedder

from index.library import Library
from index.settings import Settings
from qa import cli

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def library(settings: Settings, articles: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    """An index of five articles: one file holds two of them, one of which is a reprint."""
    wire = (articles / "council.txt").read_text()
    records = [{"id": "r1", "text": wire}, {"id": "r2", "text": "A bridge was closed at noon."}]
    (articles / "wire.jsonl").write_text("\n".join(map(json.dumps, records)))
    (articles / "empty.txt").write_text("")
    monkeypatch.setattr("index.library.LocalEmbedder", lambda *_, **__: WordEmbedder())
    monkeypatch.setattr("index.library.locate", lambda name, **_: Path(name))
    library = Library(settings)
    library.sync()
    return library


@pytest.fixture
def run(
    library: Library, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Runs `dateline articles` with these words: (exit code, stdout, stderr)."""

    def run_it(*words: str) -> tuple[int, str, str]:
        settings = library.settings
        fixed = ["--articles", str(settings.articles), "--store", str(settings.store)]
        monkeypatch.setattr(sys, "argv", ["dateline", *fixed, "articles", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run_it


def listed(run: Run, *words: str) -> dict[str, dict[str, object]]:
    """The rows by path and record."""
    code, out, _ = run("list", "--json", *words)
    assert code == 0
    rows = json.loads(out)
    return {" ".join(filter(None, (row["path"], row["record"]))): row for row in rows}


def test_list_tells_what_is_known_of_each(run: Run) -> None:
    code, out, _ = run("list")
    lines = out.splitlines()
    assert code == 0
    assert lines[0].split() == ["ID", "DATE", "OUTLET", "TITLE", "PASSAGES", "STATUS", "PATH"]
    ferry = next(line for line in lines if line.endswith("ferry.md"))
    assert "2025-03-03  The Hale Gazette  Ferry towed back to Port Hale" in ferry
    assert "  empty.txt  passed over. It is empty." in lines
    assert lines[-1].startswith("5 articles, ")


def test_list_tells_reprints_and_status(run: Run, articles: Path) -> None:
    (articles / "cutter.txt").unlink()
    (articles / "ferry.md").write_text("The ferry sails again.\n")
    (articles / "new.txt").write_text("The bridge is open.\n")
    rows = listed(run)
    assert {name: row["status"] for name, row in rows.items()} == {
        "council.txt": "indexed",
        "cutter.txt": "deleted",
        "empty.txt": "passed over",
        "ferry.md": "changed",
        "new.txt": "not indexed",
        "wire.jsonl r1": "indexed",
        "wire.jsonl r2": "indexed",
    }
    assert [rows[name]["reprints"] for name in ("council.txt", "wire.jsonl r1")] == [1, 1]
    assert rows["wire.jsonl r2"]["reprints"] == 0


def test_list_takes_filters(run: Run) -> None:
    assert set(listed(run, "--outlet", "The Hale Gazette")) == {"ferry.md"}
    assert listed(run, "--from", "2026-01-01") == {}


def test_show_gives_the_text_as_it_is(run: Run, articles: Path) -> None:
    code, out, _ = run("show", "cutter.txt")
    assert code == 0
    assert "Cutter Merel brings ferry home" in out and "Source link" in out
    _, raw, _ = run("show", "cutter.txt", "--json")
    shown = json.loads(raw)
    text = (articles / "cutter.txt").read_text()
    assert shown["text"] == text
    left_out = [text[each["start"] : each["end"]] for each in shown["boilerplate"]]
    assert left_out == ["See also: Ten walks along the coast", "Source link"]
    kept = " ".join(text[start:end] for start, end in shown["passage_spans"])
    assert "12 km off Cape Dorn" in kept and "Ten walks" not in kept


def test_show_tells_what_is_left_out_and_why(run: Run) -> None:
    _, out, _ = run("show", "cutter.txt", "--spans")
    lines = out.splitlines()
    at = lines.index("    See also: Ten walks along the coast")
    assert lines[at - 1].endswith("left out: teaser")
    assert any(line.endswith(", passage") for line in lines)


def test_an_article_is_named_by_id_path_or_folder_and_path(run: Run, articles: Path) -> None:
    key = str(listed(run)["ferry.md"]["id"])
    shown = {
        run("show", name)[1] for name in (key, key[:6], "ferry.md", str(articles / "ferry.md"))
    }
    assert len(shown) == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("show", "nothing.txt"), "There is no article nothing.txt. See: dateline articles list"),
        (("show", "wire.jsonl"), "wire.jsonl stands for 2 articles ("),
        (("remove", "nothing.txt", "--yes"), "There is no article nothing.txt."),
    ],
)
def test_names_that_fit_none_or_several(run: Run, words: tuple[str, ...], told: str) -> None:
    code, out, err = run(*words)
    assert (code, out) == (1, "")
    assert told in err


def test_remove_asks_and_keeps_the_file(
    run: Run, articles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("typer.confirm", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
    run("remove", "ferry.md")
    assert (articles / "ferry.md").exists()
    text = (articles / "ferry.md").read_text()
    code, out, _ = run("remove", "ferry.md", "--yes")
    assert code == 0
    kept = articles / ".removed" / "ferry.md"
    assert out == f"Removed ferry.md. The file is kept in {kept}\n"
    assert kept.read_text() == text
    assert "ferry.md" not in listed(run)


def test_what_was_removed_before_is_not_overwritten(
    run: Run, library: Library, articles: Path
) -> None:
    run("remove", "ferry.md", "--yes")
    kept = (articles / ".removed" / "ferry.md").read_text()
    (articles / "ferry.md").write_text("The ferry sails again.\n")
    assert listed(run)["ferry.md"]["status"] == "not indexed"
    library.sync()
    run("remove", "ferry.md", "--yes")
    assert (articles / ".removed" / "ferry.md").read_text() == kept
    assert (articles / ".removed" / "ferry-2.md").read_text() == "The ferry sails again.\n"


def test_of_a_file_with_several_articles_only_the_whole_goes(run: Run, articles: Path) -> None:
    key = str(listed(run)["wire.jsonl r1"]["id"])
    code, _, err = run("remove", key, "--yes")
    assert code == 1 and "dateline articles remove wire.jsonl" in err
    assert (articles / "wire.jsonl").exists()
    assert run("remove", "wire.jsonl", "--yes")[0] == 0
    assert {"wire.jsonl r1", "wire.jsonl r2"}.isdisjoint(listed(run))


def test_a_file_without_an_article_can_be_removed_too(run: Run, articles: Path) -> None:
    assert run("remove", "empty.txt", "--yes")[0] == 0
    assert not (articles / "empty.txt").exists()
