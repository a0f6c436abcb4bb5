"""What an order cost: the parts add up to the shortfall, exactly, whatever was ordered on whatever books.

Spread cost, market impact and fees are computed fill by fill from the touch at arrival. The shortfall is computed here
from the public list of fills alone: what was paid, fees included, less the quantity at the arrival price. Both are
integers in 1e-17 dollars, and they must be equal.
"""

from __future__ import annotations

from typing import cast

import pytest
from hypothesis import given, settings, strategies as st

from sequence_markets.sandbox.analysis.aggregates import Selection, venue_costs_answer
from sequence_markets.sandbox.analysis.costs import NOTHING, costs_of, fills_of
from sequence_markets.sandbox.analysis.orders import review_answer
from sequence_markets.sandbox.analysis.reports import finished_by, tca_report, tca_row
from sequence_markets.sandbox.exchange import Exchange
from sequence_markets.sandbox.observer import Observer
from sequence_markets.sandbox.trading import records as rec
from sequence_markets.sandbox.trading.desk import Desk
from tests.sandbox.trading.support import KALSHI, SECOND, START_NS, Row, Trader, levels

from .support import (
    VENUES,
    Book,
    Wish,
    account_of,
    client,
    desk,
    fill_rows,
    layouts,
    number,
    orders_of,
    report_of,
    script,
    wishes,
)

FEE = 10**8
"""A fee is listed in 1e-9 dollars, a cost is in 1e-17."""


def shortfall(fills: list[Row], arrival_1e9: int, side: str) -> int:
    """Implementation shortfall from the list of fills, in 1e-17 dollars."""
    paid = sum(number(fill, "qty_1e8") * number(fill, "price_1e9") for fill in fills)
    worth = sum(number(fill, "qty_1e8") for fill in fills) * arrival_1e9
    fees = sum(number(fill, "fee_1e9") for fill in fills) * FEE
    return (paid - worth if side == "buy" else worth - paid) + fees


def displayed(exchange: Exchange, wish: Wish) -> tuple[int, int]:
    """Best bid and ask an order meets, from the displayed books of its venues; 0 for none."""
    plain = wish.symbol.removesuffix(":NO")
    venues = VENUES[plain][0][:1] if wish.pin else VENUES[plain][0]
    found = [exchange.market.book(wish.symbol, venue, exchange.now_ns) for venue in venues]
    shown = [book for book in found if book is not None]
    bid = max((book.bids[0][0] for book in shown if book.bids), default=0)
    ask = min((book.asks[0][0] for book in shown if book.asks), default=0)
    return bid, ask


@settings(deadline=None, max_examples=80)
@given(
    layout=layouts,
    asked=st.lists(st.tuples(wishes, layouts, st.integers(0, 15 * SECOND)), min_size=1, max_size=5),
    slip=st.sampled_from([0, 0, 3]),
)
def test_the_parts_add_up_to_the_shortfall_of_the_fills(
    layout: list[Book], asked: list[tuple[Wish, list[Book], int]], slip: int
) -> None:
    exchange = desk()
    name = client(exchange)
    exchange.put_sandbox_settings(name, {"slippage_bps": slip, "fees": {"kraken": {"maker_bps": 2, "taker_bps": 7}}})
    for symbol in VENUES:
        script(exchange, symbol, layout)
    met: list[tuple[int, int]] = []
    for number_, (wish, after, wait) in enumerate(asked):
        met.append(displayed(exchange, wish))
        exchange.submit(name, wish.body(f"g{number_}"))
        script(exchange, wish.symbol.removesuffix(":NO"), after)
        exchange.advance_to(exchange.now_ns + wait)
    exchange.advance_to(exchange.now_ns + 60 * SECOND)
    for order, (wish, _, _), (bid, ask) in zip(orders_of(exchange, name), asked, met, strict=True):
        fills = fill_rows(exchange, name, order.id)
        costs = costs_of(order, fills_of(exchange.state, order))
        assert costs.filled_1e8 == order.filled == sum(number(fill, "qty_1e8") for fill in fills)
        if not order.track.begun_ns:
            assert not fills
            continue
        assert (order.track.bid_1e9, order.track.ask_1e9) == (bid, ask)
        if bid and ask:
            assert order.arrival_1e9 == (bid + ask) // 2
        assert costs.spread_1e17 + costs.impact_1e17 + costs.fees_1e17 == costs.shortfall_1e17
        assert costs.shortfall_1e17 == shortfall(fills, order.arrival_1e9, wish.side)
        assert costs.basis_1e17 == order.filled * order.arrival_1e9
        # Of every fill: takers pay the way to the far touch, makers earn the way to the near one.
        touches = {"taker": ask if wish.side == "buy" else bid, "maker": bid if wish.side == "buy" else ask}
        sign = 1 if wish.side == "buy" else -1
        away = [
            sign
            * number(fill, "qty_1e8")
            * ((touches[str(fill["liquidity"])] or order.arrival_1e9) - order.arrival_1e9)
            for fill in fills
        ]
        assert costs.spread_1e17 == sum(away)
        if order.done and order.filled:
            assert_wire(exchange, name, order.id)
    exchange.check_invariants()


