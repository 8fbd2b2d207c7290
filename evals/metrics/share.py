"""A share with its sample: hits of a total, its value and how sure it is."""

from dataclasses import dataclass

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Share:
    """`hits` of `total`. Of nothing there is no share: value and interval are None."""

    hits: int
    total: int

    @property
    def value(self) -> float | None:
        """Hits / total, 0 to 1."""
        return self.hits / self.total if self.total else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of the value."""
        return wilson_interval(self.hits, self.total)


def wilson_interval(
    hits: int, total: int, *, confidence: float = CONFIDENCE
) -> tuple[float, float] | None:
    """The score interval of a binomial share (Wilson 1927, no continuity correction)."""
    if not total:
        return None
    from scipy.stats import binomtest  # noqa: PLC0415 - a second to import

    interval = binomtest(hits, total).proportion_ci(confidence, method="wilson")
    return float(interval.low), float(interval.high)
