"""Whatever goes wrong on the way, what an account did is told once, in order, and with a word about what happened."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from sequence_markets import (
    AuthenticationError,
    Connected,
    Disconnected,
    Fill,
    Gap,
    OrderUpdate,
    Sequence,
    Stream,
    StreamEvent,
    StreamItem,
    Unreadable,
)
from sequence_markets.sandbox import Sandbox
from sequence_markets.sandbox.faults import Faults

ORDERS: Final = 20
LEVELS: Final = 25
PATIENCE_S: Final = 30.0

Item = StreamItem[Any]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seed=7) as running:
        running.set_book("BTC-USD", "kraken", bids=[(1, 1)])
        yield running
        running.check_invariants()


@pytest.fixture
def seq(sandbox: Sandbox) -> Iterator[Sequence]:
    with sandbox.client() as client:
        at_once(client)
        yield client


def at_once(client: Any) -> None:
    """Let a client connect again at once; the jitter that it draws may always be 0."""
    client._jitter = lambda: 0.0


def trade(sandbox: Sandbox, seq: Sequence, orders: int = ORDERS) -> None:
    """Take a ladder of asks for each order, every one at prices of its own."""
    already = seq.orders(limit=1).total or 0
    for number in range(already, already + orders):
        asks = [(90_000 + LEVELS * number + level, "0.01") for level in range(LEVELS)]
        sandbox.set_book("BTC-USD", "kraken", asks=asks)
        seq.buy("BTC-USD", "0.25")


def read(stream: Stream[Any], over: Callable[[Item], bool]) -> list[Item]:
    """Read up to and with the item that is the last."""
    items: list[Item] = []
    for item in stream:
        items.append(item)
        if over(item):
            break
    return items


def until(count: int, kind: type, **having: object) -> Callable[[Item], bool]:
    """Whether so many items of a kind have been seen."""
    seen = 0

    def over(item: Item) -> bool:
        nonlocal seen
        seen += isinstance(item.data, kind) and all(getattr(item.data, name) == value for name, value in having.items())
        return seen >= count

    return over


def fill_ids(items: list[Item]) -> list[str]:
    return [item.data.fill_id for item in items if isinstance(item.data, Fill)]


def listed(seq: Sequence) -> list[str]:
    return [fill.fill_id for fill in seq.iter_fills(page_size=500)][::-1]


class Heard:
    """Waits for what a stream says about itself."""

    def __init__(self, kind: type, channel: str) -> None:
        self._kind = kind
        self._channel = channel
        self._came = threading.Event()

    def told(self, event: StreamEvent) -> None:
        if isinstance(event, self._kind) and getattr(event, "channel", "") == self._channel:
            self._came.set()

    def wait(self) -> None:
        assert self._came.wait(PATIENCE_S)


FAULTS: dict[str, Callable[[Faults], None]] = {
    "garbage": lambda faults: faults.garbage(count=None, probability=0.2),
    "half_frame": lambda faults: faults.half_frame(count=10, probability=0.02),
    "drop": lambda faults: faults.drop(count=10, probability=0.02),
    "close": lambda faults: faults.close(4000, count=10, probability=0.02),
    "duplicate": lambda faults: faults.duplicate(count=None, probability=0.5),
    "stall": lambda faults: faults.stall(0.01, count=20, probability=0.1),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.covers("stream")
def test_each_fill_is_given_once_and_in_order_whatever_happens_to_frames(
    sandbox: Sandbox, seq: Sequence, fault: str
) -> None:
    with seq.stream(["fills"], lifecycle=True) as stream:
        FAULTS[fault](sandbox.faults)
        trade(sandbox, seq)
        items = read(stream, until(ORDERS * LEVELS, Fill))
    assert fill_ids(items) == listed(seq)
    kinds: set[type[Any]] = {type(item.data) for item in items}
    assert (Unreadable in kinds) == (fault == "garbage")
    assert (Gap in kinds) == (Disconnected in kinds) == (fault in ("half_frame", "drop", "close"))
    if fault == "close":
        assert {item.data.code for item in items if isinstance(item.data, Disconnected)} == {4000}


@pytest.mark.covers("stream")
def test_a_fill_that_is_late_is_given_once_where_it_comes(sandbox: Sandbox, seq: Sequence) -> None:
    with seq.stream(["fills"]) as stream:
        sandbox.faults.reorder(count=None, probability=0.2)
        trade(sandbox, seq)
        sandbox.faults.clear()
        trade(sandbox, seq, 1)  # The last one may have been kept back until another one came.
        items = read(stream, until((ORDERS + 1) * LEVELS, Fill))
    given, right = fill_ids(items), listed(seq)
    assert given != right
    assert sorted(given) == sorted(right)


STATES: Final = ("PENDING", "ACCEPTED", "PARTIAL", "FILLED")


@pytest.mark.parametrize("fault", ["duplicate", "reorder", "drop"])
@pytest.mark.covers("stream")
def test_an_order_never_goes_back_to_a_state_it_has_left(sandbox: Sandbox, seq: Sequence, fault: str) -> None:
    add: dict[str, Callable[[], None]] = {
        "duplicate": lambda: sandbox.faults.duplicate(count=None, probability=0.5),
        "reorder": lambda: sandbox.faults.reorder(count=None, probability=0.3),
        "drop": lambda: sandbox.faults.drop(count=10, probability=0.02),
    }
    with seq.stream(["orders"]) as stream:
        add[fault]()
        trade(sandbox, seq)
        sandbox.faults.clear()
        trade(sandbox, seq, 1)
        items = read(stream, until(ORDERS + 1, OrderUpdate, status="FILLED"))
    passed: dict[str, list[tuple[int, int]]] = {}
    for item in items:
        order: OrderUpdate = item.data
        passed.setdefault(order.node_order_id, []).append((STATES.index(order.status), order.filled_qty_1e8 or 0))
    assert len(passed) == ORDERS + 1
    whole = [(0, 0), (1, 0), *((2, level * 10**6) for level in range(1, LEVELS)), (3, LEVELS * 10**6)]
    for states in passed.values():
        assert states == sorted(set(states))
        assert set(states) <= set(whole)
        if fault == "duplicate":
            assert states == whole


@pytest.mark.covers("stream")
def test_a_fill_that_is_read_before_it_arrives_is_given_once(sandbox: Sandbox, seq: Sequence) -> None:
    gap = Heard(Gap, "fills")
    with seq.stream(["fills"], on_event=gap.told) as stream:
        trade(sandbox, seq, 1)
        first = read(stream, until(LEVELS, Fill))
        # Once the channel is held again, what was missed is asked for; the answer is a little late, and the frame more.
        sandbox.faults.delay(0.2, path="/v1/fills")
        sandbox.faults.stall(0.6, channel="fills")
        sandbox.faults.hang_up()
        gap.wait()
        trade(sandbox, seq, 1)
        again = read(stream, until(LEVELS, Fill))
        assert all(item.healed for item in again)
        trade(sandbox, seq, 1)
        last = read(stream, until(LEVELS, Fill))
        assert not any(item.healed for item in last)
    assert sandbox.faults.pending() == ()
    assert fill_ids(first + again + last) == listed(seq)


@pytest.mark.covers("stream")
def test_a_fill_that_arrives_while_the_missed_are_read_waits_for_them(sandbox: Sandbox, seq: Sequence) -> None:
    gap = Heard(Gap, "fills")
    with seq.stream(["fills"], on_event=gap.told) as stream:
        trade(sandbox, seq, 1)
        read(stream, until(LEVELS, Fill))
        sandbox.faults.delay(0.3, path="/v1/fills")
        sandbox.faults.refuse(count=2)
        sandbox.faults.hang_up()
        trade(sandbox, seq, 1)
        gap.wait()
        trade(sandbox, seq, 1)
        items = read(stream, until(2 * LEVELS, Fill))
    assert [item.healed for item in items] == [True] * LEVELS + [False] * LEVELS
    assert fill_ids(items) == listed(seq)[LEVELS:]


@pytest.mark.covers("stream")
def test_missed_fills_are_read_through_a_server_that_fails(sandbox: Sandbox, seq: Sequence) -> None:
    with seq.stream(["fills"], lifecycle=True) as stream:
        trade(sandbox, seq, 1)
        items = read(stream, until(LEVELS, Fill))
        sandbox.faults.truncate(path="/v1/fills")
        sandbox.faults.status(503, path="/v1/fills")
        sandbox.faults.drop_after(path="/v1/fills")
        sandbox.faults.refuse(503, count=3)
        sandbox.faults.hang_up(1012)
        trade(sandbox, seq, 1)
        items += read(stream, until(LEVELS, Fill))
    assert sandbox.faults.pending() == ()
    assert fill_ids(items) == listed(seq)
    lost = [item.data.code for item in items if isinstance(item.data, Disconnected)]
    assert lost == [1012, None, None, None]
    assert [item.data.reconnects for item in items if isinstance(item.data, Connected)] == [0, 1]


@pytest.mark.covers("stream")
def test_a_refusal_for_good_ends_the_stream_with_its_reason(sandbox: Sandbox, seq: Sequence) -> None:
    with seq.stream(["fills"]) as stream:
        trade(sandbox, seq, 1)
        sandbox.faults.refuse(401, count=None)
        sandbox.faults.hang_up()
        with pytest.raises(AuthenticationError) as refused:
            read(stream, until(LEVELS + 1, Fill))
    assert refused.value.status == 401
