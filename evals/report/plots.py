"""The plots of a report, each as an SVG that takes its colours from the page, and as a PNG.

They are drawn in the colours of a light page. In the SVG these become the page's variables, so that
one drawing is legible in light, in dark and on paper.
"""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evals.gold import KINDS
from evals.layer_measures import CALIBRATION, RISK_COVERAGE
from evals.measures import columns_of
from evals.metrics import percentile, reliability, risk_coverage, wilson_interval
from evals.report.tables import is_right
from evals.results import DATELINE, Row, Section

PAPER, INK, MUTED, RULE = "#fffdf9", "#1d1b18", "#5f594f", "#ddd6c8"
# Dateline first. Every system has a mark of its own too, for those who can't tell the colours.
SYSTEM_COLOURS = ("#8a2a1c", "#2f5d7c", "#5d6b1e", "#7a4b8a", "#8a6414", "#2c6e63")
MARKS = ("o", "s", "D", "^", "v", "P")
LINES = ("-", "--", "-.", ":")
VARIABLES = {
    PAPER: "--raised",
    INK: "--ink",
    MUTED: "--muted",
    RULE: "--rule",
    **{colour: f"--system-{number}" for number, colour in enumerate(SYSTEM_COLOURS)},
}
STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["Helvetica Neue", "Liberation Sans", "Arial", "DejaVu Sans"],
    "font.size": 9.5,
    "svg.fonttype": "none",
    "svg.hashsalt": "dateline",
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.facecolor": PAPER,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": PAPER,
    "text.color": INK,
    "xtick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
    "grid.color": RULE,
    "legend.frameon": False,
}
WIDTH, HEIGHT = 5.2, 3.7  # inches, 72 units each: legible from 320 to 600 pixels across
PNG_DPI = 160
STAGES = {
    "extract_seconds": "extract shown",
    "first_token_seconds": "first words of the answer",
    "total_seconds": "whole answer",
}
FEWEST_CASES = 2  # a curve through one case says nothing


@dataclass(frozen=True, slots=True)
class Plot:
    """A drawing with its words. `name` is fit for a file and an id."""

    name: str
    title: str
    caption: str
    svg: str
    png: bytes


def build_plots(sections: Sequence[Section]) -> tuple[Plot, ...]:
    """The plots of an answers layer, Dateline's section first; those that have cases enough."""
    drawn = [plot_kinds(sections), plot_risk_coverage(sections)]
    own = sections[0]
    if own.system == DATELINE:
        drawn += [plot_reliability(own), plot_latency(own)]
    return tuple(plot for plot in drawn if plot is not None)


def plot_kinds(sections: Sequence[Section]) -> Plot:
    """The share of right answers, kind by kind."""
    kinds = [kind for kind in KINDS if any(row.kind == kind for row in sections[0].rows)]
    labels = {kind: sum(row.kind == kind for row in sections[0].rows) for kind in kinds}
    with rc_context(STYLE):
        figure, axes = _figure(height=1.3 + len(kinds) * (0.22 + 0.13 * len(sections)))
        step = 0.7 / len(sections)
        for number, section in enumerate(sections):
            for place, kind in enumerate(kinds):
                right = [is_right(row) for row in section.rows if row.kind == kind]
                _whisker(axes, right, place + (number - (len(sections) - 1) / 2) * step, number)
        axes.set_yticks(range(len(kinds)), [f"{kind} ({n})" for kind, n in labels.items()])
        axes.set_ylim(len(kinds) - 0.4, -0.6)
        axes.set_xlim(-2, 102)
        axes.set_xlabel("right, per cent")
        axes.grid(axis="x")
        _name_systems(figure, axes, [each.system for each in sections])
    return _plot(
        figure,
        sections[0],
        "right-by-kind",
        "Right answers by kind of question",
        "The bars are Wilson intervals, 95 %. In brackets, how many questions there are of a kind.",
    )


def plot_risk_coverage(sections: Sequence[Section]) -> Plot | None:
    """How often the most supported answers are wrong, from the surest few to all."""
    curves = {
        number: risk_coverage(*(column.tolist() for column in columns))
        for number, section in enumerate(sections)
        if (columns := columns_of(RISK_COVERAGE, section.rows))[0].size >= FEWEST_CASES
    }
    if not curves:
        return None
    with rc_context(STYLE):
        figure, axes = _figure()
        for number, points in curves.items():
            axes.plot(
                [0, *(100 * point.coverage for point in points)],
                [100 * point.risk for point in (points[0], *points)],
                color=SYSTEM_COLOURS[number % len(SYSTEM_COLOURS)],
                drawstyle="steps-pre",
                linestyle=LINES[number % len(LINES)],
                linewidth=1.8,
                label=sections[number].system,
            )
        axes.set_xlim(0, 102)
        axes.set_ylim(bottom=-2)
        axes.set_xlabel("answers kept, the best supported first, per cent")
        axes.set_ylabel("wrong among them, per cent")
        axes.grid()
        _legend(figure, axes)
    return _plot(
        figure,
        sections[0],
        "risk-coverage",
        "Risk and coverage",
        "If only the answers with the most support were given, how many of them would be wrong? "
        "A line that stays low on the left means that support tells right from wrong.",
    )


