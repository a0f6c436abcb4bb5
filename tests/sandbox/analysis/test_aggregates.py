"""Many orders in one figure: recomputed here from the reports one by one, and from the list of fills."""

from __future__ import annotations

from fractions import Fraction
from typing import cast

import pytest
from hypothesis import given, settings, strategies as st

from sequence_markets.sandbox.analysis.aggregates import (
    Selection,
    ab_report,
    chosen_reports,
    quality_answer,
    report_page,
    series_answer,
    tca_answer,
    venue_costs_answer,
)
from sequence_markets.sandbox.analysis.holdings import portfolio_answer
from sequence_markets.sandbox.analysis.orders import live_answer, own_order, summary_answer
from sequence_markets.sandbox.analysis.performance import execution_answer, venues_answer
from sequence_markets.sandbox.analysis.summary import weighted_percentile
from sequence_markets.sandbox.exchange import Exchange
from sequence_markets.sandbox.trading.errors import Refusal
from sequence_markets.sandbox.trading.state import Order
from tests.sandbox.trading.support import KALSHI, PERP, SECOND, START_NS, Row, Trader, levels

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

COSTS = ("implementation_shortfall_bps", "spread_cost_bps", "market_impact_bps", "fee_cost_bps")
HOUR = 3600 * SECOND


def traded(layout: list[Book], asked: list[Wish]) -> tuple[Exchange, str]:
    exchange = desk()
    name = client(exchange)
    for symbol in VENUES:
        script(exchange, symbol, layout)
    for place, wish in enumerate(asked):
        exchange.submit(name, wish.body(f"g{place}"))
        exchange.advance_to(exchange.now_ns + 40 * SECOND)
    return exchange, name


def measured(exchange: Exchange, name: str) -> list[Order]:
    """The orders that have a report and an arrival price."""
    return [order for order in orders_of(exchange, name) if order.done and order.filled and order.arrival_1e9]


def naive_percentile(values: list[tuple[float, int]], percent: int) -> float:
    """The same by definition: unroll the weights and take the first value that covers the share."""
    total = sum(weight for _, weight in values)
    return min(value for value, _ in values if 100 * sum(w for v, w in values if v <= value) >= total * percent)


@settings(deadline=None, max_examples=40)
@given(layout=layouts, asked=st.lists(wishes, max_size=7))
def test_means_are_weighted_by_notional_and_the_parts_add_up(layout: list[Book], asked: list[Wish]) -> None:
    exchange, name = traded(layout, asked)
    account = account_of(exchange, name)
    said = tca_answer(exchange.desk, account, Selection(), None)
    orders = measured(exchange, name)
    reports = [report_of(exchange, order) for order in orders]
    weights = [order.filled * order.arrival_1e9 for order in orders]
    over = [order for order in orders_of(exchange, name) if order.done and order.filled]
    assert said["order_count"] == len(over)
    assert said["quality"] == {
        "full": sum(report.quality == "full" for report in reports),
        "partial": sum(report.quality == "partial" for report in reports),
        "missing": len(over) - len(orders),
    }
    if not orders:
        assert [said[name] for name in COSTS] == [None] * 4
        assert (said["savings_usd"], said["win_rate"]) == (0, None)
        return
    exact = {
        "implementation_shortfall_bps": [report.costs.shortfall_1e17 for report in reports],
        "spread_cost_bps": [report.costs.spread_1e17 for report in reports],
        "market_impact_bps": [report.costs.impact_1e17 for report in reports],
        "fee_cost_bps": [report.costs.fees_1e17 for report in reports],
        "savings_vs_benchmark_bps": [report.savings_1e17 for report in reports],
    }
    percentiles = cast("dict[str, dict[str, float]]", said["percentiles"])
    for key, costs in exact.items():
        shares = [Fraction(cost * 10_000, weight) for cost, weight in zip(costs, weights, strict=True)]
        mean = sum(share * weight for share, weight in zip(shares, weights, strict=True)) / sum(weights)
        assert said[key] == float(mean)
        values = [(float(share), weight) for share, weight in zip(shares, weights, strict=True)]
        assert percentiles[key] == {f"p{each}": naive_percentile(values, each) for each in (50, 75, 95, 99)}
    whole, *parts = (cast("float", said[key]) for key in COSTS)
    assert sum(parts) == pytest.approx(whole, rel=1e-12, abs=1e-9)
    savings = exact["savings_vs_benchmark_bps"]
    assert said["savings_usd"] == sum(savings) / 10**17
    assert said["win_rate"] == sum(saved > 0 for saved in savings) / len(savings)
    listed = cast("list[Row]", said["orders"])
    assert [row["node_order_id"] for row in listed] == [
        order.id for order in sorted(over, key=lambda each: (-each.updated_ns, -each.no))
    ]


