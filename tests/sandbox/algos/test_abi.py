"""Host and module mean the same bytes: the packed structures against C layouts that are declared apart from them."""

from __future__ import annotations

import ctypes
from ctypes import c_int8, c_int16, c_int64, c_uint8, c_uint16, c_uint32, c_uint64

import pytest
from hypothesis import given, settings, strategies as st

from sequence_markets.sandbox.algos import abi
from sequence_markets.sandbox.algos.abi import Action, Features, OpenOrder, SymbolMeta


class Level(ctypes.LittleEndianStructure):
    _fields_ = [("px", c_uint64), ("sz", c_uint64)]


class Book(ctypes.LittleEndianStructure):
    _fields_ = [
        ("bids", Level * 20),
        ("asks", Level * 20),
        ("bid_ct", c_uint8),
        ("ask_ct", c_uint8),
        ("symbol_id", c_uint16),
        ("pad", c_uint32),
        ("recv_ns", c_uint64),
    ]


class Order(ctypes.LittleEndianStructure):
    _fields_ = [
        ("order_id", c_uint64),
        ("px", c_uint64),
        ("qty", c_int64),
        ("filled", c_int64),
        ("side", c_int8),
        ("status", c_uint8),
        ("pad", c_uint8 * 6),
    ]


class Symbol(ctypes.LittleEndianStructure):
    _fields_ = [
        ("tick", c_uint64),
        ("lot", c_uint64),
        ("min_qty", c_uint64),
        ("min_notional", c_uint64),
        ("price_precision", c_uint8),
        ("qty_precision", c_uint8),
        ("pad", c_uint8 * 6),
    ]


class State(ctypes.LittleEndianStructure):
    _fields_ = [
        ("position", c_int64),
        ("avg_entry", c_uint64),
        ("realized", c_int64),
        ("unrealized", c_int64),
        ("orders", Order * 32),
        ("order_ct", c_uint8),
        ("pad", c_uint8 * 7),
        ("session", c_int64),
        ("fills", c_uint64),
        ("symbol", Symbol),
    ]


