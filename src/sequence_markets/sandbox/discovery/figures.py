"""What a market row says in numbers, read off the market: what was traded, what rests, where the price is."""

from __future__ import annotations

from typing import Final, NamedTuple

from ..events import EventMarket
from ..market import Market

__all__ = ["Figures", "Touch", "Traded"]

Touch = tuple[int | None, int | None]
"""Best bid and best ask of the YES side, in 1e-9; ``None`` where nothing rests."""

_DAY_NS: Final = 86_400 * 10**9


class Traded(NamedTuple):
    """Contracts traded, scaled by 10**8; every contract counts for the dollar that it may pay."""

    day: int = 0
    week: int = 0
    total: int = 0


class Figures:
    """Reads figures off a market as of any instant.

    Args:
        market: The market.
    """

    def __init__(self, market: Market) -> None:
        self._market = market

    def traded(self, market: EventMarket, at_ns: int) -> Traded:
        """What was traded in the last day, in the last week, and since the market was listed."""
        return Traded(
            self._between(market, max(market.listed_ns, at_ns - _DAY_NS), at_ns),
            self._between(market, max(market.listed_ns, at_ns - 7 * _DAY_NS), at_ns),
            # A market that has been there for ever was first traded when what it asks about began.
            self._between(market, market.listed_ns or market.start_ns, at_ns),
        )

    def _between(self, market: EventMarket, start_ns: int, end_ns: int) -> int:
        if end_ns <= start_ns:
            return 0
        return self._market.traded_1e8(market.yes, start_ns, end_ns)

    def touch(self, market: EventMarket, at_ns: int) -> Touch:
        """The best displayed prices."""
        book = self._market.book(market.yes, market.venue, at_ns)
        if book is None:
            return None, None
        return book.bids[0][0] if book.bids else None, book.asks[0][0] if book.asks else None

    def liquidity_1e17(self, market: EventMarket, at_ns: int) -> int:
        """What rests in the displayed book, in dollars scaled by 10**17: what bids offer to pay for either side."""
        book = self._market.book(market.yes, market.venue, at_ns)
        if book is None:
            return 0
        asked = sum((10**9 - price) * size for price, size in book.asks)
        return sum(price * size for price, size in book.bids) + asked

    def price_1e9(self, market: EventMarket, at_ns: int) -> int:
        """The fair price of the YES side."""
        return self._market.reference_price(market.yes, at_ns) or 0
