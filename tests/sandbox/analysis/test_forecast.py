"""Patient ways of working an order are run, not guessed: the same order, really submitted then, ends the same."""

from __future__ import annotations

from typing import cast

import pytest
from hypothesis import given, settings, strategies as st

from sequence_markets.sandbox.analysis.costs import costs_of, fills_of
from sequence_markets.sandbox.analysis.forecast import PATIENCE_NS, SAMPLE_NS, SAMPLES, forecast_answer, simulate_answer
from sequence_markets.sandbox.analysis.origins import history_start
from sequence_markets.sandbox.analysis.pretrade import routing_answer
from sequence_markets.sandbox.analysis.replay import replay
from sequence_markets.sandbox.exchange import Exchange
from sequence_markets.sandbox.instruments import Side
from tests.sandbox.trading.support import KALSHI, PERP, SECOND, SEED, START_NS, Row, Trader

from .support import MARKET, client, desk, orders_of, report_of, sides

NOW = START_NS + 3600 * SECOND
PATIENT = [("passive_limit", "medium"), ("time_drip", "low"), ("time_drip", "high"), ("sor", "low")]


def at(now_ns: int) -> tuple[Exchange, str]:
    """An exchange that begins at an instant, and an account that can buy and sell."""
    exchange = Exchange(MARKET, seed=SEED, start_ns=now_ns)
    return exchange, client(exchange)


def node(symbol: str, side: Side, qty: int, policy: str, urgency: str, horizon_ms: int) -> dict[str, object]:
    execution = {"policy": policy, "urgency": urgency, "horizon_ms": horizon_ms}
    instrument = {"symbol": symbol, "type": "perp" if symbol == PERP else None}
    return {
        "node_id": "order",
        "instrument": {key: value for key, value in instrument.items() if value},
        "side": side,
        "order_type": "market",
        "quantity": {"fixed": {"qty_1e8": qty}},
        "execution": execution,
    }


@settings(deadline=None, max_examples=25)
@given(
    symbol=st.sampled_from(["BTC-USD", PERP, KALSHI]),
    side=sides,
    qty=st.integers(10**6, 5 * 10**9),
    way=st.sampled_from(PATIENT),
    ago=st.integers(1, 12),
    fee=st.sampled_from([None, 3]),
)
def test_a_replay_is_the_order_really_submitted_then(
    symbol: str, side: Side, qty: int, way: tuple[str, str], ago: int, fee: int | None
) -> None:
    policy, urgency = way
    start = NOW - ago * SECOND
    fees = {} if fee is None else {venue: {"maker_bps": fee, "taker_bps": fee + 4} for venue in MARKET.venues(symbol)}
    then, name = at(start)
    then.put_sandbox_settings(name, {"fees": fees})
    then.submit(name, {"nodes": [node(symbol, side, qty, policy, urgency, ago * 1000)], "edges": [], "graph_id": "g"})
    then.advance_to(NOW)
    (real,) = orders_of(then, name)

    now, name = at(NOW)
    now.put_sandbox_settings(name, {"fees": fees})
    seen = replay(
        now.desk,
        name,
        MARKET.catalogue.get(symbol),
        side,
        qty,
        policy=policy,
        urgency=urgency,
        start_ns=start,
        horizon_ms=ago * 1000,
        funded=True,
    )
    assert (seen.order.status, seen.order.filled, seen.order.fees) == (real.status, real.filled, real.fees)
    assert seen.order.track.steps == real.track.steps
    assert seen.costs == costs_of(real, fills_of(then.state, real))
    if real.status == "FILLED":
        assert seen.duration_ns == real.updated_ns - start
    assert now.state.last_order == 0


