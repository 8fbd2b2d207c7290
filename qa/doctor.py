"""Looks over folder, store and models, and says how to mend what is wrong. Changes nothing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from index.build import plan_sync
from index.catalogue import DEFAULT_EMBEDDING_MODEL, DEFAULT_LANGUAGE_MODEL, check
from index.errors import DatelineError
from index.settings import Settings
from index.store import passages_missing
from qa.desk import Desk
from qa.models.served import open_model


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, and a sentence about it."""

    what: str
    is_well: bool
    sentence: str

    @property
    def line(self) -> str:
        """The finding in one line."""
        return f"{'well ' if self.is_well else 'WRONG'}  {self.what}: {self.sentence}"


def examine(settings: Settings) -> list[Finding]:
    """Everything that can be told without changing anything."""
    desk = Desk(settings)
    checks: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("embedding model", lambda: _model_file(settings, settings.index.embedding_model)),
        ("language model", lambda: _language_model(settings)),
        ("index", lambda: _index(desk)),
    ]
    found: list[Finding] = []
    for what, look in checks:
        try:
            found.extend(look())
        except DatelineError as error:
            found.append(Finding(what, False, str(error)))
    return found


def _model_file(settings: Settings, name: str) -> Iterator[Finding]:
    if name in (DEFAULT_EMBEDDING_MODEL, DEFAULT_LANGUAGE_MODEL):
        result = check(name, folder=settings.models_folder)
        yield Finding(name, result.status == "whole", result.message)


def _language_model(settings: Settings) -> Iterator[Finding]:
    model = open_model(settings)
    yield Finding("language model", True, model.description)
    if model.backend == "embedded":
        yield from _model_file(settings, model.name)


def _index(desk: Desk) -> Iterator[Finding]:
    manifest = desk.corpus.manifest
    plan = plan_sync(desk.settings.articles, manifest)
    counts = f"{len(manifest.files)} articles, {len(desk.corpus.passages)} passages"
    if passages_missing(desk.library.store, manifest):
        yield Finding("vectors", False, "Some are missing. Run: dateline index")
    changed = len(plan.read) + len(plan.drop)
    if changed:
        yield Finding("index", False, f"{changed} files have changed. Run: dateline index")
    else:
        yield Finding("index", True, f"In line with {desk.settings.articles} ({counts}).")
    for bad in manifest.bad_files:
        yield Finding(bad.path, False, bad.reason)
