"""What trading costs, known before the trade: fees per venue, and the preview of an order."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Literal

from sequence_markets.units import PRICE_SCALE, Number, decimal_1e9, price_to_1e9, qty_to_1e8

from .base import SequenceModel
from .market import QuoteSource
from .venues import VenueId
from .views import Instant, OptionalMoney, OptionalQuantity, Quantity

FeeModel = Literal["flat_bps", "p_times_1_minus_p"] | str
"""How a venue charges: a share of the notional, or rate x contracts x p x (1 - p)."""

_CURVE: Final = "p_times_1_minus_p"
_KNOWN: Final = ("flat_bps", _CURVE)
_BPS_PLACES: Final = 4
_QTY_PLACES: Final = 8
_PRICE_PLACES: Final = 9


class FeeComponents(SequenceModel, frozen=True):
    """The numbers a fee is computed from."""

    rate_bps: float | None = None
    """Rate for takers times 10,000."""
    rate_1e8: int | None = None
    """The same rate, scaled by 10**8."""
    maker_rate_1e8: int | None = None
    """Rate for makers, scaled by 10**8."""
    step_usd_1e9: int | None = None
    """Step of money that every fill's fee is rounded up to, in dollars scaled by 10**9."""

    rate = OptionalQuantity()
    """`rate_1e8` as an exact ``Decimal``."""
    maker_rate = OptionalQuantity()
    """`maker_rate_1e8` as an exact ``Decimal``."""
    step_usd = OptionalMoney()
    """`step_usd_1e9` as an exact ``Decimal``."""


class FeeFormula(SequenceModel, frozen=True):
    """The fee of a fill as a formula, for people."""

    taker_fee_usd: str | None = None
    """What a taker pays."""
    maker_fee_usd: str | None = None
    """What a maker pays."""


class VenueFee(SequenceModel, frozen=True):
    """What one venue charges for fills of a ticker.

    Example:
        >>> fee = seq.fees("KXRAIN-26NOV27-OSL", venues=["kalshi"]).fees[0]
        >>> fee.taker_fee_usd("0.50", 100), fee.maker_fee_usd("0.50", 100) == 0
        (Decimal('1.750000000'), True)
    """

    venue: VenueId
    """Id of the venue."""
    maker_bps: float | None = None
    """Fee of a resting order in basis points; null means "do not route here", not "free"."""
    taker_bps: float | None = None
    """Fee of an order that takes in basis points, of a curve at a price of one half; null as above."""
    fee_model: FeeModel | None = None
    """How the fee is computed."""
    components: FeeComponents | None = None
    """The numbers it is computed from."""
    formula: FeeFormula | None = None
    """The computation in words."""

    def taker_fee_usd(self, price: Number, qty: Number) -> Decimal:
        """Return what a taker pays for one fill, in dollars, exactly as it is charged.

        Computed here, from what was received. Every fill is rounded by itself, so the fee of an order is the sum over
        its fills.

        Args:
            price: Price of the fill; between 0 and 1 on a prediction market.
            qty: Quantity of the fill, in coins or contracts.

        Raises:
            ValueError: The venue does not trade the ticker, the fee model is not known to this version, or price or
                quantity cannot be.
        """
        return _fee_usd(self, _rate(self, "taker"), price, qty)

    def maker_fee_usd(self, price: Number, qty: Number) -> Decimal:
        """Return what a resting order pays for one fill, in dollars, exactly as it is charged.

        Args:
            price: Price of the fill; between 0 and 1 on a prediction market.
            qty: Quantity of the fill, in coins or contracts.

        Raises:
            ValueError: As `taker_fee_usd`.
        """
        return _fee_usd(self, _rate(self, "maker"), price, qty)


class Fees(SequenceModel, frozen=True):
    """The fees of a ticker, one row per venue. Fetch them once, then evaluate them for every fill.

    Example:
        >>> fees = seq.fees("BTC-USD", venues=["kraken", "kalshi"])
        >>> fees.at("kraken").taker_fee_usd(90_000, "0.1")
        Decimal('9.000000000')
        >>> fees.at("kalshi").taker_bps is None
        True
    """

    ticker: str
    """The ticker as it was asked for."""
    fees: tuple[VenueFee, ...]
    """One row per venue."""

    def at(self, venue: VenueId) -> VenueFee:
        """Return the row of a venue.

        Raises:
            KeyError: There is no row of this venue.
        """
        for row in self.fees:
            if row.venue == venue:
                return row
        raise KeyError(f"no row of {venue!r}; there are {', '.join(row.venue for row in self.fees) or 'none'}")


