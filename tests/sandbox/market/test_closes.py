"""Prices at many instants are the prices that are quoted, barred and marked at each of them."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import example, given, settings, strategies as st

from sequence_markets.sandbox.market import MarketTrade, ScriptedMarket, SyntheticMarket
from sequence_markets.sandbox.market.path import Path

from .recordings import SPOT_BTC, tape_market

NOW: Final = 1_767_571_200 * 10**9
SECOND: Final = 10**9
MARKET: Final = SyntheticMarket(seed=7)
SYMBOLS: Final = ["BTC-USD", "BTC-USDT", "ETH-USD-PERP", "KXRAIN-26NOV27-OSL", "KXRAIN-26NOV27-OSL:NO"]


@given(steps=st.lists(st.integers(0, 2**38), max_size=40), ordered=st.booleans(), near=st.integers(0, 2**36))
@example(steps=[0], ordered=False, near=2**28 + 1)
@settings(deadline=None, max_examples=100)
def test_a_path_read_at_once_is_the_path_read_one_by_one(steps: list[int], ordered: bool, near: int) -> None:
    path = Path(7, "asset/BTC", volatility=2**30)
    steps = [*(near + step % 5000 for step in steps), *steps]
    if ordered:
        steps.sort()
    assert path.values(steps) == [path.value(step) for step in steps]


@given(
    symbol=st.sampled_from(SYMBOLS),
    instants=st.lists(st.integers(NOW - 10**17, NOW + 10**17), max_size=30),
)
@settings(deadline=None, max_examples=60)
def test_closes_are_reference_prices(symbol: str, instants: list[int]) -> None:
    assert MARKET.closes(symbol, instants) == [MARKET.reference_price(symbol, at_ns) for at_ns in instants]


@pytest.mark.parametrize(("symbol", "venue"), [("BTC-USD", "okx"), ("ETH-USD-PERP", "hyperliquid"), ("SOL-USDT", None)])
def test_closes_are_the_closes_of_bars(symbol: str, venue: str | None) -> None:
    minute = 60 * SECOND
    bars = MARKET.bars(symbol, NOW - 20 * minute, NOW, minute, venue)
    ends = [bar.start_ns + minute for bar in bars]
    assert MARKET.closes(symbol, ends, venue) == [bar.close_1e9 for bar in bars]


def test_a_venue_that_does_not_quote_has_no_closes() -> None:
    assert MARKET.closes("BTC-USD", [NOW], "kalshi") == [None]
    assert MARKET.closes("nope", [NOW, NOW + 1]) == [None, None]


def test_what_is_not_listed_yet_or_closed_has_no_close() -> None:
    event = next(MARKET.events.listed(NOW, venue="polymarket", newest_first=True))
    instants = [event.listed_ns - 1, event.listed_ns, event.close_ns - 1, event.close_ns, event.resolve_ns + 1]
    closes = MARKET.closes(event.yes, instants)
    assert [price is None for price in closes] == [True, False, False, True, True]
    mirrored = [None if price is None else 10**9 - price for price in closes]
    assert MARKET.closes(event.no, instants) == mirrored


def test_a_script_takes_over_at_its_instant() -> None:
    market = ScriptedMarket(MARKET)
    market.set_book("BTC-USD", "kraken", [(899 * SECOND, 1)], [(901 * SECOND, 1)], NOW)
    instants = [NOW - SECOND, NOW - 1, NOW, NOW + SECOND]
    assert market.closes("BTC-USD", instants) == [*MARKET.closes("BTC-USD", instants[:2]), 900 * SECOND, 900 * SECOND]
    market.set_resolution("KXRAIN-26NOV27-OSL", "yes", NOW)
    assert market.closes("KXRAIN-26NOV27-OSL", instants)[1:] == [
        MARKET.reference_price("KXRAIN-26NOV27-OSL", NOW - 1),
        None,
        None,
    ]


def test_a_tapes_closes_are_its_recorded_middles() -> None:
    market = tape_market(SPOT_BTC)
    start, end = market.start_ns, market.end_ns
    instants = [start - 1, start, (start + end) // 2, end + SECOND]
    assert market.closes("BTC-USDT", instants) == [market.reference_price("BTC-USDT", at_ns) for at_ns in instants]
    assert market.closes("BTC-USDT", instants)[0] is None


@pytest.mark.parametrize("symbol", ["BTC-USD", "KXRAIN-26NOV27-OSL:NO"])
def test_the_trades_of_one_venue_are_those_of_all_that_are_its_own(symbol: str) -> None:
    market = ScriptedMarket(MARKET)
    market.add_trade(MarketTrade("mine", NOW - SECOND, symbol, market.venues(symbol)[0], 10**8, 1, "buy", "scripted"))
    everything = market.trades(symbol, NOW - 60 * SECOND, NOW)
    for venue in market.venues(symbol):
        own = [trade for trade in everything if trade.venue == venue]
        assert list(market.trades(symbol, NOW - 60 * SECOND, NOW, venue)) == own
    assert any(trade.trade_id == "mine" for trade in everything)


def test_the_trades_of_one_venue_of_a_tape() -> None:
    market = tape_market(SPOT_BTC)
    everything = market.trades("BTC-USDT", market.start_ns, market.end_ns)
    for venue in market.venues("BTC-USDT"):
        own = [trade for trade in everything if trade.venue == venue]
        assert list(market.trades("BTC-USDT", market.start_ns, market.end_ns, venue)) == own
