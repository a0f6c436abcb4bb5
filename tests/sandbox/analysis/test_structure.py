"""What a market is said to be made of, recomputed from its own prints and books."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import pairwise
from typing import cast

import pytest
from hypothesis import given, settings, strategies as st

from sequence_markets.sandbox.analysis.books import (
    FAIR_NOTIONAL_USD,
    depth_answer,
    fair_prices,
    fair_row,
    market_answer,
    merged,
    net_books,
)
from sequence_markets.sandbox.analysis.structure import (
    ENOUGH_PRINTS,
    PRINT_WINDOWS_NS,
    QUOTE_NS,
    QUOTE_STEP_NS,
    SHARE_NS,
    intel_answer,
    recent_prints,
    regime_of,
    toxicity_of,
)
from sequence_markets.sandbox.exchange import Exchange
from sequence_markets.sandbox.market import MarketTrade
from tests.sandbox.trading.support import KALSHI, PERP, SECOND, SEED, START_NS, Row, Trader

from .support import MARKET, Book, desk, layouts, script

NOW = START_NS + 3600 * SECOND


@pytest.mark.parametrize("symbol", ["BTC-USD", PERP, KALSHI, f"{KALSHI}:NO"])
def test_share_of_volume_is_that_of_the_prints(symbol: str) -> None:
    exchange = Exchange(MARKET, seed=SEED, start_ns=NOW)
    said = intel_answer(exchange.desk, MARKET.catalogue.get(symbol), "edge_nbbo")
    # The last two seconds are drawn print by print; the five minutes before come as sums.
    rows = {str(row["venue"]): row for row in cast("list[Row]", said["venues"])}
    assert list(rows) == list(MARKET.venues(symbol))
    traded: Counter[str] = Counter()
    for trade in MARKET.trades(symbol, NOW - SHARE_NS, NOW):
        traded[trade.venue] += trade.qty_1e8
    assert {venue: row["volume"] for venue, row in rows.items()} == {venue: traded[venue] / 10**8 for venue in rows}
    total = sum(traded.values())
    assert [row["market_share_pct"] for row in rows.values()] == [100 * traded[venue] / total for venue in rows]


@pytest.mark.parametrize("symbol", ["BTC-USD", KALSHI])
def test_prints_are_read_no_further_back_than_needed(symbol: str) -> None:
    prints, span = recent_prints(MARKET, symbol, 0, NOW)
    assert prints == list(MARKET.trades(symbol, NOW - span, NOW))
    shorter = [each for each in PRINT_WINDOWS_NS if each < span]
    assert span in PRINT_WINDOWS_NS
    assert all(len(MARKET.trades(symbol, NOW - each, NOW)) < ENOUGH_PRINTS for each in shorter)
    assert len(prints) >= ENOUGH_PRINTS or span == PRINT_WINDOWS_NS[-1]


def test_quotes_per_trade_counts_the_changes_of_the_touch() -> None:
    exchange = Exchange(MARKET, seed=SEED, start_ns=NOW)
    said = intel_answer(exchange.desk, MARKET.catalogue.get(PERP), "edge_nbbo")
    prints, span = recent_prints(MARKET, PERP, 0, NOW)
    for row in cast("list[Row]", said["venues"]):
        venue = str(row["venue"])
        touches: list[object] = []
        for at in range(NOW - QUOTE_NS, NOW + 1, QUOTE_STEP_NS):
            book = MARKET.book(PERP, venue, at)
            assert book is not None
            touches.append((book.bids[0], book.asks[0]))
        changes = sum(before != after for before, after in pairwise(touches))
        trades = sum(trade.venue == venue for trade in prints)
        assert row["quote_to_trade_ratio"] == (changes / 2) / (trades / (span / SECOND))


def prints_of(*sizes: int) -> list[MarketTrade]:
    """Prints at instants of their own; a negative size is a seller's."""
    return [
        MarketTrade(str(place), place, "X", "kraken", 1, abs(size), "buy" if size > 0 else "sell", "synthetic")
        for place, size in enumerate(sizes)
        if size
    ]


@pytest.mark.parametrize(
    ("sizes", "score"),
    [
        ([], None),
        ([5], 1.0),
        ([-7, -3], 1.0),
        ([1, -1] * 50, 0.0),
        ([10] * 5 + [-10] * 5, 1.0),
        ([5, -5] * 10, 0.0),
        ([75, -25] * 10, 0.5),
    ],
)
def test_toxicity_is_how_one_sided_each_tenth_of_the_volume_is(sizes: list[int], score: float | None) -> None:
    assert toxicity_of(prints_of(*sizes)) == score


