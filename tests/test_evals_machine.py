"""What is told of the machine that numbers were measured on."""

import subprocess
import sys

from evals.machine import describe_machine, peak_memory_mb

PEAK = "from evals.machine import peak_memory_mb; print(peak_memory_mb())"
HOLDS = 300_000_000


def test_peak_memory_is_this_process_s_own() -> None:
    held = bytearray(HOLDS)  # which a process started now must not count as its own
    for place in range(0, HOLDS, 4096):
        held[place] = 1
    mine = peak_memory_mb()
    assert mine is not None
    assert mine > HOLDS / 1e6
    started = subprocess.run(
        [sys.executable, "-c", PEAK], capture_output=True, text=True, check=True
    )
    assert 0 < float(started.stdout) < HOLDS / 1e6


def test_a_machine_is_described() -> None:
    machine = describe_machine()
    assert machine["cores"]
    assert machine["python"].startswith("3.")
