"""mypy and pyright see every field's type, and refuse every marked line and no other."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FILES = sorted(HERE.glob("*.py"))
_MARK = re.compile(r"# error: (.+)$")


class Problem(NamedTuple):
    file: str
    line: int
    message: str


def mypy_command(cache: Path) -> list[str]:
    options = ["--strict", "--output=json", "--no-error-summary", f"--cache-dir={cache}"]
    return [sys.executable, "-m", "mypy", *options, *map(str, FILES)]


def pyright_command(folder: Path) -> list[str]:
    # A project of its own: that of the repository leaves these files out, even when they are named.
    settings = {"include": [os.path.relpath(HERE, folder)], "typeCheckingMode": "strict", "pythonVersion": "3.11"}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    return [sys.executable, "-m", "pyright", "--outputjson", f"--pythonpath={sys.executable}", f"--project={folder}"]


def mypy_problems(output: str) -> Iterator[Problem]:
    for line in output.splitlines():
        found = json.loads(line)
        if found["severity"] == "error":
            yield Problem(Path(found["file"]).name, found["line"], found["message"])


def pyright_problems(output: str) -> Iterator[Problem]:
    said = json.loads(output)
    assert said["summary"]["filesAnalyzed"] == len(FILES)
    for found in said["generalDiagnostics"]:
        if found["severity"] == "error":
            yield Problem(Path(found["file"]).name, found["range"]["start"]["line"] + 1, found["message"])


@pytest.fixture(scope="session")
def problems(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Problem]]:
    """What each checker says of all the files; both run once, side by side."""
    pipe = subprocess.PIPE
    folder = tmp_path_factory.mktemp("checkers")
    commands = {"mypy": mypy_command(folder), "pyright": pyright_command(folder)}
    running = {
        name: subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True)
        for name, command in commands.items()
    }
    said: dict[str, list[Problem]] = {}
    for name, read in (("mypy", mypy_problems), ("pyright", pyright_problems)):
        output, errors = running[name].communicate()
        assert running[name].returncode in (0, 1), f"{name} failed: {errors}{output}"
        said[name] = list(read(output))
    return said


def marked(file: Path) -> dict[int, str]:
    lines = enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
    return {number: found[1] for number, line in lines if (found := _MARK.search(line))}


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_exactly_the_marked_lines_are_refused(file: Path, checker: str, problems: dict[str, list[Problem]]) -> None:
    expected: dict[int, Any] = {} if file.stem.startswith("test_") else marked(file)
    assert bool(expected) is file.stem.startswith("reject_")
    found: dict[int, str] = {}
    for problem in problems[checker]:
        if problem.file == file.name:
            found[problem.line] = f"{found.get(problem.line, '')} {problem.message}"
    assert found.keys() == expected.keys(), {line: found.get(line) for line in found.keys() ^ expected.keys()}
    for line, words in expected.items():
        assert words.lower() in found[line].lower(), (line, found[line])


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_the_package_itself_gives_no_error_here(checker: str, problems: dict[str, list[Problem]]) -> None:
    assert {problem.file for problem in problems[checker]} <= {file.name for file in FILES}
