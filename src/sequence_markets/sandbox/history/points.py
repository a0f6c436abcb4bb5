"""Reading bars and trades out of a market, a part at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sequence_markets.sandbox.market import Market, MarketTrade

__all__ = ["bar_parts", "trade_parts"]

Point = tuple[int, int]
"""An instant, and the price_1e9 at it."""

_SECOND_NS: Final = 10**9
_PART: Final = 1_000
"""How many points a part has at most, or about as many."""

_LONGEST_LOOK_NS: Final = 7 * 86_400 * _SECOND_NS


def bar_parts(
    market: Market, symbol: str, venue: str | None, from_ns: int, to_ns: int, interval_s: int, most: int
) -> Iterator[list[Point]]:
    """The price at the end of every bar that ends after `from_ns` and up to `to_ns`, the newest `most` of them.

    Args:
        market: The market.
        symbol: Canonical symbol.
        venue: Whose middle; the reference price when None.
        from_ns: The window's start, itself not part of it.
        to_ns: The window's end.
        interval_s: Length of a bar; bars end at multiples of it.
        most: How many at most.

    Yields:
        Parts of them, oldest first, without the instants at which there was no price.
    """
    every = interval_s * _SECOND_NS
    last = to_ns // every
    first = max(from_ns // every + 1, last - most + 1)
    for begin in range(first, last + 1, _PART):
        instants = range(begin * every, (min(begin + _PART, last + 1)) * every, every)
        prices = market.closes(symbol, instants, venue)
        yield [(at_ns, price) for at_ns, price in zip(instants, prices, strict=True) if price is not None]


def trade_parts(
    market: Market, symbol: str, venue: str | None, from_ns: int, to_ns: int, most: int
) -> Iterator[Sequence[MarketTrade]]:
    """The newest `most` trades after `from_ns` and up to `to_ns`.

    Looks back in steps that grow as long as trades are few, so that the newest hundred of a busy symbol do not cost
    its whole day.

    Yields:
        Parts of them, the newest part first; each of them oldest first.
    """
    found = 0
    span = _SECOND_NS
    end = to_ns
    while end > from_ns and found < most:
        start = max(from_ns, end - span)
        trades = market.trades(symbol, start, end, venue)
        yield trades[max(0, len(trades) - (most - found)) :]
        found += len(trades)
        # As far as the trades seen so far say it takes, but never more than four times as far as before.
        wanted = (to_ns - start) * min(most - found, _PART) // found + 1 if found else 4 * span
        span = min(max(wanted, 1), 4 * span, _LONGEST_LOOK_NS)
        end = start
