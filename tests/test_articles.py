"""Files to articles: titles, ids, versions, languages, and files that fail in every way."""

import json
import logging
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.articles import Article, article_id, read_article, read_articles
from index.dates import DateMention
from index.errors import FormatError
from index.files import BadFile, hash_file
from index.formats import FORMATS, BadRecord, Extracted

BOM = "\ufeff"
SEVERAL_EXAMPLES = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
ENGLISH = "The ferry left the harbour at six in the morning with more than a hundred people. " * 2
SUFFIXES = sorted({form.suffixes[0] for form in FORMATS})


def read(folder: Path, content: str | bytes, name: str = "a.txt") -> Article:
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    article = read_article(folder, name)
    assert isinstance(article, Article), article
    return article


class Made:
    """A format whose file has what it is told to have, and then fails."""

    suffixes = (".made",)
    keeps_text = False
    most_bytes = 20

    def __init__(self, *found: Extracted | BadRecord, error: BaseException | None = None) -> None:
        self.found, self.error = found, error

    def extract(self, file: BinaryIO) -> Iterator[Extracted | BadRecord]:
        assert file.tell() == 0
        yield from self.found
        if self.error:
            raise self.error


def read_made(folder: Path, monkeypatch: pytest.MonkeyPatch, form: Made) -> list[Article | BadFile]:
    monkeypatch.setattr("index.articles.format_of", lambda path: form)
    (folder / "a.made").write_bytes(b"made")
    return list(read_articles(folder, "a.made"))


@pytest.mark.parametrize(
    ("content", "title"),
    [
        ("Ferry towed back\n\nThe ferry left.\n", "Ferry towed back"),
        ("\n\n  Ferry   towed back  \nThe ferry left.\n", "Ferry towed back"),
        ("# Ferry towed back\n\nThe ferry left.\n", "Ferry towed back"),
        ("### Is the ferry safe?\n\nIt is.\n", "Is the ferry safe?"),
        ("---\n\nFerry towed back\n\nThe ferry left.\n", "Ferry towed back"),
        ("***\n#\nFerry towed back\n\nThe ferry left.\n", "Ferry towed back"),
        (f"{BOM}Ferry towed back\n\nThe ferry left.\n", "Ferry towed back"),
        ("The ferry left port.\n", "The ferry left port."),
        # A headline has at most 20 words; of a longer first line the title is the first 12.
        (" ".join(["word"] * 20), " ".join(["word"] * 20)),
        (" ".join(["word"] * 21), " ".join(["word"] * 12) + " …"),
        (" ".join(["word"] * 12) + ".", " ".join(["word"] * 12) + "."),
        (" ".join(["word"] * 13) + ".", " ".join(["word"] * 12) + " …"),
        ("x" * 301, "x" * 300 + " …"),
        ("...\n", "..."),
        ("---\ntitle: From above\n---\nA headline\n\nText.\n", "From above"),
        ("---\noutlet: Gazette\n---\nA headline\n\nText.\n", "A headline"),
        ("---\ntitle:\n---\nA headline\n\nText.\n", "A headline"),
        ("---\ntitle: ~\n---\nA headline\n\nText.\n", "A headline"),
        ("Advertisement\n\nFerry towed back\n\nIt left.", "Ferry towed back"),
        ("Advertisement", "Advertisement"),
    ],
)
def test_title(tmp_path: Path, content: str, title: str) -> None:
    assert read(tmp_path, content).title == title


def test_all_that_a_file_says(tmp_path: Path) -> None:
    front = (
        "---\ntitle: Ferry\noutlet: Gazette\nauthor: Ida Brook\npublished: 2024-12-06\n"
        "url: https://example.org/ferry\nlang: en\n---\n"
    )
    article = read(tmp_path, f"{front}The ferry left.\n")
    assert article == Article(
        id=article_id("a.txt"),
        path="a.txt",
        title="Ferry",
        outlet="Gazette",
        author="Ida Brook",
        published=date(2024, 12, 6),
        text=f"{front}The ferry left.\n",
        body_start=len(front),
        sha256=hash_file(tmp_path, "a.txt"),
        url="https://example.org/ferry",
        language="en",
    )


