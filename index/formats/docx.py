"""Word documents: their paragraphs and tables by python-docx, and what their properties say.

A `.docx` is a zip archive. Only the parts that are needed are unpacked, and only where the sizes
that the archive gives are sensible; the zip module unpacks no more than those.
"""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import unquote

from index.errors import FormatError
from index.formats.base import MEGABYTE, Extracted
from index.formats.fields import Facts
from index.formats.file_facts import read_file_facts
from index.formats.text import EMPTY

if TYPE_CHECKING:
    from docx.oxml.xmlchemy import BaseOxmlElement

MOST_ENTRIES = 10_000
MOST_UNPACKED_BYTES = 200 * MEGABYTE  # of the whole archive
MOST_PART_BYTES = 10 * MEGABYTE  # of one part of it; a book has one or two
MOST_RATIO = 200  # of unpacked to packed; text is packed to a tenth, a bomb to a thousandth
LEAST_BOMB_BYTES = MEGABYTE
RELATIONS = "_rels/.rels"
OLD_OFFICE_FILE = b"\xd0\xcf\x11\xe0"
WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
PARAGRAPH, TABLE, ROW, CELL, RUN, TEXT_BOX = (
    f"{WORD}{name}" for name in ("p", "tbl", "tr", "tc", "r", "txbxContent")
)
SHOWN = {
    f"{WORD}t": "",
    f"{WORD}tab": "\t",
    f"{WORD}br": "\n",
    f"{WORD}cr": "\n",
    f"{WORD}noBreakHyphen": "-",
}
HIDDEN = f"{WORD}rPr/{WORD}vanish"
OFF = ("0", "false", "off")
# What a change took out, and what old programs show in place of what stands beside it.
LEFT_OUT = frozenset(
    {
        f"{WORD}del",
        f"{WORD}moveFrom",
        "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
    }
)
DAMAGED = "It is damaged or cut short. Get it again, or open it in a word processor and save it."
NOT_DOCX = "It is not a Word document of the newer kind. Save it again as .docx."
PROTECTED = (
    "It is a Word document of the older kind (.doc) or one with a password. "
    "Save it again as .docx, without a password."
)
TOO_LARGE = (
    "It unpacks to more than {} MB, too much for an article. Save its text as a new document."
)


class Docx:
    """A Word document as one article; headers, footers and notes are left out."""

    suffixes = (".docx",)
    keeps_text = False
    most_bytes = 50 * MEGABYTE

    def extract(self, file: BinaryIO) -> Iterator[Extracted]:
        """The document as one article. Raises FormatError."""
        start = file.read(len(OLD_OFFICE_FILE))
        if not start:
            raise FormatError(EMPTY)
        if start == OLD_OFFICE_FILE:
            raise FormatError(PROTECTED)
        with _reading(), zipfile.ZipFile(file) as archive:
            _check_size(archive)
            parts = _main_parts(archive)
            text = "\n\n".join(_blocks(_part(archive, parts["officeDocument"])))
            facts = _facts(archive, parts.get("core-properties"))
        if not any(character.isalnum() for character in text):
            raise FormatError("It has no text.")
        yield Extracted(text=text, **asdict(facts))


@contextmanager
def _reading() -> Iterator[None]:
    """Whatever goes wrong in the libraries becomes a FormatError."""
    try:
        yield
    except FormatError:
        raise
    except RuntimeError as error:  # also RecursionError: nothing readable is so deep
        raise FormatError(PROTECTED if "password" in str(error) else DAMAGED) from error
    except Exception as error:  # zipfile, zlib and lxml raise whatever a damaged file leads to
        raise FormatError(DAMAGED) from error


