"""What a set of fills cost against the price at arrival, in exact integers that add up.

Costs are in units of 1e-17 dollars, quantity (1e-8) times price (1e-9), and positive when they hurt. Each fill is
compared with the touch it could have met at arrival: a taker's with the opposite side, a maker's with its own.

    spread cost   = touch at arrival against the arrival price: paid by takers, earned by makers
    market impact = price of the fill against that touch: depth walked through, and the market's own move
    fees          = what was charged
    shortfall     = the three together = what was paid, fees included, less the worth at the arrival price
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sequence_markets.sandbox.trading.state import Fill, Order, State

__all__ = ["FEE_TO_1E17", "NOTHING", "Costs", "bps", "costs_of", "fills_of"]

FEE_TO_1E17: Final = 10**9
"""A fee is in 1e-8 dollars, a cost in 1e-17."""

_BPS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Costs:
    """The parts of the shortfall.

    Attributes:
        filled_1e8: Quantity the parts are about.
        paid_1e17: What the fills were worth at their own prices.
        basis_1e17: What they were worth at the arrival price; every share of a cost is taken of this. Zero when the
            arrival price is not known, and then so are spread and impact.
        spread_1e17: Spread cost.
        impact_1e17: Market impact.
        fees_1e17: Fees.
    """

    filled_1e8: int = 0
    paid_1e17: int = 0
    basis_1e17: int = 0
    spread_1e17: int = 0
    impact_1e17: int = 0
    fees_1e17: int = 0

    @property
    def slippage_1e17(self) -> int:
        """The part of the shortfall that is in the prices: everything but the fees."""
        return self.spread_1e17 + self.impact_1e17

    @property
    def shortfall_1e17(self) -> int:
        """The implementation shortfall."""
        return self.spread_1e17 + self.impact_1e17 + self.fees_1e17

    @property
    def vwap_1e9(self) -> int | None:
        """The average price of the fills, rounded down; None before the first."""
        return self.paid_1e17 // self.filled_1e8 if self.filled_1e8 else None

    def __add__(self, other: Costs) -> Costs:
        return Costs(
            self.filled_1e8 + other.filled_1e8,
            self.paid_1e17 + other.paid_1e17,
            self.basis_1e17 + other.basis_1e17,
            self.spread_1e17 + other.spread_1e17,
            self.impact_1e17 + other.impact_1e17,
            self.fees_1e17 + other.fees_1e17,
        )


NOTHING: Final = Costs()


def bps(cost_1e17: int, basis_1e17: int) -> float | None:
    """A cost in basis points of its basis; None without a basis.

    >>> bps(5, 1000), bps(5, 0)
    (50.0, None)
    """
    return cost_1e17 * _BPS / basis_1e17 if basis_1e17 else None


def fills_of(state: State, order: Order) -> list[Fill]:
    """The fills of an order, oldest first; those of its slices for an order that sums them up."""
    fills = state.accounts[order.client].fills
    return [fills[place] for place in order.track.fills()]


def costs_of(order: Order, fills: Iterable[Fill]) -> Costs:
    """What some fills of an order cost against its arrival price."""
    arrival, track, buying = order.arrival_1e9, order.track, order.spec.side == "buy"
    sign = 1 if buying else -1
    opposite, own = (track.ask_1e9, track.bid_1e9) if buying else (track.bid_1e9, track.ask_1e9)
    filled = paid = spread = impact = fees = 0
    for fill in fills:
        filled += fill.qty
        paid += fill.qty * fill.price
        fees += fill.fee * FEE_TO_1E17
        if arrival:
            # Where a side was empty there was no spread to pay or to earn.
            touch = (opposite if fill.liquidity == "taker" else own) or arrival
            spread += sign * fill.qty * (touch - arrival)
            impact += sign * fill.qty * (fill.price - touch)
    return Costs(filled, paid, filled * arrival, spread, impact, fees)
