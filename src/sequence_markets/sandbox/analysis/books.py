"""All venues' books of one symbol together: depth, balance, and the price one fair trade in size would have."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import Final, Literal

from sequence_markets.sandbox.instruments import USD_PEGGED, Instrument
from sequence_markets.sandbox.market import VenueBook
from sequence_markets.sandbox.trading.amounts import ONE_PRICE, ONE_QTY
from sequence_markets.sandbox.trading.desk import Desk

__all__ = ["FAIR_NOTIONAL_USD", "depth_answer", "fair_prices", "fair_row", "market_answer", "merged", "net_books"]

Level = tuple[int, int, str]
"""(price_1e9, size_1e8, venue)"""

FAIR_NOTIONAL_USD: Final = 100_000
"""The fair price is the middle between buying and selling this much."""

_USD: Final = 10**17


def net_books(desk: Desk, symbol: str) -> list[VenueBook]:
    """The books of all venues that quote a symbol, less what was taken from them, in documented order."""
    found = (desk.net_book(symbol, venue) for venue in desk.market.venues(symbol))
    return [book for book in found if book is not None]


def merged(books: Sequence[VenueBook], side: Literal["bid", "ask"]) -> list[Level]:
    """The levels of one side of all books, best first; at one price in venue order."""
    if side == "ask":
        asks = [[(price, place, size) for price, size in book.asks] for place, book in enumerate(books)]
        return [(price, size, books[place].venue) for price, place, size in heapq.merge(*asks)]
    bids = [[(-price, place, size) for price, size in book.bids] for place, book in enumerate(books)]
    return [(-price, size, books[place].venue) for price, place, size in heapq.merge(*bids)]


def depth_answer(desk: Desk, instrument: Instrument, source: str) -> dict[str, object]:
    """Every displayed level of every venue, each side sorted."""
    books = net_books(desk, instrument.symbol)
    bids, asks = merged(books, "bid"), merged(books, "ask")
    return {
        "symbol": instrument.symbol,
        "bids": [_level_row(level) for level in bids],
        "asks": [_level_row(level) for level in asks],
        "bid_size": _size(bids) / ONE_QTY,
        "ask_size": _size(asks) / ONE_QTY,
        "venues": [book.venue for book in books],
        "source": source,
        "generated_at_ns": desk.now_ns,
    }


def _level_row(level: Level) -> dict[str, object]:
    price, size, venue = level
    return {"price": price / ONE_PRICE, "size": size / ONE_QTY, "venue": venue}


def _size(levels: Sequence[Level]) -> int:
    return sum(size for _, size, _ in levels)


def _worth(levels: Sequence[Level]) -> int:
    return sum(price * size for price, size, _ in levels)


def market_answer(desk: Desk, instrument: Instrument, source: str) -> dict[str, object]:
    """The best prices, the depth on each side and each venue's part in it. The imbalance is the bid depth less the ask
    depth over their sum, from -1 to 1."""
    books = net_books(desk, instrument.symbol)
    bids, asks = merged(books, "bid"), merged(books, "ask")
    both = _size(bids) + _size(asks)
    return {
        "symbol": instrument.symbol,
        **_touch_row(bids[0][0] if bids else 0, asks[0][0] if asks else 0),
        "total_bid_depth": _size(bids) / ONE_QTY,
        "total_ask_depth": _size(asks) / ONE_QTY,
        "total_bid_depth_usd": _worth(bids) / _USD,
        "total_ask_depth_usd": _worth(asks) / _USD,
        "imbalance": (_size(bids) - _size(asks)) / both if both else None,
        "venues": [_venue_row(book) for book in books],
        "source": source,
        "generated_at_ns": desk.now_ns,
    }


def _touch_row(bid: int, ask: int) -> dict[str, object]:
    whole = 0 < bid <= ask
    return {
        "bid": bid / ONE_PRICE if bid else None,
        "ask": ask / ONE_PRICE if ask else None,
        "mid": (bid + ask) / (2 * ONE_PRICE) if whole else None,
        "spread": (ask - bid) / ONE_PRICE if whole else None,
        "spread_bps": 20_000 * (ask - bid) / (ask + bid) if whole else None,
    }


def _venue_row(book: VenueBook) -> dict[str, object]:
    (bid, bid_size), (ask, ask_size) = (*book.bids[:1], (0, 0))[0], (*book.asks[:1], (0, 0))[0]
    return {
        "venue": book.venue,
        **_touch_row(bid, ask),
        "bid_size": bid_size / ONE_QTY,
        "ask_size": ask_size / ONE_QTY,
        "bid_depth": sum(size for _, size in book.bids) / ONE_QTY,
        "ask_depth": sum(size for _, size in book.asks) / ONE_QTY,
    }


def fair_prices(desk: Desk, underlying: str | None = None) -> list[dict[str, object]]:
    """The fair prices of all underlyings with a dollar spot pair that is quoted now, or of the one named."""
    bases = [instrument.base for instrument in desk.market.catalogue.all() if instrument.type == "spot"]
    wanted = sorted(set(bases)) if underlying is None else [underlying]
    return [row for base in wanted if (row := fair_row(desk, base)) is not None]


def fair_row(desk: Desk, underlying: str) -> dict[str, object] | None:
    """The fair price of an underlying: the middle between the average prices of buying and of selling for 100,000
    dollars (or all there is) over the books of all venues, rounded down; of the first of its pairs with USD, USDC and
    USDT that is quoted. None while a side is missing."""
    pairs = (f"{underlying}-{quote}" for quote in USD_PEGGED)
    quoted = (net_books(desk, symbol) for symbol in pairs if symbol in desk.market.catalogue)
    books = next((found for found in quoted if found), list[VenueBook]())
    bid, ask = _depth_price(merged(books, "bid")), _depth_price(merged(books, "ask"))
    if not bid or not ask:
        return None
    price = (bid + ask) // 2
    return {
        "underlying": underlying,
        "price_1e9": price,
        "price": price / ONE_PRICE,
        "venue_count": len({book.venue for book in books}),
        "ts_ns": desk.now_ns,
    }


def _depth_price(levels: Sequence[Level]) -> int:
    left = FAIR_NOTIONAL_USD * _USD
    qty = worth = 0
    for price, size, _ in levels:
        part = min(size, left // price)
        qty += part
        worth += part * price
        left -= part * price
        if part < size:
            break
    return worth // qty if qty else 0
