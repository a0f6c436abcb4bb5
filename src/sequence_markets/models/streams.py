"""What the streams push: the data of each channel, and the life of prediction markets.

The book of ``book:{symbol}`` is in a module of its own, and the fills of ``fills`` are those of ``fills()``.
"""

from __future__ import annotations

from typing import Any, Literal

from .base import SequenceModel
from .funding import FundingRate
from .orders import Order, OrderSide
from .prediction import MarketVenue
from .venues import VenueId
from .views import (
    Instant,
    OptionalDuration,
    OptionalInstant,
    OptionalMoney,
    OptionalQuantity,
)


class PriceUpdate(SequenceModel, frozen=True):
    """The best bid and offer over all venues, as ``prices:{symbol}`` sends it whenever it changes."""

    bid: float | None = None
    """Highest bid; null when nobody bids."""
    ask: float | None = None
    """Lowest ask; null when nobody offers."""
    mid: float | None = None
    """Middle of bid and ask; null when there is none."""
    spread_bps: float | None = None
    """Ask minus bid in basis points of the middle; some servers leave it out."""
    bid_sz: float | None = None
    """Quantity displayed at the bid; some servers leave it out."""
    ask_sz: float | None = None
    """Quantity displayed at the ask; some servers leave it out."""
    ts_ns: int
    """When the prices stood so, nanoseconds since the epoch."""

    ts = Instant()
    """`ts_ns` as an aware ``datetime``."""


class OrderUpdate(Order, frozen=True):
    """An order as it stands after a change of its state, as ``orders`` sends it: whole, never a difference."""


class RoutingLeg(SequenceModel, frozen=True):
    """The part of an order that was routed to one venue."""

    venue: VenueId | None = None
    """The venue."""
    qty_1e8: int | None = None
    """Quantity sent there, scaled by 10**8."""
    price_1e9: int | None = None
    """Price expected or limited there, scaled by 10**9."""
    fee_bps: float | None = None
    """Fee there in basis points of the price."""

    qty = OptionalQuantity()
    """`qty_1e8` as an exact ``Decimal``."""
    price = OptionalMoney()
    """`price_1e9` as an exact ``Decimal``."""


class RoutingDecision(SequenceModel, frozen=True):
    """What the router decided for an order, as ``routing`` sends it."""

    legs: tuple[RoutingLeg, ...]
    """The venues that were considered or taken."""
    est_cost_bps: float | None = None
    """What the decision is expected to cost, in basis points."""
    chosen: str | None = None
    """The venue that got the most."""
    node_order_id: str | None = None
    """The order."""
    symbol: str | None = None
    """Canonical symbol."""
    side: OrderSide | None = None
    """Side of the order."""
    ts_ns: int | None = None
    """When it was decided, nanoseconds since the epoch."""

    ts = OptionalInstant()
    """`ts_ns` as an aware ``datetime``."""


