"""The machine that numbers were measured on."""

import os
import platform
import re
import sys
from pathlib import Path
from typing import Any

CPU_INFO = Path("/proc/cpuinfo")
PROCESS_STATUS = Path("/proc/self/status")


def describe_machine() -> dict[str, Any]:
    """Processor, cores, memory, system and Python; what isn't known is None."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": _memory_gib(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def peak_memory_mb() -> float | None:
    """The most memory that this process has held so far, in megabytes; None where not known.

    On Linux not what `getrusage` says: a process starts there with the peak of its parent.
    """
    if PROCESS_STATUS.is_file():
        found = re.search(r"^VmHWM:\s+(\d+) kB", PROCESS_STATUS.read_text(encoding="utf-8"), re.M)
        return round(int(found[1]) * 1024 / 1e6, 1) if found else None
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6, 1)


def _processor() -> str | None:
    if CPU_INFO.is_file():  # Linux; `platform.processor` is empty there
        for line in CPU_INFO.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or None


def _memory_gib() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (AttributeError, ValueError):  # not on Windows, not named on every system
        return None
