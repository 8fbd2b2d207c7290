"""`report.html`: one file that shows a whole run to somebody who doubts it.

It needs nothing from outside and no script, whose only work is to filter the questions.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from evals.report import numbers
from evals.report.plots import Plot, build_plots
from evals.report.questions import Chapter, build_chapters
from evals.report.tables import LAYER_TITLES, Table, build_tables, side_by_side
from evals.results import DATELINE, Run

HERE = Path(__file__).parent
HTML_NAME = "report.html"
LAYER_NOTES = {
    "answers": "The whole answer, as a reader sees it.",
    "extract": "The sentence that is shown at once, before the language model has read anything.",
    "retrieval": "The passages that are found, without a language model.",
    "judge": "A language model's verdict on the answers, and how far people agree with it.",
}


def write_html(run: Run, *, folder: Path, last: Run | None, baseline_note: str | None) -> Path:
    """Write `<folder>/<run>/report.html`, with each plot as a PNG beside it. Returns its path.

    Changes are told against `last`. `baseline_note` says how the run stands to the baseline.
    """
    place = folder / run.name
    place.mkdir(parents=True, exist_ok=True)
    plots = [
        (sections[0], build_plots(sections))
        for sections in side_by_side(run, "answers")
        if sections[0].system == DATELINE
    ]
    for old in place.glob("plot-*.png"):
        old.unlink()
    for plot in (plot for _, drawn in plots for plot in drawn):
        (place / f"plot-{plot.name}.png").write_bytes(plot.png)
    path = place / HTML_NAME
    content = render_html(
        run,
        last=last,
        baseline_note=baseline_note,
        plots=[(f"{first.gold}, {first.articles} articles", drawn) for first, drawn in plots],
    )
    path.write_text(content, encoding="utf-8")
    return path


def render_html(
    run: Run,
    *,
    last: Run | None,
    baseline_note: str | None,
    plots: Iterable[tuple[str, tuple[Plot, ...]]],
) -> str:
    """The page as text; `plots` are the drawings of each gold set, under its name."""
    tables = build_tables(run, last)
    chapters = build_chapters(run, last)
    return (
        _environment()
        .get_template("report.html.jinja")
        .render(
            run=run,
            last=last,
            baseline_note=baseline_note,
            head=describe_head(run, chapters),
            layers=_by_layer(tables),
            plots=tuple(plots),
            chapters=chapters,
            definitions=_definitions(tables),
            style=Markup((HERE / "style.css").read_text(encoding="utf-8")),
            script=Markup((HERE / "filter.js").read_text(encoding="utf-8")),
        )
    )


def describe_head(run: Run, chapters: Iterable[Chapter]) -> tuple[tuple[str, str], ...]:
    """What a reader must know before any number, as names and values."""
    asked = [
        f"{each.gold}: {len(each.questions)} over {each.articles} articles" for each in chapters
    ]
    return (
        ("Questions", "; ".join(asked) or numbers.NOT_APPLICABLE),
        ("Language model", f"{run.model}, {run.backend}, seed {run.seed}"),
        ("Index", _index(run.settings)),
        ("Machine", _machine(run.machine)),
        ("Begun", f"{run.started.astimezone(UTC):%d %B %Y, %H:%M} UTC"),
        ("Took", numbers.show_duration(run.seconds)),
    )


def _index(settings: Mapping[str, Any]) -> str:
    index = settings.get("index") or {}
    if not index:
        return "not recorded"
    words = index.get("passage_words", "?")
    return f"passages of at most {words} words, {index.get('embedding_model', '?')}"


def _machine(machine: Mapping[str, Any]) -> str:
    """As `evals.machine` describes it; what isn't known is left out."""
    patterns = {
        "processor": "{}",
        "cores": "{} cores",
        "memory_gib": "{} GiB of memory",
        "system": "{}",
        "python": "Python {}",
    }
    known = [
        pattern.format(machine[name]) for name, pattern in patterns.items() if machine.get(name)
    ]
    return ", ".join(known) or "not recorded"


def _by_layer(tables: Iterable[Table]) -> list[dict[str, Any]]:
    by_layer: dict[str, list[Table]] = {}
    for table in tables:
        by_layer.setdefault(table.layer, []).append(table)
    return [
        {
            "name": layer,
            "title": LAYER_TITLES[found[0].layer],
            "note": LAYER_NOTES[layer],
            "tables": found,
        }
        for layer, found in by_layer.items()
    ]


def _definitions(tables: Iterable[Table]) -> list[dict[str, Any]]:
    """Each measure that is shown, once, layer by layer."""
    found: dict[str, dict[str, Any]] = {}
    for table in tables:
        measures = found.setdefault(table.layer, {})
        measures.update({line.measure.name: line.measure for line in table.lines})
    return [
        {"name": layer, "title": title, "measures": list(found[layer].values())}
        for layer, title in LAYER_TITLES.items()
        if layer in found
    ]


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in (
        "show_value",
        "show_interval",
        "show_difference",
        "show_difference_interval",
        "show_p",
    ):
        environment.globals[name] = getattr(numbers, name)
    environment.filters["markup"] = Markup
    return environment
