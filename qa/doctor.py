"""Looks over folder, store and models, and says how to mend what is wrong. Changes nothing."""

import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace

from index.catalogue import DEFAULT_EMBEDDING_MODEL, DEFAULT_LANGUAGE_MODEL, check, locate
from index.errors import (
    DatelineError,
    MissingModelError,
    ModelError,
    ModelFileError,
    ModelUnreachableError,
)
from index.health import Finding, examine_index
from index.library import Library
from index.machine import examine_machine
from index.settings import Settings
from qa.models.describe import CHECK, context_words, model_facts, state_words
from qa.models.ollama import choose_context, open_ollama
from qa.models.ollama_models import ServedEntry, list_served
from qa.models.ollama_server import OllamaServer, ShownModel, find_server
from qa.models.served import ModelStatus, ServedModel, is_named, open_model

# A model that could be given whatever context is wanted.
WITHOUT_LIMIT = ShownModel(
    "", can_chat=True, remote_host=None, context_limit=sys.maxsize, cache_bytes_a_token=None
)


def examine(settings: Settings) -> list[Finding]:
    """Everything that can be told without changing anything."""
    library = Library(settings)
    checks: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("embedding model", lambda: _model_file(settings, settings.index.embedding_model)),
        ("language model", lambda: _language_model(settings)),
        ("index", lambda: examine_index(library)),
        ("machine", lambda: examine_machine(library)),
    ]
    found: list[Finding] = []
    for what, look in checks:
        try:
            for finding in look():
                found.append(finding)
        except DatelineError as error:
            found.append(Finding(what, False, str(error)))
    return found


def _model_file(settings: Settings, name: str) -> Iterator[Finding]:
    if name in (DEFAULT_EMBEDDING_MODEL, DEFAULT_LANGUAGE_MODEL):
        result = check(name, folder=settings.models_folder)
        yield Finding(name, result.status == "whole", result.message)


def _language_model(settings: Settings) -> Iterator[Finding]:
    server = None
    if settings.backend in {"auto", "ollama"}:
        server = yield from _ollama_server(settings)
        if server is None and settings.backend == "ollama":
            return
    entries = list_served(server, settings.ollama) if server is not None else ()
    if server is not None:
        yield _models_there(entries)
        if settings.backend == "auto":
            yield from _not_taken(settings)
    model = open_model(settings)
    yield Finding("language model", True, replace(model, why="").description)
    yield from _about(model, settings, entries)


def _ollama_server(settings: Settings) -> Generator[Finding, None, OllamaServer | None]:
    try:
        server = find_server(settings.url, settings.ollama)
    except ModelError as error:
        # Who lets Dateline choose, and has named no server, needs none.
        needed = settings.backend == "ollama" or is_named(settings)
        is_well = isinstance(error, ModelUnreachableError) and not needed
        yield Finding("model server", is_well, str(error))
        return None
    yield Finding("model server", True, f"Ollama {server.version} answers at {server.url}.")
    return server


def _models_there(entries: Sequence[ServedEntry]) -> Finding:
    counted = "1 model." if len(entries) == 1 else f"{len(entries)} models."
    unfit = [
        f"{each.name}: {state_words(each)}."
        for each in entries
        if each.remote_host or not each.can_chat or each.has_bare_template
    ]
    return Finding("models there", True, " ".join([counted, *unfit]))


def _not_taken(settings: Settings) -> Iterator[Finding]:
    """Why `auto` takes none of the server's models, where it takes none."""
    try:
        open_ollama(settings)
    except MissingModelError as error:
        if settings.model is None:
            yield Finding("not taken", True, str(error))
        elif not _is_file(settings.model, settings):
            yield Finding("not taken", False, str(error))
    except ModelError as error:
        yield Finding("not taken", False, str(error))


def _is_file(name: str, settings: Settings) -> bool:
    try:
        locate(name, folder=settings.models_folder)
    except ModelFileError:
        return False
    return True


def _about(
    model: ServedModel, settings: Settings, entries: Sequence[ServedEntry]
) -> Iterator[Finding]:
    if model.backend == "embedded":
        yield from _model_file(settings, model.name)
    status = model.status()
    for fact in model_facts(model, status, settings.evidence):
        if fact.what == "Context" and model.backend == "ollama":
            now = next((each for each in entries if each.name == model.name), None)
            yield _context(model, status, settings, loaded=now.context_tokens if now else None)
        elif fact.what not in {"Model", "Server"}:  # both are in the description
            yield Finding(fact.what.lower(), True, fact.words)


def _context(
    model: ServedModel, status: ModelStatus, settings: Settings, *, loaded: int | None
) -> Finding:
    """Whether the model is given, and has, the context that the longest prompt needs."""
    given, words = model.context_tokens, context_words(model.context_tokens, status.context_limit)
    wanted = choose_context(settings, WITHOUT_LIMIT, memory=None)
    if given < wanted:
        mend = _mend_context(settings, wanted, is_the_limit=given == status.context_limit)
        return Finding("context", False, f"{words}. {mend}")
    if loaded is not None and loaded < given:
        return Finding(
            "context",
            False,
            f"{words}, but it is loaded with {loaded:,}. Another program may have loaded it so. "
            f"Run: {CHECK}. If that changes nothing, set ollama.context_tokens to {loaded}",
        )
    return Finding("context", True, words)


def _mend_context(settings: Settings, wanted: int, *, is_the_limit: bool) -> str:
    if settings.ollama.context_tokens is not None:
        return (
            f"ollama.context_tokens asks for {wanted:,}, which this model can't take. Lower it, "
            "or name another model with --model"
        )
    evidence = (
        "evidence.budget_tokens" if settings.evidence.budget_tokens else "evidence.most_tokens"
    )
    longest = f"The longest prompt would need {wanted:,}"
    if is_the_limit:
        return f"{longest}. Name a model that can take more with --model, or lower {evidence}"
    return (
        f"{longest}, for which this machine has too little memory. Lower {evidence}, or set "
        f"ollama.context_tokens to {wanted} all the same"
    )
