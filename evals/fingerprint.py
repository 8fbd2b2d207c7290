"""What an answer depends on, as one hash: while it stays, an answer given before is still good."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from evals import EVALS
from qa.desk import Desk

CODE = EVALS.parent
PACKAGES = ("index", "qa")
SUFFIXES = (".py", ".md", ".json")  # prompts and calibration too
# What shows answers and doesn't make them.
LEFT_OUT = ("qa/page/", "qa/asked.py", "qa/cli.py", "qa/doctor.py")
# Where things lie; and the choice of a model, which counts as it came out.
SETTINGS_LEFT_OUT = frozenset({"store", "backend", "model", "models_folder", "page"})


@dataclass(frozen=True, slots=True)
class Ingredients:
    """Everything that shapes an answer.

    `index` changes with every article and with how they were indexed. `model_file` is size and
    time of change of a model's file; None where a server has it, which is taken at its word that
    one name means one model.
    """

    index: str
    settings: Mapping[str, Any]
    backend: str
    model: str
    model_file: tuple[int, int] | None
    code: str
    llama_cpp: str

    @property
    def fingerprint(self) -> str:
        """Their SHA-256."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


def fingerprint(desk: Desk) -> str:
    """The hash of all that shapes the desk's answers. The model is looked up, not loaded."""
    return ingredients_of(desk).fingerprint


def ingredients_of(desk: Desk, *, code: Path = CODE) -> Ingredients:
    """What shapes the desk's answers, made by the packages below the folder `code`."""
    return Ingredients(
        index=desk.corpus.fingerprint,
        settings=desk.settings.model_dump(mode="json", exclude=set(SETTINGS_LEFT_OUT)),
        backend=desk.model.backend,
        model=desk.model.name,
        model_file=_identity(getattr(desk.model.llm, "model_path", None)),
        code=hash_code(code),
        llama_cpp=version("xllamacpp"),
    )


def _identity(model_path: str | None) -> tuple[int, int] | None:
    if model_path is None:
        return None
    status = Path(model_path).stat()
    return status.st_size, status.st_mtime_ns


def hash_code(code: Path) -> str:
    """The hash of the modules and prompts below `code` that make answers."""
    digest = hashlib.sha256()
    for name in sorted(_names(code)):
        content = (code / name).read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _names(code: Path) -> Iterator[str]:
    for package in PACKAGES:
        for path in (code / package).rglob("*"):
            name = path.relative_to(code).as_posix()
            if path.suffix in SUFFIXES and not name.startswith(LEFT_OUT):
                yield name