@settings(deadline=None, max_examples=60)
@given(
    values=st.lists(
        st.tuples(st.floats(-1e6, 1e6), st.integers(0, 4) | st.integers(0, 10**30)), min_size=1, max_size=9
    ),
    percent=st.sampled_from([10, 20, 25, 50, 75, 95, 99, 100]),
)
def test_a_percentile_is_the_first_value_that_covers_its_share(values: list[tuple[float, int]], percent: int) -> None:
    found = weighted_percentile(values, percent)
    heavy = [(value, weight) for value, weight in values if weight]
    assert found == (naive_percentile(heavy, percent) if heavy else None)


@settings(deadline=None, max_examples=30)
@given(layout=layouts, asked=st.lists(wishes, min_size=1, max_size=7), interval=st.sampled_from([60, 300, 3600]))
def test_every_way_to_cut_the_orders_counts_each_once(layout: list[Book], asked: list[Wish], interval: int) -> None:
    exchange, name = traded(layout, asked)
    account, work = account_of(exchange, name), exchange.desk
    whole = tca_answer(work, account, Selection(), None)
    series = cast("list[Row]", series_answer(work, account, Selection(), interval * SECOND)["points"])
    assert [number(point, "start_ns") % (interval * SECOND) for point in series] == [0] * len(series)
    assert sum(number(point, "order_count") for point in series) == whole["order_count"]
    for key in ("notional_usd", "implementation_shortfall_usd", "total_fees_usd", "savings_usd"):
        total = pytest.approx(cast("float", whole[key]), rel=1e-9, abs=1e-9)
        assert sum(cast("float", point[key]) for point in series) == total
        if key != "notional_usd":
            continue
        venues = cast("list[Row]", venue_costs_answer(work, account, Selection())["venues"])
        assert sum(cast("float", row[key]) for row in venues) == total
    middle = START_NS + 80 * SECOND
    before = Selection(until_ns=middle)
    after = Selection(since_ns=middle)
    counts = [len(chosen_reports(work, account, each)) for each in (before, after, Selection())]
    assert counts[0] + counts[1] == counts[2]
    symbols = {wish.symbol for wish in asked}
    each_symbol = [len(chosen_reports(work, account, Selection(frozenset({symbol})))) for symbol in symbols]
    assert sum(each_symbol) == counts[2]
    versions = [len(chosen_reports(work, account, Selection(routing_version=each))) for each in (1, 2, 3)]
    assert versions == [counts[2], 0, 0]
    (only,) = cast("list[Row]", ab_report(work, account)["versions"]) or [{"order_count": 0}]
    assert only["order_count"] == counts[2]
    for venue in ("kraken", "kalshi"):
        chosen = chosen_reports(work, account, Selection(venue=venue))
        hit = {str(row["node_order_id"]) for row in fill_rows(exchange, name) if row["venue"] == venue}
        assert {report.order.id for report in chosen} == {
            each.id for each in orders_of(exchange, name) if each.id in hit and each.done
        }


def test_reports_are_paged_newest_first() -> None:
    trader = Trader(desk())
    trader.book(bids=[("99", "50")], asks=[("101", "50")])
    ids: list[str] = []
    for _ in range(5):
        ids.append(trader.place("buy", "1"))
        trader.advance(1)
    account = account_of(trader.exchange, trader.client)
    first = report_page(trader.exchange.desk, account, Selection(), 2, 0)
    last = report_page(trader.exchange.desk, account, Selection(), 2, 4)
    assert [row["node_order_id"] for row in cast("list[Row]", first["reports"])] == [ids[4], ids[3]]
    assert [row["node_order_id"] for row in cast("list[Row]", last["reports"])] == [ids[0]]
    assert (first["total"], first["has_more"], last["has_more"]) == (5, True, False)


