"""What a market shows: books, trades, bars, and the protocol every market source answers.

All numbers are integers: prices in units of 1e-9, quantities in units of 1e-8, instants in nanoseconds since
the epoch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from ..events import EventMarket, Events
from ..instruments import Catalogue, Side

__all__ = ["NO_GLANCE", "Bar", "Glance", "Levels", "Market", "MarketTrade", "Origin", "Side", "VenueBook", "glance_at"]

Levels = tuple[tuple[int, int], ...]
"""Price levels as (price_1e9, size_1e8), best first."""

Origin = Literal["synthetic", "scripted", "recorded", "derived"]
"""Where a book or a trade comes from. A derived or synthetic venue never carries the label of a recorded
one."""


@dataclass(frozen=True, slots=True)
class VenueBook:
    """The displayed book of one symbol on one venue.

    `as_of_ns` is the instant since which this book has been standing, never later than the instant it was
    asked for.
    """

    venue: str
    symbol: str
    bids: Levels
    asks: Levels
    as_of_ns: int
    origin: Origin


@dataclass(frozen=True, slots=True)
class MarketTrade:
    """A public trade print; `taker_side` is the side of the aggressor."""

    trade_id: str
    time_ns: int
    symbol: str
    venue: str
    price_1e9: int
    qty_1e8: int
    taker_side: Side
    origin: Origin


@dataclass(frozen=True, slots=True)
class Bar:
    """Open, high, low and close of the reference price from `start_ns` on, and the volume traded in the
    bar."""

    start_ns: int
    open_1e9: int
    high_1e9: int
    low_1e9: int
    close_1e9: int
    volume_1e8: int


@dataclass(frozen=True, slots=True)
class Glance:
    """The touch of a prediction market's YES side.

    Attributes:
        bid_1e9: The highest bid, ``None`` where nobody bids.
        ask_1e9: The lowest ask, ``None`` where nobody offers.
        bid_size_1e8: What is displayed at the bid.
        ask_size_1e8: What is displayed at the ask.
    """

    bid_1e9: int | None = None
    ask_1e9: int | None = None
    bid_size_1e8: int = 0
    ask_size_1e8: int = 0


NO_GLANCE: Final = Glance()
"""A market that nobody quotes."""


def glance_at(book: VenueBook | None) -> Glance:
    """The touch of a book."""
    if book is None:
        return NO_GLANCE
    bid, bid_size = book.bids[0] if book.bids else (None, 0)
    ask, ask_size = book.asks[0] if book.asks else (None, 0)
    return Glance(bid, ask, bid_size, ask_size)


class Market(Protocol):
    """A source of market data that can be read at any instant, in any order.

    Reading never changes what is read later: the same question always has the same answer, as long as nobody
    scripts the market in between.
    """

    @property
    def catalogue(self) -> Catalogue:
        """The instruments that exist."""
        ...

    @property
    def events(self) -> Events:
        """The prediction markets, and where each of them stands in its life."""
        ...

    def venues(self, symbol: str) -> tuple[str, ...]:
        """The venues that quote `symbol`, in documented order; empty when nobody does."""
        ...

    def book(self, symbol: str, venue: str, now_ns: int) -> VenueBook | None:
        """The displayed book at `now_ns`, or None when the venue does not quote the symbol then.

        The book of a NO outcome is the book of its YES outcome seen from the other side, at one minus the
        price.
        """
        ...

    def trades(self, symbol: str, start_ns: int, end_ns: int, venue: str | None = None) -> Sequence[MarketTrade]:
        """The prints with `start_ns` < time <= `end_ns` on all quoting venues, or on one, in time order."""
        ...

    def traded_1e8(self, symbol: str, start_ns: int, end_ns: int) -> int:
        """The quantity of all prints with `start_ns` < time <= `end_ns`, without listing them."""
        ...

    def glance(self, market: EventMarket, now_ns: int) -> Glance:
        """The touch of a prediction market at `now_ns`, the same as its book shows but without making one: for
        walks over many markets."""
        ...

    def traded_since_1e8(self, market: EventMarket, starts: Sequence[int], end_ns: int) -> list[int]:
        """The quantity of all prints of a prediction market since each of some instants, up to `end_ns`; instants are
        cut to whole steps of the market's grid. For walks over many markets."""
        ...

    def next_change(self, symbol: str, after_ns: int) -> int | None:
        """The first instant after `after_ns` at which a book or a trade of the symbol may change; None for
        never."""
        ...

    def quiet_until(self, symbol: str, venue: str, low_1e9: int, high_1e9: int, after_ns: int) -> int:
        """An instant up to which neither touch nor any print leaves the open interval (`low_1e9`,
        `high_1e9`).

        The answer is never earlier than `after_ns`; `after_ns` itself means that nothing can be promised. It
        is proven, not guessed, and it is the latest the market could prove cheaply, not the latest there is:
        ask again from there.
        """
        ...

    def book_until(self, symbol: str, venue: str, after_ns: int) -> int:
        """An instant up to which the displayed book of a venue is proven to stay as it is at `after_ns`, if nobody
        scripts it; never earlier than that, and the end of time when nothing follows."""
        ...

    def reference_price(self, symbol: str, now_ns: int) -> int | None:
        """The fair price in 1e-9 at `now_ns`, for marks; None when there is none."""
        ...

    def premium_1e9(self, symbol: str, venue: str, start_ns: int, end_ns: int) -> int:
        """How far a perp stood above the spot pair it follows, on average from `start_ns` up to `end_ns`, as a part of
        one in 1e-9; zero where nothing is known of it.

        Scripts do not change it, so that a scripted price does not turn into a funding rate.
        """
        ...

    def bars(
        self, symbol: str, start_ns: int, end_ns: int, interval_ns: int, venue: str | None = None
    ) -> Sequence[Bar]:
        """Bars on multiples of `interval_ns`, the first one holding `start_ns`, the last one cut off at
        `end_ns`.

        A bar spans both its ends: its open is the price at its start, its close the price at its end, which
        is the next bar's open. Its volume counts the prints after its start, up to and including its end. So
        the close of the last bar is the reference price at `end_ns`, and bars of a coarser interval aggregate
        finer ones exactly.
        """
        ...

    def closes(self, symbol: str, instants: Sequence[int], venue: str | None = None) -> list[int | None]:
        """The reference price at each instant, or one venue's middle: the close of the bar that ends there.

        None where the symbol is not listed yet or not traded any more, or nothing is known. Quick for many instants
        in ascending order.
        """
        ...

    def describe(self) -> dict[str, object]:
        """What this market is, as plain data: per venue its origin, the seed, the tape, what is derived."""
        ...
