"""What orders cost: the report of one order, and the costs of many together.

Of these answers only the names of the figures are documented. So every field may be missing, and where the shape of a
part is not documented it is typed as this SDK's sandbox sends it and never refused: a part of another shape reads as it
was received.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from ._shape import FreeForm
from .base import SequenceModel
from .orders import OrderStatus
from .streams import TcaReport
from .venues import VenueId
from .views import OptionalInstant, OptionalMoney, OptionalQuantity

TcaQuality = Literal["full", "partial", "missing"] | str
"""How well an order could be measured."""

BenchmarkSource = Literal["prints", "bars", "recent_prints", "arrival_mid"] | str
"""What the market's own average price was made from."""


class OrderTca(TcaReport, frozen=True):
    """What one order cost.

    Shares are of the notional at arrival, positive when they hurt; spread cost, market impact and fees add up to the
    implementation shortfall.
    """

    status: OrderStatus | None = None
    """Final state of the order."""
    filled_qty_1e8: int | None = None
    """Quantity filled, scaled by 10**8."""
    arrival_price_1e9: int | None = None
    """Middle of the market when the order arrived, scaled by 10**9."""
    arrival_bid_1e9: int | None = None
    """Best bid then, scaled by 10**9; null when nobody bid."""
    arrival_ask_1e9: int | None = None
    """Best ask then, scaled by 10**9; null when nobody offered."""
    benchmark_source: BenchmarkSource | None = None
    """What the benchmark was made from."""
    notional_usd: float | None = None
    """What the fills were worth, in dollars."""
    fill_count: int | None = None
    """Number of fills."""
    implementation_shortfall_usd: float | None = None
    """Everything it cost against the price at arrival, in dollars."""
    savings_usd: float | None = None
    """How much better than the benchmark the fills were, in dollars; fees count in neither."""
    routing_version: int | None = None
    """The router that routed it."""
    quality: TcaQuality | None = None
    """How well it could be measured."""

    filled_qty = OptionalQuantity()
    """`filled_qty_1e8` as an exact ``Decimal``."""
    arrival_price = OptionalMoney()
    """`arrival_price_1e9` as an exact ``Decimal``."""
    arrival_bid = OptionalMoney()
    """`arrival_bid_1e9` as an exact ``Decimal``."""
    arrival_ask = OptionalMoney()
    """`arrival_ask_1e9` as an exact ``Decimal``."""


class Percentiles(SequenceModel, frozen=True):
    """How a cost is spread over orders, weighted by notional: at the 95th percentile, orders of 95 % of the notional
    cost that or less."""

    p50: float | None = None
    """Median."""
    p75: float | None = None
    """75th percentile."""
    p95: float | None = None
    """95th percentile."""
    p99: float | None = None
    """99th percentile."""


class QualityCounts(SequenceModel, frozen=True):
    """How many orders could be measured how well."""

    full: int | None = None
    """Both sides of the market at arrival and a benchmark from the market."""
    partial: int | None = None
    """One of these is missing."""
    missing: int | None = None
    """No price at arrival, so nothing could be measured."""


class CostSummary(SequenceModel, frozen=True):
    """The costs of some orders together: means weighted by notional, null when there is no order."""

    order_count: int | None = None
    """Number of orders."""
    notional_usd: float | None = None
    """What their fills were worth, in dollars."""
    implementation_shortfall_bps: float | None = None
    """Everything they cost against the price at arrival, in basis points."""
    spread_cost_bps: float | None = None
    """Half spread paid as a taker, less what was earned as a maker, in basis points."""
    market_impact_bps: float | None = None
    """Depth walked through and the market's own move, in basis points."""
    fee_cost_bps: float | None = None
    """Fees, in basis points."""
    savings_vs_benchmark_bps: float | None = None
    """How much better than the market's average price, in basis points; negative when worse."""
    implementation_shortfall_usd: float | None = None
    """Everything they cost, in dollars."""
    savings_usd: float | None = None
    """How much better than the market's average price, in dollars."""
    total_fees_usd: float | None = None
    """Fees, in dollars."""
    win_rate: float | None = None
    """Share of the orders that were better than their benchmark."""
    mean_execution_time_ms: float | None = None
    """Mean time from the router to the end of an order, in milliseconds."""
    quality: Annotated[QualityCounts | None, FreeForm()] = None
    """How well they could be measured."""


class Tca(CostSummary, frozen=True):
    """Transaction costs of the desk, or of one symbol.

    Example:
        >>> graph = seq.buy("BTC-USD", "0.5")
        >>> tca = seq.tca()
        >>> tca.order_count, tca["order_count"]
        (1, 1)
        >>> parts = tca.spread_cost_bps + tca.market_impact_bps + tca.fee_cost_bps
        >>> abs(parts - tca.implementation_shortfall_bps) < 1e-9
        True
    """

    symbol: str | None = None
    """The symbol; null for all."""
    percentiles: Annotated[Mapping[str, Percentiles] | None, FreeForm()] = None
    """How each cost is spread, by the name of the cost."""
    orders: Annotated[tuple[OrderTca, ...] | None, FreeForm()] = None
    """The newest orders one by one, newest first."""
    generated_at_ns: int | None = None
    """When the answer was made, nanoseconds since the epoch."""

    generated_at = OptionalInstant()
    """`generated_at_ns` as an aware ``datetime``."""


