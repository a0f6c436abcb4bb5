"""Scripting books, prices and prints over another market."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings, strategies as st

from sequence_markets.sandbox.market import MarketTrade, ScriptedMarket, SyntheticMarket

P = 10**9
Q = 10**8
SECOND = 10**9
NOW = 1_767_571_200 * SECOND
RAIN = "KXRAIN-26NOV27-OSL"


def market() -> ScriptedMarket:
    return ScriptedMarket(SyntheticMarket(seed=7))


def trade(symbol: str, venue: str, price: int, *, at: int = NOW + 5, name: str = "t1", qty: int = Q) -> MarketTrade:
    return MarketTrade(name, at, symbol, venue, price, qty, "buy", "synthetic")


def test_a_scripted_symbol_is_quoted_by_its_scripted_venues_only() -> None:
    scripted = market()
    before = scripted.book("BTC-USD", "binance", NOW)
    book = scripted.set_book("btc-usd", "kraken", [(89_990 * P, Q), (90_000 * P, 2 * Q)], [(90_010 * P, Q)], NOW)
    assert book.bids == ((90_000 * P, 2 * Q), (89_990 * P, Q))
    assert scripted.venues("BTC-USD") == ("kraken",)
    assert scripted.book("BTC-USD", "kraken", NOW + SECOND) == book
    assert (book.origin, book.as_of_ns) == ("scripted", NOW)
    assert scripted.book("BTC-USD", "binance", NOW) is None
    assert scripted.reference_price("BTC-USD", NOW) == 90_005 * P
    assert scripted.next_change("BTC-USD", NOW) is None
    assert not scripted.trades("BTC-USD", NOW - 1, NOW + SECOND)
    # What stood before can still be read, and other symbols are as they were.
    assert before is not None
    earlier = scripted.book("BTC-USD", "binance", NOW - 1)
    assert earlier is not None
    assert earlier.origin == "synthetic"
    assert scripted.next_change("BTC-USD", NOW - 10) is not None
    assert scripted.venues("ETH-USD") == scripted.inner.venues("ETH-USD")
    assert scripted.book("ETH-USD", "kraken", NOW) == scripted.inner.book("ETH-USD", "kraken", NOW)


def test_a_new_book_replaces_the_one_of_its_venue() -> None:
    scripted = market()
    scripted.set_book("BTC-USD", "kraken", [(90_000 * P, Q)], [(90_010 * P, Q)], NOW)
    scripted.set_book("BTC-USD", "okx", [(89_000 * P, Q)], [], NOW + 1)
    scripted.set_book("BTC-USD", "kraken", [], [(90_020 * P, Q)], NOW + 2)
    assert scripted.venues("BTC-USD") == ("kraken", "okx")
    kraken = scripted.book("BTC-USD", "kraken", NOW + 2)
    assert kraken is not None
    assert (kraken.bids, kraken.asks) == ((), ((90_020 * P, Q),))
    assert scripted.reference_price("BTC-USD", NOW + 2) == (89_000 + 90_020) * P // 2
    assert scripted.reference_price("BTC-USD", NOW + 1) == 90_005 * P
    earlier = scripted.book("BTC-USD", "kraken", NOW + 1)
    assert earlier is not None
    assert earlier.bids
    assert scripted.next_change("BTC-USD", NOW) == NOW + 1


def test_scripting_no_writes_the_mirrored_yes_book() -> None:
    scripted = market()
    scripted.set_book(f"{RAIN}:NO", "kalshi", [(6 * P // 10, 5 * Q)], [(62 * P // 100, 7 * Q)], NOW)
    yes = scripted.book(RAIN, "kalshi", NOW)
    no = scripted.book(f"{RAIN}:NO", "kalshi", NOW)
    assert yes is not None
    assert no is not None
    assert yes.bids == ((38 * P // 100, 7 * Q),)
    assert yes.asks == ((4 * P // 10, 5 * Q),)
    assert no.bids == ((6 * P // 10, 5 * Q),)
    printed = scripted.add_trade(trade(f"{RAIN}:NO", "kalshi", 6 * P // 10))
    (seen,) = scripted.trades(RAIN, NOW, NOW + SECOND)
    assert (seen.price_1e9, seen.taker_side, seen.symbol) == (4 * P // 10, "sell", RAIN)
    assert list(scripted.trades(f"{RAIN}:NO", NOW, NOW + SECOND)) == [printed]
    yes_price, no_price = (scripted.reference_price(name, NOW) for name in (RAIN, f"{RAIN}:NO"))
    assert yes_price is not None
    assert no_price is not None
    assert yes_price + no_price == P


@pytest.mark.parametrize(
    ("symbol", "venue", "bids", "asks", "message"),
    [
        ("BTC-USD", "kraken", [(90_010 * P, Q)], [(90_010 * P, Q)], "crosses itself"),
        ("BTC-USD", "kraken", [(90_010 * P, Q)], [(90_000 * P, Q)], "crosses itself"),
        ("BTC-USD", "kraken", [(90_010 * P, 0)], [], "positive"),
        ("BTC-USD", "kraken", [], [(90_010 * P, -Q)], "positive"),
        ("BTC-USD", "kraken", [(0, Q)], [], "positive"),
        ("BTC-USD", "kraken", [(90_010 * P, Q), (90_010 * P, Q)], [], "two levels"),
        ("BTC-USD", "nowhere", [(90_010 * P, Q)], [], "unknown venue"),
        ("BTC-USD", "hyperliquid", [(90_010 * P, Q)], [], "does not trade"),
        (RAIN, "polymarket", [(P // 2, Q)], [], "does not trade"),
        (RAIN, "kalshi", [], [(P, Q)], "between 0 and 1"),
        ("nonsense", "kraken", [(P, Q)], [], "unknown symbol"),
    ],
)
def test_an_impossible_book_is_refused_and_changes_nothing(
    symbol: str, venue: str, bids: list[tuple[int, int]], asks: list[tuple[int, int]], message: str
) -> None:
    scripted = market()
    with pytest.raises(ValueError, match=message):
        scripted.set_book(symbol, venue, bids, asks, NOW)
    assert scripted.state() == {"books": [], "trades": [], "resolutions": []}
    assert scripted.catalogue.all() == scripted.inner.catalogue.all()


def test_scripts_go_forward_in_time() -> None:
    scripted = market()
    scripted.set_price("BTC-USD", 90_000 * P, ["kraken"], NOW)
    with pytest.raises(ValueError, match="scripted at"):
        scripted.set_price("BTC-USD", 90_000 * P, None, NOW - 1)


def test_unknown_pairs_become_instruments_of_this_market_alone() -> None:
    scripted = market()
    scripted.set_book("foo-usd", "kraken", [(P, Q)], [], NOW)
    assert scripted.catalogue.get("FOO-USD").settlement["kraken"] == "USD"
    assert scripted.venues("FOO-USD") == ("kraken",)
    assert scripted.inner.catalogue.resolve("FOO-USD") is None
    scripted.set_price("KXFOO-26-B:NO", P // 4, None, NOW)
    assert scripted.reference_price("KXFOO-26-B", NOW) == 3 * P // 4
    scripted.set_book("SOL-USDC", "kraken", [(140 * P, Q)], [], NOW)
    assert "kraken" in scripted.catalogue.get("SOL-USDC").venues
    scripted.clear()
    assert scripted.catalogue.resolve("FOO-USD") is None
    assert scripted.venues("BTC-USD") == scripted.inner.venues("BTC-USD")


def test_set_price_writes_the_documented_ladder_on_every_listing_venue() -> None:
    scripted = market()
    books = scripted.set_price("BTC-USD", 90_000 * P, None, NOW)
    assert [book.venue for book in books] == list(scripted.inner.venues("BTC-USD"))
    for book in books:
        assert book.bids == tuple((90_000 * P - k * 9 * P, k * Q) for k in range(1, 11))
        assert book.asks == tuple((90_000 * P + k * 9 * P, k * Q) for k in range(1, 11))
    assert scripted.reference_price("BTC-USD", NOW) == 90_000 * P
    (event,) = scripted.set_price(RAIN, 3 * P // 100, None, NOW)
    assert event.bids == ((2 * P // 100, 1_000 * Q), (P // 100, 2_000 * Q))
    assert len(event.asks) == 10
    assert scripted.set_price("ETH-USD", 3_100 * P, ["okx"], NOW)[0].asks[0] == (3_100 * P + 310_000_000, 10 * Q)
    for symbol, price in (("BTC-USD", 0), (RAIN, P), (RAIN, 0)):
        with pytest.raises(ValueError):
            scripted.set_price(symbol, price, None, NOW)


def test_prints_are_added_in_time_order_and_checked() -> None:
    scripted = market()
    scripted.set_price("BTC-USD", 90_000 * P, ["kraken"], NOW)
    scripted.add_trade(trade("BTC-USD", "kraken", 90_000 * P, at=NOW + 20, name="b"))
    scripted.add_trade(trade("BTC-USD", "kraken", 90_001 * P, at=NOW + 10, name="a"))
    assert [t.trade_id for t in scripted.trades("BTC-USD", NOW, NOW + SECOND)] == ["a", "b"]
    assert {t.origin for t in scripted.trades("BTC-USD", NOW, NOW + SECOND)} == {"scripted"}
    assert scripted.next_change("BTC-USD", NOW) == NOW + 10
    (bar,) = scripted.bars("BTC-USD", NOW, NOW + 60 * SECOND, 60 * SECOND)
    assert (bar.open_1e9, bar.volume_1e8) == (90_000 * P, 2 * Q)
    for bad in (
        trade("BTC-USD", "kraken", 90_000 * P, name="a"),
        trade("BTC-USD", "okx", 90_000 * P, name="c"),
        trade("BTC-USD", "kraken", 0, name="d"),
        trade("BTC-USD", "kraken", P, name="e", qty=0),
        trade("nope", "kraken", P, name="f"),
    ):
        with pytest.raises(ValueError):
            scripted.add_trade(bad)
    # A print on a symbol that is not scripted joins the market's own.
    scripted.add_trade(trade("ETH-USD", "kraken", 3_000 * P, at=NOW + 1, name="g"))
    assert "g" in {t.trade_id for t in scripted.trades("ETH-USD", NOW, NOW + SECOND)}
    assert len(scripted.trades("ETH-USD", NOW, NOW + SECOND)) > 1


def test_quiet_until_ends_before_the_next_script_that_is_known() -> None:
    scripted = market()
    scripted.set_price("BTC-USD", 90_000 * P, ["kraken"], NOW)
    assert scripted.quiet_until("BTC-USD", "kraken", 89_000 * P, 91_000 * P, NOW) == 2**63 - 1
    assert scripted.quiet_until("BTC-USD", "kraken", 89_995 * P, 91_000 * P, NOW) == NOW
    scripted.add_trade(trade("BTC-USD", "kraken", 88_000 * P, at=NOW + SECOND))
    assert scripted.quiet_until("BTC-USD", "kraken", 89_000 * P, 91_000 * P, NOW) == NOW + SECOND - 1


def test_bars_of_a_venue_count_its_prints_only() -> None:
    scripted = market()
    scripted.set_price("BTC-USD", 50_000 * P, ["kraken", "okx"], NOW)
    scripted.add_trade(trade("BTC-USD", "kraken", 50_000 * P, at=NOW + 5, name="a", qty=2 * Q))
    scripted.add_trade(trade("BTC-USD", "okx", 50_000 * P, at=NOW + 6, name="b", qty=3 * Q))
    (bar,) = scripted.bars("BTC-USD", NOW, NOW + 60 * SECOND, 60 * SECOND)
    assert bar.volume_1e8 == 5 * Q
    (bar,) = scripted.bars("BTC-USD", NOW, NOW + 60 * SECOND, 60 * SECOND, "okx")
    assert bar.volume_1e8 == 3 * Q


def test_bars_join_what_was_before_the_script_with_what_came_after() -> None:
    scripted = market()
    scripted.set_price("BTC-USD", 50_000 * P, None, NOW)
    bars = scripted.bars("BTC-USD", NOW - 90 * SECOND, NOW + 60 * SECOND, 60 * SECOND)
    assert [bar.start_ns for bar in bars] == [NOW - 120 * SECOND, NOW - 60 * SECOND, NOW]
    assert bars[0] == scripted.inner.bars("BTC-USD", NOW - 120 * SECOND, NOW - 60 * SECOND, 60 * SECOND)[0]
    assert bars[1].open_1e9 == bars[0].close_1e9
    assert (bars[1].low_1e9, bars[1].close_1e9) == (50_000 * P, 50_000 * P)
    assert bars[2].high_1e9 == 50_000 * P


prices = st.integers(1, 99).map(lambda cents: cents * P // 100)
books = st.tuples(
    st.sampled_from(["BTC-USD", "FOO-USD", RAIN, f"{RAIN}:NO", "KXFOO-26-B"]),
    st.lists(prices, unique=True, max_size=4),
    st.integers(1, 98),
)


@settings(deadline=None, max_examples=60)
@given(scripts=st.lists(books, max_size=6))
def test_a_restored_script_reads_the_same(scripts: list[tuple[str, list[int], int]]) -> None:
    scripted = market()
    for k, (symbol, levels, split) in enumerate(scripts):
        edge = split * P // 100 + 1
        venue = "kalshi" if symbol.startswith("KX") else "kraken"
        bids = [(price, Q) for price in levels if price < edge]
        asks = [(price, 2 * Q) for price in levels if price > edge]
        scripted.set_book(symbol, venue, bids, asks, NOW + k)
    state = scripted.state()
    restored = market()
    restored.restore(json.loads(json.dumps(state)))
    assert restored.state() == state
    assert [i.symbol for i in restored.catalogue.all()] == [i.symbol for i in scripted.catalogue.all()]
    for symbol, _, _ in scripts:
        for venue in scripted.venues(symbol):
            for now in (NOW, NOW + 3, NOW + 100):
                assert restored.book(symbol, venue, now) == scripted.book(symbol, venue, now)
        assert restored.reference_price(symbol, NOW + 9) == scripted.reference_price(symbol, NOW + 9)
