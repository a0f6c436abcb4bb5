"""What is said before the trade is what then happens, to the last unit, while the books stand still."""

from __future__ import annotations

from itertools import groupby
from typing import cast

import pytest
from hypothesis import given, settings, strategies as st

from sequence_markets.sandbox.analysis.forecast import forecast_answer, simulate_answer
from sequence_markets.sandbox.analysis.pretrade import arrival_at, routing_answer, slippage_answer
from sequence_markets.sandbox.analysis.reports import tca_row
from sequence_markets.sandbox.exchange import Exchange
from sequence_markets.sandbox.instruments import Side
from sequence_markets.sandbox.trading.errors import Refusal
from tests.sandbox.trading.support import KALSHI, Row, Trader

from .support import (
    VENUES,
    Book,
    Wish,
    client,
    desk,
    fill_rows,
    layouts,
    number,
    orders_of,
    report_of,
    script,
    sides,
    wishes,
)

SYMBOLS = [*VENUES, f"{KALSHI}:NO"]


def prepared(layout: list[Book], taken: list[Wish]) -> tuple[Exchange, str]:
    """Books from which orders took something already, and which do not change any more."""
    exchange = desk()
    name = client(exchange)
    for symbol in VENUES:
        script(exchange, symbol, layout)
    for place, wish in enumerate(taken):
        exchange.submit(name, wish.body(f"taken{place}"))
    return exchange, name


def market_order(symbol: str, side: Side, graph_id: str, **quantity: object) -> dict[str, object]:
    node = {
        "node_id": "order",
        "instrument": {"symbol": symbol},
        "side": side,
        "order_type": "market",
        "quantity": quantity,
        "execution": {},
    }
    return {"nodes": [node], "edges": [], "graph_id": graph_id}