def test_dates_are_looked_for_in_the_body(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, date | None, int]] = []
    mention = DateMention(0, 1, date(2024, 12, 6), date(2024, 12, 6))

    def find_dates(text: str, published: date | None, start: int) -> tuple[DateMention, ...]:
        asked.append((text, published, start))
        return (mention,)

    monkeypatch.setattr("index.articles.find_dates", find_dates)
    front = "---\npublished: 2024-12-06\n---\n"
    assert read(tmp_path, f"{front}On Friday.\n").dates == (mention,)
    assert asked == [(f"{front}On Friday.\n", date(2024, 12, 6), len(front))]


@pytest.mark.parametrize(
    ("content", "language"),
    [
        (ENGLISH, "en"),
        (f"---\nlang: de\n---\n{ENGLISH}", "de"),
        (f"---\ntitle: {ENGLISH}\n---\nUne phrase en français, puis une autre phrase.", "fr"),
        ("123.", None),
    ],
)
def test_language_is_as_said_or_as_the_body_reads(
    tmp_path: Path, content: str, language: str | None
) -> None:
    assert read(tmp_path, content).language == language


def test_a_file_of_several_articles(tmp_path: Path) -> None:
    lines = [{"id": 1, "text": "One."}, {"id": 2}, {"id": 3, "text": "Three."}]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, lines)))
    first, bad, third = read_articles(tmp_path, "a.jsonl")
    assert isinstance(first, Article)
    assert isinstance(third, Article)
    assert isinstance(bad, BadFile)
    assert (bad.path, bad.record) == ("a.jsonl", "line 2")
    assert (first.record, first.text, first.path) == ("1", "One.", "a.jsonl")
    assert first.id == article_id("a.jsonl", "1")
    assert first.sha256 == third.sha256 == hash_file(tmp_path, "a.jsonl")
    assert len({first.id, third.id, article_id("a.jsonl"), article_id("b.jsonl", "1")}) == 4


def test_the_first_article_is_taken_where_one_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"id": 1}\n{"id": 2, "text": "Two."}\n')
    assert getattr(read_article(tmp_path, "a.jsonl"), "record", None) == "2"
    (tmp_path / "a.jsonl").write_text('{"id": 1}\n')
    assert getattr(read_article(tmp_path, "a.jsonl"), "record", None) == "line 1"


def test_a_known_hash_is_not_computed_again(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Text.")
    (article,) = read_articles(tmp_path, "a.txt", "known")
    assert getattr(article, "sha256", None) == "known"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (FormatError("It is a scan."), "It is a scan."),
        (OSError(5, "Input/output error"), "It can't be read: Input/output error."),
        (MemoryError(), "Reading it takes more memory than there is."),
        (RecursionError("deep"), "It can't be read; it is probably damaged (RecursionError)."),
        (KeyError("/Root"), "It can't be read; it is probably damaged (KeyError)."),
        (AssertionError(), "It can't be read; it is probably damaged (AssertionError)."),
    ],
)
def test_whatever_fails_in_a_library_is_a_bad_file(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    reason: str,
) -> None:
    caplog.set_level(logging.DEBUG, "index.articles")
    assert read_made(tmp_path, monkeypatch, Made(error=error)) == [BadFile("a.made", reason)]
    assert type(error).__name__ in caplog.text
    before = Extracted(text="One.", record="one")
    found = read_made(tmp_path, monkeypatch, Made(before, error=error))
    assert isinstance(found[0], Article)
    assert found[1:] == [BadFile("a.made", reason, "after one")]


