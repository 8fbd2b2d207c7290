"""What a fresh process costs: importing `qa`, and the command line up to its first words."""

import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO

IMPORTS = 5
LONGEST_SECONDS = 300
IMPORT_QA = (
    "import sys, time; t = time.perf_counter(); import qa; "
    "sys.stdout.write(str(time.perf_counter() - t))"
)


@dataclass(frozen=True, slots=True)
class ColdStart:
    """Seconds from starting the command to its first byte on either stream, on stdout, to its end.

    Where the command could not be measured, `problem` says why and the rest is None.
    """

    first_output_seconds: float | None = None
    answer_seconds: float | None = None
    total_seconds: float | None = None
    problem: str | None = None


def time_import(times: int = IMPORTS) -> list[float]:
    """Seconds that `import qa` takes, each in a process of its own."""
    return [
        float(
            subprocess.run(
                [sys.executable, "-c", IMPORT_QA], capture_output=True, text=True, check=True
            ).stdout
        )
        for _ in range(times)
    ]


def time_command(articles: Path, question: str, *options: str) -> ColdStart:
    """One `dateline ask` in a process of its own. The files may be in the system's cache."""
    if find_spec("qa.__main__") is None:
        return ColdStart(problem="there is no command line yet")
    command = [sys.executable, "-m", "qa", "--articles", str(articles), *options, "ask", question]
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        out, err = _Listener(process.stdout, started), _Listener(process.stderr, started)
        try:
            status = process.wait(LONGEST_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            return ColdStart(problem=f"it took more than {LONGEST_SECONDS} s")
        finally:
            total = time.perf_counter() - started
            out.join()
            err.join()
    if status != 0:
        last = err.text.strip().splitlines()[-1:] or [""]
        return ColdStart(problem=f"it ended with {status}: {last[0]}")
    first = min((each.first for each in (out, err) if each.first is not None), default=None)
    return ColdStart(first, out.first, total)


class _Listener(threading.Thread):
    """Reads a pipe to its end, and remembers when its first byte came."""

    def __init__(self, pipe: IO[bytes], started: float) -> None:
        super().__init__(daemon=True)
        self._pipe, self._since = pipe, started
        self._content = b""
        self.first: float | None = None
        self.start()

    @property
    def text(self) -> str:
        """What came."""
        return self._content.decode("utf-8", "replace")

    def run(self) -> None:
        while piece := os.read(self._pipe.fileno(), 65536):
            if self.first is None:
                self.first = time.perf_counter() - self._since
            self._content += piece
