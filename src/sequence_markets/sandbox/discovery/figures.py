"""What a market row says in numbers, read off the market: what was traded, what rests, where the price is."""

from __future__ import annotations

from typing import Final, NamedTuple

from ..events import EventMarket
from ..market import Market
from ..market.types import Glance

__all__ = ["Figures", "Traded", "resting_1e17"]

_DAY_NS: Final = 86_400 * 10**9
_GRAIN_NS: Final = 1024 * 10**8


class Traded(NamedTuple):
    """Contracts traded, scaled by 10**8; every contract counts for the dollar that it may pay."""

    day: int = 0
    week: int = 0
    total: int = 0


def _coarse(instant_ns: int) -> int:
    """The next whole hundred seconds: where a rolling window begins, so that it is quick to count."""
    return -(-instant_ns // _GRAIN_NS) * _GRAIN_NS


def resting_1e17(touch: Glance) -> int:
    """What rests at the best prices, in dollars scaled by 10**17: what bids offer to pay for either side."""
    bid = (touch.bid_1e9 or 0) * touch.bid_size_1e8
    return bid + (0 if touch.ask_1e9 is None else (10**9 - touch.ask_1e9) * touch.ask_size_1e8)


class Figures:
    """Reads figures off a market as of any instant.

    Args:
        market: The market.
    """

    def __init__(self, market: Market) -> None:
        self._market = market

    def traded(self, market: EventMarket, at_ns: int) -> Traded:
        """What was traded in the last day, in the last week, and since the market was listed."""
        # A market that has been there for ever was first traded when what it asks about began.
        first_ns = market.listed_ns or market.start_ns
        day_ns, week_ns = (max(first_ns, _coarse(at_ns - days * _DAY_NS)) for days in (1, 7))
        starts = (day_ns, week_ns, first_ns)
        return Traded(*self._market.traded_since_1e8(market, starts, at_ns))

    def touch(self, market: EventMarket, at_ns: int) -> Glance:
        """The best displayed prices, with what is displayed at them."""
        return self._market.glance(market, at_ns)

    def price_1e9(self, market: EventMarket, at_ns: int) -> int:
        """The fair price of the YES side."""
        return self._market.reference_price(market.yes, at_ns) or 0
