"""What stands below an answer: the reader's verdict, copying, and what the answer took.

Nothing here is live: a screen reader would read it all out after each answer.
"""

from collections.abc import Iterator

from qa.answer import Answer
from qa.asked import REMARK_CHARACTERS, Judgement
from qa.page.ask.marks import escape
from qa.page.ask.steering import show
from qa.page.ask.turn import Turn

JUDGEMENT_NAMES: dict[Judgement, str] = {"good": "Good answer", "wrong": "Wrong answer"}
COPY = "Copy with sources"
AGAIN = "Ask again"
EDIT = "Edit question"
WHAT_WAS_WRONG = "What was wrong?"
KEEP = "Keep"
KEPT = "Kept on this machine."
COST = "Time and tokens"


def footer_html(turn: Turn, *, last: bool = False, editing: bool = False) -> str:
    """Nodes that are there from the beginning, and filled when the answer has ended."""
    over = turn.step is None
    asking = _asking_again(editing=editing) if last else ""
    actions = f"{_judgement(turn)}{_copying(turn)}{asking}" if over else ""
    return (
        f'<div class="dl-slot dl-actions">{actions}</div>'
        f'<div class="dl-slot" aria-live="off">{_remark(turn) if over else ""}</div>'
        f'<div class="dl-slot" aria-live="off">{_cost(turn.answer) if over else ""}</div>'
    )


def cost_words(answer: Answer) -> tuple[str, ...]:
    """Who answered and what it took, a sentence each; what isn't known isn't said."""
    return tuple(_cost_words(answer))


def _judgement(turn: Turn) -> str:
    if turn.asked is None:
        return ""
    buttons = "".join(
        f'<button type="button" class="dl-judge" data-verdict="{verdict}"'
        f' aria-pressed="{str(turn.asked.verdict == verdict).lower()}">{name}</button>'
        for verdict, name in JUDGEMENT_NAMES.items()
    )
    return (
        '<div class="dl-judgement" role="group" aria-label="Your verdict on this answer"'
        f' aria-live="off">{buttons}</div>'
    )


def _copying(turn: Turn) -> str:
    if turn.answer is None:
        return ""
    return f'<button type="button" class="dl-copy" aria-live="off">{COPY}</button>'


def _asking_again(*, editing: bool) -> str:
    return (
        f'<button type="button" class="dl-again" aria-live="off">{AGAIN}</button>'
        f'<button type="button" class="dl-edit" aria-live="off"'
        f' aria-pressed="{str(editing).lower()}">{EDIT}</button>'
    )


def _remark(turn: Turn) -> str:
    if turn.asked is None or turn.asked.verdict != "wrong":
        return ""
    name = f"remark-{turn.number}"
    kept = KEPT if turn.asked.remark else ""
    # The first line break of a textarea is not part of its text.
    return (
        f'<div class="dl-remark"><label for="{name}">{WHAT_WAS_WRONG}</label>'
        f'<textarea id="{name}" rows="2" maxlength="{REMARK_CHARACTERS}" dir="auto">\n'
        f"{escape(turn.asked.remark)}</textarea>"
        f'<button type="button" class="dl-keep">{KEEP}</button>'
        f'<span class="dl-kept" role="status">{kept}</span></div>'
    )


def _cost(answer: Answer | None) -> str:
    if answer is None:
        return ""
    lines = "".join(f'<li dir="auto">{show(words)}</li>' for words in cost_words(answer))
    return f'<details class="dl-cost"><summary>{COST}</summary><ul>{lines}</ul></details>'


def _cost_words(answer: Answer) -> Iterator[str]:
    took, used = answer.timings, answer.usage
    moments = (
        (took.extract_seconds, "The extract after {}"),
        (took.first_token_seconds, "the model's first word after {}"),
        (took.total_seconds, "everything after {}"),
    )
    said = [words.format(f"{seconds:.1f} s") for seconds, words in moments if seconds is not None]
    if said:
        line = ", ".join(said)
        yield f"{line[0].upper()}{line[1:]}."
    if used.llm_calls:
        calls = "1 reply" if used.llm_calls == 1 else f"{used.llm_calls:,} replies"
        yield (
            f"{used.prompt_tokens:,} tokens read and {used.completion_tokens:,} written "
            f"in {calls} of {answer.model} ({answer.backend})."
        )
    else:
        yield "No language model was asked."
    speeds = (
        (took.read_tokens_per_second, "reading {} tokens a second"),
        (took.written_tokens_per_second, "writing {}"),
    )
    if fast := [words.format(f"{speed:,.0f}") for speed, words in speeds if speed is not None]:
        line = ", ".join(fast)
        yield f"{line[0].upper()}{line[1:]}."
