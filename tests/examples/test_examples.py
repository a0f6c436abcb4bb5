"""The example programs run as they are, on a local exchange of their own."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).resolve().parents[2] / "examples").glob("*.py"))
SAYS = {
    "algos": [
        "KXRAIN-26NOV27-OSL on venue-edge-kalshi: running, ",
        "position 0.00000000, realized 1.54 USD, fees 0.00 USD\n",
        "  last wrote: sold 500000000 at 360000000 position 0 cost 0 realized 1540000000 fills 81\n",
        "BTC-USD on venue-edge-kraken: running, ",
        "maker is stopped\ntaker is stopped\n",
    ],
    "bracket": [
        "entry  buy 0.25 BTC-USD on kraken, market\n├─ when BTC-USD is 4 % above entry, as much as filled → exit",
        "00:03  104000  exit armed\n00:04  104100  exit filled\n\nbracket-1 completed\n",
        "left 4 % above the entry\nin at 100005.00, out at 104095.00: +1022.50 USD, fees 51.02 USD\n",
    ],
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
