"""The analytics family: a market, a portfolio, and all orders of an account in figures.

Only the groups of these answers are documented. Every field may be missing, and a part of another shape reads as it was
received.
"""

from __future__ import annotations

from typing import Annotated

from ._shape import FreeForm
from .base import SequenceModel
from .market import QuoteSource
from .venues import VenueId
from .views import OptionalInstant, OptionalMoney, OptionalQuantity


class VenueTop(SequenceModel, frozen=True):
    """The top of one venue's book, and its depth."""

    venue: VenueId | None = None
    """The venue."""
    bid: float | None = None
    """Best bid; null when nobody bids."""
    ask: float | None = None
    """Best ask; null when nobody offers."""
    mid: float | None = None
    """Middle; null when a side is empty."""
    spread: float | None = None
    """Ask less bid."""
    spread_bps: float | None = None
    """The same in basis points of the middle."""
    bid_size: float | None = None
    """Quantity at the best bid."""
    ask_size: float | None = None
    """Quantity at the best ask."""
    bid_depth: float | None = None
    """Quantity of all its bids."""
    ask_depth: float | None = None
    """Quantity of all its asks."""


class MarketAnalytics(SequenceModel, frozen=True):
    """Best prices, depth and balance of a market.

    Example:
        >>> market = seq.analytics_market("BTC-USD")
        >>> market.bid < market.mid < market.ask
        True
        >>> -1 <= market.imbalance <= 1
        True
    """

    symbol: str | None = None
    """Canonical symbol."""
    bid: float | None = None
    """Highest bid of all venues; null when nobody bids."""
    ask: float | None = None
    """Lowest ask of all venues; null when nobody offers."""
    mid: float | None = None
    """Middle; null when a side is empty or the venues cross."""
    spread: float | None = None
    """Ask less bid."""
    spread_bps: float | None = None
    """The same in basis points of the middle."""
    total_bid_depth: float | None = None
    """Quantity of all bids."""
    total_ask_depth: float | None = None
    """Quantity of all asks."""
    total_bid_depth_usd: float | None = None
    """Worth of all bids, in dollars."""
    total_ask_depth_usd: float | None = None
    """Worth of all asks, in dollars."""
    imbalance: float | None = None
    """Bid depth less ask depth over their sum, from -1 to 1; null when the books are empty."""
    venues: Annotated[tuple[VenueTop, ...] | None, FreeForm()] = None
    """One row per venue."""
    source: QuoteSource | None = None
    """The path that served the books."""
    generated_at_ns: int | None = None
    """When the answer was made, nanoseconds since the epoch."""

    generated_at = OptionalInstant()
    """`generated_at_ns` as an aware ``datetime``."""


class Concentration(SequenceModel, frozen=True):
    """How much of a portfolio is in one thing."""

    largest_symbol: str | None = None
    """The largest position; null without one."""
    largest_share: float | None = None
    """Its share of the gross exposure, from 0 to 1."""
    herfindahl: float | None = None
    """Sum of the squared shares: 1 for a single position."""


class SymbolHolding(SequenceModel, frozen=True):
    """What is held of one thing on all venues, and what it earned."""

    symbol: str | None = None
    """Asset, perp, or market and outcome."""
    qty_1e8: int | None = None
    """Quantity, scaled by 10**8."""
    current_value_usd_1e9: int | None = None
    """Worth in dollars, scaled by 10**9."""
    unrealized_pnl_usd_1e9: int | None = None
    """Gain not yet taken, in dollars scaled by 10**9."""
    realized_pnl_usd_1e9: int | None = None
    """Gain taken, in dollars scaled by 10**9."""
    funding_usd_1e9: int | None = None
    """What funding brought, in dollars scaled by 10**9."""
    fees_usd_1e9: int | None = None
    """Fees, in dollars scaled by 10**9."""
    share: float | None = None
    """Share of the gross exposure, from 0 to 1."""

    qty = OptionalQuantity()
    """`qty_1e8` as an exact ``Decimal``."""
    current_value_usd = OptionalMoney()
    """`current_value_usd_1e9` as an exact ``Decimal``."""
    unrealized_pnl_usd = OptionalMoney()
    """`unrealized_pnl_usd_1e9` as an exact ``Decimal``."""
    realized_pnl_usd = OptionalMoney()
    """`realized_pnl_usd_1e9` as an exact ``Decimal``."""
    funding_usd = OptionalMoney()
    """`funding_usd_1e9` as an exact ``Decimal``."""
    fees_usd = OptionalMoney()
    """`fees_usd_1e9` as an exact ``Decimal``."""


