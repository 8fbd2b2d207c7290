"""Percentiles of what was measured, by nearest rank: always a value that occurred."""

import math
from collections.abc import Sequence


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least `share` (0 < share <= 1) of the values don't exceed.

    None where there are no values. At a share of 0.5 and an even number of values this is the
    lower of the two in the middle.
    """
    if not values:
        return None
    return sorted(values)[math.ceil(round(share * len(values), 9)) - 1]
