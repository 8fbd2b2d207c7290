"""Questions from a JSON Lines file: one object a line in, one a line out, in the same order."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import DatelineError, InputError
from qa.options import filters_of_line, read_day

if TYPE_CHECKING:
    from qa.desk import AskOptions, Desk

Line = dict[str, Any]


def work_through(path: Path, work: Callable[[Line], Line]) -> Iterator[Line]:
    """What `work` makes of each line, with its id, as soon as it is there.

    A line that fails becomes `{"id", "status": "failed", "reason"}` and spoils no other. Raises
    InputError where the file can't be read.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} can't be read: {error}. --batch takes a JSON Lines file."
        ) from error
    yield from (_worked(raw, work) for raw in lines if raw.strip())


def answer_line(desk: "Desk", line: Line, options: "AskOptions") -> Line:
    """The answer to a line, whose earlier questions are asked first, in the same conversation."""
    question, history = str(line["question"]), line.get("history") or []
    own: AskOptions = {
        **options,
        "as_of": read_day(line.get("as_of")) or options.get("as_of"),
        "filters": filters_of_line(line, options.get("filters")),
    }
    talk = desk.conversation()
    for earlier in history:
        talk.ask(str(earlier), **own)
    return talk.ask(question, **own).to_dict()


def query_of(line: Line) -> str:
    """What a line searches for."""
    return str(line["query"] if "query" in line else line["question"])


def _worked(raw: str, work: Callable[[Line], Line]) -> Line:
    name: Any = None
    try:
        line = json.loads(raw)
        name = line.get("id")
        return {"id": name, **work(line)}
    except KeyError as error:
        reason = f"The line has no {error}."
    except (ValueError, AttributeError, TypeError) as error:
        reason = f"The line is not a JSON object of a question: {error}."
    except DatelineError as error:
        reason = str(error)
    return {"id": name, "status": "failed", "reason": reason}
