"""The example programs run as they are, on a local exchange of their own."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).resolve().parents[2] / "examples").glob("*.py"))
SAYS = {
    "plain_dicts": ["no such symbol: ", "BUY 0.1 FILLED None", "NAV = $"],
    "rebalance": ["BTC: buy", "filled", "the market has moved", "unrealised"],
    "scan_async": ["bps on 1 venues"],
}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs_and_says_what_it_did(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(path), run_name="__main__")
    shown = capsys.readouterr().out
    for text in SAYS[path.stem]:
        assert text in shown
