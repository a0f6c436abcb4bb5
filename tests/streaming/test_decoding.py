"""What frames say, and that whatever they are, they say something."""

from __future__ import annotations

import json
import random
import resource
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from sequence_markets.models import (
    AlgoTrace,
    BookUpdate,
    DeploymentEvent,
    FairPrice,
    Fill,
    FundingUpdate,
    MarketResolved,
    NewMarket,
    OrderUpdate,
    PriceUpdate,
    RoutingDecision,
    TcaReport,
    UnknownEvent,
)
from sequence_markets.streaming.decoding import Answer, Complaint, Event, Nonsense, read_frame, read_market
from sequence_markets.streaming.events import InvalidEvent, Unreadable

from .data import book, event, fill, new_market, order, price
from .pure import Harness

DOCUMENTED: list[tuple[str, type, dict[str, Any]]] = [
    ("prices:SOL-USD", PriceUpdate, price(1.0)),
    ("prices:SOL-USD", PriceUpdate, {"bid": 1.0, "ask": 2.0, "mid": 1.5, "bid_sz": 3.0, "ask_sz": 4.0, "ts_ns": 1}),
    ("prices:12345678901234567890", PriceUpdate, {"bid": None, "ask": 0.5, "mid": None, "ts_ns": 1}),
    ("book:SOL-USD", BookUpdate, book(1.5)),
    ("book:SOL-USD", BookUpdate, {**book(1.5), "venue": "kraken"}),
    ("orders", OrderUpdate, order(1, "FILLED", 100)),
    ("fills", Fill, fill(1)),
    ("routing", RoutingDecision, {"legs": [{"venue": "kraken", "qty_1e8": 1}], "est_cost_bps": 1.0, "chosen": "x"}),
    ("tca", TcaReport, {"achieved_vwap_1e9": 1, "venues_used": ["x"], "is_prediction": False, "execution_time_ms": 1}),
    ("tca", TcaReport, {"achieved_vwap_1e9": 1, "venues_used": 2}),
    ("traces:dep_5a", AlgoTrace, {"callback": "on_book", "seq": 1, "duration_ns": 20100}),
    ("deployment:dep_5a", DeploymentEvent, {"event": "started", "status": "running"}),
    ("funding", FundingUpdate, {"venue": "bybit", "symbol": "X", "rate_bps_per_hour": 0.1}),
    ("funding:bybit:X", FundingUpdate, {"venue": "bybit", "symbol": "X", "rate_bps_per_hour": 0.1}),
    ("fair_price:ETH", FairPrice, {"underlying": "ETH", "price_1e9": 3120450000000, "price": 3120.45}),
    ("weather:here", UnknownEvent, {"rain": True}),
]  # fmt: skip


@pytest.mark.parametrize(("channel", "model", "data"), DOCUMENTED)
def test_the_data_of_a_channel_is_its_model_and_reads_as_the_dict(channel: str, model: type, data: Any) -> None:
    said = read_frame(event(channel, data))
    assert isinstance(said, Event)
    assert said.channel == channel
    assert type(said.data) is model
    assert said.data.raw == data
    for name, value in data.items():
        assert said.data[name] == value


def test_markets_are_told_apart_by_their_kind() -> None:
    resolved = {"kind": "market_resolved", "venue": "kalshi", "winning_token_id": "a", "observed_at_ns": 1}
    kinds = [NewMarket, MarketResolved, UnknownEvent, InvalidEvent]
    frames = [new_market(1), resolved, {"kind": "market_paused"}, {"kind": "new_market", "venue": 7}]
    for kind, frame in zip(kinds, frames, strict=True):
        said = read_market(json.dumps(frame).encode())
        assert isinstance(said, Event)
        assert type(said.data) is kind
        assert said.data.raw == frame
    assert isinstance(read_market(b'{"error":"no"}'), Complaint)
    assert isinstance(read_market(b'{"venue":"kalshi"}'), Nonsense)


def test_a_fair_price_is_exact_as_an_attribute_and_a_float_as_a_key() -> None:
    said = read_frame(event("fair_price", {"underlying": "ETH", "price_1e9": 3120450000000, "price": 3120.45}))
    assert isinstance(said, Event)
    assert isinstance(said.data, FairPrice)
    assert (said.data.price, said.data["price"]) == (Decimal("3120.45"), 3120.45)