def test_reports_are_in_the_order_in_which_their_orders_ended() -> None:
    trader = Trader(desk())
    trader.book(bids=[("99", "50")], asks=[("101", "50")])
    slow = trader.place("buy", "1", "100")
    quick = trader.place("buy", "1")
    trader.advance(3700)
    trader.print("sell", "99", "5")
    trader.advance(1)
    account = account_of(trader.exchange, trader.client)
    reports = chosen_reports(trader.exchange.desk, account, Selection())
    assert [report.order.id for report in reports] == [quick, slow]
    points = cast("list[Row]", series_answer(trader.exchange.desk, account, Selection(), HOUR)["points"])
    assert [point["start_ns"] for point in points] == [START_NS, START_NS + HOUR]
    assert [point["mean_execution_time_ms"] for point in points] == [0.0, 3_700_000.0]


def test_a_benchmark_that_is_met_exactly_is_no_win() -> None:
    trader = Trader(desk())
    trader.book(asks=[("101", "50")])
    trader.place("buy", "1")
    said = tca_answer(trader.exchange.desk, account_of(trader.exchange, trader.client), Selection(), None)
    assert (said["savings_usd"], said["win_rate"]) == (0.0, 0.0)


def test_provenance_says_what_was_known() -> None:
    trader = Trader(desk())
    trader.book(bids=[("99", "50")], asks=[("101", "50")])
    trader.place("buy", "1")
    trader.advance(1)
    trader.print("buy", "101", "1")
    trader.advance(1)
    trader.place("buy", "1")
    trader.book(asks=[("101", "50")])
    trader.place("buy", "2")
    said = quality_answer(trader.exchange.desk, account_of(trader.exchange, trader.client), Selection())
    assert said["quality"] == {"full": 1, "partial": 2, "missing": 0}
    assert said["arrival"] == {"two_sided": 2, "one_sided": 1, "mark": 0, "none": 0}
    assert said["benchmark"] == {"prints": 0, "bars": 0, "recent_prints": 2, "arrival_mid": 1, "none": 0}
    assert said["full_notional_share"] == 0.25


def test_nothing_yet_is_zero_or_nothing_and_never_an_error() -> None:
    exchange = desk()
    name = exchange.account_for("a" * 64, "test")
    account, work = account_of(exchange, name), exchange.desk
    tca = tca_answer(work, account, Selection(), None)
    assert (tca["order_count"], tca["implementation_shortfall_bps"], tca["orders"]) == (0, None, [])
    summary = summary_answer(work, account)
    assert (summary["notional_usd"], summary["hit_rate"], summary["avg_slippage_bps"]) == (0, None, None)
    execution = execution_answer(work, account)
    assert cast("Row", execution["orders"])["fill_rate"] is None
    assert cast("Row", cast("Row", execution["latency"])["submit_ms"])["p99"] is None
    assert venues_answer(work, account)["venues"] == []
    assert series_answer(work, account, Selection(), HOUR)["points"] == []
    assert venue_costs_answer(work, account, Selection())["venues"] == []
    assert quality_answer(work, account, Selection())["full_notional_share"] is None
    assert ab_report(work, account)["versions"] == []
    portfolio = portfolio_answer(work, account)
    assert (portfolio["position_value_usd_1e9"], portfolio["net_pnl_usd_1e9"], portfolio["symbols"]) == (0, 0, [])


def test_a_day_is_summed_up_and_older_fills_are_not() -> None:
    trader = Trader(desk())
    trader.book(bids=[("99", "50")], asks=[("101", "50")])
    trader.place("buy", "7")
    trader.advance(24 * 3600 - 1)
    trader.place("buy", "1")
    trader.place("buy", "1", "90", tif="IOC")
    resting = trader.place("buy", "1", "90")
    trader.advance(1)
    said = summary_answer(trader.exchange.desk, account_of(trader.exchange, trader.client))
    assert (said["notional_usd"], said["order_count"], said["working_count"]) == (101.0, 3, 1)
    assert (said["hit_rate"], said["avg_slippage_bps"], said["fees_usd"]) == (0.5, 100.0, 0.101)
    assert said["top_symbols"] == [{"symbol": "BTC-USD", "notional_usd": 101.0}]
    assert trader.status(resting) == "ACCEPTED"


