"""The README is true: its settings table, its example and its commands."""

import os
import re
import shlex
import subprocess
import sys

import pytest
from conftest import REPOSITORY

from index.settings_table import settings_table

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("dateline ")
]
PYTHON_BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_settings_table_is_the_generated_one() -> None:
    written = README.split("<!-- settings -->")[1].split("<!-- /settings -->")[0].strip()
    assert written == settings_table()


def test_links_and_images_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!http)([^)]+)\)", README):
        assert (REPOSITORY / target).exists(), target


def test_quotes_of_the_example_stand_in_the_article_named() -> None:
    example = README.split("<!-- example -->")[1].split("```")[1]
    (path,) = re.findall(r"\((articles/[^)]+)\)", example)
    (quote,) = re.findall(r'^    "(.+)"$', example, re.MULTILINE)
    assert quote in (REPOSITORY / path).read_text(encoding="utf-8")


@pytest.mark.model
@pytest.mark.parametrize("command", COMMANDS)
def test_commands_run(command: str) -> None:
    ran = _run([sys.executable, "-m", "qa", *shlex.split(command)[1:]])
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip()
    if command.startswith("dateline ask") and "Rastan" in command:
        example = README.split("<!-- example -->")[1].split("```")[1]
        assert ran.stdout.strip() == example.strip()


@pytest.mark.model
@pytest.mark.parametrize("block", PYTHON_BLOCKS)
def test_python_runs(block: str) -> None:
    ran = _run([sys.executable, "-c", block])
    assert ran.returncode == 0, ran.stderr
    assert "[1]" in ran.stdout


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env={**os.environ, "DATELINE_BACKEND": "embedded"},
    )
