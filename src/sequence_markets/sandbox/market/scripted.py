"""A market whose books and prints somebody writes by hand, over another market that shows everything else."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from ..events import EventMarket
from ..instruments import PREDICTION_UNIT_1E9
from .mirror import mirrored_bar, mirrored_book, mirrored_trade
from .series import PriceSeries, bar_windows
from .types import NO_GLANCE, Bar, Glance, MarketTrade, VenueBook, glance_at
from .writing import FOREVER_NS, ScriptedParts, print_time

__all__ = ["ScriptedMarket"]


class ScriptedMarket(ScriptedParts):
    """Another market, parts of which are written by hand.

    From the instant of its first script on, a symbol is quoted by its scripted venues alone. Scripts go
    forward in time; what stood earlier can still be read. YES and NO share one book, whichever of them is
    scripted.

    Example:
        >>> from sequence_markets.sandbox.market import SyntheticMarket
        >>> market = ScriptedMarket(SyntheticMarket(seed=7))
        >>> _ = market.set_book("BTC-USD", "kraken", [(90_000 * 10**9, 10**8)], [(90_010 * 10**9, 10**8)], 0)
        >>> market.venues("BTC-USD")
        ('kraken',)
    """

    def book(self, symbol: str, venue: str, now_ns: int) -> VenueBook | None:
        """The displayed book of a venue, or None when it does not quote the symbol."""
        primary = self._primary(symbol)
        if now_ns >= self._closes_ns(primary):
            return None
        since = self._scripted_since(primary)
        if since is None or now_ns < since:
            return self.inner.book(symbol, venue, now_ns)
        book = self._scripted_book(primary, venue, now_ns)
        return book if book is None or primary == symbol else mirrored_book(book, symbol)

    def trades(self, symbol: str, start_ns: int, end_ns: int, venue: str | None = None) -> Sequence[MarketTrade]:
        """The prints with `start_ns` < time <= `end_ns`, in time order."""
        primary = self._primary(symbol)
        end_ns = min(end_ns, self._closes_ns(primary) - 1)
        since = self._scripted_since(primary)
        until = end_ns if since is None else min(end_ns, since - 1)
        found = list(self.inner.trades(symbol, start_ns, until, venue)) if until > start_ns else []
        scripted = self._trades.get(primary, [])
        first = bisect_right(scripted, start_ns, key=print_time)
        last = bisect_right(scripted, end_ns, key=print_time)
        if first < last:
            mine = [trade for trade in scripted[first:last] if venue is None or trade.venue == venue]
            found += mine if primary == symbol else [mirrored_trade(trade, symbol) for trade in mine]
            found.sort(key=print_time)
        return found

    def traded_1e8(self, symbol: str, start_ns: int, end_ns: int) -> int:
        """The quantity of all prints with `start_ns` < time <= `end_ns`."""
        primary = self._primary(symbol)
        end_ns = min(end_ns, self._closes_ns(primary) - 1)
        since = self._scripted_since(primary)
        inner = self.inner.traded_1e8(symbol, start_ns, end_ns if since is None else min(end_ns, since - 1))
        return inner + sum(t.qty_1e8 for t in self._trades.get(primary, ()) if start_ns < t.time_ns <= end_ns)

    def glance(self, market: EventMarket, now_ns: int) -> Glance:
        """The touch of a prediction market, without making its book where nobody scripted one."""
        if now_ns >= self.events.closes_ns(market):
            return NO_GLANCE
        since = self._scripted_since(market.yes)
        if since is None or now_ns < since:
            return self.inner.glance(market, now_ns)
        return glance_at(self._scripted_book(market.yes, market.venue, now_ns))

    def traded_since_1e8(self, market: EventMarket, starts: Sequence[int], end_ns: int) -> list[int]:
        """The quantity of all prints of a prediction market since each of some instants."""
        end_ns = min(end_ns, self.events.closes_ns(market))
        since = self._scripted_since(market.yes)
        inner = self.inner.traded_since_1e8(market, starts, end_ns if since is None else min(end_ns, since))
        printed = self._trades.get(market.yes)
        if not printed:
            return inner
        return [
            quantity + sum(trade.qty_1e8 for trade in printed if start < trade.time_ns <= end_ns)
            for quantity, start in zip(inner, starts, strict=True)
        ]

    def next_change(self, symbol: str, after_ns: int) -> int | None:
        """The next scripted instant after `after_ns`; as long as the symbol is not scripted, also the other
        market's."""
        primary = self._primary(symbol)
        closes_ns = self._closes_ns(primary)
        if after_ns >= closes_ns:
            return None
        since = self._scripted_since(primary)
        found: list[int] = [] if closes_ns == FOREVER_NS else [closes_ns]
        if since is None or after_ns < since:
            change = self.inner.next_change(symbol, after_ns)
            if change is not None:
                found.append(change)
        for times, _ in self._books.get(primary, {}).values():
            index = bisect_right(times, after_ns)
            found += times[index : index + 1]
        trades = self._trades.get(primary, [])
        index = bisect_right(trades, after_ns, key=print_time)
        found += [trade.time_ns for trade in trades[index : index + 1]]
        return min(found) if found else None

    def book_until(self, symbol: str, venue: str, after_ns: int) -> int:
        """An instant up to which the displayed book of a venue stays as it is."""
        primary = self._primary(symbol)
        closes_ns = self._closes_ns(primary)
        if after_ns >= closes_ns:
            return FOREVER_NS
        since = self._scripted_since(primary)
        if since is None or after_ns < since:
            until = self.inner.book_until(symbol, venue, after_ns)
            return max(after_ns, min(until, closes_ns - 1, FOREVER_NS if since is None else since - 1))
        times = self._books[primary].get(venue, ([], []))[0]
        position = bisect_right(times, after_ns)
        return min(times[position] - 1 if position < len(times) else FOREVER_NS, closes_ns - 1)

    def quiet_until(self, symbol: str, venue: str, low_1e9: int, high_1e9: int, after_ns: int) -> int:
        """An instant up to which neither touch nor any print leaves the open interval, if nobody scripts
        meanwhile."""
        primary = self._primary(symbol)
        closes_ns = self._closes_ns(primary)
        if after_ns >= closes_ns:
            return after_ns
        since = self._scripted_since(primary)
        trades = self._trades.get(primary, [])
        index = bisect_right(trades, after_ns, key=print_time)
        next_print = trades[index].time_ns - 1 if index < len(trades) else FOREVER_NS
        if closes_ns < FOREVER_NS:
            next_print = min(next_print, closes_ns - 1)
        if since is None or after_ns < since:
            until = self.inner.quiet_until(symbol, venue, low_1e9, high_1e9, after_ns)
            limit = next_print if since is None else min(next_print, since - 1)
            return max(after_ns, min(until, limit))
        book = self.book(symbol, venue, after_ns)
        if book is not None and not all(low_1e9 < price < high_1e9 for price, _ in (*book.bids[:1], *book.asks[:1])):
            return after_ns
        times = self._books[primary].get(venue, ([], []))[0]
        position = bisect_right(times, after_ns)
        next_book = times[position] - 1 if position < len(times) else FOREVER_NS
        return min(next_book, next_print)

    def reference_price(self, symbol: str, now_ns: int) -> int | None:
        """The middle of the best scripted prices, or the other market's reference before the first script."""
        primary = self._primary(symbol)
        closes_ns = self._closes_ns(primary)
        if now_ns >= closes_ns:
            payout = self.events.payout_1e9(symbol, now_ns)
            if payout is not None:
                return payout
            now_ns = closes_ns - 1
        since = self._scripted_since(primary)
        if since is None or now_ns < since:
            return self.inner.reference_price(symbol, now_ns)
        series = self._references.get(primary)
        price = None if series is None else series.at(now_ns)
        return price if price is None or primary == symbol else PREDICTION_UNIT_1E9 - price

    def premium_1e9(self, symbol: str, venue: str, start_ns: int, end_ns: int) -> int:
        """The other market's premium; see `Market.premium_1e9`."""
        return self.inner.premium_1e9(symbol, venue, start_ns, end_ns)

    def bars(
        self, symbol: str, start_ns: int, end_ns: int, interval_ns: int, venue: str | None = None
    ) -> Sequence[Bar]:
        """Bars of the reference price; see `Market.bars`."""
        primary = self._primary(symbol)
        end_ns = min(end_ns, self._closes_ns(primary) - 1)
        if end_ns <= start_ns:
            return ()
        since = self._scripted_since(primary)
        if since is None or end_ns < since:
            return self.inner.bars(symbol, start_ns, end_ns, interval_ns, venue)
        series = self._references.get(primary, PriceSeries())
        bars: list[Bar] = []
        for begin, end in bar_windows(start_ns, end_ns, interval_ns):
            before: Bar | None = None
            if begin < since:
                early = self.inner.bars(symbol, begin, min(end, since), max(interval_ns, end - begin), venue)
                before = early[0] if early else None
            spoken = series.span(max(begin, since), end) if end >= since else None
            if spoken is None:
                bars += [before] if before is not None else []
                continue
            opened, high, low, closed = spoken
            prints = [t for t in self._trades.get(primary, []) if begin < t.time_ns <= end]
            volume = sum(t.qty_1e8 for t in prints if venue in (None, t.venue))
            bar = Bar(begin, opened, high, low, closed, volume)
            if primary != symbol:
                bar = mirrored_bar(bar)
            if before is not None:
                bar = Bar(
                    begin,
                    before.open_1e9,
                    max(before.high_1e9, bar.high_1e9),
                    min(before.low_1e9, bar.low_1e9),
                    bar.close_1e9,
                    before.volume_1e8 + bar.volume_1e8,
                )
            bars.append(bar)
        return bars

    def closes(self, symbol: str, instants: Sequence[int], venue: str | None = None) -> list[int | None]:
        """The reference price at each instant; see `Market.closes`. From the first script on it is that of the
        scripted venues together."""
        primary = self._primary(symbol)
        since, closes_ns = self._scripted_since(primary), self._closes_ns(primary)
        if since is None and closes_ns == FOREVER_NS:
            return self.inner.closes(symbol, instants, venue)
        early = [at_ns for at_ns in instants if at_ns < closes_ns and (since is None or at_ns < since)]
        before = iter(self.inner.closes(symbol, early, venue))
        found: list[int | None] = []
        for at_ns in instants:
            if at_ns >= closes_ns:
                found.append(None)
            elif since is None or at_ns < since:
                found.append(next(before))
            else:
                found.append(self.reference_price(symbol, at_ns))
        return found

    def describe(self) -> dict[str, object]:
        """The other market's description, and which symbols are scripted on which venues."""
        scripted = {symbol: list(self.venues(symbol)) for symbol in sorted(self._books)}
        return {**self.inner.describe(), "scripted": scripted}
