"""What each venue charges: dated schedules as data, and the arithmetic that applies them.

Fees are in units of 1e-8 of the cash asset and are always rounded up, against the trader.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from sequence_markets.sandbox.trading.amounts import ONE_PRICE, ceil_div

__all__ = [
    "FEE_TABLE",
    "FREE",
    "Curve",
    "CurveFee",
    "Fee",
    "FeeTable",
    "FeeVersion",
    "FlatBps",
    "FlatFee",
    "Liquidity",
]

Liquidity = Literal["maker", "taker"]

_BPS: Final = 10_000


@dataclass(frozen=True, slots=True)
class FlatFee:
    """A share of the notional, in basis points."""

    bps: int

    def amount(self, qty_1e8: int, price_1e9: int) -> int:
        """The fee in 1e-8 of the cash asset, rounded up.

        >>> FlatFee(10).amount(10_000_000, 3_101_400_000_000)   # 0.1 at 3,101.40
        31014000
        """
        return ceil_div(qty_1e8 * price_1e9 * self.bps, ONE_PRICE * _BPS)

    def unit_1e17(self, price_1e9: int) -> int:
        """The fee on one whole unit, in 1e-17, for comparing prices of different venues."""
        return price_1e9 * self.bps * 10_000


@dataclass(frozen=True, slots=True)
class CurveFee:
    """A rate times p(1 - p) per contract, rounded up to a step of money.

    `rate_1e8` is the rate in 1e-8, `step_1e8` the smallest amount charged and the step of rounding.
    """

    rate_1e8: int
    step_1e8: int

    def amount(self, qty_1e8: int, price_1e9: int) -> int:
        """The fee in 1e-8 of the cash asset, rounded up to the step.

        >>> CurveFee(7_000_000, 1_000_000).amount(10_000_000_000, 500_000_000)   # 100 contracts at 0.50
        175000000
        """
        exact = self.rate_1e8 * qty_1e8 * price_1e9 * (ONE_PRICE - price_1e9)
        return ceil_div(exact, 10**26 * self.step_1e8) * self.step_1e8

    def unit_1e17(self, price_1e9: int) -> int:
        """The fee on one contract, in 1e-17, before rounding to the step."""
        return self.rate_1e8 * price_1e9 * (ONE_PRICE - price_1e9) // ONE_PRICE


Fee = FlatFee | CurveFee
FREE: Final = FlatFee(0)


@dataclass(frozen=True, slots=True)
class FlatBps:
    """A venue that charges basis points of the notional."""

    maker_bps: int
    taker_bps: int

    def fee(self, liquidity: Liquidity, category: str) -> Fee:  # noqa: ARG002 - same face as Curve
        """The fee of one kind of fill."""
        return FlatFee(self.maker_bps if liquidity == "maker" else self.taker_bps)


@dataclass(frozen=True, slots=True)
class Curve:
    """A venue that charges takers rate times p(1 - p) and makers nothing.

    `rates_1e8` holds the rate per category of market, `other_1e8` the rate of every category not named there.
    """

    rates_1e8: Mapping[str, int]
    other_1e8: int
    step_1e8: int

    def fee(self, liquidity: Liquidity, category: str) -> Fee:
        """The fee of one kind of fill."""
        if liquidity == "maker":
            return FREE
        return CurveFee(self.rates_1e8.get(category, self.other_1e8), self.step_1e8)


@dataclass(frozen=True, slots=True)
class FeeVersion:
    """A schedule, the instant from which it holds, when it was written down and where the figures are from."""

    from_ns: int
    schedule: FlatBps | Curve
    recorded_on: str
    source: str


class FeeTable:
    """Schedules per venue and date.

    Args:
        versions: For every venue its versions; the one with the latest start not after the asked instant holds.
        fallback: The schedule of a venue without any version.
    """

    def __init__(self, versions: Mapping[str, tuple[FeeVersion, ...]], fallback: FeeVersion) -> None:
        self._versions = {
            venue: tuple(sorted(entries, key=lambda entry: entry.from_ns)) for venue, entries in versions.items()
        }
        self.fallback = fallback

    def version(self, venue: str, at_ns: int) -> FeeVersion:
        """The version of `venue` that holds at an instant."""
        found = self.fallback
        for version in self._versions.get(venue, ()):
            if version.from_ns > at_ns:
                break
            found = version
        return found

    def fee(
        self,
        venue: str,
        category: str,
        liquidity: Liquidity,
        at_ns: int,
        own: Iterable[tuple[str, int, int]] = (),
    ) -> Fee:
        """What one kind of fill costs at an instant.

        Args:
            venue: Where.
            category: What the market is about.
            liquidity: "maker" or "taker".
            at_ns: The instant.
            own: What the account set for itself: (venue, maker bps, taker bps). It comes before the table.
        """
        for own_venue, maker, taker in own:
            if own_venue == venue:
                return FlatFee(maker if liquidity == "maker" else taker)
        return self.version(venue, at_ns).schedule.fee(liquidity, category)


_READ_ON: Final = "2026-11-22"
_NO_FIGURE: Final = "no per-venue figure is published; 10 bps is the figure published for the sandbox"
_CENT: Final = 1_000_000
_FIFTH_DECIMAL: Final = 1_000

_TEN_BPS: Final = FeeVersion(0, FlatBps(10, 10), _READ_ON, _NO_FIGURE)

_WITHOUT_FIGURES: Final = (
    "binance",
    "coinbase",
    "kraken",
    "okx",
    "bybit",
    "bitget",
    "cryptocom",
    "hyperliquid",
    "dex_ethereum",
    "solana",
)

FEE_TABLE: Final = FeeTable(
    {
        **dict.fromkeys(_WITHOUT_FIGURES, (_TEN_BPS,)),
        "kalshi": (
            FeeVersion(
                0,
                Curve(MappingProxyType({}), 7_000_000, _CENT),
                _READ_ON,
                "Kalshi fee schedule: 0.07 x contracts x p x (1 - p), rounded up to the cent",
            ),
        ),
        "polymarket": (
            FeeVersion(
                0,
                Curve(
                    MappingProxyType(
                        {
                            "crypto": 7_200_000,
                            "crypto_5m": 7_200_000,
                            "sports": 3_000_000,
                            "finance": 4_000_000,
                            "politics": 4_000_000,
                            "tech": 4_000_000,
                            "economics": 5_000_000,
                            "culture": 5_000_000,
                            "weather": 5_000_000,
                            "geopolitics": 0,
                        }
                    ),
                    5_000_000,
                    _FIFTH_DECIMAL,
                ),
                _READ_ON,
                "Polymarket taker fees by category: shares x rate x p x (1 - p), five decimals, at least 0.00001",
            ),
        ),
    },
    fallback=_TEN_BPS,
)
"""The fees of the documented venues."""