def test_stopping_is_no_bad_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeyboardInterrupt):
        read_made(tmp_path, monkeypatch, Made(error=KeyboardInterrupt()))


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        (Made(), "There are no articles in it."),
        (Made(Extracted(text=" \n")), "It has no text."),
        (Made(Extracted(text="title\n", body_start=6)), "It has no text."),
    ],
)
def test_files_without_articles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: Made, reason: str
) -> None:
    assert read_made(tmp_path, monkeypatch, form) == [BadFile("a.made", reason)]


def test_what_no_store_can_hold_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (article,) = read_made(tmp_path, monkeypatch, Made(Extracted(text="half \ud83d\0 a sign.")))
    assert getattr(article, "text", None) == "half \ufffd\ufffd a sign."


def test_too_large_a_file_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = Made(error=AssertionError("it was read"))
    monkeypatch.setattr("index.articles.format_of", lambda path: form)
    monkeypatch.setattr(Made, "most_bytes", 20_000_000)
    with (tmp_path / "a.made").open("wb") as file:
        file.truncate(20_000_001)
    (found,) = read_articles(tmp_path, "a.made")
    assert found == BadFile(
        "a.made",
        "It has 20.1 MB; a file of its kind may have at most 20 MB. Split it into smaller files.",
    )


def test_missing_file_folder_and_other_suffix(tmp_path: Path) -> None:
    gone = BadFile("gone.txt", "It can't be read: No such file or directory.")
    assert list(read_articles(tmp_path, "gone.txt")) == [gone]
    (tmp_path / "b.txt").mkdir()
    assert read_article(tmp_path, "b.txt") == BadFile("b.txt", "It can't be read: Is a directory.")
    (tmp_path / "a.zip").write_bytes(b"PK")
    other = read_article(tmp_path, "a.zip")
    assert isinstance(other, BadFile)
    assert other.reason.startswith("Only files with these suffixes are read: .txt, .md, ")


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read everything")
def test_unreadable_file(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Text.")
    (tmp_path / "a.txt").chmod(0)
    found = read_article(tmp_path, "a.txt")
    assert found == BadFile("a.txt", "It can't be read: Permission denied.")


def test_id_depends_on_path_and_record_alone(tmp_path: Path) -> None:
    first, second = read(tmp_path, "One."), read(tmp_path, "Two.")
    assert first.id == second.id == article_id("a.txt")
    assert first.sha256 != second.sha256
    assert article_id("b.txt") != article_id("a.txt")
    assert len(article_id(os.fsdecode(b"caf\xe9.txt"))) == 16


@pytest.mark.parametrize(
    "change",
    [
        {"path": "b.txt"},
        {"title": "Pier"},
        {"outlet": "Gazette"},
        {"author": "Ida Brook"},
        {"published": date(2024, 12, 6)},
        {"text": "The ferry stayed."},
        {"body_start": 4},
        {"url": "https://example.org/"},
        {"language": "de"},
        {"record": "7"},
    ],
)
def test_version_changes_with_what_is_shown(tmp_path: Path, change: dict[str, object]) -> None:
    article = read(tmp_path, "The ferry left.")
    assert replace(article, sha256="other").version == article.version
    assert replace(article, **change).version != article.version  # type: ignore[arg-type]


@SEVERAL_EXAMPLES
@given(text=st.text(st.characters(codec="utf-8")))
def test_text_is_the_file_as_it_lies(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(text.encode())
    article = read_article(tmp_path, "a.txt")
    if isinstance(article, Article):
        with path.open(encoding="utf-8", newline="") as file:
            assert article.text == file.read()
        assert article.text[article.body_start :].strip()
        assert article.title.strip()
    else:
        assert article.reason.endswith(".")


@SEVERAL_EXAMPLES
@given(raw=st.binary(max_size=200), suffix=st.sampled_from(SUFFIXES))
def test_no_bytes_are_fatal_in_any_format(tmp_path: Path, raw: bytes, suffix: str) -> None:
    (tmp_path / f"a{suffix}").write_bytes(raw)
    found = list(read_articles(tmp_path, f"a{suffix}"))
    assert found
    for each in found:
        assert isinstance(each, Article) or each.reason.endswith(".")