def _check_size(archive: zipfile.ZipFile) -> None:
    """Raises FormatError for an archive that unpacks to too much. Unpacks nothing."""
    entries = archive.infolist()
    if len(entries) > MOST_ENTRIES:
        raise FormatError(f"It has more than {MOST_ENTRIES:,} files in it: it is no document.")
    if sum(entry.file_size for entry in entries) > MOST_UNPACKED_BYTES:
        raise FormatError(TOO_LARGE.format(MOST_UNPACKED_BYTES // MEGABYTE))


def _part(archive: zipfile.ZipFile, name: str) -> "BaseOxmlElement":
    """A part of the document. Its parser expands no entities and opens no other file."""
    from docx.oxml import parse_xml  # noqa: PLC0415  (who has no document never pays for it)

    entry = archive.getinfo(name)
    is_packed_tight = entry.file_size > MOST_RATIO * entry.compress_size
    if is_packed_tight and entry.file_size > LEAST_BOMB_BYTES:
        raise FormatError(
            f"It unpacks to more than {MOST_RATIO} times its size, as no document does."
        )
    if entry.file_size > MOST_PART_BYTES:
        raise FormatError(TOO_LARGE.format(MOST_PART_BYTES // MEGABYTE))
    part = parse_xml(archive.read(entry))
    if part.getroottree().docinfo.internalDTD is not None:
        raise FormatError(DAMAGED)  # the standard forbids it, and entities come by it
    return part


def _main_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """The names of the document's main parts, by the last words of their relations' types."""
    names = frozenset(archive.namelist())
    if RELATIONS not in names:
        raise FormatError(NOT_DOCX)
    found: dict[str, str] = {}
    for relation in _part(archive, RELATIONS):
        kind = relation.get("Type", "").rsplit("/", 1)[-1]
        name = unquote(relation.get("Target", "").removeprefix("/"))
        if name in names:
            found.setdefault(kind, name)
    if "officeDocument" not in found:
        raise FormatError(NOT_DOCX)
    return found


def _blocks(container: "BaseOxmlElement") -> Iterator[str]:
    """The text of paragraphs and tables in a part of the document, in its order."""
    for element in container:
        if element.tag == PARAGRAPH:
            yield from filter(None, [_text(element)])
            for box in _inside(element, TEXT_BOX):
                yield from _blocks(box)
        elif element.tag == TABLE:
            for row in _inside(element, ROW):
                yield from _row(row)
        elif element.tag not in LEFT_OUT:
            yield from _blocks(element)


def _row(row: "BaseOxmlElement") -> Iterator[str]:
    """A row of a table as one line, or, where it lays out longer text, as the blocks it has."""
    cells = [list(_blocks(cell)) for cell in _inside(row, CELL)]
    if all(len(blocks) <= 1 for blocks in cells):
        yield from filter(None, [" | ".join(block for blocks in cells for block in blocks)])
    else:
        yield from (block for blocks in cells for block in blocks)


def _inside(outer: "BaseOxmlElement", tag: str) -> Iterator[Any]:
    """The elements with `tag` in `outer` that stand in no other such element."""
    ends = {*LEFT_OUT, PARAGRAPH, TABLE, TEXT_BOX, tag}
    for element in outer:
        if element.tag == tag:
            yield element
        elif element.tag not in ends:
            yield from _inside(element, tag)


def _text(paragraph: "BaseOxmlElement") -> str:
    shown = (_shown(element) for run in _inside(paragraph, RUN) for element in run)
    lines = "".join(shown).splitlines()
    return "\n".join(filter(None, (" ".join(line.split()) for line in lines)))


def _shown(element: "BaseOxmlElement") -> str:
    """What an element of a run shows: text or a space, nothing where the run is hidden.

    As python-docx has it, whose `Run.text` takes ten times as long.
    """
    if element.tag not in SHOWN:
        return ""
    hidden = element.getparent().find(HIDDEN)
    if hidden is not None and hidden.get(f"{WORD}val") not in OFF:
        return ""
    return SHOWN[element.tag] or element.text or ""


def _facts(archive: zipfile.ZipFile, name: str | None) -> Facts:
    from docx.opc.coreprops import CoreProperties  # noqa: PLC0415  (as above)

    said: Any = CoreProperties(_part(archive, name)) if name else None
    return read_file_facts(
        title=said and said.title,
        author=said and said.author,
        made=_day(said and said.created),
        changed=_day(said and said.modified),
        program=said.comments if said else "",
    )


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None
