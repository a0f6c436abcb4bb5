"""A market that plays recorded tapes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...events import EventMarket, Events
from ...instruments import Catalogue, Instrument, default_catalogue
from ...venues import VENUES
from ..parameters import PERP_STYLES, SPOT_STYLES
from ..series import bar_windows, series_bars
from ..types import NO_GLANCE, Bar, Glance, MarketTrade, VenueBook
from .derived import DerivedVenue
from .feed import Feed
from .reader import Tape, read_tape

__all__ = ["TapeMarket"]

_FOREVER_NS = 2**63 - 1
_QUIET_FRAMES = 512


class TapeMarket:
    """Recorded tapes, and the venues that are derived from them.

    The recorded venue shows what was recorded, with the origin "recorded"; the other venues that list the symbol show
    something derived from it, with the origin "derived". Only instruments of the tapes exist, and no prediction
    markets. Before the first book nothing is quoted; after the end of a tape its last book stands.

    `start_ns` is the first instant at which every tape has a book, `end_ns` the last instant of the longest tape.
    """

    def __init__(self, tapes: Sequence[Tape], seed: int = 0) -> None:
        if not tapes:
            raise ValueError("at least one tape is needed")
        self.seed = seed
        self.tapes = tuple(tapes)
        self.start_ns = max(tape.feed.start_ns for tape in tapes)
        self.end_ns = max(tape.feed.end_ns for tape in tapes)
        early = min(tapes, key=lambda tape: tape.feed.end_ns)
        if early.feed.end_ns < self.start_ns:
            late = max(tapes, key=lambda tape: tape.feed.start_ns)
            raise ValueError(
                f"the tapes do not overlap in time: {early.name} ends before {late.name} begins; play them one by one"
            )
        standing = default_catalogue()
        self.catalogue = Catalogue()
        self.events = Events(self.catalogue.directory, None, lambda _: None)
        self._feeds: dict[str, dict[str, Feed]] = {}
        self._derived: dict[str, dict[str, DerivedVenue]] = {}
        for tape in tapes:
            for symbol in tape.symbols:
                if tape.venue in self._feeds.setdefault(symbol, {}):
                    raise ValueError(f"two tapes of {symbol} on {tape.venue}; the second one is {tape.name}")
                self._feeds[symbol][tape.venue] = tape.feed
                if symbol not in self.catalogue:
                    self.catalogue.add(_instrument(standing, symbol, tape.venue))
        for symbol, feeds in self._feeds.items():
            instrument = self.catalogue.get(symbol)
            source = next(venue for venue in VENUES if venue in feeds)
            styles = PERP_STYLES if instrument.type == "perp" else SPOT_STYLES
            self._derived[symbol] = {
                venue: DerivedVenue(seed, instrument, venue, source, feeds[source])
                for venue in VENUES
                if venue in instrument.venues and venue not in feeds and venue in styles
            }

    @classmethod
    def open(cls, paths: Sequence[Path], seed: int = 0) -> TapeMarket:
        """Read tapes that overlap in time, plain or gzip; the format is recognised by the content.

        Known are Binance spot and USD-M futures tapes (a depth snapshot, depth changes and trades of one symbol) and
        Hyperliquid tapes (l2Book and trades of one coin), one line per message: a receive time, a blank, the JSON.

        Raises:
            ValueError: A tape that cannot be read, two tapes of one instrument and venue, or tapes that do not overlap.
            OSError: A file that cannot be opened.
        """
        return cls([read_tape(path) for path in paths], seed)

    def venues(self, symbol: str) -> tuple[str, ...]:
        """The venues that quote `symbol`, in documented order, recorded and derived."""
        feeds, derived = self._feeds.get(symbol, {}), self._derived.get(symbol, {})
        return tuple(venue for venue in VENUES if venue in feeds or venue in derived)

    def book(self, symbol: str, venue: str, now_ns: int) -> VenueBook | None:
        """The displayed book of a venue, the hundred best levels a side; None when it is not known."""
        feed = self._feeds.get(symbol, {}).get(venue)
        if feed is None:
            derived = self._derived.get(symbol, {}).get(venue)
            return None if derived is None else derived.book(now_ns)
        index = feed.index_at(now_ns)
        if not feed.is_known(index):
            return None
        bids, asks = feed.display(index)
        return VenueBook(venue, symbol, bids, asks, feed.times[index], "recorded")

    def trades(self, symbol: str, start_ns: int, end_ns: int, venue: str | None = None) -> Sequence[MarketTrade]:
        """The prints with `start_ns` < time <= `end_ns`, in time order."""
        found: list[MarketTrade] = []
        for name in self.venues(symbol):
            if venue is not None and name != venue:
                continue
            feed = self._feeds[symbol].get(name)
            if feed is None:
                found += self._derived[symbol][name].trades(start_ns, end_ns)
                continue
            found += [
                MarketTrade(p.trade_id, p.time_ns, symbol, name, p.price_1e9, p.qty_1e8, p.taker_side, "recorded")
                for p in feed.prints_between(start_ns, end_ns)
            ]
        found.sort(key=lambda trade: trade.time_ns)
        return found

    def traded_1e8(self, symbol: str, start_ns: int, end_ns: int) -> int:
        """The quantity of all prints with `start_ns` < time <= `end_ns`."""
        traders = (self._trader(symbol, venue) for venue in self.venues(symbol))
        return sum(trader.traded(start_ns, end_ns) for trader in traders)

    def glance(self, market: EventMarket, now_ns: int) -> Glance:
        """Tapes hold no prediction markets: nobody quotes any."""
        del market, now_ns
        return NO_GLANCE

    def traded_since_1e8(self, market: EventMarket, starts: Sequence[int], end_ns: int) -> list[int]:
        """Tapes hold no prediction markets: nothing is traded in any."""
        del market, end_ns
        return [0] * len(starts)

    def _trader(self, symbol: str, venue: str) -> Feed | DerivedVenue:
        return self._feeds[symbol].get(venue) or self._derived[symbol][venue]

    def next_change(self, symbol: str, after_ns: int) -> int | None:
        """The next recorded or derived change; None after the end of the tape."""
        found: list[int | None] = []
        for feed in self._feeds.get(symbol, {}).values():
            found += [feed.next_frame(after_ns), feed.next_print(after_ns)]
        for derived in self._derived.get(symbol, {}).values():
            since = after_ns - derived.delay_ns
            for change in (derived.source.next_frame(since), derived.source.next_print(since)):
                found.append(None if change is None else change + derived.delay_ns)
        return min((change for change in found if change is not None), default=None)

    def book_until(self, symbol: str, venue: str, after_ns: int) -> int:
        """An instant up to which the displayed book of a venue stays as it is."""
        feed = self._feeds.get(symbol, {}).get(venue)
        following = self.next_change(symbol, after_ns) if feed is None else feed.next_frame(after_ns)
        return _FOREVER_NS if following is None else following - 1

    def quiet_until(self, symbol: str, venue: str, low_1e9: int, high_1e9: int, after_ns: int) -> int:
        """An instant up to which neither touch nor any print leaves the open interval.

        For a derived venue nothing is promised before the end of the tape.
        """
        feed = self._feeds.get(symbol, {}).get(venue)
        if feed is not None:
            until = feed.quiet_until(low_1e9, high_1e9, after_ns, _QUIET_FRAMES)
            return after_ns if until is None else until
        book = self.book(symbol, venue, after_ns)
        if book is None or self.next_change(symbol, after_ns) is not None:
            return after_ns
        touch = (*book.bids[:1], *book.asks[:1])
        return _FOREVER_NS if all(low_1e9 < price < high_1e9 for price, _ in touch) else after_ns

    def _source(self, symbol: str) -> Feed | None:
        feeds = self._feeds.get(symbol, {})
        return next((feeds[venue] for venue in VENUES if venue in feeds), None)

    def reference_price(self, symbol: str, now_ns: int) -> int | None:
        """The middle of the recorded touch; None before the first book."""
        feed = self._source(symbol)
        return None if feed is None else feed.middles.at(now_ns)

    def premium_1e9(self, symbol: str, venue: str, start_ns: int, end_ns: int) -> int:
        """Zero: a tape holds one instrument, not the pair it would be compared with."""
        del symbol, venue, start_ns, end_ns
        return 0

    def bars(
        self, symbol: str, start_ns: int, end_ns: int, interval_ns: int, venue: str | None = None
    ) -> Sequence[Bar]:
        """Bars of the recorded middle; a `venue` only says whose prints the volume counts. See `Market.bars`."""
        venues = self.venues(symbol) if venue is None else (venue,)
        feed = self._source(symbol)
        if feed is None or venues[0] not in self.venues(symbol):
            return ()
        traders = [self._trader(symbol, name) for name in venues]

        def volume(begin: int, end: int) -> int:
            return sum(trader.traded(begin, end) for trader in traders)

        start_ns = max(start_ns, feed.start_ns)
        return series_bars(feed.middles, list(bar_windows(start_ns, end_ns, interval_ns)), volume)

    def closes(self, symbol: str, instants: Sequence[int], venue: str | None = None) -> list[int | None]:
        """The recorded middle at each instant, whatever the `venue`; see `Market.closes`."""
        feed = self._source(symbol)
        if feed is None or (venue is not None and venue not in self.venues(symbol)):
            return [None] * len(instants)
        return [feed.middles.at(at_ns) for at_ns in instants]

    def describe(self) -> dict[str, object]:
        """What is played, as plain data: tapes with their counters, the origin per venue, how each other is derived."""
        origins: dict[str, dict[str, str]] = {
            symbol: {venue: "recorded" if venue in self._feeds[symbol] else "derived" for venue in self.venues(symbol)}
            for symbol in self._feeds
        }
        return {
            "kind": "tape",
            "seed": self.seed,
            "venues": origins,
            "derived": [one.describe() for venues in self._derived.values() for one in venues.values()],
            "tape": [
                {
                    "name": tape.name,
                    "venue": tape.venue,
                    "kind": tape.kind,
                    "symbols": list(tape.symbols),
                    "start_ns": tape.feed.start_ns,
                    "end_ns": tape.feed.end_ns,
                    "counters": tape.feed.counters.as_dict(),
                }
                for tape in self.tapes
            ],
            "start_ns": self.start_ns,
            "end_ns": self.end_ns,
        }


def _instrument(standing: Catalogue, symbol: str, venue: str) -> Instrument:
    if symbol in standing:
        return standing.get(symbol)
    return standing.scripted_instrument(symbol, venue)[0]
