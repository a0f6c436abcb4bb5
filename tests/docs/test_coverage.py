"""The table of coverage is whole, true and up to date."""

from __future__ import annotations

import csv
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "scripts"


def test_the_table_is_up_to_date_and_no_cell_is_empty() -> None:
    run = subprocess.run(
        [sys.executable, str(SCRIPTS / "coverage_table.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stderr) == (0, "")


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, ModuleType]]:
    monkeypatch.setattr(sys, "path", [str(SCRIPTS), *sys.path])
    names = ("call_paths", "coverage_table")
    yield {name: importlib.import_module(name) for name in names}
    for name in names:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("method", "operations", "calls"),
    [
        ("health", ["venues.health"], ["GET /v1/health/live"]),
        ("order", ["orders.order"], ["GET /v1/orders"]),
        (
            "positions_unified",
            ["portfolio.positions_unified"],
            ["GET /v1/positions/unified", "GET /v1/positions"],
        ),
        ("perp_positions", ["portfolio.removed"], ["GET /v1/positions/perp"]),
        ("redeem", ["portfolio.redeem"], ["POST /v1/markets/{slug}/redeem"]),
        (
            "decrease",
            ["orders.order", "amending.decrease"],
            ["GET /v1/orders", "PATCH /v1/orders/{order_id}"],
        ),
        ("iter_fills", ["orders.fills"], ["GET /v1/fills"]),
        ("no_such_method", [], []),
    ],
)
def test_calls_are_read_off_the_source(
    scripts: dict[str, ModuleType], method: str, operations: list[str], calls: list[str]
) -> None:
    found = scripts["call_paths"].operations_of("sequence_markets.client.aio.AsyncSequence", method)
    assert list(found.operations) == operations
    assert [str(call) for call in found.calls] == calls


def test_a_hole_is_named(scripts: dict[str, ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = tmp_path / "methods.csv"
    with listed.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("level", "method", "kind"), ("See", "quote", "call"), ("See", "fly", "call")])
    table = scripts["coverage_table"]
    monkeypatch.setattr(table, "METHODS", listed)
    problems: list[str] = table.problems(table.table())
    columns = ("operation", "HTTP call", "model", "sandbox route", "acceptance case")
    assert [each for each in problems if each.startswith("fly: no")] == [f"fly: no {column}" for column in columns]
    assert "buy: a public method that methods.csv does not list" in problems
    assert any(each.startswith("buy: marked as covered") for each in problems)
    assert not [each for each in problems if each.startswith("quote:")]


def test_a_call_that_nothing_serves_has_no_handler(scripts: dict[str, ModuleType]) -> None:
    routing = scripts["coverage_table"].Routing()
    call = scripts["call_paths"].HttpCall
    assert routing.handler(call("GET", "/v1/orders")) == "orders.list_orders"
    assert routing.handler(call("DELETE", "/v1/orders")) == ""
    assert routing.handler(call("GET", "/v1/nothing/{here}")) == ""
