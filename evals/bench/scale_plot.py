"""The plot of the scale bench: time and memory against the number of passages."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evals.report.plots import LINES, MARKS, PNG_DPI, STYLE, SYSTEM_COLOURS

Measured = Mapping[str, Mapping[str, Any]]
Read = Callable[[Mapping[str, Any]], float]
SIZE = (8.6, 3.9)  # inches
SEARCH: dict[str, Read] = {
    "search, 95th percentile": lambda each: float(each["milliseconds"]["search"]["p95"]),
    "search, median": lambda each: float(each["milliseconds"]["search"]["median"]),
    "in one outlet, 95th percentile": lambda each: float(
        each["milliseconds"]["search in one outlet"]["p95"]
    ),
    "opening (tenths of a second)": lambda each: (
        10.0 * (each["load_seconds"] + each["first_search_seconds"])
    ),
}
MEMORY: dict[str, Read] = {
    "after the questions": lambda each: float(each["resident_mb"]),
    "before the index is opened": lambda each: float(each["resident_before_mb"]),
}


def plot_scale(measured: Measured, folder: Path) -> tuple[Path, ...]:
    """Write `scale.svg` and `scale.png` and return their paths, if anything was measured."""
    if not measured:
        return ()
    with rc_context(STYLE):
        figure = Figure(figsize=SIZE, layout="constrained")
        times, memory = figure.subplots(1, 2)
        _draw(times, measured, SEARCH)
        times.set_yscale("log")
        times.set_ylabel("milliseconds")
        _draw(memory, measured, MEMORY)
        memory.set_ylim(bottom=0)
        memory.set_ylabel("resident memory, MB")
        paths = tuple(folder / f"scale.{suffix}" for suffix in ("svg", "png"))
        for path in paths:
            figure.savefig(
                path, dpi=PNG_DPI, metadata={"Date": None} if path.suffix == ".svg" else {}
            )
    return paths


def _draw(axes: Axes, measured: Measured, series: Mapping[str, Read]) -> None:
    sizes = [each["passages"] for each in measured.values()]
    for number, (label, read) in enumerate(series.items()):
        axes.plot(
            sizes,
            [read(each) for each in measured.values()],
            color=SYSTEM_COLOURS[number],
            linestyle=LINES[number],
            marker=MARKS[number],
            markersize=4,
            label=label,
        )
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.set_xlabel("passages, on a logarithmic scale")
    axes.grid()
    axes.legend(fontsize=8)
