"""Where the history of a market begins: what was quoted and printed before it was scripted is another one's."""

from __future__ import annotations

from sequence_markets.sandbox.market import Market, VenueBook

__all__ = ["history_start"]


def _books(market: Market, symbol: str, at_ns: int) -> list[VenueBook]:
    found = (market.book(symbol, venue, at_ns) for venue in market.venues(symbol))
    return [book for book in found if book is not None]


def _scripted(books: list[VenueBook]) -> bool:
    return any(book.origin == "scripted" for book in books)


def history_start(market: Market, symbol: str, now_ns: int, span_ns: int) -> int:
    """From when on the history of a symbol is that of the market it is now, looking back `span_ns` at most.

    A market begins when it is listed, and anew when it is scripted for the first time.
    """
    listed_ns = market.catalogue.get(symbol).listed_ns if symbol in market.catalogue else 0
    start = min(max(0, now_ns - span_ns, listed_ns), now_ns)
    first = next((market.book(symbol, venue, now_ns) for venue in market.venues(symbol)), None)
    if first is not None and first.origin != "scripted":
        # Of a scripted symbol only scripted venues are listed, so one book tells.
        return start
    begun = now_ns
    while begun > start:
        books = _books(market, symbol, begun)
        if not _scripted(books):
            return start if begun == now_ns else begun + 1
        # Back to before the oldest of them, as long as that is a script too.
        begun = min(book.as_of_ns for book in books) - 1
    return start
