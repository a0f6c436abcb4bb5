"""What type checkers must see of monitoring and analytics. Never run: mypy and pyright read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, assert_type

from sequence_markets import (
    AsyncSequence,
    BookLevel,
    Depth,
    ExecutionAnalytics,
    ExecutionLive,
    ExecutionReview,
    ExecutionSummary,
    FairPrices,
    Forecast,
    Intel,
    MarketAnalytics,
    OrderTca,
    Percentiles,
    PortfolioAnalytics,
    RouterComparison,
    Routing,
    Scenario,
    Sequence,
    Simulation,
    SlippageCurve,
    SlippagePoint,
    Tca,
    TcaProvenance,
    TcaReports,
    TcaSeries,
    TcaVenues,
    Trace,
    VenueAnalytics,
)


def blocking(seq: Sequence) -> None:
    tca = seq.tca()
    assert_type(tca, Tca)
    assert_type(tca.implementation_shortfall_bps, float | None)
    assert_type(tca.percentiles, Mapping[str, Percentiles] | None)
    assert_type(tca.orders, tuple[OrderTca, ...] | None)
    assert_type(seq.intel("X"), Intel)
    assert_type(seq.slippage("X", "sell", sizes=[1, "2.5", Decimal(3)]), SlippageCurve)
    assert_type(seq.slippage("X").curve, tuple[SlippagePoint, ...] | None)
    assert_type(seq.routing("X", qty="0.5"), Routing)
    assert_type(seq.routing("X").filled_qty, Decimal | None)
    assert_type(seq.depth("X"), Depth)
    assert_type(seq.depth("X").bids, tuple[BookLevel, ...] | None)
    assert_type(seq.forecast("X", "buy", 1), Forecast)
    simulation = seq.simulate("X", "buy", 1, "low")
    assert_type(simulation, Simulation)
    assert_type(simulation.scenarios, tuple[Scenario, ...] | None)
    assert_type(seq.execution_live("o").deadline, datetime | None)
    assert_type(seq.execution_live("o"), ExecutionLive)
    review = seq.execution_review("o")
    assert_type(review, ExecutionReview)
    assert_type(review.vwap, Decimal | None)
    assert_type(review.spread_cost_bps, float | None)
    assert_type(review.is_final, bool | None)
    assert_type(seq.execution_summary(), ExecutionSummary)
    trace = seq.trace("o", limit=5)
    assert_type(trace, Trace)
    assert trace.events is not None
    assert_type(trace.events[0].ts, datetime | None)
    assert_type(trace.events[0].detail, Mapping[str, Any] | None)
    assert_type(seq.fair_price("ETH"), FairPrices)


def analytics(seq: Sequence) -> None:
    assert_type(seq.analytics_market("X"), MarketAnalytics)
    assert_type(seq.analytics_portfolio(), PortfolioAnalytics)
    assert_type(seq.analytics_portfolio().net_pnl_usd, Decimal | None)
    assert_type(seq.analytics_execution(), ExecutionAnalytics)
    assert_type(seq.analytics_venues(), VenueAnalytics)
    assert_type(seq.analytics_tca("X", datetime.now(UTC), "2026-01-01", "kraken", 1), Tca)
    reports = seq.analytics_tca_report(limit=5, offset=5)
    assert_type(reports, TcaReports)
    assert_type(iter(reports), Iterator[OrderTca])
    assert_type(seq.analytics_tca_timeseries(interval="1d"), TcaSeries)
    assert_type(seq.analytics_tca_venues(venue="okx"), TcaVenues)
    assert_type(seq.analytics_tca_quality(), TcaProvenance)
    assert_type(seq.analytics_ab_report(timeout=1.0), RouterComparison)


async def awaited(seq: AsyncSequence) -> None:
    assert_type(await seq.tca("X"), Tca)
    assert_type(await seq.trace("o"), Trace)
    assert_type((await seq.routing("X")).chosen, str | None)
    assert_type([report.symbol for report in await seq.analytics_tca_report()], list[str | None])
