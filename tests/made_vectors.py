"""Vectors for tests, and processes that use them: without conftest.py, whose imports take long."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from index.chroma import FolderCollections
from index.embedding import Vectors
from index.store_errors import failure
from index.vectors import VectorIndex

DIMENSIONS = 16
TESTS = Path(__file__).parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{TESTS.parent}{os.pathsep}{TESTS}"}


def opened(folder: Path) -> VectorIndex:
    """The vectors in a folder."""
    return VectorIndex(FolderCollections(folder), lambda error: failure(folder, error))


def vector(number: int) -> Vectors:
    """A unit vector of its own for each number, the same in every process."""
    drawn = np.random.default_rng(number).normal(size=DIMENSIONS).astype(np.float32)
    return np.asarray(drawn / np.linalg.norm(drawn), dtype=np.float32)


def fill(vectors: VectorIndex, numbers: Sequence[int]) -> None:
    """Write the vectors of these numbers."""
    vectors.upsert(
        [f"p{number}" for number in numbers],
        np.stack([vector(number) for number in numbers]),
        [{"published": 20250000 + number, "outlet": "Gazette"} for number in numbers],
    )


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script of ours in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
