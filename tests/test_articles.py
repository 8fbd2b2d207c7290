"""Files to articles: titles, front matter, bad files, and which files are listed at all."""

import os
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.articles import Article, BadFile, article_id, list_files, read_article
from index.errors import ArticlesError

BOM = "\ufeff"
SEVERAL_EXAMPLES = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def read(folder: Path, content: str | bytes, name: str = "a.txt") -> Article:
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    article = read_article(folder, name)
    assert isinstance(article, Article), article
    return article


def refuse(folder: Path, content: str | bytes) -> str:
    (folder / "a.txt").write_bytes(content if isinstance(content, bytes) else content.encode())
    found = read_article(folder, "a.txt")
    assert isinstance(found, BadFile), found
    assert found.path == "a.txt"
    return found.reason


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
        ("...\n", "..."),
        ("---\ntitle: From above\n---\nA headline\n\nText.\n", "From above"),
        ("---\ntitle: '  From\n  above '\n---\nText.\n", "From above"),
        ("---\noutlet: Gazette\n---\nA headline\n\nText.\n", "A headline"),
        ("---\ntitle:\n---\nA headline\n\nText.\n", "A headline"),
        ("---\ntitle: ~\n---\nA headline\n\nText.\n", "A headline"),
        # YAML would make a bool and numbers of these.
        ("---\ntitle: No\n---\nText.\n", "No"),
        ("---\ntitle: 1984\n---\nText.\n", "1984"),
        ("---\ntitle: 3:2\n---\nText.\n", "3:2"),
        ("---\ntitle: 2024-12-06\n---\nText.\n", "2024-12-06"),
    ],
)
def test_title(tmp_path: Path, content: str, title: str) -> None:
    assert read(tmp_path, content).title == title


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2024-12-06", date(2024, 12, 6)),
        ("'2024-12-06'", date(2024, 12, 6)),
        ("2024-12-06T23:30:00+03:00", date(2024, 12, 6)),
        ("2024-12-06 23:30:00", date(2024, 12, 6)),
        ("6 December 2024", date(2024, 12, 6)),
        ("Dec 6, 2024", date(2024, 12, 6)),
        ("Fri, 6 Dec 2024 22:00 EST", date(2024, 12, 6)),  # a time zone nobody can look up
        ("20241206", date(2024, 12, 6)),
        ("2024-02-29", date(2024, 2, 29)),
        # What leaves the year, the month or the day open is not a date.
        ("December 2024", None),
        ("2024", None),
        ("6 December", None),
        ("Friday", None),
        ("10:30", None),
        ("2024-13-45", None),
        ("2023-02-29", None),
        ("yesterday", None),
        ("[2024-12-06, 2024-12-07]", None),
        ("{day: 6}", None),
        ("", None),
        ("null", None),
        ("99999999999999999999", None),
    ],
)
def test_published(tmp_path: Path, written: str, expected: date | None) -> None:
    assert read(tmp_path, f"---\npublished: {written}\n---\nText.\n").published == expected


@SEVERAL_EXAMPLES
@given(written=st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30))
def test_no_date_is_fatal(tmp_path: Path, written: str) -> None:
    quoted = written.replace("'", "''")
    (tmp_path / "a.txt").write_text(f"---\npublished: '{quoted}'\n---\nText.\n", encoding="utf-8")
    found = read_article(tmp_path, "a.txt")
    assert isinstance(found, BadFile) or found.published is None or found.published.year > 0


@pytest.mark.parametrize(
    ("written", "author"),
    [
        ("author: Ida Brook", "Ida Brook"),
        ("Author: Ida Brook", "Ida Brook"),
        ("author: [Ida Brook, Jon Ferris]", "Ida Brook, Jon Ferris"),
        ("author:\n  - Ida Brook\n  - Jon Ferris", "Ida Brook, Jon Ferris"),
        ("author: []", None),
        ("author: null", None),
        ("writer: Ida Brook", None),
    ],
)
def test_author(tmp_path: Path, written: str, author: str | None) -> None:
    assert read(tmp_path, f"---\n{written}\n---\nText.\n").author == author


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", BOM])
def test_front_matter_ends_where_the_body_begins(tmp_path: Path, newline: str, mark: str) -> None:
    front = mark + newline.join(["---", "title: Ferry", "outlet: Gazette", "---", ""])
    body = newline.join(["", "The ferry left.", ""])
    article = read(tmp_path, front + body)
    assert (article.title, article.outlet) == ("Ferry", "Gazette")
    assert article.body_start == len(front)
    assert article.text == front + body


@pytest.mark.parametrize(
    "content",
    [
        "---\n\nThe ferry left.\n",  # no closing line
        "---\ntitle: Ferry\n\nThe ferry left.\n",
        "---\nThe ferry left.\n---\nIt came back.\n",  # a rule above and below
        "---\n- one\n- two\n---\nIt came back.\n",
        "\n---\ntitle: Ferry\n---\nIt came back.\n",  # not at the very top
        "----\ntitle: Ferry\n----\nIt came back.\n",
        "--- title: Ferry\n---\nIt came back.\n",
    ],
)
def test_what_is_no_front_matter_stays_in_the_body(tmp_path: Path, content: str) -> None:
    article = read(tmp_path, content)
    assert (article.body_start, article.outlet, article.published) == (0, None, None)
    marked = read(tmp_path, BOM + content)
    assert marked.body_start == len(BOM)


