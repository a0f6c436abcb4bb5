"""Every known hazard of the published client is pinned by tests that exist."""

from __future__ import annotations

import ast
import re
import tomllib
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.compat.hazards import BURDENS, DEFECTS, Hazard

TESTS = Path(__file__).resolve().parents[1]


@cache
def _names(file: str) -> frozenset[str]:
    """The names of the tests of a file; one inside a class as ``Class::test``."""
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    found: set[str] = set()
    for node in tree.body:
        inside = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = f"{node.name}::" if isinstance(node, ast.ClassDef) else ""
        for each in inside:
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and each.name.startswith("test_"):
                found.add(prefix + each.name)
    return frozenset(found)


def test_no_number_is_left_out() -> None:
    assert list(DEFECTS) == [f"D{number}" for number in range(1, 48)]
    assert list(BURDENS) == [f"S{number}" for number in range(1, 13)]


@pytest.mark.parametrize(("name", "hazard"), [*DEFECTS.items(), *BURDENS.items()], ids=[*DEFECTS, *BURDENS])
def test_a_hazard_is_pinned_by_tests_that_exist(name: str, hazard: Hazard) -> None:
    assert hazard.tests, f"{name}: nothing holds us to: {hazard.what}"
    for test in hazard.tests:
        file, _, wanted = test.partition("::")
        assert wanted in _names(file), test


def test_no_version_of_the_socket_library_is_allowed_that_streams_cannot_use() -> None:
    project = tomllib.loads((TESTS.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lists: list[list[str]] = [project["dependencies"], *project["optional-dependencies"].values()]
    (wanted,) = [each for listed in lists for each in listed if each.startswith("websockets")]
    floor = re.search(r">=(\d+)", wanted)
    assert floor is not None, wanted
    # From 14 on a handshake takes additional_headers, and the sans-I/O protocol is what it is now.
    assert int(floor[1]) >= 14
    assert int(version("websockets").partition(".")[0]) >= int(floor[1])
