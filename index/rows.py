"""What a ledger writes of an article and its file, as plain values, and how it is read back.

Texts go out as UTF-8 that lets lone surrogates through: a file's name may hold any bytes.
"""

import json
import struct
from dataclasses import asdict, fields
from datetime import date
from typing import Any

import numpy as np

from index.articles import Article
from index.dates import DateMention
from index.duplicates import PERMUTATIONS, Signatures
from index.files import BadFile
from index.ledger import FileEntry, Recipe
from index.passages import Passage

Spans = tuple[tuple[int, int], ...]
FACTS = tuple(field.name for field in fields(Article) if field.name != "text")


def encode(text: str) -> bytes:
    """The text's bytes; `decode` gives it back, whatever it holds."""
    return text.encode("utf-8", "surrogatepass")


def decode(raw: bytes) -> str:
    """The text that `encode` made `raw` of."""
    return raw.decode("utf-8", "surrogatepass")


def article_facts(article: Article) -> bytes:
    """All of an article but its text, as JSON."""
    return _json({name: getattr(article, name) for name in FACTS})


def article_from(facts: bytes, text: str) -> Article:
    """The article that `article_facts` was given. Raises ValueError, KeyError or TypeError."""
    raw = json.loads(decode(facts))
    published = raw["published"] and date.fromisoformat(raw["published"])
    mentions = (
        DateMention(
            each["start"],
            each["end"],
            date.fromisoformat(each["first"]),
            date.fromisoformat(each["last"]),
        )
        for each in raw["dates"]
    )
    return Article(**{**raw, "published": published, "dates": tuple(mentions), "text": text})


def pack_spans(spans: Spans) -> bytes:
    """Sentence spans as unsigned numbers of 32 bits."""
    return struct.pack(f"<{2 * len(spans)}I", *(bound for span in spans for bound in span))


def unpack_spans(raw: bytes) -> Spans:
    """The spans that `pack_spans` made `raw` of. Raises struct.error."""
    bounds = struct.unpack(f"<{len(raw) // 4}I", raw)
    return tuple(zip(bounds[::2], bounds[1::2], strict=True))


def pack_signatures(signatures: Signatures) -> bytes:
    """MinHash signatures as unsigned numbers of 32 bits."""
    return signatures.astype("<u4").tobytes()


def unpack_signatures(raw: bytes) -> Signatures:
    """The signatures that `pack_signatures` made `raw` of. Raises ValueError."""
    return np.frombuffer(raw, dtype="<u4").reshape(-1, PERMUTATIONS).astype(np.uint32)


def passage_row(passage: Passage) -> tuple[Any, ...]:
    """A passage without its text, which is the article's: what `passage_from` takes."""
    return (
        passage.id,
        passage.position,
        passage.start,
        passage.end,
        pack_spans(passage.sentences),
        encode(passage.header),
    )


def passage_from(row: tuple[Any, ...], article: Article) -> Passage:
    """The passage that `passage_row` made a row of. Raises struct.error or ValueError."""
    key, position, start, end, sentences, header = row
    return Passage(
        id=key,
        article_id=article.id,
        position=position,
        start=start,
        end=end,
        sentences=unpack_spans(sentences),
        text=article.text[start:end],
        header=decode(header),
    )


def file_facts(entry: FileEntry) -> bytes:
    """A file's entry, as JSON."""
    return _json(asdict(entry))


def file_from(facts: bytes) -> FileEntry:
    """The entry that `file_facts` was given. Raises ValueError, KeyError or TypeError."""
    raw = json.loads(decode(facts))
    return FileEntry(**{**raw, "flaws": tuple(BadFile(**flaw) for flaw in raw["flaws"])})


def recipe_facts(recipe: Recipe) -> bytes:
    """A recipe, as JSON."""
    return _json(asdict(recipe))


def recipe_from(facts: bytes) -> Recipe:
    """The recipe that `recipe_facts` was given. Raises ValueError or TypeError."""
    return Recipe(**json.loads(decode(facts)))


def _json(value: Any) -> bytes:
    return encode(json.dumps(value, ensure_ascii=False, default=_plain))


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else asdict(value)
