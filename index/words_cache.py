"""The words of a corpus, kept beside its index: only new and changed articles are read."""

import hashlib
import json
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from index.kept_files import (
    Arrays,
    from_lines,
    load_arrays,
    remove_others,
    save_arrays,
    to_lines,
)
from index.lexical import STOP_WORDS, WORD
from index.ragged import Ragged
from index.words import NO_WORDS, ReadArticle, WordTable, read_words

# A change in what words.py, `terms` or `stem` make of a text must change this number.
WORDS_FORMAT = 1
log = logging.getLogger(__name__)


def load_words(articles: Sequence[ReadArticle], folder: Path | None) -> WordTable:
    """The words of these articles, in their order; they are kept in `folder`, where there is one.

    What is kept but damaged, or can't be kept, is done without.
    """
    path = folder / f"words-{_rules()}.npz" if folder else None
    kept = _load(path) if path else NO_WORDS
    keys = [(each.version, len(each.passages)) for each in articles]
    row_of = {key: row for row, key in enumerate(_keys(kept))}
    if list(row_of) == keys:
        return kept
    new = [each for each, key in zip(articles, keys, strict=True) if key not in row_of]
    known = read_words(new, kept)
    row_of = {key: row for row, key in enumerate(_keys(known))}
    table = known.take(np.array([row_of[key] for key in keys], dtype=np.int64))
    if path:
        _save(table, path)
    return table


def _keys(table: WordTable) -> list[tuple[str, int]]:
    return list(zip(table.versions, table.passages.tolist(), strict=True))


def _rules() -> str:
    """Changes with what counts as a word."""
    rules = json.dumps([WORDS_FORMAT, WORD.pattern, sorted(STOP_WORDS)])
    return hashlib.sha256(rules.encode()).hexdigest()[:8]


def _save(table: WordTable, path: Path) -> None:
    arrays: Arrays = {
        "versions": to_lines(table.versions),
        "forms": to_lines(table.forms),
        "stems": to_lines(table.stems),
        "stem_of": table.stem_of,
        "passages": table.passages,
        "written": table.written.values,
        "written_lengths": table.written.lengths,
        "counts": table.counts.values,
        "counts_lengths": table.counts.lengths,
        "aliases": np.frombuffer(json.dumps(table.aliases).encode(), dtype=np.uint8),
    }
    try:
        save_arrays(path, arrays)
    except OSError as error:
        log.debug("The words can't be kept in %s: %s", path, error)
    else:
        remove_others(path, "words-*")


def _load(path: Path) -> WordTable:
    kept = load_arrays(path)
    if kept is None:
        return NO_WORDS
    return WordTable(
        versions=from_lines(kept["versions"]),
        forms=from_lines(kept["forms"]),
        stems=from_lines(kept["stems"]),
        stem_of=kept["stem_of"],
        passages=kept["passages"],
        written=Ragged.of(kept["written_lengths"], kept["written"]),
        counts=Ragged.of(kept["counts_lengths"], kept["counts"]),
        aliases=tuple(
            tuple((short, long_form) for short, long_form in own)
            for own in json.loads(kept["aliases"].tobytes())
        ),
    )
