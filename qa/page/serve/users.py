"""Who may use a page that others can reach: names and hashed passwords, one a line of a file.

Passwords are hashed by scrypt (Percival & Josefsson 2016, RFC 7914), each with a salt of its own.
The file is written whole, and for its owner's eyes only.
"""

import base64
import binascii
import hashlib
import hmac
import os
import re
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from index.errors import InputError, SettingsError

NAME = re.compile(r"[^\s:]{1,64}")
LEAST_CHARACTERS = 8
MOST_BYTES = 1024  # of a password: hashing takes time for each
SALT_BYTES = 16
# 32 MiB and some 0.1 s a try.
COST, BLOCK, PARALLEL = 2**15, 8, 1
MEMORY = 64 * 1024 * 1024
SCHEME = f"scrypt-{COST}-{BLOCK}-{PARALLEL}"
NOBODY = bytes(SALT_BYTES)


@dataclass(frozen=True, slots=True)
class Hashed:
    """A password as it is kept."""

    salt: bytes
    key: bytes


class Users:
    """The users of a file, read once."""

    def __init__(self, hashed: Mapping[str, Hashed]) -> None:
        """`hashed` are the passwords by name."""
        self._hashed = dict(hashed)

    @property
    def names(self) -> tuple[str, ...]:
        """The names, sorted."""
        return tuple(sorted(self._hashed))

    def accepts(self, name: str, password: str) -> bool:
        """Whether this is the user's password. It takes as long for names that nobody has."""
        kept = self._hashed.get(name, Hashed(NOBODY, b""))
        if len(password.encode("utf-8", "replace")) > MOST_BYTES:
            return False
        return hmac.compare_digest(_key(password, kept.salt), kept.key)


def load_users(path: Path) -> Users:
    """The users in a file. Raises SettingsError where it can't be used."""
    return Users(_load(path))


def add_user(path: Path, name: str, password: str) -> None:
    """Add a user, or give one another password. Raises InputError and SettingsError."""
    if not NAME.fullmatch(name):
        raise InputError("A user's name has up to 64 characters, without spaces and colons.")
    if len(password) < LEAST_CHARACTERS:
        raise InputError(f"A password has at least {LEAST_CHARACTERS} characters.")
    if len(password.encode("utf-8", "replace")) > MOST_BYTES:
        raise InputError(f"A password has at most {MOST_BYTES:,} bytes.")
    salt = secrets.token_bytes(SALT_BYTES)
    kept = _load(path) if path.exists() else {}
    _write(path, {**kept, name: Hashed(salt, _key(password, salt))})


def remove_user(path: Path, name: str) -> None:
    """Take a user out. Raises InputError where there is none of that name, and SettingsError."""
    kept = _load(path)
    if name not in kept:
        raise InputError(f"There is no user {name!r} in {path}.")
    del kept[name]
    _write(path, kept)


def _load(path: Path) -> dict[str, Hashed]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise SettingsError(
            f"The users can't be read from {path}: {why}. Make the file with: "
            f"dateline users add NAME --file {path}"
        ) from error
    hashed = dict(_parse(line, path, number) for number, line in enumerate(lines, 1) if line)
    if not hashed:
        raise SettingsError(
            f"There are no users in {path}. Add one with: dateline users add NAME --file {path}"
        )
    return hashed


def _key(password: str, salt: bytes) -> bytes:
    written = password.encode("utf-8", "replace")
    return hashlib.scrypt(written, salt=salt, n=COST, r=BLOCK, p=PARALLEL, maxmem=MEMORY)


def _write(path: Path, hashed: Mapping[str, Hashed]) -> None:
    lines = (
        ":".join((name, SCHEME, *(base64.b64encode(raw).decode() for raw in (kept.salt, kept.key))))
        for name, kept in sorted(hashed.items())
    )
    content = "".join(f"{line}\n" for line in lines)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Made by mkstemp it is for its owner's eyes only from the beginning.
        number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(content)
        Path(name).replace(path)
    except OSError as error:
        raise SettingsError(f"{path} can't be written: {error.strerror}.") from error


def _parse(line: str, path: Path, number: int) -> tuple[str, Hashed]:
    try:
        name, scheme, salt, key = line.split(":")
        if scheme != SCHEME or not NAME.fullmatch(name):
            raise ValueError(scheme)
        return name, Hashed(*(base64.b64decode(each, validate=True) for each in (salt, key)))
    except (ValueError, binascii.Error) as error:
        raise SettingsError(
            f"Line {number} of {path} is no user that Dateline wrote. Remove the line, and add "
            f"the user with: dateline users add NAME --file {path}"
        ) from error