def assert_wire(exchange: Exchange, name: str, order_id: str) -> None:
    """The row of a report says the same as its integers, and so do the venues of a review."""
    order = exchange.state.orders[account_of(exchange, name).orders[order_id]]
    report = report_of(exchange, order)
    row, costs = tca_row(report), report.costs
    names = ("spread_cost_bps", "market_impact_bps", "fee_cost_bps")
    parts = [cast("float", row[part]) for part in names]
    assert sum(parts) == pytest.approx(cast("float", row["implementation_shortfall_bps"]), rel=1e-12, abs=1e-9)
    for part, exact in zip(parts, (costs.spread_1e17, costs.impact_1e17, costs.fees_1e17), strict=True):
        assert part == exact * 10_000 / costs.basis_1e17
    assert row["total_fees_1e9"] == costs.fees_1e17 // FEE
    assert row["venues_used"] == list(dict.fromkeys(fill["venue"] for fill in fill_rows(exchange, name, order_id)))
    assert row["is_prediction"] is (order.spec.type == "prediction")
    review = review_answer(exchange.desk, order)
    venues = cast("list[Row]", review["venues"])
    assert sum(number(each, "qty_1e8") for each in venues) == order.filled
    assert sum(number(each, "fees_1e9") for each in venues) == row["total_fees_1e9"]
    assert sum(cast("float", each["pct"]) for each in venues) == pytest.approx(100)
    assert review["realized_slippage_bps"] == costs.slippage_1e17 * 10_000 / costs.basis_1e17


@settings(deadline=None, max_examples=40)
@given(layout=layouts, asked=st.lists(wishes, min_size=1, max_size=6))
def test_the_costs_of_the_venues_are_those_of_the_orders(layout: list[Book], asked: list[Wish]) -> None:
    exchange = desk()
    name = client(exchange)
    for symbol in VENUES:
        script(exchange, symbol, layout)
    for place, wish in enumerate(asked):
        exchange.submit(name, wish.body(f"g{place}"))
    exchange.advance_to(exchange.now_ns + 60 * SECOND)
    reports = [tca_report(exchange.desk, order) for order in orders_of(exchange, name)]
    whole = NOTHING
    for report in reports:
        whole += report.costs if report is not None else NOTHING
    rows = cast("list[Row]", venue_costs_answer(exchange.desk, account_of(exchange, name), Selection())["venues"])
    assert sum(number(row, "qty_1e8") for row in rows) == whole.filled_1e8
    for key, exact in (
        ("notional_usd", whole.paid_1e17),
        ("total_fees_usd", whole.fees_1e17),
        ("implementation_shortfall_usd", whole.shortfall_1e17),
    ):
        assert sum(cast("float", row[key]) for row in rows) == pytest.approx(exact / 10**17, rel=1e-12, abs=1e-9)


