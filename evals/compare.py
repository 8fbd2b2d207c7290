"""Two runs side by side: what changed, by how much, and whether chance alone would do it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from evals.estimates import difference_of, estimate_of
from evals.layer_measures import MEASURES
from evals.report.console import aligned
from evals.report.numbers import (
    is_better,
    show_difference,
    show_difference_interval,
    show_p,
    show_value,
)
from evals.report.questions import details_of
from evals.report.tables import flips, is_right, shared
from evals.results import Row, Run, Section
from evals.significance import mcnemar

HEAD = ("", "A", "B", "B − A", "95 %", "p", "n", "")
METHOD = (
    "Intervals are bootstraps over the questions that both runs asked, p is two-sided; with many "
    "measures, one in twenty is below 0.05 by chance. Differences of shares are in percentage "
    "points."
)


def compare(a: Run, b: Run) -> str:
    """What changed from `a` to `b`, as text; sections that only one of them has are named."""
    sections = [(a.section(each.name), each) for each in b.sections]
    both = [(before, now) for before, now in sections if before is not None]
    blocks = [_render_head(a, b)]
    blocks += [_render_section(before, now) for before, now in both]
    blocks.append(METHOD if both else "The runs have no section in common: nothing to compare.")
    only = [*_only("A", a, b), *_only("B", b, a)]
    return "\n\n".join([*blocks, "\n".join(only)] if only else blocks)


def settings_differences(
    a: Mapping[str, Any], b: Mapping[str, Any]
) -> list[tuple[str, object, object]]:
    """The settings by dotted name that two runs don't share, with both values."""
    flat_a, flat_b = dict(_flat(a)), dict(_flat(b))
    return [
        (name, flat_a.get(name), flat_b.get(name))
        for name in sorted({*flat_a, *flat_b})
        if flat_a.get(name) != flat_b.get(name)
    ]


def _render_head(a: Run, b: Run) -> str:
    lines = [
        f"{label}  {each.name}: {each.model} ({each.backend}), seed {each.seed}, "
        f"{each.started:%Y-%m-%d %H:%M}"
        for label, each in (("A", a), ("B", b))
    ]
    if (a.backend, a.model) != (b.backend, b.model):
        lines.append("The models differ.")
    if a.seed != b.seed:
        lines.append("The seeds differ.")
    lines += [
        f"The setting {name} differs: {before} in A, {now} in B."
        for name, before, now in settings_differences(a.settings, b.settings)
    ]
    if a.machine != b.machine:
        lines.append("The machines differ: times can't be compared.")
    return "\n".join(lines)


def _render_section(before: Section, now: Section) -> str:
    rows_a, rows_b = shared(before.rows, now.rows)
    title = f"{now.layer}: {now.gold}, {now.system}, {now.articles} articles"
    asked = f"{len(rows_b)} questions in both"
    lines = [f"{title}, {asked}{_left_out(before, now, len(rows_b))}"]
    if not rows_b:
        return f"{lines[0]}. Nothing to compare."
    lines.append(aligned([HEAD, *_measures(now, rows_a, rows_b)]))
    if any("right" in row.values for row in rows_b):
        lines += _flips(rows_a, rows_b)
    return "\n".join(lines)


def _left_out(before: Section, now: Section, both: int) -> str:
    only = {"A": len(before.rows) - both, "B": len(now.rows) - both}
    said = [f"{count} only in {label}" for label, count in only.items() if count]
    return f"; left out, since the runs' questions differ: {', '.join(said)}" if said else ""


def _measures(
    section: Section, rows_a: Sequence[Row], rows_b: Sequence[Row]
) -> Iterator[tuple[str, ...]]:
    for measure in MEASURES[section.layer]:
        sides = [estimate_of(measure, rows).value for rows in (rows_a, rows_b)]
        if sides == [None, None]:
            continue
        found = difference_of(measure, rows_a, rows_b)
        clear = found.low is not None and found.high is not None and found.low * found.high > 0
        better = found.value is not None and is_better(measure, found.value)
        yield (
            measure.title,
            *(show_value(measure, side) for side in sides),
            show_difference(measure, found.value),
            show_difference_interval(measure, found.low, found.high),
            show_p(found.p),
            str(found.n),
            ("better" if better else "worse") if clear else "",
        )


def _flips(rows_a: Sequence[Row], rows_b: Sequence[Row]) -> Iterator[str]:
    """How many questions went from wrong to right and back, and which."""
    test = mcnemar([is_right(row) for row in rows_a], [is_right(row) for row in rows_b])
    yield f"Right: {test.gained} gained, {test.lost} lost, p {show_p(test.p)} (McNemar, exact)"
    for label, ids in zip(("gained", "lost"), flips(rows_a, rows_b), strict=True):
        for row in rows_b:
            if row.id in ids:
                details = details_of(row)
                yield f"  {label:<7} {row.id}: {details['question']}"
                why = [row.failure] if row.failure else details["wrong_because"]
                yield from ([f"          {'; '.join(why)}"] if why and label == "lost" else [])


def _only(label: str, run: Run, other: Run) -> Iterator[str]:
    for section in run.sections:
        if other.section(section.name) is None:
            yield f"Only in {label}: {section.name}, {len(section.rows)} questions"


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
