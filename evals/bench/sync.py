"""How long syncing a large folder takes: nothing has changed, ten articles have, the first time.

Run it with `python -m evals.bench.sync`. What is timed is the command `dateline index`, from the
start of its process to its end, and then the first search of a new process. The first sync's
vectors are made of words unless `--real` is given: neither of the two depends on what they say.
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from evals.bench import write_result
from evals.bench.made_news import MadeEmbedder, make_article, write_articles
from index.library import Library
from index.settings import Settings, load_settings

ARTICLES, PARAGRAPHS = 10_000, 4
CHANGED = 10
TIMES = 3
MOST_UNCHANGED_SECONDS, MOST_CHANGED_SECONDS = 3, 10
SEED = 7
# What an unchanged sync does, in its order.
PHASES = """
import json, sys, time
begun = time.perf_counter()
found = {}
def done(phase):
    global begun
    found[phase] = time.perf_counter() - begun
    begun = time.perf_counter()
from pathlib import Path
import qa.cli
from qa.index_command import open_library
from index.plan import plan_sync
from index.settings import load_settings
library = open_library(load_settings(articles=Path(sys.argv[1]), store=sys.argv[2]))
done("imports")
library.embedder.fingerprint
done("hash of the model")
manifest = library.store.read_manifest()
done("manifest")
with library.store.writing():
    done("lock")
    assert library.store.is_whole()
    done("count of vectors")
    assert plan_sync(library.settings.articles, manifest).is_empty
    done("folder")
print(json.dumps(found))
"""


@dataclass(frozen=True, slots=True)
class SyncTimes:
    """Seconds. After each change a search in a new process is timed, and then the same again:

    the first has to build what it keeps beside the store.
    """

    articles: int
    passages: int
    first_seconds: float
    unchanged_seconds: tuple[float, ...]
    changed_seconds: tuple[float, ...]
    search_seconds: tuple[float, ...]
    search_again_seconds: tuple[float, ...]
    phases: dict[str, float]

    @property
    def is_fast_enough(self) -> bool:
        """Whether the medians keep to what is asked for; what a reader builds is part of it."""
        build = statistics.median(self.search_seconds) - statistics.median(
            self.search_again_seconds
        )
        changed = statistics.median(self.changed_seconds) + max(0, build)
        unchanged = statistics.median(self.unchanged_seconds)
        return unchanged <= MOST_UNCHANGED_SECONDS and changed <= MOST_CHANGED_SECONDS


def measure(place: Path, *, articles: int, times: int, real: bool) -> SyncTimes:
    """Make a folder and its store in the empty folder `place`, and time commands on them."""
    settings = load_settings(articles=place / "articles", store=str(place / "store"))
    write_articles(settings.articles, articles, paragraphs=PARAGRAPHS, seed=SEED)
    chance = random.Random(SEED)
    embedder = None if real else MadeEmbedder(Library(settings).embedder.fingerprint)
    started = time.perf_counter()
    report = Library(settings, embedder).sync()
    first = time.perf_counter() - started
    _search(settings)  # what a reader keeps beside the store is there from then on
    unchanged, changed, searched, again = [], [], [], []
    for _ in range(times):
        unchanged.append(_timed(lambda: _index(settings, expected=0)))
        _change(settings.articles, chance)
        changed.append(_timed(lambda: _index(settings, expected=CHANGED)))
        searched.append(_timed(lambda: _search(settings)))
        again.append(_timed(lambda: _search(settings)))
    return SyncTimes(
        articles,
        report.passages,
        first,
        tuple(unchanged),
        tuple(changed),
        tuple(searched),
        tuple(again),
        _phases(settings),
    )


def main() -> None:
    """Measure, print a table and write `results/sync.json`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=ARTICLES)
    parser.add_argument("--times", type=int, default=TIMES)
    parser.add_argument("--real", action="store_true", help="embed with the real model, minutes")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        found = measure(Path(place), articles=given.articles, times=given.times, real=given.real)
    sys.stdout.write(_table(found))
    write_result("sync", asdict(found))
    sys.exit(0 if found.is_fast_enough else 1)


def _table(found: SyncTimes) -> str:
    rows = [
        (
            f"first sync of {found.articles:,} articles, {found.passages:,} passages",
            found.first_seconds,
        ),
        ("dateline index, nothing changed", statistics.median(found.unchanged_seconds)),
        *((f"    of it {phase}", seconds) for phase, seconds in found.phases.items()),
        (f"dateline index, {CHANGED} changed", statistics.median(found.changed_seconds)),
        ("dateline search in a new process after it", statistics.median(found.search_seconds)),
        ("the same once more", statistics.median(found.search_again_seconds)),
    ]
    return "".join(f"{what:60} {seconds:8.2f} s\n" for what, seconds in rows)


def _change(folder: Path, chance: random.Random) -> None:
    for path in chance.sample(sorted(folder.rglob("*.md")), CHANGED):
        path.write_text(make_article(chance, paragraphs=PARAGRAPHS), encoding="utf-8")


def _index(settings: Settings, *, expected: int) -> None:
    report = json.loads(_dateline(settings, "index", "--json"))
    if len(report["changed"]) != expected:
        raise RuntimeError(f"{len(report['changed'])} articles had changed, not {expected}.")


def _search(settings: Settings) -> None:
    _dateline(settings, "search", "--no-sync", "passengers brought ashore at Cape Dorn")


def _phases(settings: Settings) -> dict[str, float]:
    command = [sys.executable, "-c", PHASES, str(settings.articles), str(settings.store)]
    found: dict[str, float] = json.loads(_run(command))
    return found


def _dateline(settings: Settings, *words: str) -> str:
    options = ("--articles", str(settings.articles), "--store", str(settings.store))
    return _run([sys.executable, "-m", "qa", *options, *words])


def _run(command: list[str]) -> str:
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def _timed(act: Callable[[], None]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
