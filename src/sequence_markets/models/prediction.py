"""What the prediction-market endpoints answer: market rows, settlements and maker rewards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Literal

from .base import SequenceModel
from .views import Instant

MarketVenue = Literal["polymarket", "kalshi"] | str
"""A venue that lists prediction markets."""

MarketStatus = Literal["open", "resolving", "resolved"] | str
"""Where a market is in its life: ``open`` trades, ``resolving`` has closed, ``resolved`` has its outcome."""


class PredictionMarket(SequenceModel, frozen=True):
    """A prediction market, in the one shape that every venue's markets come in.

    A row of a Polymarket event with several outcomes names them all in `outcomes`, with the YES token of each in
    `outcome_token_ids`; with ``expand="outcomes"`` every one of them is a row of its own instead, with the fields
    from `parent_event_id` on.

    Example:
        >>> market = seq.market("fed-decision-in-october")
        >>> market.outcomes, market.tokens["Yes"] == market.yes_token_id
        (('Yes', 'No'), True)
        >>> seq.quote(market.yes_token_id).nbbo.ask == market.best_yes_ask
        True
    """

    venue: MarketVenue
    """Venue that lists it."""
    slug: str
    """Polymarket slug or Kalshi ticker."""
    symbol: str | None = None
    """What to quote or trade: a token id or a ticker."""
    question: str
    """What is being asked."""
    outcomes: tuple[str, ...]
    """The possible outcomes."""
    outcome_token_ids: tuple[str, ...]
    """The token that pays for each of the `outcomes`, in the same order."""
    yes_token_id: str
    """Token of the first outcome."""
    no_token_id: str
    """Token that pays when the first outcome does not come true."""
    condition_id: str | None = None
    """Stable id of the market, to tell rows apart by; newer servers call it `event_id`, and some send both."""
    event_id: str | None = None
    """Stable id of the market, as newer servers call it."""
    neg_risk: bool
    """Whether exactly one of the markets of its event can come true, so that their NO tokens can be exchanged."""
    volume_24h: float
    """Traded in the last 24 hours, in dollars."""
    volume_week: float | None = None
    """Traded in the last seven days, in dollars; newer servers leave it out."""
    volume_total: float
    """Traded since it was listed, in dollars."""
    liquidity: float | None = None
    """Resting in its book, in dollars; newer servers leave it out."""
    best_yes_bid: float | None = None
    """Highest bid for `yes_token_id`; null when nobody bids."""
    best_yes_ask: float | None = None
    """Lowest ask for `yes_token_id`; null when nobody offers."""
    best_no_bid: float | None = None
    """Highest bid for `no_token_id`; null when nobody bids."""
    best_no_ask: float | None = None
    """Lowest ask for `no_token_id`; null when nobody offers."""
    spread_pct: float | None = None
    """Ask minus bid of `yes_token_id` in percent of their middle; null without a bid or an ask."""
    start_date: str | None = None
    """When it began, as RFC 3339 text; `start` is the same as a ``datetime``."""
    end_date: str | None = None
    """When it is due to end, as RFC 3339 text; `end` is the same as a ``datetime``."""
    url: str
    """Its page on the venue."""
    parent_event_id: str | None = None
    """With ``expand="outcomes"``: stable id of the event it belongs to."""
    parent_condition_id: str | None = None
    """With ``expand="outcomes"``: what older servers call `parent_event_id`."""
    parent_slug: str | None = None
    """With ``expand="outcomes"``: slug of the event it belongs to."""
    outcome_name: str | None = None
    """With ``expand="outcomes"``: the outcome of the event that it is about."""
    raw_outcome_name: str | None = None
    """With ``expand="outcomes"``: that outcome as the venue writes it."""
    outcome_index: int | None = None
    """With ``expand="outcomes"``: its place among the outcomes of the event, from 0."""
    is_placeholder_outcome: bool | None = None
    """With ``expand="outcomes"``: whether it is a slot that names nobody yet, such as ``Person CC`` or ``Other``."""

    @property
    def start(self) -> datetime | None:
        """`start_date` as an aware ``datetime``; ``None`` when it is absent or no such text."""
        return _instant(self.start_date)

    @property
    def end(self) -> datetime | None:
        """`end_date` as an aware ``datetime``; ``None`` when it is absent or no such text."""
        return _instant(self.end_date)

    @property
    def tokens(self) -> Mapping[str, str]:
        """The token of each outcome, by the outcome's name."""
        return MappingProxyType(dict(zip(self.outcomes, self.outcome_token_ids, strict=False)))


class MarketsPage(SequenceModel, frozen=True):
    """A page of markets. Iterating gives the rows of this page; ``iter_markets()`` walks all pages.

    Example:
        >>> page = seq.markets("kalshi", limit=2)
        >>> [market.venue for market in page], page.has_more
        (['kalshi', 'kalshi'], True)
        >>> seq.markets("kalshi", limit=2, cursor=page.next_cursor).markets[0] in page.markets
        False
    """

    markets: tuple[PredictionMarket, ...]
    """Markets of this page."""
    count: int | None = None
    """Number of markets on this page."""
    venue: MarketVenue | None = None
    """The venue that was asked for."""
    has_more: bool | None = None
    """Whether a page follows."""
    next_cursor: str | None = None
    """Cursor of the page that follows; null on the last one."""

    def __iter__(self) -> Iterator[PredictionMarket]:  # type: ignore[override]  # rows, where pydantic yields pairs
        return iter(self.markets)


