"""What an order would cost, how it is going and how it went, and what its market looks like.

These answers are free-form: every field may be missing, and a part whose shape is not documented is typed as this SDK's
sandbox sends it and never refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from ._shape import FreeForm
from .base import SequenceModel
from .market import BookLevel, QuoteSource
from .orders import OrderSide, OrderStatus
from .streams import FairPrice, RoutingLeg
from .tca import OrderTca
from .venues import VenueId
from .views import OptionalInstant, OptionalMoney, OptionalQuantity


class _Answer(SequenceModel, frozen=True):
    """What every answer about a symbol carries."""

    symbol: str | None = None
    """Canonical symbol."""
    source: QuoteSource | None = None
    """The path that served the books."""
    generated_at_ns: int | None = None
    """When the answer was made, nanoseconds since the epoch."""

    generated_at = OptionalInstant()
    """`generated_at_ns` as an aware ``datetime``."""


class VenueIntel(SequenceModel, frozen=True):
    """One venue's part in a market."""

    venue: VenueId | None = None
    """The venue."""
    market_share_pct: float | None = None
    """Its share of the volume, in percent; null when nothing was traded."""
    volume: float | None = None
    """What was traded there, in units of the base asset."""
    spread_bps: float | None = None
    """Its spread now, in basis points; null when a side is empty."""
    quote_to_trade_ratio: float | None = None
    """How often its best prices change for each of its trades; null without a trade."""


class Intel(_Answer, frozen=True):
    """How a market is made up.

    Example:
        >>> intel = seq.intel("BTC-USD")
        >>> round(sum(row.market_share_pct for row in intel.venues))
        100
        >>> 0 <= intel.toxicity_score <= 1
        True
    """

    venues: Annotated[tuple[VenueIntel, ...] | None, FreeForm()] = None
    """One row per venue."""
    spread_bps: float | None = None
    """Spread of the best prices over all venues now, in basis points."""
    usual_spread_bps: float | None = None
    """Its median over the recent past."""
    spread_regime: Literal["tight", "normal", "wide", "unknown"] | str | None = None
    """How the spread compares with that median."""
    toxicity_score: float | None = None
    """How one-sided recent trades were, from 0 to 1; null without a trade."""
    print_count: int | None = None
    """How many trades that is made from."""
    share_window_s: int | None = None
    """Over how many seconds volume is counted."""
    print_window_s: float | None = None
    """Over how many seconds trades were read."""


class SlippagePoint(SequenceModel, frozen=True):
    """What a market order of one size would pay."""

    notional_usd: float | None = None
    """The size, in dollars."""
    qty_1e8: int | None = None
    """The quantity it buys, scaled by 10**8."""
    filled_pct: float | None = None
    """How much of it the books hold, in percent."""
    slippage_bps: float | None = None
    """Average price against the middle, in basis points; positive is worse. Null when nothing would be filled."""
    fee_bps: float | None = None
    """Fees, in basis points of the notional at the middle."""
    total_cost_bps: float | None = None
    """Both together."""
    avg_price: float | None = None
    """Average price."""
    venue_count: int | None = None
    """How many venues it would be taken from."""
    funded: bool | None = None
    """Whether the account could pay for it; when not, the figures are those of one that can."""

    qty = OptionalQuantity()
    """`qty_1e8` as an exact ``Decimal``."""


class SlippageCurve(_Answer, frozen=True):
    """What market orders of growing size would pay, each by itself.

    Example:
        >>> curve = seq.slippage("BTC-USD").curve
        >>> [point.notional_usd for point in curve]
        [1000, 10000, 100000, 1000000]
        >>> curve[0].slippage_bps <= curve[-1].slippage_bps
        True
    """

    side: str | None = None
    """Side of the orders."""
    mid: float | None = None
    """The middle that slippage is measured from."""
    curve: Annotated[tuple[SlippagePoint, ...] | None, FreeForm()] = None
    """One point per size."""