class PreviewNbbo(SequenceModel, frozen=True):
    """Best bid and offer of a preview; null where a side is missing."""

    bid_px_1e9: int | None = None
    """Highest bid, scaled by 10**9."""
    ask_px_1e9: int | None = None
    """Lowest ask, scaled by 10**9."""
    mid_px_1e9: int | None = None
    """Midpoint, scaled by 10**9; null when a side is missing or two venues cross."""
    spread_bps: float | None = None
    """Ask minus bid in basis points of the midpoint; null when the midpoint is."""

    bid_px = OptionalMoney()
    """`bid_px_1e9` as an exact ``Decimal``."""
    ask_px = OptionalMoney()
    """`ask_px_1e9` as an exact ``Decimal``."""
    mid_px = OptionalMoney()
    """`mid_px_1e9` as an exact ``Decimal``."""


class TimeToFirstFill(SequenceModel, frozen=True):
    """How long earlier orders waited for their first fill."""

    p50_ms: float | None = None
    """Half of them waited at most this long, in milliseconds."""
    p95_ms: float | None = None
    """Nineteen of twenty waited at most this long, in milliseconds."""
    samples: int | None = None
    """Number of orders looked at."""


class Preview(SequenceModel, frozen=True):
    """What an order is expected to cost. Nothing was submitted.

    Example:
        >>> preview = seq.preview("BTC-USD", "buy", "0.5")
        >>> preview.qty, preview.best_venue in preview.candidate_venues
        (Decimal('0.50000000'), True)
        >>> abs(preview.estimated_fee_bps + preview.estimated_slippage_bps - preview.estimated_total_cost_bps) < 1e-9
        True
    """

    symbol: str
    """Canonical symbol."""
    side: Literal["buy", "sell"] | str
    """``"buy"`` or ``"sell"``."""
    qty_1e8: int
    """Quantity asked about, scaled by 10**8."""
    candidate_venues: tuple[VenueId, ...]
    """Venues the router would look at."""
    best_venue: VenueId | None = None
    """The one it would go to first; null when nothing can be filled."""
    estimated_fee_bps: float | None = None
    """Fees in basis points of the notional."""
    worst_case_fee_bps: float | None = None
    """The same when all of it had to go to the venue that charges most."""
    estimated_slippage_bps: float | None = None
    """How much worse than the midpoint the average price is, in basis points of the midpoint."""
    estimated_total_cost_bps: float | None = None
    """Fees and slippage together."""
    historical_ttff: TimeToFirstFill | None = None
    """How long earlier orders waited for their first fill; null without any."""
    nbbo: PreviewNbbo
    """Best bid and offer now."""
    source: QuoteSource
    """The path that served the best bid and offer."""
    generated_at_ns: int
    """Time of the preview, nanoseconds since the epoch."""

    qty = Quantity()
    """`qty_1e8` as an exact ``Decimal``."""
    generated_at = Instant()
    """`generated_at_ns` as an aware ``datetime``."""


def _rate(fee: VenueFee, liquidity: Literal["maker", "taker"]) -> tuple[int, int]:
    """The rate of one kind of fill as an integer, and how many of its digits are decimals."""
    shown = fee.taker_bps if liquidity == "taker" else fee.maker_bps
    if shown is None:
        raise ValueError(f"{fee.venue} has no {liquidity} fee for this ticker: do not route there")
    if fee.fee_model not in _KNOWN:
        raise ValueError(f"the fee model {fee.fee_model!r} of {fee.venue} is not known to this version")
    parts = fee.components
    exact = None if parts is None else parts.rate_1e8 if liquidity == "taker" else parts.maker_rate_1e8
    if exact is not None:
        return exact, _QTY_PLACES
    if parts is not None and liquidity == "taker" and parts.rate_bps is not None:
        return _digits(parts.rate_bps, 1)
    # Of a curve the figure shown is half of its rate.
    return _digits(shown, 2 if fee.fee_model == _CURVE else 1)


def _digits(bps: float, times: int) -> tuple[int, int]:
    number, scale = Decimal(str(bps)).as_integer_ratio()
    places = 0
    while 10**places % scale:
        places += 1
    return number * 10**places // scale * times, places + _BPS_PLACES


def _fee_usd(row: VenueFee, rate: tuple[int, int], price: Number, qty: Number) -> Decimal:
    price_1e9 = price_to_1e9(price)
    exact, places = rate[0] * qty_to_1e8(qty) * price_1e9, rate[1] + _QTY_PLACES + _PRICE_PLACES
    if row.fee_model == _CURVE:
        if price_1e9 > PRICE_SCALE:
            raise ValueError(f"price of a prediction market must lie between 0 and 1, got {price!r}")
        exact, places = exact * (PRICE_SCALE - price_1e9), places + _PRICE_PLACES
    step_1e9 = row.components.step_usd_1e9 if row.components is not None else None
    if not step_1e9:
        return Decimal(f"{exact}E-{places}")
    steps = -(-exact // (step_1e9 * 10 ** (places - _PRICE_PLACES)))
    return decimal_1e9(steps * step_1e9)