class Fill(ctypes.LittleEndianStructure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = [
        ("order_id", c_uint64),
        ("px", c_uint64),
        ("qty", c_int64),
        ("recv_ns", c_uint64),
        ("side", c_int8),
        ("symbol_id", c_uint16),
        ("pad", c_uint8 * 5),
    ]


class Reject(ctypes.LittleEndianStructure):
    _fields_ = [("order_id", c_uint64), ("code", c_uint8), ("pad", c_uint8 * 7)]


class Act(ctypes.LittleEndianStructure):
    _fields_ = [
        ("order_id", c_uint64),
        ("px", c_uint64),
        ("qty", c_int64),
        ("side", c_int8),
        ("is_cancel", c_uint8),
        ("order_type", c_uint8),
        ("pad", c_uint8 * 5),
    ]


class Actions(ctypes.LittleEndianStructure):
    _fields_ = [("count", c_uint32), ("pad", c_uint32), ("actions", Act * 16)]


class Measures(ctypes.LittleEndianStructure):
    _fields_ = [
        ("version", c_uint16),
        ("flags", c_uint16),
        ("microprice", c_uint64),
        ("ofi_1", c_int64),
        ("ofi_5", c_int64),
        ("mlofi_10", c_int64),
        ("ofi_ewma", c_int64),
        ("trade_sign", c_int64),
        ("arrival_rate", c_uint32),
        ("vpin", c_uint16),
        ("pad_62", c_uint16),
        ("spread_regime", c_uint8),
        ("spread_zscore", c_int16),
        ("cancel_rate", c_uint16),
        ("depth_imbalance", c_int16),
        ("rv", c_uint32 * 3),
        ("pad", c_uint32),
        ("predictions", c_uint16 * 7),
        ("prediction_age", c_uint16),
        ("fill_prob", c_uint16 * 2),
        ("queue_decay", c_uint16),
        ("ts_ns", c_uint64),
        ("reserved", c_uint8 * 136),
    ]


u64 = st.integers(0, 2**64 - 1)
i64 = st.integers(-(2**63), 2**63 - 1)
byte = st.integers(0, 255)
sides = st.sampled_from([1, -1])
levels = st.lists(st.tuples(u64, u64), max_size=25)
exactly = settings(deadline=None, max_examples=60)


def test_sizes_and_offsets_are_the_published_ones() -> None:
    assert (abi.BOOK_BYTES, ctypes.sizeof(Book), Book.asks.offset, Book.bid_ct.offset) == (656, 656, 320, 640)
    assert (Book.symbol_id.offset, Book.recv_ns.offset) == (642, 648)
    assert ctypes.sizeof(State) == 1376 <= abi.STATE_BYTES
    assert (State.orders.offset, State.order_ct.offset, State.session.offset) == (32, 1312, 1320)
    assert (State.fills.offset, State.symbol.offset, ctypes.sizeof(Symbol)) == (1328, 1336, 40)
    assert (ctypes.sizeof(Order), Order.side.offset, Order.status.offset) == (40, 32, 33)
    assert (abi.FILL_BYTES, ctypes.sizeof(Fill), Fill.side.offset, Fill.symbol_id.offset) == (40, 40, 32, 33)
    assert (abi.REJECT_BYTES, ctypes.sizeof(Reject), Reject.code.offset) == (16, 16, 8)
    assert (ctypes.sizeof(Act), Act.side.offset, Act.is_cancel.offset, Act.order_type.offset) == (32, 24, 25, 26)
    assert (abi.ACTIONS_BYTES, ctypes.sizeof(Actions), Actions.actions.offset) == (520, 520, 8)
    assert (abi.FEATURES_BYTES, ctypes.sizeof(Measures), abi.FEATURES_AT) == (256, 256, 0x1A000)
    offsets = {"microprice": 8, "vpin": 60, "spread_regime": 64, "spread_zscore": 66, "depth_imbalance": 70}
    offsets |= {"rv": 72, "predictions": 88, "prediction_age": 102, "queue_decay": 108, "ts_ns": 112}
    assert {name: getattr(Measures, name).offset for name in offsets} == offsets


@exactly
@given(levels, levels, st.integers(0, 2**16 - 1), u64)
def test_a_module_reads_the_book_that_was_packed(
    bids: list[tuple[int, int]], asks: list[tuple[int, int]], symbol: int, now: int
) -> None:
    packed = abi.pack_book(abi.pack_side(bids), abi.pack_side(asks), len(bids), len(asks), symbol, now)
    book = Book.from_buffer_copy(packed)
    for side, count, given_levels in ((book.bids, book.bid_ct, bids), (book.asks, book.ask_ct, asks)):
        assert count == min(20, len(given_levels))
        shown = [(level.px, level.sz) for level in side]
        assert shown == (given_levels[:20] + [(0, 0)] * 20)[:20]
    assert (book.symbol_id, book.recv_ns, book.pad) == (symbol, now, 0)


@exactly
@given(
    i64,
    u64,
    i64,
    i64,
    st.lists(st.builds(OpenOrder, u64, u64, i64, i64, sides, st.integers(0, 3)), max_size=32),
    i64,
    u64,
    st.builds(SymbolMeta, u64, u64, u64, u64, byte, byte),
)
def test_a_module_reads_the_state_that_was_packed(
    position: int,
    entry: int,
    realized: int,
    unrealized: int,
    orders: list[OpenOrder],
    session: int,
    fills: int,
    meta: SymbolMeta,
) -> None:
    packed = abi.pack_state(
        position, entry, realized, unrealized, abi.pack_orders(orders), session, fills, abi.pack_symbol(meta)
    )
    assert len(packed) == abi.STATE_BYTES
    assert not any(packed[1376:])
    state = State.from_buffer_copy(packed)
    # What does not fit the signed half of 64 bits is cut to its edge.
    assert (state.position, state.avg_entry) == (position, min(entry, 2**63 - 1))
    assert (state.realized, state.unrealized, state.session, state.fills) == (realized, unrealized, session, fills)
    assert state.order_ct == len(orders)
    table = [(o.order_id, o.px, o.qty, o.filled, o.side, o.status) for o in state.orders]
    assert table == [*map(tuple, orders), *[(0,) * 6] * (32 - len(orders))]
    found = state.symbol
    assert (found.tick, found.lot, found.min_qty, found.min_notional) == meta[:4]
    assert (found.price_precision, found.qty_precision) == meta[4:]


def test_amounts_beyond_64_bits_are_cut_to_their_edge() -> None:
    state = State.from_buffer_copy(abi.pack_state(10**30, 10**30, -(10**30), 10**30, b"", 0, 0, bytes(40)))
    assert (state.position, state.avg_entry, state.realized) == (2**63 - 1, 2**63 - 1, -(2**63))


@exactly
@given(u64, u64, i64, u64, sides, st.integers(0, 2**16 - 1), byte)
def test_a_module_reads_fills_and_rejects(
    order: int, px: int, qty: int, now: int, side: int, symbol: int, code: int
) -> None:
    fill = Fill.from_buffer_copy(abi.pack_fill(order, px, qty, now, side, symbol))
    assert (fill.order_id, fill.px, fill.qty, fill.recv_ns, fill.side, fill.symbol_id) == (
        order, px, qty, now, side, symbol,
    )  # fmt: skip
    reject = Reject.from_buffer_copy(abi.pack_reject(order, code))
    assert (reject.order_id, reject.code) == (order, code)


@exactly
@given(u64, i64, i64, i64, st.integers(-(2**15), 2**15 - 1), u64)
def test_a_module_reads_the_features(micro: int, one: int, five: int, ten: int, depth: int, now: int) -> None:
    found = Measures.from_buffer_copy(abi.pack_features(Features(micro, one, five, ten, depth, now)))
    assert (found.version, found.flags, found.microprice) == (1, 0, micro)
    assert (found.ofi_1, found.ofi_5, found.mlofi_10, found.depth_imbalance, found.ts_ns) == (
        one,
        five,
        ten,
        depth,
        now,
    )
    assert (found.vpin, found.spread_zscore, list(found.rv), list(found.predictions)) == (0, 0, [0] * 3, [0] * 7)


@exactly
@given(st.lists(st.builds(Action, u64, u64, i64, st.integers(-128, 127), byte, byte), max_size=16))
def test_the_host_reads_the_actions_that_a_module_wrote(actions: list[Action]) -> None:
    buffer = Actions(count=len(actions))
    for place, action in zip(buffer.actions, actions, strict=False):
        place.order_id, place.px, place.qty, place.side, place.is_cancel, place.order_type = action
    assert abi.read_actions(bytes(buffer)) == [action for action in actions if any(action)]


@pytest.mark.parametrize(
    ("action", "fault"),
    [
        (Action(1, 5, 7, 1, 0, 0), ""),
        (Action(1, 0, 0, 0, 1, 0), ""),
        (Action(1, 5, 7, 2, 0, 0), "side 2"),
        (Action(1, 5, 7, 1, 2, 0), "is_cancel 2"),
        (Action(1, 5, 7, 1, 0, 5), "order type 5"),
    ],
)
def test_actions_that_cannot_be_read_are_named(action: Action, fault: str) -> None:
    assert abi.fault_of(action) == fault