class RoutedLeg(RoutingLeg, frozen=True):
    """What an order would take at one venue."""

    worst_price_1e9: int | None = None
    """Worst price there, scaled by 10**9."""
    fee_1e9: int | None = None
    """Fee there, scaled by 10**9."""
    pct: float | None = None
    """Its part of what would be filled, in percent."""

    worst_price = OptionalMoney()
    """`worst_price_1e9` as an exact ``Decimal``."""
    fee = OptionalMoney()
    """`fee_1e9` as an exact ``Decimal``."""


class Routing(_Answer, frozen=True):
    """How the router would split a market order.

    Example:
        >>> routing = seq.routing("BTC-USD", qty=250)
        >>> sum(leg.qty for leg in routing.legs) == routing.filled_qty
        True
        >>> routing.chosen in routing.candidates
        True
    """

    side: str | None = None
    """Side of the order."""
    qty_1e8: int | None = None
    """Quantity asked about, scaled by 10**8."""
    filled_qty_1e8: int | None = None
    """What would be filled of it, scaled by 10**8."""
    legs: Annotated[tuple[RoutedLeg, ...] | None, FreeForm()] = None
    """One leg per venue, the one that would be taken from first in front."""
    est_cost_bps: float | None = None
    """Slippage and fees, in basis points of the notional at the middle."""
    est_slippage_bps: float | None = None
    """Slippage alone."""
    est_fee_bps: float | None = None
    """Fees alone."""
    chosen: str | None = None
    """The venue with the most; null when nothing would be filled."""
    candidates: Annotated[tuple[str, ...] | None, FreeForm()] = None
    """The venues that were looked at."""
    shortfall: str | None = None
    """Why not all of it would be filled; null when it would."""
    funded: bool | None = None
    """Whether the account could pay for it; when not, the split is that of one that can."""

    qty = OptionalQuantity()
    """`qty_1e8` as an exact ``Decimal``."""
    filled_qty = OptionalQuantity()
    """`filled_qty_1e8` as an exact ``Decimal``."""


class Depth(_Answer, frozen=True):
    """Every displayed level of every venue, each side sorted.

    Example:
        >>> depth = seq.depth("BTC-USD")
        >>> depth.bids[0].price < depth.asks[0].price
        True
        >>> len({level.venue for level in depth.asks}) > 1
        True
    """

    bids: Annotated[tuple[BookLevel, ...] | None, FreeForm()] = None
    """Bids, highest first."""
    asks: Annotated[tuple[BookLevel, ...] | None, FreeForm()] = None
    """Asks, lowest first."""
    bid_size: float | None = None
    """Sum of the bids, in units of the base asset."""
    ask_size: float | None = None
    """Sum of the asks, in units of the base asset."""
    venues: Annotated[tuple[str, ...] | None, FreeForm()] = None
    """The venues in the book."""


class CostConfidence(SequenceModel, frozen=True):
    """How surely an order is filled whole at a cost."""

    cost_bps: float | None = None
    """The cost, in basis points."""
    confidence: float | None = None
    """Share of the recent past in which the same order would have been filled whole at that cost or less."""


class CapacityPoint(SequenceModel, frozen=True):
    """What a larger order would cost."""

    qty: float | None = None
    """The quantity."""
    cost_bps: float | None = None
    """Slippage and fees, in basis points."""
    slippage_bps: float | None = None
    """Slippage alone."""
    filled_pct: float | None = None
    """How much of it the books hold, in percent."""


class RankedVenue(SequenceModel, frozen=True):
    """What the whole order would cost at one venue."""

    venue: VenueId | None = None
    """The venue."""
    landed_cost_bps: float | None = None
    """Book, fee and latency together, in basis points; null when it has nothing to offer."""
    book_bps: float | None = None
    """Slippage through its book."""
    fee_bps: float | None = None
    """Its fee."""
    latency_bps: float | None = None
    """What the market moves while the order is on its way."""
    filled_pct: float | None = None
    """How much of the order it could fill, in percent."""


class VenueShare(SequenceModel, frozen=True):
    """A venue's part in what would be filled."""

    venue: VenueId | None = None
    """The venue."""
    pct: float | None = None
    """Its part, in percent."""
    qty_1e8: int | None = None
    """The quantity, scaled by 10**8."""

    qty = OptionalQuantity()
    """`qty_1e8` as an exact ``Decimal``."""


