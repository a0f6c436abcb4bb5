"""What a stream is asked for is checked before anything is connected, and no new library is needed for it."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from sequence_markets import AsyncSequence, Sequence, StreamItem
from sequence_markets.errors import (
    ClientClosedError,
    MissedEventsError,
    SlowReaderError,
    StreamReportedError,
    SubscriptionRejectedError,
)
from sequence_markets.models import Fault
from sequence_markets.streaming import Connected, Gap, InvalidEvent
from sequence_markets.streaming.options import make_options

from .conftest import KEY

NOWHERE = "http://127.0.0.1:1"
ROOT = Path(__file__).resolve().parents[2]


async def coroutine(_event: object) -> None: ...


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"channels": "prices:A"}, TypeError, r"use \[channels\]"),
        ({"channels": [7]}, TypeError, r"channels\[0\] must be a str"),
        ({"channels": [""]}, ValueError, "must not be empty"),
        ({"channels": ["a\nb"]}, ValueError, "printable"),
        ({"channels": ["\ud800"]}, ValueError, "printable"),
        ({"channels": ["x" * 513]}, ValueError, "at most 512"),
        ({"lifecycle": 1}, TypeError, "lifecycle must be a bool"),
        ({"on_event": "print"}, TypeError, "on_event must be a plain function"),
        ({"on_event": coroutine}, TypeError, "neither awaited nor async"),
        ({"backpressure": "forget"}, ValueError, "backpressure must be one of"),
        ({"backpressure": {"fills": "conflate"}}, ValueError, "nothing about an account is dropped"),
        ({"backpressure": {"traces:dep_1": "drop_oldest"}}, ValueError, "nothing about an account is dropped"),
        ({"backpressure": {"prices": "newest"}}, ValueError, "must be one of"),
        ({"backpressure": {"prices": None}}, TypeError, "must not be None"),
        ({"backpressure": {7: "block"}}, TypeError, "a key of backpressure"),
        ({"stale_after": 0}, ValueError, "stale_after"),
        ({"stale_after": True}, TypeError, "stale_after"),
        ({"stale_after": {"prices": -1}}, ValueError, "stale_after"),
        ({"buffer_size": 0}, ValueError, "buffer_size must be 1 to"),
        ({"buffer_size": 1.5}, TypeError, "buffer_size must be an int"),
        ({"heal": "yes"}, TypeError, "heal must be a bool"),
    ],
)
def test_wrong_arguments_are_refused_at_once(options: dict[str, Any], error: type[Exception], says: str) -> None:
    arguments: dict[str, Any] = {"channels": ["prices:A"], **options}
    with Sequence(KEY, NOWHERE) as seq, pytest.raises(error, match=says):
        seq.stream(**arguments)


def test_channels_are_checked_whenever_they_change() -> None:
    with Sequence(KEY, NOWHERE) as seq:
        stream = seq.stream(["prices:A"])
        for change in (stream.subscribe, stream.unsubscribe):
            with pytest.raises(TypeError):
                change("prices:B")
        stream.close()
        with pytest.raises(ClientClosedError):
            stream.subscribe(["prices:B"])


def test_policies_go_from_the_general_to_the_special() -> None:
    plain = make_options([])
    names = ["prices:A", "book:A", "funding", "fair_price:ETH", "fills", "orders", "tca", "weather"]
    assert [plain.policy_of(name) for name in names] == ["conflate"] * 4 + ["block"] * 4
    dropping = make_options([], backpressure="drop_oldest")
    assert [dropping.policy_of(name) for name in names] == ["drop_oldest"] * 4 + ["block"] * 4
    erring = make_options([], backpressure="error")
    assert {erring.policy_of(name) for name in names} == {"error"}
    special = make_options([], backpressure={"prices": "block", "prices:A": "error", "weather": "conflate"})
    assert [special.policy_of(name) for name in ("prices:A", "prices:B", "book:A", "weather")] == [
        "error",
        "block",
        "conflate",
        "conflate",
    ]


def test_silences_go_from_the_general_to_the_special() -> None:
    names = ["prices:A", "book:A", "fair_price", "funding", "fills", "weather"]
    assert [make_options([]).silence_of(name) for name in names] == [30.0, 30.0, 30.0, None, None, None]
    assert [make_options([], stale_after=5).silence_of(name) for name in names[:4]] == [5.0, 5.0, 5.0, None]
    special = make_options([], stale_after={"prices:A": None, "prices": 3, "fills": 60.0})
    assert [special.silence_of(name) for name in ("prices:A", "prices:B", "book:A", "fills")] == [None, 3.0, 30.0, 60.0]


@pytest.mark.parametrize("face", [Sequence, AsyncSequence])
def test_a_stream_shows_what_it_is_and_no_secret(face: Any) -> None:
    seq = face(KEY, NOWHERE)
    stream = seq.stream(["prices:A"])
    assert repr(stream) == "Stream(['prices:A'], new)"
    assert repr(seq.stream_new_markets()) == "Stream('new_markets', new)"
    stream.close()
    assert repr(stream) == "Stream(['prices:A'], closed)"


def test_items_are_pairs_that_can_be_copied_and_pickled() -> None:
    item = StreamItem("prices:A", 7)
    item.conflated = 3
    for each in (copy.copy(item), copy.deepcopy(item), pickle.loads(pickle.dumps(item))):
        assert (each, each.conflated, each.healed) == (("prices:A", 7), 3, False)
        assert type(each) is StreamItem
    assert repr(item) == "StreamItem(channel='prices:A', data=7, conflated=3)"
    match item:
        case StreamItem(channel, data):
            assert (channel, data) == ("prices:A", 7)


def test_what_is_not_as_documented_reads_as_the_dict_it_is() -> None:
    bad = InvalidEvent("prices:A", {"bid": "x"}, (Fault("bid", "a number is needed"),))
    assert (bad["bid"], bad.get("bid"), bad.get("ask", 7), "bid" in bad, "ask" in bad) == ("x", "x", 7, True, False)
    other = InvalidEvent("prices:A", [1], ())
    assert (other.get("bid"), "bid" in other) == (None, False)
    assert bad == InvalidEvent("prices:A", {"bid": "x"}, bad.faults)
    assert bad != other
    assert "x'" not in repr(bad)
    assert pickle.loads(pickle.dumps(bad)) == bad


def test_events_and_errors_survive_pickling() -> None:
    for event in (Connected(1, 0), Gap("a", 1, 2, "x")):
        assert pickle.loads(pickle.dumps(event)) == event
    errors = [
        SubscriptionRejectedError(0, "no", rejected={"a": "b"}, operation="stream"),
        MissedEventsError(0, "no", channel="fills", from_ns=1, to_ns=2),
        SlowReaderError(0, "no", channel="fills"),
        StreamReportedError(0, "no", code="X"),
    ]
    for error in errors:
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), vars(again), str(again)) == (type(error), vars(error), str(error))


def test_neither_the_library_nor_asyncio_is_loaded_before_it_is_needed() -> None:
    code = f"""
import sys
from sequence_markets import Sequence
names = "websockets", "asyncio", "sequence_markets.streaming.wire"
def loaded(): return [name for name in names if name in sys.modules]
seq = Sequence("seq_test_x", "{NOWHERE}", timeout=0.05)
stream = seq.stream(["prices:A"])
before = loaded()
try:
    next(stream)
except Exception as error:
    print(before, loaded(), type(error).__name__)
"""
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert out == "[] ['websockets', 'sequence_markets.streaming.wire'] RequestNotSentError\n"


def test_the_library_is_required_in_a_version_that_has_what_is_used() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (required,) = [each for each in project["dependencies"] if each.startswith("websockets")]
    assert required == "websockets>=15,<18"
