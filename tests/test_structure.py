"""The shape of the code: imports point one way, wrapped libraries stay wrapped, modules small."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

import pytest
from conftest import REPOSITORY

PACKAGES = ("index", "qa", "evals")
MODULES = sorted(
    [
        REPOSITORY / "app.py",
        *(path for name in PACKAGES for path in (REPOSITORY / name).rglob("*.py")),
    ]
)
MOST_MODULE_LINES = 300
MOST_FUNCTION_LINES = 50

# What each part may import of ours. The one exception is in MAY_IMPORT_LATE.
MAY_IMPORT = {
    "index": {"index"},
    "qa": {"index", "qa"},
    "evals": {"index", "qa", "evals"},
    "app.py": {"index", "qa"},
}
MAY_IMPORT_LATE = {"qa/cli.py": {"evals"}}  # within a function: for `dateline eval`

WRAPPED = {
    "anyio": {"qa/models/ollama_pull.py", "qa/models/server_client.py", "qa/threads.py"},
    "bm25s": {"index/lexical.py"},
    "charset_normalizer": {"index/formats/encodings.py"},
    "chromadb": {
        "evals/bench/indexing.py",
        "index/chroma.py",
        "index/server.py",
        "index/tables.py",
    },
    "datasketch": {"index/duplicates.py"},
    "docx": {"index/formats/docx.py"},
    "gradio": {"app.py", "qa/page/"},
    "huggingface_hub": {"index/weights.py"},
    "llama_cpp": set(),
    "lxml": {
        "index/formats/html.py",
        "index/formats/html_facts.py",
        "index/formats/linked_data.py",
    },
    "ollama": {"qa/models/ollama_server.py"},
    "onnxruntime": {"index/embedding.py", "index/graph.py"},
    "openai": {"qa/models/openai.py"},
    "psutil": {
        "index/lease.py",
        "index/machine.py",
        "qa/models/ollama.py",
        "qa/page/serve/reach.py",
    },
    "py3langid": {"index/language.py"},
    "pypdf": {"index/formats/pdf.py"},
    "sentence_transformers": {"index/embedding.py", "index/graph.py"},
    "sentencex": {"index/sentences.py", "qa/reply.py"},
    "snowballstemmer": {"index/lexical.py"},
    "tenacity": {"qa/models/server_client.py"},
    "tokenizers": {"index/embedding.py"},
    "torch": {"index/embedding.py", "index/graph.py", "index/quantize.py"},
    "trafilatura": {"index/formats/html.py"},
    "watchfiles": {"index/watch.py"},
    "xllamacpp": {"qa/models/llamacpp.py"},
    "yaml": {"index/formats/text.py"},
}
HEAVY = ("bm25s", "chromadb", "gradio", "llama_index", "onnxruntime", "torch", "xllamacpp")


@dataclass(frozen=True)
class Import:
    """A module's import of another; a late one stands in a function."""

    imported: str
    line: int
    late: bool

    @property
    def top(self) -> str:
        return self.imported.split(".")[0]


def relative(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


def is_type_checking(node: ast.AST) -> TypeGuard[ast.If]:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def imports(node: ast.AST, *, late: bool = False) -> Iterator[Import]:
    """Every import that may run, `if TYPE_CHECKING` left out."""
    if isinstance(node, ast.Import):
        for name in node.names:
            yield Import(name.name, node.lineno, late)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"a relative import in line {node.lineno}"
        yield Import(node.module or "", node.lineno, late)
    late = late or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
    children = node.orelse if is_type_checking(node) else ast.iter_child_nodes(node)
    for child in children:
        yield from imports(child, late=late)


def imports_of(path: Path) -> list[Import]:
    return list(imports(ast.parse(path.read_text(encoding="utf-8"))))


def test_imports_are_found() -> None:
    source = (
        "import a.b, c\nfrom d.e import f\nif TYPE_CHECKING:\n    import g\nelse:\n    import h\n"
        "def x():\n    try:\n        import i\n    except E:\n        pass\n"
    )
    found = [(each.top, each.late) for each in imports(ast.parse(source))]
    assert found == [("a", False), ("c", False), ("d", False), ("h", False), ("i", True)]


def test_every_part_is_looked_at() -> None:
    names = {relative(path) for path in MODULES}
    assert {"app.py", "index/store.py", "qa/engine.py", "qa/page/blocks.py"} <= names


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_imports_point_one_way(path: Path) -> None:
    name = relative(path)
    ours = {*PACKAGES, "app", "tests"}
    wrong = [
        each
        for each in imports_of(path)
        if each.top in ours - MAY_IMPORT[name.split("/")[0]]
        and not (each.late and each.top in MAY_IMPORT_LATE.get(name, set()))
    ]
    assert wrong == []


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_wrapped_libraries_stay_wrapped(path: Path) -> None:
    name = relative(path)
    wrong = [
        each
        for each in imports_of(path)
        if each.top in WRAPPED
        and not any(name == place or name.startswith(place) for place in WRAPPED[each.top])
    ]
    assert wrong == []


@pytest.mark.parametrize("library", [name for name, places in WRAPPED.items() if places])
def test_each_wrapped_library_is_used_where_it_is_said(library: str) -> None:
    users = {relative(path) for path in MODULES if any(i.top == library for i in imports_of(path))}
    assert users, f"{library} is no longer used: take it out of the list"


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_modules_are_small(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= MOST_MODULE_LINES


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_functions_are_small(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    lengths = {
        f"{node.name} in line {node.lineno}": (node.end_lineno or 0) - node.lineno + 1
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    assert {name: n for name, n in lengths.items() if n > MOST_FUNCTION_LINES} == {}


@pytest.mark.parametrize("module", ["qa", "qa.answer", "index.settings", "index.articles"])
def test_importing_is_light(module: str) -> None:
    script = f"import sys, {module}; print(*sorted(set({HEAVY!r}) & set(sys.modules)))"
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
