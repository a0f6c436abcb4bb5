"""Recomputing from the fills alone what an account must hold, to the last unit.

Amounts are integers in 1e-8 units of the asset. On spot, a buy pays the notional rounded up and a sell receives it
rounded down. A perp moves cash only where it closes: by the closing notional against the closed share of what was
paid to open, rounded down. A fee is paid in the asset the trade settles in, on top.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sequence_markets.models import CryptoInstrument, FiatInstrument, Fill, Positions

Holdings = Mapping[tuple[str, str], int]
"""Quantity in 1e-8 units, by venue and asset."""

_CASH = ("USD", "USDC", "USDT")
_MONEY_TO_UNITS = 10  # money is scaled by 10**9, quantities by 10**8


@dataclass(frozen=True, slots=True)
class Difference:
    """A holding that is not what the fills say.

    Attributes:
        venue: Venue of the holding.
        asset: ``cash`` or the asset's code.
        expected: What the fills give, in 1e-8 units.
        found: What the exchange reports, in 1e-8 units.
    """

    venue: str
    asset: str
    expected: int
    found: int

    def __str__(self) -> str:
        return f"{self.asset} on {self.venue}: the fills give {self.expected}, the exchange reports {self.found}"


def holdings(positions: Positions) -> dict[tuple[str, str], int]:
    """Return spot holdings by venue and asset; every dollar-pegged asset of a venue counts as its cash."""
    held: defaultdict[tuple[str, str], int] = defaultdict(int)
    for position in positions.positions:
        match position.instrument:
            case FiatInstrument(code=asset) | CryptoInstrument(symbol=asset):
                held[position.venue, "cash" if asset in _CASH else asset] += position.qty_1e8
            case _:
                pass
    return dict(held)


def apply_fills(before: Holdings, fills: Iterable[Fill]) -> dict[tuple[str, str], int]:
    """Return the holdings that spot and perp fills lead to.

    Args:
        before: Holdings before the first fill, without open perps.
        fills: The fills, oldest first.
    """
    held = defaultdict(int, before)
    perps: defaultdict[tuple[str, str], _Perp] = defaultdict(_Perp)
    for fill in fills:
        base = fill.symbol.partition("-")[0]
        signed = fill.qty_1e8 if fill.side == "BUY" else -fill.qty_1e8
        if fill.symbol.endswith("-PERP"):
            held[fill.venue, "cash"] += perps[fill.venue, fill.symbol].trade(signed, fill.price_1e9)
        else:
            held[fill.venue, base] += signed
            held[fill.venue, "cash"] += -signed * fill.price_1e9 // 10**9
        held[fill.venue, "cash"] -= fill.fee_1e9 // _MONEY_TO_UNITS
    return dict(held)


@dataclass(slots=True)
class _Perp:
    qty: int = 0
    basis: int = 0

    def trade(self, signed: int, price: int) -> int:
        """Trade a signed quantity; return the change of cash."""
        closing = min(abs(self.qty), abs(signed)) if self.qty * signed < 0 else 0
        released = self.basis * closing // abs(self.qty) if closing else 0
        gain = (closing * price - released) * (1 if self.qty > 0 else -1)
        self.basis += (abs(signed) - closing) * price - released
        self.qty += signed
        return gain // 10**9


def differences(expected: Holdings, found: Holdings) -> list[Difference]:
    """Return every holding in which the two disagree; an empty list when the books agree to the last unit."""
    return [
        Difference(venue, asset, expected.get((venue, asset), 0), found.get((venue, asset), 0))
        for venue, asset in sorted(expected.keys() | found.keys())
        if expected.get((venue, asset), 0) != found.get((venue, asset), 0)
    ]
