"""The report in a terminal: a table for each layer, then every wrong question with its why."""

from collections.abc import Sequence

from evals.measures import Estimate, Measure
from evals.report.numbers import (
    NOT_APPLICABLE,
    show_difference,
    show_difference_interval,
    show_duration,
    show_interval,
    show_value,
)
from evals.report.questions import details_of, outcome_of
from evals.report.tables import LAYER_TITLES, Change, Line, Table, build_tables, is_right
from evals.results import DATELINE, Row, Run


def render_run(run: Run, last: Run | None = None, baseline_note: str | None = None) -> str:
    """The whole report as text."""
    head = f"{run.name}: {run.model} ({run.backend}), {show_duration(run.seconds)}"
    blocks = [head]
    if last is not None:
        blocks.append(f"Compared with {last.name}: {last.model}, {len(last.sections)} sections")
    blocks += [render_table(table) for table in build_tables(run, last)]
    blocks += [
        render_wrong(section.rows)
        for section in run.sections
        if section.system == DATELINE and section.layer == "answers"
    ]
    return "\n\n".join(block for block in [*blocks, baseline_note or ""] if block)


def render_table(table: Table) -> str:
    """A line a measure; for each system its value, its interval and how many cases it rests on."""
    failed = f", {table.failed} failed" if table.failed else ""
    title = (
        f"{LAYER_TITLES[table.layer]}: {table.gold}, {table.questions} questions over "
        f"{table.articles} articles{failed}"
    )
    change = ("since the last run",) if table.has_changes else ()
    rows = [("", *table.systems, *change)]
    rows += [_cells(line, with_change=table.has_changes) for line in table.lines]
    return f"{title}\n{aligned(rows)}"


def render_wrong(rows: Sequence[Row]) -> str:
    """Every question that is not right; empty where there is none."""
    return "\n\n".join(render_question(row) for row in rows if not is_right(row))


def render_question(row: Row) -> str:
    """One question with its answer, what is wrong with it, and the quotes."""
    details = details_of(row)
    asked = " / ".join((*details["history"], details["question"]))
    lines = [f"{row.id}: {asked}".rstrip(": ")]
    why = [row.failure] if row.failure is not None else details["wrong_because"]
    if why:
        lines.append(f"  {outcome_of(row):<10}{'; '.join(why)}")
    if details["history"] and details["standalone_question"]:
        lines.append(f"  asked as  {details['standalone_question']}")
    if details["status"] or details["text"]:
        lines.append(f"  {details['status'] or 'answered':<10}{_one_line(details['text'])}")
    for name in ("model_text", "reason", "extract"):
        if details[name]:
            lines.append(f"  {name.removesuffix('_text'):<10}{_one_line(details[name])}")
    lines += [f"  cited     “{_one_line(each['quote'])}”" for each in details["citations"]]
    lines += [
        f"  gold      “{_one_line(each['quote'])}” ({each['article']})"
        for each in details["gold_evidence"]
    ]
    return "\n".join(lines)


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells as text: the first column to the left, the others to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def _cells(line: Line, *, with_change: bool) -> tuple[str, ...]:
    cells = [line.measure.title, *(_cell(line.measure, each) for each in line.estimates)]
    if with_change:
        cells.append(_change(line.measure, line.change))
    return tuple(cells)


def _cell(measure: Measure, measured: Estimate | None) -> str:
    if measured is None:
        return NOT_APPLICABLE
    value, interval = show_value(measure, measured.value), show_interval(measure, measured)
    return f"{value} ({interval}) n {measured.n}"


def _change(measure: Measure, change: Change | None) -> str:
    if change is None:
        return NOT_APPLICABLE
    difference = change.difference
    interval = show_difference_interval(measure, difference.low, difference.high)
    return f"{show_difference(measure, difference.value)} ({interval})"


def _one_line(text: str) -> str:
    return " ".join(text.split())
