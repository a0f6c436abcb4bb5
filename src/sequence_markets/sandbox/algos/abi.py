"""How host and module see each other's memory: the structures of ABI v1, little-endian, with their C layout.

Everything here is a pure function between numbers and bytes. Prices are in units of 1e-9, quantities in units of 1e-8,
results in 1e-9 dollars, instants in nanoseconds since the epoch.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Final, NamedTuple

__all__ = [
    "ACKED",
    "ACTIONS_BYTES",
    "BOOK_BYTES",
    "BOOK_LEVELS",
    "DEAD",
    "FEATURES_AT",
    "FEATURES_BYTES",
    "FILL_BYTES",
    "MOST_ACTIONS",
    "MOST_ORDERS",
    "ORDER_TYPES",
    "PARTIAL",
    "PENDING",
    "REJECT_BYTES",
    "STATE_BYTES",
    "Action",
    "Features",
    "OpenOrder",
    "SymbolMeta",
    "fault_of",
    "pack_book",
    "pack_features",
    "pack_fill",
    "pack_orders",
    "pack_reject",
    "pack_side",
    "pack_state",
    "pack_symbol",
    "read_actions",
    "read_count",
]

BOOK_LEVELS: Final = 20
"""Levels of one side of a book that a module sees."""

MOST_ACTIONS: Final = 16
"""Actions that one call may answer with."""

MOST_ORDERS: Final = 32
"""Working orders that a module's table has room for."""

ORDER_TYPES: Final = ("LIMIT", "MARKET", "IOC", "FOK", "POST_ONLY")
"""Order types by their number."""

PENDING, ACKED, PARTIAL, DEAD = range(4)
"""States of an order in the table."""

BOOK_BYTES: Final = 656
STATE_BYTES: Final = 1536
"""Known fields end at 1376. What newer modules look for behind them reads as zero, which means unknown."""

FILL_BYTES: Final = 40
REJECT_BYTES: Final = 16
ACTIONS_BYTES: Final = 520
FEATURES_AT: Final = 0x1A000
"""Where modules of ABI v3 expect features: a fixed place in their memory."""

FEATURES_BYTES: Final = 256

_HEAD_BYTES: Final = 8
_SIDE: Final = struct.Struct("<40Q")
_BOOK_TAIL: Final = struct.Struct("<BBH4xQ")
_STATE: Final = struct.Struct("<qQqq1280sB7xqQ40s160x")
_ORDER: Final = struct.Struct("<QQqqbB6x")
_SYMBOL: Final = struct.Struct("<QQQQBB6x")
_FILL: Final = struct.Struct("<QQqQbH5x")
_REJECT: Final = struct.Struct("<QB7x")
_ACTION: Final = struct.Struct("<QQqbBB5x")
_COUNT: Final = struct.Struct("<I")
_FEATURES: Final = struct.Struct("<HH4xQqqqqqIH2xBxhHh3I4x7HHHHH2xQ136x")
_LEAST: Final = -(2**63)
_MOST: Final = 2**63 - 1
_EMPTY: Final = (0, 0)


class OpenOrder(NamedTuple):
    """An order of the table. The sign of `qty_1e8` is the side: 1 for a buy, -1 for a sell. A market order has no
    price."""

    order_id: int
    px_1e9: int
    qty_1e8: int
    filled_1e8: int
    side: int
    status: int


class SymbolMeta(NamedTuple):
    """What is known of a symbol; zero means unknown."""

    tick_size_1e9: int = 0
    lot_size_1e8: int = 0
    min_qty_1e8: int = 0
    min_notional_1e9: int = 0
    price_precision: int = 0
    qty_precision: int = 0


class Action(NamedTuple):
    """One thing a module asks for. `side` is 1 or -1, 0 for a cancel; quantities are positive."""

    order_id: int
    px_1e9: int
    qty_1e8: int
    side: int
    is_cancel: int
    order_type: int

    @property
    def empty(self) -> bool:
        """Whether it asks for nothing."""
        return not any(self)


