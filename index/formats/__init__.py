"""The formats that Dateline reads: a module each, found by the file's suffix.

To add one, write a module with a class that fits `Format` and name it in `FORMATS`. Libraries are
imported inside `extract`: who has no PDF never pays for reading one.
"""

from index.formats.base import BadRecord, Extracted, Format
from index.formats.csv_records import Csv
from index.formats.docx import Docx
from index.formats.html import Html
from index.formats.json_records import Json, JsonLines
from index.formats.pdf import Pdf
from index.formats.text import Text

FORMATS: tuple[Format, ...] = (Text(), Html(), Pdf(), Docx(), Json(), JsonLines(), Csv())
SUFFIXES = tuple(suffix for each in FORMATS for suffix in each.suffixes)


def format_of(path: str) -> Format | None:
    """The format of a file by its name's suffix, in whatever case; None where there is none."""
    lowered = path.lower()
    return next((each for each in FORMATS if lowered.endswith(each.suffixes)), None)


__all__ = ["FORMATS", "SUFFIXES", "BadRecord", "Extracted", "Format", "format_of"]
