"""Prices and books as they change: a look at every instant at which they may, for the symbols somebody listens to."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from sequence_markets.sandbox.market import VenueBook
from sequence_markets.sandbox.server.streams.frames import (
    Best,
    Ladder,
    best_of,
    book_row,
    ladders_of,
    price_row,
)
from sequence_markets.sandbox.server.streams.source import Publish, Shown
from sequence_markets.sandbox.server.streams.topics import Kind
from sequence_markets.sandbox.trading.desk import NEVER, Desk, Task

BOOK_EVERY_NS: Final = 25_000_000
"""Changes of a book closer together than this become one frame."""
POLYMARKET_BOOK_EVERY_NS: Final = 5_000_000


@dataclass(slots=True)
class _Watch:
    """What listeners of one symbol have seen. `look_ns` and `flush_ns` are the instants of the looks that count."""

    kinds: dict[Kind, None] = field(default_factory=dict[Kind, None])
    best: Best | None = None
    ladders: tuple[Ladder, Ladder] | None = None
    book_after_ns: int = 0
    look_ns: int = 0
    flush_ns: int = 0


@dataclass(frozen=True, slots=True)
class _Look(Task):
    feed: MarketFeed
    symbol: str

    def run(self, desk: Desk) -> None:
        self.feed.look(desk, self.symbol)


class MarketFeed:
    """Publishes the prices and the book of every followed symbol when they differ from what was published last.

    Args:
        publish: Takes what to show.
    """

    def __init__(self, publish: Publish) -> None:
        self._publish = publish
        self._watches: dict[str, _Watch] = {}

    def follow(self, desk: Desk, kind: Kind, name: str) -> None:
        """Look at a symbol from now on."""
        watch = self._watches.get(name)
        if watch is None:
            watch = self._watches[name] = _Watch()
            self._plan(desk, name, watch)
        watch.kinds[kind] = None
        books = _books(desk, name)
        if kind == "prices":
            watch.best = best_of(books)
        else:
            watch.ladders = ladders_of(books)

    def unfollow(self, kind: Kind, name: str) -> None:
        """Stop looking when nobody listens any more."""
        watch = self._watches[name]
        del watch.kinds[kind]
        if not watch.kinds:
            del self._watches[name]

    def snapshot(self, desk: Desk, kind: Kind, name: str) -> tuple[Shown]:
        """Prices or book as they stand."""
        books = _books(desk, name)
        if kind == "prices":
            return ((price_row(best_of(books), desk.now_ns), name),)
        return ((book_row(ladders_of(books), desk.now_ns), name),)

    def look(self, desk: Desk, symbol: str) -> None:
        """Publish what changed at an instant that was planned."""
        watch = self._watches.get(symbol)
        if watch is None or desk.now_ns not in (watch.look_ns, watch.flush_ns):
            return
        self._compare(desk, symbol, watch)
        if desk.now_ns == watch.look_ns:
            self._plan(desk, symbol, watch)

    def touched(self, desk: Desk, primaries: Collection[str]) -> None:
        """Publish what a command changed in the books of these symbols, or of the outcomes that mirror them."""
        for symbol, watch in self._watches.items():
            if symbol in primaries or desk.market.catalogue.get(symbol).primary in primaries:
                self._compare(desk, symbol, watch)

    def rearmed(self, desk: Desk) -> None:
        """Begin again after the exchange was rebuilt."""
        for symbol, watch in list(self._watches.items()):
            if symbol not in desk.market.catalogue:
                del self._watches[symbol]
                continue
            watch.book_after_ns = 0
            self._compare(desk, symbol, watch)
            self._plan(desk, symbol, watch)

    def _plan(self, desk: Desk, symbol: str, watch: _Watch) -> None:
        change = desk.next_change(symbol, desk.now_ns)
        watch.look_ns = change
        if change < NEVER:
            desk.schedule_task(change, _Look(self, symbol))

    def _compare(self, desk: Desk, symbol: str, watch: _Watch) -> None:
        books = _books(desk, symbol)
        if "prices" in watch.kinds:
            best = best_of(books)
            if best != watch.best:
                watch.best = best
                self._publish("prices", symbol, (price_row(best, desk.now_ns), symbol))
        if "book" in watch.kinds:
            ladders = ladders_of(books)
            if ladders == watch.ladders:
                return
            if desk.now_ns < watch.book_after_ns:
                if watch.flush_ns != watch.book_after_ns:
                    watch.flush_ns = watch.book_after_ns
                    desk.schedule_task(watch.flush_ns, _Look(self, symbol))
                return
            watch.ladders = ladders
            watch.book_after_ns = desk.now_ns + _book_every_ns(desk, symbol)
            self._publish("book", symbol, (book_row(ladders, desk.now_ns), symbol))


def _books(desk: Desk, symbol: str) -> list[VenueBook]:
    found = (desk.net_book(symbol, venue) for venue in desk.market.venues(symbol))
    return [book for book in found if book is not None]


def _book_every_ns(desk: Desk, symbol: str) -> int:
    return POLYMARKET_BOOK_EVERY_NS if desk.market.venues(symbol) == ("polymarket",) else BOOK_EVERY_NS
