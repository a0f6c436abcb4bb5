"""Points of the past: bars read at their ends, and the newest trades found from behind."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given, settings, strategies as st

from sequence_markets.sandbox.history.points import bar_parts, trade_parts
from sequence_markets.sandbox.market import Market, MarketTrade, ScriptedMarket, SyntheticMarket

from ..market.recordings import SPOT_BTC, tape_market

NOW: Final = 1_767_571_200 * 10**9
SECOND: Final = 10**9
MARKET: Final = SyntheticMarket(seed=7)


def newest_trades(
    market: Market, symbol: str, venue: str | None, start_ns: int, end_ns: int, most: int
) -> list[MarketTrade]:
    parts = [*trade_parts(market, symbol, venue, start_ns, end_ns, most)]
    return [trade for part in reversed(parts) for trade in part]


def bar_points(symbol: str, start_ns: int, end_ns: int, interval_s: int, most: int) -> list[tuple[int, int]]:
    parts = bar_parts(MARKET, symbol, None, start_ns, end_ns, interval_s, most)
    return [point for part in parts for point in part]


class Counting(ScriptedMarket):
    """A market that counts the trades it was made to show."""

    shown = 0

    def trades(self, symbol: str, start_ns: int, end_ns: int, venue: str | None = None) -> list[MarketTrade]:
        found = super().trades(symbol, start_ns, end_ns, venue)
        self.shown += len(found)
        return list(found)


@given(
    symbol=st.sampled_from(["BTC-USD", "KXRAIN-26NOV27-OSL", "KXRAIN-26NOV27-OSL:NO", "ETH-USD-PERP"]),
    length=st.integers(0, 90 * SECOND),
    until=st.integers(-SECOND, SECOND),
    most=st.integers(1, 700),
    pinned=st.booleans(),
)
@settings(deadline=None, max_examples=40)
def test_the_newest_trades_are_the_last_of_all(symbol: str, length: int, until: int, most: int, pinned: bool) -> None:
    end = NOW + until
    venue = MARKET.venues(symbol)[-1] if pinned else None
    everything = list(MARKET.trades(symbol, end - length, end, venue))
    assert newest_trades(MARKET, symbol, venue, end - length, end, most) == everything[-most:]


def test_a_hundred_trades_of_a_busy_symbol_do_not_cost_its_day() -> None:
    market = Counting(MARKET)
    assert len(newest_trades(market, "BTC-USD", None, NOW - 86_400 * SECOND, NOW, 100)) == 100
    assert market.shown < 1_000


def test_a_symbol_nobody_trades_is_looked_through_to_its_start() -> None:
    market = ScriptedMarket(MARKET)
    market.set_book("ABC-USD", "kraken", [(SECOND, 1)], [(2 * SECOND, 1)], NOW - 40 * 86_400 * SECOND)
    assert newest_trades(market, "ABC-USD", None, 0, NOW, 100) == []
    market.add_trade(MarketTrade("t", NOW - 39 * 86_400 * SECOND, "ABC-USD", "kraken", SECOND, 5, "buy", "scripted"))
    assert [trade.trade_id for trade in newest_trades(market, "ABC-USD", None, 0, NOW, 100)] == ["t"]


def test_bars_end_at_multiples_of_their_length_inside_the_window() -> None:
    start, end = NOW - 10 * 60 * SECOND, NOW + 30 * SECOND
    points = bar_points("BTC-USD", start, end, 60, 1000)
    assert [at_ns for at_ns, _ in points] == [start + k * 60 * SECOND for k in range(1, 11)]
    assert all(price == MARKET.reference_price("BTC-USD", at_ns) for at_ns, price in points)
    assert bar_points("BTC-USD", start, end, 60, 3) == points[-3:]
    assert bar_points("BTC-USD", NOW + 1, NOW + SECOND, 60, 3) == []


def test_many_bars_come_in_parts_that_join_without_a_seam() -> None:
    parts = [*bar_parts(MARKET, "BTC-USD", None, NOW - 2_500 * SECOND, NOW, 1, 10_000)]
    assert [len(part) for part in parts] == [1_000, 1_000, 500]
    joined = [at_ns for part in parts for at_ns, _ in part]
    assert joined == list(range(NOW - 2_499 * SECOND, NOW + 1, SECOND))


def test_many_trades_come_in_parts_of_a_bounded_size() -> None:
    parts = [*trade_parts(MARKET, "BTC-USD", None, NOW - 3_600 * SECOND, NOW, 20_000)]
    assert sum(map(len, parts)) == 20_000
    assert max(map(len, parts)) < 5_000


@pytest.mark.parametrize("symbol", ["BTC-USD", "ETH-USD-PERP", "KXRAIN-26NOV27-OSL", "KXRAIN-26NOV27-OSL:NO"])
def test_a_bar_is_the_price_between_the_quotes_of_its_instant(symbol: str) -> None:
    for at_ns, price in bar_points(symbol, NOW - 3600 * SECOND, NOW, 60, 1000):
        for venue in MARKET.venues(symbol):
            book = MARKET.book(symbol, venue, at_ns)
            assert book is not None
            tick = MARKET.catalogue.get(symbol).tick_1e9
            assert book.bids[0][0] <= price + tick
            assert book.asks[0][0] >= price - tick


def test_the_trades_of_a_tape_are_all_its_trades() -> None:
    market = tape_market(SPOT_BTC)
    feed = market.tapes[0].feed
    found = newest_trades(market, "BTC-USDT", "binance", market.start_ns - SECOND, market.end_ns, 10**6)
    recorded = [p for p in feed.prints if market.start_ns - SECOND < p.time_ns <= market.end_ns]
    assert len(found) == len(recorded) > 1_000
    assert [(t.trade_id, t.time_ns, t.price_1e9, t.qty_1e8, t.taker_side) for t in found] == [
        (p.trade_id, p.time_ns, p.price_1e9, p.qty_1e8, p.taker_side) for p in recorded
    ]
    assert {trade.origin for trade in found} == {"recorded"}
