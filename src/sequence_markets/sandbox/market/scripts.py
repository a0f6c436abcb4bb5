"""What a script says: its parts as plain data, the ladder around a price, and which levels make a book."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Final, TypedDict

from ..instruments import PREDICTION_UNIT_1E9, Instrument
from .types import Levels, Side

__all__ = ["BookState", "ResolutionState", "ScriptState", "TradeState", "checked_levels", "price_ladder"]

_LADDER_LEVELS: Final = 10
_LADDER_USD_1E9: Final = 100_000 * 10**9
_LADDER_CONTRACTS_1E8: Final = 1_000 * 10**8


class BookState(TypedDict):
    """One scripted book as plain data."""

    symbol: str
    venue: str
    at_ns: int
    bids: list[list[int]]
    asks: list[list[int]]


class TradeState(TypedDict):
    """One scripted print as plain data."""

    trade_id: str
    time_ns: int
    symbol: str
    venue: str
    price_1e9: int
    qty_1e8: int
    taker_side: Side


class ResolutionState(TypedDict):
    """One scripted outcome as plain data."""

    symbol: str
    outcome: str
    at_ns: int


class ScriptState(TypedDict):
    """Everything that was scripted, in the order in which it was."""

    books: list[BookState]
    trades: list[TradeState]
    resolutions: list[ResolutionState]


def price_ladder(instrument: Instrument, price_1e9: int) -> tuple[Levels, Levels]:
    """The book that `ScriptedMarket.set_price` writes: bids and asks around a price.

    Ten levels a side. The first one lies one step from the price, the others one step apart; a step is one
    basis point of the price, and at least one tick. Level k shows k units; a unit is the largest power of ten
    worth at most 100,000 dollars (1 BTC at 90,000; 10 ETH at 3,100), or 1,000 contracts of a prediction
    market, whose step is its tick. Levels that would leave the possible prices are left out.
    """
    tick = instrument.tick_1e9
    if instrument.type == "prediction":
        step, unit, top = tick, _LADDER_CONTRACTS_1E8, PREDICTION_UNIT_1E9
    else:
        step = max(tick, price_1e9 // 10_000 // tick * tick)
        unit, top = 1, None
        while unit * 10 * price_1e9 <= _LADDER_USD_1E9 * 10**8 and unit < 10**18:
            unit *= 10
    best_bid = (price_1e9 - step) // tick * tick
    best_ask = -(-(price_1e9 + step) // tick) * tick
    bids = tuple((best_bid - k * step, (k + 1) * unit) for k in range(_LADDER_LEVELS))
    asks = tuple((best_ask + k * step, (k + 1) * unit) for k in range(_LADDER_LEVELS))
    return (
        tuple(level for level in bids if level[0] > 0),
        tuple(level for level in asks if top is None or level[0] < top),
    )


def checked_levels(name: str, levels: Iterable[tuple[int, int]], top_1e9: int | None, *, descending: bool) -> Levels:
    """The levels of one side in order, best first; `ValueError` for one that cannot be."""
    ordered = sorted(((price, size) for price, size in levels), reverse=descending)
    for price, size in ordered:
        if price <= 0 or size <= 0:
            raise ValueError(f"{name}: price and size must be positive, got {price} (1e-9) and {size} (1e-8)")
        if top_1e9 is not None and price >= top_1e9:
            raise ValueError(f"{name}: price {price} (1e-9) of a prediction market must lie between 0 and 1")
    for (price, _), (following, _) in pairwise(ordered):
        if price == following:
            raise ValueError(f"{name}: two levels at the price {price} (1e-9)")
    return tuple(ordered)
