"""Rows of different lengths in one array: small in memory, quick to keep and to read again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Ragged:
    """Row i is `values[firsts[i]:firsts[i + 1]]`; values may have a second axis."""

    firsts: NDArray[np.int64]
    values: NDArray[Any]

    @classmethod
    def of(cls, lengths: Sequence[int] | NDArray[Any], values: NDArray[Any]) -> "Ragged":
        """Rows of these lengths. Raises ValueError where they don't add up to the values."""
        firsts = np.zeros(len(lengths) + 1, dtype=np.int64)
        np.cumsum(lengths, out=firsts[1:])
        if firsts[-1] != len(values):
            raise ValueError(f"{firsts[-1]} values in rows, {len(values)} in all")
        return cls(firsts, values)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """The length of each row."""
        return np.diff(self.firsts)

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.firsts) - 1

    def __getitem__(self, row: int) -> NDArray[Any]:
        """One row."""
        return self.values[self.firsts[row] : self.firsts[row + 1]]

    def take(self, rows: NDArray[Any]) -> "Ragged":
        """These rows, in this order."""
        lengths = self.lengths[rows]
        ends = np.cumsum(lengths)
        shifts = np.repeat(self.firsts[rows] - (ends - lengths), lengths)
        return Ragged.of(lengths, self.values[np.arange(len(shifts)) + shifts])

    @classmethod
    def joined(cls, parts: Sequence["Ragged"]) -> "Ragged":
        """The rows of all parts, one after the other."""
        lengths = np.concatenate([each.lengths for each in parts])
        return cls.of(lengths, np.concatenate([each.values for each in parts]))