def test_a_market_order_pays_half_the_spread_depth_and_fees() -> None:
    trader = Trader(desk())
    trader.book(bids=[("99", "5")], asks=[("101", "1"), ("103", "1")])
    order_id = trader.place("buy", "2")
    row = tca_row(report_of(trader.exchange, orders_of(trader.exchange, trader.client)[0]))
    assert trader.status(order_id) == "FILLED"
    assert (row["arrival_price_1e9"], row["achieved_vwap_1e9"]) == (100 * 10**9, 102 * 10**9)
    # Two units: 2 dollars to the touch, 2 through the book, 10 bps of 204 dollars of fees; of 200 dollars at arrival.
    assert (row["spread_cost_bps"], row["market_impact_bps"], row["fee_cost_bps"]) == (100.0, 100.0, 10.2)
    assert row["implementation_shortfall_bps"] == 210.2
    assert row["implementation_shortfall_usd"] == 4.204
    assert (row["venues_used"], row["fill_count"], row["quality"]) == (["kraken"], 2, "partial")
    assert row["benchmark_source"] == "arrival_mid"
    assert row["savings_vs_benchmark_bps"] == -200.0
    assert {row[name] for name in row if "prob" in name} == {None}


def test_a_maker_earns_the_spread_and_is_compared_with_the_prints() -> None:
    trader = Trader(desk())
    trader.book(bids=[("99", "1")], asks=[("101", "5")])
    order_id = trader.place("buy", "2", "99")
    trader.advance(1)
    trader.print("sell", "99", "4")
    trader.print("buy", "101", "4")
    assert trader.status(order_id) == "FILLED"
    trader.advance(1)
    row = tca_row(report_of(trader.exchange, orders_of(trader.exchange, trader.client)[0]))
    assert (row["spread_cost_bps"], row["market_impact_bps"]) == (-100.0, 0.0)
    assert (row["benchmark_vwap_1e9"], row["benchmark_source"]) == (100 * 10**9, "prints")
    assert (row["savings_vs_benchmark_bps"], row["savings_usd"]) == (100.0, 2.0)
    assert (row["execution_time_ms"], row["quality"]) == (1000.0, "full")


def test_the_markets_own_move_is_impact() -> None:
    trader = Trader(desk())
    trader.book(bids=[("99", "5")], asks=[("101", "1")])
    trader.place("buy", "2", horizon_ms=5000)
    trader.book(bids=[("109", "5")], asks=[("111", "5")])
    trader.advance(6)
    costs = report_of(trader.exchange, orders_of(trader.exchange, trader.client)[0]).costs
    assert (costs.spread_1e17, costs.impact_1e17) == (2 * 10**17, 10 * 10**17)


def test_a_prediction_is_measured_in_probability_as_well() -> None:
    trader = Trader(desk())
    trader.book(bids=[("0.40", "100")], asks=[("0.44", "100")], symbol=KALSHI, venue="kalshi")
    trader.place("buy", "10", symbol=f"{KALSHI}:NO")
    trader.place("sell", "5", symbol=f"{KALSHI}:NO")
    buy, sell = (tca_row(report_of(trader.exchange, each)) for each in orders_of(trader.exchange, trader.client))
    assert buy["is_prediction"] is True
    assert (buy["arrival_implied_prob_bps"], buy["achieved_implied_prob_bps"]) == (5800.0, 6000.0)
    assert buy["probability_slippage_bps"] == sell["probability_slippage_bps"] == 200.0


@pytest.mark.parametrize(("bids", "asks", "quality"), [([], [("101", "5")], "partial"), ([("99", "5")], [], "partial")])
def test_a_one_sided_book_has_no_spread_to_pay(
    bids: list[tuple[str, str]], asks: list[tuple[str, str]], quality: str
) -> None:
    trader = Trader(desk())
    trader.fund(venue="kraken", kind="crypto", symbol="BTC", qty=5)
    trader.book(bids, asks)
    trader.place("buy" if asks else "sell", "1")
    report = report_of(trader.exchange, orders_of(trader.exchange, trader.client)[0])
    assert (report.costs.slippage_1e17, report.quality) == (0, quality)