class TcaReports(SequenceModel, frozen=True):
    """A page of order reports, newest first. Iterating gives the rows of this page.

    Example:
        >>> graph = seq.buy("BTC-USD", "0.5")
        >>> [report.symbol for report in seq.analytics_tca_report(limit=5)]
        ['BTC-USD']
    """

    reports: Annotated[tuple[OrderTca, ...] | None, FreeForm()] = None
    """Reports of this page."""
    total: int | None = None
    """Number of reports on all pages."""
    limit: int | None = None
    """Most rows on this page."""
    offset: int | None = None
    """Rows before this page."""
    has_more: bool | None = None
    """Whether a page follows."""

    def __iter__(self) -> Iterator[OrderTca]:  # type: ignore[override]  # rows, where pydantic yields pairs
        return iter(self.reports or ())


class TcaPoint(CostSummary, frozen=True):
    """The costs of the orders that ended in one interval."""

    start_ns: int | None = None
    """Start of the interval, nanoseconds since the epoch."""

    start = OptionalInstant()
    """`start_ns` as an aware ``datetime``."""


class TcaSeries(SequenceModel, frozen=True):
    """The costs over time. Intervals in which no order ended are left out.

    Example:
        >>> graph = seq.buy("BTC-USD", "0.5")
        >>> series = seq.analytics_tca_timeseries(interval="1d")
        >>> series.interval_s, [point.order_count for point in series.points]
        (86400, [1])
    """

    interval_s: int | None = None
    """Length of an interval, in seconds."""
    points: Annotated[tuple[TcaPoint, ...] | None, FreeForm()] = None
    """One point per interval, oldest first."""
    generated_at_ns: int | None = None
    """When the answer was made, nanoseconds since the epoch."""

    generated_at = OptionalInstant()
    """`generated_at_ns` as an aware ``datetime``."""


class VenueCosts(SequenceModel, frozen=True):
    """What the fills at one venue cost, against the arrival of their orders."""

    venue: VenueId | None = None
    """The venue."""
    order_count: int | None = None
    """Orders with a fill there."""
    fill_count: int | None = None
    """Fills there."""
    maker_fill_rate: float | None = None
    """Share of the fills that were a maker's."""
    qty_1e8: int | None = None
    """Quantity filled there, scaled by 10**8."""
    notional_usd: float | None = None
    """What the fills were worth, in dollars."""
    total_fees_usd: float | None = None
    """Fees, in dollars."""
    implementation_shortfall_bps: float | None = None
    """Everything the fills cost, in basis points."""
    spread_cost_bps: float | None = None
    """Spread cost, in basis points."""
    market_impact_bps: float | None = None
    """Market impact, in basis points."""
    fee_cost_bps: float | None = None
    """Fees, in basis points."""
    savings_vs_benchmark_bps: float | None = None
    """How much better than the market's average price, in basis points."""
    implementation_shortfall_usd: float | None = None
    """Everything the fills cost, in dollars."""
    savings_usd: float | None = None
    """How much better than the market's average price, in dollars."""

    qty = OptionalQuantity()
    """`qty_1e8` as an exact ``Decimal``."""


class TcaVenues(SequenceModel, frozen=True):
    """The costs per venue; together they are those of the orders.

    Example:
        >>> graph = seq.buy("BTC-USD", "0.5", venue="kraken")
        >>> [row.venue for row in seq.analytics_tca_venues().venues]
        ['kraken']
    """

    venues: Annotated[tuple[VenueCosts, ...] | None, FreeForm()] = None
    """One row per venue, the largest notional first."""
    generated_at_ns: int | None = None
    """When the answer was made, nanoseconds since the epoch."""

    generated_at = OptionalInstant()
    """`generated_at_ns` as an aware ``datetime``."""


class TcaProvenance(SequenceModel, frozen=True):
    """How well orders could be measured, and from what.

    Example:
        >>> graph = seq.buy("BTC-USD", "0.5")
        >>> seq.analytics_tca_quality().quality.full
        1
    """

    order_count: int | None = None
    """Number of orders."""
    quality: Annotated[QualityCounts | None, FreeForm()] = None
    """How well they could be measured."""
    arrival: Annotated[Mapping[str, int] | None, FreeForm()] = None
    """Number of orders by what their price at arrival was made from."""
    benchmark: Annotated[Mapping[str, int] | None, FreeForm()] = None
    """Number of orders by what their benchmark was made from."""
    full_notional_share: float | None = None
    """Share of the notional that could be measured fully."""
    generated_at_ns: int | None = None
    """When the answer was made, nanoseconds since the epoch."""

    generated_at = OptionalInstant()
    """`generated_at_ns` as an aware ``datetime``."""


class RouterCosts(CostSummary, frozen=True):
    """What the orders of one routing version cost."""

    routing_version: int | None = None
    """The version."""
    percentiles: Annotated[Mapping[str, Percentiles] | None, FreeForm()] = None
    """How each cost is spread, by the name of the cost."""


class RouterComparison(SequenceModel, frozen=True):
    """How routing versions compare.

    Example:
        >>> seq.analytics_ab_report().recommendation
        'no_candidate'
    """

    versions: Annotated[tuple[RouterCosts, ...] | None, FreeForm()] = None
    """One row per version that routed an order."""
    baseline: int | None = None
    """The version in use."""
    candidate: int | None = None
    """The version that might replace it; null when there is none."""
    recommendation: str | None = None
    """What follows from the comparison."""
    generated_at_ns: int | None = None
    """When the answer was made, nanoseconds since the epoch."""

    generated_at = OptionalInstant()
    """`generated_at_ns` as an aware ``datetime``."""
