"""The code samples of levels 0 to 2 of the SDK reference run verbatim against the sandbox, dict access included."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

import sequence_markets
from sequence_markets import Sequence, SequenceError
from sequence_markets.sandbox import Sandbox

from .samples import Sample, flat, needs_reference, run

pytestmark = needs_reference


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seed=7) as running:
        yield running


@pytest.fixture
def scope(sandbox: Sandbox) -> Iterator[dict[str, Any]]:
    with sandbox.client() as seq:
        yield {"seq": seq, "Sequence": Sequence, "SequenceError": SequenceError, "time": time}


def test_constructing_clients(scope: dict[str, Any]) -> None:
    run(Sample("from sequence_markets import Sequence, SequenceError", '"http://localhost:50052")', flat(3)), scope)
    assert isinstance(scope["seq"], sequence_markets.Sequence)
    scope["seq"].close()


@pytest.mark.covers("buy", "orders")
def test_telling_errors_apart(scope: dict[str, Any]) -> None:
    run(Sample('try:\nseq.buy("ETH-USD", 50)', "else:\nraise", (0, 1, 0, 1, 2, 1, 2, 1, 2)), scope)
    (order,) = scope["seq"].orders()
    assert order["symbol"] == "ETH-USD"
    assert order["qty_1e8"] == 50 * 10**8


@pytest.mark.covers("connect_venue", "venues")
def test_connecting_venues(scope: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    run(Sample("# CEX — flat api_key + api_secret", '"builder": "0x…", # optional\n},\n)', flat(20)), scope)
    run(Sample("for v in seq.venues():", "else '✗'}\")", (0, 1)), scope)
    shown = capsys.readouterr().out.split()
    assert set(shown[::2]) == {"binance", "okx", "kalshi", "polymarket"}
    assert set(shown[1::2]) == {"✓"}


@pytest.mark.covers("quotes")
def test_listing_quotes(scope: dict[str, Any]) -> None:
    run(Sample('bbo = seq.quotes(["BTC-USD"', '"SOL-USD"])', flat(1)), scope)
    assert [quote["symbol"] for quote in scope["bbo"]] == ["BTC-USD", "ETH-USD", "SOL-USD"]


@pytest.mark.covers("quotes_batch", "symbols")
def test_scanning_a_batch(scope: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    markets = [symbol for symbol in scope["seq"].symbols() if symbol["type"] == "prediction"]
    scope["kalshi_tickers"] = [each["symbol"] for each in markets if each["venues"] == ["kalshi"]] + ["no such market"]
    scope["polymarket_token_ids"] = [each["symbol"] for each in markets if each["venues"] == ["polymarket"]]
    start = "# Scan all Kalshi + Polymarket markets in one call"
    run(Sample(start, 'q["nbbo"]["ask"], q["source"])', (*(0,) * 8, 1, 2, 1)), scope)
    lines = capsys.readouterr().out.splitlines()
    assert scope["r"]["count"] == len(markets) + 1
    assert len(lines) == len(markets)
    # Books nobody followed yet come through the cold path once, and from the live cache from then on.
    assert {line.split()[-1] for line in lines} == {"edge_rpc_snapshot"}
    again = scope["seq"].quotes_batch([entry["symbol"] for entry in scope["r"]["quotes"]])
    assert {entry["source"] for entry in again["quotes"] if "error" not in entry} == {"edge_nbbo"}


@pytest.mark.covers("positions_unified")
def test_reading_positions(scope: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    scope["seq"].buy("KXPGATOUR-ZUCONO26-THVI", 10, venue="kalshi")
    run(Sample("# All active positions across every venue", "include_closed=True)", flat(12)), scope)
    assert capsys.readouterr().out.startswith("NAV = $")
    assert {each["instrument"]["kind"] for each in scope["cash"]["positions"]} <= {"fiat", "crypto"}
    (event,) = scope["events"]["positions"]
    assert event["qty_1e8"] == 10 * 10**8
    assert len(scope["historical"]["positions"]) >= len(scope["resp"]["positions"])


@pytest.mark.covers("edges")
def test_asserting_that_every_edge_is_connected(scope: dict[str, Any]) -> None:
    run(Sample('assert all(e["status"] == "connected"', 'seq.edges()["edges"])', flat(1)), scope)


@pytest.mark.covers("buy", "sell", "cancel", "orders")
def test_trading(scope: dict[str, Any]) -> None:
    seq: Sequence = scope["seq"]
    seq.buy("SOL-USD", 1, limit_price=1, graph_id="graph_f679e9c25e9e4ecbaacceb71d62bd9a9")
    sample = Sample('seq.buy("ETH-USD", 50, urgency="high"', 'instrument_type="perp", venue="hyperliquid")', flat(9))
    run(sample, scope)
    sent = {(order["symbol"], order["side"], order["venue"]): order for order in seq.orders()["orders"]}
    assert sent["SOL-USD", "BUY", None]["status"] == "CANCELLED"
    assert sent["ETH-USD", "BUY", None]["status"] == "FILLED"
    assert sent["ETH-USD-PERP", "BUY", "hyperliquid"]["status"] == "FILLED"
    assert sent["KXPGATOUR-ZUCONO26-THVI", "BUY", "kalshi"]["limit_price_1e9"] == 20_000_000
    (token,) = [order for order in sent.values() if order["venue"] == "polymarket"]
    assert token["symbol"].startswith("4394372887385518214471608448209527405")
    assert token["limit_price_1e9"] == 100_000_000
    assert sent["BTC-USD", "SELL", "coinbase"]["failure_reason"] == "INSUFFICIENT_BALANCE"
