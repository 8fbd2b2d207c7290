"""Fewer questions of a public set, with what is known of them."""

from dataclasses import replace

from evals.sample import take_stratified
from evals.sets.public import PublicSet


def take_sample(whole: PublicSet, *, most: int, seed: int) -> PublicSet:
    """At most `most` questions drawn by `seed`, in the order of the set; all documents stay.

    Each kind keeps its share. A larger sample has all the questions of a smaller one.
    """
    cases = take_stratified(whole.cases, most=most, seed=seed)
    kept = {case.id for case in cases}
    return replace(
        whole,
        cases=cases,
        relevant={key: names for key, names in whole.relevant.items() if key in kept},
    )