class UrgencyOption(SequenceModel, frozen=True):
    """What an urgency would cost, and how long it would take."""

    urgency: str | None = None
    """The urgency."""
    cost_bps: float | None = None
    """Slippage and fees, in basis points."""
    horizon_ms: float | None = None
    """How long until it is filled, in milliseconds; null when it would not be."""
    saving_bps: float | None = None
    """What it saves against crossing now; negative when waiting costs."""


class Forecast(_Answer, frozen=True):
    """What an order is likely to cost before it is sent.

    Example:
        >>> forecast = seq.forecast("BTC-USD", "buy", "0.5")
        >>> forecast.expected_cost_bps <= forecast.downside_cost_bps
        True
        >>> forecast.venue_ranking[0].venue in {share.venue for share in forecast.venue_mix}
        True
    """

    side: str | None = None
    """Side of the order."""
    qty: float | None = None
    """Its quantity."""
    mid: float | None = None
    """The middle that costs are measured from."""
    expected_cost_bps: float | None = None
    """Slippage and fees, in basis points."""
    downside_cost_bps: float | None = None
    """What nine of ten would not exceed."""
    expected_slippage_bps: float | None = None
    """Slippage alone."""
    expected_fee_bps: float | None = None
    """Fees alone."""
    expected_fill_pct: float | None = None
    """How much of it the books hold, in percent."""
    expected_horizon_ms: float | None = None
    """How long until it is filled, in milliseconds."""
    fill_confidence: Annotated[tuple[CostConfidence, ...] | None, FreeForm()] = None
    """How surely it is filled whole at rising costs."""
    capacity_curve: Annotated[tuple[CapacityPoint, ...] | None, FreeForm()] = None
    """What larger orders would cost."""
    venue_ranking: Annotated[tuple[RankedVenue, ...] | None, FreeForm()] = None
    """The venues by landed cost, cheapest first."""
    venue_mix: Annotated[tuple[VenueShare, ...] | None, FreeForm()] = None
    """Where it would be filled."""
    urgency_tradeoff: Annotated[tuple[UrgencyOption, ...] | None, FreeForm()] = None
    """What waiting would save."""
    sample_count: int | None = None
    """How many instants the downside is made from."""
    funded: bool | None = None
    """Whether the account could pay for it; when not, the figures are those of one that can."""


class Scenario(SequenceModel, frozen=True):
    """What one way of working an order would come to."""

    name: Literal["aggressive", "passive", "split"] | str | None = None
    """The way."""
    policy: str | None = None
    """The policy that works so."""
    est_cost_bps: float | None = None
    """Slippage and fees of what is filled, in basis points; null when nothing is."""
    fill_rate: float | None = None
    """How much of it is filled, from 0 to 1."""
    venue_count: int | None = None
    """How many venues fill it."""
    time_to_completion_ms: float | None = None
    """How long until it is filled whole, in milliseconds; null when it is not."""
    derived_from: Literal["books", "replay"] | str | None = None
    """The books now, or the policy run on the market of a moment ago."""


class Simulation(_Answer, frozen=True):
    """Different ways of working the same order.

    Example:
        >>> sandbox.advance(seconds=60)
        Advance(...)
        >>> simulation = seq.simulate("BTC-USD", "buy", "0.5")
        >>> [scenario.name for scenario in simulation.scenarios]
        ['aggressive', 'passive', 'split']
    """

    side: str | None = None
    """Side of the order."""
    qty: float | None = None
    """Its quantity."""
    urgency: str | None = None
    """The urgency asked about."""
    scenarios: Annotated[tuple[Scenario, ...] | None, FreeForm()] = None
    """One per way."""
    recommended: str | None = None
    """The way that suits the urgency."""
    window_s: int | None = None
    """How many seconds of the past the patient ways were run on."""
    funded: bool | None = None
    """Whether the account could pay for it; when not, the figures are those of one that can."""


class RestingPart(SequenceModel, frozen=True):
    """A part of an order that stands at a venue."""

    venue: VenueId | None = None
    """The venue."""
    price_1e9: int | None = None
    """Its price, scaled by 10**9."""
    qty_1e8: int | None = None
    """Its quantity, scaled by 10**8."""
    queue_ahead_1e8: int | None = None
    """What stands before it at that price, scaled by 10**8."""

    price = OptionalMoney()
    """`price_1e9` as an exact ``Decimal``."""
    qty = OptionalQuantity()
    """`qty_1e8` as an exact ``Decimal``."""
    queue_ahead = OptionalQuantity()
    """`queue_ahead_1e8` as an exact ``Decimal``."""


