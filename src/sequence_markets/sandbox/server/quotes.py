"""Quotes: the books of all venues of one symbol, as the wire shows them.

Prices and sizes are integers until here. A float on the wire is the double nearest to the exact decimal, so its
shortest text is that decimal again.
"""

from __future__ import annotations

import heapq
from itertools import islice
from typing import Final

from sequence_markets.sandbox.exchange import Exchange
from sequence_markets.sandbox.instruments import Instrument, InstrumentType
from sequence_markets.sandbox.market import VenueBook
from sequence_markets.sandbox.server.feeds import Feeds
from sequence_markets.units import PRICE_SCALE, QTY_SCALE

MAX_DEPTH: Final = 100
DEFAULT_DEPTH: Final = 10

Row = dict[str, object]


def quote(
    exchange: Exchange,
    feeds: Feeds,
    text: str,
    *,
    depth: int,
    instrument_type: InstrumentType | None = None,
    give_up_when_cold: bool = False,
) -> Row | None:
    """Return the full quote of a symbol, or ``None`` when nothing by that name exists.

    Args:
        exchange: The exchange.
        feeds: Which books are followed.
        text: The symbol as the caller wrote it.
        depth: Levels per side of the merged book.
        instrument_type: How to read the symbol; by its own form when ``None``.
        give_up_when_cold: Answer zeros for a book that is not followed yet.
    """
    instrument = exchange.market.catalogue.at(exchange.now_ns).resolve(text, instrument_type)
    if instrument is None:
        return None
    books = venue_books(exchange, instrument)
    if not books:
        return unavailable(instrument.symbol)
    scripted = any(book.origin == "scripted" for book in books)
    source = feeds.touch(instrument, scripted=scripted, give_up=give_up_when_cold)
    if source == "unavailable":
        return unavailable(instrument.symbol)
    return {
        "symbol": instrument.symbol,
        "source": source,
        "nbbo": _nbbo(books),
        "venues": _venues(books, exchange.now_ns),
        "book": {"bids": _merged_bids(books, depth), "asks": _merged_asks(books, depth)},
    }


def short_quote(exchange: Exchange, instrument: Instrument, max_age_ns: int) -> Row | None:
    """Return a quote without its book, or ``None`` when its NBBO is not younger than ``max_age_ns``."""
    books = venue_books(exchange, instrument)
    if not books or exchange.now_ns - max(book.as_of_ns for book in books) >= max_age_ns:
        return None
    return {
        "symbol": instrument.symbol,
        "source": "edge_nbbo",
        "nbbo": _nbbo(books),
        "venues": _venues(books, exchange.now_ns),
    }


def unavailable(symbol: str) -> Row:
    """Return the quote of a market nobody has a book of: zeros, and not an error."""
    return {
        "symbol": symbol,
        "source": "unavailable",
        "nbbo": {"bid": 0.0, "ask": 0.0, "mid": 0.0, "spread_bps": 0.0},
        "venues": {},
        "book": {"bids": [], "asks": []},
    }


def venue_books(exchange: Exchange, instrument: Instrument) -> list[VenueBook]:
    """Return the books of all venues that quote an instrument, less what was already taken from them."""
    books: list[VenueBook] = []
    for venue in exchange.market.venues(instrument.symbol):
        book = exchange.net_book(instrument.symbol, venue)
        if book is not None:
            books.append(book)
    return books


def _nbbo(books: list[VenueBook]) -> Row:
    bid = max((book.bids[0][0] for book in books if book.bids), default=0)
    ask = min((book.asks[0][0] for book in books if book.asks), default=0)
    # A crossed merged book means that one venue is stale: its middle would be a number nobody can trade at.
    known = 0 < bid <= ask
    return {
        "bid": bid / PRICE_SCALE,
        "ask": ask / PRICE_SCALE,
        "mid": (bid + ask) / (2 * PRICE_SCALE) if known else 0.0,
        "spread_bps": round(20_000 * (ask - bid) / (ask + bid), 4) if known else 0.0,
    }


def _venues(books: list[VenueBook], now_ns: int) -> Row:
    rows: Row = {}
    for book in books:
        bid, bid_size = book.bids[0] if book.bids else (0, 0)
        ask, ask_size = book.asks[0] if book.asks else (0, 0)
        rows[book.venue] = {
            "bid": bid / PRICE_SCALE,
            "ask": ask / PRICE_SCALE,
            "bid_size": bid_size / QTY_SCALE,
            "ask_size": ask_size / QTY_SCALE,
            "age_ms": max(now_ns - book.as_of_ns, 0) // 1_000_000,
            "origin": book.origin,
        }
    return rows


def _merged_bids(books: list[VenueBook], depth: int) -> list[Row]:
    sides = [[(-price, size, book.venue) for price, size in book.bids[:depth]] for book in books]
    best = islice(heapq.merge(*sides, key=_price), depth)
    return [{"price": -price / PRICE_SCALE, "size": size / QTY_SCALE, "venue": venue} for price, size, venue in best]


def _merged_asks(books: list[VenueBook], depth: int) -> list[Row]:
    sides = [[(price, size, book.venue) for price, size in book.asks[:depth]] for book in books]
    best = islice(heapq.merge(*sides, key=_price), depth)
    return [{"price": price / PRICE_SCALE, "size": size / QTY_SCALE, "venue": venue} for price, size, venue in best]


def _price(level: tuple[int, int, str]) -> int:
    return level[0]
