"""The file of users: what is accepted, what isn't, and what is in it."""

import stat
from pathlib import Path

import pytest

from index.errors import InputError, SettingsError
from qa.page.serve import users
from qa.page.serve.users import add_user, load_users, remove_user


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users, "COST", 2**4)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "users"


def test_a_user_is_accepted_by_name_and_password(path: Path) -> None:
    add_user(path, "amira", "correct horse")
    add_user(path, "jon", "another staple")
    found = load_users(path)
    assert found.names == ("amira", "jon")
    assert found.accepts("amira", "correct horse")
    for name, password in (
        ("amira", "another staple"), ("amira", "Correct horse"), ("amira", ""), ("nobody", ""),
        ("Amira", "correct horse"), ("", ""), ("amira", "x" * 100_000), ("amira", "\ud800"),
    ):  # fmt: skip
        assert not found.accepts(name, password)


def test_no_password_is_in_the_file_and_only_its_owner_reads_it(path: Path) -> None:
    add_user(path, "amira", "correct horse")
    add_user(path, "jon", "correct horse")
    written = path.read_text(encoding="utf-8")
    assert "horse" not in written
    one, other = (line.split(":")[2:] for line in written.splitlines())
    assert one[0] != other[0] and one[1] != other[1]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["users"]


def test_a_password_can_be_changed_and_a_user_removed(path: Path) -> None:
    add_user(path, "amira", "correct horse")
    add_user(path, "amira", "another staple")
    assert load_users(path).names == ("amira",)
    assert load_users(path).accepts("amira", "another staple")
    assert not load_users(path).accepts("amira", "correct horse")
    add_user(path, "jon", "another staple")
    remove_user(path, "amira")
    assert load_users(path).names == ("jon",)
    with pytest.raises(InputError, match="no user 'amira'"):
        remove_user(path, "amira")


@pytest.mark.parametrize(
    ("name", "password", "words"),
    [
        ("", "correct horse", "name"),
        ("a b", "correct horse", "name"),
        ("a:b", "correct horse", "name"),
        ("a\nb", "correct horse", "name"),
        ("x" * 65, "correct horse", "name"),
        ("amira", "short", "at least 8"),
        ("amira", "x" * 1025, "at most 1,024"),
    ],
)
def test_what_is_no_user(path: Path, name: str, password: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        add_user(path, name, password)
    assert not path.exists()


@pytest.mark.parametrize("line", ["amira", "amira:plain:a:b", "amira:scrypt-16-8-1:?:?", ":::"])
def test_a_damaged_line_is_named(path: Path, line: str) -> None:
    add_user(path, "jon", "correct horse")
    path.write_text(f"{path.read_text(encoding='utf-8')}{line}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="Line 2 .* dateline users add NAME"):
        load_users(path)


def test_files_that_cannot_be_used(path: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        load_users(path)
    empty = tmp_path / "empty"
    empty.touch()
    with pytest.raises(SettingsError, match="no users"):
        load_users(empty)
    empty.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="not text"):
        load_users(empty)