def test_what_became_of_the_orders_is_counted() -> None:
    trader = Trader(desk())
    trader.exchange.put_sandbox_settings(trader.client, {"latency_ms": {"kraken": 20}})
    trader.book(bids=[("99", "50")], asks=[("101", "4")])
    trader.place("buy", "2")
    trader.place("buy", "9", tif="IOC")
    trader.place("buy", "1", "90", tif="IOC")
    trader.place("sell", "100", venue="kraken")
    working = trader.place("buy", "1", "90")
    trader.advance(1)
    said = execution_answer(trader.exchange.desk, account_of(trader.exchange, trader.client))
    assert said["orders"] == {
        "submitted": 5,
        "working": 1,
        "filled": 1,
        "partially_filled": 1,
        "cancelled": 1,
        "rejected": 1,
        "fill_rate": 0.5,
        "reject_rate": 0.25,
    }
    assert cast("Row", said["fills"])["count"] == 2
    assert cast("Row", said["latency"])["submit_ms"] == {
        "mean": 20.0, "p50": 20.0, "p75": 20.0, "p95": 20.0, "p99": 20.0, "max": 20.0,
    }  # fmt: skip
    assert cast("Row", said["execution_quality"])["mean_execution_time_ms"] == 20.0
    (kraken,) = cast(
        "list[Row]", venues_answer(trader.exchange.desk, account_of(trader.exchange, trader.client))["venues"]
    )
    # Two were filled, one rests, one was refused; the one that found nothing within its limit was never sent.
    assert [kraken[key] for key in ("sent", "acked", "filled", "rejected")] == [4, 3, 2, 1]
    assert (kraken["fill_rate"], kraken["ack_rate"], kraken["reject_rate"]) == (0.5, 0.75, 0.25)
    assert kraken["mean_ack_latency_ms"] == 20.0
    shortfall = cast("float", kraken["implementation_shortfall_bps"])
    assert kraken["quality_score"] == pytest.approx(100 * 0.75 * 0.5 * 50 / (50 + shortfall))
    buckets = cast("dict[str, Row]", kraken["buckets"])
    assert [buckets[name]["count"] for name in ("small", "medium", "large")] == [3, 0, 0]
    assert trader.status(working) == "ACCEPTED"


def test_what_an_order_reaches_later_was_not_waited_for() -> None:
    trader = Trader(desk())
    trader.exchange.put_sandbox_settings(trader.client, {"latency_ms": {"kraken": 20}})
    trader.book(bids=[("99", "50")], asks=[("103", "1")])
    trader.place("buy", "5", urgency="low")
    trader.advance(10)
    trader.book(asks=[("102", "5")], venue="okx")
    trader.advance(60)
    said = venues_answer(trader.exchange.desk, account_of(trader.exchange, trader.client))
    rows = {row["venue"]: row for row in cast("list[Row]", said["venues"])}
    waits = {venue: row["mean_ack_latency_ms"] for venue, row in rows.items()}
    assert waits == {"kraken": 20.0, "okx": 0.0}
    assert [rows[venue]["filled"] for venue in waits] == [0, 1]


def test_orders_are_put_in_buckets_by_the_worth_of_their_fills() -> None:
    trader = Trader(desk())
    trader.book(bids=[("99", "5000")], asks=[("100", "5000")])
    for qty in ("99", "100", "999", "1000"):
        trader.place("buy", qty)
    (row,) = cast(
        "list[Row]", venues_answer(trader.exchange.desk, account_of(trader.exchange, trader.client))["venues"]
    )
    buckets = cast("dict[str, Row]", row["buckets"])
    assert {name: each["count"] for name, each in buckets.items()} == {"small": 1, "medium": 2, "large": 1}


def test_a_paced_order_counts_once_and_its_slices_are_what_venues_saw() -> None:
    exchange = desk()
    name = client(exchange)
    exchange.set_book("BTC-USD", "kraken", levels(("99", "50")), levels(("101", "50")))
    node = {
        "node_id": "order",
        "instrument": {"symbol": "BTC-USD"},
        "side": "buy",
        "order_type": "market",
        "quantity": {"fixed": {"qty_1e8": 3 * 10**8}},
        "execution": {"pacing": {"uniform": {"num_slices": 3, "interval_ms": 1000}}},
    }
    exchange.submit(name, {"nodes": [node], "edges": [], "graph_id": "paced"})
    exchange.advance_to(START_NS + 5 * SECOND)
    account, work = account_of(exchange, name), exchange.desk
    assert tca_answer(work, account, Selection(), None)["order_count"] == 1
    assert summary_answer(work, account)["order_count"] == 1
    assert cast("Row", execution_answer(work, account)["orders"])["submitted"] == 1
    assert cast("Row", execution_answer(work, account)["fills"])["count"] == 3
    (kraken,) = cast("list[Row]", venues_answer(work, account)["venues"])
    assert (kraken["sent"], kraken["filled"]) == (3, 3)
    live = live_answer(work, orders_of(exchange, name)[0])
    assert (live["fill_count"], live["fill_pct"], live["status"]) == (3, 100.0, "FILLED")


