"""Public question-answering sets, each brought into our own articles and gold cases.

one module a format → PublicSet (public.py): documents to write as articles, cases to ask about them
reading.py and evals/jsonlines.py read their files, sample.py takes fewer questions of a set.
"""

from collections.abc import Callable
from pathlib import Path

from evals.sets.beir import load_beir
from evals.sets.multihop import load_multihop
from evals.sets.public import Document, PublicSet
from evals.sets.ramdocs import load_ramdocs
from evals.sets.realtime import load_realtime
from evals.sets.rgb import load_rgb
from evals.sets.sample import take_sample
from evals.sets.squad import load_squad
from index.errors import InputError

__all__ = ["SETS", "Document", "PublicSet", "load_set"]

SETS: dict[str, Callable[[Path], PublicSet]] = {
    "squad": load_squad,
    "beir": load_beir,
    "multihop-rag": load_multihop,
    "rgb": load_rgb,
    "realtime-qa": load_realtime,
    "ramdocs": load_ramdocs,
}


def load_set(name: str, path: Path, *, limit: int | None = None, seed: int = 7) -> PublicSet:
    """The set `name` from the files at `path`, with all its documents.

    With `limit`, at most that many of its questions, drawn by `seed`. Raises InputError.
    """
    if name not in SETS:
        raise InputError(f"There is no set “{name}”. Name one of: {', '.join(SETS)}.")
    if limit is not None and limit < 1:
        raise InputError(f"A limit of {limit} leaves no question to ask. Give 1 or more.")
    loaded = SETS[name](path)
    return loaded if limit is None else take_sample(loaded, most=limit, seed=seed)
