"""What an order is compared with: the market's own average price, by the first source there is."""

from __future__ import annotations

import pytest

from sequence_markets.sandbox.analysis.benchmark import market_vwap
from sequence_markets.sandbox.exchange import Exchange
from sequence_markets.sandbox.trading.desk import Desk
from tests.sandbox.trading.support import KALSHI, PERP, SECOND, SEED, START_NS, Trader

from .support import MARKET, client, desk, orders_of, report_of

NOW = START_NS + 3600 * SECOND


def vwap(symbol: str, start: int, end: int) -> int:
    trades = MARKET.trades(symbol, start, end)
    return sum(each.price_1e9 * each.qty_1e8 for each in trades) // sum(each.qty_1e8 for each in trades)


@pytest.mark.parametrize("symbol", ["BTC-USD", PERP])
def test_up_to_ten_seconds_the_prints_are_counted(symbol: str) -> None:
    for length in (1, 10):
        start = NOW - length * SECOND
        assert market_vwap(MARKET, symbol, start, NOW, 1) == (vwap(symbol, start, NOW), "prints")


def test_a_longer_time_is_read_in_bars_by_their_volume() -> None:
    start = NOW - 120 * SECOND
    found = market_vwap(MARKET, "BTC-USD", start, NOW, 1)
    assert found is not None
    bars = MARKET.bars("BTC-USD", start, NOW, 10 * SECOND)
    assert len(bars) == 12
    worth = sum((bar.open_1e9 + bar.close_1e9) // 2 * bar.volume_1e8 for bar in bars)
    assert found == (worth // sum(bar.volume_1e8 for bar in bars), "bars")
    assert abs(found.price_1e9 - vwap("BTC-USD", start, NOW)) * 10_000 < found.price_1e9


def test_an_instant_is_compared_with_the_shortest_past_that_has_a_print() -> None:
    assert market_vwap(MARKET, "BTC-USD", NOW, NOW, 1) == (vwap("BTC-USD", NOW - SECOND // 5, NOW), "recent_prints")
    spans = (SECOND // 5, 2 * SECOND, 20 * SECOND, 200 * SECOND)
    shortest = next(span for span in spans if MARKET.trades(KALSHI, NOW - span, NOW))
    assert shortest > SECOND // 5
    assert market_vwap(MARKET, KALSHI, NOW, NOW, 1) == (vwap(KALSHI, NOW - shortest, NOW), "recent_prints")


def test_without_a_print_the_arrival_stands_in() -> None:
    trader = Trader(desk())
    trader.book(bids=[("99", "1")], asks=[("101", "1")])
    market, now = trader.exchange.market, trader.exchange.now_ns
    assert market_vwap(market, "BTC-USD", now, now, 7) == (7, "arrival_mid")
    assert market_vwap(market, "BTC-USD", now, now, 0) is None


def test_a_report_is_the_same_whenever_it_is_read() -> None:
    exchange = Exchange(MARKET, seed=SEED, start_ns=NOW)
    name = client(exchange)
    for place in range(3):
        exchange.submit(name, {"symbol": "BTC-USD", "side": "buy", "qty": 0.5, "graph_id": f"g{place}"})
        exchange.advance_to(exchange.now_ns + SECOND)
    first = [report_of(exchange, order) for order in orders_of(exchange, name)]
    assert set(exchange.desk.benchmarks) == {1, 2, 3}
    exchange.advance_to(exchange.now_ns + 3600 * SECOND)
    kept = [report_of(exchange, order) for order in orders_of(exchange, name)]
    exchange.desk.benchmarks.clear()
    fresh = [report_of(exchange, order) for order in orders_of(exchange, name)]
    assert first == kept == fresh


def test_a_print_of_the_very_instant_still_counts() -> None:
    trader = Trader(desk())
    trader.book(bids=[("99", "5")], asks=[("101", "5")])
    trader.place("buy", "1")
    work: Desk = trader.exchange.desk
    (order,) = orders_of(trader.exchange, trader.client)
    before = report_of(trader.exchange, order).benchmark
    trader.print("buy", "101", "1")
    after = report_of(trader.exchange, order).benchmark
    assert before is not None
    assert after is not None
    assert (before.source, after.source, work.benchmarks) == ("arrival_mid", "recent_prints", {})
