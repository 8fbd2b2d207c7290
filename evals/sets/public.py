"""A public set as Dateline asks it: documents that become articles, cases, what is relevant."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from evals.gold import GoldCase
from index.errors import InputError
from index.formats.text import TEXT_CONTROL_CHARACTERS

MOST_NAME_CHARACTERS = 80
HASH_CHARACTERS = 8
# A file with one of these counts as no text (index/formats/text.py) and would be passed over.
UNREADABLE = str.maketrans(
    {code: " " for code in range(ord(" ")) if chr(code) not in TEXT_CONTROL_CHARACTERS}
)
# What YAML 1.1 doesn't let stand in a file (section 5.1), escaped or not.
NOT_IN_YAML = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Document:
    """A text of a set. `name` is the file it is written to; evidence and relevance refer to it."""

    name: str
    title: str
    text: str
    outlet: str | None = None
    published: date | None = None

    @property
    def article(self) -> str:
        """The document as an article: front matter, then the text as it is."""
        fields = {
            "title": self.title,
            "outlet": self.outlet,
            "published": self.published.isoformat() if self.published else None,
        }
        # A JSON string is a YAML string in double quotes.
        lines = [
            f"{key}: {json.dumps(_one_line(value), ensure_ascii=False)}"
            for key, value in fields.items()
            if value and _one_line(value)
        ]
        return "\n".join(["---", *lines, "---", "", self.text, ""])


@dataclass(frozen=True, slots=True)
class PublicSet:
    """A set ready to be asked.

    `citation` says whose it is and how published tables score it. `relevant` has, for each case
    where that is known, the names of the documents to find; a name without a document can't be
    found. `left_out` counts what isn't asked, by reason.
    """

    name: str
    citation: str
    documents: tuple[Document, ...]
    cases: tuple[GoldCase, ...]
    relevant: Mapping[str, frozenset[str]] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)

    def write_documents(self, folder: Path) -> None:
        """Write each document as an article. What already lies there as it should is left alone.

        Raises InputError where the folder can't be written, or has anything else in it.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            others = {each.name for each in folder.iterdir()} - {
                document.name for document in self.documents
            }
            if others:
                raise InputError(
                    f"The folder {folder} has other files, {min(others)} among them, which would "
                    "be asked about too. Name an empty or a new folder."
                )
            for document in self.documents:
                _write(folder / document.name, document.article.encode("utf-8"))
        except OSError as error:
            reason = error.strerror or error
            raise InputError(f"The set can't be written to {folder}: {reason}.") from error


def file_name(prefix: str, key: str) -> str:
    """A file name that is safe everywhere; another one for every key, in upper or lower case."""
    safe = re.sub(r"[^a-z0-9]+", "-", key.casefold()).strip("-")[:MOST_NAME_CHARACTERS]
    if safe != key:
        tail = hashlib.sha256(key.encode("utf-8")).hexdigest()[:HASH_CHARACTERS]
        safe = f"{safe}-{tail}".lstrip("-")
    return f"{prefix}-{safe}.md"


def readable(text: str) -> str:
    """The text with a space for each character that no article may have; all offsets stay."""
    return text.translate(UNREADABLE)


def find_quote(text: str, words: str) -> str | None:
    """Where `text` has these words, as it sets them: white space may differ. None where not."""
    if words.strip() and words in text:
        return words
    pattern = r"\s+".join(re.escape(word) for word in words.split())
    found = re.search(pattern, text) if pattern else None
    return found.group() if found else None


def build_own(prefix: str, key: str, texts: Iterable[str]) -> dict[str, Document]:
    """The documents that belong to one question, by their text; blank and repeated ones fall out.

    Their names carry the question's `key` and count from 1.
    """
    kept = dict.fromkeys(readable(text) for text in texts if text.strip())
    return {
        text: Document(file_name(prefix, f"{key}-{number}"), "", text)
        for number, text in enumerate(kept, start=1)
    }


def _one_line(value: str) -> str:
    return " ".join(NOT_IN_YAML.sub(" ", value).split())


def _write(path: Path, content: bytes) -> None:
    if not path.is_file() or path.read_bytes() != content:
        path.write_bytes(content)
