"""Agreement of two judges beyond what chance would give."""

from collections.abc import Sequence


def kappa(a: Sequence[bool], b: Sequence[bool]) -> float | None:
    """Cohen's kappa (1960): (agreement - chance) / (1 - chance), at most 1, 0 at chance.

    None where nothing was judged, and where both always say the same one thing: there chance alone
    gives full agreement.
    """
    pairs = [(bool(one), bool(other)) for one, other in zip(a, b, strict=True)]
    if not pairs:
        return None
    n = len(pairs)
    agreed = sum(one == other for one, other in pairs) / n
    yes_a, yes_b = sum(one for one, _ in pairs), sum(other for _, other in pairs)
    chance = (yes_a * yes_b + (n - yes_a) * (n - yes_b)) / n**2
    return (agreed - chance) / (1 - chance) if chance < 1 else None