class TcaReport(SequenceModel, frozen=True):
    """What an order cost, as ``tca`` sends it once the order is over.

    Test `is_prediction` before reading the three fields about probability.
    """

    node_order_id: str | None = None
    """The order."""
    symbol: str | None = None
    """Canonical symbol."""
    side: OrderSide | None = None
    """Side of the order."""
    qty_1e8: int | None = None
    """Quantity asked for, scaled by 10**8."""
    achieved_vwap_1e9: int | None = None
    """Average price of the fills, scaled by 10**9."""
    benchmark_vwap_1e9: int | None = None
    """What the market paid meanwhile, scaled by 10**9."""
    total_fees_1e9: int | None = None
    """Fees paid, scaled by 10**9."""
    venues_used: Any | None = None
    """The venues that filled it: a list of them, or how many."""
    execution_time_ms: float | None = None
    """From the order's arrival to its end, in milliseconds."""
    fee_cost_bps: float | None = None
    """Fees in basis points of the notional at arrival."""
    spread_cost_bps: float | None = None
    """Half spread paid, in basis points."""
    market_impact_bps: float | None = None
    """What the order moved the market, in basis points."""
    implementation_shortfall_bps: float | None = None
    """Everything it cost against the price at arrival, in basis points."""
    savings_vs_benchmark_bps: float | None = None
    """How much better than the benchmark it was, in basis points; negative when it was worse."""
    is_prediction: bool | None = None
    """Whether it was filled on a prediction venue."""
    achieved_implied_prob_bps: float | None = None
    """Probability that the fills imply, in basis points; on prediction venues only."""
    arrival_implied_prob_bps: float | None = None
    """Probability that the price at arrival implied, in basis points; on prediction venues only."""
    probability_slippage_bps: float | None = None
    """Difference of the two, against the order, in basis points; on prediction venues only."""
    ts_ns: int | None = None
    """When the order was over, nanoseconds since the epoch."""

    qty = OptionalQuantity()
    """`qty_1e8` as an exact ``Decimal``."""
    achieved_vwap = OptionalMoney()
    """`achieved_vwap_1e9` as an exact ``Decimal``."""
    benchmark_vwap = OptionalMoney()
    """`benchmark_vwap_1e9` as an exact ``Decimal``."""
    total_fees = OptionalMoney()
    """`total_fees_1e9` as an exact ``Decimal``."""
    ts = OptionalInstant()
    """`ts_ns` as an aware ``datetime``."""


class AlgoTrace(SequenceModel, frozen=True):
    """One callback of a deployed algo, as ``traces:{deployment_id}`` sends it."""

    deployment_id: str | None = None
    """The deployment."""
    edge_id: str | None = None
    """The edge it ran on."""
    callback: Literal["on_book", "on_fill", "on_reject", "on_shutdown", "on_heartbeat", "on_nbbo"] | str | None = None
    """The callback."""
    seq: int | None = None
    """Number of the callback within the deployment."""
    ts_ns: int | None = None
    """When it was called, nanoseconds since the epoch."""
    duration_ns: int | None = None
    """How long it ran, in nanoseconds."""
    actions: int | None = None
    """How many actions it returned."""

    ts = OptionalInstant()
    """`ts_ns` as an aware ``datetime``."""
    duration = OptionalDuration()
    """`duration_ns` as a ``timedelta``."""


class DeploymentEvent(SequenceModel, frozen=True):
    """A step in the life of a deployed algo, as ``deployment:{deployment_id}`` sends it."""

    deployment_id: str | None = None
    """The deployment."""
    event: str | None = None
    """What happened, for example ``"started"``."""
    status: Literal["pending", "accepted", "running", "stopped", "paused", "rejected"] | str | None = None
    """State of the deployment after it."""
    edge_id: str | None = None
    """The edge it happened on; null when it concerns them all."""
    reason: str | None = None
    """Why it happened."""
    ts_ns: int | None = None
    """When it happened, nanoseconds since the epoch."""

    ts = OptionalInstant()
    """`ts_ns` as an aware ``datetime``."""


class FundingUpdate(FundingRate, frozen=True):
    """The funding of a perp on one venue, as ``funding``, ``funding:{venue}`` and ``funding:{venue}:{symbol}`` send
    it."""


class FairPrice(SequenceModel, frozen=True):
    """The fair price of an asset over all venues, as ``fair_price`` and ``fair_price:{underlying}`` send it.

    Servers send the price as a float too: that is ``["price"]``, while the attribute `price` is exact.
    """

    underlying: str
    """The asset, for example ``"ETH"``."""
    price_1e9: int | None = None
    """Fair price scaled by 10**9."""
    venue_count: int | None = None
    """How many venues it is made from."""
    ts_ns: int | None = None
    """When it held, nanoseconds since the epoch."""

    price = OptionalMoney()
    """`price_1e9` as an exact ``Decimal``."""
    ts = OptionalInstant()
    """`ts_ns` as an aware ``datetime``."""


class UnknownEvent(SequenceModel, frozen=True):
    """The data of a channel that is newer than this SDK. Everything received is in `raw`."""


