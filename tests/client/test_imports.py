"""Importing the package is cheap, and every public name is there."""

from __future__ import annotations

import ast
import importlib
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import sequence_markets


def _run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def test_the_import_loads_neither_the_model_nor_the_http_library() -> None:
    code = (
        "import sys, sequence_markets; print([m for m in ('pydantic', 'httpx', 'httpcore', 'ssl') if m in sys.modules])"
    )
    assert _run(code) == "[]\n"


def test_errors_and_units_need_no_library_either() -> None:
    code = (
        "import sys; from sequence_markets import SequenceError, qty_to_1e8\n"
        "print([m for m in ('pydantic', 'httpx', 'httpcore') if m in sys.modules])"
    )
    assert _run(code) == "[]\n"


def test_a_client_needs_httpx_only_when_one_is_given() -> None:
    code = (
        "import sys; from sequence_markets import Sequence\n"
        "seq = Sequence('seq_test_x', 'http://127.0.0.1:1', max_retries=0); seq.health()\n"
        "print('httpx' in sys.modules)"
    )
    assert _run(code) == "False\n"


@pytest.mark.parametrize("name", sequence_markets.__all__)
def test_every_public_name_loads_from_its_home(name: str) -> None:
    value = getattr(sequence_markets, name)
    assert name in dir(sequence_markets)
    home = sequence_markets._HOME.get(name)
    if home is not None:
        assert getattr(importlib.import_module(f"sequence_markets.{home}"), name) is value


def test_checkers_see_the_names_that_are_there_at_run_time() -> None:
    source = Path(sequence_markets.__file__).read_text(encoding="utf-8")
    block = next(node for node in ast.parse(source).body if isinstance(node, ast.If))
    seen = {
        (statement.module, alias.name)
        for statement in block.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }
    assert seen == {(f"sequence_markets.{home}", name) for name, home in sequence_markets._HOME.items()}
    assert {name for _, name in seen} | {"__version__"} == set(sequence_markets.__all__)


def test_all_errors_and_models_are_public() -> None:
    from sequence_markets import errors, models

    internal = {"decode", "decode_rows", "InvalidPayload", "status_error_type"}
    assert (set(errors.__all__) | set(models.__all__)) - internal <= set(sequence_markets.__all__)


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="Sequnce"):
        getattr(sequence_markets, "Sequn" + "ce")


def test_public_names_pickle_by_reference() -> None:
    assert pickle.loads(pickle.dumps(sequence_markets.Quote)) is sequence_markets.Quote