class SettlementPoint(SequenceModel, frozen=True):
    """A price of the asset that decides a market."""

    ts_ns: int
    """When, nanoseconds since the epoch."""
    price_usd: float
    """Price in dollars."""

    ts = Instant()
    """`ts_ns` as an aware ``datetime``."""


class SettlementUnderlying(SequenceModel, frozen=True):
    """The curve of the asset that decides an up/down market, inside the market's window."""

    symbol: str
    """The asset, for example ``BTCUSD``."""
    source: str
    """Where the prices come from, for example ``rtds_chainlink``."""
    warning: str | None = None
    """What to beware of when using the curve."""
    anchor_price_usd: float | None = None
    """Price at the start of the window, in dollars."""
    final_price_usd: float | None = None
    """Price at the end of the window, in dollars; null before."""
    agrees_with_settlement: bool | None = None
    """Whether the curve leads to what the venue paid; leave the market out of training data when it does not."""
    points: tuple[SettlementPoint, ...]
    """The curve, oldest first."""


class Settlement(SequenceModel, frozen=True):
    """How a prediction market was settled: what the venue really paid.

    Example:
        >>> settlement = seq.settlement("fed-decision-in-october")
        >>> settlement.status, settlement.resolved_outcome, settlement.winning_token_id
        ('open', None, None)
    """

    slug: str
    """Slug or ticker of the market."""
    question: str
    """What is being asked."""
    outcomes: tuple[str, ...]
    """The possible outcomes."""
    outcome_token_ids: tuple[str, ...]
    """The token that pays for each of the `outcomes`, in the same order."""
    yes_token_id: str | None = None
    """Token of the first outcome."""
    no_token_id: str | None = None
    """Token of the second outcome."""
    condition_id: str | None = None
    """Polymarket's id of the market; null on Kalshi."""
    neg_risk: bool
    """Whether exactly one of the markets of its event can come true."""
    status: MarketStatus
    """Where the market is in its life."""
    resolved_outcome: str | None = None
    """The outcome that the venue paid for; null while unresolved."""
    outcome_source: Literal["polymarket_gamma", "kalshi"] | str | None = None
    """Who says so."""
    yes_price: float | None = None
    """What `yes_token_id` pays, or its price before."""
    no_price: float | None = None
    """What `no_token_id` pays, or its price before."""
    event_start_s: int | None = None
    """Start of the market's window, seconds since the epoch."""
    event_end_s: int | None = None
    """End of the market's window, seconds since the epoch."""
    resolution_source: str | None = None
    """What the venue resolves the market by."""
    underlying: SettlementUnderlying | None = None
    """The asset that decides it; only when asked for, and only for up/down markets."""

    @property
    def event_start(self) -> datetime | None:
        """`event_start_s` as an aware ``datetime``."""
        return None if self.event_start_s is None else datetime.fromtimestamp(self.event_start_s, UTC)

    @property
    def event_end(self) -> datetime | None:
        """`event_end_s` as an aware ``datetime``."""
        return None if self.event_end_s is None else datetime.fromtimestamp(self.event_end_s, UTC)

    @property
    def is_resolved(self) -> bool:
        """Whether the outcome is known."""
        return self.status == "resolved"

    @property
    def winning_token_id(self) -> str | None:
        """Token of the outcome that was paid for; ``None`` while unresolved."""
        paid = dict(zip(self.outcomes, self.outcome_token_ids, strict=False))
        return None if self.resolved_outcome is None else paid.get(self.resolved_outcome)


class PolymarketReward(SequenceModel, frozen=True):
    """What Polymarket pays for resting orders on one token.

    Example:
        >>> reward = seq.polymarket_rewards()[0]
        >>> seq.polymarket_rewards(reward.token_id).rate_per_day_usdc == reward.rate_per_day_usdc
        True
    """

    token_id: str
    """The token."""
    condition_id: str | None = None
    """The market it belongs to."""
    rewards_min_size: float | None = None
    """Smallest order that counts, in shares."""
    rewards_max_spread: float | None = None
    """How far from the middle an order may rest to count, in cents."""
    rate_per_day_usdc: float | None = None
    """Paid per day to all who rest orders there together, in USDC."""
    current_spread: float | None = None
    """Ask minus bid at present, in cents; null without a bid or an ask."""
    reward_end_unix_s: int | None = None
    """When the programme ends, seconds since the epoch."""

    @property
    def reward_end(self) -> datetime | None:
        """`reward_end_unix_s` as an aware ``datetime``."""
        return None if self.reward_end_unix_s is None else datetime.fromtimestamp(self.reward_end_unix_s, UTC)


def _instant(text: str | None) -> datetime | None:
    try:
        read = datetime.fromisoformat(text or "")
    except (TypeError, ValueError):
        return None
    return read if read.tzinfo is not None else read.replace(tzinfo=UTC)
