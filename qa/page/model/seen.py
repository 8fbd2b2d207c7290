"""What the model panel shows: one look at the model that answers, and at the Ollama server."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from index.errors import MissingModelError
from index.settings import Settings
from qa.models.describe import Fact, model_facts
from qa.models.ollama_models import ServedEntry, list_served
from qa.models.ollama_server import OllamaServer, find_server
from qa.models.served import ServedModel
from qa.models.server_client import INSTEAD
from qa.page.serve.loader import Loading, explain

NO_ANSWERS = "No model answers yet."
NO_MODEL = "This server has no model that can answer. A good one to begin with is {name}."
NONE_TAKEN = (
    "Dateline takes none of this server's models by itself. Fetch {name}, or start Dateline with "
    "--model and one of the names below."
)
NOT_THERE = "The settings name {name}, which isn't on this server. Fetch it here."


@dataclass(frozen=True, slots=True)
class Offer:
    """A model to fetch, and why."""

    name: str
    sentence: str


@dataclass(frozen=True, slots=True)
class ModelSeen:
    """The model that answers; `problem` says what couldn't be seen of it, and why.

    `is_missing` where there is none because the server hasn't it.
    """

    model: ServedModel | None = None
    description: str = ""
    facts: tuple[Fact, ...] = ()
    problem: str = ""
    is_missing: bool = False


@dataclass(frozen=True, slots=True)
class ServerSeen:
    """The Ollama server and its models, or the `problem` that keeps them from being seen.

    Without `is_needed`, another model answers all the same.
    """

    server: OllamaServer | None = None
    entries: tuple[ServedEntry, ...] = ()
    offer: Offer | None = None
    problem: str = ""
    is_needed: bool = True


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look has found. Without a `served`, the settings don't ask for Ollama."""

    answers: ModelSeen
    served: ServerSeen | None = None


def look(loading: Loading, settings: Settings) -> Seen:
    """Look at model and server. Takes seconds where a server doesn't answer; raises nothing."""
    answers = look_at_model(loading, settings)
    if settings.backend not in {"auto", "ollama"}:
        return Seen(answers)
    served = look_at_server(answers.model, settings)
    if answers.model is not None and (served.problem or served.offer):
        # Why it isn't one of the server's is told with the server.
        answers = replace(answers, description=replace(answers.model, why="").description)
    elif answers.is_missing and served.offer:
        answers = replace(answers, description=NO_ANSWERS, problem="")
    elif answers.problem == served.problem:
        served = replace(served, problem="")
    return Seen(answers, served)


def look_at_model(loading: Loading, settings: Settings) -> ModelSeen:
    """What the model that answers tells of itself. Raises nothing."""
    if loading.desk is None:
        words = loading.words
        return ModelSeen(problem=words) if loading.error else ModelSeen(description=f"{words}.")
    seen = ModelSeen()
    try:
        model = loading.desk.model
        seen = ModelSeen(model, model.description)
        return replace(seen, facts=model_facts(model, model.status(), settings.evidence))
    except Exception as error:  # noqa: BLE001 - an edge: it is shown in the panel
        missing = isinstance(error, MissingModelError)
        return replace(seen, problem=explain(error), is_missing=missing)


def look_at_server(model: ServedModel | None, settings: Settings) -> ServerSeen:
    """What the Ollama server tells, `model` being the one that answers. Raises nothing."""
    try:
        server = find_server(settings.url, settings.ollama)
        entries = list_served(server, settings.ollama)
    except Exception as error:  # noqa: BLE001 - an edge: it is shown in the panel
        said = explain(error)
        if model is None:
            return ServerSeen(problem=said)
        # What answers already needn't be recommended.
        return ServerSeen(problem=said.removesuffix(f" {INSTEAD}"), is_needed=False)
    if model is not None and settings.model is not None:  # the one that was asked for
        return ServerSeen(server, entries)
    return ServerSeen(server, entries, find_offer(server, entries, settings))


def find_offer(
    server: OllamaServer, entries: Sequence[ServedEntry], settings: Settings
) -> Offer | None:
    """A model to fetch where the server has none that Dateline would take; else None."""
    if settings.model is not None:
        if server.find(settings.model) is not None:
            return None
        return Offer(settings.model, NOT_THERE.format(name=settings.model))
    able = {each.name for each in entries if each.can_chat and not each.has_bare_template}
    taken = server.choose(None, settings.ollama.preference)
    name = next(iter(settings.ollama.preference), "")
    if (taken is not None and taken.name in able) or not name:
        return None
    there = any(each.name in able and not each.remote_host for each in entries)
    return Offer(name, (NONE_TAKEN if there else NO_MODEL).format(name=name))