class FeeSchedule(SequenceModel, frozen=True):
    """How a prediction market charges: ``rate * (p * (1 - p)) ** exponent`` of a share at price ``p``."""

    exponent: float | None = None
    """Exponent of ``p * (1 - p)``."""
    rate_1e8: int | None = None
    """Rate scaled by 10**8."""
    taker_only: bool | None = None
    """Whether only takers pay."""
    rebate_rate_1e8: int | None = None
    """Part of the fees that makers get back, scaled by 10**8."""

    rate = OptionalQuantity()
    """`rate_1e8` as an exact ``Decimal``."""
    rebate_rate = OptionalQuantity()
    """`rebate_rate_1e8` as an exact ``Decimal``."""


class NewMarket(SequenceModel, frozen=True):
    """A prediction market the moment it is listed, as ``stream_new_markets()`` gives it."""

    kind: Literal["new_market"]
    """What kind of event it is."""
    venue: MarketVenue
    """Venue that lists it."""
    slug: str
    """Polymarket slug or Kalshi ticker."""
    condition_id: str | None = None
    """Stable id of the market; newer servers call it `event_id`, and some send both."""
    event_id: str | None = None
    """Stable id of the market, as newer servers call it."""
    question: str
    """What is being asked."""
    outcomes: tuple[str, ...]
    """The possible outcomes."""
    outcome_token_ids: tuple[str, ...]
    """The token that pays for each of the `outcomes`, in the same order."""
    neg_risk: bool | None = None
    """Whether exactly one of the markets of its event can come true."""
    tick_1e9: int | None = None
    """Smallest step of the price, scaled by 10**9; newer servers leave it out."""
    fee_schedule: FeeSchedule | None = None
    """How it charges; newer servers leave it out."""
    start_ts_s: int | None = None
    """When it begins, seconds since the epoch; newer servers leave it out."""
    end_ts_s: int | None = None
    """When it ends, seconds since the epoch; newer servers leave it out."""
    symbol: str | None = None
    """What to quote or trade: a token id or a ticker; older servers leave it out, as all below but the last."""
    yes_token_id: str | None = None
    """Token of the first outcome."""
    no_token_id: str | None = None
    """Token that pays when the first outcome does not come true."""
    volume_24h: float | None = None
    """Traded in the last 24 hours, in dollars."""
    volume_total: float | None = None
    """Traded since it was listed, in dollars."""
    best_yes_bid: float | None = None
    """Highest bid for `yes_token_id`; null at birth."""
    best_yes_ask: float | None = None
    """Lowest ask for `yes_token_id`; null at birth."""
    best_no_bid: float | None = None
    """Highest bid for `no_token_id`; null at birth."""
    best_no_ask: float | None = None
    """Lowest ask for `no_token_id`; null at birth."""
    start_date: str | None = None
    """When it begins, as RFC 3339 text."""
    end_date: str | None = None
    """When it is due to end, as RFC 3339 text."""
    url: str | None = None
    """Its page on the venue."""
    observed_at_ns: int
    """When it was first seen, nanoseconds since the epoch."""

    tick = OptionalMoney()
    """`tick_1e9` as an exact ``Decimal``."""
    observed_at = Instant()
    """`observed_at_ns` as an aware ``datetime``."""


class MarketResolved(SequenceModel, frozen=True):
    """The outcome of a prediction market, as ``stream_resolved_markets()`` gives it."""

    kind: Literal["market_resolved"]
    """What kind of event it is."""
    venue: MarketVenue
    """Venue that lists it."""
    condition_id: str | None = None
    """Stable id of the market; newer servers call it `event_id`, and some send both."""
    event_id: str | None = None
    """Stable id of the market, as newer servers call it."""
    winning_outcome: str | None = None
    """The outcome that came true."""
    winning_token_id: str
    """Token that is paid one dollar."""
    losing_token_id: str | None = None
    """Token that is paid nothing."""
    observed_at_ns: int
    """When it was first seen, nanoseconds since the epoch."""

    observed_at = Instant()
    """`observed_at_ns` as an aware ``datetime``."""