@settings(deadline=None)
@given(sizes=st.lists(st.integers(-(10**12), 10**12), max_size=40))
def test_toxicity_unrolled(sizes: list[int]) -> None:
    """The same over the volume as one line from 0 to the total, cut at every tenth of it."""
    found = toxicity_of(prints_of(*sizes))
    total = sum(abs(size) for size in sizes)
    if not total:
        assert found is None
        return
    cuts = [total * bucket // 10 for bucket in range(11)]
    skew = 0
    for low, high in pairwise(cuts):
        net = done = 0
        for size in sizes:
            inside = max(0, min(done + abs(size), high) - max(done, low))
            net += inside if size > 0 else -inside
            done += abs(size)
        skew += abs(net)
    assert found == float(Fraction(skew, total))
    assert 0 <= skew <= total


def test_the_spread_is_compared_with_its_own_history() -> None:
    trader = Trader(desk())
    instrument = trader.exchange.market.catalogue.get("BTC-USD")
    trader.book(bids=[("99", "1")], asks=[("101", "1")])
    assert intel_answer(trader.exchange.desk, instrument, "x")["spread_regime"] == "unknown"
    trader.advance(2400)
    said = intel_answer(trader.exchange.desk, instrument, "x")
    assert (said["spread_regime"], said["usual_spread_bps"], said["spread_bps"]) == ("normal", 200.0, 200.0)
    for bid, ask, regime in (("98.5", "101.5", "wide"), ("99.25", "100.75", "tight"), ("99", "101", "normal")):
        trader.book(bids=[(bid, "1")], asks=[(ask, "1")])
        assert intel_answer(trader.exchange.desk, instrument, "x")["spread_regime"] == regime
    trader.book(bids=[("99", "1")])
    said = intel_answer(trader.exchange.desk, instrument, "x")
    assert (said["spread_regime"], said["spread_bps"]) == ("unknown", None)
    assert [row["spread_bps"] for row in cast("list[Row]", said["venues"])] == [None]


@pytest.mark.parametrize("symbol", ["BTC-USD", "DOGE-USD", KALSHI])
def test_the_usual_spread_is_the_lower_median_of_six_instants(symbol: str) -> None:
    exchange = Exchange(MARKET, seed=SEED, start_ns=NOW)
    said = intel_answer(exchange.desk, MARKET.catalogue.get(symbol), "x")
    spreads: list[Fraction] = []
    for number in range(1, 7):
        books = [MARKET.book(symbol, venue, NOW - 400 * SECOND * number) for venue in MARKET.venues(symbol)]
        bid = max(book.bids[0][0] for book in books if book is not None)
        ask = min(book.asks[0][0] for book in books if book is not None)
        spreads.append(Fraction(20_000 * (ask - bid), ask + bid))
    assert said["usual_spread_bps"] == pytest.approx(float(sorted(spreads)[2]))


@settings(deadline=None)
@given(
    now=st.tuples(st.integers(1, 1000), st.integers(1, 1000)),
    before=st.tuples(st.integers(1, 1000), st.integers(1, 1000)),
)
def test_regimes_by_their_thresholds(now: tuple[int, int], before: tuple[int, int]) -> None:
    here, usual = (now[0], now[0] + now[1]), (before[0], before[0] + before[1])
    ratio = Fraction(here[1] - here[0], here[1] + here[0]) / Fraction(usual[1] - usual[0], usual[1] + usual[0])
    expected = "tight" if ratio <= Fraction(3, 4) else "wide" if ratio >= Fraction(3, 2) else "normal"
    # Spreads are compared in steps of 1e-12, so a ratio within a millionth of a threshold may fall on either side.
    if min(abs(ratio - Fraction(3, 4)), abs(ratio - Fraction(3, 2))) > Fraction(1, 10**6):
        assert regime_of(here, usual) == expected


def test_a_scripted_market_knows_its_own_prints_only() -> None:
    trader = Trader(desk())
    trader.book(bids=[("99", "1")], asks=[("101", "1")], venue="kraken")
    trader.book(bids=[("98", "1")], asks=[("102", "1")], venue="okx")
    instrument = trader.exchange.market.catalogue.get("BTC-USD")
    said = intel_answer(trader.exchange.desk, instrument, "x")
    assert (said["toxicity_score"], said["print_count"]) == (None, 0)
    assert {row["market_share_pct"] for row in cast("list[Row]", said["venues"])} == {None}
    trader.advance(10)
    trader.print("buy", "101", "3", venue="kraken")
    trader.print("sell", "98", "1", venue="okx")
    said = intel_answer(trader.exchange.desk, instrument, "x")
    kraken, okx = cast("list[Row]", said["venues"])
    assert (kraken["market_share_pct"], okx["market_share_pct"]) == (75.0, 25.0)
    assert (kraken["spread_bps"], okx["spread_bps"]) == (200.0, 400.0)
    # Ten buckets of 0.4: seven of buyers, one half and half, two of sellers.
    assert said["toxicity_score"] == 0.9


@settings(deadline=None, max_examples=40)
@given(layout=layouts)
def test_depth_holds_every_level_of_every_venue_in_order(layout: list[Book]) -> None:
    exchange = desk()
    script(exchange, "BTC-USD", layout)
    name = exchange.account_for("a" * 64, "test")
    body = {"symbol": "BTC-USD", "side": "buy", "qty": 3, "graph_id": "g"}
    exchange.submit(name, body)
    said = depth_answer(exchange.desk, exchange.market.catalogue.get("BTC-USD"), "x")
    for side, sign in (("bids", -1), ("asks", 1)):
        rows = cast("list[Row]", said[side])
        prices = [sign * cast("float", row["price"]) for row in rows]
        assert prices == sorted(prices)
        expected = Counter(
            (price / 10**9, size / 10**8, venue)
            for venue in exchange.market.venues("BTC-USD")
            if (book := exchange.net_book("BTC-USD", venue)) is not None
            for price, size in getattr(book, side)
        )
        assert Counter((row["price"], row["size"], row["venue"]) for row in rows) == expected
    whole = market_answer(exchange.desk, exchange.market.catalogue.get("BTC-USD"), "x")
    assert (whole["total_bid_depth"], whole["total_ask_depth"]) == (said["bid_size"], said["ask_size"])
    both = cast("float", said["bid_size"]) + cast("float", said["ask_size"])
    if both:
        skew = cast("float", said["bid_size"]) - cast("float", said["ask_size"])
        assert whole["imbalance"] == pytest.approx(skew / both)
    else:
        assert whole["imbalance"] is None


def test_the_no_outcome_is_the_same_depth_from_the_other_side() -> None:
    exchange = Exchange(MARKET, seed=SEED, start_ns=NOW)
    yes, no = (depth_answer(exchange.desk, MARKET.catalogue.get(name), "x") for name in (KALSHI, f"{KALSHI}:NO"))
    seen = [(round(1 - cast("float", row["price"]), 9), row["size"]) for row in cast("list[Row]", yes["asks"])]
    assert seen == [(row["price"], row["size"]) for row in cast("list[Row]", no["bids"])]


@settings(deadline=None, max_examples=30)
@given(layout=layouts)
def test_the_fair_price_is_the_middle_of_trading_in_size(layout: list[Book]) -> None:
    exchange = desk()
    script(exchange, "BTC-USD", layout)
    said = fair_row(exchange.desk, "BTC")
    prices: list[int] = []
    for side in ("bid", "ask"):
        books = net_books(exchange.desk, "BTC-USD")
        left, qty, worth = FAIR_NOTIONAL_USD * 10**17, 0, 0
        for price, size, _ in merged(books, "bid" if side == "bid" else "ask"):
            part = min(size, left // price)
            left, qty, worth = left - part * price, qty + part, worth + part * price
        if qty:
            prices.append(worth // qty)
    if len(prices) < 2:
        assert said is None
        return
    assert said is not None
    middle = sum(prices) // 2
    assert (said["price_1e9"], said["price"]) == (middle, middle / 10**9)


def test_the_fair_price_goes_as_deep_as_its_notional() -> None:
    trader = Trader(desk())
    trader.book(bids=[("99", "2000")], asks=[("101", "500")])
    trader.book(asks=[("103", "5000")], venue="okx")
    said = fair_row(trader.exchange.desk, "BTC")
    assert said is not None
    # 500 units for 50,500 dollars, the other 49,500 dollars buy 480.58 units at 103; all is sold at 99.
    rest = 49_500 * 10**17 // (103 * 10**9)
    ask = (50_500 * 10**17 + rest * 103 * 10**9) // (500 * 10**8 + rest)
    assert (said["price_1e9"], said["venue_count"]) == ((ask + 99 * 10**9) // 2, 2)


def test_every_underlying_has_a_fair_price_and_an_unknown_one_has_none() -> None:
    exchange = Exchange(MARKET, seed=SEED, start_ns=NOW)
    rows = fair_prices(exchange.desk)
    names = [row["underlying"] for row in rows]
    assert names == sorted({each.base for each in MARKET.catalogue.all() if each.type == "spot"})
    assert fair_prices(exchange.desk, "ETH") == [row for row in rows if row["underlying"] == "ETH"]
    assert fair_prices(exchange.desk, "NOPE") == []
    reference = MARKET.reference_price("ETH-USD", NOW)
    assert reference is not None
    (eth,) = fair_prices(exchange.desk, "ETH")
    assert abs(cast("int", eth["price_1e9"]) - reference) * 1000 < reference
