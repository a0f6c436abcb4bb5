"""Where the recorded tapes are, and skipping when they are not there."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import pytest

from sequence_markets.sandbox.market import TapeMarket

RECORDINGS: Final = Path(__file__).resolve().parents[3] / ".." / "shared" / "data"
SPOT_BTC: Final = "binance/spot_btcusdt_20240808.depth_trade.jsonl.gz"
SPOT_ETH: Final = "binance/spot_ethusdt_20240808.depth_trade.jsonl.gz"
PERP_BTC: Final = "binance/usdm_btcusdt_20240808.depth_trade.jsonl.gz"
PERP_ETH: Final = "binance/usdm_ethusdt_20240808.depth_trade.jsonl.gz"
HYPERLIQUID_BTC: Final = "hyperliquid/btc_l2book_trades_20250126.jsonl.gz"


def recording(name: str) -> Path:
    """The path of a recording; skips the test when the recordings are not there."""
    path = RECORDINGS / name
    if not path.exists():
        pytest.skip(f"the recording {name} is not here")
    return path


@cache
def _opened(names: tuple[str, ...]) -> TapeMarket:
    return TapeMarket.open([RECORDINGS / name for name in names], seed=3)


def tape_market(*names: str) -> TapeMarket:
    """A market playing recordings, opened once per test run."""
    for name in names:
        recording(name)
    return _opened(names)