class PortfolioAnalytics(SequenceModel, frozen=True):
    """What an account holds besides money, and what it earned.

    Example:
        >>> graph = seq.buy("BTC-USD", "0.5")
        >>> portfolio = seq.analytics_portfolio()
        >>> portfolio.concentration.largest_symbol
        'BTC'
        >>> portfolio.net_pnl_usd == portfolio.unrealized_pnl_usd - portfolio.fees_usd
        True
    """

    nav_usd_1e9: int | None = None
    """Net asset value, in dollars scaled by 10**9."""
    cash_usd_1e9: int | None = None
    """Dollars and what is worth one, scaled by 10**9."""
    position_value_usd_1e9: int | None = None
    """Worth of everything else, short perps negative, in dollars scaled by 10**9."""
    gross_exposure_usd_1e9: int | None = None
    """The same without signs."""
    unrealized_pnl_usd_1e9: int | None = None
    """Gain not yet taken, in dollars scaled by 10**9."""
    realized_pnl_usd_1e9: int | None = None
    """Gain taken, in dollars scaled by 10**9."""
    funding_usd_1e9: int | None = None
    """What funding brought, in dollars scaled by 10**9."""
    fees_usd_1e9: int | None = None
    """Fees, in dollars scaled by 10**9."""
    net_pnl_usd_1e9: int | None = None
    """Both gains and funding, less fees, in dollars scaled by 10**9."""
    concentration: Annotated[Concentration | None, FreeForm()] = None
    """How much of it is in one thing."""
    symbols: Annotated[tuple[SymbolHolding, ...] | None, FreeForm()] = None
    """One row per thing, the largest first."""
    as_of_ns: int | None = None
    """When the answer was made, nanoseconds since the epoch."""

    nav_usd = OptionalMoney()
    """`nav_usd_1e9` as an exact ``Decimal``."""
    cash_usd = OptionalMoney()
    """`cash_usd_1e9` as an exact ``Decimal``."""
    position_value_usd = OptionalMoney()
    """`position_value_usd_1e9` as an exact ``Decimal``."""
    gross_exposure_usd = OptionalMoney()
    """`gross_exposure_usd_1e9` as an exact ``Decimal``."""
    unrealized_pnl_usd = OptionalMoney()
    """`unrealized_pnl_usd_1e9` as an exact ``Decimal``."""
    realized_pnl_usd = OptionalMoney()
    """`realized_pnl_usd_1e9` as an exact ``Decimal``."""
    funding_usd = OptionalMoney()
    """`funding_usd_1e9` as an exact ``Decimal``."""
    fees_usd = OptionalMoney()
    """`fees_usd_1e9` as an exact ``Decimal``."""
    net_pnl_usd = OptionalMoney()
    """`net_pnl_usd_1e9` as an exact ``Decimal``."""
    as_of = OptionalInstant()
    """`as_of_ns` as an aware ``datetime``."""


class OrderCounts(SequenceModel, frozen=True):
    """What became of an account's orders."""

    submitted: int | None = None
    """Handed to the router."""
    working: int | None = None
    """Not over yet."""
    filled: int | None = None
    """Filled whole."""
    partially_filled: int | None = None
    """Over, and filled in part."""
    cancelled: int | None = None
    """Cancelled, with or without a fill."""
    rejected: int | None = None
    """Rejected or failed."""
    fill_rate: float | None = None
    """Share of those over that were filled at least in part; null when none is over."""
    reject_rate: float | None = None
    """Share of those over that were rejected."""


class FillCounts(SequenceModel, frozen=True):
    """What was filled."""

    count: int | None = None
    """Number of fills."""
    volume_usd: float | None = None
    """Their worth, in dollars."""
    maker_count: int | None = None
    """Those of a maker."""
    fees_usd: float | None = None
    """Fees, in dollars."""


class LatencySpread(SequenceModel, frozen=True):
    """How a latency is spread, in milliseconds."""

    mean: float | None = None
    """Mean."""
    p50: float | None = None
    """Median."""
    p75: float | None = None
    """75th percentile."""
    p95: float | None = None
    """95th percentile."""
    p99: float | None = None
    """99th percentile."""
    max: float | None = None
    """Largest."""


