"""Kills a sync at random moments: what answers afterwards, and does the next sync end right?

Run it with `python -m evals.bench.kill`. Syncs run in processes of their own, forked from one that
has imported what they need, and are ended with SIGKILL.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from evals.bench import write_result
from evals.bench.kill_jobs import MARKS, Answers
from evals.bench.made_news import make_article, write_articles

TIMES, SEED = 50, 20261123
ARTICLES, PARAGRAPHS = 60, 3
RECORDS = 12
CHANGED, DELETED, RENAMED, NEW = 15, 6, 4, 10
FEED = "feed.jsonl"


@dataclass(frozen=True, slots=True)
class Kill:
    """A sync that was killed after `seconds` during `phase`; `ended` where it was done by then.

    `old` and `new` count the articles that answered then in their old or new version. `problems`
    is empty where all was as it should be.
    """

    seconds: float
    phase: str
    ended: bool
    old: int
    new: int
    problems: tuple[str, ...]


def kill_syncs(place: Path, *, times: int, seed: int) -> Iterator[Kill]:
    """Kill that many syncs at random moments; everything is made in the empty folder `place`."""
    chance = random.Random(seed)
    with _Processes.started() as processes:
        before = _make_before(place / "before", seed)
        processes.run("sync", before)
        undisturbed = _make_after(before, place / "undisturbed", seed)
        started = time.perf_counter()
        processes.run("sync", undisturbed)
        longest = time.perf_counter() - started
        old, new = _texts(before), _texts(undisturbed)
        for number in range(times):
            killed = _make_after(before, place / str(number), seed)
            seconds = chance.uniform(0, longest)
            ended = processes.kill("sync", killed, seconds)
            yield _look(processes, killed, (old, new), (seconds, ended))
            shutil.rmtree(killed)


def main() -> None:
    """Kill syncs, print a table and write `results/kill.json`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=TIMES)
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args()
    kills: list[Kill] = []
    with tempfile.TemporaryDirectory() as place:
        for kill in kill_syncs(Path(place), times=given.times, seed=given.seed):
            kills.append(kill)
            _print(len(kills), kill)
    bad = sum(bool(kill.problems) for kill in kills)
    alive = sum(not kill.ended for kill in kills)
    sys.stdout.write(f"{len(kills)} kills, {alive} before the sync's end: {bad} with problems\n")
    write_result("kill", {"seed": given.seed, "kills": [asdict(kill) for kill in kills]})
    sys.exit(1 if bad else 0)


def _print(number: int, kill: Kill) -> None:
    state = "well" if not kill.problems else "; ".join(kill.problems)
    phase = "after its end" if kill.ended else kill.phase
    sys.stdout.write(
        f"{number:3}  {kill.seconds * 1000:6.0f} ms  {phase:18} "
        f"{kill.old:3} old  {kill.new:3} new  {state}\n"
    )
    sys.stdout.flush()


# What is synced


def _make_before(place: Path, seed: int) -> Path:
    write_articles(place / "articles", ARTICLES, paragraphs=PARAGRAPHS, seed=seed)
    _write_feed(place, {str(key): f"Gate {key} is shut." for key in range(RECORDS)})
    return place


def _make_after(before: Path, place: Path, seed: int) -> Path:
    """A copy of folder and store, and then changes in the folder."""
    shutil.copytree(before, place)
    chance = random.Random(seed + 1)
    folder = place / "articles"
    files = sorted(folder.rglob("*.md"))
    chance.shuffle(files)
    for path in files[:CHANGED]:
        path.write_text(make_article(chance, paragraphs=PARAGRAPHS), encoding="utf-8")
    for path in files[CHANGED : CHANGED + DELETED]:
        path.unlink()
    for path in files[CHANGED + DELETED :][:RENAMED]:
        path.rename(path.with_stem(f"{path.stem}-moved"))
    for number in range(NEW):
        text = make_article(chance, paragraphs=PARAGRAPHS)
        (folder / f"new-{number}.md").write_text(text, encoding="utf-8")
    _write_feed(place, {str(key): f"Gate {key} is open." for key in range(3, RECORDS + 3)})
    return place


def _write_feed(place: Path, texts: Mapping[str, str]) -> None:
    lines = (json.dumps({"id": key, "title": key, "text": text}) for key, text in texts.items())
    (place / "articles" / FEED).write_text("\n".join(lines), encoding="utf-8")


def _texts(place: Path) -> dict[str, str]:
    """The articles by the names that `kill_jobs.name_of` gives them."""
    folder = place / "articles"
    found = {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*.md")
    }
    for line in (folder / FEED).read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        found[f"{FEED}#{record['id']}"] = record["text"]
    return found


# What is found afterwards


def _look(
    processes: "_Processes",
    place: Path,
    texts: tuple[Mapping[str, str], Mapping[str, str]],
    killed: tuple[float, bool],
) -> Kill:
    """Read as another process would, go on syncing, and read and examine again."""
    phase = (place / MARKS).read_text(encoding="utf-8").strip() if (place / MARKS).exists() else ""
    old, new = texts
    answers = processes.read(place)
    problems = [*_torn(answers, old, new), *answers["problems"]]
    found: Mapping[str, str] = answers["texts"]
    processes.run("sync", place)
    after = processes.read(place)
    problems += [f"afterwards: {each}" for each in after["problems"]]
    if after["texts"] != new:
        problems.append("the next sync didn't come to the right end")
    return Kill(
        round(killed[0], 4),
        phase or "starting",
        killed[1],
        old=sum(old.get(name) == text != new.get(name) for name, text in found.items()),
        new=sum(new.get(name) == text != old.get(name) for name, text in found.items()),
        problems=tuple(problems),
    )


def _torn(answers: Answers, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    """Articles that are neither the old version nor the new one, and what is lost."""
    for name, text in answers["texts"].items():
        if text not in (old.get(name), new.get(name)):
            yield f"{name} is neither old nor new"
    for name in sorted(old.keys() & new.keys() - answers["texts"].keys()):
        yield f"{name} is lost"


# Processes


class _Processes:
    """Runs jobs in processes that are forked from one that has everything imported."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    @classmethod
    @contextmanager
    def started(cls) -> Iterator[Self]:
        command = [sys.executable, "-m", "evals.bench.kill_jobs"]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            yield cls(process)
            assert process.stdin is not None
            process.stdin.close()

    def run(self, job: str, place: Path) -> None:
        """Do a job to its end. Raises RuntimeError where it fails."""
        self._start(job, place)
        if (status := self._wait()) != "0":
            raise RuntimeError(f"The job {job} ended with {status}.")

    def kill(self, job: str, place: Path, seconds: float) -> bool:
        """Kill a job after that time; whether it had ended by then."""
        process = self._start(job, place)
        time.sleep(seconds)
        os.kill(process, signal.SIGKILL)  # the number is still its own: nobody has waited for it
        status = self._wait()
        if status not in ("0", str(-signal.SIGKILL)):
            raise RuntimeError(f"The job {job} ended with {status}.")
        return status == "0"

    def read(self, place: Path) -> Answers:
        """What a new process finds in the store."""
        self.run("read", place)
        found: Answers = json.loads((place / "answers.json").read_text(encoding="utf-8"))
        return found

    def _start(self, job: str, place: Path) -> int:
        return int(self._tell(json.dumps({"job": job, "place": str(place)})))

    def _wait(self) -> str:
        return self._tell("wait")

    def _tell(self, line: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()


if __name__ == "__main__":
    main()
