"""Ten thousand random trades leave exactly what the list of fills says they should."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import count
from math import floor
from typing import cast

from .support import KALSHI, PERP, Row, Trader, exchange

TRADES = 10_000
LISTINGS = {
    # symbol: (venue, cash asset, middle price in 1e-9, price step in 1e-9)
    "BTC-USD": ("kraken", "USD", 90_000 * 10**9, 10_000_000),
    "DOGE-USDT": ("binance", "USDT", 81_370_000, 10_000),
    PERP: ("hyperliquid", "USDC", 3_000 * 10**9, 10_000_000),
    KALSHI: ("kalshi", "USD", 430_000_000, 10_000_000),
    f"{KALSHI}:NO": ("kalshi", "USD", 570_000_000, 10_000_000),
}


def all_fills(trader: Trader) -> list[Row]:
    """Every fill, oldest first, page by page."""
    found: list[Row] = []
    while True:
        answer = trader.exchange.fills(trader.client, limit=500, offset=len(found))
        found += cast("list[Row]", answer["fills"])
        if not answer["has_more"]:
            return found[::-1]


def test_the_fills_alone_explain_cash_positions_results_and_fees() -> None:
    rng = random.Random(20260105)
    trader = Trader(exchange())
    start = {
        (row["venue"], str(row["instrument"])): cast("int", row["qty_1e8"])
        for row in cast("list[Row]", trader.exchange.positions(trader.client)["positions"])
    }
    for number in count():
        if trader.exchange.state.fill_count >= TRADES:
            break
        symbol = rng.choice(list(LISTINGS))
        venue, _, middle, step = LISTINGS[symbol]
        if number % 50 == 0:
            for name, (place, _, around, tick) in LISTINGS.items():
                if not name.endswith(":NO"):
                    drift = rng.randrange(-3, 4) * tick
                    sizes = [rng.randrange(10**8, 10**12) for _ in range(6)]
                    bids = [(around + drift - (n + 1) * tick, sizes[n]) for n in range(3)]
                    asks = [(around + drift + (n + 1) * tick, sizes[n + 3]) for n in range(3)]
                    trader.exchange.set_book(name, place, bids, asks)
        node = {
            "node_id": "o",
            "instrument": {"symbol": symbol, "venue": venue},
            "side": rng.choice(["buy", "sell"]),
            "order_type": "market"
            if rng.random() < 0.7
            else {"limit": {"price_1e9": middle + rng.randrange(-3, 4) * step}},
            "quantity": {"fixed": {"qty_1e8": rng.randrange(1, 10**9)}},
            "execution": {"tif": rng.choice(["GTC", "IOC"])},
        }
        answer = trader.exchange.submit(trader.client, {"nodes": [node], "edges": []})
        if rng.random() < 0.5:
            trader.exchange.print_trade(
                symbol,
                venue,
                rng.choice(("buy", "sell")),
                middle + rng.randrange(-4, 5) * step,
                rng.randrange(1, 10**9),
            )
        if rng.random() < 0.7:
            trader.exchange.cancel_graph(trader.client, cast("str", answer["graph_id"]))
    trader.exchange.check_invariants()

    fills = all_fills(trader)
    assert len(fills) >= TRADES
    assert {"maker", "taker"} == {cast("str", fill["liquidity"]) for fill in fills}
    cash: dict[tuple[str, str], int] = {}
    quantity: dict[str, int] = {}
    basis: dict[str, Fraction] = {}
    realized: dict[str, Fraction] = {}
    fees: dict[str, int] = {}
    for fill in fills:
        symbol = cast("str", fill["symbol"])
        qty, price, fee_1e9 = (cast("int", fill[name]) for name in ("qty_1e8", "price_1e9", "fee_1e9"))
        assert fee_1e9 % 10 == 0
        fee = fee_1e9 // 10
        key = (cast("str", fill["venue"]), LISTINGS[symbol][1])
        fees[symbol] = fees.get(symbol, 0) + fee_1e9
        signed = qty if fill["side"] == "BUY" else -qty
        before, cost = quantity.get(symbol, 0), basis.get(symbol, Fraction(0))
        exact = Fraction(qty * price, 10**9)
        gain = Fraction(0)
        if symbol == PERP:
            closing = min(qty, abs(before)) if before * signed < 0 else 0
            released = Fraction(floor(cost * closing / abs(before))) if closing else Fraction(0)
            gain = closing * price - released if before > 0 else released - closing * price
            basis[symbol] = cost - released + (qty - closing) * price
            moved = floor(gain / 10**9)
        elif signed > 0:
            basis[symbol] = cost + qty * price
            moved = floor(-exact)
        else:
            released = Fraction(floor(cost * qty / before))
            gain = qty * price - released
            basis[symbol] = cost - released
            moved = floor(exact)
        realized[symbol] = realized.get(symbol, Fraction(0)) + gain
        quantity[symbol] = before + signed
        cash[key] = cash.get(key, 0) + moved - fee

    names = {"BTC-USD": "BTC", "DOGE-USDT": "DOGE", PERP: "ETH-PERP", KALSHI: "YES", f"{KALSHI}:NO": "NO"}
    for symbol, name in names.items():
        row = trader.position(LISTINGS[symbol][0], name)
        assert row["qty_1e8"] == quantity[symbol], symbol
        assert row["fees_usd_1e9"] == fees[symbol], symbol
        assert row["realized_pnl_usd_1e9"] == floor(realized[symbol] / 10**8), symbol
        if quantity[symbol]:
            assert row["entry_price_usd_1e9"] == floor(basis[symbol] / abs(quantity[symbol])), symbol
    for (venue, asset), moved in cash.items():
        row = trader.position(venue, asset)
        assert row["qty_1e8"] == start[(venue, str(row["instrument"]))] + moved, asset
    assert trader.total("fees_usd_1e9") == sum(fees.values())