class Features(NamedTuple):
    """What can be said of a book beyond its levels; zero means unknown."""

    microprice_1e9: int = 0
    ofi_1level_1e8: int = 0
    ofi_5level_1e8: int = 0
    mlofi_10_1e8: int = 0
    depth_imbalance_1e4: int = 0
    feature_ts_ns: int = 0


def pack_side(levels: Sequence[tuple[int, int]]) -> bytes:
    """One side of a book: the best 20 of its levels, as (price, size), best first."""
    shown = levels[:BOOK_LEVELS]
    missing = BOOK_LEVELS - len(shown)
    return _SIDE.pack(*chain.from_iterable(shown), *(_EMPTY * missing if missing else ()))


def pack_book(bids: bytes, asks: bytes, bid_count: int, ask_count: int, symbol_id: int, recv_ns: int) -> bytes:
    """A book, from its packed sides; counts above 20 are cut.

    >>> len(pack_book(pack_side([]), pack_side([(5, 7)]), 0, 1, 1, 0))
    656
    """
    shown = min(bid_count, BOOK_LEVELS), min(ask_count, BOOK_LEVELS)
    return b"".join((bids, asks, _BOOK_TAIL.pack(*shown, symbol_id, recv_ns)))


def pack_orders(orders: Iterable[OpenOrder]) -> bytes:
    """The table of orders, up to 32 of them."""
    return b"".join(_ORDER.pack(*order) for order in orders)


def pack_symbol(meta: SymbolMeta) -> bytes:
    """What is known of a symbol."""
    return _SYMBOL.pack(*meta)


def pack_state(
    position_1e8: int,
    avg_entry_1e9: int,
    realized_1e9: int,
    unrealized_1e9: int,
    orders: bytes,
    session_1e9: int,
    fill_count: int,
    symbol: bytes,
) -> bytes:
    """The state of an algo; `orders` and `symbol` are packed already.

    >>> len(pack_state(0, 0, 0, 0, b"", 0, 0, bytes(40)))
    1536
    """
    return _STATE.pack(
        _within(position_1e8),
        max(0, _within(avg_entry_1e9)),
        _within(realized_1e9),
        _within(unrealized_1e9),
        orders,
        len(orders) // _ORDER.size,
        _within(session_1e9),
        fill_count,
        symbol,
    )


def _within(value: int) -> int:
    return min(max(value, _LEAST), _MOST)


def pack_fill(order_id: int, px_1e9: int, qty_1e8: int, recv_ns: int, side: int, symbol_id: int) -> bytes:
    """A fill; its quantity is positive."""
    return _FILL.pack(order_id, px_1e9, qty_1e8, recv_ns, side, symbol_id)


def pack_reject(order_id: int, code: int) -> bytes:
    """A reject."""
    return _REJECT.pack(order_id, code)


def pack_features(features: Features) -> bytes:
    """What is known of a book beyond its levels; everything else is zero."""
    return _FEATURES.pack(
        1,
        0,
        features.microprice_1e9,
        _within(features.ofi_1level_1e8),
        _within(features.ofi_5level_1e8),
        _within(features.mlofi_10_1e8),
        *(0, 0, 0, 0, 0, 0, 0),
        features.depth_imbalance_1e4,
        *(0,) * 14,
        features.feature_ts_ns,
    )


def read_count(head: bytes) -> int:
    """How many actions there are, from the first bytes of the answer."""
    count: int = _COUNT.unpack_from(head)[0]
    return count


def read_actions(buffer: bytes) -> list[Action]:
    """The actions of an answer, without those that ask for nothing.

    >>> read_actions(bytes(ACTIONS_BYTES))
    []
    """
    count = read_count(buffer)
    found = (Action._make(_ACTION.unpack_from(buffer, _HEAD_BYTES + _ACTION.size * index)) for index in range(count))
    return [action for action in found if not action.empty]


def fault_of(action: Action) -> str:
    """What makes an action impossible to read, "" when nothing does.

    >>> fault_of(Action(1, 5, 7, 1, 0, 9))
    'order type 9'
    """
    if action.is_cancel > 1:
        return f"is_cancel {action.is_cancel}"
    if action.side not in (-1, 0, 1):
        return f"side {action.side}"
    return f"order type {action.order_type}" if action.order_type >= len(ORDER_TYPES) else ""
