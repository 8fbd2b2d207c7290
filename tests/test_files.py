"""The folder of articles: which files are listed, and what becomes of those that can't be."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from index.errors import ArticlesError
from index.files import ArticleFile, BadFile, hash_file, list_files, status_of
from index.formats import SUFFIXES, format_of

SCANDIR = os.scandir


def make(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("Text.")
    return folder


def paths(folder: Path) -> list[str]:
    return [file.path for file in list_files(folder).files]


def refuse(monkeypatch: pytest.MonkeyPatch, name: str, error: OSError) -> None:
    """Let the folder `name` be one that can't be looked into."""

    def scandir(path: Path) -> Iterator[os.DirEntry[str]]:
        if path.name == name:
            raise error
        return SCANDIR(path)

    monkeypatch.setattr(os, "scandir", scandir)


def test_missing_folder_and_file_as_folder(tmp_path: Path) -> None:
    with pytest.raises(ArticlesError, match=r"There is no folder .*nowhere.*--articles"):
        list_files(tmp_path / "nowhere")
    make(tmp_path, "a.txt")
    with pytest.raises(ArticlesError, match=r"a\.txt is a file.*--articles"):
        list_files(tmp_path / "a.txt")
    with pytest.raises(ArticlesError, match=r"There is no folder .*within"):
        list_files(tmp_path / "a.txt" / "within")


def test_which_files_are_listed(tmp_path: Path) -> None:
    listed = ["B.TXT", "a.md", "b/c/deep.jsonl", "b/near.Csv", "ferry ⛴️.json", "two\nlines.md"]
    ignored = [
        "~$open.md",
        ".hidden.txt",
        ".git/a.txt",
        "b/.x/a.txt",
        "a.zip",
        "a.txt.bak",
        "txt",
        "b/README",
    ]
    make(tmp_path, *listed, *ignored)
    (tmp_path / "folder.txt").mkdir()
    os.mkfifo(tmp_path / "pipe.txt")
    listing = list_files(tmp_path)
    assert [file.path for file in listing.files] == sorted(listed)
    assert listing.bad == ()
    for file in listing.files:
        status = (tmp_path / file.path).stat()
        assert file == ArticleFile(file.path, len("Text."), status.st_mtime_ns)
        assert file == status_of(tmp_path, file.path)


def test_the_parts_of_a_saved_page_are_no_articles(tmp_path: Path) -> None:
    make(tmp_path, "b/Ferry.html", "b/Ferry_files/frame.html", "Ferry_files/own.txt", "x_files.md")
    make(tmp_path, "b/notes.txt", "b/notes_files/own.txt")
    expected = ["Ferry_files/own.txt", "b/Ferry.html", "b/notes.txt", "b/notes_files/own.txt"]
    assert paths(tmp_path) == [*expected, "x_files.md"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_format_is_listed(tmp_path: Path, suffix: str) -> None:
    make(tmp_path, f"a{suffix}", f"B{suffix.upper()}", suffix)
    assert paths(tmp_path) == [f"B{suffix.upper()}", f"a{suffix}"]
    assert format_of(f"x/a{suffix}") is format_of(f"B{suffix.upper()}") is not None
    assert format_of(f"a{suffix}.bak") is None


def test_a_name_that_is_no_utf8_is_listed(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.txt")
    make(tmp_path, name)
    assert paths(tmp_path) == [name]
    assert hash_file(tmp_path, name) == hashlib.sha256(b"Text.").hexdigest()


def test_an_empty_folder_has_no_files(tmp_path: Path) -> None:
    assert list_files(tmp_path).files == ()


def test_links_that_lead_out_are_not_followed(tmp_path: Path) -> None:
    folder = make(tmp_path / "articles", "own.txt", "b/near.txt")
    outside = make(tmp_path / "outside", "secret.txt")
    (folder / "out.txt").symlink_to(outside / "secret.txt")
    (folder / "out").symlink_to(outside)
    (folder / "up").symlink_to(tmp_path)
    (folder / "broken.txt").symlink_to(folder / "nothing.txt")
    (folder / "broken").symlink_to(folder / "nothing")
    (folder / "loop.txt").symlink_to(folder / "loop.txt")
    (folder / "within.txt").symlink_to(folder / "own.txt")
    listing = list_files(folder)
    assert [file.path for file in listing.files] == ["b/near.txt", "own.txt", "within.txt"]
    assert listing.bad == ()


def test_a_linked_folder_is_listed_once(tmp_path: Path) -> None:
    make(tmp_path, "a/one.txt", "b/two.txt", ".kept/three.txt", ".kept/deep/four.txt")
    (tmp_path / "a" / "again").symlink_to(tmp_path / "b")
    (tmp_path / "b" / "again").symlink_to(tmp_path / "a")
    (tmp_path / "b" / "round").symlink_to(tmp_path)
    (tmp_path / "shown").symlink_to(tmp_path / ".kept")
    (tmp_path / ".kept" / "back").symlink_to(tmp_path / "shown")
    assert paths(tmp_path) == ["a/one.txt", "b/two.txt", "shown/deep/four.txt", "shown/three.txt"]


def test_a_folder_that_is_itself_a_link_is_followed(tmp_path: Path) -> None:
    make(tmp_path / "real", "a.txt")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert paths(tmp_path / "link") == ["a.txt"]


def test_what_goes_while_listing_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "a.txt", "gone/b.txt")
    refuse(monkeypatch, "gone", FileNotFoundError(2, "No such file or directory"))
    listing = list_files(tmp_path)
    assert [file.path for file in listing.files] == ["a.txt"]
    assert listing.bad == ()


def test_a_folder_within_that_cannot_be_read_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "a.txt", "z.txt", "closed/b.txt", "other/c.txt")
    refuse(monkeypatch, "closed", PermissionError(13, "Permission denied"))
    listing = list_files(tmp_path)
    assert [file.path for file in listing.files] == ["a.txt", "other/c.txt", "z.txt"]
    assert listing.bad == (BadFile("closed", "It can't be read: Permission denied."),)


def test_the_folder_itself_must_be_readable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, tmp_path.name, PermissionError(13, "Permission denied"))
    with pytest.raises(ArticlesError, match=r"Permission denied. Check its permissions"):
        list_files(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read everything")
def test_permissions_are_reported(tmp_path: Path) -> None:
    make(tmp_path, "a.txt", "closed/b.txt")
    (tmp_path / "closed").chmod(0)
    assert [bad.path for bad in list_files(tmp_path).bad] == ["closed"]
    (tmp_path / "closed").chmod(0o700)


def test_hash_and_status_of_a_file_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        hash_file(tmp_path, "gone.txt")
    with pytest.raises(FileNotFoundError):
        status_of(tmp_path, "gone.txt")


def test_a_large_file_is_hashed_in_parts(tmp_path: Path) -> None:
    content = bytes(range(256)) * 8192
    (tmp_path / "a.txt").write_bytes(content)
    assert hash_file(tmp_path, "a.txt") == hashlib.sha256(content).hexdigest()
