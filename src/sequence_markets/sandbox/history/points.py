"""Reading bars and trades out of a market."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sequence_markets.sandbox.market import Market, MarketTrade

__all__ = ["bar_points", "newest_trades"]

_SECOND_NS: Final = 10**9
_FIRST_LOOK_NS: Final = 1 * _SECOND_NS
_LONGEST_LOOK_NS: Final = 7 * 86_400 * _SECOND_NS


def bar_points(
    market: Market, symbol: str, venue: str | None, from_ns: int, to_ns: int, interval_s: int, most: int
) -> list[tuple[int, int]]:
    """The price at the end of every bar that ends after `from_ns` and up to `to_ns`, the newest `most` of them.

    Args:
        market: The market.
        symbol: Canonical symbol.
        venue: Whose middle; the reference price when None.
        from_ns: The window's start, itself not part of it.
        to_ns: The window's end.
        interval_s: Length of a bar; bars end at multiples of it.
        most: How many at most.

    Returns:
        (instant, price_1e9), oldest first, without the instants at which there was no price.
    """
    every = interval_s * _SECOND_NS
    last = to_ns // every
    first = max(from_ns // every + 1, last - most + 1)
    instants = range(first * every, (last + 1) * every, every)
    prices = market.closes(symbol, instants, venue)
    return [(at_ns, price) for at_ns, price in zip(instants, prices, strict=True) if price is not None]


def newest_trades(
    market: Market, symbol: str, venue: str | None, from_ns: int, to_ns: int, most: int
) -> list[MarketTrade]:
    """The newest trades after `from_ns` and up to `to_ns`, oldest first.

    Looks back in steps that grow as long as trades are few, so that the newest hundred of a busy symbol do not cost
    its whole day.
    """
    looks: list[Sequence[MarketTrade]] = []
    found = 0
    span = _FIRST_LOOK_NS
    end = to_ns
    while end > from_ns and found < most:
        start = max(from_ns, end - span)
        trades = market.trades(symbol, start, end, venue)
        looks.append(trades)
        found += len(trades)
        # As far as the trades seen so far say it takes, but never more than four times as far as before.
        wanted = (to_ns - start) * (most - found) // found + _SECOND_NS if found else 4 * span
        span = min(max(wanted, _FIRST_LOOK_NS), 4 * span, _LONGEST_LOOK_NS)
        end = start
    ordered = [trade for look in reversed(looks) for trade in look]
    return ordered[-most:]
