"""What lies between two states of an index, as it is told after a sync."""

import pytest

from index.files import BadFile
from index.ledger import ArticleEntry, FileEntry, Manifest, Recipe
from index.report import Renamed, build_report

RECIPE = Recipe("model", "model-1", 70, 1)


def state(articles: dict[str, str], hashes: dict[str, str] | None = None) -> Manifest:
    """Articles as "path" or "path#record" with their versions; a file's hash unless it is given."""
    entries = {
        name: ArticleEntry(name.partition("#")[0], version, passages=2)
        for name, version in articles.items()
    }
    known = {entry.path: f"hash of {entry.path}" for entry in entries.values()} | (hashes or {})
    files = {path: FileEntry(path, 1, 1, 1, sha256) for path, sha256 in known.items()}
    return Manifest(RECIPE, 1, True, files, entries)


NOTHING = state({})
AB = state({"a": "1", "b": "1"})


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (NOTHING, AB, {"new": ("a", "b")}),
        (AB, AB, {"unchanged": 2}),
        (AB, state({"a": "1"}), {"deleted": ("b",), "unchanged": 1}),
        (AB, state({"a": "2", "b": "1"}), {"changed": ("a",), "unchanged": 1}),
        (state({"f#1": "1"}), state({"f#1": "1", "f#2": "1"}), {"changed": ("f",)}),
        (state({"f#1": "1", "f#2": "1"}), state({"f#2": "1"}), {"changed": ("f",)}),
        (state({"f#1": "1"}), state({"f#2": "1"}), {"changed": ("f",)}),
        (
            AB,
            state({"a": "1", "c": "9"}, {"c": "hash of b"}),
            {"renamed": (Renamed("b", "c"),), "unchanged": 1},
        ),
        (  # a copy isn't a rename
            AB,
            state({"a": "1", "b": "1", "c": "9"}, {"c": "hash of b"}),
            {"new": ("c",), "unchanged": 2},
        ),
        (
            state({"a": "1", "b": "1"}, {"a": "same", "b": "same"}),
            state({"c": "1"}, {"c": "same"}),
            {"renamed": (Renamed("a", "c"),), "deleted": ("b",)},
        ),
        (  # a file that turned bad is still there
            AB,
            state({"a": "1", "c": "1"}, {"b": "other", "c": "hash of b"}),
            {"deleted": ("b",), "new": ("c",), "unchanged": 1},
        ),
    ],
)
def test_what_became_of_each_file(
    before: Manifest, after: Manifest, told: dict[str, object]
) -> None:
    report = build_report(before, after)
    nothing = {"new": (), "changed": (), "deleted": (), "renamed": (), "unchanged": 0}
    assert {name: getattr(report, name) for name in nothing} == {**nothing, **told}
    assert report.did_something == (set(told) != {"unchanged"})
    assert (report.articles, report.passages) == (len(after.articles), 2 * len(after.articles))


def test_folders_that_cannot_be_read_stand_before_bad_files() -> None:
    bad = FileEntry("b", 1, 1, 1, "hash", reason="It is empty.")
    after = Manifest(RECIPE, 1, True, {"b": bad}, {})
    unreadable = BadFile("wire", "Permission denied.")
    report = build_report(NOTHING, after, unreadable=(unreadable,), embedded=3, reused=4)
    assert report.bad == (unreadable, BadFile("b", "It is empty."))
    assert (report.embedded, report.reused) == (3, 4)