@pytest.mark.parametrize("symbol", ["BTC-USD", PERP, KALSHI])
def test_the_scenarios_are_what_orders_of_half_a_minute_ago_came_to(symbol: str) -> None:
    now, name = at(NOW)
    instrument, qty = MARKET.catalogue.get(symbol), 10**9
    said = simulate_answer(now.desk, name, instrument, "buy", qty, "low", "edge_nbbo")
    rows = {str(row["name"]): row for row in cast("list[Row]", said["scenarios"])}
    for scenario, policy in (("passive", "passive_limit"), ("split", "time_drip")):
        then, name = at(NOW - PATIENCE_NS)
        horizon = PATIENCE_NS // 10**6
        then.submit(name, {"nodes": [node(symbol, "buy", qty, policy, "low", horizon)], "edges": [], "graph_id": "g"})
        then.advance_to(NOW)
        (real,) = orders_of(then, name)
        row = rows[scenario]
        assert row["fill_rate"] == real.filled / qty
        if real.filled:
            costs = report_of(then, real).costs
            assert row["est_cost_bps"] == costs.shortfall_1e17 * 10_000 / costs.basis_1e17
        whole = real.filled == qty
        took = (real.updated_ns - real.track.admitted_ns) / 10**6
        assert row["time_to_completion_ms"] == (took if whole else None)
        assert row["derived_from"] == "replay"


def test_the_downside_is_what_the_order_would_have_cost_in_the_last_minute() -> None:
    now, name = at(NOW)
    instrument, qty = MARKET.catalogue.get("BTC-USD"), 20 * 10**8
    said = forecast_answer(now.desk, name, instrument, "buy", qty, "edge_nbbo")
    costs = sorted(
        cast("float", routing_answer(then.desk, name, instrument, "buy", qty, "x")["est_cost_bps"])
        for then, name in (at(NOW - number * SAMPLE_NS) for number in range(SAMPLES + 1))
    )
    assert said["sample_count"] == SAMPLES + 1 == 7
    # Of seven equal weights the seventh is the first to reach nine tenths, the fourth the first to reach a half.
    assert said["downside_cost_bps"] == costs[6]
    steps = {each["cost_bps"]: each["confidence"] for each in cast("list[Row]", said["fill_confidence"])}
    assert steps[costs[3]] == 4 / 7
    assert steps[costs[6]] == 1.0
    assert list(steps) == sorted(cast("list[float]", list(steps)))


def test_a_time_in_which_the_books_did_not_suffice_is_a_time_without_confidence() -> None:
    trader = Trader(desk())
    trader.book(bids=[("99", "5")], asks=[("101", "1")])
    trader.advance(25)
    trader.book(bids=[("99", "5")], asks=[("101", "5")])
    trader.advance(15)
    instrument = trader.exchange.market.catalogue.get("BTC-USD")
    said = forecast_answer(trader.exchange.desk, trader.client, instrument, "buy", 3 * 10**8, "x")
    # Two of the five instants since the market began had enough: now and ten seconds ago.
    assert said["sample_count"] == 5
    assert [row["confidence"] for row in cast("list[Row]", said["fill_confidence"])] == [2 / 5]


def test_patience_is_weighed_against_crossing_now() -> None:
    now, name = at(NOW)
    instrument = MARKET.catalogue.get(PERP)
    said = forecast_answer(now.desk, name, instrument, "buy", 10**9, "edge_nbbo")
    low, medium, high = cast("list[Row]", said["urgency_tradeoff"])
    assert (low["urgency"], medium["urgency"], high["urgency"]) == ("low", "medium", "high")
    assert medium["cost_bps"] == high["cost_bps"] == said["expected_cost_bps"]
    assert low["saving_bps"] == pytest.approx(cast("float", said["expected_cost_bps"]) - cast("float", low["cost_bps"]))
    assert medium["saving_bps"] == 0.0


def test_capacity_ends_with_the_first_size_the_books_do_not_hold() -> None:
    trader = Trader(desk())
    trader.book(bids=[("99", "5")], asks=[("101", "3"), ("103", "4")])
    instrument = trader.exchange.market.catalogue.get("BTC-USD")
    said = forecast_answer(trader.exchange.desk, trader.client, instrument, "buy", 10**8, "x")
    points = cast("list[Row]", said["capacity_curve"])
    assert [(each["qty"], each["slippage_bps"]) for each in points[:2]] == [(1.0, 100.0), (2.0, 100.0)]
    assert [each["filled_pct"] for each in points] == [100.0, 100.0, 100.0, 70.0]


