"""What a venue nobody recorded might have shown, made from the tape of one that was.

The derived book is the recorded one a little later and a little worse: a drawn delay of 30 to 180 ms, prices moved away
from the middle by the venue's half spread and a slow leaning to one side, rounded outwards to its own tick, sizes
scaled to its depth and shaken by a half, forty levels a side. Levels that the recorded market has run through
meanwhile are pulled, so that a derived book never crosses the recorded one or another derived one. Every draw follows
from seed, venue and tape.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from ...instruments import Instrument
from ..fixedpoint import LOG_ONE, bits64, key64
from ..parameters import PERP_STYLES, SPOT_STYLES, TICK_MULTIPLES, asset
from ..types import Levels, MarketTrade, VenueBook
from .feed import Feed, TapePrint

__all__ = ["DerivedVenue"]

_MS: Final = 1_000_000
_CENTI_BP: Final = LOG_ONE // 1_000_000
_MILLI_BP: Final = LOG_ONE // 10_000_000
_LEAN_NS: Final = 8_000_000_000
_SIZE_NS: Final = 10_000_000_000
_CACHED_BOOKS: Final = 256
_DISPLAYED_LEVELS: Final = 40


class DerivedVenue:
    """One symbol on one venue, derived from the feed of another venue."""

    def __init__(self, seed: int, instrument: Instrument, venue: str, source_venue: str, source: Feed) -> None:
        self.venue = venue
        self.source_venue = source_venue
        self.source = source
        self.symbol = instrument.symbol
        styles = PERP_STYLES if instrument.type == "perp" else SPOT_STYLES
        style, recorded = styles[venue], styles[source_venue]
        self._style = style
        self._depth = (style.depth, recorded.depth)
        self._volume = (style.volume, recorded.volume)
        self._tick = instrument.tick_1e9 * TICK_MULTIPLES.get((venue, instrument.base), 1)
        self._lot = asset(instrument.base).lot_1e8
        self._key = key64(seed, "derived", instrument.symbol, venue)
        self.delay_ns = (30 + bits64(self._key, 0) % 151) * _MS
        self._books: OrderedDict[tuple[int, int], VenueBook] = OrderedDict()

    def book(self, now_ns: int) -> VenueBook | None:
        """The displayed book; None while the recorded one is not known."""
        current = self.source.index_at(now_ns)
        if not self.source.is_known(current):
            return None
        shown = max(0, self.source.index_at(now_ns - self.delay_ns))
        if not self.source.is_known(shown):
            return None
        name = (current, shown)
        known = self._books.get(name)
        if known is None:
            known = self._books[name] = self._make(current, shown)
            while len(self._books) > _CACHED_BOOKS:
                self._books.popitem(last=False)
        return known

    def _make(self, current: int, shown: int) -> VenueBook:
        source = self.source
        time_ns = source.times[shown]
        bid, ask = source.touch(current)
        down, up = self._offsets(time_ns)
        bids, asks = source.display(shown)
        # An empty side leaves nothing to stay clear of but the other side itself.
        below = (bid + ask) // 2 if bid and ask else ask or 2**63
        above = (bid + ask) // 2 if bid and ask else bid
        return VenueBook(
            self.venue,
            self.symbol,
            self._levels(bids, LOG_ONE - down, below, time_ns, sign=-1),
            self._levels(asks, LOG_ONE + up, above, time_ns, sign=1),
            min(max(time_ns + self.delay_ns, source.times[0]), max(time_ns, source.times[current])),
            "derived",
        )

    def _offsets(self, time_ns: int) -> tuple[int, int]:
        spread = self._style.half_spread * _CENTI_BP
        draw = bits64(self._key ^ 0xA5A5A5A5, time_ns // _LEAN_NS)
        # Uniform with the standard deviation of the synthetic market's leaning, five seconds' worth of its volatility.
        lean = self._style.lean * _MILLI_BP * 5 * ((draw >> 48) - 32_768) // 18_919
        return spread + 2 * max(0, -lean), spread + 2 * max(0, lean)

    def _levels(self, levels: Levels, ratio: int, limit: int, time_ns: int, *, sign: int) -> Levels:
        tick = self._tick
        depth, recorded = self._depth
        key = bits64(self._key ^ (7 + sign), time_ns // _SIZE_NS)
        sizes: dict[int, int] = {}
        for price, size in levels:
            if sign < 0:
                moved = (price * ratio >> 48) // tick
            else:
                moved = -(-price * ratio >> 48)
                moved = -(-moved // tick)
            if moved <= 0 or (moved * tick - limit) * sign <= 0:
                continue
            if moved not in sizes and len(sizes) == _DISPLAYED_LEVELS:
                break
            shaken = size * depth * (32_768 + (bits64(key, moved) >> 48)) // (recorded << 16)
            sizes[moved] = sizes.get(moved, 0) + shaken
        lot = self._lot
        return tuple([(moved * tick, max(1, size // lot) * lot) for moved, size in sizes.items()])

    def _share(self, index: int) -> int | None:
        """What of the print with this index is printed here too, None when nothing is."""
        draw = bits64(self._key ^ 0x5A5A5A5A, index)
        volume, recorded = self._volume
        # Never more prints than on the tape: a larger venue prints larger ones instead.
        often = min(volume, recorded)
        if (draw >> 48) * recorded >= often << 16:
            return None
        qty = self.source.prints[index].qty_1e8 * (32_768 + (draw & 0xFFFF)) * volume // (often << 16)
        return max(1, qty // self._lot) * self._lot

    def _shares(self, start_ns: int, end_ns: int) -> list[tuple[TapePrint, int]]:
        first, last = self.source.print_span(start_ns - self.delay_ns, end_ns - self.delay_ns)
        prints = self.source.prints
        return [(prints[k], share) for k in range(first, last) if (share := self._share(k)) is not None]

    def traded(self, start_ns: int, end_ns: int) -> int:
        """The quantity printed with `start_ns` < time <= `end_ns`."""
        return sum(qty for _, qty in self._shares(start_ns, end_ns))

    def trades(self, start_ns: int, end_ns: int) -> list[MarketTrade]:
        """The prints with `start_ns` < time <= `end_ns`, at this venue's touch where it has one."""
        found: list[MarketTrade] = []
        for recorded, qty in self._shares(start_ns, end_ns):
            time_ns = recorded.time_ns + self.delay_ns
            book = self.book(time_ns)
            side = () if book is None else book.asks if recorded.taker_side == "buy" else book.bids
            found.append(
                MarketTrade(
                    f"{self.venue}-{recorded.trade_id}",
                    time_ns,
                    self.symbol,
                    self.venue,
                    side[0][0] if side else recorded.price_1e9,
                    qty,
                    recorded.taker_side,
                    "derived",
                )
            )
        return found

    def describe(self) -> dict[str, object]:
        """How the venue was derived, as plain data."""
        return {
            "symbol": self.symbol,
            "venue": self.venue,
            "from": self.source_venue,
            "delay_ms": self.delay_ns // _MS,
            "half_spread_bps": self._style.half_spread / 100,
            "depth_percent": 100 * self._depth[0] // self._depth[1],
            "tick_1e9": self._tick,
        }