def plot_reliability(section: Section) -> Plot | None:
    """The support shown against how often such answers are right."""
    columns = columns_of(CALIBRATION, section.rows)
    if columns[0].size < FEWEST_CASES:
        return None
    bins = reliability(*(column.tolist() for column in columns))
    with rc_context(STYLE):
        figure, axes = _figure()
        axes.plot([0, 100], [0, 100], color=MUTED, linewidth=1, linestyle="--")
        for each in bins:
            hits = round(each.correct * each.n)
            _whisker_up(axes, 100 * each.support, (hits, each.n))
        axes.set_xlim(-3, 103)
        axes.set_ylim(-9, 103)
        axes.set_xlabel("mean support shown, per cent")
        axes.set_ylabel("right, per cent")
        axes.grid()
    return _plot(
        figure,
        section,
        "reliability",
        "Support shown, and how often it is right",
        "On the dashed line, support of 80 % would mean that four answers of five are right. The "
        "numbers are answers; the bars are Wilson intervals, 95 %.",
    )


def plot_latency(section: Section) -> Plot | None:
    """The share of questions that have come so far, second by second."""
    known = {name: _seconds(section.rows, name) for name in STAGES}
    stages = {name: times for name, times in known.items() if len(times) >= FEWEST_CASES}
    if not stages:
        return None
    with rc_context(STYLE):
        figure, axes = _figure()
        for number, (name, times) in enumerate(stages.items()):
            median, p95 = percentile(times, 0.5), percentile(times, 0.95)
            axes.step(
                times,
                100 * np.arange(1, len(times) + 1) / len(times),
                where="post",
                color=SYSTEM_COLOURS[number],
                linestyle=LINES[number],
                linewidth=1.8,
                label=f"{STAGES[name]}: median {median:.2f} s, 95th percentile {p95:.2f} s",
            )
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.xaxis.set_minor_formatter(lambda value, _: "")
        axes.set_ylim(0, 102)
        axes.set_xlabel("seconds from the question, on a logarithmic scale")
        axes.set_ylabel("questions, per cent")
        axes.grid()
        _legend(figure, axes, columns=1)
    return _plot(
        figure,
        section,
        "latency",
        "How long it takes",
        "For each moment, the share of questions that have come so far.",
    )


def _seconds(rows: Sequence[Row], name: str) -> list[float]:
    return sorted(value for row in rows if (value := row.values.get(name)) is not None)


def _figure(height: float = HEIGHT) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    axes = figure.add_subplot()
    axes.set_axisbelow(True)
    axes.tick_params(length=0)
    return figure, axes


def _whisker(axes: Axes, right: Sequence[bool], place: float, number: int) -> None:
    interval = wilson_interval(sum(right), len(right))
    if interval is None:
        return
    colour = SYSTEM_COLOURS[number % len(SYSTEM_COLOURS)]
    axes.plot([100 * each for each in interval], [place, place], color=colour, linewidth=1.6)
    share = 100 * sum(right) / len(right)
    mark = MARKS[number % len(MARKS)]
    axes.plot([share], [place], color=colour, marker=mark, markersize=6, clip_on=False)


def _whisker_up(axes: Axes, place: float, hits_of: tuple[int, int]) -> None:
    hits, n = hits_of
    interval = wilson_interval(hits, n)
    if interval is None:
        return
    low, high = (100 * each for each in interval)
    axes.plot([place, place], [low, high], color=SYSTEM_COLOURS[0], linewidth=1.6)
    axes.plot([place], [100 * hits / n], color=SYSTEM_COLOURS[0], marker="o", markersize=6)
    axes.annotate(str(n), (place, low), (0, -3), textcoords="offset points", ha="center", va="top")


def _name_systems(figure: Figure, axes: Axes, systems: Sequence[str]) -> None:
    """Legend entries without the whiskers, which have no one line a system."""
    for number, system in enumerate(systems):
        axes.plot(
            [],
            [],
            color=SYSTEM_COLOURS[number % len(SYSTEM_COLOURS)],
            marker=MARKS[number % len(MARKS)],
            linewidth=1.6,
            label=system,
        )
    _legend(figure, axes)


def _legend(figure: Figure, axes: Axes, columns: int = 2) -> None:
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=columns)


def _plot(figure: Figure, section: Section, name: str, title: str, caption: str) -> Plot:
    name = f"{name}-{section.gold}-{section.articles}"
    svg, png = io.StringIO(), io.BytesIO()
    with rc_context(STYLE):
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
        figure.savefig(png, format="png", dpi=PNG_DPI, metadata={"Software": None})
    return Plot(name, title, caption, embeddable(svg.getvalue(), name, title), png.getvalue())


def embeddable(svg: str, name: str, title: str) -> str:
    """An SVG to stand within a page: its colours the page's, its ids no other drawing's."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\b(id="|url\(#|href="#)', rf"\1{name}-", svg)
    for colour, variable in VARIABLES.items():
        svg = svg.replace(colour, f"var({variable})")
    svg = re.sub(r' (width|height)="[\d.]+pt"', "", svg, count=2)
    return svg.replace("<svg", f'<svg role="img" aria-label="{title}"', 1)
