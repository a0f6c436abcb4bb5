"""The real matcher and a simple one agree, on random books and on the recorded tapes."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import cast

import pytest
from hypothesis import given, settings, strategies as st

from sequence_markets.sandbox.exchange import Exchange
from sequence_markets.sandbox.market import SyntheticMarket

from ..market.recordings import SPOT_BTC, SPOT_ETH, tape_market
from .simple_matcher import SimpleFill, SimpleMatcher
from .support import SEED, START_NS, Trader

MARKET = SyntheticMarket(seed=SEED)
VENUES = ("kraken", "coinbase", "okx")
TICK = 10_000_000
MIDDLE = 900

ladders = st.lists(st.tuples(st.integers(1, 8), st.integers(1, 50)), max_size=4, unique_by=lambda level: level[0])
steps = st.one_of(
    st.tuples(st.just("book"), st.sampled_from(VENUES), st.integers(-4, 4), ladders, ladders),
    st.tuples(
        st.just("order"),
        st.sampled_from(["buy", "sell"]),
        st.integers(1, 120),
        st.none() | st.integers(-6, 6),
        st.sampled_from(["GTC", "GTC", "IOC", "FOK"]),
        st.none() | st.integers(0, 80),
    ),
    st.tuples(
        st.just("trade"),
        st.sampled_from(VENUES),
        st.integers(-6, 6),
        st.integers(1, 90),
        st.sampled_from(["buy", "sell"]),
    ),
    st.tuples(st.just("cancel"), st.integers(1, 12)),
)


def rich(exchange: Exchange, asset: str) -> Trader:
    """A trader with plenty of one asset everywhere."""
    trader = Trader(exchange)
    venues = ("binance", "coinbase", "kraken", "okx", "bybit", "bitget", "cryptocom")
    rows = [{"venue": venue, "kind": "crypto", "symbol": asset, "qty": 1_000_000} for venue in venues]
    exchange.sandbox_set_positions(trader.client, {"positions": rows})
    return trader


def real_fills(trader: Trader) -> list[SimpleFill]:
    state = trader.exchange.state
    fills = state.accounts[trader.client].fills
    return [(fill.order, fill.venue, Fraction(fill.price), Fraction(fill.qty), fill.liquidity) for fill in fills]


def order_body(symbol: str, side: str, qty: int, limit: int | None, tif: str, cap: int | None) -> dict[str, object]:
    node = {
        "node_id": "o",
        "instrument": {"symbol": symbol, "venue": None},
        "side": side,
        "order_type": "market" if limit is None else {"limit": {"price_1e9": limit}},
        "quantity": {"fixed": {"qty_1e8": qty}},
        "execution": {"tif": tif, "max_slippage_bps": cap},
    }
    return {"nodes": [node], "edges": []}


@given(st.lists(steps, min_size=5, max_size=40))
@settings(deadline=None, max_examples=150)
def test_both_agree_on_random_books(script: list[tuple[object, ...]]) -> None:
    exchange = Exchange(MARKET, seed=SEED, start_ns=START_NS)
    trader, simple = rich(exchange, "BTC"), SimpleMatcher()
    graphs: list[str] = []

    def show(venue: str, shift: int, bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> None:
        exchange.set_book(
            "BTC-USD",
            venue,
            [((MIDDLE + shift - away) * TICK, size) for away, size in bids],
            [((MIDDLE + shift + away) * TICK, size) for away, size in asks],
        )
        book = exchange.market.book("BTC-USD", venue, exchange.now_ns)
        assert book is not None
        simple.show(book)
        simple.look(venue)

    for venue in VENUES:
        show(venue, 0, [(1, 20), (3, 30)], [(1, 20), (3, 30)])
    for step in script:
        match step:
            case ("book", str(venue), int(shift), bids, asks):
                show(venue, shift, cast("list[tuple[int, int]]", bids), cast("list[tuple[int, int]]", asks))
            case ("order", str(side), int(qty), limit, str(tif), cap):
                price = (MIDDLE + limit) * TICK if isinstance(limit, int) else None
                bound = cap if isinstance(cap, int) else None
                both = all(any(simple.books[venue][way] for venue in VENUES) for way in ("buy", "sell"))
                bound = bound if both else None
                answer = exchange.submit(trader.client, order_body("BTC-USD", side, qty, price, tif, bound))
                graphs.append(cast("str", answer["graph_id"]))
                simple.submit(side, qty, price, tif, bound)
            case ("trade", str(venue), int(away), int(qty), str(taker)):
                price = (MIDDLE + away) * TICK
                exchange.print_trade("BTC-USD", venue, "buy" if taker == "buy" else "sell", price, qty)
                simple.trade(venue, price, qty, taker)
                simple.look(venue)
            case ("cancel", int(number)) if number <= len(graphs):
                exchange.cancel_graph(trader.client, graphs[number - 1])
                simple.cancel(number)
            case _:
                pass
        assert real_fills(trader) == simple.fills
    exchange.check_invariants()


@pytest.mark.parametrize(("name", "symbol", "asset"), [(SPOT_BTC, "BTC-USDT", "BTC"), (SPOT_ETH, "ETH-USDT", "ETH")])
def test_both_agree_on_the_recorded_tapes(name: str, symbol: str, asset: str) -> None:
    market = tape_market(name)
    exchange = Exchange(market, seed=SEED, start_ns=market.start_ns)
    trader, simple = rich(exchange, asset), SimpleMatcher()
    rng = random.Random(11)
    venues = market.venues(symbol)
    span = min(market.end_ns - market.start_ns, 20 * 10**9)
    graphs: list[str] = []
    for _ in range(25):
        start, target = exchange.now_ns, exchange.now_ns + span // 25
        exchange.advance_to(target)
        while (seen := market.next_change(symbol, start)) is not None and seen <= target:
            for trade in market.trades(symbol, start, seen):
                simple.trade(trade.venue, trade.price_1e9, trade.qty_1e8, trade.taker_side)
            start = seen
            for venue in venues:
                book = market.book(symbol, venue, seen)
                if book is not None:
                    simple.show(book)
                    simple.look(venue)
        middle = market.reference_price(symbol, exchange.now_ns)
        assert middle is not None
        side = rng.choice(["buy", "sell"])
        limit = None if rng.random() < 0.3 else (middle + rng.randrange(-30, 30) * middle // 200_000) // TICK * TICK
        tif = rng.choice(["GTC", "GTC", "GTC", "IOC", "FOK"])
        cap = rng.choice([None, None, 5])
        qty = rng.randrange(10**5, 3 * 10**8)
        for venue in venues:
            book = market.book(symbol, venue, exchange.now_ns)
            if book is not None:
                simple.show(book)
        answer = exchange.submit(trader.client, order_body(symbol, side, qty, limit, tif, cap))
        graphs.append(cast("str", answer["graph_id"]))
        simple.submit(side, qty, limit, tif, cap)
        if rng.random() < 0.2:
            number = rng.randrange(len(graphs))
            exchange.cancel_graph(trader.client, graphs[number])
            simple.cancel(number + 1)
    exchange.check_invariants()
    fills = sorted(real_fills(trader))
    assert fills == sorted(simple.fills)
    assert {fill[4] for fill in fills} == {"maker", "taker"}
