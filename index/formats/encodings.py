"""Bytes to text: which encoding a file has, and what to say of one that isn't UTF-8."""

import codecs
import json
from typing import BinaryIO

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins with that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
# What charset_normalizer tells apart well; of kindred ones (Windows-1250, ISO 8859-1) one is named.
LIKELY = {
    "cp1252": "Windows-1252",
    "cp1251": "Windows-1251",
    "cp1256": "Windows-1256",
    "koi8_r": "KOI8-R",
    "mac_roman": "Mac Roman",
    "cp932": "Shift JIS",
    "euc_jp": "EUC-JP",
    "gb18030": "GB 18030",
    "big5": "Big5",
    "euc_kr": "EUC-KR",
}
FEWEST_BYTES_TO_TELL = 20
MOST_BYTES_TO_TELL = 20_000
SAVE_AGAIN = "Save it again with the encoding UTF-8."


def encoding_of(file: BinaryIO) -> str:
    """The file's Unicode encoding: by its byte order mark or its NULs, else UTF-8. Rewinds it."""
    start = file.read(4)
    file.seek(0)
    marked = (encoding for mark, encoding in BYTE_ORDER_MARKS if start.startswith(mark))
    return next(marked, None) or json.detect_encoding(start)


def not_utf8(raw: bytes, error: UnicodeDecodeError) -> str:
    """Why `raw` can't be read as UTF-8, for the user."""
    number = raw.count(b"\n", 0, error.start) + 1
    if any(ord(each) > 127 for each in raw.decode("utf-8", "ignore")):
        return f"It is UTF-8 text, but for line {number}, which has bytes of another encoding."
    likely = likely_encoding(raw)
    looks = f"; it looks like {likely}" if likely else ""
    return f"It is not UTF-8 text (byte {error.start + 1} can't be read){looks}. {SAVE_AGAIN}"


def likely_encoding(raw: bytes) -> str | None:
    """The name of the encoding that a text in no Unicode encoding probably has."""
    from charset_normalizer import from_bytes  # noqa: PLC0415  (only bad files pay for it)

    if len(raw) < FEWEST_BYTES_TO_TELL:
        return None
    best = from_bytes(raw[:MOST_BYTES_TO_TELL], cp_isolation=list(LIKELY)).best()
    return LIKELY.get(best.encoding) if best else None