class Latencies(SequenceModel, frozen=True):
    """How long things took."""

    submit_ms: Annotated[LatencySpread | None, FreeForm()] = None
    """From the router to the market, in milliseconds."""


class ExecutionQuality(SequenceModel, frozen=True):
    """What an account's orders cost, weighted by notional."""

    slippage_bps: float | None = None
    """Prices against those at arrival, in basis points."""
    implementation_shortfall_bps: float | None = None
    """The same with fees."""
    savings_vs_benchmark_bps: float | None = None
    """How much better than the market's average price, in basis points."""
    savings_usd: float | None = None
    """The same in dollars."""
    mean_execution_time_ms: float | None = None
    """Mean time from the router to the end of an order, in milliseconds."""


class ExecutionAnalytics(SequenceModel, frozen=True):
    """How an account's orders went.

    Example:
        >>> graph = seq.buy("BTC-USD", "0.5")
        >>> execution = seq.analytics_execution()
        >>> execution.orders.submitted, execution.orders.fill_rate
        (1, 1.0)
    """

    orders: Annotated[OrderCounts | None, FreeForm()] = None
    """What became of the orders."""
    fills: Annotated[FillCounts | None, FreeForm()] = None
    """What was filled."""
    latency: Annotated[Latencies | None, FreeForm()] = None
    """How long things took."""
    execution_quality: Annotated[ExecutionQuality | None, FreeForm()] = None
    """What it cost."""
    generated_at_ns: int | None = None
    """When the answer was made, nanoseconds since the epoch."""

    generated_at = OptionalInstant()
    """`generated_at_ns` as an aware ``datetime``."""


class SizeBucket(SequenceModel, frozen=True):
    """The orders of one size at one venue."""

    count: int | None = None
    """Number of orders."""
    fill_rate: float | None = None
    """Share of them with a fill; null without an order."""
    slippage_bps: float | None = None
    """Prices against those at arrival, in basis points."""
    implementation_shortfall_bps: float | None = None
    """The same with fees."""


class SizeBuckets(SequenceModel, frozen=True):
    """The orders at one venue by the worth of what was filled there."""

    small: Annotated[SizeBucket | None, FreeForm()] = None
    """Below 10,000 dollars, unfilled ones too."""
    medium: Annotated[SizeBucket | None, FreeForm()] = None
    """From 10,000 to below 100,000 dollars."""
    large: Annotated[SizeBucket | None, FreeForm()] = None
    """From 100,000 dollars on."""


class VenueQuality(SequenceModel, frozen=True):
    """What one venue did with the orders that were sent there."""

    venue: VenueId | None = None
    """The venue."""
    sent: int | None = None
    """Orders sent there."""
    acked: int | None = None
    """Those it acknowledged."""
    filled: int | None = None
    """Those with a fill there."""
    rejected: int | None = None
    """Those refused."""
    fill_rate: float | None = None
    """Filled per sent."""
    ack_rate: float | None = None
    """Acknowledged per sent."""
    reject_rate: float | None = None
    """Refused per sent."""
    mean_ack_latency_ms: float | None = None
    """Mean time until acknowledged, in milliseconds; null without one."""
    notional_usd: float | None = None
    """Worth of the fills there, in dollars."""
    slippage_bps: float | None = None
    """Prices against those at arrival, in basis points."""
    implementation_shortfall_bps: float | None = None
    """The same with fees."""
    quality_score: float | None = None
    """All of it in one number, from 0 to 100."""
    buckets: Annotated[SizeBuckets | None, FreeForm()] = None
    """The same by size."""


class VenueAnalytics(SequenceModel, frozen=True):
    """What every venue did with an account's orders.

    Example:
        >>> graph = seq.buy("BTC-USD", "0.5", venue="kraken")
        >>> [(row.venue, row.sent, row.fill_rate) for row in seq.analytics_venues().venues]
        [('kraken', 1, 1.0)]
    """

    venues: Annotated[tuple[VenueQuality, ...] | None, FreeForm()] = None
    """One row per venue."""
    generated_at_ns: int | None = None
    """When the answer was made, nanoseconds since the epoch."""

    generated_at = OptionalInstant()
    """`generated_at_ns` as an aware ``datetime``."""