def test_without_a_price_at_arrival_nothing_is_measured_and_all_is_counted() -> None:
    trader = Trader(desk())
    trader.book(symbol="FOO-USD")
    trader.place("buy", "1", "10", symbol="FOO-USD")
    trader.book(asks=[("10", "5")], symbol="FOO-USD")
    report = report_of(trader.exchange, orders_of(trader.exchange, trader.client)[0])
    row = tca_row(report)
    assert (report.quality, report.costs.basis_1e17, row["implementation_shortfall_bps"]) == ("missing", 0, None)
    assert (row["benchmark_vwap_1e9"], row["achieved_vwap_1e9"]) == (None, 10 * 10**9)


def test_what_works_or_was_never_filled_has_no_report() -> None:
    trader = Trader(desk())
    trader.book(bids=[("99", "5")], asks=[("101", "5")])
    for order in (trader.place("buy", "1", "90"), trader.place("buy", "1", "90", tif="IOC")):
        assert trader.filled(order) == 0
    assert [tca_report(trader.exchange.desk, each) for each in orders_of(trader.exchange, trader.client)] == [None] * 2


class Finished(Observer):
    """Collects which orders the records ended."""

    def __init__(self) -> None:
        self.ended: list[str] = []

    def recorded(self, desk: Desk, record: rec.Record) -> None:
        self.ended += [order.id for order in finished_by(desk.state, record)]

    def committed(self, desk: Desk) -> None: ...

    def abandoned(self) -> None: ...

    def rearmed(self, desk: Desk) -> None: ...


@settings(deadline=None, max_examples=30)
@given(layout=layouts, asked=st.lists(wishes, min_size=1, max_size=5))
def test_every_order_is_finished_by_exactly_one_record(layout: list[Book], asked: list[Wish]) -> None:
    exchange = desk()
    name = client(exchange)
    for symbol in VENUES:
        script(exchange, symbol, layout)
    exchange.observer = watching = Finished()
    for place, wish in enumerate(asked):
        exchange.submit(name, wish.body(f"g{place}"))
    exchange.advance_to(exchange.now_ns + 60 * SECOND)
    over = [order.id for order in orders_of(exchange, name) if order.done]
    assert sorted(watching.ended) == sorted(over)


def test_a_paced_order_is_measured_once_with_the_fills_of_its_slices() -> None:
    exchange = desk()
    name = client(exchange)
    exchange.set_book("BTC-USD", "kraken", levels(("99", "50")), levels(("101", "50")))
    exchange.observer = watching = Finished()
    node = {
        "node_id": "order",
        "instrument": {"symbol": "BTC-USD"},
        "side": "buy",
        "order_type": "market",
        "quantity": {"fixed": {"qty_1e8": 4 * 10**8}},
        "execution": {"pacing": {"uniform": {"num_slices": 4, "interval_ms": 1000}}},
    }
    exchange.submit(name, {"nodes": [node], "edges": [], "graph_id": "paced"})
    exchange.advance_to(START_NS + 2 * SECOND)
    exchange.set_book("BTC-USD", "kraken", levels(("103", "50")), levels(("105", "50")))
    exchange.advance_to(START_NS + 5 * SECOND)
    parent, *slices = orders_of(exchange, name)
    assert [order.status for order in (parent, *slices)] == ["FILLED"] * 5
    assert watching.ended == [parent.id]
    report = report_of(exchange, parent)
    assert (len(report.fills), report.costs.filled_1e8) == (4, 4 * 10**8)
    # Every fill is compared with what the whole order met: two or three at 101, the others at 105, against 100.
    late = sum(fill.price == 105 * 10**9 for fill in report.fills)
    assert (report.costs.spread_1e17, report.costs.impact_1e17) == (4 * 10**17, 4 * late * 10**17)
    assert late in (1, 2)
    assert report.duration_ns == 3 * SECOND
    apart = [costs_of(order, fills_of(exchange.state, order)) for order in slices]
    assert sum(costs.fees_1e17 for costs in apart) == report.costs.fees_1e17