class ExecutionLive(SequenceModel, frozen=True):
    """How an order is going.

    Example:
        >>> graph = seq.buy("BTC-USD", "0.5", limit_price=90_000, graph_id="g1")
        >>> live = seq.execution_live("graph:g1:order:1")
        >>> live.status, live.fill_pct, live.is_final
        ('ACCEPTED', 0.0, False)
        >>> live.resting[0].price
        Decimal('90000.000000000')
    """

    node_order_id: str | None = None
    """The order."""
    status: OrderStatus | None = None
    """Its state."""
    is_final: bool | None = None
    """Whether it is over."""
    failure_reason: str | None = None
    """Why it ended without being filled whole."""
    symbol: str | None = None
    """Canonical symbol."""
    side: OrderSide | None = None
    """``BUY`` or ``SELL``."""
    policy: str | None = None
    """How it works."""
    urgency: str | None = None
    """How urgently."""
    qty_1e8: int | None = None
    """Quantity asked for, scaled by 10**8."""
    filled_qty_1e8: int | None = None
    """Quantity filled, scaled by 10**8."""
    remaining_qty_1e8: int | None = None
    """Quantity not filled, scaled by 10**8."""
    fill_pct: float | None = None
    """How much is filled, in percent."""
    fill_count: int | None = None
    """Number of fills."""
    avg_fill_price_1e9: int | None = None
    """Average price of the fills, scaled by 10**9; null before the first."""
    arrival_mid_1e9: int | None = None
    """Middle of the market when it arrived, scaled by 10**9; null before."""
    slippage_bps: float | None = None
    """Average price against that middle, in basis points; positive is worse."""
    fees_1e9: int | None = None
    """Fees so far, scaled by 10**9."""
    resting: Annotated[tuple[RestingPart, ...] | None, FreeForm()] = None
    """What stands at venues."""
    elapsed_ms: float | None = None
    """Since it was handed to the router, until now or its end, in milliseconds."""
    deadline_ns: int | None = None
    """When it ends by itself, nanoseconds since the epoch."""
    updated_ns: int | None = None
    """When it last changed, nanoseconds since the epoch."""

    qty = OptionalQuantity()
    """`qty_1e8` as an exact ``Decimal``."""
    filled_qty = OptionalQuantity()
    """`filled_qty_1e8` as an exact ``Decimal``."""
    remaining_qty = OptionalQuantity()
    """`remaining_qty_1e8` as an exact ``Decimal``."""
    avg_fill_price = OptionalMoney()
    """`avg_fill_price_1e9` as an exact ``Decimal``."""
    arrival_mid = OptionalMoney()
    """`arrival_mid_1e9` as an exact ``Decimal``."""
    fees = OptionalMoney()
    """`fees_1e9` as an exact ``Decimal``."""
    deadline = OptionalInstant()
    """`deadline_ns` as an aware ``datetime``."""
    updated = OptionalInstant()
    """`updated_ns` as an aware ``datetime``."""


class VenueFills(SequenceModel, frozen=True):
    """What an order got at one venue."""

    venue: VenueId | None = None
    """The venue."""
    qty_1e8: int | None = None
    """Quantity filled there, scaled by 10**8."""
    vwap_1e9: int | None = None
    """Average price there, scaled by 10**9."""
    fees_1e9: int | None = None
    """Fees there, scaled by 10**9."""
    pct: float | None = None
    """Its part of what was filled, in percent."""
    slippage_bps: float | None = None
    """Average price there against the middle at arrival, in basis points."""

    qty = OptionalQuantity()
    """`qty_1e8` as an exact ``Decimal``."""
    vwap = OptionalMoney()
    """`vwap_1e9` as an exact ``Decimal``."""
    fees = OptionalMoney()
    """`fees_1e9` as an exact ``Decimal``."""