def split(fills: list[Row]) -> list[tuple[str, int, int, int]]:
    """(venue, quantity, average price rounded down, fee) per venue, in the order in which venues were first taken."""
    found: dict[str, tuple[int, int, int]] = {}
    for fill in fills:
        qty, worth, fee = found.get(str(fill["venue"]), (0, 0, 0))
        amount, price = number(fill, "qty_1e8"), number(fill, "price_1e9")
        found[str(fill["venue"])] = (qty + amount, worth + amount * price, fee + number(fill, "fee_1e9"))
    return [(venue, qty, worth // qty, fee) for venue, (qty, worth, fee) in found.items()]


@settings(deadline=None, max_examples=60)
@given(
    layout=layouts,
    taken=st.lists(wishes, max_size=3),
    symbol=st.sampled_from(SYMBOLS),
    side=sides,
    qty=st.integers(1, 6 * 10**9),
)
def test_routing_is_what_the_router_then_does(
    layout: list[Book], taken: list[Wish], symbol: str, side: Side, qty: int
) -> None:
    exchange, name = prepared(layout, taken)
    instrument = exchange.market.catalogue.get(symbol)
    said = routing_answer(exchange.desk, name, instrument, side, qty, "edge_nbbo")
    exchange.submit(name, market_order(symbol, side, "then", fixed={"qty_1e8": qty}))
    order = orders_of(exchange, name)[-1]
    legs = cast("list[Row]", said["legs"])
    announced = [(each["venue"], each["qty_1e8"], each["price_1e9"], each["fee_1e9"]) for each in legs]
    if not said["funded"]:
        assert (order.status, order.reason) == ("REJECTED", "INSUFFICIENT_BALANCE")
        return
    assert announced == split(fill_rows(exchange, name, order.id))
    assert said["filled_qty_1e8"] == order.filled
    assert (said["shortfall"] is None) == (order.filled == qty)
    if not order.filled:
        assert (said["chosen"], said["est_cost_bps"]) == (None, None)
        return
    row = tca_row(report_of(exchange, order))
    assert said["est_cost_bps"] == row["implementation_shortfall_bps"]
    assert said["chosen"] in {each["venue"] for each in legs}
    assert max(number(each, "qty_1e8") for each in legs) == next(
        number(each, "qty_1e8") for each in legs if each["venue"] == said["chosen"]
    )
    assert sum(cast("float", each["pct"]) for each in legs) == pytest.approx(100)


@settings(deadline=None, max_examples=60)
@given(
    layout=layouts,
    taken=st.lists(wishes, max_size=2),
    symbol=st.sampled_from(SYMBOLS),
    side=sides,
    dollars=st.lists(st.integers(1, 400), min_size=1, max_size=4),
)
def test_slippage_is_what_an_order_of_that_size_then_pays(
    layout: list[Book], taken: list[Wish], symbol: str, side: Side, dollars: list[int]
) -> None:
    for place, size in enumerate(dollars):
        # Every size is asked about and sent on books that nobody of the others has touched.
        exchange, name = prepared(layout, taken)
        instrument = exchange.market.catalogue.get(symbol)
        sizes = [each * 10**9 for each in dollars]
        said = slippage_answer(exchange.desk, name, instrument, side, sizes, "edge_nbbo")
        point = cast("list[Row]", said["curve"])[place]
        assert point["notional_usd"] == size
        exchange.submit(name, market_order(symbol, side, "then", notional={"usd_1e9": size * 10**9}))
        order = orders_of(exchange, name)[-1]
        if not point["qty_1e8"] or not point["funded"]:
            assert not order.filled
            continue
        assert point["qty_1e8"] == order.qty
        assert point["filled_pct"] == 100 * order.filled / order.qty
        if order.filled:
            report = report_of(exchange, order)
            row = tca_row(report)
            assert point["total_cost_bps"] == row["implementation_shortfall_bps"]
            assert point["fee_bps"] == row["fee_cost_bps"]
            assert point["slippage_bps"] == report.costs.slippage_1e17 * 10_000 / report.costs.basis_1e17
            assert said["mid"] == order.arrival_1e9 / 10**9


@settings(deadline=None, max_examples=40)
@given(layout=layouts, symbol=st.sampled_from(SYMBOLS), side=sides, qty=st.integers(1, 6 * 10**9))
def test_a_forecast_and_the_aggressive_scenario_agree_with_the_router(
    layout: list[Book], symbol: str, side: Side, qty: int
) -> None:
    exchange, name = prepared(layout, [])
    instrument = exchange.market.catalogue.get(symbol)
    routed = routing_answer(exchange.desk, name, instrument, side, qty, "edge_nbbo")
    said = forecast_answer(exchange.desk, name, instrument, side, qty, "edge_nbbo")
    assert said["expected_cost_bps"] == routed["est_cost_bps"]
    assert said["expected_slippage_bps"] == routed["est_slippage_bps"]
    mix = [(each["venue"], each["qty_1e8"]) for each in cast("list[Row]", said["venue_mix"])]
    assert mix == [(each["venue"], each["qty_1e8"]) for each in cast("list[Row]", routed["legs"])]
    if said["expected_cost_bps"] is not None:
        assert cast("float", said["downside_cost_bps"]) >= cast("float", said["expected_cost_bps"])
    ranking = cast("list[Row]", said["venue_ranking"])
    assert [each["venue"] for each in ranking if each["landed_cost_bps"] is None] == [
        each["venue"] for each in ranking[len([row for row in ranking if row["landed_cost_bps"] is not None]) :]
    ]
    for whole, rows in groupby(ranking, key=lambda each: each["filled_pct"] == 100):
        costs = [cast("float", each["landed_cost_bps"]) for each in rows if each["landed_cost_bps"] is not None]
        assert costs == sorted(costs), whole
    scenario = cast("list[Row]", simulate_answer(exchange.desk, name, instrument, side, qty, None, "x")["scenarios"])[0]
    assert scenario["est_cost_bps"] == routed["est_cost_bps"]
    assert scenario["fill_rate"] == number(routed, "filled_qty_1e8") / qty
    assert scenario["venue_count"] == len(cast("list[Row]", routed["legs"]))


@settings(deadline=None, max_examples=60)
@given(layout=layouts, wish=wishes)
def test_the_arrival_that_is_announced_is_the_arrival_of_the_order(layout: list[Book], wish: Wish) -> None:
    exchange, name = prepared(layout, [])
    if wish.pin:
        return
    instrument = exchange.market.catalogue.get(wish.symbol)
    said = arrival_at(exchange.desk, instrument, exchange.now_ns)
    exchange.submit(name, wish.body("then"))
    order = orders_of(exchange, name)[-1]
    if order.track.begun_ns:
        assert said == (order.arrival_1e9, order.track.bid_1e9, order.track.ask_1e9)


def test_what_is_asked_changes_nothing() -> None:
    exchange, name = prepared([Book(0, 1, (10**8,), (10**8,))] * 3, [])
    before, state = exchange.journal.digest(), repr(exchange.state)
    instrument = exchange.market.catalogue.get("BTC-USD")
    for side in ("buy", "sell"):
        routing_answer(exchange.desk, name, instrument, side, 10**8, "x")
        slippage_answer(exchange.desk, name, instrument, side, [10**9], "x")
        forecast_answer(exchange.desk, name, instrument, side, 10**8, "x")
        simulate_answer(exchange.desk, name, instrument, side, 10**8, "high", "x")
    assert (exchange.journal.digest(), repr(exchange.state)) == (before, state)
    exchange.check_invariants()


def test_an_account_without_means_is_shown_the_split_of_one_that_has_them() -> None:
    trader = Trader(desk())
    trader.book(bids=[("99", "5")], asks=[("101", "5")])
    instrument = trader.exchange.market.catalogue.get("BTC-USD")
    said = routing_answer(trader.exchange.desk, trader.client, instrument, "sell", 10**8, "x")
    assert (said["funded"], said["chosen"], said["filled_qty_1e8"]) == (False, "kraken", 10**8)
    (point,) = cast(
        "list[Row]",
        slippage_answer(trader.exchange.desk, trader.client, instrument, "sell", [99 * 10**9], "x")["curve"],
    )
    assert (point["funded"], point["slippage_bps"]) == (False, 100.0)


def test_an_empty_market_has_no_curve_and_no_legs() -> None:
    trader = Trader(desk())
    trader.book(symbol="FOO-USD")
    instrument = trader.exchange.market.catalogue.get("FOO-USD")
    args = (trader.exchange.desk, trader.client, instrument)
    said = slippage_answer(*args, "buy", [10**12], "x")
    assert (said["mid"], [row["slippage_bps"] for row in cast("list[Row]", said["curve"])]) == (None, [None])
    routed = routing_answer(*args, "buy", 10**8, "x")
    assert (routed["legs"], routed["est_cost_bps"], routed["shortfall"]) == ([], None, "NO_LIQUIDITY")
    seen = forecast_answer(*args, "buy", 10**8, "x")
    assert (seen["mid"], seen["expected_cost_bps"], seen["expected_horizon_ms"]) == (None, None, None)
    assert (seen["fill_confidence"], seen["venue_mix"]) == ([], [])
    simulated = simulate_answer(*args, "buy", 10**8, None, "x")
    assert {row["fill_rate"] for row in cast("list[Row]", simulated["scenarios"])} == {0.0}
    assert simulated["recommended"] is None


def test_a_market_that_is_not_quoted_in_dollars_is_refused() -> None:
    trader = Trader(desk())
    trader.book(bids=[("99", "5")], asks=[("101", "5")], symbol="FOO-EUR")
    instrument = trader.exchange.market.catalogue.get("FOO-EUR")
    with pytest.raises(Refusal, match="dollar"):
        routing_answer(trader.exchange.desk, trader.client, instrument, "buy", 10**8, "x")
