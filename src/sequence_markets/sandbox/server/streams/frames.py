"""Market data as the stream shows it, from the books of all venues."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final

from sequence_markets.sandbox.market import VenueBook
from sequence_markets.units import PRICE_SCALE, QTY_SCALE

BOOK_LEVELS: Final = 100

Best = tuple[int, int, int, int]
"""Best bid and its size, best ask and its size, in 1e-9 and 1e-8; zeros where a side is empty."""
Ladder = tuple[tuple[int, int], ...]


def best_of(books: Sequence[VenueBook]) -> Best:
    """The best bid and offer over all venues; a size sums up the venues at the best price."""
    bid = max((book.bids[0][0] for book in books if book.bids), default=0)
    ask = min((book.asks[0][0] for book in books if book.asks), default=0)
    bid_size = sum(book.bids[0][1] for book in books if book.bids and book.bids[0][0] == bid)
    ask_size = sum(book.asks[0][1] for book in books if book.asks and book.asks[0][0] == ask)
    return bid, bid_size, ask, ask_size


def price_row(best: Best, now_ns: int) -> dict[str, object]:
    """The data of a `prices` frame; null where a side is empty, and a middle only while the sides do not cross."""
    bid, bid_size, ask, ask_size = best
    known = 0 < bid <= ask
    return {
        "bid": bid / PRICE_SCALE if bid else None,
        "ask": ask / PRICE_SCALE if ask else None,
        "mid": (bid + ask) / (2 * PRICE_SCALE) if known else None,
        "spread_bps": round(20_000 * (ask - bid) / (ask + bid), 4) if known else None,
        "bid_sz": bid_size / QTY_SCALE if bid else None,
        "ask_sz": ask_size / QTY_SCALE if ask else None,
        "ts_ns": now_ns,
    }


def ladders_of(books: Sequence[VenueBook]) -> tuple[Ladder, Ladder]:
    """Both sides of the book over all venues, best first; equal prices are summed up."""
    bids = _summed(level for book in books for level in book.bids)
    asks = _summed(level for book in books for level in book.asks)
    return (
        tuple(islice(sorted(bids.items(), reverse=True), BOOK_LEVELS)),
        tuple(islice(sorted(asks.items()), BOOK_LEVELS)),
    )


def _summed(levels: Iterable[tuple[int, int]]) -> dict[int, int]:
    sizes: dict[int, int] = {}
    for price, size in levels:
        sizes[price] = sizes.get(price, 0) + size
    return sizes


def book_row(ladders: tuple[Ladder, Ladder], now_ns: int) -> dict[str, object]:
    """The data of a `book` frame: the whole book, never a difference."""
    bids, asks = ladders
    return {
        "bids": [[price / PRICE_SCALE, size / QTY_SCALE] for price, size in bids],
        "asks": [[price / PRICE_SCALE, size / QTY_SCALE] for price, size in asks],
        "ts_ns": now_ns,
    }
