"""The demo walks every level on a live exchange, and fails when a single unit is missing."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from sequence_markets.cli import demo, main, reconcile
from sequence_markets.models import Fill

RECORDINGS = Path(__file__).resolve().parents[3] / "shared" / "data"
TAPES = [
    "binance/spot_btcusdt_20240808.depth_trade.jsonl.gz",
    "binance/usdm_ethusdt_20240808.depth_trade.jsonl.gz",
    "hyperliquid/btc_l2book_trades_20250126.jsonl.gz",
]


def test_the_demo_adds_up(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo"]) == 0
    shown = capsys.readouterr().out
    for line in ("Level 0", "Level 1", "Level 2", "Reconcile", "everything adds up, to the last unit"):
        assert line in shown
    assert "\x1b[" not in shown, "a pipe gets no terminal codes"


@pytest.mark.parametrize("tape", TAPES)
def test_the_demo_plays_a_recorded_tape(tape: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = RECORDINGS / tape
    if not path.exists():
        pytest.skip(f"the recording {tape} is not beside this checkout")
    assert main(["demo", "--replay", str(path)]) == 0
    assert "everything adds up" in capsys.readouterr().out


def test_a_single_unit_that_is_missing_fails_the_demo(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def one_short(before: reconcile.Holdings, fills: Iterable[Fill]) -> dict[tuple[str, str], int]:
        held = reconcile.apply_fills(before, fills)
        held["kraken", "cash"] -= 1
        return held

    monkeypatch.setattr(demo, "apply_fills", one_short)
    assert main(["demo"]) == 1
    assert "cash on kraken" in capsys.readouterr().out


def test_a_tape_that_is_none_is_said_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "tape.jsonl"
    broken.write_text("not a tape\n")
    assert main(["demo", "--replay", str(broken)]) == 1
    assert "✗" in capsys.readouterr().out


def fill(side: str, qty_1e8: int, price_1e9: int, symbol: str = "BTC-USD", fee_1e9: int = 0) -> Fill:
    return Fill(
        fill_id="f",
        node_order_id="graph:g:order:1",
        symbol=symbol,
        side=side,
        qty_1e8=qty_1e8,
        price_1e9=price_1e9,
        venue="kraken",
        fee_1e9=fee_1e9,
        timestamp_ns=0,
    )


def test_spot_fills_round_against_the_trader() -> None:
    bought = reconcile.apply_fills({}, [fill("BUY", 1, 1, fee_1e9=10)])
    assert bought == {("kraken", "BTC"): 1, ("kraken", "cash"): -2}
    sold = reconcile.apply_fills({("kraken", "BTC"): 1}, [fill("SELL", 1, 1)])
    assert sold == {("kraken", "BTC"): 0, ("kraken", "cash"): 0}


def test_perp_fills_move_cash_only_where_they_close() -> None:
    usd, coin = 10**9, 10**8
    long_then_flipped = [
        fill("BUY", 2 * coin, 100 * usd, "BTC-USD-PERP"),
        fill("SELL", 3 * coin, 110 * usd, "BTC-USD-PERP"),
        fill("BUY", coin, 90 * usd, "BTC-USD-PERP"),
    ]
    held = reconcile.apply_fills({}, long_then_flipped)
    assert held["kraken", "cash"] == (2 * 10 + 20) * coin


def test_differences_name_the_holding_and_both_amounts() -> None:
    (wrong,) = reconcile.differences({("kraken", "BTC"): 5}, {("kraken", "BTC"): 4})
    assert str(wrong) == "BTC on kraken: the fills give 5, the exchange reports 4"
    assert not reconcile.differences({("kraken", "BTC"): 5, ("okx", "ETH"): 0}, {("kraken", "BTC"): 5})