def test_empty_front_matter_is_front_matter(tmp_path: Path) -> None:
    assert read(tmp_path, "---\n---\nThe ferry left.\n").body_start == len("---\n---\n")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "It is empty."),
        (b" \n\t\r\n ", "It is empty."),
        ("\u00a0\u2003\n", "It is empty."),
        (BOM, "It is empty."),
        (f"{BOM} \n", "It is empty."),
        ("---\ntitle: Ferry\n---\n", "It has front matter but no text below it."),
        ("---\ntitle: Ferry\n---\n \n\n", "It has front matter but no text below it."),
        ("Köln".encode("latin-1"), "It is not UTF-8 text (byte 2 can't be read)."),
        ("Ferry".encode("utf-16"), "It is not text."),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\xff" * 40, "It is not text."),
        (b"\x7fELF\x02\x01\x01\0\0", "It is not text."),
        (b"The ferry\0left.", "It is not text."),
        (b"The ferry left." * 100 + b"\0", "It is not text."),
        ('---\ntitle: "Ferry\n---\nText.\n', "Its front matter can't be read: "),
        ("---\ntitle: a: b\n---\nText.\n", "in line 2."),
        ("---\noutlet: Gazette\ntitle: [a\n---\nText.\n", "in line 4."),
        ("---\n? {a: b}\n: c\n---\nText.\n", "Its front matter can't be read: "),
        ("---\ntitle: \u0080\n---\nText.\n", "Its front matter can't be read: "),
        ("---\ntitle: " + "[" * 5000 + "\n---\nText.\n", "Its front matter can't be read: "),
    ],
)
def test_bad_files_say_why(tmp_path: Path, content: str | bytes, reason: str) -> None:
    assert reason in refuse(tmp_path, content)


def test_missing_file_is_a_bad_file(tmp_path: Path) -> None:
    found = read_article(tmp_path, "gone.txt")
    assert found == BadFile("gone.txt", "It can't be read: No such file or directory.")


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read everything")
def test_unreadable_file_and_folder(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Text.")
    (tmp_path / "a.txt").chmod(0)
    found = read_article(tmp_path, "a.txt")
    assert found == BadFile("a.txt", "It can't be read: Permission denied.")
    (tmp_path / "closed").mkdir(mode=0)
    with pytest.raises(ArticlesError, match="Check its permissions"):
        list(list_files(tmp_path))


def test_missing_folder_and_file_as_folder(tmp_path: Path) -> None:
    with pytest.raises(ArticlesError, match=r"There is no folder .*nowhere.*--articles"):
        list(list_files(tmp_path / "nowhere"))
    (tmp_path / "a.txt").write_text("Text.")
    with pytest.raises(ArticlesError, match=r"a\.txt is a file.*--articles"):
        list(list_files(tmp_path / "a.txt"))


def test_which_files_are_listed(tmp_path: Path) -> None:
    listed = ["B.TXT", "a.md", "b/c/deep.txt", "b/near.md", "ferry ⛴️.txt", "two\nlines.md"]
    ignored = [".hidden.txt", ".git/a.txt", "b/.x/a.txt", "a.pdf", "a.txt.bak", "txt", "b/README"]
    for name in listed + ignored:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("Text.")
    (tmp_path / "folder.txt").mkdir()
    os.mkfifo(tmp_path / "pipe.txt")
    files = list(list_files(tmp_path))
    assert sorted(file.path for file in files) == sorted(listed)
    assert [file.path for file in list_files(tmp_path)] == [file.path for file in files]
    for file in files:
        status = (tmp_path / file.path).stat()
        assert (file.size, file.mtime_ns) == (len("Text."), status.st_mtime_ns)
        assert isinstance(read_article(tmp_path, file.path), Article)


def test_links_that_lead_out_are_not_followed(tmp_path: Path) -> None:
    folder, outside = tmp_path / "articles", tmp_path / "outside"
    folder.mkdir()
    outside.mkdir()
    (outside / "secret.txt").write_text("Secret.")
    (folder / "own.txt").write_text("Own.")
    (folder / "out.txt").symlink_to(outside / "secret.txt")
    (folder / "out").symlink_to(outside)
    (folder / "broken.txt").symlink_to(folder / "nothing.txt")
    (folder / "loop.txt").symlink_to(folder / "loop.txt")
    (folder / "within.txt").symlink_to(folder / "own.txt")
    assert [file.path for file in list_files(folder)] == ["own.txt", "within.txt"]


def test_a_folder_that_is_itself_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.txt").write_text("Text.")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert [file.path for file in list_files(tmp_path / "link")] == ["a.txt"]


def test_a_file_that_goes_while_listing_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.txt").write_text("Text.")
    (tmp_path / "b.txt").write_text("Text.")
    monkeypatch.setattr(Path, "is_file", lambda path: path.unlink() is None or True)
    assert list(list_files(tmp_path)) == []


def test_id_depends_on_the_path_alone(tmp_path: Path) -> None:
    first, second = read(tmp_path, "One."), read(tmp_path, "Two.")
    assert first.id == second.id == article_id("a.txt")
    assert first.sha256 != second.sha256
    assert article_id("b.txt") != article_id("a.txt")
    assert len(article_id(os.fsdecode(b"caf\xe9.txt"))) == 16


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


def test_text_keeps_every_kind_of_line_end(tmp_path: Path) -> None:
    content = "One.\r\nTwo.\rThree.\n\u2028Four.\x85Five.\f"
    assert read(tmp_path, content).text == content