def test_latency_is_part_of_the_landed_cost() -> None:
    now, name = at(NOW)
    now.put_sandbox_settings(name, {"latency_ms": {"okx": 500}})
    instrument = MARKET.catalogue.get("BTC-USD")
    said = forecast_answer(now.desk, name, instrument, "buy", 10**8, "x")
    moved = basis = 0
    for number in range(SAMPLES):
        after = NOW - number * SAMPLE_NS
        before_1e9, after_1e9 = (MARKET.reference_price("BTC-USD", each) for each in (after - SECOND // 2, after))
        assert before_1e9 is not None
        assert after_1e9 is not None
        moved, basis = moved + abs(after_1e9 - before_1e9), basis + before_1e9
    rows = {str(row["venue"]): row for row in cast("list[Row]", said["venue_ranking"])}
    assert rows["okx"]["latency_bps"] == moved * 10_000 / basis > 0
    assert {row["latency_bps"] for venue, row in rows.items() if venue != "okx"} == {0.0}
    okx = rows["okx"]
    parts = [cast("float", okx[part]) for part in ("book_bps", "fee_bps", "latency_bps")]
    assert okx["landed_cost_bps"] == sum(parts)
    assert said["expected_horizon_ms"] == 500.0


def test_what_the_books_do_not_hold_takes_as_long_as_a_tenth_of_the_volume() -> None:
    trader = Trader(desk())
    trader.book(bids=[("99", "5")], asks=[("101", "1")])
    trader.advance(50)
    trader.print("buy", "101", "10")
    trader.advance(50)
    instrument = trader.exchange.market.catalogue.get("BTC-USD")
    said = forecast_answer(trader.exchange.desk, trader.client, instrument, "buy", 3 * 10**8, "x")
    # Ten units in a hundred seconds: a tenth of them gives one in a hundred seconds, and two are missing.
    assert (said["expected_fill_pct"], said["expected_horizon_ms"]) == (100 / 3, 200_000.0)


@pytest.mark.parametrize(("urgency", "best"), [("low", "passive"), ("medium", "passive"), ("high", "aggressive")])
def test_what_is_recommended_suits_the_urgency(urgency: str, best: str) -> None:
    trader = Trader(desk())
    trader.book(bids=[("99", "1")], asks=[("101", "50")])
    trader.advance(10)
    trader.print("sell", "99", "40")
    trader.advance(25)
    instrument = trader.exchange.market.catalogue.get("BTC-USD")
    said = simulate_answer(trader.exchange.desk, trader.client, instrument, "buy", 10**8, urgency, "x")
    rows = {str(row["name"]): row for row in cast("list[Row]", said["scenarios"])}
    assert rows["passive"]["time_to_completion_ms"] == 5_000.0
    assert said["recommended"] == best


def test_history_begins_where_the_market_does() -> None:
    trader = Trader(desk())
    market = trader.exchange.market
    now = trader.exchange.now_ns
    assert history_start(market, "BTC-USD", now, 60 * SECOND) == now - 60 * SECOND
    trader.advance(5)
    trader.book(bids=[("99", "1")], asks=[("101", "5")])
    scripted = trader.exchange.now_ns
    trader.advance(5)
    trader.book(bids=[("98", "1")], asks=[("102", "5")], venue="okx")
    assert history_start(market, "BTC-USD", trader.exchange.now_ns, 60 * SECOND) == scripted
    trader.advance(100)
    assert history_start(market, "BTC-USD", trader.exchange.now_ns, 60 * SECOND) == trader.exchange.now_ns - 60 * SECOND


def test_a_market_minted_just_now_has_the_history_it_has() -> None:
    minted = next(
        each
        for each in MARKET.events.minted_between(START_NS, START_NS + 3600 * SECOND)
        if each.venue == "polymarket" and each.start_ns > each.listed_ns
    )
    now, name = at(minted.listed_ns + 5 * SECOND)
    instrument = now.market.catalogue.get(minted.yes)
    assert history_start(now.market, minted.yes, now.now_ns, 60 * SECOND) == minted.listed_ns
    said = simulate_answer(now.desk, name, instrument, "buy", 10**8, None, "x")
    rows = {str(row["name"]): row for row in cast("list[Row]", said["scenarios"])}
    assert rows["split"]["fill_rate"] == rows["aggressive"]["fill_rate"] == 1.0
    assert forecast_answer(now.desk, name, instrument, "buy", 10**8, "x")["sample_count"] == 1
