"""The synthetic market: every price, level, print and bar follows from the seed and the instant alone."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from typing import Final

from ..events import EventMarket, Events
from ..instruments import PREDICTION_UNIT_1E9, Catalogue, Instrument, default_catalogue
from ..venues import VENUES
from .fair import Fair, RatioFair, fair_at, fair_range, fairs_at
from .fixedpoint import LOG_ONE, exp_scaled
from .glance import Glances
from .listing import Listing
from .mirror import mirrored_bar, mirrored_book, mirrored_trade
from .parameters import PERP_BASIS, PERP_STYLES, asset
from .parts import Parts
from .path import STEP_NS
from .types import Bar, Glance, MarketTrade, VenueBook

__all__ = ["SyntheticMarket"]

_CENTI_BP: Final = LOG_ONE // 1_000_000
# Windows of fewer steps are read step by step, from what earlier reads left behind.
_STEPPING: Final = 4
# How often a premium is read: what moves it is over in hours.
_PREMIUM_STEPS: Final = 1 << 13
_ONE_1E9: Final = 1_000_000_000
_FOREVER_NS: Final = 2**63 - 1


class SyntheticMarket:
    """A market made from a seed.

    One path per base asset carries its spot pairs in every quote currency, its perps and the events that its
    price decides. Reading is free of side effects: caches only save time.

    Args:
        catalogue: The instruments; the standing ones when None.
        seed: Everything drawn depends on it.

    Example:
        >>> market = SyntheticMarket(seed=7)
        >>> market.book("BTC-USD", "kraken", 1_767_571_200_000_000_000).origin
        'synthetic'
    """

    def __init__(self, catalogue: Catalogue | None = None, seed: int = 0) -> None:
        self.catalogue = default_catalogue() if catalogue is None else catalogue
        self.seed = seed
        self.events = Events(self.catalogue.directory, self, self.catalogue.prediction_symbol)
        self._parts = Parts(self.catalogue, seed)
        self._glances = Glances(self._parts)

    def _known(self, symbol: str) -> tuple[Instrument, Instrument] | None:
        """The instrument and the one whose book is kept for it."""
        instrument = self.catalogue.find(symbol)
        if instrument is None:
            return None
        return instrument, instrument if instrument.mirror_of is None else self.catalogue.get(instrument.mirror_of)

    def _open(self, symbol: str, now_ns: int) -> tuple[Instrument, Instrument] | None:
        """As `_known`, while it is listed and traded."""
        found = self._known(symbol)
        if found is None or now_ns < max(0, found[0].listed_ns):
            return None
        expiry_ns = found[0].expiry_ns
        return None if expiry_ns is not None and now_ns >= expiry_ns else found

    # The market protocol.

    def venues(self, symbol: str) -> tuple[str, ...]:
        """The venues that quote `symbol`, in documented order."""
        found = self.catalogue.find(symbol)
        return () if found is None else tuple(venue for venue in VENUES if venue in found.venues)

    def book(self, symbol: str, venue: str, now_ns: int) -> VenueBook | None:
        """The displayed book of a venue, or None when it does not quote the symbol."""
        found = self._open(symbol, now_ns)
        if found is None or venue not in found[0].venues:
            return None
        instrument, kept = found
        book = self._parts.listing(kept, venue).book(now_ns // STEP_NS)
        return book if kept is instrument else mirrored_book(book, symbol)

    def trades(self, symbol: str, start_ns: int, end_ns: int, venue: str | None = None) -> Sequence[MarketTrade]:
        """The prints with `start_ns` < time <= `end_ns`, in time order."""
        found = self._known(symbol)
        if found is None:
            return ()
        instrument, kept = found
        start_ns, end_ns = _within_life(instrument, start_ns, end_ns)
        if end_ns <= start_ns:
            return ()
        first, last = start_ns // STEP_NS, end_ns // STEP_NS
        prints: list[MarketTrade] = []
        for name in self.venues(kept.symbol):
            if venue is not None and name != venue:
                continue
            listing = self._parts.listing(kept, name)
            if last - first < _STEPPING:
                busy = (listing.step_prints(step) for step in range(first, last + 1))
            else:
                busy = (listing.prints(step, lots) for step, lots in listing.volume.leaves(first, last + 1))
            for of_step in busy:
                prints += [t for t in of_step if start_ns < t.time_ns <= end_ns]
        prints.sort(key=_print_time)
        return prints if kept is instrument else [mirrored_trade(trade, symbol) for trade in prints]

    def traded_1e8(self, symbol: str, start_ns: int, end_ns: int) -> int:
        """The quantity of all prints with `start_ns` < time <= `end_ns`, read off the volume cascade."""
        found = self._known(symbol)
        if found is None:
            return 0
        instrument, kept = found
        start_ns, end_ns = _within_life(instrument, start_ns, end_ns)
        if end_ns <= start_ns:
            return 0
        listings = (self._parts.listing(kept, venue) for venue in self.venues(kept.symbol))
        return sum(self._traded(listing, start_ns, end_ns) for listing in listings)

    def glance(self, market: EventMarket, now_ns: int) -> Glance:
        """The touch of a prediction market, without making its book."""
        return self._glances.glance(market, now_ns)

    def traded_since_1e8(self, market: EventMarket, starts: Sequence[int], end_ns: int) -> list[int]:
        """The quantity of all prints of a prediction market since each of some instants."""
        return self._glances.traded_since_1e8(market, starts, end_ns)

    def next_change(self, symbol: str, after_ns: int) -> int | None:
        """The next print or the next step of the grid, whichever comes first; the listing before that, None
        once the market is closed."""
        found = self._known(symbol)
        if found is None or (found[0].expiry_ns is not None and after_ns >= found[0].expiry_ns):
            return None
        kept = found[1]
        if after_ns < kept.listed_ns:
            return kept.listed_ns
        step = max(0, after_ns) // STEP_NS
        change = (step + 1) * STEP_NS
        for venue in self.venues(kept.symbol):
            for trade in self._parts.listing(kept, venue).step_prints(step):
                if trade.time_ns > after_ns:
                    change = min(change, trade.time_ns)
                    break
        return change if kept.expiry_ns is None else min(change, kept.expiry_ns)

    def book_until(self, symbol: str, venue: str, after_ns: int) -> int:
        """An instant up to which the displayed book of a venue stays as it is."""
        known = self._known(symbol)
        if known is None or venue not in known[0].venues:
            return _FOREVER_NS
        found = self._open(symbol, after_ns)
        if found is None:
            return known[0].listed_ns - 1 if after_ns < known[0].listed_ns else _FOREVER_NS
        kept = found[1]
        until = (self._parts.listing(kept, venue).book_until(after_ns // STEP_NS) + 1) * STEP_NS - 1
        return until if kept.expiry_ns is None else min(until, kept.expiry_ns - 1)

    def quiet_until(self, symbol: str, venue: str, low_1e9: int, high_1e9: int, after_ns: int) -> int:
        """An instant up to which neither touch nor any print leaves the open interval."""
        found = self._open(symbol, after_ns)
        if found is None or venue not in found[0].venues:
            return after_ns
        instrument, kept = found
        if kept is not instrument:
            low_1e9, high_1e9 = PREDICTION_UNIT_1E9 - high_1e9, PREDICTION_UNIT_1E9 - low_1e9
        step = self._parts.listing(kept, venue).quiet_until(low_1e9, high_1e9, after_ns // STEP_NS)
        if step is None:
            return after_ns
        until = (step + 1) * STEP_NS - 1
        if kept.expiry_ns is not None:
            until = min(until, kept.expiry_ns - 1)
        return max(until, after_ns)

    def reference_price(self, symbol: str, now_ns: int) -> int | None:
        """The fair price, rounded to the instrument's tick.

        Of a closed prediction market it is the last one, and what the outcome pays once that is known.
        """
        found = self._known(symbol)
        if found is None or now_ns < max(0, found[0].listed_ns):
            return None
        instrument, kept = found
        if kept.expiry_ns is not None and now_ns >= kept.expiry_ns:
            payout = self.events.payout_1e9(symbol, now_ns)
            if payout is not None:
                return payout
            now_ns = kept.expiry_ns - 1
        price = self._rounded(kept, fair_at(self._parts.fair(kept), now_ns // STEP_NS))
        return price if kept is instrument else PREDICTION_UNIT_1E9 - price

    def last_price_1e9(self, market: EventMarket) -> int:
        """The fair price of the YES side of a prediction market at its close, not rounded."""
        return fair_at(self._parts.fair(self.catalogue.get(market.yes)), market.close_ns // STEP_NS)

    def spot_1e9(self, symbol: str, at_ns: int) -> int | None:
        """The reference price of a pair that decides prediction markets."""
        return self.reference_price(symbol, at_ns)

    def premium_1e9(self, symbol: str, venue: str, start_ns: int, end_ns: int) -> int:
        """How far a perp's middle stood above the spot pair in USDT, read every 8,192 steps (about 14 minutes)."""
        paths = [self._parts.offset_path(f"basis/{symbol.split('-')[0]}", PERP_BASIS)]
        lean = self._parts.lean(symbol, venue, PERP_STYLES[venue]) if venue in PERP_STYLES else None
        if lean is not None:
            paths.append(lean)
        first = max(0, start_ns) // STEP_NS
        steps = range(-(-first // _PREMIUM_STEPS) * _PREMIUM_STEPS, end_ns // STEP_NS, _PREMIUM_STEPS) or (first,)
        total = sum(path.value(step) for step in steps for path in paths)
        return exp_scaled(total // len(steps), _ONE_1E9) - _ONE_1E9

    @staticmethod
    def _rounded(instrument: Instrument, price_1e9: int) -> int:
        tick = instrument.tick_1e9
        ticks = max(1, (price_1e9 + tick // 2) // tick)
        if instrument.type == "prediction":
            ticks = min(ticks, PREDICTION_UNIT_1E9 // tick - 1)
        return ticks * tick

    def bars(
        self, symbol: str, start_ns: int, end_ns: int, interval_ns: int, venue: str | None = None
    ) -> Sequence[Bar]:
        """Bars of the reference price, or of one venue's middle when `venue` is given; see `Market.bars`.

        Highs and lows are exact over every step of the grid. `ValueError` when the interval is not positive.
        """
        if interval_ns <= 0:
            raise ValueError(f"interval_ns must be positive, got {interval_ns}")
        found = self._known(symbol)
        if found is None or (venue is not None and venue not in found[0].venues):
            return ()
        instrument, kept = found
        start_ns, end_ns = _within_life(instrument, start_ns, end_ns)
        if end_ns <= start_ns:
            return ()
        fair = self._fair_of(kept, venue)
        venues = self.venues(kept.symbol) if venue is None else (venue,)
        listings = [self._parts.listing(kept, name) for name in venues]
        bars: list[Bar] = []
        begin = start_ns // interval_ns * interval_ns
        while begin < end_ns:
            # A market that is listed within a bar begins it.
            since, end = max(begin, instrument.listed_ns), min(begin + interval_ns, end_ns)
            first, last = since // STEP_NS, end // STEP_NS
            low, high = fair_range(fair, first, last)
            volume = sum(self._traded(listing, since, end) for listing in listings)
            bar = Bar(
                begin,
                self._rounded(kept, fair_at(fair, first)),
                self._rounded(kept, high),
                self._rounded(kept, low),
                self._rounded(kept, fair_at(fair, last)),
                volume,
            )
            bars.append(bar if kept is instrument else mirrored_bar(bar))
            begin += interval_ns
        return bars

    def _fair_of(self, kept: Instrument, venue: str | None) -> Fair:
        """The fair value of an instrument, or what one venue's middle leans to."""
        fair = self._parts.fair(kept)
        lean = None if venue is None else self._parts.listing(kept, venue).lean
        return fair if lean is None else RatioFair(asset(kept.base).anchor_1e9, (*fair.paths, lean))

    def closes(self, symbol: str, instants: Sequence[int], venue: str | None = None) -> list[int | None]:
        """The reference price, or one venue's middle, at each instant; see `Market.closes`."""
        found = self._known(symbol)
        if found is None or (venue is not None and venue not in found[0].venues):
            return [None] * len(instants)
        instrument, kept = found
        begin = max(0, instrument.listed_ns)
        end = instrument.expiry_ns
        open_at = [begin <= at_ns and (end is None or at_ns < end) for at_ns in instants]
        steps = [at_ns // STEP_NS for at_ns in compress(instants, open_at)]
        prices = iter(fairs_at(self._fair_of(kept, venue), steps))
        closes = [self._rounded(kept, next(prices)) if is_open else None for is_open in open_at]
        if kept is instrument:
            return closes
        return [None if price is None else PREDICTION_UNIT_1E9 - price for price in closes]

    @staticmethod
    def _traded(listing: Listing, start_ns: int, end_ns: int) -> int:
        """The quantity printed with `start_ns` < time <= `end_ns`."""

        def before(instant_ns: int) -> int:
            """What is printed in the instant's step up to and including the instant."""
            if instant_ns % STEP_NS == 0:
                return 0
            return sum(t.qty_1e8 for t in listing.step_prints(instant_ns // STEP_NS) if t.time_ns <= instant_ns)

        lots = listing.volume.between(start_ns // STEP_NS, end_ns // STEP_NS)
        return lots * listing.lot_1e8 + before(end_ns) - before(start_ns)

    def describe(self) -> dict[str, object]:
        """What this market is, as plain data."""
        return {
            "kind": "synthetic",
            "seed": self.seed,
            "step_ns": STEP_NS,
            "markets": self.catalogue.directory.standing,
            "venues": dict.fromkeys(VENUES, "synthetic"),
            "derived": [],
            "tape": None,
        }


def _within_life(instrument: Instrument, start_ns: int, end_ns: int) -> tuple[int, int]:
    """The part of a window in which an instrument is listed and traded; empty when its end is not after its start."""
    if instrument.expiry_ns is not None:
        end_ns = min(end_ns, instrument.expiry_ns - 1)
    return max(0, start_ns, instrument.listed_ns), end_ns


def _print_time(trade: MarketTrade) -> int:
    return trade.time_ns
