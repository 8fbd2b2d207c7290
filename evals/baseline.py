"""The committed baseline: what was measured, and how far a run may fall behind it."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from evals import EVALS
from evals.metrics import Share
from index.errors import InputError

BASELINE = EVALS / "baseline.json"
LESS_IS_BETTER = ("false_refusals",)
ROUNDING = 1e-9  # of shares written as decimals


@dataclass(frozen=True, slots=True)
class Level:
    """A measured share, and by how much a run may be worse before it fails."""

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    measured: float
    tolerance: float


@dataclass(frozen=True, slots=True)
class Baseline:
    """The levels of one gold set with one model."""

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    gold: str
    backend: str
    model: str
    note: str
    levels: dict[str, Level]


def load_baseline(*, gold: str, backend: str, model: str, path: Path = BASELINE) -> Baseline | None:
    """The baseline of this gold set and model; None where none was set. Raises InputError."""
    try:
        baselines = TypeAdapter(tuple[Baseline, ...]).validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise InputError(f"The baseline {path} can't be used: {error}") from error
    wanted = (gold, backend, model)
    return next(
        (each for each in baselines if (each.gold, each.backend, each.model) == wanted), None
    )


def falls_short(name: str, share: Share, level: Level) -> str | None:
    """How a share is worse than its level allows; None where it isn't, or doesn't apply."""
    if share.value is None:
        return None
    less = name in LESS_IS_BETTER
    limit = level.measured + level.tolerance if less else level.measured - level.tolerance
    if share.value <= limit + ROUNDING if less else share.value >= limit - ROUNDING:
        return None
    words = "ceiling" if less else "floor"
    return (
        f"{name.replace('_', ' ')}: {share.hits}/{share.total} = {share.value:.3f}, the {words} is "
        f"{limit:.3f} (measured {level.measured:.3f}, tolerance {level.tolerance:.3f})"
    )
