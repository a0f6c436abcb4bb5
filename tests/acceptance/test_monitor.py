"""Level 5 end to end: what the client is told before, during and after the trade is what happens."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from sequence_markets import NotFoundError, Sequence
from sequence_markets.sandbox import Sandbox

ASKS = [("101", "1"), ("102", "2")]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seed=7) as running:
        running.set_book("BTC-USD", "kraken", bids=[("99", "5")], asks=ASKS)
        running.set_book("BTC-USD", "coinbase", bids=[("98", "5")], asks=[("101.5", "1"), ("104", "9")])
        yield running
        running.check_invariants()


@pytest.fixture
def seq(sandbox: Sandbox) -> Sequence:
    return sandbox.client()


@pytest.mark.covers("routing", "slippage", "depth", "execution_review", "tca")
def test_what_is_said_before_the_trade_is_what_it_then_costs(seq: Sequence) -> None:
    depth = seq.depth("BTC-USD")
    assert depth.asks is not None
    assert [(level.price, level.venue) for level in depth.asks] == [
        (101.0, "kraken"),
        (101.5, "coinbase"),
        (102.0, "kraken"),
        (104.0, "coinbase"),
    ]
    curve = seq.slippage("BTC-USD", sizes=[303]).curve
    assert curve is not None
    (point,) = curve
    routing = seq.routing("BTC-USD", "buy", 3)
    assert point.qty == routing.qty == Decimal(3)
    assert routing.legs is not None
    assert [(leg.venue, leg.qty, leg.price) for leg in routing.legs] == [
        ("kraken", Decimal(2), Decimal("101.5")),
        ("coinbase", Decimal(1), Decimal("101.5")),
    ]
    seq.buy("BTC-USD", 3, graph_id="g")
    review = seq.execution_review("graph:g:order:1")
    assert review.venues is not None
    assert [(row.venue, row.qty, row.vwap) for row in review.venues] == [
        (leg.venue, leg.qty, leg.price) for leg in routing.legs
    ]
    assert (review.arrival_price, review.vwap) == (Decimal(100), Decimal("101.5"))
    assert review.realized_slippage_bps == point.slippage_bps == routing.est_slippage_bps == 150.0
    tca = seq.tca("BTC-USD")
    assert tca.implementation_shortfall_bps == routing.est_cost_bps == point.total_cost_bps
    # Three units: 1 dollar each to the touch, 1.50 in all through the books, 10 bps of 304.50 dollars of fees.
    assert (tca.spread_cost_bps, tca.market_impact_bps, tca.fee_cost_bps) == (100.0, 50.0, 10.15)
    assert (tca.implementation_shortfall_bps, tca.savings_vs_benchmark_bps) == (160.15, -150.0)
    assert (tca.implementation_shortfall_usd, tca.savings_usd) == (4.8045, -4.5)
    assert tca.percentiles is not None
    assert tca.percentiles["implementation_shortfall_bps"].p99 == 160.15
    assert tca.orders is not None
    (order,) = tca.orders
    assert (order.venues_used, order.is_prediction, order.total_fees) == (
        ["kraken", "coinbase"],
        False,
        Decimal("0.3045"),
    )


@pytest.mark.covers("execution_live", "trace")
def test_an_order_is_followed_to_its_end(sandbox: Sandbox, seq: Sequence) -> None:
    begun = sandbox.now
    seq.buy("BTC-USD", 4, limit_price="101", graph_id="g")
    live = seq.execution_live("graph:g:order:1")
    assert (live.status, live.fill_pct, live.remaining_qty, live.slippage_bps) == ("PARTIAL", 25.0, Decimal(3), 100.0)
    assert live.resting is not None
    assert [(part.venue, part.price, part.qty) for part in live.resting] == [("kraken", Decimal(101), Decimal(3))]
    sandbox.advance(seconds=2)
    sandbox.trade("BTC-USD", "kraken", "sell", "101", 10)
    live = seq.execution_live("graph:g:order:1")
    assert (live.status, live.is_final, live.elapsed_ms, live.resting) == ("FILLED", True, 2000.0, ())
    events = seq.trace("graph:g:order:1").events
    assert events is not None
    told = [(event.event, event.venue, event.ts) for event in events]
    later = begun + timedelta(seconds=2)
    # One unit is taken at once; the rest goes to the same venue as an order of its own.
    assert told == [
        ("sor_admitted", None, begun),
        ("edge_dispatched", "kraken", begun),
        ("venue_acked", "kraken", begun),
        ("first_fill", "kraken", begun),
        ("edge_dispatched", "kraken", begun),
        ("venue_acked", "kraken", begun),
        ("fill", "kraken", later),
        ("terminal", None, later),
    ]


@pytest.mark.covers("execution_live", "execution_review", "trace", "tca", "analytics_tca")
def test_accounts_do_not_see_each_other(sandbox: Sandbox, seq: Sequence) -> None:
    seq.buy("BTC-USD", 1, graph_id="g")
    other = sandbox.client()
    for ask in (other.execution_live, other.execution_review):
        with pytest.raises(NotFoundError):
            ask("graph:g:order:1")
    assert other.trace("graph:g:order:1").events == ()
    assert other.tca().order_count == other.analytics_tca().order_count == 0
    assert seq.tca().order_count == seq.analytics_tca().order_count == 1


@pytest.mark.covers("forecast", "simulate")
def test_a_forecast_knows_cost_horizon_and_mix(sandbox: Sandbox, seq: Sequence) -> None:
    forecast = seq.forecast("BTC-USD", "buy", 3)
    assert (forecast.expected_slippage_bps, forecast.expected_cost_bps) == (150.0, 160.15)
    assert (forecast.expected_horizon_ms, forecast.expected_fill_pct) == (0.0, 100.0)
    assert forecast.venue_mix is not None
    assert {share.venue: share.qty for share in forecast.venue_mix} == {"kraken": Decimal(2), "coinbase": Decimal(1)}
    assert forecast.venue_ranking is not None
    assert [row.venue for row in forecast.venue_ranking] == ["kraken", "coinbase"]
    sandbox.advance(seconds=40)
    sandbox.trade("BTC-USD", "kraken", "sell", "99", 9)
    sandbox.advance(seconds=20)
    simulation = seq.simulate("BTC-USD", "buy", 3, urgency="low")
    assert simulation.scenarios is not None
    aggressive, passive, split = simulation.scenarios
    assert aggressive.est_cost_bps == 160.15
    # Resting at 99 behind five displayed ones, three of the nine sold are ours: a dollar better than the middle.
    assert (passive.fill_rate, passive.est_cost_bps, passive.time_to_completion_ms) == (1.0, -90.1, 10_000.0)
    assert (split.fill_rate, split.venue_count) == (1.0, 2)
    assert simulation.recommended == "passive"


@pytest.mark.covers("intel", "fair_price", "analytics_market")
def test_a_market_is_described_by_its_own_books_and_prints(sandbox: Sandbox, seq: Sequence) -> None:
    sandbox.advance(seconds=60)
    sandbox.trade("BTC-USD", "kraken", "buy", "101", 3)
    sandbox.trade("BTC-USD", "coinbase", "sell", "98", 1)
    intel = seq.intel("BTC-USD")
    assert intel.venues is not None
    assert {row.venue: row.market_share_pct for row in intel.venues} == {"kraken": 75.0, "coinbase": 25.0}
    assert (intel.spread_bps, intel.spread_regime, intel.toxicity_score) == (200.0, "unknown", 0.9)
    market = seq.analytics_market("BTC-USD")
    assert (market.bid, market.ask, market.mid, market.spread_bps) == (99.0, 101.0, 100.0, 200.0)
    assert (market.total_bid_depth, market.total_ask_depth, market.imbalance) == (10.0, 13.0, -3 / 23)
    prices = seq.fair_price("ETH").prices
    assert prices is not None
    (row,) = prices
    quote = seq.quote("ETH-USD")
    assert row.price is not None
    assert abs(float(row.price) / quote.nbbo.mid - 1) < 0.001


@pytest.mark.covers(
    "execution_summary",
    "analytics_portfolio",
    "analytics_execution",
    "analytics_venues",
    "analytics_tca",
    "analytics_tca_report",
    "analytics_tca_timeseries",
    "analytics_tca_venues",
    "analytics_tca_quality",
    "analytics_ab_report",
)
def test_every_view_of_the_same_orders_agrees(sandbox: Sandbox, seq: Sequence) -> None:
    seq.buy("BTC-USD", 2)
    sandbox.advance(seconds=3600)
    middle = sandbox.now
    sandbox.set_book("BTC-USD", "kraken", bids=[("109", "5")], asks=[("111", "5")])
    sandbox.set_book("BTC-USD", "coinbase", bids=[("108", "5")], asks=[("112", "5")])
    seq.sell("BTC-USD", 1, venue="kraken")
    seq.sell("BTC-USD", 50, venue="coinbase")
    whole = seq.analytics_tca()
    assert whole.order_count == seq.tca().order_count == 2
    reports = seq.analytics_tca_report()
    assert [report.side for report in reports] == ["SELL", "BUY"]
    points = seq.analytics_tca_timeseries(interval="1h").points
    assert points is not None
    assert [point.order_count for point in points] == [1, 1]
    early, late = seq.analytics_tca(until=middle), seq.analytics_tca(since=middle.isoformat())
    assert (early.order_count, late.order_count) == (1, 1)
    assert early.implementation_shortfall_usd is not None
    assert late.implementation_shortfall_usd is not None
    assert whole.implementation_shortfall_usd == pytest.approx(
        early.implementation_shortfall_usd + late.implementation_shortfall_usd
    )
    rows = seq.analytics_tca_venues().venues
    assert rows is not None
    assert {row.venue: row.qty for row in rows} == {"kraken": Decimal(2), "coinbase": Decimal(1)}
    assert seq.analytics_tca(venue="coinbase").order_count == 1
    quality = seq.analytics_tca_quality().quality
    assert quality is not None
    assert (quality.full, quality.partial, quality.missing) == (0, 2, 0)
    versions = seq.analytics_ab_report().versions
    assert versions is not None
    assert [(row.routing_version, row.order_count) for row in versions] == [(1, 2)]
    assert seq.analytics_tca(routing_version=2).order_count == 0

    summary = seq.execution_summary()
    assert (summary.order_count, summary.hit_rate, summary.notional_usd) == (3, 2 / 3, 2 * 101.25 + 109)
    execution = seq.analytics_execution()
    assert execution.orders is not None
    assert (execution.orders.submitted, execution.orders.filled, execution.orders.rejected) == (3, 2, 1)
    venues = seq.analytics_venues().venues
    assert venues is not None
    assert [(row.venue, row.sent, row.filled, row.rejected) for row in venues] == [
        ("coinbase", 2, 1, 1),
        ("kraken", 2, 2, 0),
    ]
    portfolio = seq.analytics_portfolio()
    held = seq.positions_unified()
    assert portfolio.nav_usd == held.totals.nav_usd
    assert portfolio.concentration is not None
    assert (portfolio.concentration.largest_symbol, portfolio.concentration.largest_share) == ("BTC", 1.0)
