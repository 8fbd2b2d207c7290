"""PDF: its text by pypdf, put together again as paragraphs, and what its metadata says."""

import logging
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from time import monotonic
from typing import TYPE_CHECKING, Any, BinaryIO

from index.errors import FormatError
from index.formats import fields
from index.formats.base import MEGABYTE, Extracted
from index.formats.fields import Facts
from index.formats.file_facts import read_file_facts
from index.formats.pdf_layout import Page, Run, build_lines, build_text
from index.formats.text import EMPTY

if TYPE_CHECKING:
    from pypdf import PdfReader

MOST_PAGES = 2000
MOST_STREAM_BYTES = 20 * MEGABYTE  # of one page, unpacked
MOST_STREAM_PARTS = 500_000  # operators and operands of one page
END_MARK = b"%%EOF"
END_WITHIN = 2048  # the standard has it in the last 1,024 bytes; some programs add a little
# Where a font has no table of its characters, its text comes out as these.
UNREADABLE = re.compile(r"[\ufffd\ue000-\uf8ff\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
MOST_UNREADABLE = 0.3
MADE = re.compile(r"(?:D:)?(\d{4})(\d\d)(\d\d)")
ENCRYPTED = "It is encrypted. Save it without a password and put that copy in its place."
DAMAGED = "It is damaged or cut short. Get it again, or open it and save it as a new PDF."
TOO_MUCH = (
    "It holds more than can be read in reasonable time and memory. Save its text as a new PDF."
)
UNREADABLE_FONTS = (
    "Its fonts don't tell which characters they show, so its text can't be read. "
    "Run it through text recognition (OCR) first."
)


class Pdf:
    """A PDF with text in it, as one article."""

    suffixes = (".pdf",)
    keeps_text = False
    most_bytes = 100 * MEGABYTE
    most_seconds = 120.0

    def extract(self, file: BinaryIO) -> Iterator[Extracted]:
        """The file as one article. Raises FormatError."""
        end = monotonic() + self.most_seconds
        with _reading():
            reader = _opened(file)
            pages = [_lines(reader, number, end) for number in range(_page_count(reader))]
            facts = _facts(reader.metadata or {})
        text = build_text(pages)
        _check_text(text, pages=len(pages))
        yield Extracted(text=text, **asdict(facts))


@contextmanager
def _reading() -> Iterator[None]:
    """Whatever goes wrong in pypdf becomes a FormatError."""
    from pypdf import Configuration, apply_configuration  # noqa: PLC0415  (who has no PDF never pays for it)
    from pypdf.errors import (  # noqa: PLC0415
        DependencyError,
        FileNotDecryptedError,
        LimitReachedError,
    )

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what is wrong, FormatError says
    limits = Configuration(
        zlib_maximum_output_length=MOST_STREAM_BYTES,
        array_based_stream_maximum_output_length=MOST_STREAM_BYTES,
        lzw_maximum_output_length=MOST_STREAM_BYTES,
        run_length_maximum_output_length=MOST_STREAM_BYTES,
        stream_parsing_work_maximum_count=MOST_STREAM_PARTS,
    )
    try:
        with apply_configuration(limits):
            yield
    except FormatError:
        raise
    except (DependencyError, FileNotDecryptedError) as error:
        raise FormatError(ENCRYPTED) from error
    except (LimitReachedError, RecursionError, MemoryError) as error:
        raise FormatError(TOO_MUCH) from error
    except Exception as error:  # pypdf raises whatever a damaged file leads to
        raise FormatError(DAMAGED) from error


def _opened(file: BinaryIO) -> "PdfReader":
    from pypdf import PdfReader  # noqa: PLC0415  (as above)

    size = file.seek(0, os.SEEK_END)
    if size == 0:
        raise FormatError(EMPTY)
    file.seek(max(0, size - 32 * END_WITHIN))
    if END_MARK not in file.read().rstrip(b"\0 \r\n")[-END_WITHIN:]:
        raise FormatError(DAMAGED)  # pypdf would read what there is, and nobody know of the rest
    file.seek(0)
    reader = PdfReader(file)
    if reader.is_encrypted and not reader.decrypt(""):
        raise FormatError(ENCRYPTED)
    return reader


def _page_count(reader: "PdfReader") -> int:
    count = len(reader.pages)
    if count == 0:
        raise FormatError(DAMAGED)
    if count > MOST_PAGES:
        raise FormatError(f"It has {count:,} pages; at most {MOST_PAGES:,} are read. Split it.")
    return count


def _lines(reader: "PdfReader", number: int, end: float) -> Page:
    """The lines of a page (from 0), in the order in which they were written."""
    runs: list[Run] = []

    def keep(text: str, *place: Any) -> None:
        runs.append(Run.of(text, *place))

    def stop_at_end(*_: Any) -> None:
        if monotonic() >= end:
            raise FormatError(TOO_MUCH)

    reader.pages[number].extract_text(visitor_text=keep, visitor_operand_before=stop_at_end)
    stop_at_end()
    return build_lines(runs)


def _check_text(text: str, *, pages: int) -> None:
    if len(UNREADABLE.findall(text)) > MOST_UNREADABLE * len(text):
        raise FormatError(UNREADABLE_FONTS)
    if not any(character.isalnum() for character in text):
        count = f"{pages:,} pages" if pages > 1 else "1 page"
        raise FormatError(
            f"It has {count} but no text; it is probably a scan. "
            "Run it through text recognition (OCR) first."
        )


def _facts(metadata: Mapping[str, Any]) -> Facts:
    return read_file_facts(
        title=metadata.get("/Title"),
        author=metadata.get("/Author"),
        made=_day(metadata.get("/CreationDate")),
        changed=_day(metadata.get("/ModDate")),
        program=f"{metadata.get('/Creator')} {metadata.get('/Producer')}",
    )


def _day(written: Any) -> date | None:
    """The day of a PDF's date, `D:20250303182000+01'00'`."""
    found = MADE.match(str(written))
    return fields.day("-".join(found.groups())) if found else None
