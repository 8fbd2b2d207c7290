"""Signatures bring near-duplicates together; words, names and numbers decide."""

import random

import numpy as np
import pytest

from index.duplicates import PERMUTATIONS, Bands, Wording, cluster, repeats, resembles, sign

WORDS = [
    "harbour",
    "ferry",
    "council",
    "cutter",
    "mayor",
    "storm",
    "bridge",
    "cargo",
    "tide",
    "signal",
    "crew",
    "engine",
    "winter",
    "market",
]


def made(seed: int, words: int = 60) -> str:
    picked = random.Random(seed)
    return " ".join(f"{picked.choice(WORDS)}{picked.randrange(40)}" for _ in range(words))


def reprinted(text: str, at: int) -> str:
    words = text.split()
    return " ".join([*words[:at], "reportedly", *words[at:]])


def test_a_signature_is_the_same_in_every_run_and_follows_the_words() -> None:
    one, same, other = sign([made(1), made(1).replace(" ", "\n").upper(), made(2)])
    assert one.shape == (PERMUTATIONS,) and (one == same).all() and not (one == other).any()
    # Changed values would make signatures that are stored already worthless.
    assert sign(["The ferry left Port Hale."])[0][:3].tolist() == PINNED


PINNED = [1569863041, 1853064833, 1002484636]


def test_reprints_are_one_cluster_named_by_its_first() -> None:
    texts = [made(seed) for seed in range(200)]
    texts += [reprinted(texts[3], 10), reprinted(texts[3], 40), reprinted(texts[77], 5)]
    found = cluster(sign(texts), texts, resembles)
    assert found[200] == 3 and found[201] == 3 and found[202] == 77
    assert (found[:200] == np.arange(200)).all()


@pytest.mark.parametrize(
    ("one", "other", "same_words", "same_facts"),
    [
        (
            "The crew of 12 was brought to Port Hale.",
            "The crew of 12 was brought to Port Hale",
            1,
            1,
        ),
        (made(5) + " on 3 May 1998", made(5) + " on 3 May 1999", 1, 0),
        (made(5) + " said Ferris", made(5) + " said Merel", 1, 0),
        (made(5), made(6), 0, 0),
        ("", "", 1, 1),
        ("", "Port Hale", 0, 0),
    ],
)
def test_a_version_with_other_facts_is_no_duplicate(
    one: str, other: str, same_words: int, same_facts: int
) -> None:
    first, second = Wording(one), Wording(other)
    assert resembles(first, second) == bool(same_words)
    assert repeats(first, second) == bool(same_words and same_facts)
    assert len(set(cluster(sign([one, other]), [one, other], repeats))) == 2 - (
        same_words and same_facts
    )


def test_nothing_to_cluster() -> None:
    assert sign([]).shape == (0, PERMUTATIONS)
    assert cluster(sign([]), [], resembles).shape == (0,)


def test_bands_bring_the_same_texts_together_as_clusters() -> None:
    texts = [made(1), made(2), made(1), made(3), made(2), made(1), made(4)]
    bands = Bands(sign(texts))
    assert [bands.near(position).tolist() for position in range(len(texts))] == [
        [2, 5], [4], [0, 5], [], [1], [0, 2], [],
    ]  # fmt: skip
