"""What a run found, as plain values: a row for each case, a section for each layer and system.

Everything later - measures, intervals, reports, comparisons - is computed from these, so that a
run that was read back from its `report.json` is worth as much as one that was just made.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Layer = Literal["retrieval", "extract", "answers", "judge"]
DATELINE = "dateline"  # the system under test; others are named by evals/references/

Values = Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Row:
    """One case as one system met it.

    `values` are the metrics of this case by column name, yes and no as 1 and 0; None, or no entry,
    where a metric doesn't apply. `details` is plain data for the reader: what was asked, answered,
    found. `failure` says why there is nothing: such a row counts as not right and nowhere else.
    """

    id: str
    kind: str
    values: Values
    details: Mapping[str, Any]
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """What one system did in one layer with one gold set, among so many articles."""

    layer: Layer
    gold: str
    system: str
    articles: int
    rows: tuple[Row, ...]

    @property
    def name(self) -> str:
        """Tells sections of a run apart, and finds the same one in another run."""
        return f"{self.layer}/{self.gold}/{self.system}/{self.articles}"


@dataclass(frozen=True, slots=True)
class Run:
    """A whole run. `seconds` is wall-clock, of which `cached` rows took none."""

    name: str
    started: datetime
    seconds: float
    backend: str
    model: str
    seed: int
    settings: Mapping[str, Any]
    machine: Mapping[str, Any]
    sections: tuple[Section, ...]

    def section(self, name: str) -> Section | None:
        """The section of this name; None where the run has none."""
        return next((each for each in self.sections if each.name == name), None)
