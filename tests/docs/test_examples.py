"""Every example in the documents and in the docstrings runs, and prints what it says it prints."""

from __future__ import annotations

import ast
import asyncio
import doctest
import importlib
import inspect
import pkgutil
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

import sequence_markets
from sequence_markets.client.aio import AsyncSequence
from sequence_markets.sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
_BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
_FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def _blocks() -> Iterator[Any]:
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        for match in _BLOCK.finditer(text):
            line = text.count("\n", 0, match.start()) + 2
            yield pytest.param(match[1], document, line, id=f"{document.name}:{line}")


def _modules() -> list[str]:
    packages = pkgutil.walk_packages(sequence_markets.__path__, "sequence_markets.")
    return ["sequence_markets", *(found.name for found in packages if not found.name.endswith("__main__"))]


@pytest.mark.parametrize(("source", "document", "line"), list(_blocks()))
def test_a_documents_example_runs(source: str, document: Path, line: int) -> None:
    code = compile("\n" * (line - 1) + source, str(document), "exec")
    exec(code, {"__name__": "__main__"})


@pytest.mark.parametrize("name", _modules())
def test_the_examples_of_a_module_hold(name: str) -> None:
    module = importlib.import_module(name)
    tests = [test for test in doctest.DocTestFinder(exclude_empty=True).find(module) if test.examples]
    runner = doctest.DocTestRunner(optionflags=_FLAGS)
    for test in tests:
        if test.name.startswith(f"{AsyncSequence.__module__}."):
            continue  # awaited below
        with Sandbox(seed=7) as sandbox, sandbox.client() as seq:
            test.globs = {**test.globs, "seq": seq, "sandbox": sandbox}
            runner.run(test)
    assert runner.summarize(verbose=False).failed == 0


def test_the_awaited_examples_hold() -> None:
    asyncio.run(_run_awaited())


async def _run_awaited() -> None:
    checker = doctest.OutputChecker()
    ran = 0
    for name, method in inspect.getmembers(AsyncSequence, inspect.isfunction):
        examples = doctest.DocTestParser().get_examples(inspect.getdoc(method) or "")
        if name.startswith("_") or not examples:
            continue
        with Sandbox(seed=7) as sandbox:
            async with sandbox.async_client() as seq:
                scope: dict[str, Any] = {"seq": seq, "sandbox": sandbox}
                for example in examples:
                    got = await _evaluate(example.source, scope)
                    assert checker.check_output(example.want, got, _FLAGS), f"{name}: {example.source}gave {got}"
                    ran += 1
    assert ran > 20


async def _evaluate(source: str, scope: dict[str, Any]) -> str:
    """Run an example that may await, and return what a session would print for it."""
    tree = ast.parse(source)
    last = tree.body[-1]
    value: Any = None
    if isinstance(last, ast.Expr):
        tree.body[-1] = ast.copy_location(ast.Assign([ast.Name("_value", ast.Store())], last.value), last)
        ast.fix_missing_locations(tree)
    code: CodeType = compile(tree, "<example>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = eval(code, scope)
        if inspect.isawaitable(result):
            await result
    if isinstance(last, ast.Expr):
        value = scope.pop("_value")
    return "" if value is None else f"{value!r}\n"