def test_a_working_order_shows_what_rests_of_it_and_of_its_slices() -> None:
    trader = Trader(desk())
    trader.book(bids=[("99", "5")], asks=[("101", "1")])
    order = trader.place("buy", "3", "101", horizon_ms=60_000)
    trader.advance(2.5)
    live = live_answer(
        trader.exchange.desk, own_order(trader.exchange.desk, account_of(trader.exchange, trader.client), order)
    )
    assert (live["status"], live["filled_qty_1e8"], live["remaining_qty_1e8"]) == ("PARTIAL", 10**8, 2 * 10**8)
    assert live["resting"] == [
        {"venue": "kraken", "price_1e9": 101 * 10**9, "qty_1e8": 2 * 10**8, "queue_ahead_1e8": 0}
    ]
    assert (live["elapsed_ms"], live["deadline_ns"]) == (2500.0, START_NS + 60 * SECOND)
    assert (live["slippage_bps"], live["is_final"], live["failure_reason"]) == (100.0, False, None)
    trader.advance(100)
    over = live_answer(trader.exchange.desk, orders_of(trader.exchange, trader.client)[0])
    assert (over["elapsed_ms"], over["is_final"], over["failure_reason"]) == (60_000.0, True, "HORIZON_EXPIRED")


def test_orders_of_others_are_unknown() -> None:
    trader, other = Trader(desk()), None
    trader.book(bids=[("99", "5")], asks=[("101", "5")])
    order = trader.place("buy", "1")
    other = Trader(trader.exchange, key="b")
    with pytest.raises(Refusal) as refused:
        own_order(trader.exchange.desk, account_of(trader.exchange, other.client), order)
    assert refused.value.status == 404
    assert (
        tca_answer(trader.exchange.desk, account_of(trader.exchange, other.client), Selection(), None)["orders"] == []
    )


def test_a_portfolio_is_what_is_held_and_earned() -> None:
    trader = Trader(desk())
    trader.book(bids=[("99", "50")], asks=[("101", "50")])
    trader.book(bids=[("990", "50")], asks=[("1010", "50")], symbol=PERP, venue="okx")
    trader.book(bids=[("0.40", "500")], asks=[("0.44", "500")], symbol=KALSHI, venue="kalshi")
    trader.place("buy", "4")
    trader.place("sell", "1")
    trader.place("sell", "1", symbol=PERP)
    trader.place("buy", "100", symbol=KALSHI)
    said = portfolio_answer(trader.exchange.desk, account_of(trader.exchange, trader.client))
    rows = {str(row["symbol"]): row for row in cast("list[Row]", said["symbols"])}
    assert list(rows) == ["ETH-PERP", "BTC", f"{KALSHI}:YES"]
    assert rows["ETH-PERP"]["current_value_usd_1e9"] == -1000 * 10**9
    assert rows["BTC"]["realized_pnl_usd_1e9"] == -2 * 10**9
    assert said["position_value_usd_1e9"] == (300 - 1000 + 42) * 10**9
    assert said["gross_exposure_usd_1e9"] == 1342 * 10**9
    fees = sum(number(row, "fee_1e9") for row in trader.fills())
    assert said["net_pnl_usd_1e9"] == (-2 - 3 - 10 - 2) * 10**9 - fees
    shares = [Fraction(each, 1342) for each in (1000, 300, 42)]
    concentration = cast("Row", said["concentration"])
    assert concentration["largest_symbol"] == "ETH-PERP"
    assert concentration["largest_share"] == float(shares[0])
    assert concentration["herfindahl"] == pytest.approx(float(sum(share * share for share in shares)))
