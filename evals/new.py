"""`dateline eval new`: a question that was asked in the page becomes a gold case to complete.

What a right answer says is for a person to fill in. The case is written as a draft beside the
gold set, `<name>.draft.jsonl`, which no run reads.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from evals.gold import Kind
from index.errors import InputError
from index.settings import Settings
from qa.asked import Asked, AskedLog, asked_file, json_line

DONE = 0
QUESTION_CHARACTERS = 100


def list_asked(settings: Settings, *, wrong: bool) -> int:
    """Print the questions that are kept, newest first; with `wrong`, only those marked wrong.

    Raises InputError where none is kept.
    """
    kept = _load_kept(settings)
    chosen = [each for each in reversed(kept) if each.verdict == "wrong" or not wrong]
    if not chosen:
        sys.stdout.write(f"Of {len(kept)} questions kept, none is marked wrong.\n")
        return DONE
    sys.stdout.write(_row("id", "when (UTC)", "verdict", "question"))
    for asked in chosen:
        when = asked.time[:16].replace("T", " ")
        sys.stdout.write(_row(asked.id, when, asked.verdict or "-", _one_line(asked.question)))
    return DONE


def draft_case(settings: Settings, asked_id: str | None, *, gold: Path) -> int:
    """Append a case to complete to the drafts of the gold file; without an id, the last question.

    Raises InputError where no such question is kept, it was drafted before, or the drafts can't
    be written.
    """
    asked = _find(_load_kept(settings), asked_id)
    drafts = gold.with_name(f"{gold.stem}.draft.jsonl")
    case = _case(asked)
    for path in (gold, drafts):
        for number, known in _ids(path):
            if known == case["id"]:
                raise InputError(
                    f"The question {asked.id} is a case already: {path}, line {number}. Edit it "
                    "there, or remove that line and try again."
                )
    number = _append(drafts, json_line(case))
    sys.stdout.write(_what_to_do(case, f"{drafts}, line {number}", gold))
    return DONE


def _load_kept(settings: Settings) -> tuple[Asked, ...]:
    path = asked_file(settings)
    kept = AskedLog(path).load()
    if not kept and not settings.page.keep_questions:
        raise InputError(
            "No question is kept, since page.keep_questions is False. Set it to true in "
            "dateline.toml, ask in the page, and try again."
        )
    if not kept:
        raise InputError(
            f"No question is kept yet in {path}. Ask one in the page (dateline serve), with the "
            "same articles and store as here."
        )
    return kept


def _find(kept: tuple[Asked, ...], asked_id: str | None) -> Asked:
    if asked_id is None:
        return kept[-1]
    found = next((each for each in kept if each.id == asked_id), None)
    if found is None:
        raise InputError(
            f"No question with the id {asked_id} is kept. `dateline eval new` lists those that are."
        )
    return found


def _case(asked: Asked) -> dict[str, Any]:
    """A line of a gold set, but for its answers and with a note that has to go."""
    evidence = list(dict.fromkeys(asked.citations))
    return {
        "id": f"asked-{asked.id}",
        "kind": _guess_kind(asked),
        "question": asked.question,
        "history": list(asked.history),
        "answers": [],
        "must_not_say": [],
        "evidence": [asdict(each) for each in evidence],
        "note": _note(asked),
    }


def _guess_kind(asked: Asked) -> Kind:
    if asked.history:
        return "follow-up"
    # To say of a refusal that it is wrong is to say that there is an answer.
    if asked.status == "abstained" and asked.verdict != "wrong":
        return "unanswerable"
    return "fact"


def _note(asked: Asked) -> str:
    judged = f", marked {asked.verdict}" if asked.verdict else ""
    who = f"{asked.backend} {asked.model}, {asked.time}"
    narrowed = f"{asked.narrowed}. " if asked.narrowed else ""
    said = f" What was wrong, says the reader: {asked.remark}" if _is_wrong(asked) else ""
    return f"{asked.status.capitalize()}{judged} ({who}): {narrowed}{asked.text}{said}"


def _is_wrong(asked: Asked) -> bool:
    """Whether the reader said what was wrong, and still holds that it was."""
    return asked.verdict == "wrong" and bool(asked.remark)


def _ids(path: Path) -> Iterator[tuple[int, object]]:
    """The ids of a file with their lines. A line that isn't a case is not looked at here."""
    for number, line in enumerate(_read(path).split("\n"), start=1):
        try:
            case = json.loads(line)
        except ValueError:
            continue
        if isinstance(case, dict):
            yield number, case.get("id")


def _append(path: Path, line: str) -> int:
    """Add a line at the end of a file; returns its number."""
    known = _read(path)
    before = "\n" if known and not known.endswith("\n") else ""
    try:
        with path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(f"{before}{line}\n")
    except OSError as error:
        raise InputError(
            f"{path} can't be written: {error.strerror or error}. Name another gold file "
            "with --gold."
        ) from error
    return (known + before).count("\n") + 1


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} can't be read: {error}. Mend it, or name another gold file with --gold."
        ) from error


def _what_to_do(case: dict[str, Any], where: str, gold: Path) -> str:
    answers = (
        "leave `answers` empty if the articles don't say, or else correct `kind` and fill them in"
        if case["kind"] == "unanswerable"
        else "fill in `answers` with every fact that a right answer states"
    )
    return (
        f"Wrote {case['id']} to {where}. To complete it, {answers}; check `kind`, `history` and "
        f"`must_not_say`; keep in `evidence` only quotes that state the answer, word for word; "
        f"then remove `note` and move the line to {gold}.\n"
    )


def _row(asked_id: str, when: str, verdict: str, question: str) -> str:
    return f"{asked_id:<8}  {when:<16}  {verdict:<7}  {question}\n"


def _one_line(question: str) -> str:
    """A question as it fits in a list: what steers a terminal is left out."""
    printable = "".join(each if each.isprintable() else " " for each in question)
    words = " ".join(printable.split())
    if len(words) <= QUESTION_CHARACTERS:
        return words
    return f"{words[:QUESTION_CHARACTERS].rstrip()} …"
