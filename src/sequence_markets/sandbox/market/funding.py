"""How perps are funded: when a venue settles, and the rate that follows from how far its perp stands from spot.

A rate is a part of one in 1e-9 of the position's value, per settlement; positive means that longs pay shorts.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from .types import Market

__all__ = ["FUNDING_HOURS", "funding_interval_ns", "natural_rate", "next_settlement", "settlements"]

_HOUR_NS: Final = 3_600 * 10**9
_RATED_HOURS: Final = 8

FUNDING_HOURS: Final[Mapping[str, int]] = MappingProxyType({"binance": 8, "okx": 8, "bybit": 8, "hyperliquid": 1})
"""Hours from one settlement to the next, by venue; settlements lie on whole multiples since midnight UTC."""

INTEREST_1E9: Final = 100_000
"""What holding dollars instead of coins is worth in eight hours: 0.01 %, as venues set it."""

BAND_1E9: Final = 500_000
"""The interest part moves a rate by 0.05 % in eight hours at most."""

CAP_1E9: Final = 3_000_000
"""No rate is beyond 0.30 % in eight hours: the widest that Binance settled BTC at from 2020 to 2023."""


def funding_interval_ns(venue: str) -> int | None:
    """Nanoseconds from one settlement of a venue to the next; None when it lists no perps."""
    hours = FUNDING_HOURS.get(venue)
    return None if hours is None else hours * _HOUR_NS


def next_settlement(venue: str, after_ns: int) -> int:
    """The first settlement of a venue after an instant; `KeyError` for a venue without perps.

    >>> next_settlement("binance", 1_767_571_200 * 10**9) // 10**9 - 1_767_571_200
    28800
    """
    interval = FUNDING_HOURS[venue] * _HOUR_NS
    return (after_ns // interval + 1) * interval


def settlements(venue: str, start_ns: int, end_ns: int) -> range:
    """The settlements of a venue after `start_ns` and up to `end_ns`; `KeyError` for a venue without perps."""
    interval = FUNDING_HOURS[venue] * _HOUR_NS
    return range(next_settlement(venue, start_ns), end_ns + 1, interval)


def natural_rate(market: Market, venue: str, symbol: str, settles_ns: int, seen_ns: int | None = None) -> int:
    """The rate that follows from the premium of a perp over the interval before a settlement.

    In eight hours it is the average premium plus what is missing to the interest, of which 0.05 % at most, within the
    cap; a venue that settles more often takes its share of that.

    Args:
        market: Where the premium is read.
        venue: The venue.
        symbol: The perp.
        settles_ns: The settlement.
        seen_ns: Only what was seen before this instant counts: the rate that is to be expected then.

    Returns:
        The rate per settlement in 1e-9, rounded down.
    """
    hours = FUNDING_HOURS[venue]
    start = settles_ns - hours * _HOUR_NS
    premium = market.premium_1e9(symbol, venue, start, settles_ns if seen_ns is None else seen_ns)
    rate = premium + max(-BAND_1E9, min(BAND_1E9, INTEREST_1E9 - premium))
    return max(-CAP_1E9, min(CAP_1E9, rate)) * hours // _RATED_HOURS
