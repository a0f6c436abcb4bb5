"""The NO outcome of a binary market is its YES outcome seen from the other side, at one minus the price."""

from __future__ import annotations

from ..instruments import PREDICTION_UNIT_1E9
from .types import Bar, Levels, MarketTrade, VenueBook

__all__ = ["mirrored_bar", "mirrored_book", "mirrored_levels", "mirrored_trade"]


def mirrored_levels(levels: Levels) -> Levels:
    """The same levels at one minus their price; best stays best."""
    return tuple((PREDICTION_UNIT_1E9 - price, size) for price, size in levels)


def mirrored_book(book: VenueBook, symbol: str) -> VenueBook:
    """The book of the other outcome, `symbol`: a bid for YES is an offer of NO."""
    return VenueBook(
        venue=book.venue,
        symbol=symbol,
        bids=mirrored_levels(book.asks),
        asks=mirrored_levels(book.bids),
        as_of_ns=book.as_of_ns,
        origin=book.origin,
    )


def mirrored_trade(trade: MarketTrade, symbol: str) -> MarketTrade:
    """The same print told of the other outcome."""
    return MarketTrade(
        trade_id=trade.trade_id,
        time_ns=trade.time_ns,
        symbol=symbol,
        venue=trade.venue,
        price_1e9=PREDICTION_UNIT_1E9 - trade.price_1e9,
        qty_1e8=trade.qty_1e8,
        taker_side="sell" if trade.taker_side == "buy" else "buy",
        origin=trade.origin,
    )


def mirrored_bar(bar: Bar) -> Bar:
    """The same bar told of the other outcome."""
    return Bar(
        start_ns=bar.start_ns,
        open_1e9=PREDICTION_UNIT_1E9 - bar.open_1e9,
        high_1e9=PREDICTION_UNIT_1E9 - bar.low_1e9,
        low_1e9=PREDICTION_UNIT_1E9 - bar.high_1e9,
        close_1e9=PREDICTION_UNIT_1E9 - bar.close_1e9,
        volume_1e8=bar.volume_1e8,
    )
