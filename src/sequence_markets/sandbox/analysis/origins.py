"""Where a scripted market begins: what was quoted and printed before is another market's history."""

from __future__ import annotations

from sequence_markets.sandbox.market import Market, MarketTrade, VenueBook

__all__ = ["history_start", "is_script", "is_scripted"]


def is_script(shown: MarketTrade | VenueBook) -> bool:
    """Whether a print or a book was written by hand."""
    return shown.origin == "scripted"


def _books(market: Market, symbol: str, at_ns: int) -> list[VenueBook]:
    found = (market.book(symbol, venue, at_ns) for venue in market.venues(symbol))
    return [book for book in found if book is not None]


def is_scripted(market: Market, symbol: str, at_ns: int) -> bool:
    """Whether the books of a symbol were written by hand at an instant."""
    return any(is_script(book) for book in _books(market, symbol, at_ns))


def history_start(market: Market, symbol: str, now_ns: int, span_ns: int) -> int:
    """From when on the history of a symbol is that of the market it is now, looking back `span_ns` at most.

    A market begins when it is listed; a scripted one with the oldest of the books that stand now, when it was not
    scripted before.
    """
    listed_ns = market.catalogue.get(symbol).listed_ns if symbol in market.catalogue else 0
    start = min(max(0, now_ns - span_ns, listed_ns), now_ns)
    books = _books(market, symbol, now_ns)
    if any(is_script(book) for book in books) and not is_scripted(market, symbol, start):
        return max(start, min(book.as_of_ns for book in books))
    return start
