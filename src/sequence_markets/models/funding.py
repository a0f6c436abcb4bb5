"""What the funding endpoints answer: the rates perps are funded at now, and those they were funded at."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Final

from sequence_markets.units import Number, decimal_1e8, decimal_1e9, price_to_1e9, qty_to_1e8

from .base import SequenceModel
from .venues import VenueId
from .views import Instant, Money, OptionalInstant, OptionalMoney, OptionalQuantity

_HOURS_PER_YEAR: Final = 24 * 365
# Wide enough for every product of a rate, a price and a quantity of the wire, whatever the thread's own context is.
_EXACT: Final = Context(prec=100)


class FundingRate(SequenceModel, frozen=True):
    """How one perp is funded on one venue, per hour whatever the venue's own cadence is; positive: longs pay shorts."""

    venue: VenueId
    """Venue id."""
    symbol: str
    """Canonical symbol of the perp, for example ``ETH-USD-PERP``."""
    rate_bps_per_hour: float
    """The rate in force, in basis points of the position's value per hour."""
    predicted_rate_bps_per_hour: float | None = None
    """The rate expected for the next settlement."""
    mark_price_1e9: int | None = None
    """Price positions are valued at, in dollars scaled by 10**9."""
    open_interest_1e8: int | None = None
    """Contracts that are held, in coins scaled by 10**8."""
    next_settlement_ns: int | None = None
    """When funding is paid next, nanoseconds since the epoch."""
    snapshot_age_ms: float | None = None
    """Milliseconds since the venue said so."""

    mark_price = OptionalMoney()
    """`mark_price_1e9` as an exact ``Decimal``."""
    open_interest = OptionalQuantity()
    """`open_interest_1e8` as an exact ``Decimal``."""
    next_settlement = OptionalInstant()
    """`next_settlement_ns` as an aware ``datetime``."""

    @property
    def rate_per_hour(self) -> Decimal:
        """The rate as a part of one per hour, exactly the number that was sent."""
        return Decimal(str(self.rate_bps_per_hour)).scaleb(-4, _EXACT)

    @property
    def rate_per_year(self) -> Decimal:
        """The rate as a part of one per year of 365 days, not compounded."""
        return _EXACT.multiply(self.rate_per_hour, Decimal(_HOURS_PER_YEAR))


class FundingRates(SequenceModel, frozen=True):
    """The funding of perps at present.

    Example:
        >>> rates = seq.funding_rates(symbol="BTC-PERP")
        >>> rates.unit, [rate.venue for rate in rates.rates]
        ('bps_per_hour', ['binance', 'okx', 'bybit', 'hyperliquid'])
        >>> rates["rates"][0]["rate_bps_per_hour"] == rates.rates[0].rate_bps_per_hour
        True
    """

    unit: str
    """``bps_per_hour``: basis points per hour."""
    rates: tuple[FundingRate, ...]
    """One row per venue and perp."""


class FundingPoint(SequenceModel, frozen=True):
    """One settlement of a perp's funding."""

    ts_ns: int
    """When it was settled, nanoseconds since the epoch."""
    rate_1e9: int
    """The rate as a part of one, scaled by 10**9, per settlement; positive: longs paid shorts."""
    mark_price_1e9: int | None = None
    """Price positions were valued at, in dollars scaled by 10**9."""

    ts = Instant()
    """`ts_ns` as an aware ``datetime``."""
    rate = Money()
    """`rate_1e9` as an exact ``Decimal``."""
    mark_price = OptionalMoney()
    """`mark_price_1e9` as an exact ``Decimal``."""

    @property
    def bps(self) -> Decimal:
        """The rate in basis points per settlement, exact."""
        return self.rate.scaleb(4, _EXACT)

    def payment_usd(self, qty: Number, mark_price: Number | None = None) -> Decimal:
        """Return what a position was paid at this settlement in dollars, below zero when it paid.

        Args:
            qty: Quantity of the position, below zero for a short one.
            mark_price: Price it was valued at; the point's own when omitted.

        Returns:
            The exact amount, before any rounding of a venue.

        Raises:
            ValueError: A number that does not fit its scale, or no price where the point has none of its own.
        """
        mark_1e9 = self.mark_price_1e9 if mark_price is None else price_to_1e9(mark_price, "mark_price")
        if mark_1e9 is None:
            raise ValueError("mark_price is needed: this point carries none")
        size = decimal_1e8(qty_to_1e8(qty, allow_zero=True, allow_negative=True))
        return _EXACT.multiply(_EXACT.multiply(size, decimal_1e9(mark_1e9)), _EXACT.minus(self.rate))


class FundingHistory(SequenceModel, frozen=True):
    """The settlements of one perp on one venue, oldest first.

    Example:
        >>> history = seq.funding_history("BTC-USDT", "binance", "1d")
        >>> history.count == len(history.points) == 3
        True
        >>> point = history.points[0]
        >>> point.bps == point.rate * 10_000, point.rate * 10**9 == history["points"][0]["rate_1e9"]
        (True, True)
    """

    symbol: str
    """The perp."""
    venue: VenueId
    """The venue."""
    count: int
    """Number of points."""
    points: tuple[FundingPoint, ...]
    """One point per settlement."""

    @property
    def total_rate(self) -> Decimal:
        """The sum of the rates: what a long position paid over the whole span, as a part of one of its value."""
        return decimal_1e9(sum(point.rate_1e9 for point in self.points))