@pytest.mark.parametrize(
    ("frame", "meaning"),
    [
        (b'{"subscribed":["a"],"rejected":[]}', Answer(("a",))),
        (b'{"unsubscribed":["a"],"subscribed":[],"rejected":[]}', Answer((), ("a",))),
        (b'{"subscribed":[{"channel":"a"}],"rejected":["b"]}', Answer(("a",), (), (("b", "rejected"),))),
        (b'{"rejected":[{"name":"b","message":"no"},7]}', Answer((), (), (("b", "no"), ("", "rejected")))),
        (b'{"subscribed":7,"rejected":"x"}', Answer()),
        (b'{"error":{"code":"X","message":"y"}}', Complaint("X", "y")),
        (b'{"error":{"code":"X","message":"y"},"channel":"a"}', Complaint("X", "y")),
        (b'{"error":"text"}', Complaint(None, "text")),
        (b'{"error":null}', Complaint(None, "None")),
        (b'{"error":{"message":7}}', Complaint(None, "{'message': 7}")),
    ],
)  # fmt: skip
def test_answers_and_complaints_are_understood_in_every_form(frame: bytes, meaning: object) -> None:
    assert read_frame(frame) == meaning


@settings(deadline=None, max_examples=300)
@given(
    frame=st.binary(max_size=60)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["channel", "data", "error", "subscribed", "rejected", "kind", "reasons"])
                | st.text(max_size=3),
                inner,
                max_size=4,
            )
        ),
        max_leaves=8,
    ).map(lambda value: json.dumps(value).encode())
)
def test_every_frame_says_something(frame: bytes) -> None:
    for read in (read_frame, read_market):
        said = read(frame)
        assert isinstance(said, Event | Answer | Complaint | Nonsense)
        repr(said)
        if isinstance(said, Event):
            assert said.channel


def hostile(random: random.Random, size: int) -> list[bytes]:
    """Frames that a broken or ill-meaning server could send, about that many bytes of them."""
    frames: list[bytes] = []
    good = [event(channel, data) for channel, _, data in DOCUMENTED]
    while size > 0:
        match random.randrange(10):
            case 0:
                frame = random.randbytes(random.randrange(2000))
            case 1:
                depth = random.randrange(1, 5000)
                frame = b'{"channel":"weather","data":' + b"[" * depth + b"]" * random.randrange(depth + 1) + b"}"
            case 2:
                frame = event("weather", {"n": int("9" * random.randrange(1, 4000))})
            case 3:
                frame = b'{"channel":"prices:A","data":{"bid":1e%d,"ts_ns":%d}}' % (random.randrange(999), -(10**40))
            case 4:
                frame = event("fills", random.choice([None, [], "x", 7, {"fill_id": 7}, {"fill_id": "f"}]))
            case 5:
                frame = event("x" * random.randrange(3000), {"a": "b" * random.randrange(20_000)})
            case 6:
                frame = (
                    b'{"channel":"book:A","data":{"bids":['
                    + b"[1,2]," * random.randrange(3000)
                    + b'[1,2,3]],"asks":[],"ts_ns":1}}'
                )
            case 7:
                empty: list[object] = [[]]
                frame = event("weather", {str(number): empty for number in range(random.randrange(500))})
            case _:
                broken = bytearray(random.choice(good))
                for _ in range(random.randrange(1, 6)):
                    at = random.randrange(len(broken))
                    broken[at : at + random.randrange(3)] = random.randbytes(random.randrange(3))
                frame = bytes(broken)
        frames.append(frame)
        size -= len(frame)
    return frames


def test_ten_megabytes_of_hostile_frames_do_no_harm() -> None:
    stream = Harness(
        ["prices:A", "book:A", "fills", "orders", "weather", "funding"], lifecycle=True, heal=False, buffer_size=256
    ).begin()
    frames = hostile(random.Random(7), 10_000_000)
    seen: set[type] = set()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number, frame in enumerate(frames):
        stream.receive(frame)
        if number % 100 == 0:
            for item in stream.read():
                data: object = item.data
                seen.add(type(data))
                repr(item)
            stream.events.clear()
    stream.read()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000  # kilobytes
    assert {Unreadable, InvalidEvent, UnknownEvent} <= seen
    assert not stream.protocol.ended
    stream.frame("prices:A", price(5))
    assert stream.read()[-1].data.bid == 5