class ExecutionReview(ExecutionLive, OrderTca, frozen=True):
    """How an order went: its state, its fills per venue and, once it is over, what it cost.

    Example:
        >>> graph = seq.buy("BTC-USD", "0.5", graph_id="g1")
        >>> review = seq.execution_review("graph:g1:order:1")
        >>> review.status, sum(row.qty for row in review.venues)
        ('FILLED', Decimal('0.50000000'))
        >>> review.vwap >= review.arrival_price
        True
    """

    vwap_1e9: int | None = None
    """Average price of the fills, scaled by 10**9."""
    realized_slippage_bps: float | None = None
    """Average price against the middle at arrival, in basis points; positive is worse."""
    venues: Annotated[tuple[VenueFills, ...] | None, FreeForm()] = None
    """One row per venue."""
    duration_ms: float | None = None
    """From the router to its end, or until now, in milliseconds."""

    vwap = OptionalMoney()
    """`vwap_1e9` as an exact ``Decimal``."""


class SymbolNotional(SequenceModel, frozen=True):
    """What was traded of one symbol."""

    symbol: str | None = None
    """Canonical symbol."""
    notional_usd: float | None = None
    """Worth of the fills, in dollars."""


class ExecutionSummary(SequenceModel, frozen=True):
    """The desk's last day in a few figures.

    Example:
        >>> graph = seq.buy("BTC-USD", "0.5")
        >>> summary = seq.execution_summary()
        >>> summary.window_hours, summary.order_count, summary.hit_rate
        (24, 1, 1.0)
    """

    window_hours: float | None = None
    """Length of the window."""
    notional_usd: float | None = None
    """Worth of the fills in it, in dollars."""
    order_count: int | None = None
    """Orders handed to the router in it."""
    working_count: int | None = None
    """Those of them that still work."""
    fill_count: int | None = None
    """Fills in it."""
    hit_rate: float | None = None
    """Share of those orders that are over and were filled at least in part; null when none is over."""
    avg_slippage_bps: float | None = None
    """Mean slippage of the fills, weighted by notional, in basis points."""
    fees_usd: float | None = None
    """Fees, in dollars."""
    top_symbols: Annotated[tuple[SymbolNotional, ...] | None, FreeForm()] = None
    """The symbols with the largest notional."""
    generated_at_ns: int | None = None
    """When the answer was made, nanoseconds since the epoch."""

    generated_at = OptionalInstant()
    """`generated_at_ns` as an aware ``datetime``."""


class TraceEvent(SequenceModel, frozen=True):
    """One event in the life of an order."""

    event: (
        Literal["sor_admitted", "edge_dispatched", "venue_acked", "venue_recalled", "first_fill", "fill", "terminal"]
        | str
        | None
    ) = None
    """What happened."""
    ts_ns: int | None = None
    """When, nanoseconds since the epoch."""
    venue: VenueId | None = None
    """Where; null for what happened at the router."""
    edge_id: str | None = None
    """The connection to that venue."""
    detail: Annotated[Mapping[str, Any] | None, FreeForm()] = None
    """What belongs to the event."""

    ts = OptionalInstant()
    """`ts_ns` as an aware ``datetime``."""


class Trace(SequenceModel, frozen=True):
    """The life of an order, oldest event first.

    Example:
        >>> graph = seq.buy("BTC-USD", "0.001", graph_id="g1")
        >>> trace = seq.trace("graph:g1:order:1")
        >>> [event.event for event in trace.events]
        ['sor_admitted', 'edge_dispatched', 'venue_acked', 'first_fill', 'terminal']
    """

    node_order_id: str | None = None
    """The order."""
    events: Annotated[tuple[TraceEvent, ...] | None, FreeForm()] = None
    """Its events; none for an order that is not known."""
    count: int | None = None
    """Number of events in the answer."""
    total: int | None = None
    """Number of events there are."""


class FairPrices(SequenceModel, frozen=True):
    """Fair prices of underlyings.

    Example:
        >>> seq.fair_price("ETH").prices[0].underlying
        'ETH'
    """

    prices: Annotated[tuple[FairPrice, ...] | None, FreeForm()] = None
    """One row per underlying."""
    count: int | None = None
    """Number of rows."""
