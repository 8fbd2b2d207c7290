"""Reading what a GGUF file says of its model, whatever the file is."""

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_gguf import CHAT, header, text, write_gguf

from index.errors import ModelFileError
from qa.models.gguf import MOST_ITEMS, MOST_KEYS, MOST_STRING_BYTES, Metadata, read_metadata

EVERYTHING: Metadata = {
    "general.name": "Größe “M”",
    "a.flag": True,
    "a.count": 151_645,
    "a.negative": -1,
    "a.rate": 0.5,
    "an.empty.list": (),
    "a.list": (1, 2, 3),
    "tokens": ("<s>", "", "é"),
    "nested": ((1, 2), (3,)),
}
KEY = text("key")


def one(kind: int, data: bytes) -> bytes:
    """A header whose only key has a value of this kind."""
    return header({}, count=1) + KEY + struct.pack("<I", kind) + data


def read(path: Path, content: bytes) -> Metadata:
    path.write_bytes(content)
    return read_metadata(path)


@pytest.mark.parametrize("version", [2, 3])
def test_every_kind_of_value_is_read(tmp_path: Path, version: int) -> None:
    assert read(tmp_path / "m.gguf", header(EVERYTHING, version=version)) == EVERYTHING


@pytest.mark.parametrize(
    ("kind", "layout", "value"),
    [(0, "B", 255), (1, "b", -2), (2, "H", 9), (3, "h", -9), (5, "i", -7), (6, "f", 0.25)]
    + [(10, "Q", 2**60), (11, "q", -(2**60))],
)
def test_every_kind_of_number_is_read(tmp_path: Path, kind: int, layout: str, value: float) -> None:
    data = struct.pack(f"<{layout}", value)
    assert read(tmp_path / "m.gguf", one(kind, data)) == {"key": value}
    both = struct.pack("<IQ", kind, 2) + data + data
    assert read(tmp_path / "m.gguf", one(9, both)) == {"key": (value, value)}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is not a GGUF model file"),
        (b"PK\x03\x04 something else", "is not a GGUF model file"),
        (b"GGUF", "ends in the middle"),
        (header({}, version=1), "a version of GGUF that isn't known"),
        (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "made for another kind of machine"),
        (header({}, count=1), "ends in the middle"),
        (header({}, count=MOST_KEYS + 1), "65,537 keys"),
        (header({}, count=1) + struct.pack("<Q", 2**63), "9,223,372,036,854,775,808 bytes"),
        (one(8, struct.pack("<Q", MOST_STRING_BYTES + 1)), "67,108,865 bytes"),
        (one(8, struct.pack("<Q", MOST_STRING_BYTES)), "ends in the middle"),
        (one(9, struct.pack("<IQ", 4, MOST_ITEMS + 1)), "4,000,001 items"),
        (one(9, struct.pack("<IQ", 8, MOST_ITEMS)), "ends in the middle"),
        (one(9, struct.pack("<IQ", 12, MOST_ITEMS)), "ends in the middle"),
        (one(13, b""), "a value of kind 13"),
        (one(9, struct.pack("<IQ", 9, 1) * 9), "a value of kind 9"),
    ],
)
def test_a_file_that_is_none_is_told(tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(ModelFileError, match=reason) as raised:
        read(tmp_path / "m.gguf", content)
    assert "m.gguf" in str(raised.value)


def test_wherever_a_header_is_cut_the_file_is_refused(tmp_path: Path) -> None:
    whole = header(CHAT)
    for length in range(len(whole)):
        with pytest.raises(ModelFileError):
            read(tmp_path / "m.gguf", whole[:length])
    assert read(tmp_path / "m.gguf", whole) == CHAT


@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_be_refused(
    tmp_path_factory: pytest.TempPathFactory, tail: bytes
) -> None:
    path = tmp_path_factory.mktemp("gguf") / "m.gguf"
    for content in (tail, b"GGUF" + tail, header({}, count=3) + tail):
        try:
            found = read(path, content)
        except ModelFileError:
            continue
        assert isinstance(found, dict)


def test_text_that_is_no_utf_8_is_kept_readable(tmp_path: Path) -> None:
    content = one(8, struct.pack("<Q", 2) + b"a\xff")
    assert read(tmp_path / "m.gguf", content) == {"key": "a\ufffd"}


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.gguf"):
        with pytest.raises(ModelFileError, match="can't be read"):
            read_metadata(path)


def test_what_follows_the_header_is_not_looked_at(tmp_path: Path) -> None:
    assert read_metadata(write_gguf(tmp_path / "m.gguf")) == CHAT
